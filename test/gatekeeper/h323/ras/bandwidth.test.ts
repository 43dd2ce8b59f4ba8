import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Bandwidth, type BandwidthRequest } from '../../../../src/gatekeeper/h323/ras/bandwidth.js';
import type { Bandwidth as Limits } from '../../../../src/gatekeeper/plan/plan.js';
import { CallLicences } from '../../../../src/state/call-licences.js';
import type { LicenceStore } from '../../../../src/state/store.js';

/** Until every promise that can settle now has. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Store = Pick<LicenceStore, 'changeBandwidth' | 'bandwidthInUse'>;

/** The memory store, whose answers come when a test lets them; what is asked is written down. */
class SlowStore implements Store {
  readonly #licences = new CallLicences();
  readonly asked: [zone: string, by: number][] = [];
  readonly #waiting: (() => void)[] = [];
  holds = false;

  async changeBandwidth(zone: string, by: number, limit: number): Promise<boolean> {
    this.asked.push([zone, by]);
    const result = await this.#licences.changeBandwidth(zone, by, limit);
    if (this.holds) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return result;
  }

  bandwidthInUse(zone: string): number {
    return this.#licences.bandwidthInUse(zone);
  }

  async answer(count = Number.POSITIVE_INFINITY): Promise<void> {
    await settled();
    for (let i = 0; i < count && this.#waiting.length > 0; i++) {
      this.#waiting.shift()?.();
      await settled();
    }
  }
}

interface Bench {
  readonly bandwidth: Bandwidth;
  readonly store: SlowStore;
  limits: Limits;
  readonly faults: unknown[];
  ask(units: number, change?: Partial<BandwidthRequest>): ReturnType<Bandwidth['ask']>;
}

function bench(limits: Partial<Limits> = {}, store = new SlowStore()): Bench {
  const bench: Bench = {
    store,
    faults: [],
    limits: { callKbps: undefined, totalKbps: undefined, ...limits },
    bandwidth: new Bandwidth({ limits: () => bench.limits, store, onFault: (error) => void bench.faults.push(error) }),
    ask: (bandwidth, change) => bench.bandwidth.ask({ callIdentifier: '1', party: 'a', zone: 'z', bandwidth, ...change }),
  };
  return bench;
}

describe('one instance', () => {
  test('whatever is asked, released and reloaded in whatever order: never above the total, never a leak', async () => {
    const step = fc.record({
      call: fc.nat(4),
      party: fc.nat(1),
      zone: fc.constantFrom('a', 'b'),
      bandwidth: fc.nat(6000),
      what: fc.constantFrom('ask', 'ask', 'ask', 'release', 'release all', 'answer', 'reload'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, closes) => {
        const test = bench({ callKbps: 400, totalKbps: 1000 });
        const { bandwidth: one, store, faults } = test;
        store.holds = true;
        const asks: unknown[] = [];
        let reloaded = false;
        for (const { call, party, zone, bandwidth: asked, what } of steps) {
          if (what === 'ask') asks.push(test.ask(asked, { callIdentifier: `${call}`, party: `${party}`, zone }));
          else if (what === 'release') one.release(`${call}`, `${party}`);
          else if (what === 'release all') one.release(`${call}`);
          else if (what === 'answer') await store.answer(1 + (asked % 3));
          else {
            test.limits = { callKbps: 400, totalKbps: test.limits.totalKbps === undefined ? 1000 : undefined };
            reloaded = true;
            one.planChanged();
          }
          for (const zoneId of ['a', 'b']) {
            if (!reloaded) expect(store.bandwidthInUse(zoneId)).toBeLessThanOrEqual(10_000);
            expect(store.bandwidthInUse(zoneId)).toBeGreaterThanOrEqual(0);
          }
        }
        if (closes) one.close();
        store.holds = false;
        await store.answer();
        await Promise.all(asks);
        if (!reloaded) for (const zoneId of ['a', 'b']) expect(store.bandwidthInUse(zoneId)).toBe(one.inUse(zoneId));
        for (let call = 0; call <= 4; call++) one.release(`${call}`);
        await settled();
        expect([one.inUse('a'), one.inUse('b'), one.calls]).toEqual([0, 0, 0]);
        expect([store.bandwidthInUse('a'), store.bandwidthInUse('b')]).toEqual([0, 0]);
        expect(faults).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('without a total the store is not asked, and the answer is there at once', () => {
    const { ask, bandwidth, store } = bench({ callKbps: 512 });
    expect(ask(9000)).toEqual({ ok: true, granted: 5120 });
    bandwidth.release('1');
    expect(store.asked).toEqual([]);
  });

  test('less is granted at once, and what is given back can be had again', async () => {
    const { ask, store } = bench({ totalKbps: 1000 });
    expect(await ask(8000)).toEqual({ ok: true, granted: 8000 });
    expect(ask(3000)).toEqual({ ok: true, granted: 3000 });
    expect(await ask(7000, { callIdentifier: '2' })).toEqual({ ok: true, granted: 7000 });
    expect(store.asked).toEqual([
      ['z', 8000],
      ['z', -5000],
      ['z', 7000],
    ]);
    expect(await ask(3001)).toEqual({ ok: false, over: false, allowed: 3000 });
  });

  test('a limit that a reload lowered lets a call have less, not more', async () => {
    const one = bench({ totalKbps: 1000 });
    expect(await one.ask(8000)).toEqual({ ok: true, granted: 8000 });
    one.limits = { callKbps: undefined, totalKbps: 100 };
    one.bandwidth.planChanged();
    expect(await one.ask(9000)).toEqual({ ok: false, over: false, allowed: 1000 });
    expect(await one.ask(7000)).toEqual({ ok: true, granted: 7000 });
  });

  test('a total that a reload brings counts what is there already; one that it takes away is counted no more', async () => {
    const one = bench();
    await one.ask(6000);
    one.limits = { callKbps: undefined, totalKbps: 1000 };
    one.bandwidth.planChanged();
    expect(one.store.bandwidthInUse('z')).toBe(6000);
    expect(await one.ask(5000, { callIdentifier: '2' })).toEqual({ ok: false, over: false, allowed: 4000 });
    one.limits = { callKbps: undefined, totalKbps: undefined };
    one.bandwidth.planChanged();
    expect(one.store.bandwidthInUse('z')).toBe(0);
    one.bandwidth.close();
    expect(one.store.bandwidthInUse('z')).toBe(0);
  });

  test('who goes over to another zone keeps what it had when the other is full', async () => {
    const { ask, bandwidth } = bench({ totalKbps: 1000 });
    await ask(10_000, { callIdentifier: '2', zone: 'y' });
    await ask(4000);
    expect(await ask(4000, { zone: 'y' })).toEqual({ ok: false, over: false, allowed: 0 });
    expect([bandwidth.inUse('y'), bandwidth.inUse('z')]).toEqual([10_000, 4000]);
    bandwidth.release('2');
    expect(await ask(4000, { zone: 'y' })).toEqual({ ok: true, granted: 4000 });
    expect([bandwidth.inUse('y'), bandwidth.inUse('z')]).toEqual([4000, 0]);
  });
});

describe('while the store is asked', () => {
  test('asks of one call are answered one after the other, each on what the one before left', async () => {
    const { ask, store, bandwidth } = bench({ totalKbps: 1000 });
    store.holds = true;
    const all = [ask(8000), ask(2000), ask(9000)];
    store.holds = false;
    await store.answer();
    expect(await Promise.all(all)).toEqual([
      { ok: true, granted: 8000 },
      { ok: true, granted: 2000 },
      { ok: true, granted: 9000 },
    ]);
    expect([bandwidth.held('1', 'a'), store.bandwidthInUse('z')]).toEqual([9000, 9000]);
    expect(store.asked.map(([, by]) => by)).toEqual([8000, -6000, 7000]);
  });

  test('what needs no asking waits all the same for what was asked before', async () => {
    const { ask, store, bandwidth } = bench({ totalKbps: 1000 });
    await ask(2000);
    store.holds = true;
    const all = [ask(8000), ask(1000)];
    store.holds = false;
    await store.answer();
    expect(await Promise.all(all)).toEqual([
      { ok: true, granted: 8000 },
      { ok: true, granted: 1000 },
    ]);
    expect([bandwidth.held('1', 'a'), store.bandwidthInUse('z')]).toEqual([1000, 1000]);
  });

  test('a call that ends has nothing, neither of what was granted then nor of what waited behind it; asks after that count', async () => {
    const { ask, store, bandwidth } = bench({ totalKbps: 1000 });
    store.holds = true;
    const before = [ask(8000), ask(9000)];
    bandwidth.release('1');
    const after = ask(10_000);
    store.holds = false;
    await store.answer();
    const over = { ok: false, over: true, allowed: 0 };
    expect(await Promise.all([...before, after])).toEqual([over, over, { ok: true, granted: 10_000 }]);
    bandwidth.release('1');
    expect(store.bandwidthInUse('z')).toBe(0);
  });

  test('another party of the call may leave without harm', async () => {
    const { ask, store, bandwidth } = bench({ totalKbps: 1000 });
    await ask(2000, { party: 'b' });
    store.holds = true;
    const asked = ask(3000);
    bandwidth.release('1', 'b');
    store.holds = false;
    await store.answer();
    expect(await asked).toEqual({ ok: true, granted: 3000 });
    expect(store.bandwidthInUse('z')).toBe(3000);
  });

  test('what comes after the end is given back', async () => {
    const { ask, store, bandwidth } = bench({ totalKbps: 1000 });
    store.holds = true;
    const asked = ask(3000);
    bandwidth.close();
    await store.answer();
    expect(await asked).toMatchObject({ ok: false, over: true });
    expect(await ask(1000)).toMatchObject({ ok: false, over: true });
    expect(store.bandwidthInUse('z')).toBe(0);
  });

  test('one call does not keep more than some asks waiting', async () => {
    const { ask, store } = bench({ totalKbps: 1000 });
    store.holds = true;
    const all = Array.from({ length: 30 }, (_, at) => ask(100 * (at + 1)));
    store.holds = false;
    await store.answer();
    const results = await Promise.all(all);
    expect(results.filter(({ ok }) => ok)).toHaveLength(20);
    expect(store.bandwidthInUse('z')).toBe(2000);
  });

  test('a store that fails when nobody waits is reported', async () => {
    const one = bench({ totalKbps: 1000 });
    await one.ask(2000);
    one.store.changeBandwidth = () => Promise.reject(new Error('broken'));
    one.bandwidth.release('1');
    await settled();
    expect(one.faults).toEqual([new Error('broken')]);
  });
});
