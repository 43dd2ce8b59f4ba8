import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { RegistrationChange } from '../../src/gatekeeper/registry/registration.js';
import { RedisStore } from '../../src/state/redis.js';
import type { CallLease } from '../../src/state/store.js';
import { RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';
import { change as changeOf, contact } from './changes.js';

/* Redis goes away, hangs, comes back, or comes back with nothing. */

let server: RedisServer;
let opened: RedisStore[];
/** Answered, by store. While nothing else is asked these are beats. */
let commands: number[];

beforeEach(async () => {
  server = await RedisServer.start();
  opened = [];
  commands = [];
});

afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await server.remove();
});

describe('while Redis is away', () => {
  test.each(['SIGSTOP', 'SIGKILL'] as const)('(%s) everything is answered in time, from what the instance knows', async (signal) => {
    const store = await open();
    await store.registrations.apply(change('1'));
    server.signal(signal);
    const began = performance.now();
    const [registered, refreshed, call] = await Promise.all([
      store.registrations.apply(change('2')),
      store.registrations.apply(change('1', { cseq: 2 })),
      take(store, 10),
    ]);
    const first = performance.now() - began;
    expect([registered.ok, refreshed.ok, call !== undefined]).toEqual([true, true, true]);
    expect(store.registrations.index.find('2')).toBeDefined();
    expect(store.status).toMatchObject({ state: 'away' });
    const then = performance.now();
    await store.registrations.apply(change('3'));
    const next = performance.now() - then;
    console.log(`${signal}: the first answer after ${first.toFixed(0)} ms, the next after ${next.toFixed(1)} ms`);
    expect(first).toBeLessThan(1500);
    expect(next).toBeLessThan(150);
    // Rules and limits go on.
    expect((await store.registrations.apply(change('4', { limits: { organisation: 3, total: 100 } }))).ok).toBe(false);
    expect((await store.registrations.apply(change('1', { cseq: 1 }))).ok).toBe(false);
  });

  test('calls are granted within the share: together never above the limit', async () => {
    const stores = [await open(), await open()];
    for (const store of stores) for (let call = 0; call < 2; call++) expect(await take(store, 10)).toBeDefined();
    await connected(stores, () => stores.every(({ licences }) => licences.callsInUse() === 4), 'both to know of 4 calls');
    const before = [...commands];
    await until(
      () => stores.every(({ instances }, at) => instances === 2 && (commands[at] ?? 0) > (before[at] ?? 0) + 2),
      () => 'both to have beaten, each knowing of the other',
    );
    await server.stop();
    const leases: (CallLease | undefined)[] = [];
    for (const store of stores) for (let call = 0; call < 8; call++) leases.push(await take(store, 10));
    const granted = leases.flatMap((lease) => lease ?? []);
    expect(granted).toHaveLength(6);
    expect(stores.map(({ licences }) => licences.callsInUse('norr'))).toEqual([7, 7]);
    // What is given back may be taken again.
    await granted[0]?.release();
    expect(await take(stores[0], 10)).toBeDefined();
    expect(await take(stores[0], 10)).toBeUndefined();
    await server.startAgain();
    await connected(stores, () => stores.every(({ licences }) => licences.callsInUse('norr') === 10), 'all to know of 10 calls');
    expect(await take(stores[1], 10)).toBeUndefined();
  });
});

describe('when Redis is back', () => {
  test('nothing is lost and nothing is doubled, with what was changed meanwhile', async () => {
    const stores = [await open(), await open()] as const;
    const [first, second] = stores;
    for (const alias of ['stays', 'refreshed', 'removed', 'both']) await first.registrations.apply(change(alias));
    await connected(stores, () => second.registrations.count() === 4, 'the second to know of them');
    const lease = await take(first, 10);
    await server.stop('SIGKILL');
    await Promise.all([
      first.registrations.apply(change('refreshed', { cseq: 2, expires: 900 })),
      first.registrations.apply(change('removed', { cseq: 2, expires: 0 })),
      first.registrations.apply(change('new at first')),
      second.registrations.apply(change('new at second', { organisation: 'syd' })),
      first.registrations.apply(change('both', { cseq: 2, expires: 700 })),
    ]);
    await second.registrations.apply(change('both', { cseq: 3, expires: 800 }));
    await lease?.release();
    await take(second, 10);
    await server.startAgain();
    const wanted = ['both', 'new at first', 'new at second', 'refreshed', 'stays'];
    await connected(stores, () => stores.every((store) => `${aliases(store)}` === `${wanted}`), wanted.join(', '));
    const latest = (alias: string) => stores.map(({ registrations }) => registrations.index.find(alias)?.bindings.map(({ cseq }) => cseq));
    // Of what was changed at both the later stands, and of what was changed at one that.
    await until(
      () => `${latest('both')} ${latest('refreshed')}` === '3,3 2,2',
      () => `the latest to stand: ${latest('both')} ${latest('refreshed')}`,
    );
    await until(
      () => stores.every(({ licences }) => licences.callsInUse() === 1),
      () => `1 call: ${stores.map(({ licences }) => licences.callsInUse())}`,
    );
    // The store counts what is there: the limits are exact again.
    const limits = { organisation: 4, total: 5 };
    expect((await first.registrations.apply(change('one more', { limits: { organisation: 100, total: 5 } }))).ok).toBe(false);
    expect((await first.registrations.apply(change('one more', { limits: { organisation: 4, total: 100 } }))).ok).toBe(false);
    expect((await second.registrations.apply(change('stays', { cseq: 5, expires: 0, limits }))).ok).toBe(true);
    expect((await second.registrations.apply(change('one more', { limits }))).ok).toBe(true);
  });

  test('a store that has lost everything is given everything, once', async () => {
    const stores = [await open(), await open()] as const;
    await Promise.all(Array.from({ length: 500 }, (_, at) => stores[at % 2 === 0 ? 0 : 1].registrations.apply(change(`4610${at}`))));
    for (const store of stores) expect(await take(store, 10)).toBeDefined();
    await connected(stores, () => stores.every(({ registrations }) => registrations.count() === 500), '500 registrations in both');
    await server.stop('SIGKILL');
    await server.forget();
    await server.startAgain();
    await connected(stores, () => stores.every(({ status }) => status.state === 'connected'), 'both to be back');
    await connected(stores, () => stores.every(({ licences }) => licences.callsInUse() === 2), '2 calls in both');
    expect(stores.map(({ registrations }) => registrations.count())).toEqual([500, 500]);
    const limits = { organisation: 500, total: 500 };
    expect((await stores[0].registrations.apply(change('more', { limits }))).ok).toBe(false);
    await stores[0].registrations.apply(change('46100', { cseq: 2, expires: 0 }));
    expect((await stores[1].registrations.apply(change('more', { limits }))).ok).toBe(true);
  });
});

test('a Redis that cannot be reached or refuses us is said at the start, without the password', async () => {
  await server.stop();
  const { connection } = server;
  const start = (password?: string) =>
    RedisStore.open({
      clock: systemClock,
      instance: 'a',
      connection: { ...connection, password },
      keyPrefix: 'away',
      openTimeoutMs: 300,
    });
  await expect(start()).rejects.toThrow(/^Redis \(127\.0\.0\.1:\d+\) cannot be used: .*ECONNREFUSED/);
  const locked = await RedisServer.start('--requirepass', 'right');
  try {
    const open = (password?: string) =>
      RedisStore.open({
        clock: systemClock,
        instance: 'a',
        connection: { ...locked.connection, password },
        keyPrefix: 'away',
        openTimeoutMs: 300,
      });
    await expect(open()).rejects.toThrow(/NOAUTH/);
    await expect(open('wrong')).rejects.toThrow(/WRONGPASS/);
    await expect(open('wrong')).rejects.not.toThrow(/'wrong'/);
    await (await open('right')).close();
  } finally {
    await locked.remove();
  }
});

async function open(): Promise<RedisStore> {
  const at = opened.length;
  commands[at] = 0;
  const store = await RedisStore.open({
    clock: systemClock,
    instance: `instance-${at}`,
    connection: server.connection,
    keyPrefix: 'away',
    beatMs: 50,
    observer: {
      command: () => {
        commands[at] = (commands[at] ?? 0) + 1;
      },
    },
  });
  opened.push(store);
  return store;
}

async function connected(stores: readonly RedisStore[], look: () => boolean, what: string): Promise<void> {
  await until(
    () => stores.every(({ status }) => status.state === 'connected') && look(),
    () =>
      `${what}: ${JSON.stringify(stores.map((store) => ({ ...store.status, calls: store.licences.callsInUse(), aliases: aliases(store).slice(0, 10) })))}`,
  );
}

function aliases({ registrations }: RedisStore): string[] {
  return [...registrations.all()].map(({ alias }) => alias).sort();
}

async function take(store: RedisStore | undefined, limit: number): Promise<CallLease | undefined> {
  const result = await store?.licences.takeCall({ organisations: [{ id: 'norr', limit }], total: 1000 });
  return result?.ok ? result.lease : undefined;
}

function change(
  alias: string,
  { expires = 600, ...more }: Partial<RegistrationChange> & { readonly expires?: number } = {},
): RegistrationChange {
  return changeOf({ alias, contacts: [contact('a', { expires })], ...more });
}
