import { afterEach, describe, expect, test } from 'vitest';
import type { LocationConfirm, LocationRejectReason, RasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { LocateQuestion } from '../../../../src/gatekeeper/h323/ras/neighbours.js';
import { type SocketAddress, transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { arq, digits, guid, hex, lrq, name } from './messages.js';
import { anywhere, norr, peerA, peerB, RAS, RasWorld, type Sent, SIGNAL, type WorldOptions } from './world.js';

let world: RasWorld;
const open = (options: WorldOptions = {}): RasWorld => {
  world = new RasWorld(options);
  return world;
};
afterEach(() => world.close());

/** West is a second neighbour, behind one peer. */
const west: SocketAddress = { address: '192.0.2.210', port: 1719 };
const withWest = (zone: object = {}): WorldOptions => ({
  plan: (plan) => {
    const { ost } = plan.organisations;
    if (!ost) return;
    plan.organisations.west = {
      ...structuredClone(ost),
      series: [{ prefix: 46501, digits: 4 }],
      domains: ['west.example'],
      zones: { west: { kind: 'h323-neighbour', peers: [{ host: west.address, port: west.port }], ...zone } },
    };
  },
});

const inOrder: WorldOptions = {
  plan: (plan) => {
    const zone = plan.organisations.ost?.zones.ost;
    if (zone) zone.search = 'in-order';
  },
};

const there: SocketAddress = { address: '192.0.2.77', port: 1720 };

function lcf(asked: Sent, change: Partial<LocationConfirm> = {}): RasMessage {
  if (asked.message.type !== 'locationRequest') throw new Error(`${asked.message.type} is no LRQ`);
  const { requestSeqNum } = asked.message.value;
  return {
    type: 'locationConfirm',
    value: { requestSeqNum, callSignalAddress: transportAddress(there), rasAddress: transportAddress(asked.to), ...change },
  };
}

function lrj(asked: Sent, reason: 'notRegistered' | 'requestDenied' = 'notRegistered'): RasMessage {
  if (asked.message.type !== 'locationRequest') throw new Error(`${asked.message.type} is no LRQ`);
  const rejectReason: LocationRejectReason = { type: reason, value: null };
  return { type: 'locationReject', value: { requestSeqNum: asked.message.value.requestSeqNum, rejectReason } };
}

function question(number = '464010001', change: Partial<LocateQuestion> = {}): LocateQuestion {
  const zone = world.plan.zones.get('ost');
  if (zone?.kind !== 'h323-neighbour') throw new Error('the plan has no such neighbour');
  return { zone, peers: zone.peers, alias: digits(number), callIdentifier: hex('call-1'), hopCount: undefined, ...change };
}

function at<T>(list: readonly T[], index: number): T {
  const item = list[index];
  if (item === undefined) throw new Error(`there are ${list.length} only`);
  return item;
}

describe('we ask neighbours', () => {
  test('all peers at once; the first that knows it counts', async () => {
    open();
    const located = world.gatekeeper.neighbours.locate(question());
    const asked = await world.take();
    expect(asked.map(({ to }) => to)).toEqual([peerA, peerB]);
    expect(at(asked, 0)).toMatchObject({
      local: RAS,
      message: {
        value: {
          destinationInfo: [digits('464010001')],
          replyAddress: transportAddress(RAS),
          hopCount: 7,
          callIdentifier: { guid: guid('call-1') },
          canMapAlias: false,
        },
      },
    });
    world.send(lrj(at(asked, 0)), peerA);
    world.send(lcf(at(asked, 1)), peerB);
    expect(await located).toMatchObject({
      outcome: 'found',
      signalAddress: there,
      secure: false,
      peerId: expect.stringContaining(peerB.address),
    });
    expect(world.peerChanges).toEqual([]);
  });

  test('in order, where the zone says so', async () => {
    open(inOrder);
    const located = world.gatekeeper.neighbours.locate(question());
    const first = await world.take();
    expect(first.map(({ to }) => to)).toEqual([peerA]);
    world.send(lrj(at(first, 0)), peerA);
    const second = await world.take();
    expect(second.map(({ to }) => to)).toEqual([peerB]);
    world.send(lcf(at(second, 0)), peerB);
    expect((await located).outcome).toBe('found');
  });

  test('when all say no, the reason of the first', async () => {
    open();
    const located = world.gatekeeper.neighbours.locate(question());
    const asked = await world.take();
    world.send(lrj(at(asked, 1), 'requestDenied'), peerB);
    world.send(lrj(at(asked, 0)), peerA);
    expect(await located).toMatchObject({ outcome: 'rejected', reason: 'requestDenied' });
  });

  test('silence costs 400 ms, once; then the peers are known to be down until they are heard of again', async () => {
    open();
    const located = world.gatekeeper.neighbours.locate(question());
    expect(await world.take()).toHaveLength(2);
    world.clock.advance(200);
    const again = await world.take();
    expect(again.map(({ to }) => to)).toEqual([peerA, peerB]);
    world.clock.advance(200);
    expect(await located).toEqual({ outcome: 'silent' });
    const { peers } = question();
    expect(peers.map(({ id }) => world.gatekeeper.neighbours.health.isUp(id))).toEqual([false, false]);
    expect(world.peerChanges).toHaveLength(2);
    // The resolver knows as well: an ARQ is refused at once, without anybody being asked.
    const { id } = await world.register(1, [digits('461010001')]);
    expect((await world.reason(arq(id, [digits('464010001')]), norr(1))).reason).toBe('resourceUnavailable');
    expect(world.records).toMatchObject([{ reason: 'zoneUnreachable' }]);
    // Nobody is asked in the background: the next caller's question tells whether they are back.
    await world.pass(2000);
    expect(await world.take()).toEqual([]);
    expect(peers.map(({ id: peer }) => world.gatekeeper.neighbours.health.isUp(peer))).toEqual([true, true]);
    expect(peers.map(({ id: peer }) => world.gatekeeper.neighbours.answers(peer))).toEqual([false, false]);
  });

  test('an answer is used again for a while, unless the call there failed', async () => {
    open();
    const first = world.gatekeeper.neighbours.locate(question());
    const asked = await world.take();
    world.send(lcf(at(asked, 0)), peerA);
    world.send(lrj(at(asked, 1)), peerB);
    const found = await first;
    expect(await world.gatekeeper.neighbours.locate(question())).toEqual(found);
    expect(await world.take()).toEqual([]);
    expect(world.located.map(({ cached }) => cached)).toEqual([false, true]);
    world.gatekeeper.neighbours.forget(question());
    void world.gatekeeper.neighbours.locate(question());
    expect(await world.take()).toHaveLength(2);
    await world.pass(1000);
    await world.take();
    // A number that nobody found is asked for again.
    void world.gatekeeper.neighbours.locate(question());
    expect(await world.take()).toHaveLength(2);
  });

  test('the answer is forgotten after its time, and when the plan is read again', async () => {
    open({ settings: { lrq: { timeoutMs: 400, retries: 0, cacheSeconds: 10 } } });
    const ask = async (): Promise<number> => {
      const located = world.gatekeeper.neighbours.locate(question());
      const asked = await world.take();
      for (const one of asked) world.send(lcf(one), one.to);
      await located;
      return asked.length;
    };
    expect(await ask()).toBe(2);
    expect(await ask()).toBe(0);
    await world.pass(10_000);
    expect(await ask()).toBe(2);
    world.reload(() => undefined);
    expect(await ask()).toBe(2);
  });

  test('those who ask the same at the same moment share the question', async () => {
    open();
    const all = [1, 2, 3].map(() => world.gatekeeper.neighbours.locate(question()));
    const asked = await world.take();
    expect(asked).toHaveLength(2);
    world.send(lcf(at(asked, 0)), peerA);
    expect((await Promise.all(all)).map(({ outcome }) => outcome)).toEqual(['found', 'found', 'found']);
    void world.gatekeeper.neighbours.locate(question('464010002'));
    expect(await world.take()).toHaveLength(2);
  });

  test('an answer from elsewhere, of another kind or to another question is none', async () => {
    open();
    const located = world.gatekeeper.neighbours.locate(question());
    const asked = await world.take();
    const one = at(asked, 0);
    if (one.message.type !== 'locationRequest') throw new Error('no LRQ');
    world.send(lcf(one), anywhere(1));
    world.send({ type: 'disengageConfirm', value: { requestSeqNum: one.message.value.requestSeqNum } }, peerA);
    world.send(
      lcf({
        ...one,
        message: { ...one.message, value: { ...one.message.value, requestSeqNum: 1 + (one.message.value.requestSeqNum % 65_000) } },
      }),
      anywhere(2),
    );
    world.clock.advance(400);
    expect((await located).outcome).toBe('silent');
  });

  test('a peer may ask for more time', async () => {
    open(inOrder);
    const located = world.gatekeeper.neighbours.locate(question());
    const [asked] = await world.take();
    if (asked?.message.type !== 'locationRequest') throw new Error('no LRQ');
    world.send({ type: 'requestInProgress', value: { requestSeqNum: asked.message.value.requestSeqNum, delay: 3000 } }, peerA);
    world.clock.advance(2900);
    expect(await world.take()).toEqual([]);
    world.send(lcf(asked), peerA);
    expect((await located).outcome).toBe('found');
  });

  test('a peer is known by name as well; one whose name leads nowhere is silent', async () => {
    open({
      plan: (plan) => {
        const zone = plan.organisations.ost?.zones.ost;
        if (zone)
          zone.peers = [
            { host: 'gk.ost.example', port: 1719 },
            { host: 'gone.ost.example', port: 1719, priority: 20 },
          ];
      },
      lookUp: async (host) => {
        if (host === 'gk.ost.example') return [peerA.address];
        throw new Error('no such name');
      },
    });
    const located = world.gatekeeper.neighbours.locate(question());
    const asked = await world.take();
    expect(asked.map(({ to }) => to)).toEqual([peerA]);
    world.send(lcf(at(asked, 0)), peerA);
    expect((await located).outcome).toBe('found');
    expect(world.peerChanges).toEqual([expect.stringMatching(/gone.* down/)]);
  });

  test('TLS where the neighbour says so', async () => {
    open({ features: { answer: () => undefined, hasNeeded: () => true, tlsAddress: () => ({ address: '192.0.2.77', port: 1300 }) } });
    const located = world.gatekeeper.neighbours.locate(question());
    const asked = await world.take();
    world.send(lcf(at(asked, 0), { featureSet: { replacementFeatureSet: false } }), peerA);
    expect(await located).toMatchObject({ secure: true, signalAddress: { port: 1300 } });
  });
});

describe('neighbours ask us', () => {
  test('an endpoint of ours is where we are', async () => {
    open();
    await world.register(1, [digits('461010001')]);
    const confirm = await world.confirm('locationConfirm', lrq(peerA, [digits('461010001')]), peerA);
    expect(confirm).toMatchObject({
      callSignalAddress: transportAddress(SIGNAL),
      rasAddress: transportAddress(RAS),
      destinationInfo: [digits('461010001')],
    });
  });

  test.each([
    ['notRegistered', [digits('461010009')]],
    ['notRegistered', [digits('4799990001')]],
    ['incompleteAddress', [digits('46101000')]],
    ['incompleteAddress', []],
    ['notRegistered', [digits('464010001')]],
  ])('%s: %j', async (expected, wanted) => {
    open();
    const { reason, sentence } = await world.reason(lrq(peerA, wanted), peerA);
    expect(reason).toBe(expected);
    expect(sentence.length).toBeGreaterThan(20);
    expect(await world.take()).toEqual([]);
  });

  test('others may not ask, unless they are registered', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    expect(await world.reason(lrq(anywhere(1), [digits('461010001')]), anywhere(1))).toMatchObject({ reason: 'invalidPermission' });
    expect(await world.reason(lrq(norr(2), [digits('461010001')]), norr(2))).toMatchObject({ reason: 'invalidPermission' });
    expect(await world.reason(lrq(norr(2), [digits('461010001')], { endpointIdentifier: id }), norr(2))).toMatchObject({
      reason: 'securityDenial',
    });
    await world.confirm('locationConfirm', lrq(norr(1), [digits('461010001')], { endpointIdentifier: id }), norr(1));
  });

  test('the answer goes to the reply address of a neighbour, never to a stranger', async () => {
    open(withWest());
    await world.register(1, [digits('461010001')]);
    world.send(lrq(peerB, [digits('461010001')]), peerA);
    world.send(lrq(anywhere(1), [digits('461010001')]), peerA);
    // A neighbour takes our answer for one to a question of its own, if it has the right number.
    world.send(lrq(peerA, [digits('461010001')]), anywhere(1));
    world.send(lrq(west, [digits('461010001')]), peerA);
    world.send(lrq({ ...peerA, port: 9999 }, [digits('461010009')]), peerA);
    expect((await world.take()).map(({ to }) => to)).toEqual([peerB, peerA, anywhere(1), peerA, { ...peerA, port: 9999 }]);
  });

  test('by multicast only what is here is answered', async () => {
    open();
    await world.register(1, [digits('461010001')]);
    world.send(lrq(peerA, [digits('461010001')]), peerA, true);
    world.send(lrq(peerA, [digits('461010002')]), peerA, true);
    world.send(lrq(anywhere(1), [digits('461010001')]), anywhere(1), true);
    expect((await world.take()).map(({ message }) => message.type)).toEqual(['locationConfirm']);
  });

  test("what is another neighbour's is asked on, one hop fewer, and lies through us", async () => {
    open(withWest());
    world.send(
      lrq(peerA, [digits('465010001')], { hopCount: 4, callIdentifier: { guid: guid('call-1') }, sourceInfo: [name('asker')] }),
      peerA,
    );
    const [asked] = await world.take();
    expect(asked).toMatchObject({
      to: west,
      message: {
        value: {
          hopCount: 3,
          callIdentifier: { guid: guid('call-1') },
          sourceInfo: [name('asker')],
          destinationInfo: [digits('465010001')],
        },
      },
    });
    world.send(lcf(at(asked ? [asked] : [], 0)), west);
    expect(await world.take()).toMatchObject([
      { to: peerA, message: { type: 'locationConfirm', value: { callSignalAddress: transportAddress(SIGNAL) } } },
    ]);
    expect(world.clock.pending).toBe(2);
  });

  test('no further than the hop count', async () => {
    open(withWest());
    expect(await world.reason(lrq(peerA, [digits('465010001')], { hopCount: 1 }), peerA)).toMatchObject({ reason: 'hopCountExceeded' });
  });

  test('an answer in progress goes where the answer goes', async () => {
    open(withWest());
    world.send(lrq(peerB, [digits('465010001')]), peerA);
    await world.take();
    world.clock.advance(200);
    const progress = (await world.take()).filter(({ message }) => message.type === 'requestInProgress');
    expect(progress).toMatchObject([{ to: peerB }]);
    world.clock.advance(200);
    expect(await world.take()).toMatchObject([{ to: peerB, message: { type: 'locationReject' } }]);
  });

  test('while the other is asked, we say that it takes time; its silence and its no are ours', async () => {
    open(withWest());
    world.send(lrq(peerA, [digits('465010001')]), peerA);
    await world.take();
    world.clock.advance(200);
    const [progress] = (await world.take()).filter(({ to }) => to.address === peerA.address);
    expect(progress?.message).toMatchObject({ type: 'requestInProgress', value: { delay: 400 } });
    world.clock.advance(200);
    expect(await world.take()).toMatchObject([
      { to: peerA, message: { type: 'locationReject', value: { rejectReason: { type: 'resourceUnavailable' } } } },
    ]);
    await world.pass(1000);
    await world.take();
    world.send(lrq(peerA, [digits('465010001')]), peerA);
    const [asked] = await world.take();
    if (asked) world.send(lrj(asked), west);
    expect(await world.take()).toMatchObject([{ message: { value: { rejectReason: { type: 'notRegistered' } } } }]);
  });
});
