import { cp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { RedisStore } from '../../src/state/redis.js';
import { compile } from '../support/compile.js';
import { Program } from '../support/processes.js';
import { RedisServer } from '../support/redis.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A node that holds two meetings with two participants each, and puts out those of a meeting that it loses. */
const CHILD = `
import { writeSync } from 'node:fs';
import { systemClock as clock } from './clock.js';
import { RedisStore } from './state/redis.js';
const store = await RedisStore.open({
  clock, instance: 'node', nonceLifetimeSeconds: 60, keyPrefix: 'test',
  connection: { servers: { kind: 'single', host: '127.0.0.1', port: Number(process.argv[2]), db: 0 } },
});
const leases = new Map();
store.meetings.onLost((meeting) => {
  for (const lease of leases.get(meeting)) void lease.release();
  writeSync(1, 'lost ' + meeting + '\\n');
});
for (const meeting of ['x', 'y']) {
  await store.meetings.hold(meeting);
  const take = () => store.licences.takePort({ organisation: { id: 'norr', limit: 4 }, total: 4 });
  leases.set(meeting, [(await take()).lease, (await take()).lease]);
}
writeSync(1, 'ready\\n');
`;

test('a process that hangs, goes on and is killed: within 5 s each its meetings and ports are the others’, and it knows what it lost', async () => {
  const server = await RedisServer.start();
  onTestFinished(() => server.remove());
  const code = await temporaryDirectory();
  await compile(code, 'src/state/redis.ts');
  await cp(join(root, 'src/state/redis'), join(code, 'state/redis'), { recursive: true });
  await symlink(join(root, 'node_modules'), join(code, 'node_modules'));
  await writeFile(join(code, 'child.js'), CHILD);
  const store = await RedisStore.open({ clock: systemClock, instance: 'other', keyPrefix: 'test', connection: server.connection });
  onTestFinished(() => store.close());
  const { meetings, licences } = store;
  const orphaned: string[] = [];
  meetings.onOrphaned((some) => orphaned.push(...some));
  const node = await Program.start(process.execPath, [join(code, 'child.js'), String(server.port)]);
  onTestFinished(() => node.signal('SIGKILL'));
  await node.says(/ready/);
  const all = () => [...orphaned].sort().join();
  const port = () => licences.takePort({ organisation: { id: 'norr', limit: 4 }, total: 4 });
  expect(await port()).toMatchObject({ ok: false });

  node.signal('SIGSTOP');
  const hung = performance.now();
  await until(
    () => all() === 'x,y',
    () => `x and y to be orphans, not ${all()}`,
  );
  const afterHang = performance.now() - hung;
  expect((await meetings.hold('x')).member).toBe(store.members.self);
  const taken = [await port(), await port()];
  expect(taken.map(({ ok }) => ok)).toEqual([true, true]);
  node.signal('SIGCONT');
  await node.says(/lost x/);
  // Its other meeting goes on, with its two participants.
  await until(
    () => licences.portsInUse('norr') === 4,
    () => `4 ports, not ${licences.portsInUse('norr')}`,
  );
  expect(await port()).toMatchObject({ ok: false });
  expect((await meetings.holder('y'))?.member).not.toBe(store.members.self);
  expect(node.output).not.toContain('lost y');

  orphaned.length = 0;
  node.signal('SIGKILL');
  const killed = performance.now();
  await until(
    () => all() === 'y',
    () => `y to be an orphan, not ${all()}`,
  );
  const afterKill = performance.now() - killed;
  await until(
    () => licences.portsInUse('norr') === 2,
    () => `2 ports, not ${licences.portsInUse('norr')}`,
  );
  const seconds = [afterHang, afterKill].map((ms) => (ms / 1000).toFixed(1));
  console.log(`meetings of a node that hung were orphans after ${seconds[0]} s, of one that was killed after ${seconds[1]} s`);
  expect(Math.max(afterHang, afterKill)).toBeLessThan(5000);
}, 60_000);
