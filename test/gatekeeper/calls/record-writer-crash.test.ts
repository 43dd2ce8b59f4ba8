import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.js';
import { listRecordFiles } from '../../../src/gatekeeper/calls/record-files.js';
import { RecordWriter } from '../../../src/gatekeeper/calls/record-writer.js';
import { allRecords, openCall, recordOf } from '../../support/calls.js';
import { compile } from '../../support/compile.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/**
 * Begins, answers and ends calls without a pause. After each flush it says what that flush stands for: `b` + id for a call begun,
 * `e` + id for one ended.
 */
const CHILD = `
import { RecordWriter } from './gatekeeper/calls/record-writer.js';
import { systemClock } from './clock.js';
const [directory, round, call, record] = process.argv.slice(2);
const writer = await RecordWriter.open({ directory, maxBytes: 20_000, keepFiles: 10_000, clock: systemClock });
const open = [];
const party = JSON.parse(call).caller;
for (let n = 0; ; n += 1) {
  const said = [];
  for (let i = 0; i < 7; i += 1) {
    const id = 'r' + round + 'n' + n + 'i' + i;
    writer.begun({ ...JSON.parse(call), id });
    open.push(id);
    said.push('b' + id);
    if (i % 3 === 0) {
      writer.answered(id, { callee: party, route: 'r', routesTried: 1, ringing: null, answer: new Date().toISOString(), cipher: 'x' });
    }
  }
  while (open.length > 10) {
    const [id] = open.splice(n % open.length, 1);
    writer.ended({ ...JSON.parse(record), id });
    said.push('e' + id);
  }
  // Half of the batches are flushed; the others are written in their own time, so that the kill falls anywhere.
  if (n % 2 === 0) {
    await writer.flush();
    process.stdout.write(said.join('\\n') + '\\n');
  } else await new Promise((resolve) => setImmediate(resolve));
}
`;

const ROUNDS = 8;

it('loses no record that a flush stands for and writes none twice, killed again and again while it writes', async () => {
  const code = await temporaryDirectory();
  const directory = await temporaryDirectory();
  await compile(code, 'src/gatekeeper/calls/record-writer.ts');
  await writeFile(join(code, 'child.js'), CHILD);
  const begun = new Set<string>();
  const ended = new Set<string>();

  for (let round = 0; round < ROUNDS; round += 1) {
    const call = JSON.stringify(openCall('x'));
    const record = JSON.stringify(recordOf(openCall('x')));
    const child = spawn(process.execPath, [join(code, 'child.js'), directory, String(round), call, record], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      (line.startsWith('b') ? begun : ended).add(line.slice(1));
      lines += 1;
      if (lines === 40 + 37 * round) child.kill('SIGKILL');
    }
    expect(await exit).toEqual([null, 'SIGKILL']);
  }

  const writer = await RecordWriter.open({ directory, maxBytes: 20_000, keepFiles: 10_000, clock: systemClock });
  await writer.close();
  const damaged: string[] = [];
  const records = await allRecords(directory, { onDamagedLine: (file, line) => damaged.push(`${file}: ${line}`) });
  const byId = new Map(records.map((record) => [record.id, record]));

  expect(begun.size).toBeGreaterThan(500);
  expect(ended.size).toBeGreaterThan(400);
  expect((await listRecordFiles(directory)).length).toBeGreaterThan(5);
  expect(damaged).toEqual([]);
  expect(records.length).toBe(byId.size);
  expect([...begun].filter((id) => !byId.has(id))).toEqual([]);
  expect([...ended].filter((id) => byId.get(id)?.reason !== 'completed')).toEqual([]);
  expect(records.filter(({ reason }) => reason === 'instanceLost').length).toBeGreaterThanOrEqual(ROUNDS);
});
