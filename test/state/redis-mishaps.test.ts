import { createServer, connect as netConnect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { Outbox } from '../../src/state/redis/outbox.js';
import { RedisStore } from '../../src/state/redis.js';
import { RedisSentinel, RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';
import { change } from './changes.js';
import { agree, answered, ask, closeAll, licence, open, place, server, shown } from './instances.js';

describe('a Redis that misbehaves', () => {
  test('the master hangs under Sentinel: all go over to the new one', async () => {
    const master = await RedisServer.start();
    const replica = await RedisServer.start('--replicaof', '127.0.0.1', String(master.port));
    const sentinel = await RedisSentinel.start(master, 'portvakt', 300);
    await sentinel.knowsReplica();
    const connection = {
      servers: { kind: 'sentinel', sentinels: [{ host: '127.0.0.1', port: sentinel.port }], name: 'portvakt' },
    } as const;
    const stores = [await open('a', { connection }), await open('b', { connection })];
    // Both are known to Sentinel's replica before it counts.
    await until(
      () => ask((client, key) => client.exists(key('secret')), replica.port).then((there) => there === 1),
      () => 'the replica to follow',
    );
    master.signal('SIGSTOP');
    const began = performance.now();
    await agree(() => stores.map(({ store }) => store.status.state), ['away', 'away']);
    await until(
      () => stores.every(({ store }) => store.status.state === 'connected'),
      () => `both to find the new master: ${stores.map(({ store }) => store.status.reason)}`,
      15_000,
    );
    console.log(`a hung master was left after ${((performance.now() - began) / 1000).toFixed(1)} s`);
    await closeAll();
    master.signal('SIGCONT');
    await Promise.all([sentinel.remove(), replica.remove(), master.remove()]);
  });

  test('a promoted replica that never heard of an end: the call is not ended twice, and its licence goes back', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const lease = await licence(a);
    a.store.calls.put(answered('one'), lease);
    await shown(b, 'one');
    // What the replica has: all as it was before the end.
    const held = `held:${a.store.members.self}`;
    const calls = `calls:${a.store.members.self}`;
    const before = await ask(async (client, key) => ({
      call: (await client.hget(key('calls'), 'one')) ?? '',
      held: await client.hgetall(key(held)),
      licences: await client.hgetall(key('licences')),
    }));
    expect(await a.store.calls.end('one')).toBe(true);
    await lease.release();
    await agree(() => b.store.licences.callsInUse(), 0);
    await ask(async (client, key) => {
      await client.hset(key('calls'), 'one', before.call);
      await client.sadd(key(calls), 'one');
      await client.hset(key(held), { ...before.held, '#term': '0' });
      await client.hset(key('licences'), before.licences);
    });
    await until(
      () => ask((client, key) => client.hexists(key('calls'), 'one')).then((there) => there === 0),
      () => 'the end to be told again',
    );
    await agree(() => b.store.licences.callsInUse(), 0);
    expect([a.taken, b.taken]).toEqual([[], []]);
  });

  test('what a cut connection had sent comes after the end: it changes nothing', async () => {
    const path = await slowPath();
    const a = await open('a', { connection: path.connection, deadMs: 5000 });
    const lease = await licence(a);
    path.hold();
    a.store.calls.put(answered('one'), lease);
    await agree(() => a.store.status.state, 'away');
    path.open();
    await agree(() => a.store.status.state, 'connected');
    expect(await a.store.calls.end('one')).toBe(true);
    await lease.release();
    path.deliver();
    // A command on the way that is known to have come after what was delivered.
    await shownAfter(a);
    expect(await ask((client, key) => client.hlen(key('calls')))).toBe(0);
    expect(await ask((client, key) => client.hgetall(key('licences')))).toEqual({});
    await closeAll();
    path.close();
  });

  test('a command fails while an instance is coming back: it does not count as connected before all of it is back', async () => {
    const own = await RedisServer.start();
    const a = await open('a', { connection: own.connection });
    await own.stop('SIGKILL');
    await agree(() => a.store.status.state, 'away');
    // Enough to hand on that coming back takes a while.
    for (let index = 0; index < 2000; index++) await a.store.registrations.apply(change({ alias: `4610${index}` }));
    await own.startAgain();
    let failing = 0;
    await until(
      async () => {
        // Not a whole number: Redis refuses that, whenever it is asked.
        if (failing < 200) {
          failing += 1;
          await a.store.licences.changeBandwidth('zone', 0.5, 100);
          await a.store.licences.changeBandwidth('zone', -0.5, 100);
        }
        return a.store.status.state === 'connected' && failing === 200;
      },
      () => 'the instance to be back',
    );
    const lease = await licence(a);
    expect(await ask((client, key) => client.hget(key('licences'), '*'), own.port)).toBe('1');
    await lease.release();
    await closeAll();
    await own.remove();
  });
});

describe('a split brain', () => {
  test('sells no more than what the one that is cut off held and its share beyond the limit, says so, and counts right when it is over', async () => {
    const path = await slowPath();
    const cut = await open('cut', { connection: path.connection });
    const b = await open('b');
    await agree(() => cut.store.members.others().length, 1);
    const LIMIT = 10;
    const take = async ({ store }: typeof b) => {
      const result = await store.licences.takeCall({ organisations: [{ id: 'norr', limit: LIMIT }], total: 1000 });
      return result.ok ? result.lease : undefined;
    };
    const takeAll = async (one: typeof b) =>
      (await Promise.all(Array.from({ length: 20 }, () => take(one)))).filter((lease) => lease !== undefined);
    const held = [await take(cut), await take(cut)];
    await agree(() => [cut.store.licences.callsInUse('norr'), b.store.licences.callsInUse('norr')], [2, 2]);
    await beat(cut);
    path.hold();
    await agree(() => cut.store.status.state, 'away');
    expect(cut.store.status.reason).toMatch(/./);
    const alone = await takeAll(cut);
    const [before] = [await takeAll(b)];
    // What was free, 8, by two: and the others sell what is free as they see it.
    expect([alone.length, before.length]).toEqual([4, 8]);
    await agree(() => b.store.licences.callsInUse('norr'), 8); // it is taken for dead
    const after = await takeAll(b);
    expect(after).toHaveLength(2);
    path.open();
    await agree(() => cut.store.status.state, 'connected');
    await agree(() => b.store.licences.callsInUse('norr'), 16);
    expect([await takeAll(cut), await takeAll(b)]).toEqual([[], []]);
    for (const lease of [...held, ...alone, ...before, ...after]) await lease?.release();
    expect(await ask((client, key) => client.hgetall(key('licences')))).toEqual({});
    await closeAll();
    path.close();
  });
});

describe('instances that pause in turn', () => {
  test('a call that came back to its first instance and ended there is nobody else’s to record', async () => {
    const [a, b] = [await open('a'), await open('b')];
    a.store.calls.put(answered('one'), await licence(a));
    await shown(b, 'one');
    a.heart.stopped = true;
    await until(
      async () => (await place(b, 'one')) === 'here',
      () => 'the call to come over',
    );
    await licence(a); // it finds out what it has lost
    expect(a.lost).toEqual([['one', false]]);
    b.heart.stopped = true;
    await until(
      async () => (await place(a, 'one')) === 'here',
      () => 'the call to come back',
    );
    expect(await a.store.calls.end('one')).toBe(true);
    expect(await b.store.calls.end('one')).toBe(false);
    const again = await open('b');
    expect(await again.store.calls.settle(['one'], [])).toEqual(new Set());
  });

  test('a licence that was being changed when its call was taken is counted where the call is', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const lease = await licence(a);
    a.store.calls.put(answered('one'), lease);
    await shown(b, 'one');
    a.heart.stopped = true;
    await until(
      async () => (await place(b, 'one')) === 'here',
      () => 'the call to come over',
    );
    await lease.change([{ id: 'syd', limit: 10 }]);
    await lease.release();
    expect(await b.store.calls.end('one')).toBe(true);
    await b.taken[0]?.lease.release();
    expect(await ask((client, key) => client.hgetall(key('licences')))).toEqual({});
  });

  test('a call that ended at the one while the other had it is over there, too', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const over: string[] = [];
    b.store.calls.onOver((id) => over.push(id));
    a.store.calls.put(answered('one'), await licence(a));
    await shown(b, 'one');
    a.heart.stopped = true;
    await until(
      async () => (await place(b, 'one')) === 'here',
      () => 'the call to come over',
    );
    expect(await a.store.calls.end('one')).toBe(false);
    await agree(() => over, ['one']);
  });

  test('what the store has forgotten is told again, also when nothing else happens', async () => {
    const a = await open('a');
    a.store.calls.put(answered('one'), await licence(a));
    await shown(a, 'one');
    await ask((client, key) => client.del(key('calls'), key(`held:${a.store.members.self}`)));
    await until(
      () => ask((client, key) => client.hexists(key('calls'), 'one')).then((there) => there === 1),
      () => 'the call to be told again',
    );
  });
});

test('news that come while the last message is being finished are sent', async () => {
  const sent: number[] = [];
  let waiting = 0;
  const outbox = new Outbox(async () => {
    if (waiting === 0) return false;
    sent.push(waiting);
    waiting = 0;
    // As an answer does that brings more: after this message, and before the sending is over.
    queueMicrotask(() =>
      queueMicrotask(() => {
        if (sent.length === 1) {
          waiting = 7;
          outbox.soon();
        }
      }),
    );
    return false;
  });
  waiting = 1;
  outbox.soon();
  await agree(() => sent, [1, 7]);
  outbox.close();
});

/** A way to the Redis of this file on which messages can be held up, and delivered when their connection is long gone. */
async function slowPath() {
  let held = false;
  const late: (() => void)[] = [];
  const proxy = createServer({ allowHalfOpen: true }, (client) => {
    if (held) {
      client.destroy();
      return;
    }
    const up = netConnect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true });
    let isCut = false;
    for (const socket of [client, up]) socket.on('error', () => undefined);
    client.on('data', (chunk) => {
      if (!held && !isCut) {
        up.write(chunk);
        return;
      }
      isCut = true;
      late.push(() => up.write(chunk));
    });
    up.on('data', (chunk) => !isCut && !client.destroyed && client.write(chunk));
    client.on('close', () => !isCut && up.end());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    connection: { servers: { kind: 'single', host: '127.0.0.1', port, db: 0 } } as const,
    hold: () => {
      held = true;
    },
    open: () => {
      held = false;
    },
    deliver: () => {
      for (const one of late.splice(0)) one();
    },
    close: () => proxy.close(),
  };
}

/** Redis takes what it is sent in order of arrival: a message of another connection, there and back, comes after. */
async function shownAfter({ store }: Awaited<ReturnType<typeof open>>): Promise<void> {
  const other = await RedisStore.open({
    clock: systemClock,
    instance: 'other',
    connection: server.connection,
    keyPrefix: `other-${store.members.self.replace('/', '-')}`,
  });
  await other.close();
}

/** Its next beat has told it what is in use. */
async function beat({ store }: Awaited<ReturnType<typeof open>>): Promise<void> {
  const deadFrom = () => ask((client, key) => client.zscore(key('instances'), store.members.self));
  const now = await deadFrom();
  await until(
    async () => (await deadFrom()) !== now,
    () => 'a beat',
  );
  await store.calls.find({ signallingId: 'after it' });
}
