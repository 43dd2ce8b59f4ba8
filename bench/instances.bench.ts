import { RedisServer } from '../test/support/redis.js';
import { atMost, plain, print, type Row } from './row.js';
import { cpuSecondsOf, median } from './support/cpu.js';
import { type RegisterKind, RegisterLoad } from './support/register-load.js';
import { type Server, startPortvakt } from './support/servers.js';
import { call, register, startCallee } from './support/sipp.js';
import { inWorkspace, type Workspace } from './support/workspace.js';

/*
 * What instances on one Redis cost and do, end to end: `portvakt serve` in processes of their own, real datagrams with digest from this one.
 *
 * The price of Redis: the same REGISTERs at the same pace, turn by turn to an instance in memory and to one on Redis, CPU time (utime + stime,
 * all threads) of the instance alone. Then one, two and three instances on one Redis as fast as they go. Two cores have to carry all of them,
 * Redis and the load, so that a second instance adds little here; what it would add on a machine of its own shows in the CPU for each request.
 */
const quick = process.argv.includes('--quick');
const turns = quick ? 5 : 15;
/** Turns are short, so that whatever else the machine does falls on both sides. */
const TURN_SECONDS = 2;
const PACES = [500, 2000];
const FULL_SPEED = quick ? 10_000 : 30_000;
const CALLS = { perSecond: 150, seconds: quick ? 5 : 15 };
/** Endpoints of one load, and of SIPp: each instance has its own. */
const EACH = 1000;
const kinds = ['challenged', 'refresh'] as const;
const REQUESTS: Readonly<Record<RegisterKind, string>> = {
  challenged: 'REGISTER 401, REGISTER 200',
  refresh: 'REGISTER 200, nonce counted on',
};

const redis = await RedisServer.start();
try {
  await inWorkspace(price);
  for (const count of [1, 2, 3]) await inWorkspace((workspace) => throughput(workspace, count));
} finally {
  await redis.remove();
}

async function price(workspace: Workspace): Promise<void> {
  const servers = [await startPortvakt(workspace), await startPortvakt(workspace, [], { redis: url() })] as const;
  const loads = [await RegisterLoad.open(servers[0]), await RegisterLoad.open(servers[1])] as const;
  for (const load of loads) for (const kind of kinds) await load.register({ kind, count: quick ? 6000 : 20_000, perSecond: 2000 });
  for (const perSecond of PACES) {
    for (const kind of kinds) {
      const spent: [number[], number[]] = [[], []];
      const inRedis: number[] = [];
      const count = perSecond * TURN_SECONDS;
      for (let turn = 0; turn < turns; turn++) {
        for (const side of [0, 1] as const) {
          const before = cpu([servers[side]]);
          await loads[side].register({ kind, count, perSecond });
          const after = cpu([servers[side]]);
          spent[side].push(((after.instances - before.instances) * 1e6) / count);
          if (side === 1) inRedis.push(((after.redis - before.redis) * 1e6) / count);
        }
      }
      const what = `${REQUESTS[kind]}, ${perSecond}/s`;
      print([
        plain(`${what}: memory`, median(spent[0]), 'us CPU'),
        plain(`${what}: Redis`, median(spent[1]), 'us CPU'),
        plain(`${what}: in redis-server`, median(inRedis), 'us CPU'),
        atMost(`${what}: Redis to memory`, median(spent[1]) / median(spent[0]), 'times', 1.6),
      ]);
    }
  }
  for (const load of loads) load.close();
}

async function throughput(workspace: Workspace, count: number): Promise<void> {
  const servers: Server[] = [];
  for (let at = 0; at < count; at++) servers.push(await startPortvakt(workspace, [], { redis: url() }));
  const loads = await Promise.all(servers.map((server, at) => RegisterLoad.open(server, at * EACH)));
  const all = (kind: RegisterKind, each: number) => Promise.all(loads.map((load) => load.register({ kind, count: each })));
  await all('challenged', 3000);
  await all('refresh', 3000);
  const each = Math.floor(FULL_SPEED / count);
  for (const kind of kinds) {
    const before = cpu(servers);
    const began = performance.now();
    await all(kind, each);
    print(rows(`${count} on one Redis: ${REQUESTS[kind]}`, 'registrations/s', each * count, began, before, servers));
  }
  for (const load of loads) load.close();
  const callee = await startCallee(workspace);
  const share = Math.floor((CALLS.perSecond * CALLS.seconds) / count);
  const drive = (from: number, server: Server, calls: number) =>
    call(workspace, server, { count: calls, perSecond: Math.floor(CALLS.perSecond / count), from });
  await Promise.all(
    servers.map((server, at) => register(workspace, server, callee.port, { count: EACH, perSecond: 200, from: at * EACH })),
  );
  await Promise.all(servers.map((server, at) => drive(at * EACH, server, Math.floor(share / 3))));
  const before = cpu(servers);
  const began = performance.now();
  const results = await Promise.all(servers.map((server, at) => drive(at * EACH, server, share)));
  print([
    ...rows(`${count} on one Redis: call`, 'calls/s, offered', share * count, began, before, servers),
    plain(
      `${count} on one Redis: calls that failed`,
      results.reduce((sum, { failed }) => sum + failed, 0),
      'calls',
    ),
  ]);
}

interface Spent {
  readonly instances: number;
  readonly redis: number;
}

function cpu(servers: readonly Server[]): Spent {
  return { instances: servers.reduce((sum, server) => sum + server.cpuSeconds(), 0), redis: cpuSecondsOf([redis.pid]) };
}

function rows(what: string, unit: string, count: number, began: number, before: Spent, servers: readonly Server[]): Row[] {
  const seconds = (performance.now() - began) / 1000;
  const after = cpu(servers);
  const instances = after.instances - before.instances;
  const inRedis = after.redis - before.redis;
  return [
    plain(what, count / seconds, unit),
    plain(`${what}, all instances together`, (instances * 1e6) / count, 'us CPU'),
    plain(`${what}, redis-server`, (inRedis * 1e6) / count, 'us CPU'),
    plain(`${what}, cores in use without the load's own`, (instances + inRedis) / seconds, 'cores'),
  ];
}

function url(): string {
  return `redis://127.0.0.1:${redis.port}`;
}
