import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';
import { agree, answered, ask, call, closeAll, licence, open, place, shown, storedKeys } from './instances.js';

describe('a call of a living instance', () => {
  test('is found by its id and by its edge’s name, and stays where it is', async () => {
    const [a, b] = [await open('a'), await open('b')];
    a.store.calls.put(answered('one'), await licence(a));
    await shown(b, 'one');
    const there = { at: 'there', id: 'one', owner: a.store.members.self, call: answered('one') };
    expect(await b.store.calls.find({ id: 'one', signallingId: 'x' })).toEqual(there);
    expect(await b.store.calls.find({ signallingId: 'sip-one' })).toEqual(there);
    expect(await a.store.calls.find({ signallingId: 'sip-one' })).toEqual({ at: 'here', id: 'one' });
    expect(await b.store.calls.find({ id: 'two', signallingId: 'sip-two' })).toBeUndefined();
    expect(b.taken).toEqual([]);
  });

  test('ends as its own; one that nobody was told of ends at once', async () => {
    const [a, b] = [await open('a'), await open('b')];
    a.store.calls.put(call('short'), undefined);
    expect(await a.store.calls.end('short')).toBe(true);
    a.store.calls.put(call('long'), undefined);
    await shown(b, 'long');
    expect(await a.store.calls.end('long')).toBe(true);
    expect(await b.store.calls.find({ id: 'long', signallingId: 'sip-long' })).toBeUndefined();
    expect(await storedKeys()).not.toContain('call-names');
  });
});

describe('a call of an instance that died', () => {
  test('goes over to whoever is asked for it, with its licences, to one of two that ask at the same moment', async () => {
    const [a, b, c] = [await open('a'), await open('b'), await open('c')];
    for (const id of ['one', 'two', 'three']) {
      a.store.calls.put(answered(id), await licence(a));
      await shown(b, id);
    }
    a.heart.stopped = true;
    const finders = [b, c];
    await until(
      async () => (await place(b, 'one')) === 'here',
      () => 'the call to come over',
    );
    for (const id of ['two', 'three']) {
      const places = await Promise.all(finders.map((finder) => place(finder, id)));
      expect(places.sort()).toEqual(['here', 'there']);
    }
    expect(b.taken[0]).toMatchObject({ ...answered('one'), lease: { organisations: ['norr'] } });
    expect(b.taken.length + c.taken.length).toBe(3);
    await agree(() => [b.store.licences.callsInUse('norr'), c.store.licences.callsInUse('norr')], [3, 3]);
    for (const { taken, store } of finders) {
      for (const { begun, lease } of taken) {
        expect(await store.calls.end(begun.id)).toBe(true);
        await lease.release();
      }
    }
    await agree(() => [b.store.licences.callsInUse('norr'), c.store.licences.callsInUse()], [0, 0]);
  });

  test('goes over by itself when its time is up; 1,000 calls, each to one of two', async () => {
    const [a, b, c] = [await open('a'), await open('b'), await open('c')];
    const ids = Array.from({ length: 1000 }, (_, index) => `call-${index}`);
    const leases = await Promise.all(ids.map(() => licence(a)));
    for (const [index, id] of ids.entries()) a.store.calls.put(index % 2 ? answered(id) : call(id), leases[index]);
    await shown(b, 'call-999');
    a.heart.stopped = true;
    const died = performance.now();
    await until(
      () => b.taken.length + c.taken.length >= 1000,
      () => `1,000 calls to come over: ${b.taken.length} and ${c.taken.length}`,
    );
    console.log(`1,000 calls came over ${((performance.now() - died) / 1000).toFixed(1)} s after their instance died (dead after 1.5 s)`);
    expect([...b.taken, ...c.taken].map(({ begun }) => begun.id).sort()).toEqual(ids.sort());
    // Its licences came along: none was given back, none counted twice.
    await agree(() => [b.store.licences.callsInUse('norr'), c.store.licences.callsInUse()], [1000, 1000]);
    await agree(() => b.store.members.others().map(({ instance }) => instance), ['c']);
  });

  test('is not taken by an instance that was away itself a moment ago', async () => {
    const own = await RedisServer.start();
    const a = await open('a', { connection: own.connection, deadMs: 600 });
    const b = await open('b', { connection: own.connection, deadMs: 600 });
    a.store.calls.put(answered('one'), await licence(a));
    await shown(b, 'one');
    await own.stop('SIGKILL');
    await agree(() => [a.store.status.state, b.store.status.state], ['away', 'away']);
    await new Promise((resolve) => systemClock.after(800, () => resolve(undefined)));
    await own.startAgain();
    await agree(() => [a.store.status.state, b.store.status.state], ['connected', 'connected']);
    expect([a.lost, b.taken]).toEqual([[], []]);
    expect(await a.store.calls.end('one')).toBe(true);
    await closeAll();
    await own.remove();
  });
});

describe('an instance that was only slow', () => {
  test('loses what was taken, keeps the rest, and everything is counted once', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const leases = [await licence(a), await licence(a)];
    a.store.calls.put(answered('gone'), leases[0]);
    a.store.calls.put(answered('kept'), leases[1]);
    await shown(b, 'kept');
    a.heart.stopped = true;
    await until(
      async () => (await place(b, 'gone')) === 'here',
      () => 'the call to come over',
    );
    // Before it knows: what it still does about it is refused, and it finds out.
    expect(await a.store.calls.end('gone')).toBe(false);
    await leases[0]?.release();
    await agree(() => b.store.licences.callsInUse('norr'), 2);
    const [taken] = b.taken;
    expect(await b.store.calls.end('gone')).toBe(true);
    await taken?.lease.release();
    await agree(() => b.store.licences.callsInUse('norr'), 1);
    expect(await a.store.calls.end('kept')).toBe(true);
    await leases[1]?.release();
    await agree(() => [a.store.licences.callsInUse(), b.store.licences.callsInUse()], [0, 0]);
  });

  test('hears that another carries its call on, or has recorded it', async () => {
    const [a, b] = [await open('a'), await open('b')];
    a.store.calls.put(answered('on'), await licence(a));
    a.store.calls.put(call('over'), await licence(a));
    await shown(b, 'over');
    const stopped = a.heart;
    stopped.stopped = true;
    await until(
      () => b.taken.length === 2,
      () => 'both calls to come over',
    );
    expect(await b.store.calls.end('over')).toBe(true);
    await b.taken.find(({ begun }) => begun.id === 'over')?.lease.release();
    await licence(a); // its next step tells it
    await agree(
      () => a.lost.sort(),
      [
        ['on', false],
        ['over', true],
      ],
    );
    expect(await a.store.calls.end('over')).toBe(false);
  });
});

describe('two versions side by side', () => {
  test('a call of a later schema is left to newer instances; its licences are not held for ever by it', async () => {
    const [a, b] = [await open('a'), await open('b')];
    a.store.calls.put(answered('later'), await licence(a));
    a.store.calls.put(answered('known'), await licence(a));
    await shown(b, 'known');
    const later = '2\tx\tx\t*,norr\t["what only a later version reads"]'.replaceAll('x', a.store.members.self);
    await ask((client, key) => client.hset(key('calls'), 'later', later));
    a.heart.stopped = true;
    await agree(() => b.taken.map(({ begun }) => begun.id), ['known']);
    expect(await place(b, 'later')).toBeUndefined();
    expect(await b.store.calls.settle(['later'], [])).toEqual(new Set());
    expect(await ask((client, key) => client.hget(key('calls'), 'later'))).toBe(later);
    // An instance that has been dead for ten minutes.
    await ask((client, key) => client.zadd(key('instances'), Date.now() - 700_000, a.store.members.self));
    await agree(() => b.store.licences.callsInUse('norr'), 1);
  });

  test('an instance that says more of itself than is known here is a member like any other', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const { self } = b.store.members;
    b.heart.stopped = true;
    const card = { id: self, instance: 'b', version: '99', startedAt: 1, state: 'resting', sip: [], somethingNew: { x: 1 } };
    await ask((client, key) => client.hset(key('members'), self, JSON.stringify(card)));
    await agree(() => a.store.members.others().map(({ version, state, flows }) => [version, state, flows]), [['99', 'serving', []]]);
  });
});

describe('journals of an earlier run', () => {
  test('owe the records of calls that nobody took over, and of no others', async () => {
    const [a, b] = [await open('a'), await open('b')];
    for (const id of ['taken', 'recorded', 'ended']) a.store.calls.put(answered(id), undefined);
    await shown(b, 'ended');
    a.heart.stopped = true;
    for (const id of ['taken', 'recorded']) {
      await until(
        async () => (await place(b, id)) === 'here',
        () => 'the call to come over',
      );
    }
    expect(await b.store.calls.end('recorded')).toBe(true);
    const again = await open('a');
    expect(await again.store.calls.settle(['taken', 'recorded', 'unheard of'], ['ended', 'recorded'])).toEqual(
      new Set(['unheard of', 'ended']),
    );
    expect(await b.store.calls.find({ id: 'ended', signallingId: '' })).toBeUndefined();
  });

  test('the next run of an instance takes the calls of the one before it as soon as that is silent', async () => {
    const a = await open('a', { deadMs: 20_000 });
    a.store.calls.put(answered('one'), await licence(a));
    await shown(a, 'one');
    a.heart.stopped = true;
    const again = await open('a', { deadMs: 20_000 });
    await agree(() => again.taken.map(({ begun }) => begun.id), ['one']);
    await agree(() => again.store.licences.callsInUse('norr'), 1);
  });
});

describe('an instance that is stopped', () => {
  test('hands over what can be carried on, and the others have it at once', async () => {
    const [a, b] = [await open('a', { deadMs: 20_000 }), await open('b', { deadMs: 20_000 })];
    await agree(() => a.store.members.others().length, 1);
    a.store.calls.put(answered('on'), await licence(a));
    a.store.calls.put(call('ringing'), await licence(a));
    expect(await a.store.calls.handOver()).toBe(1);
    expect(a.lost).toEqual([['on', false]]);
    expect(await a.store.calls.end('ringing')).toBe(true);
    await agree(() => b.taken.map(({ begun }) => begun.id), ['on']);
  });

  test('keeps everything when it is alone', async () => {
    const a = await open('a');
    a.store.calls.put(answered('on'), await licence(a));
    expect(await a.store.calls.handOver()).toBe(0);
    expect(await a.store.calls.end('on')).toBe(true);
  });
});

test('what happened while Redis was away is told when it is back, also when it has forgotten everything', async () => {
  const own = await RedisServer.start();
  const [a, b] = [await open('a', { connection: own.connection }), await open('b', { connection: own.connection })];
  a.store.calls.put(answered('before'), await licence(a));
  a.store.calls.put(answered('ended'), await licence(a));
  await shown(b, 'ended');
  await own.stop('SIGKILL');
  await own.forget();
  await agree(() => [a.store.status.state, b.store.status.state], ['away', 'away']);
  a.store.calls.put(answered('meanwhile'), undefined);
  let ended: boolean | undefined;
  const end = a.store.calls.end('ended').then((isOurs) => {
    ended = isOurs;
  });
  expect(await a.store.calls.end('meanwhile')).toBe(true);
  expect(await b.store.calls.find({ id: 'before', signallingId: '' })).toBe('away');
  expect(ended).toBeUndefined();
  await own.startAgain();
  await end;
  expect(ended).toBe(true);
  await shown(b, 'before');
  expect(await b.store.calls.find({ id: 'ended', signallingId: '' })).toBeUndefined();
  await closeAll();
  await own.remove();
});

describe('members, hints, bandwidth, secret', () => {
  test('each knows where the others are, until they leave', async () => {
    const [a, b] = [await open('a'), await open('b', { version: '9.9' })];
    const sip = [{ transport: 'udp', host: '192.0.2.2', port: 5060 }] as const;
    b.store.members.announce({ sip, flows: ['udp:192.0.2.2:5060>'], ras: [{ address: '192.0.2.2', port: 1719 }], gatekeeperId: 'gk' });
    await agree(() => a.store.members.others().map(({ instance, version, ras }) => [instance, version, ras.length]), [['b', '9.9', 1]]);
    let changes = 0;
    a.store.members.onChange(() => {
      changes += 1;
    });
    b.store.members.drain();
    await agree(() => a.store.members.others()[0]?.state, 'draining');
    expect(changes).toBe(1);
    await b.store.close();
    await agree(() => a.store.members.others(), []);
  });

  test('a hint reaches the others, and whoever starts within the minute', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const heard: string[] = [];
    for (const { store } of [a, b]) store.hints.on('peer', (value, from) => heard.push(`${value} ${from === a.store.members.self}`));
    a.store.hints.tell('peer', 'down x');
    await agree(() => heard, ['down x true']);
    const late: string[] = [];
    const c = await open('c');
    c.store.hints.on('peer', (value) => late.push(value));
    await agree(() => late, ['down x']);
  });

  test('bandwidth of a zone is never exceeded, however many ask, and goes back', async () => {
    const all = [await open('a'), await open('b'), await open('c')];
    const asks = all.flatMap(({ store }) => Array.from({ length: 40 }, () => store.licences.changeBandwidth('zone', 7680, 384_000)));
    const granted = (await Promise.all(asks)).filter(Boolean).length;
    expect(granted).toBe(50);
    const [a, b] = all;
    await agree(() => [a?.store.licences.bandwidthInUse('zone'), b?.store.licences.bandwidthInUse('zone')], [384_000, 384_000]);
    await a?.store.licences.changeBandwidth('zone', -7680, 0);
    expect(await b?.store.licences.changeBandwidth('zone', 7681, 384_000)).toBe(false);
    expect(await b?.store.licences.changeBandwidth('zone', 7680, 384_000)).toBe(true);
  });

  test('all have one secret', async () => {
    const [a, b] = [await open('a'), await open('b')];
    expect(a.store.secret).toHaveLength(32);
    expect(b.store.secret.equals(a.store.secret)).toBe(true);
  });

  test('an endpoint moves to the instance that takes it, and is its own alone', async () => {
    const [a, b] = [await open('a'), await open('b')];
    const moved: string[] = [];
    a.store.endpoints.onMoved((id) => moved.push(id));
    a.store.endpoints.put('ep', '{"v":1}', Date.now() + 60_000);
    await until(
      async () => JSON.stringify(await b.store.endpoints.read('ep')) === JSON.stringify({ owner: a.store.members.self, value: '{"v":1}' }),
      () => 'the endpoint to show',
    );
    expect(await b.store.endpoints.take('ep')).toBe('{"v":1}');
    await agree(() => moved, ['ep']);
    expect(await a.store.endpoints.remove('ep')).toBe(false);
    b.store.endpoints.put('ep', '{"v":2}', Date.now() + 60_000);
    expect(await b.store.endpoints.remove('ep')).toBe(true);
    expect(await a.store.endpoints.read('ep')).toBeUndefined();
    expect(await a.store.endpoints.take('ep')).toBeUndefined();
  });
});
