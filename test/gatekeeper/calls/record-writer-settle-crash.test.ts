import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { RecordWriter } from '../../../src/gatekeeper/calls/record-writer.js';
import { allRecords, openCall, recordOf } from '../../support/calls.js';
import { compile } from '../../support/compile.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/**
 * Begins calls and says so (`b` + id) the moment `begun` has returned. Ends them with the store's answer at once, later or never, and says
 * `h` + id when a flush stands for what the journal keeps of those. The last letter of an id tells whose the record is: `o` ours, `t`
 * theirs; the letter before, when the store says so: `a` at once, `l` later, `n` never.
 */
const CHILD = `
import { writeSync } from 'node:fs';
import { RecordWriter } from './gatekeeper/calls/record-writer.js';
import { systemClock } from './clock.js';
const [directory, round, call, record] = process.argv.slice(2);
const settle = async (open, ended) => {
  await new Promise((resolve) => setImmediate(resolve));
  return new Set([...open, ...ended].filter((id) => id.endsWith('o')));
};
const writer = await RecordWriter.open({ directory, maxBytes: 20_000, keepFiles: 10_000, clock: systemClock, settle });
writeSync(1, 'up\\n');
const open = [];
for (let n = 0; ; n += 1) {
  for (let i = 0; i < 6; i += 1) {
    const id = 'r' + round + 'n' + n + '-' + 'aln'[i % 3] + 'ot'[i % 2];
    writer.begun({ ...JSON.parse(call), id });
    writeSync(1, 'b' + id + '\\n');
    open.push(id);
  }
  const held = [];
  while (open.length > 10) {
    const [id] = open.splice(n % open.length, 1);
    const [when, whose] = id.slice(-2);
    const ours = whose === 'o';
    const said = when === 'a' ? Promise.resolve(ours)
      : when === 'l' ? new Promise((resolve) => setTimeout(resolve, 5 + (n % 70), ours))
      : new Promise(() => undefined);
    writer.ended({ ...JSON.parse(record), id }, said);
    if (ours) held.push(id);
  }
  if (n % 3 === 0) {
    await writer.flush();
    writeSync(1, held.map((id) => 'h' + id + '\\n').join(''));
  } else await new Promise((resolve) => setImmediate(resolve));
}
`;

const ROUNDS = 10;

it('loses no call that has begun, and writes none twice nor another instance’s, killed again and again', async () => {
  const code = await temporaryDirectory();
  const directory = await temporaryDirectory();
  await compile(code, 'src/gatekeeper/calls/record-writer.ts');
  await writeFile(join(code, 'child.js'), CHILD);
  const begun = new Set<string>();
  const kept = new Set<string>();

  for (let round = 0; round < ROUNDS; round += 1) {
    const call = JSON.stringify(openCall('x'));
    const record = JSON.stringify(recordOf(openCall('x')));
    const child = spawn(process.execPath, [join(code, 'child.js'), directory, String(round), call, record], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('b')) begun.add(line.slice(1));
      if (line.startsWith('h')) kept.add(line.slice(1));
      // Every third process is killed during its start or just after it, with what the one before left still to be settled.
      if (lines++ === (round % 3 === 2 ? 0 : 60 + 41 * round)) child.kill('SIGKILL');
    }
    expect(await exit).toEqual([null, 'SIGKILL']);
  }

  const settle = (open: readonly string[], ended: readonly string[]) =>
    Promise.resolve(new Set([...open, ...ended].filter((id) => id.endsWith('o'))));
  const writer = await RecordWriter.open({ directory, maxBytes: 20_000, keepFiles: 10_000, clock: systemClock, settle });
  await writer.close();
  const records = await allRecords(directory);
  const byId = new Map(records.map((record) => [record.id, record]));

  expect(begun.size).toBeGreaterThan(500);
  expect(kept.size).toBeGreaterThan(100);
  expect(records.length).toBe(byId.size);
  expect([...begun].filter((id) => id.endsWith('o') && !byId.has(id))).toEqual([]);
  expect([...byId.keys()].filter((id) => !id.endsWith('o'))).toEqual([]);
  expect([...kept].filter((id) => byId.get(id)?.reason !== 'completed')).toEqual([]);
});
