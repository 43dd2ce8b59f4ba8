import { afterEach, expect, test } from 'vitest';
import type { RasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { ProofMethod } from '../../../../src/gatekeeper/h323/ras/endpoint.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { digits, gatewayWith, irr, keepAlive, name, rrq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, gatewayAt, norr, peerA, RasWorld } from './world.js';

let world: RasWorld;
afterEach(() => world.close());

const proven = (message: RasMessage, user: string, method: ProofMethod = 'h235.1', password?: string): Buffer =>
  withToken(message, { method, user, now: world.clock.now(), ...(password !== undefined && { password }) });

/** The same address inside, wherever the NAT is. */
const inside = {
  callSignalAddress: [transportAddress({ address: '192.168.1.10', port: 1720 })],
  rasAddress: [transportAddress({ address: '192.168.1.10', port: 1719 })],
};

test("two users' devices with one private address behind one public one are two endpoints", async () => {
  world = new RasWorld();
  const first = anywhere(1);
  const second = { ...first, port: 33_333 };
  const one = await world.confirm('registrationConfirm', proven(rrq(first, [digits('461020001')], inside), '461020001'), first);
  const two = await world.confirm('registrationConfirm', proven(rrq(second, [digits('461020002')], inside), '461020002'), second);
  expect(two.endpointIdentifier).not.toBe(one.endpointIdentifier);
  expect(world.registered()).toEqual(['461020001', '461020002']);
  for (const [user, { endpointIdentifier }, at] of [
    ['461020001', one, first],
    ['461020002', two, second],
  ] as const) {
    const alive = await world.confirm('registrationConfirm', proven(keepAlive(endpointIdentifier), user), at);
    expect(alive.endpointIdentifier).toBe(endpointIdentifier);
    // Registering whole it is the same endpoint again, and the other stays.
    const again = await world.confirm('registrationConfirm', proven(rrq(at, [digits(user)], inside), user), at);
    expect(again.endpointIdentifier).toBe(endpointIdentifier);
  }
  expect(world.gatekeeper.size).toBe(2);
});

test("another organisation's device may have the same address behind the same NAT, too", async () => {
  world = new RasWorld({
    plan: (plan) => {
      plan.organisations.norr.zones.norr = { kind: 'hosted', accounts: { sharedPassword: 'password-of-the-tests' } };
    },
  });
  const syd = anywhere(1);
  const other = { ...syd, port: 40_000 };
  await world.confirm('registrationConfirm', proven(rrq(syd, [digits('461020001')], inside), '461020001'), syd);
  await world.confirm('registrationConfirm', proven(rrq(other, [digits('461010001')], inside), '461010001'), other);
  expect(world.registered()).toEqual(['461010001', '461020001']);
});

test('whoever proves its password takes its number along to a new address', async () => {
  world = new RasWorld();
  const old = await world.confirm('registrationConfirm', proven(rrq(anywhere(1), [digits('461020001')]), '461020001'), anywhere(1));
  const moved = await world.confirm('registrationConfirm', proven(rrq(anywhere(2), [digits('461020001')]), '461020001'), anywhere(2));
  expect(moved.endpointIdentifier).not.toBe(old.endpointIdentifier);
  expect(world.gatekeeper.size).toBe(1);
  expect(world.store.registrations.index.find('461020001')?.bindings).toMatchObject([{ contact: 'h323:203.0.113.2:1720' }]);
});

test('an alias whose holder is silent is free for the next RRQ; one whose holder answers is not', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')]);
  // Its new address, by DHCP: without a password its identifier proves nothing.
  const request = (): RasMessage => rrq(norr(2), [digits('461010001')], { endpointIdentifier: id });
  world.send(request(), norr(2));
  const [question, refusal] = await world.take();
  expect(question).toMatchObject({ to: norr(1), message: { type: 'infoRequest' } });
  expect(refusal).toMatchObject({ message: { type: 'registrationReject', value: { rejectReason: { type: 'duplicateAlias' } } } });
  if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
  world.send(irr(norr(1), id, question.message.value.requestSeqNum), norr(1));
  await world.pass(7000);
  expect(world.gatekeeper.endpoints.find(id)).toBeDefined();

  // However often it asks, the holder is asked once at a time.
  await world.reason(request(), norr(2));
  world.send(request(), norr(2));
  expect((await world.take()).filter(({ message }) => message.type === 'infoRequest')).toHaveLength(0);
  await world.pass(7000);
  expect(world.gatekeeper.endpoints.find(id)).toBeUndefined();
  await world.take();
  await world.confirm('registrationConfirm', request(), norr(2));
  expect(world.registered()).toEqual(['461010001']);
});

test('a holder that keeps itself alive while it is being asked stays', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')]);
  await world.pass(1000);
  await world.reason(rrq(norr(2), [digits('461010001')]), norr(2));
  await world.pass(1000);
  await world.take();
  await world.confirm('registrationConfirm', keepAlive(id), norr(1));
  await world.pass(10_000);
  expect(world.gatekeeper.endpoints.find(id)).toBeDefined();
});

test('the registration that an RRQ names counts before what is left of another at its new address', async () => {
  world = new RasWorld();
  const moved = { ...inside, callSignalAddress: [transportAddress({ address: '192.168.1.20', port: 1720 })] };
  const one = await world.register(1, [digits('461010001')], inside);
  const ghost = await world.register(1, [digits('461010002')], moved);
  expect(ghost.id).not.toBe(one.id);
  const again = await world.register(1, [digits('461010001')], { ...moved, endpointIdentifier: one.id });
  expect(again.id).toBe(one.id);
  expect(world.registered()).toEqual(['461010001']);
});

test('a device that takes another signalling port at each start is the same one where its RAS socket is', async () => {
  world = new RasWorld();
  await world.register(1, [digits('461010001')], { callSignalAddress: [transportAddress({ address: '198.51.100.1', port: 40_001 })] });
  await world.register(1, [digits('461010001')], { callSignalAddress: [transportAddress({ address: '198.51.100.1', port: 40_002 })] });
  expect(world.gatekeeper.size).toBe(1);
  expect(world.store.registrations.index.find('461010001')?.bindings).toMatchObject([{ contact: 'h323:198.51.100.1:40002' }]);
});

test('an IRR of another endpoint at the same address does not keep one alive', async () => {
  world = new RasWorld();
  const behind = { ...norr(1), port: 40_000 };
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  const other = await world.confirm('registrationConfirm', rrq(behind, [digits('461010002')], { timeToLive: 300 }), behind);
  await world.pass(60_000);
  const [question] = await world.take();
  if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
  world.send(irr(norr(1), other.endpointIdentifier, question.message.value.requestSeqNum), norr(1));
  await world.take();
  expect(world.gatekeeper.endpoints.find(id)).toBeUndefined();
  expect(world.registered()).toEqual(['461010002']);
});

test.each([
  [peerA, /among the sources of zone ost/],
  [{ address: '198.51.101.1', port: 1720 }, /among the sources of zone vik/],
  [{ address: '127.0.0.1', port: 6379 }, /no address of one device/],
  [{ address: '224.0.0.1', port: 1720 }, /no address of one device/],
  [{ address: '255.255.255.255', port: 1720 }, /no address of one device/],
  [{ address: 'ff02::1', port: 1720 }, /no address of one device/],
  [{ address: '::1', port: 1720 }, /no address of one device/],
] as const)('nobody is called at %o', async (address, sentence) => {
  world = new RasWorld();
  const request = rrq(norr(1), [digits('461010001')], { callSignalAddress: [transportAddress(address)] });
  expect(await world.reason(request, norr(1))).toEqual({
    reason: 'invalidCallSignalAddress',
    sentence: expect.stringMatching(sentence) as string,
  });
  expect(world.gatekeeper.size).toBe(0);
});

test('of several addresses the first counts at which the endpoint can be called, over TLS as well', async () => {
  let tls = { address: '198.51.100.1', port: 1300 };
  world = new RasWorld({ features: { answer: () => undefined, hasNeeded: () => true, tlsAddress: () => tls } });
  const featureSet = { replacementFeatureSet: false };
  const both = [transportAddress({ address: '127.0.0.1', port: 1720 }), transportAddress({ address: '198.51.100.1', port: 1720 })];
  const endpoint = await world.register(1, [digits('461010001')], { callSignalAddress: both, featureSet });
  expect(endpoint).toMatchObject({ signalAddress: { address: '198.51.100.1' }, tlsAddress: tls });
  for (tls of [
    { address: '127.0.0.1', port: 1300 },
    { address: peerA.address, port: 1300 },
  ]) {
    expect(await world.reason(rrq(norr(1), [digits('461010001')], { featureSet }), norr(1))).toMatchObject({
      reason: 'invalidCallSignalAddress',
    });
  }
});

test('a number that a reload gave to another organisation is given up at the next keep-alive', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')]);
  const other = await world.register(2, [name('room')]);
  world.reload((plan) => {
    plan.organisations.norr.series = [{ prefix: 46109, digits: 4 }];
    plan.organisations.syd.series = [
      { prefix: 46102, digits: 4 },
      { prefix: 46101, digits: 4 },
    ];
  });
  expect(await world.reason(keepAlive(id), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
  expect(world.registered()).toEqual(['room']);
  await world.confirm('registrationConfirm', proven(rrq(anywhere(1), [digits('461010001')]), '461010001'), anywhere(1));
  // What the reload left alone goes on as it was.
  expect((await world.confirm('registrationConfirm', keepAlive(other.id), norr(2))).endpointIdentifier).toBe(other.id);
});

test('one that answers an IRQ after a reload is judged as well', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  world.reload((plan) => {
    plan.organisations.norr.series = [{ prefix: 46109, digits: 4 }];
  });
  await world.pass(60_000);
  const [question] = await world.take();
  if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
  world.send(irr(norr(1), id, question.message.value.requestSeqNum), norr(1));
  expect((await world.take()).map(({ message }) => message.type)).toEqual(['unregistrationRequest']);
  expect(world.registered()).toEqual([]);
});

test('a prefix that a reload gave to another organisation leaves its old gateway, and stays the new one’s', async () => {
  world = new RasWorld();
  const request = rrq(gatewayAt, [], { terminalType: gatewayWith('462010') });
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', proven(request, 'gw-vik'), gatewayAt);
  world.reload((plan) => {
    const { vik } = plan.organisations;
    if (!vik) throw new Error('no vik');
    plan.organisations.oth = {
      ...structuredClone(vik),
      series: [{ prefix: 46201, digits: 4 }],
      domains: ['oth.example'],
      zones: { oth: { kind: 'h323-gateway', accounts: { users: { 'gw-oth': 'password-of-the-tests' } } } },
    };
    vik.series = [{ prefix: 46208, digits: 4 }];
  });
  await world.confirm('registrationConfirm', proven(rrq(anywhere(9), [], { terminalType: gatewayWith('462010') }), 'gw-oth'), anywhere(9));
  expect(await world.reason(proven(keepAlive(id), 'gw-vik'), gatewayAt)).toMatchObject({ reason: 'fullRegistrationRequired' });
  const [registration, ...others] = [...world.store.registrations.all()];
  expect(others).toEqual([]);
  expect(registration).toMatchObject({ organisation: 'oth', zone: 'oth', bindings: [{ contact: 'h323:203.0.113.9:1720' }] });
});

test('an endpoint whose zone was renamed registers anew at once', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')]);
  world.reload((plan) => {
    plan.organisations.norr.zones = { 'norr-new': { kind: 'hosted', sources: { addresses: ['198.51.100.0/24'] } } };
  });
  expect(await world.reason(keepAlive(id), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
  const anew = await world.register(1, [digits('461010001')], { endpointIdentifier: id });
  expect(anew.zone).toBe('norr-new');
  expect(world.gatekeeper.size).toBe(1);
});
