import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.js';
import { RedisStore, type RedisStoreOptions } from '../../src/state/redis.js';
import type { CallLease, CallLicenceResult } from '../../src/state/store.js';
import { RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';
import { change, contact, endpoint } from './changes.js';

/* What instances promise each other: several stores against one real Redis. */

let server: RedisServer;
let runs = 0;
let keyPrefix: string;
let opened: RedisStore[];

beforeAll(async () => {
  server = await RedisServer.start();
});

afterAll(() => server.remove());

beforeEach(() => {
  keyPrefix = `shared-${++runs}`;
  opened = [];
});

afterEach(() => Promise.all(opened.map((store) => store.close())));

describe('registrations', () => {
  test('limits hold exactly, over three instances', async () => {
    const stores = await three();
    const limits = { organisation: 300, total: 500 };
    const asks = stores.flatMap((store, at) =>
      Array.from({ length: 400 }, (_, index) => {
        const organisation = index % 2 === 0 ? 'norr' : 'syd';
        return store.registrations.apply(change({ alias: `46101${at}${String(index).padStart(4, '0')}`, organisation, limits }));
      }),
    );
    const results = await Promise.all(asks);
    expect(results.filter((result) => result.ok)).toHaveLength(500);
    await agree(() => stores.map(({ registrations }) => registrations.count()), [500, 500, 500]);
    for (const { registrations } of stores) {
      expect(registrations.count('norr')).toBeLessThanOrEqual(300);
      expect(registrations.count('norr') + registrations.count('syd')).toBe(500);
    }
  });

  test('an exclusive alias that three instances are asked for at once has one device', async () => {
    const stores = await three();
    for (let round = 0; round < 50; round++) {
      const alias = `room ${round}`;
      const results = await Promise.all(
        stores.flatMap(({ registrations }, at) => [0, 1].map((n) => registrations.apply(endpoint(alias, `device ${at} ${n}`)))),
      );
      expect(results.filter((result) => result.ok)).toHaveLength(1);
    }
  });

  test('what one instance lets go another may give away at once, though it has not heard of it yet', async () => {
    const [first, second] = await three();
    for (let round = 0; round < 50; round++) {
      expect(await first.registrations.apply(endpoint('room', 'a'))).toMatchObject({ ok: true });
      expect(await second.registrations.apply(endpoint('room', 'b'))).toEqual({ ok: false, refusal: 'aliasTaken' });
      expect((await first.registrations.apply(endpoint('room', 'a', { expires: 0 }))).ok).toBe(true);
      expect((await second.registrations.apply(endpoint('room', 'b'))).ok).toBe(true);
      expect((await second.registrations.apply(endpoint('room', 'b', { expires: 0 }))).ok).toBe(true);
    }
  });

  test('contacts that come in over three instances stand beside each other, everywhere', async () => {
    const stores = await three();
    const results = await Promise.all(
      stores.map(({ registrations }, at) => registrations.apply(change({ callId: `call ${at}`, contacts: [contact(`phone-${at}`)] }))),
    );
    expect(results.every((result) => result.ok)).toBe(true);
    const contacts = () =>
      stores.map(({ registrations }) =>
        registrations.index
          .find('461010001')
          ?.bindings.map((one) => one.contact)
          .sort(),
      );
    const all = ['sip:phone-0@host', 'sip:phone-1@host', 'sip:phone-2@host'];
    await agree(contacts, [all, all, all]);
  });

  test('nothing is lost on the way: instances have the same, field by field', async () => {
    const [first, second] = await three();
    const odd = { instance: '<urn:uuid:1>', regId: 1, path: ['<sip:edge;lr;ob>'], key: 'sip:a@host;key', q: 700 };
    await first.registrations.apply(change({ alias: 'konferens åäö 会議', contacts: [contact('a', odd), contact('bråk\xe5')] }));
    const found = await until(
      () => second.registrations.index.find('konferens åäö 会議'),
      () => 'the registration to show',
    );
    expect(found).toEqual(first.registrations.index.find('konferens åäö 会議'));
    expect(JSON.stringify(found)).toBe(JSON.stringify(first.registrations.index.find('konferens åäö 会議')));
    // It is the key that contacts are compared by.
    await second.registrations.apply(change({ alias: 'konferens åäö 会議', cseq: 2, contacts: [contact('x', { key: 'sip:a@host;key' })] }));
    expect(second.registrations.index.find('konferens åäö 会議')?.bindings).toHaveLength(2);
  });

  test('what ran out is counted down once, whoever is first', async () => {
    const stores = await three();
    const changes = Array.from({ length: 50 }, (_, index) => change({ alias: `46101${index}`, contacts: [contact('a', { expires: 1 })] }));
    await Promise.all(changes.map((one) => stores[0].registrations.apply(one)));
    await agree(() => stores.map(({ registrations }) => registrations.count()), [0, 0, 0]);
    const limits = { organisation: 50, total: 50 };
    const again = await Promise.all(
      changes.map((one) => stores[1].registrations.apply({ ...one, cseq: 2, contacts: [contact('a')], limits })),
    );
    expect(again.filter((result) => result.ok)).toHaveLength(50);
    expect((await stores[2].registrations.apply(change({ alias: 'more', limits }))).ok).toBe(false);
  });

  test('an instance that comes later has everything when it opens', async () => {
    const store = await open();
    await Promise.all(Array.from({ length: 2500 }, (_, index) => store.registrations.apply(change({ alias: `4610${index}` }))));
    const later = await open();
    expect(later.registrations.count()).toBe(2500);
    expect(later.registrations.count('norr')).toBe(2500);
  });

  test('an instance that missed more than the stream keeps reads everything again', async () => {
    const slow = await open({ maxStream: 10 });
    const busy = await open({ maxStream: 10 });
    const heard = new Set<string>();
    slow.registrations.onChange((alias) => heard.add(alias));
    await Promise.all(Array.from({ length: 3000 }, (_, index) => busy.registrations.apply(change({ alias: `4610${index}` }))));
    await agree(() => [slow.registrations.count(), heard.size], [3000, 3000]);
  });

  test('changes show in the other instances within 50 ms (p99)', async () => {
    const seconds: number[] = [];
    const writer = await open();
    await open({ observer: { followed: (after) => seconds.push(after) } });
    for (let index = 0; index < 500; index++) await writer.registrations.apply(change({ alias: `4610${index}` }));
    await until(
      () => seconds.length === 500,
      () => `500 changes to show: ${seconds.length}`,
    );
    seconds.sort((a, b) => a - b);
    const [median = 0, p99 = 0, worst = 0] = [250, 494, 499].map((at) => (seconds[at] ?? 0) * 1000);
    console.log(`index staleness: median ${median.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`);
    expect(worst).toBeLessThan(1000);
  });
});

describe('call licences', () => {
  test('3 instances x 2,000 calls at once against a limit of 500: exactly 500', async () => {
    const stores = await three();
    const asks = stores.flatMap((store) => Array.from({ length: 2000 }, () => take(store, 500)));
    const leases = (await Promise.all(asks)).flatMap((result) => (result.ok ? [result.lease] : []));
    // With the reason, should one be away.
    expect(stores.map(({ status }) => status.reason)).toEqual([undefined, undefined, undefined]);
    expect(leases).toHaveLength(500);
    await agree(() => stores.map(({ licences }) => licences.callsInUse()), [500, 500, 500]);
    await Promise.all(leases.map((lease) => lease.release()));
    await agree(() => stores.map(({ licences }) => licences.callsInUse()), [0, 0, 0]);
    expect((await take(stores[1], 1)).ok).toBe(true);
  });

  test('those of a dead instance go back when its time is up, and not before', async () => {
    const alive = await open({ beatMs: 20, deadMs: 400 });
    const heart = { stopped: false };
    const dying = await open({ clock: stoppable(heart), beatMs: 20, deadMs: 400 });
    for (let call = 0; call < 5; call++) granted(await take(dying, 5));
    const own = granted(await take(alive, 6));
    // Nothing is closed in order: the heart just stops.
    heart.stopped = true;
    const died = performance.now();
    expect((await take(alive, 6)).ok).toBe(false);
    await until(
      () => alive.licences.callsInUse() === 1,
      () => 'the licences to go back',
    );
    expect(performance.now() - died).toBeGreaterThan(300);
    expect(performance.now() - died).toBeLessThan(2000);
    expect([alive.licences.callsInUse('norr'), own.organisations]).toEqual([1, ['norr']]);
  });

  test('one that was held to be dead says what it has, and goes on', async () => {
    const other = await open({ beatMs: 20, deadMs: 10_000 });
    const paused = await open({ beatMs: 60_000, deadMs: 100 });
    const lease = granted(await take(paused, 5));
    await until(
      () => other.licences.callsInUse() === 0,
      () => 'the paused one to be buried',
    );
    granted(await take(paused, 5));
    await agree(() => other.licences.callsInUse(), 2);
    await lease.release();
    await agree(() => other.licences.callsInUse(), 1);
  });

  test('an instance that closes gives its licences back at once', async () => {
    const [first, second] = await three();
    for (let call = 0; call < 5; call++) granted(await take(first, 5));
    await first.close();
    granted(await take(second, 1));
  });
});

async function open(more: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const instance = `instance-${opened.length}`;
  // Redis is never away in here, however busy the machine is.
  const timeouts = { beatMs: 50, commandTimeoutMs: 5000 };
  const store = await RedisStore.open({ clock: systemClock, instance, connection: server.connection, keyPrefix, ...timeouts, ...more });
  opened.push(store);
  return store;
}

/** Timers of a process that died do nothing any more. */
function stoppable(heart: { readonly stopped: boolean }): Clock {
  return { now: systemClock.now, after: (ms, task) => systemClock.after(ms, () => !heart.stopped && task()) };
}

async function three(): Promise<[RedisStore, RedisStore, RedisStore]> {
  return [await open(), await open(), await open()];
}

/** Waits until `look` gives what is wanted: other instances hear of a change later. */
async function agree(look: () => unknown, wanted: unknown): Promise<void> {
  const shown = JSON.stringify(wanted);
  await until(
    () => JSON.stringify(look()) === shown,
    () => `${shown}, not ${JSON.stringify(look())}`,
  );
}

function take(store: RedisStore, limit: number): Promise<CallLicenceResult> {
  return store.licences.takeCall({ organisations: [{ id: 'norr', limit }], total: 10_000 });
}

function granted(result: CallLicenceResult): CallLease {
  if (!result.ok) throw new Error(`Refused: ${JSON.stringify(result.exhausted)}`);
  return result.lease;
}
