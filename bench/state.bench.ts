import { type Clock, systemClock } from '../src/clock.js';
import type { RegistrationChange } from '../src/gatekeeper/registry/registration.js';
import { MemoryStore } from '../src/state/memory.js';
import { RedisStore } from '../src/state/redis.js';
import type { StateStore } from '../src/state/store.js';
import { RedisServer } from '../test/support/redis.js';
import { atMost, plain, print } from './row.js';
import { cpuSecondsOf } from './support/cpu.js';

/*
 * What sharing costs: the same registrations and calls in memory and on Redis, with as many under way as a busy instance has. CPU time is that
 * of this process; Redis' own is a row of its own. What a REGISTER costs end to end is in `instances`.
 *
 * Then what everything at once does to an instance: when it starts, and when Redis was away and is back, it reads all registrations there are.
 * Requests wait for no more than the longest time in which nothing else had its turn.
 */

const ENDPOINTS = 5000;
const UNDER_WAY = 50;
const ROUNDS = 4;
const REGISTRATIONS = process.argv.includes('--quick') ? 20_000 : 100_000;
const MAX_STALL_MS = 20;

const clock: Clock = systemClock;
const server = await RedisServer.start();
try {
  const memory = await measure('memory', new MemoryStore({ clock }));
  const connection = server.connection;
  const redis = await measure('Redis', await RedisStore.open({ clock, instance: 'bench', connection, keyPrefix: 'bench' }));
  print([
    plain('refresh: Redis to memory, CPU of the store alone', redis.refresh / memory.refresh, 'x'),
    plain('refresh: what Redis adds to a REGISTER', redis.refresh - memory.refresh, 'us CPU'),
    plain('call: what Redis adds to taking and giving back', redis.call - memory.call, 'us CPU'),
  ]);
  await stalls();
} finally {
  await server.remove();
}

async function measure(name: string, store: StateStore): Promise<{ readonly refresh: number; readonly call: number }> {
  const organisations = [
    { id: 'norr', limit: 1_000_000 },
    { id: 'syd', limit: 1_000_000 },
  ];
  const call = async () => {
    const result = await store.licences.takeCall({ organisations, total: 1_000_000 });
    if (result.ok) await result.lease.release();
  };
  await many((index) => store.registrations.apply(change(index, 1)));
  await many(call);
  const redisBefore = cpuSecondsOf([server.pid]);
  const refresh = await costs(ROUNDS, (index, round) => store.registrations.apply(change(index, round + 2)));
  const redisCpu = ((cpuSecondsOf([server.pid]) - redisBefore) * 1e6) / (ROUNDS * ENDPOINTS);
  const calls = await costs(ROUNDS, call);
  await store.close();
  print([
    plain(`${name}: refreshes`, refresh.perSecond, '/s'),
    plain(`${name}: refresh`, refresh.cpu, 'us CPU'),
    plain(`${name}: refresh, in redis-server`, redisCpu, 'us CPU'),
    plain(`${name}: calls, licence taken and given back`, calls.perSecond, '/s'),
    plain(`${name}: call`, calls.cpu, 'us CPU'),
  ]);
  return { refresh: refresh.cpu, call: calls.cpu };
}

function change(index: number, cseq: number): RegistrationChange {
  const uri = `sip:46101${index}@198.51.100.7:5060;transport=udp`;
  const contact = { contact: uri, key: uri, expires: 600, q: 1000, instance: '', regId: 0, path: [], flow: 'udp:1' };
  const limits = { organisation: 1_000_000, total: 1_000_000 };
  const whose = { alias: `46101${index}`, organisation: 'norr', zone: 'norr', protocol: 'sip' } as const;
  return { ...whose, callId: `${index}-0123456789abcdef@198.51.100.7`, cseq, contacts: [contact], removeAll: false, limits };
}

async function stalls(): Promise<void> {
  const { connection } = server;
  const open = (instance: string) => RedisStore.open({ clock, instance, connection, keyPrefix: 'stalls', openTimeoutMs: 60_000 });
  const first = await open('first');
  for (let from = 0; from < REGISTRATIONS; from += 1000) {
    await Promise.all(Array.from({ length: 1000 }, (_, index) => first.registrations.apply(change(from + index, 1))));
  }
  await first.close();
  let later: RedisStore | undefined;
  const opening = await longestStall(async () => {
    later = await open('later');
  });
  const store = later;
  if (store?.registrations.count() !== REGISTRATIONS) throw new Error('The instance did not read all registrations');
  // One connection breaks, and everything is compared.
  await server.stop();
  await seen(() => store.status.state === 'away');
  await server.startAgain();
  const comparing = await longestStall(() => seen(() => store.status.state === 'connected'));
  // Redis comes back with nothing, and everything is given to it again.
  await server.stop();
  await server.forget();
  await seen(() => store.status.state === 'away');
  await server.startAgain();
  const giving = await longestStall(() => seen(() => store.status.state === 'connected'));
  await store.close();
  const what = `${REGISTRATIONS} registrations`;
  print([
    plain(`${what}: read at the start`, opening.seconds, 's'),
    atMost(`${what}: read at the start, longest stall`, opening.stallMs, 'ms', MAX_STALL_MS),
    plain(`${what}: compared when Redis is back`, comparing.seconds, 's'),
    atMost(`${what}: compared when Redis is back, longest stall`, comparing.stallMs, 'ms', MAX_STALL_MS),
    plain(`${what}: given again to a Redis that lost all`, giving.seconds, 's'),
    atMost(`${what}: given again to a Redis that lost all, longest stall`, giving.stallMs, 'ms', MAX_STALL_MS),
  ]);
}

async function seen(look: () => boolean): Promise<void> {
  while (!look()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/**
 * How long `work` took, and the longest time in which this process came to nothing else: its own CPU time, as on a machine that others use the
 * clock would say more about them.
 */
async function longestStall(work: () => Promise<void>): Promise<{ readonly seconds: number; readonly stallMs: number }> {
  const began = performance.now();
  let last = cpuMs();
  let stallMs = 0;
  let isOver = false;
  const look = () => {
    const now = cpuMs();
    stallMs = Math.max(stallMs, now - last);
    last = now;
    if (!isOver) setImmediate(look);
  };
  look();
  await work();
  isOver = true;
  look();
  return { seconds: (performance.now() - began) / 1000, stallMs };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function costs(rounds: number, work: (index: number, round: number) => Promise<unknown>) {
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  for (let round = 0; round < rounds; round++) await many((index) => work(index, round));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  const count = rounds * ENDPOINTS;
  return { cpu: (user + system) / count, perSecond: count / seconds };
}

/** Every endpoint once, so many at the same time. */
async function many(work: (index: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < ENDPOINTS; from += UNDER_WAY) {
    await Promise.all(Array.from({ length: UNDER_WAY }, (_, index) => work(from + index)));
  }
}
