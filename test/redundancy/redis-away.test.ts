import { afterEach, expect, test } from 'vitest';
import { metric } from '../support/service.js';
import { until } from '../support/until.js';
import { Cluster, call, each, hangUp } from './cluster.js';

const AWAY_MS = 60_000;

let cluster: Awaited<ReturnType<typeof Cluster.start>>;
afterEach(() => cluster.close());

test('Redis is stopped for 60 s: calls are made and ended all the while, and each has one record when it is back', async () => {
  cluster = await Cluster.start(['first', 'second']);
  const callers = [await cluster.phone(0, '461010001'), await cluster.phone(1, '461010002')];
  const callee = await cluster.phone(0, '461020001');
  await until(
    async () => (await metric(cluster.at(1), 'portvakt_service_licences_used{licence="registrations"}')) === 3,
    () => 'the registrations to show',
  );
  const before = await each(20, 4, (index) => call(callers[index % 2] ?? callee, callee));
  const ready = async () => Promise.all(cluster.instances.map(async ({ url }) => (await fetch(`${url}/readyz`)).status));

  await cluster.server.stop('SIGKILL');
  const away = performance.now();
  await until(
    async () => (await ready()).every((status) => status === 503),
    () => 'both instances to say that they go on alone',
  );
  let made = 0;
  let slowest = 0;
  for (let round = 0; performance.now() - away < AWAY_MS; round++) {
    for (const caller of callers) {
      const began = performance.now();
      const dialog = await call(caller, callee);
      slowest = Math.max(slowest, performance.now() - began);
      await hangUp(dialog);
      made += 1;
    }
    const old = before[round];
    if (old && round < 10) await hangUp(old);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  expect(await metric(cluster.at(0), 'portvakt_state_up')).toBe(0);
  // Whose these ten are is the store's to say: nobody has written them yet, and nobody forgets them.
  const pending = await Promise.all(cluster.instances.map((one) => metric(one, 'portvakt_call_records_pending')));
  expect(pending[0] ?? 0).toBeGreaterThanOrEqual(5);
  expect(pending[1] ?? 0).toBeGreaterThanOrEqual(5);

  await cluster.server.startAgain();
  const back = performance.now();
  await until(
    async () => (await ready()).every((status) => status === 200),
    () => 'both instances to be ready',
  );
  const recovered = performance.now() - back;
  await cluster.records(made + 10);
  for (const dialog of before.slice(10)) await hangUp(dialog);
  const records = await cluster.records(made + 20);
  expect(new Set(records.map(({ reason }) => reason))).toEqual(new Set(['completed']));
  await cluster.idle();
  console.log(
    `Redis away for ${((back - away) / 1000).toFixed(0)} s: ${made} calls made, 0 lost, the slowest set up in ${slowest.toFixed(0)} ms; ` +
      `ready ${(recovered / 1000).toFixed(1)} s after Redis; ${records.length} records, lost 0, doubled 0`,
  );
}, 150_000);
