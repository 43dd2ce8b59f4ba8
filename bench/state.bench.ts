import { type Clock, systemClock } from '../src/clock.js';
import type { RegistrationChange } from '../src/gatekeeper/registry/registration.js';
import { MemoryStore } from '../src/state/memory.js';
import { RedisStore } from '../src/state/redis.js';
import type { StateStore } from '../src/state/store.js';
import { RedisServer } from '../test/support/redis.js';
import { plain, print } from './row.js';
import { cpuSecondsOf } from './support/cpu.js';

/*
 * What sharing costs: the same registrations and calls in memory and on Redis, with as many under way as a busy instance has. CPU time is that
 * of this process; Redis' own is a row of its own.
 */

const ENDPOINTS = 5000;
const UNDER_WAY = 50;
const ROUNDS = 4;

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
} finally {
  await server.remove();
}

async function measure(name: string, store: StateStore): Promise<{ readonly refresh: number; readonly call: number }> {
  const change = (index: number, cseq: number): RegistrationChange => {
    const uri = `sip:46101${index}@198.51.100.7:5060;transport=udp`;
    const contact = { contact: uri, key: uri, expires: 600, q: 1000, instance: '', regId: 0, path: [], flow: 'udp:1' };
    const limits = { organisation: 1_000_000, total: 1_000_000 };
    const whose = { alias: `46101${index}`, organisation: 'norr', zone: 'norr', protocol: 'sip' } as const;
    return { ...whose, callId: `${index}-0123456789abcdef@198.51.100.7`, cseq, contacts: [contact], removeAll: false, limits };
  };
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
