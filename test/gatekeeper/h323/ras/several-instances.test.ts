import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../../src/clock.js';
import { Bandwidth } from '../../../../src/gatekeeper/h323/ras/bandwidth.js';
import { RedisStore } from '../../../../src/state/redis.js';
import { RedisServer } from '../../../support/redis.js';
import { until } from '../../../support/until.js';

/* What instances count together, on a real Redis. */

const TOTAL = 10_000;

interface Instance {
  readonly store: RedisStore;
  readonly bandwidth: Bandwidth;
}

let server: RedisServer;
let runs = 0;
let instances: Instance[];
const faults: unknown[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.remove());

beforeEach(async () => {
  const keyPrefix = `bandwidth-${++runs}`;
  instances = await Promise.all(
    ['one', 'two', 'three'].map(async (instance) => {
      const store = await RedisStore.open({ clock: systemClock, instance, connection: server.connection, keyPrefix });
      const limits = () => ({ callKbps: undefined, totalKbps: TOTAL / 10 });
      return { store, bandwidth: new Bandwidth({ limits, store: store.licences, onFault: (error) => void faults.push(error) }) };
    }),
  );
});
afterEach(async () => {
  for (const { bandwidth } of instances) bandwidth.close();
  await Promise.all(instances.map(({ store }) => store.close()));
  expect(faults).toEqual([]);
});

const inUse = () => instances.reduce((sum, { bandwidth }) => sum + bandwidth.inUse('norr'), 0);
const agree = (units: number) =>
  until(
    () => instances.every(({ store }) => store.licences.bandwidthInUse('norr') === units),
    () => `${units} in use, where ${instances.map(({ store }) => store.licences.bandwidthInUse('norr'))} are`,
  );

test('a zone’s total is never exceeded, and all of it is given, whichever instances are asked at the same moment', async () => {
  const asks = instances.flatMap(({ bandwidth }, at) =>
    Array.from({ length: 200 }, (_, call) => bandwidth.ask({ callIdentifier: `${at} ${call}`, party: 'a', zone: 'norr', bandwidth: 100 })),
  );
  const results = await Promise.all(asks);
  expect(results.filter(({ ok }) => ok)).toHaveLength(TOTAL / 100);
  expect(inUse()).toBe(TOTAL);
  await agree(TOTAL);
  for (const [at, { bandwidth }] of instances.entries()) for (let call = 0; call < 200; call++) bandwidth.release(`${at} ${call}`);
  await agree(0);
});

test('calls that change what they have, and end at any moment, leave nothing behind', async () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % below;
  };
  const asks: unknown[] = [];
  for (let step = 0; step < 2000; step++) {
    const { bandwidth } = instances[random(3)] ?? {};
    const callIdentifier = `${random(20)}`;
    if (random(4) === 0) bandwidth?.release(callIdentifier);
    else asks.push(bandwidth?.ask({ callIdentifier, party: `${random(2)}`, zone: 'norr', bandwidth: random(3000) }));
    if (random(50) === 0) await Promise.all(asks.splice(0));
    expect(inUse()).toBeLessThanOrEqual(TOTAL);
  }
  await Promise.all(asks);
  expect(inUse()).toBeGreaterThan(0);
  await agree(inUse());
  for (const { bandwidth } of instances) bandwidth.close();
  await agree(0);
});
