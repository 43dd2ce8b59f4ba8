import { afterEach, expect, test } from 'vitest';
import { RedisSentinel, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';
import { Cluster, call, hangUp } from './cluster.js';

let cluster: Cluster;
afterEach(() => cluster.close());

test('the Redis master is killed under Sentinel while calls are set up: none is lost, each has one record', async () => {
  const master = await RedisServer.start();
  const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
  const sentinel = await RedisSentinel.start(master, 'portvakt', 500);
  await sentinel.knowsReplica();
  const ends = [() => master.remove(), () => replica.remove(), () => sentinel.remove()];
  cluster = await Cluster.on({ sentinels: [`127.0.0.1:${sentinel.port}`], name: 'portvakt' }, ['first', 'second'], {}, ends);
  const callers = [await cluster.phone(0, '461010001'), await cluster.phone(1, '461010002')];
  const callee = await cluster.phone(0, '461020001');
  const ready = async () => Promise.all(cluster.instances.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));

  let made = 0;
  let slowest = 0;
  let isOver = false;
  const load = callers.map(async (caller) => {
    while (!isOver) {
      const began = performance.now();
      const dialog = await call(caller, callee);
      slowest = Math.max(slowest, performance.now() - began);
      made += 1;
      await hangUp(dialog);
    }
  });
  await until(
    () => made >= 20,
    () => 'the load to begin',
  );
  await master.stop('SIGKILL');
  const killed = performance.now();
  await until(
    async () => (await ready()).every((status) => status === 503),
    () => 'both instances to notice',
  );
  await until(
    async () => (await ready()).every((status) => status === 200),
    () => 'both instances to find the new master',
    20_000,
  );
  const back = performance.now() - killed;
  const before = made;
  await until(
    () => made >= before + 20,
    () => 'calls after the failover',
  );
  isOver = true;
  await Promise.all(load);
  const records = await cluster.records(made);
  expect(new Set(records.map(({ reason }) => reason))).toEqual(new Set(['completed']));
  await cluster.idle();
  console.log(
    `Redis master killed under Sentinel (down after 0.5 s): ${made} calls, 0 lost, the slowest set up in ${slowest.toFixed(0)} ms; ` +
      `both instances on the new master after ${(back / 1000).toFixed(1)} s; records lost 0, doubled 0`,
  );
}, 90_000);
