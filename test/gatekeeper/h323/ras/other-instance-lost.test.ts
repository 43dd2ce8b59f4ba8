import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { ProofMethod } from '../../../../src/gatekeeper/h323/ras/endpoint.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { Cluster, callTo, type Node } from './cluster.js';
import { arq, digits, guid, hex, irr, keepAlive, name, rrq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, norr, type RasWorld, settled } from './world.js';

/* What an instance does about endpoints of one that is lost, or that only the store could tell of, which is away. */

let cluster: Cluster;
let a: RasWorld;
let b: RasWorld;
let nodeA: Node;
beforeEach(() => {
  cluster = new Cluster();
  ({ world: a, node: nodeA } = cluster.join('gk-1'));
  ({ world: b } = cluster.join('gk-2'));
});
afterEach(() => cluster.close());

const proven = (message: RasMessage, method: ProofMethod = 'h235.1', user = '461020001'): Buffer =>
  withToken(message, { method, user, now: cluster.clock.now() });
const bindings = (alias: string) => cluster.store.registrations.index.find(alias)?.bindings;
const asked = async (world: RasWorld) =>
  (await world.take()).flatMap(({ message, to }) => (message.type === 'infoRequest' ? [{ to, number: message.value.requestSeqNum }] : []));

describe('what a stranger sent does not stand in the way of the endpoint', () => {
  test('a keep-alive from its new address fails, and the full RRQ that follows at once does not', async () => {
    const { endpointIdentifier: id } = await a.confirm('registrationConfirm', proven(rrq(anywhere(1), [digits('461020001')])), anywhere(1));
    nodeA.kill();
    await b.pass(30_000);
    expect(await b.reason(proven(keepAlive(id)), anywhere(2))).toMatchObject({ reason: 'fullRegistrationRequired' });
    await b.pass(1000);
    const full = rrq(anywhere(2), [digits('461020001')], { endpointIdentifier: id });
    expect((await b.confirm('registrationConfirm', proven(full), anywhere(2))).endpointIdentifier).toBe(id);
  });

  test('a forged keep-alive with its address does not shut it out', async () => {
    const at = anywhere(1);
    const { endpointIdentifier: id } = await a.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')])), at);
    nodeA.kill();
    await b.pass(30_000);
    b.send(keepAlive(id), { ...at, port: 9999 });
    await b.take();
    expect((await b.confirm('registrationConfirm', proven(keepAlive(id)), at)).endpointIdentifier).toBe(id);
  });

  test('nor does a question before it was known at all', async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    const kept = cluster.endpoints.get(id);
    cluster.endpoints.clear();
    expect(await b.reason(keepAlive(id), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
    if (kept) cluster.endpoints.set(id, kept);
    await b.confirm('registrationConfirm', rrq(norr(1), [digits('461010001')], { endpointIdentifier: id }), norr(1));
    expect(cluster.endpoints.get(id)?.owner).toBe('gk-2');
  });
});

describe.each(['away', 'forgetful'])('the store is %s: the registry tells whose alias it is', (how) => {
  const lose = (): void => {
    if (how === 'away') cluster.away = true;
    else cluster.endpoints.clear();
  };

  test('a full RRQ from the same socket has it, and all its other aliases, under the same identifier', async () => {
    const { id } = await a.register(1, [digits('461010001'), name('room 1')]);
    nodeA.kill();
    lose();
    expect(await b.reason(keepAlive(id), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
    const again = await b.confirm('registrationConfirm', rrq(norr(1), [digits('461010001')], { endpointIdentifier: id }), norr(1));
    expect(again.endpointIdentifier).toBe(id);
    expect(bindings('461010001')).toMatchObject([{ instance: id }]);
    expect(bindings('room 1')).toBeUndefined();
    await b.confirm('registrationConfirm', keepAlive(id), norr(1));
  });

  test('so has who proves the same password with a newer token, from wherever; and nobody else', async () => {
    const first = proven(rrq(anywhere(1), [digits('461020001')]));
    await a.confirm('registrationConfirm', first, anywhere(1));
    nodeA.kill();
    lose();
    await b.pass(1000);
    expect(await b.reason(first, anywhere(66))).toMatchObject({ reason: 'duplicateAlias' });
    const other = proven(rrq(anywhere(3), [digits('461020001')]), 'h235.1', '461020002');
    expect(await b.reason(other, anywhere(3))).toMatchObject({ reason: 'duplicateAlias' });
    await b.confirm('registrationConfirm', proven(rrq(anywhere(2), [digits('461020001')])), anywhere(2));
    expect(bindings('461020001')).toMatchObject([{ contact: 'h323:203.0.113.2:1720' }]);
  });
});

describe("another device wants a dead instance's endpoint's alias", () => {
  const wanted = () => rrq(norr(2), [digits('461010001')]);

  test.each(['the store knows it', 'the store has lost it'])(
    '%s: the holder is asked by whoever is there, and makes room when silent',
    async (how) => {
      await a.register(1, [digits('461010001')]);
      nodeA.kill();
      if (how !== 'the store knows it') cluster.endpoints.clear();
      b.send(wanted(), norr(2));
      const sent = await b.take();
      expect(sent.map(({ message, to }) => [message.type, to])).toEqual([
        ['infoRequest', norr(1)],
        ['registrationReject', norr(2)],
      ]);
      await b.pass(7000);
      await b.take();
      await b.confirm('registrationConfirm', wanted(), norr(2));
      expect(bindings('461010001')).toMatchObject([{ contact: 'h323:198.51.100.2:1720' }]);
      expect(b.outcomes.map(({ result }) => result)).toContain('expired');
    },
  );

  test.each(['the store knows it', 'the store has lost it'])('%s: one that answers keeps it', async (how) => {
    const { id } = await a.register(1, [digits('461010001')]);
    nodeA.kill();
    if (how !== 'the store knows it') cluster.endpoints.clear();
    b.send(wanted(), norr(2));
    const [question] = await asked(b);
    b.send(irr(norr(1), id, question?.number ?? 0), norr(1));
    await b.pass(7000);
    expect(bindings('461010001')).toMatchObject([{ instance: id }]);
  });

  test('an additive RRQ asks for it as well', async () => {
    await a.register(1, [digits('461010001')]);
    const { id } = await b.register(2, [digits('461010002')]);
    nodeA.kill();
    const more = rrq(norr(2), [digits('461010001')], { endpointIdentifier: id, additiveRegistration: null });
    b.send(more, norr(2));
    expect((await asked(b)).map(({ to }) => to)).toEqual([norr(1)]);
    await b.pass(7000);
    await b.take();
    await b.confirm('registrationConfirm', { ...more, value: { ...more.value, requestSeqNum: 99 } } as RasMessage, norr(2));
  });

  test('a living instance is told once in a while, however often it is wanted', async () => {
    await a.register(1, [digits('461010001')]);
    let told = 0;
    nodeA.hints.on('endpointDoubted', () => {
      told += 1;
    });
    for (let i = 0; i < 20; i++) await b.ask(wanted(), norr(2));
    expect(told).toBe(1);
    await b.pass(2000);
    await b.ask(wanted(), norr(2));
    expect(told).toBe(2);
  });
});

test('an endpoint that is silent at the instance that it has left is not told there to leave', async () => {
  const { id } = await a.register(1, [digits('461010001')], { timeToLive: 60 });
  nodeA.alive = false;
  await b.confirm('registrationConfirm', keepAlive(id), norr(1));
  nodeA.alive = true;
  for (let i = 0; i < 5; i++) {
    await b.pass(20_000);
    await b.confirm('registrationConfirm', keepAlive(id), norr(1));
  }
  expect((await a.take()).map(({ message }) => message.type)).not.toContain('unregistrationRequest');
  expect(a.outcomes.map(({ result }) => result)).toEqual(['registered']);
  expect([a.gatekeeper.size, b.gatekeeper.size]).toEqual([0, 1]);
});

describe('a call that another instance leads', () => {
  const call = { callIdentifier: { guid: guid('call-1') }, answerCall: true } as const;
  const answered = async (id: string): Promise<string[]> => {
    a.send(arq(id, [], call), norr(1));
    await a.pass(2000);
    return (await a.take()).map(({ message }) => message.type);
  };

  test('may be answered while the store is away, and is not taken for over as long as nobody can tell', async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    cluster.away = true;
    expect(await answered(id)).toEqual(['admissionConfirm']);
    await a.pass(270_000);
    expect(a.gatekeeper.bandwidth.held(hex('call-1'), id)).toBe(7680);
    cluster.away = false;
    await a.pass(240_000);
    expect(a.gatekeeper.bandwidth.held(hex('call-1'), id)).toBe(0);
  });

  test.each([
    ['to somebody else', callTo('461010002', hex('call-1'))],
    ['that is not over H.323', callTo('461010001', hex('call-1'), 'sip')],
  ])('%s is none of this endpoint', async (_, place) => {
    const { id } = await a.register(1, [digits('461010001')]);
    cluster.calls.set(hex('call-1'), place);
    expect(await answered(id)).toEqual(['admissionReject']);
  });
});

describe('addresses of all instances', () => {
  test('an endpoint is found by its address wherever it is, as what it is', async () => {
    const inside = {
      callSignalAddress: [transportAddress({ address: '192.168.1.10', port: 1720 })],
      rasAddress: [transportAddress({ address: '192.168.1.10', port: 1719 })],
    };
    const { id } = await a.register(1, [digits('461010001'), name('room 1')]);
    await a.confirm('registrationConfirm', proven(rrq(anywhere(1), [digits('461020001')], inside)), anywhere(1));
    const { endpoints } = b.gatekeeper;
    expect(endpoints.findBySignalAddress({ address: norr(1).address, port: 1720 })).toMatchObject({ id, zone: 'norr' });
    expect(endpoints.findBySignalAddress({ address: norr(1).address, port: 1721 })).toBeUndefined();
    const [found, ...more] = endpoints.atAddress(norr(1).address);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id, aliases: ['461010001', 'room 1'], proof: undefined, source: norr(1) });
    const behindNat = { zone: 'syd', proof: { user: '461020001', method: 'h235.1' }, source: anywhere(1) };
    expect(endpoints.atAddress(anywhere(1).address)).toMatchObject([behindNat]);
    expect(endpoints.atAddress('192.168.1.10')).toMatchObject([behindNat]);
    expect(endpoints.findBySignalAddress({ address: '192.168.1.10', port: 1720 })).toBeUndefined();
    expect(endpoints.hasAddress(anywhere(1).address)).toBe(true);
    // At its own instance it stands once.
    expect(a.gatekeeper.endpoints.atAddress(norr(1).address)).toHaveLength(1);
  });

  test('an instance that comes later knows them, and one that left its address is found there no more', async () => {
    await a.register(1, [digits('461010001')]);
    await a.confirm('registrationConfirm', proven(rrq(anywhere(1), [digits('461020001')])), anywhere(1));
    const { endpoints } = cluster.join('gk-3').world.gatekeeper;
    expect([norr(1), anywhere(1)].map(({ address }) => endpoints.hasAddress(address))).toEqual([true, true]);
    await a.pass(1000);
    await a.confirm('registrationConfirm', proven(rrq(anywhere(2), [digits('461020001')])), anywhere(2));
    expect([1, 2].map((host) => endpoints.hasAddress(anywhere(host).address))).toEqual([false, true]);
    await a.pass(400_000);
    await settled();
    expect([norr(1), anywhere(2)].map(({ address }) => endpoints.hasAddress(address))).toEqual([false, false]);
  });
});
