import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';
import { allRecords, attempt, bertil } from '../../support/calls.js';
import { compile } from '../../support/compile.js';
import { RedisServer } from '../../support/redis.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/**
 * One instance: store, records and ledger, as the service puts them together. It says each call that has begun, by id, and each `taken`.
 * With `calm` it begins none: it takes over what there is, ends it, and closes when nothing is left anywhere.
 */
const CHILD = `
import { writeSync } from 'node:fs';
import { systemClock as clock } from './clock.js';
import { CallLedger } from './gatekeeper/calls/calls.js';
import { RecordWriter } from './gatekeeper/calls/record-writer.js';
import { RedisStore } from './state/redis.js';
const [instance, directory, port, what, attempt, callee] = process.argv.slice(2);
const store = await RedisStore.open({
  clock, instance, nonceLifetimeSeconds: 60, keyPrefix: 'test', beatMs: 50, deadMs: 400, silentMs: 200,
  connection: { servers: { kind: 'single', host: '127.0.0.1', port: Number(port), db: 0 } },
});
const records = await RecordWriter.open({
  directory, clock, maxBytes: 50_000, keepFiles: 10_000, settle: (open, ended) => store.calls.settle(open, ended),
});
const organisations = { get: (id) => ({ id, licences: { registrations: 0, calls: 100_000 } }) };
const plan = { organisations, licences: { registrations: 0, calls: 100_000 } };
const ledger = new CallLedger({ store, plan: () => plan, records, clock, instance });
let lastTaken = performance.now();
store.calls.onTaken((taken) => {
  lastTaken = performance.now();
  writeSync(1, 'taken\\n');
  const call = ledger.resume(taken);
  if (taken.dialog === undefined) call.end('instanceLost');
  else setTimeout(() => call.end('completed', 200), 200 * Math.random());
});
store.calls.onLost((id, recorded) => ledger.lost(id, recorded));
const soon = () => new Promise((resolve) => setTimeout(resolve, 3));
while (what !== 'calm') {
  const call = ledger.begin(JSON.parse(attempt));
  writeSync(1, call.id + '\\n');
  const goesOn = async () => {
    await call.admit(JSON.parse(callee));
    if (Math.random() < 0.6) {
      call.answered('DTLS-SRTP');
      call.carry('{}');
    }
    if (Math.random() < 0.7) setTimeout(() => call.end('completed', 200), 150 * Math.random());
  };
  void goesOn();
  await soon();
}
// Longer than it takes to find out that an instance is dead.
while (performance.now() - lastTaken < 2000 || ledger.active > 0) await soon();
await store.close();
await records.close();
`;

it('writes one record for every call, whichever of two instances is killed, and whenever', async () => {
  const server = await RedisServer.start();
  onTestFinished(() => server.stop());
  const code = await temporaryDirectory();
  await compile(code, 'src/gatekeeper/calls/calls.ts', 'src/gatekeeper/calls/record-writer.ts', 'src/state/redis.ts');
  // The scripts beside them, which stay as they are.
  await cp(join(root, 'src/state/redis'), join(code, 'state/redis'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(code, 'node_modules'));
  await writeFile(join(code, 'child.js'), CHILD);
  const directories = [await temporaryDirectory(), await temporaryDirectory()];
  const begun = new Set<string>();

  const start = (at: number, what: 'busy' | 'calm') => {
    const args = [`portvakt-${at}`, directories[at] ?? '', String(server.port), what, JSON.stringify(attempt), JSON.stringify(bertil)];
    const child = spawn(process.execPath, [join(code, 'child.js'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const exit = once(child, 'exit');
    const seen = { calls: 0, taken: 0 };
    createInterface({ input: child.stdout })
      .on('line', (line) => {
        if (line === 'taken') seen.taken += 1;
        else begun.add(line);
        if (line !== 'taken') seen.calls += 1;
        child.emit('said');
      })
      .on('close', () => child.emit('said'));
    return { child, exit, seen };
  };
  const until = async ({ child, seen }: ReturnType<typeof start>, reached: (seen: { calls: number; taken: number }) => boolean) => {
    while (!reached(seen) && child.exitCode === null) await once(child, 'said');
    expect(child.exitCode).toBeNull();
  };

  const running = [start(0, 'busy'), start(1, 'busy')];
  for (let round = 0; round < 8; round += 1) {
    const victim = round % 2;
    const [one, other] = [running[victim], running[1 - victim]];
    if (!one || !other) throw new Error('Two instances run');
    await until(one, ({ calls }) => calls > 40 + 13 * round);
    one.child.kill('SIGKILL');
    await one.exit;
    // Now it is back before the other one finds it dead, now the other one takes its calls over; or is killed while it closes them.
    if (round % 4 === 1) await until(other, ({ calls }) => calls > 400);
    if (round % 4 >= 2) {
      const { taken } = other.seen;
      await until(other, (seen) => seen.taken > taken + 5);
      const { calls } = other.seen;
      await until(other, (seen) => seen.calls > calls + 2 * (round >> 2) + 1);
      other.child.kill('SIGKILL');
      await other.exit;
      running[1 - victim] = start(1 - victim, 'busy');
    }
    running[victim] = start(victim, 'busy');
  }
  for (const { child } of running) child.kill('SIGKILL');
  for (const { exit } of running) await exit;
  const last = [start(0, 'calm'), start(1, 'calm')];
  for (const { exit } of last) expect(await exit).toEqual([0, null]);

  const records = (await Promise.all(directories.map((directory) => allRecords(directory)))).flat();
  const times = new Map<string, number>();
  for (const { id } of records) times.set(id, (times.get(id) ?? 0) + 1);
  const lost = [...begun].filter((id) => !times.has(id));
  const doubled = records.filter(({ id }) => (times.get(id) ?? 0) > 1);
  const takenOver = records.filter(({ detail, reason }) => reason === 'instanceLost' && detail !== null).length;
  console.log(
    `${begun.size} calls, ${records.length} records, ${takenOver} of lost instances, ${lost.length} lost, ${doubled.length} doubled`,
  );
  expect(begun.size).toBeGreaterThan(400);
  expect(takenOver).toBeGreaterThan(0);
  expect({ lost, doubled: doubled.map(({ id, reason, instance, detail }) => ({ id, reason, instance, detail })) }).toEqual({
    lost: [],
    doubled: [],
  });
  expect((await server.keys('test')).filter((key) => key === 'calls' || key.startsWith('calls-of'))).toEqual([]);
}, 120_000);
