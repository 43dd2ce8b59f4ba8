import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '../../src/clock.js';
import type { RegistrationChange } from '../../src/gatekeeper/registry/registration.js';
import { type Keys, keysOf } from '../../src/state/redis/keys.js';
import { RedisStore, type RedisStoreOptions } from '../../src/state/redis.js';
import { RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';
import { change as changeOf, contact } from './changes.js';

/* How registrations go to Redis and come from there: several in one call, their echo, and values of a version yet to come. */

let server: RedisServer;
let redis: Redis;
let runs = 0;
let keyPrefix: string;
let keys: Keys;
let opened: RedisStore[];

beforeAll(async () => {
  server = await RedisServer.start();
  redis = new Redis(server.port, '127.0.0.1');
});

afterAll(async () => {
  redis.disconnect();
  await server.remove();
});

beforeEach(() => {
  keyPrefix = `registrations-${++runs}`;
  keys = keysOf(keyPrefix);
  opened = [];
});

afterEach(() => Promise.all(opened.map((store) => store.close())));

describe('changes that come at the same time', () => {
  test('go in few steps, and each has its own verdict', async () => {
    const [store, other] = [await open(), await open()];
    await store.registrations.apply(change('known', { cseq: 7 }));
    await other.registrations.apply(change('elsewhere', { callId: 'call-2', contacts: [contact('b')] }));
    const limits = { organisation: 4, total: 4 };
    const before = await redis.xlen(keys.changes);
    const results = await Promise.all([
      store.registrations.apply(change('known', { cseq: 7 })),
      store.registrations.apply(change('elsewhere', { limits })),
      store.registrations.apply(change('new 1', { limits })),
      store.registrations.apply(change('new 2', { limits })),
      store.registrations.apply(change('new 3', { limits })),
      store.registrations.applyAll([change('new 4', { limits }), change('known', { cseq: 8, contacts: [contact('a', { expires: 0 })] })]),
    ]);
    const verdicts = results.map((result) => (result.ok ? 'ok' : result.refusal));
    expect(verdicts).toEqual(['registrationOutOfOrder', 'ok', 'ok', 'ok', 'registrationLicencesExhausted', 'ok']);
    expect(await redis.xlen(keys.changes)).toBeLessThanOrEqual(before + 3);
    await agree([store, other], ['elsewhere', 'new 1', 'new 2', 'new 4']);
    expect(other.registrations.index.find('elsewhere')?.bindings.map(({ contact: uri }) => uri)).toEqual(['sip:a@host', 'sip:b@host']);
  });

  test('of which one has to sweep first are neither lost nor swept with what ran out', async () => {
    const clock = new VirtualClock(Date.now());
    const [store, other] = [await open({ clock }), await open()];
    const limits = { organisation: 3, total: 3 };
    for (const alias of ['live', 'old 1', 'old 2']) {
      await store.registrations.apply(change(alias, { contacts: [contact('a', { expires: alias === 'live' ? 600 : 60 })], limits }));
    }
    clock.advance(60_000);
    const aliases = ['live', 'new 1', 'new 2'];
    const results = await Promise.all(aliases.map((alias) => store.registrations.apply(change(alias, { cseq: 2, limits }))));
    expect(results.map(({ ok }) => ok)).toEqual([true, true, true]);
    expect((await store.registrations.apply(change('new 3', { limits }))).ok).toBe(false);
    await agree([store, other], aliases);
  });

  test('at two instances leave both with what Redis has, and with its counts', async () => {
    const stores = [await open(), await open()] as const;
    // Always the same numbers: a Lehmer generator.
    let seed = 4610;
    const next = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    for (let round = 0; round < 20; round++) {
      const asked = Array.from({ length: 60 }, () => {
        const organisation = next(2) === 0 ? 'norr' : 'syd';
        const contacts = [contact(`phone-${next(3)}`, { expires: next(3) === 0 ? 0 : 600, flow: `tcp-${next(4)}` })];
        const limits = { organisation: 8, total: 12 };
        const one = () => change(`4610${next(20)}`, { organisation, callId: `call-${next(1000)}`, contacts, limits });
        const { registrations } = stores[next(2) === 0 ? 0 : 1];
        if (next(10) === 0) return registrations.dropFlow(`tcp-${next(4)}`);
        return next(3) === 0 ? registrations.applyAll([one(), one(), one()]) : registrations.apply(one());
      });
      await Promise.all(asked);
    }
    const stored = Object.keys(await redis.hgetall(keys.registrations)).sort();
    await agree(stores, stored);
    const shown = () => stores.map(({ registrations }) => JSON.stringify(stored.map((alias) => registrations.index.find(alias))));
    await until(
      () => shown()[0] === shown()[1],
      () => `the same at both: ${shown().join('\n')}`,
    );
    const { registrations } = stores[0];
    const counted = { '*': registrations.count(), norr: registrations.count('norr'), syd: registrations.count('syd') };
    const inUse = Object.entries(counted).filter(([, count]) => count > 0);
    expect(await redis.hgetall(keys.counts)).toEqual(Object.fromEntries(inUse.map(([name, count]) => [name, String(count)])));
    expect(registrations.count()).toBeLessThanOrEqual(12);
  });
});

test('a step of ours that the stream tells of is not told again', async () => {
  const [store, other] = [await open(), await open()];
  const heard: string[] = [];
  store.registrations.onChange((alias) => heard.push(alias));
  const aliases = Array.from({ length: 200 }, (_, index) => `4610${index}`);
  await Promise.all(aliases.map((alias) => store.registrations.apply(change(alias))));
  await other.registrations.apply(change('last'));
  await until(
    () => heard.includes('last'),
    () => 'the step after ours',
  );
  expect(heard.sort()).toEqual([...aliases, 'last'].sort());
});

describe('a value of a version yet to come', () => {
  /** As `write` in apply-registrations.lua, with a schema that nobody knows here. Without `tell` the stream says nothing of it. */
  async function putNewer(alias: string, tell: boolean): Promise<string> {
    const before = (await redis.get(keys.version)) ?? '0';
    const version = String(Math.max(Date.now() * 1000, Number(before) + 1));
    const value = `2\t${version}\tnorr\t{"something":["else"]}\tand more`;
    if ((await redis.hset(keys.registrations, alias, value)) === 1) {
      for (const name of ['norr', '*']) await redis.hincrby(keys.counts, name, 1);
    }
    await redis.zadd(keys.deadlines, Date.now() + 600_000, alias);
    if (!tell) return value;
    await redis.set(keys.version, version);
    const fields = ['h', `${before} c 1 newer/0123 later`, 'c', JSON.stringify([alias, value]), 'x', 'later'];
    await redis.xadd(keys.changes, `${version}-0`, ...fields);
    return value;
  }

  test('is neither misread nor destroyed, however it is met', async () => {
    const store = await open();
    await store.registrations.apply(change('replaced', { contacts: [contact('a', { flow: 'tcp-1', instance: 'i', regId: 1 })] }));
    const values = new Map([
      ['told', await putNewer('told', true)],
      ['replaced', await putNewer('replaced', true)],
    ]);
    await until(
      () => store.registrations.count() === 0,
      () => 'the registration that was replaced to be gone',
    );
    const later = await open();
    expect([later.registrations.count(), later.registrations.index.find('told')]).toEqual([0, undefined]);
    // The connection is closed while the alias is still known here as it was.
    await later.registrations.apply(change('flow', { contacts: [contact('a', { flow: 'tcp-2', instance: 'i', regId: 1 })] }));
    values.set('flow', await putNewer('flow', false));
    expect(await later.registrations.dropFlow('tcp-2')).toBe(0);
    // A question changes nothing.
    await later.registrations.apply(change('told', { contacts: [] }));
    // Everything is compared when Redis is back.
    await server.stop();
    await until(
      () => [store, later].every(({ status }) => status.state === 'away'),
      () => 'both to notice',
    );
    await server.startAgain();
    await until(
      () => [store, later].every(({ status }) => status.state === 'connected'),
      () => 'both to be back',
    );
    for (const [alias, value] of values) expect(await redis.hget(keys.registrations, alias)).toBe(value);
    expect([store.status.state, later.status.state]).toEqual(['connected', 'connected']);
  });

  test('gives way to a REGISTER of that alias, and is counted once', async () => {
    const store = await open();
    await putNewer('phone', true);
    const limits = { organisation: 1, total: 1 };
    expect((await store.registrations.apply(change('phone', { limits }))).ok).toBe(true);
    expect(store.registrations.index.find('phone')?.bindings).toHaveLength(1);
    expect(await redis.hgetall(keys.counts)).toEqual({ norr: '1', '*': '1' });
    expect((await store.registrations.apply(change('more', { limits }))).ok).toBe(false);
  });
});

async function open(more: Partial<RedisStoreOptions> = {}): Promise<RedisStore> {
  const instance = `instance-${opened.length}`;
  const timeouts = { beatMs: 50, commandTimeoutMs: 5000 };
  const store = await RedisStore.open({ clock: systemClock, instance, connection: server.connection, keyPrefix, ...timeouts, ...more });
  opened.push(store);
  return store;
}

async function agree(stores: readonly RedisStore[], aliases: readonly string[]): Promise<void> {
  const shown = () => stores.map(({ registrations }) => [...registrations.all()].map(({ alias }) => alias).sort());
  const wanted = JSON.stringify(stores.map(() => [...aliases].sort()));
  await until(
    () => JSON.stringify(shown()) === wanted,
    () => `${wanted}, not ${JSON.stringify(shown())}`,
  );
}

function change(alias: string, more: Partial<RegistrationChange> = {}): RegistrationChange {
  return changeOf({ alias, ...more });
}
