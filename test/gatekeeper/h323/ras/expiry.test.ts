import { afterEach, expect, test } from 'vitest';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { digits, irr, keepAlive, name, nextSeqNum, rrq, urq } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, norr, RAS, RasWorld, type Sent } from './world.js';

let world: RasWorld;
afterEach(() => world.close());

const types = (sent: readonly Sent[]): string[] => sent.map(({ message }) => message.type);

test('an endpoint whose time is up is asked twice, then ended, and told so', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  await world.pass(60_000);
  const [question] = await world.take();
  expect(question).toMatchObject({
    to: norr(1),
    local: RAS,
    message: { type: 'infoRequest', value: { replyAddress: transportAddress(RAS) } },
  });
  // While it is being asked it is still there, and so are its aliases.
  expect(world.registered()).toEqual(['461010001']);
  await world.pass(3000);
  const [again] = await world.take();
  expect(again?.bytes).toEqual(question?.bytes);
  await world.pass(3000);
  expect(await world.take()).toMatchObject([
    { to: norr(1), message: { type: 'unregistrationRequest', value: { endpointIdentifier: id, reason: { type: 'ttlExpired' } } } },
  ]);
  expect(world.registered()).toEqual([]);
  expect(world.gatekeeper.endpoints.find(id)).toBeUndefined();
  expect(world.outcomes.at(-1)).toMatchObject({ result: 'expired', alias: '461010001' });
  await world.pass(20_000);
  expect(await world.take()).toEqual([]);
});

test('one that answers stays, for another time to live', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  for (let round = 0; round < 3; round++) {
    await world.pass(60_000);
    const [question] = await world.take();
    if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
    world.send(irr(norr(1), id, question.message.value.requestSeqNum), norr(1));
    expect(await world.take()).toEqual([]);
    expect(world.gatekeeper.endpoints.find(id)?.expiresAt).toBe(world.clock.now() + 60_000);
  }
  expect(world.registered()).toEqual(['461010001']);
});

test("another address's answer is nobody's", async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  await world.pass(60_000);
  const [question] = await world.take();
  if (question?.message.type !== 'infoRequest') throw new Error('no IRQ came');
  world.send(irr(norr(2), id, question.message.value.requestSeqNum), norr(2));
  await world.pass(6000);
  expect(world.gatekeeper.size).toBe(0);
});

test('a keep-alive during the question counts', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  await world.pass(61_000);
  await world.take();
  await world.confirm('registrationConfirm', keepAlive(id), norr(1));
  await world.pass(10_000);
  expect(world.gatekeeper.endpoints.find(id)?.expiresAt).toBe(world.clock.now() + 50_000);
});

test('behind a NAT it is asked where its RRQ came from', async () => {
  world = new RasWorld();
  const inside = [transportAddress({ address: '10.0.0.5', port: 1719 })];
  await world.register(1, [digits('461010001')], { timeToLive: 60, rasAddress: inside });
  await world.pass(60_000);
  expect(await world.take()).toMatchObject([{ to: norr(1) }]);
});

test('many at once are asked in turn, and nobody is forgotten', async () => {
  world = new RasWorld({
    plan: (plan) => {
      plan.licences.registrations = 5000;
      plan.organisations.norr.licences.registrations = 5000;
    },
  });
  for (let i = 0; i < 1200; i++)
    world.send(rrq({ address: `198.51.100.${i % 250}`, port: 2000 + 2 * i }, [name(`room ${i}`)], { timeToLive: 60 }), {
      address: `198.51.100.${i % 250}`,
      port: 2000 + 2 * i,
    });
  expect(types(await world.take()).filter((type) => type === 'registrationConfirm')).toHaveLength(1200);
  await world.pass(60_000);
  expect((await world.take()).length).toBe(500);
  await world.pass(20_000);
  expect(world.gatekeeper.size).toBe(0);
  expect(world.registered()).toEqual([]);
});

test('when nobody ends them, aliases run out by themselves after the grace', async () => {
  world = new RasWorld();
  await world.register(1, [digits('461010001')], { timeToLive: 60 });
  world.gatekeeper.close();
  await world.pass(121_000);
  expect(world.registered()).toEqual([]);
});

test('an endpoint unregisters: whole, or some of its aliases', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001'), name('room'), name('other')]);
  await world.confirm('unregistrationConfirm', urq(norr(1), id, { endpointAlias: [name('Room')] }), norr(1));
  expect(world.registered()).toEqual(['461010001', 'other']);
  expect(world.gatekeeper.endpoints.find(id)).toMatchObject({
    aliases: ['461010001', 'other'],
    written: [digits('461010001'), name('other')],
  });
  expect(await world.reason(urq(norr(1), id, { endpointAlias: [name('room')] }), norr(1))).toMatchObject({ reason: 'permissionDenied' });
  // Version 1 has no identifier: the signalling address tells.
  await world.confirm('unregistrationConfirm', urq(norr(1), undefined), norr(1));
  expect(world.registered()).toEqual([]);
  expect(await world.reason(urq(norr(1), id), norr(1))).toMatchObject({ reason: 'notCurrentlyRegistered' });
  expect(world.outcomes.map(({ result }) => result)).toEqual(['registered', 'refreshed', 'unregistered']);
});

test('an alias that a URQ names in two ways is one: the endpoint keeps the others', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001'), name('room')]);
  await world.confirm('unregistrationConfirm', urq(norr(1), id, { endpointAlias: [digits('461010001'), name('461010001')] }), norr(1));
  expect(world.registered()).toEqual(['room']);
});

test('a URJ to an endpoint that signs is signed', async () => {
  world = new RasWorld();
  const sign = (message: ReturnType<typeof rrq>): Buffer =>
    withToken(message, { method: 'h235.1', user: '461020001', now: world.clock.now() });
  const { endpointIdentifier: id } = await world.confirm('registrationConfirm', sign(rrq(anywhere(1), [digits('461020001')])), anywhere(1));
  const reject = await world.confirm('unregistrationReject', sign(urq(anywhere(1), id, { endpointAlias: [name('other')] })), anywhere(1));
  expect(reject.rejectReason.type).toBe('permissionDenied');
  expect(reject.cryptoTokens).toHaveLength(1);
});

test("nobody unregisters another's endpoint", async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')]);
  expect(await world.reason(urq(norr(2), id), norr(2))).toMatchObject({ reason: 'securityDenial' });
  expect(world.registered()).toEqual(['461010001']);
});

test('an alias that ran out and is another’s by now stays the other’s', async () => {
  world = new RasWorld({ settings: { graceSeconds: 0 } });
  const old = await world.register(1, [digits('461010001')], { timeToLive: 60 });
  await world.pass(61_500);
  await world.take();
  await world.register(2, [digits('461010001')]);
  await world.pass(6000);
  expect(world.gatekeeper.endpoints.find(old.id)).toBeUndefined();
  expect(world.registered()).toEqual(['461010001']);
});

test('an IRR that wants an answer gets one', async () => {
  world = new RasWorld();
  const { id } = await world.register(1, [digits('461010001')]);
  const seqNum = nextSeqNum();
  await world.confirm('infoRequestAck', irr(norr(1), id, seqNum, { needResponse: true, unsolicited: true }), norr(1));
  const nak = await world.ask(irr(norr(1), 'unknown', nextSeqNum(), { needResponse: true, unsolicited: true }), norr(1));
  expect(nak).toMatchObject({ type: 'infoRequestNak', value: { nakReason: { type: 'notRegistered' } } });
  world.send(irr(norr(1), id, nextSeqNum(), { needResponse: false, unsolicited: true }), norr(1));
  expect(await world.take()).toEqual([]);
});
