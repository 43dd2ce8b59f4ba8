import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { StoredCall, TakenCall } from '../../src/state/call-store.js';
import { RedisStore, type RedisStoreOptions } from '../../src/state/redis.js';
import type { CallLease } from '../../src/state/store.js';
import { RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

/** The Redis of this file's tests. */
export let server: RedisServer;
let prefixes = 0;
let keyPrefix = '';
const opened: Instance[] = [];

beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server.remove());
afterEach(async () => {
  await closeAll();
  prefixes += 1;
});

/** Before a test takes its own Redis away. */
export async function closeAll(): Promise<void> {
  for (const { store } of opened.splice(0)) await store.close();
}

/** The names of what is stored by this test's instances. */
export function storedKeys(): Promise<string[]> {
  return server.keys(keyPrefix);
}

/** Asks Redis itself. `key` makes a name of what is stored. */
export async function ask<T>(question: (client: Redis, key: (name: string) => string) => Promise<T>, port = server.port): Promise<T> {
  const client = new Redis({ host: '127.0.0.1', port });
  try {
    return await question(client, (name) => `{${keyPrefix}}:${name}`);
  } finally {
    client.disconnect();
  }
}

/** A store and what it was told. */
export interface Instance {
  readonly store: RedisStore;
  readonly taken: TakenCall[];
  readonly lost: [string, boolean][];
  /** Nothing of it happens any more, as after kill -9; or it happens again, as after a pause. */
  readonly heart: { stopped: boolean };
}

export async function open(instance: string, more: Partial<RedisStoreOptions> = {}): Promise<Instance> {
  keyPrefix = `test-${prefixes}`;
  const heart = { stopped: false };
  const clock = {
    now: systemClock.now,
    after: (ms: number, task: () => void) => systemClock.after(ms, () => !heart.stopped && task()),
  };
  const store = await RedisStore.open({
    clock,
    instance,
    connection: server.connection,
    keyPrefix,
    beatMs: 50,
    deadMs: 1500,
    silentMs: 300,
    ...more,
  });
  store.members.announce({ sip: [], flows: [], ras: [], gatekeeperId: undefined });
  const one: Instance = { store, taken: [], lost: [], heart };
  store.calls.onTaken((call) => one.taken.push(call));
  store.calls.onLost((id, recorded) => one.lost.push([id, recorded]));
  opened.push(one);
  return one;
}

export function call(id: string, more: Partial<StoredCall> = {}): StoredCall {
  const caller = { zone: 'norr', organisation: 'norr', alias: '461010001', protocol: 'sip' } as const;
  const begun = { id, instance: 'a', signallingId: `sip-${id}`, caller, dialled: '461020001', start: '2026-11-22T08:00:00.000Z' };
  return { begun, callee: null, answer: undefined, dialog: undefined, ...more };
}

const ANSWER = {
  callee: null,
  route: 'peer x',
  routesTried: 1,
  ringing: null,
  answer: '2026-11-22T08:00:01.000Z',
  cipher: 'DTLS-SRTP',
} as const;

export function answered(id: string): StoredCall {
  return call(id, { answer: ANSWER, dialog: '{"v":1}' });
}

export async function licence({ store }: Instance, limit = 1000): Promise<CallLease> {
  const result = await store.licences.takeCall({ organisations: [{ id: 'norr', limit }], total: 10_000 });
  if (!result.ok) throw new Error('no licence');
  return result.lease;
}

/** Where an instance finds it. */
export async function place({ store }: Instance, id: string): Promise<'here' | 'there' | 'away' | undefined> {
  const found = await store.calls.find({ id, signallingId: '' });
  return typeof found === 'object' ? found.at : found;
}

/** Others can see the call. */
export async function shown({ store }: Instance, id: string): Promise<void> {
  await until(
    async () => typeof (await store.calls.find({ id, signallingId: '', take: false })) === 'object',
    () => `the call ${id} to show`,
  );
}

export async function agree(look: () => unknown, wanted: unknown): Promise<void> {
  await until(
    () => JSON.stringify(look()) === JSON.stringify(wanted),
    () => `${JSON.stringify(wanted)}, not ${JSON.stringify(look())}`,
  );
}
