import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AlternateGK, type RasMessage, rasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { Endpoint, ProofMethod } from '../../../../src/gatekeeper/h323/ras/endpoint.js';
import { Cluster, callTo, type Node } from './cluster.js';
import { arq, brq, digits, drq, grq, guid, hex, irr, keepAlive, name, rrq, urq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, norr, type RasWorld, settled } from './world.js';

let cluster: Cluster;
let a: RasWorld;
let b: RasWorld;
let nodeA: Node;
let nodeB: Node;
beforeEach(() => {
  cluster = new Cluster();
  ({ world: a, node: nodeA } = cluster.join('gk-1'));
  ({ world: b, node: nodeB } = cluster.join('gk-2'));
});
afterEach(() => cluster.close());

const proven = (message: RasMessage, method: ProofMethod = 'h235.1', user = '461020001'): Buffer =>
  withToken(message, { method, user, now: cluster.clock.now() });

const bindings = (alias: string) => cluster.store.registrations.index.find(alias)?.bindings;

describe('an endpoint turns to another instance', () => {
  test('its keep-alive is confirmed there, with the same identifier, and goes on there', async () => {
    const { id } = await a.register(1, [digits('461010001'), name('room 1')], { timeToLive: 60 });
    nodeA.kill();
    await b.pass(30_000);
    const { endpointIdentifier, timeToLive } = await b.confirm('registrationConfirm', keepAlive(id), norr(1));
    expect({ endpointIdentifier, timeToLive }).toEqual({ endpointIdentifier: id, timeToLive: 60 });
    expect(b.outcomes.map(({ result }) => result)).toEqual(['refreshed']);
    // As long again, by the aliases in the registry and by the endpoint's own time.
    await b.pass(59_000);
    expect(await b.take()).toEqual([]);
    expect(bindings('461010001')).toMatchObject([{ instance: id }]);
    expect(b.gatekeeper.endpoints.find(id)).toMatchObject({
      aliases: ['461010001', 'room 1'],
      written: [digits('461010001'), name('room 1')],
      signalAddress: { address: norr(1).address, port: 1720 },
      source: norr(1),
      vendor: 'Room system 1.0',
    });
    await b.pass(10_000);
    expect(b.gatekeeper.size).toBe(0);
    expect(cluster.store.registrations.count()).toBe(0);
    expect(cluster.endpoints.size).toBe(0);
  });

  test('the instance that it leaves forgets it without a word, and takes it back when it returns', async () => {
    const { id } = await a.register(1, [digits('461010001')], { timeToLive: 60 });
    await b.confirm('registrationConfirm', keepAlive(id), norr(1));
    await settled();
    expect(a.gatekeeper.size).toBe(0);
    expect(bindings('461010001')).toHaveLength(1);
    // Its time at the first instance passes, and nothing happens there.
    await a.pass(59_000);
    await b.confirm('registrationConfirm', keepAlive(id), norr(1));
    await a.pass(30_000);
    expect(await a.take()).toEqual([]);
    expect(a.outcomes.filter(({ result }) => result === 'expired')).toEqual([]);
    await a.confirm('registrationConfirm', keepAlive(id), norr(1));
    await settled();
    expect([a.gatekeeper.size, b.gatekeeper.size]).toEqual([1, 0]);
    expect(bindings('461010001')).toHaveLength(1);
  });

  const requests: Record<string, (id: string) => RasMessage> = {
    admissionRequest: (id) => arq(id, [digits('461010002')]),
    bandwidthRequest: (id) => brq(id, 1000),
    disengageRequest: (id) => drq(id),
    unregistrationRequest: (id) => urq(norr(1), id),
    resourcesAvailableIndicate: (endpointIdentifier) => ({
      type: 'resourcesAvailableIndicate',
      value: { requestSeqNum: 7, protocolIdentifier: '0.0.8.2250.0.7', endpointIdentifier, protocols: [], almostOutOfResources: true },
    }),
    infoRequestResponse: (id) => irr(norr(1), id, 7, { unsolicited: true, needResponse: true }),
    'additive registrationRequest': (id) => rrq(norr(1), [name('more')], { endpointIdentifier: id, additiveRegistration: null }),
    'full registrationRequest': (id) => rrq(norr(1), [digits('461010001')], { endpointIdentifier: id }),
    'full registrationRequest without identifier': () => rrq(norr(1), [digits('461010001')]),
  };
  test.each(Object.keys(requests))('%s brings it along', async (type) => {
    const { id } = await a.register(1, [digits('461010001')]);
    await b.ask(requests[type]?.(id) ?? keepAlive(id), norr(1));
    await settled();
    expect(a.gatekeeper.size).toBe(0);
    if (type === 'unregistrationRequest') {
      expect(cluster.store.registrations.count()).toBe(0);
      expect(cluster.endpoints.size).toBe(0);
      return;
    }
    expect(b.gatekeeper.endpoints.find(id)).toBeDefined();
    expect(cluster.endpoints.get(id)?.owner).toBe('gk-2');
    if (type === 'resourcesAvailableIndicate') expect(b.gatekeeper.endpoints.find(id)?.almostOutOfResources).toBe(true);
    if (type.startsWith('additive')) expect(bindings('more')).toMatchObject([{ instance: id }]);
  });

  test('an answer to an IRQ does not: it is for whoever asked', async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    b.send(irr(norr(1), id, 7), norr(1));
    await settled();
    expect([a.gatekeeper.size, b.gatekeeper.size]).toEqual([1, 0]);
  });

  test.each(['h235.1', 'md5', 'cat'] as const)('with a password (%s) its keep-alive proves it', async (method) => {
    const at = anywhere(1);
    const { endpointIdentifier: id } = await a.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')]), method), at);
    await b.pass(2000);
    expect(await b.reason(keepAlive(id), at)).toMatchObject({ reason: 'fullRegistrationRequired' });
    expect(a.gatekeeper.size).toBe(1);
    await b.pass(6000);
    await b.confirm('registrationConfirm', proven(keepAlive(id), method), at);
    await settled();
    expect([a.gatekeeper.size, b.gatekeeper.size]).toEqual([0, 1]);
    // The token that proved it was good once.
    await b.pass(2000);
    await b.confirm('registrationConfirm', proven(keepAlive(id), method), at);
  });

  test('an instance that started anew knows the endpoints of its run before', async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    nodeA.kill();
    const { world } = cluster.join('gk-1');
    await world.confirm('registrationConfirm', keepAlive(id), norr(1));
  });

  test('a device that registers anew in full at another instance keeps its alias, and one that got another address as well', async () => {
    const at = anywhere(1);
    const { endpointIdentifier } = await a.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')])), at);
    await b.pass(1000);
    const same = await b.confirm('registrationConfirm', proven(rrq(at, [digits('461020001')])), at);
    expect(same.endpointIdentifier).toBe(endpointIdentifier);
    await b.pass(1000);
    const moved = await a.confirm('registrationConfirm', proven(rrq(anywhere(2), [digits('461020001')])), anywhere(2));
    await settled();
    expect(bindings('461020001')).toMatchObject([{ contact: 'h323:203.0.113.2:1720', instance: moved.endpointIdentifier }]);
    expect([a.gatekeeper.size, b.gatekeeper.size]).toEqual([1, 0]);
  });

  test("an alias of another instance's endpoint is free when that is silent, and not when it answers", async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    const wanted = () => rrq(norr(2), [digits('461010001')]);
    expect(await b.reason(wanted(), norr(2))).toMatchObject({ reason: 'duplicateAlias' });
    const [question] = await a.take();
    if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
    a.send(irr(norr(1), id, question.message.value.requestSeqNum), norr(1));
    await b.pass(7000);
    expect(await b.reason(wanted(), norr(2))).toMatchObject({ reason: 'duplicateAlias' });
    await b.pass(7000);
    await b.confirm('registrationConfirm', wanted(), norr(2));
    expect(bindings('461010001')).toMatchObject([{ contact: 'h323:198.51.100.2:1720' }]);
  });

  test('what another version wrote, or nobody, is unknown', async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    const kept = cluster.endpoints.get(id);
    if (!kept) throw new Error('nothing was told');
    const written = JSON.parse(kept.value);
    for (const value of ['', '7', '{"schema":1}', JSON.stringify({ ...written, schema: 2 }), JSON.stringify({ ...written, signal: 'x' })]) {
      cluster.endpoints.set(id, { ...kept, value });
      expect(await b.reason(keepAlive(id), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
      await b.pass(7000);
    }
    cluster.endpoints.set(id, { ...kept, value: JSON.stringify({ ...written, later: { version: 1 } }) });
    await b.confirm('registrationConfirm', keepAlive(id), norr(1));
  });
});

describe('nobody else can have it', () => {
  test('without a password it comes from its own address alone, and is not shut out by who tries', async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    expect(await b.reason(keepAlive(id), norr(2))).toMatchObject({ reason: 'fullRegistrationRequired' });
    expect(await b.reason(urq(norr(2), id), norr(2))).toMatchObject({ reason: 'notCurrentlyRegistered' });
    expect(await b.reason(rrq(norr(2), [digits('461010001')], { endpointIdentifier: id }), norr(2))).toMatchObject({
      reason: 'duplicateAlias',
    });
    expect(await b.reason(keepAlive(id), anywhere(9))).toMatchObject({ reason: 'fullRegistrationRequired' });
    expect(cluster.endpoints.get(id)?.owner).toBe('gk-1');
    await b.confirm('registrationConfirm', keepAlive(id), norr(1));
  });

  test.each(['h235.1', 'md5', 'cat'] as const)('a token (%s) that was heard at one instance is of no use at another', async (method) => {
    const at = anywhere(1);
    const thief = anywhere(66);
    const first = proven(rrq(at, [digits('461020001')]), method);
    const { endpointIdentifier: id } = await a.confirm('registrationConfirm', first, at);
    await b.pass(7000);
    const alive = proven(keepAlive(id), method);
    await a.confirm('registrationConfirm', alive, at);
    for (const stolen of [first, alive]) await b.reason(stolen, thief);
    // It was asked whether it is still there.
    for (const { message } of await a.take()) {
      if (message.type === 'infoRequest') a.send(proven(irr(at, id, message.value.requestSeqNum), method), at);
    }
    expect(cluster.endpoints.get(id)?.owner).toBe('gk-1');
    // It moves, and what was heard before does not lead it away there either.
    await b.pass(7000);
    const moving = proven(keepAlive(id), method);
    await b.confirm('registrationConfirm', moving, at);
    for (const stolen of [first, alive]) {
      await b.reason(stolen, thief);
      await a.reason(stolen, thief);
    }
    await a.reason(moving, thief);
    expect(cluster.endpoints.get(id)?.owner).toBe('gk-2');
    expect(b.gatekeeper.endpoints.find(id)?.source).toEqual(at);
  });

  test('whoever guesses identifiers asks the store once, however often it sends', async () => {
    const id = 'A'.repeat(24);
    for (let i = 0; i < 50; i++) {
      b.send(keepAlive(id), norr(1));
      await settled();
    }
    expect(nodeB.reads).toBe(1);
    for (const other of ['short', 'B'.repeat(25), 'å'.repeat(24)]) b.send(keepAlive(other), norr(1));
    await settled();
    expect(nodeB.reads).toBe(1);
    await b.pass(7000);
    b.send(keepAlive(id), norr(1));
    await settled();
    expect(nodeB.reads).toBe(2);
  });

  test('of a flood of identifiers from one address a hundred are looked up at once; the others are left and may come again', async () => {
    const requests = Array.from({ length: 300 }, (_, i) => rasMessage.encode(keepAlive(String(i).padStart(24, '0'))));
    await b.take();
    for (const request of requests) b.send(request, norr(1));
    expect(nodeB.reads).toBe(100);
    expect(await b.take()).toHaveLength(100);
    for (const request of requests.slice(100, 200)) b.send(request, norr(1));
    expect(await b.take()).toHaveLength(100);
  });

  test('with the store away nobody is taken for another: the endpoint is told to register, and may', async () => {
    const { id } = await a.register(1, [digits('461010001')]);
    cluster.away = true;
    expect(await b.reason(keepAlive(id), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
    expect(a.gatekeeper.size).toBe(1);
  });
});

describe('calls', () => {
  const call = { callIdentifier: { guid: guid('call-1') }, answerCall: true } as const;
  let endpoint: Endpoint;
  beforeEach(async () => {
    endpoint = await a.register(1, [digits('461010001')]);
  });

  test('an endpoint may answer a call that another instance leads to it, also when its question is faster than the news', async () => {
    a.send(arq(endpoint.id, [], call), norr(1));
    await settled();
    expect(await a.take()).toEqual([]);
    cluster.calls.set(hex('call-1'), callTo('461010001', hex('call-1')));
    await a.pass(500);
    expect(await a.take()).toMatchObject([{ message: { type: 'admissionConfirm' } }]);
    await a.confirm('bandwidthConfirm', brq(endpoint.id, 1000), norr(1));
    await a.confirm('disengageConfirm', drq(endpoint.id), norr(1));
    expect(await a.reason(brq(endpoint.id, 1000), norr(1))).toMatchObject({ reason: 'invalidConferenceID' });
  });

  test('nobody leads it: it was called past us', async () => {
    a.send(arq(endpoint.id, [], call), norr(1));
    await a.pass(2000);
    expect(await a.take()).toMatchObject([{ message: { type: 'admissionReject', value: { rejectReason: { type: 'requestDenied' } } } }]);
  });

  test('what it held is given back when the call is gone and nobody said so', async () => {
    cluster.calls.set(hex('call-1'), callTo('461010001', hex('call-1')));
    await a.confirm('admissionConfirm', arq(endpoint.id, [], call), norr(1));
    expect(a.gatekeeper.bandwidth.held(hex('call-1'), endpoint.id)).toBe(7680);
    await a.pass(120_000);
    expect(a.gatekeeper.bandwidth.held(hex('call-1'), endpoint.id)).toBe(7680);
    cluster.calls.clear();
    await a.pass(240_000);
    expect(a.gatekeeper.bandwidth.held(hex('call-1'), endpoint.id)).toBe(0);
  });
});

describe('alternates', () => {
  const told = (list: readonly AlternateGK[] | undefined) =>
    list?.map(({ gatekeeperIdentifier, needToRegister, priority }) => [gatekeeperIdentifier, needToRegister, priority]);

  test('the other instances are told, and need no registration; those of the configuration that are none of them come after', async () => {
    cluster.join('gk-3');
    const { world } = cluster.join('gk-4', {
      settings: {
        alternates: [
          { gatekeeperId: 'elsewhere', ras: { host: '192.0.2.99', port: 1719 }, priority: 0 },
          { gatekeeperId: 'second', ras: { host: '192.0.2.2', port: 1719 }, priority: 5 },
        ],
      },
    });
    const confirmed = await world.confirm('registrationConfirm', rrq(norr(1), [digits('461010001')]), norr(1));
    const list = told(confirmed.alternateGatekeeper);
    expect(list?.[0]).toEqual(['second', false, 0]);
    expect(
      list
        ?.slice(1, 3)
        .map(([id]) => id)
        .sort(),
    ).toEqual(['gk-1', 'gk-3']);
    expect(list?.slice(3)).toEqual([['elsewhere', true, 3]]);
    const found = await world.confirm('gatekeeperConfirm', grq(norr(1)), norr(1));
    expect(told(found.alternateGatekeeper)).toHaveLength(4);
  });

  test('the endpoints of an instance are spread over the others', async () => {
    for (const other of ['gk-3', 'gk-4']) cluster.join(other);
    const firsts = new Map<unknown, number>();
    for (let host = 1; host <= 60; host++) {
      const { alternateGatekeeper } = await a.confirm('registrationConfirm', rrq(norr(host), [name(`room ${host}`)]), norr(host));
      const first = alternateGatekeeper?.[0]?.gatekeeperIdentifier;
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    expect([...firsts.keys()].sort()).toEqual(['gk-2', 'gk-3', 'gk-4']);
    for (const count of firsts.values()) expect(count).toBeGreaterThan(5);
  });

  test('one that is lost is told no longer, and its name is still good for who comes from it', async () => {
    const { id } = await a.register(1, [digits('461010001')], { supportsAltGK: null });
    nodeA.kill();
    for (const listener of nodeB.onChange) listener();
    const confirmed = await b.confirm('registrationConfirm', keepAlive(id, { gatekeeperIdentifier: 'gk-1' }), norr(1));
    expect(confirmed.alternateGatekeeper).toBeUndefined();
    await b.confirm('registrationConfirm', rrq(norr(2), [digits('461010002')], { gatekeeperIdentifier: 'gk-1' }), norr(2));
    await b.confirm('gatekeeperConfirm', grq(norr(3), { gatekeeperIdentifier: 'gk-1' }), norr(3));
    expect(await b.reason(rrq(norr(3), [digits('461010003')], { gatekeeperIdentifier: 'gk-9' }), norr(3))).toMatchObject({
      reason: 'discoveryRequired',
    });
  });

  test('an instance that is being stopped sends endpoints to the others, for good, and serves those that cannot go', async () => {
    const { id } = await a.register(1, [digits('461010001')], { supportsAltGK: null });
    const old = await a.register(2, [digits('461010002')]);
    a.gatekeeper.drain();
    nodeA.shared.members.drain();
    const alternates = { altGKisPermanent: true, alternateGatekeeper: [{ gatekeeperIdentifier: 'gk-2', needToRegister: false }] };
    const light = await a.confirm('registrationReject', keepAlive(id), norr(1));
    expect(light).toMatchObject({ rejectReason: { type: 'resourceUnavailable' }, altGKInfo: alternates });
    const full = await a.confirm('registrationReject', rrq(norr(3), [name('new')], { supportsAltGK: null }), norr(3));
    expect(full.altGKInfo).toMatchObject(alternates);
    expect((await a.confirm('gatekeeperReject', grq(norr(3), { supportsAltGK: null }), norr(3))).altGKInfo).toMatchObject(alternates);
    expect((await a.confirm('admissionReject', arq(id, [digits('461010002')]), norr(1))).altGKInfo).toMatchObject(alternates);
    await a.confirm('registrationConfirm', keepAlive(old.id), norr(2));
    await b.confirm('registrationConfirm', keepAlive(id), norr(1));
    expect(bindings('461010001')).toMatchObject([{ instance: id }]);
    // Alone it has nobody to send them to.
    nodeB.kill();
    for (const listener of nodeA.onChange) listener();
    await a.confirm('registrationConfirm', rrq(norr(3), [name('new')], { supportsAltGK: null }), norr(3));
  });
});
