import { afterEach, describe, expect, test } from 'vitest';
import { authenticationOffer } from '../../../../src/gatekeeper/h323/h235/choose-authentication.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { digits, grq, rrq } from './messages.js';
import { anywhere, gatewayAt, norr, peerA, RAS, RasWorld, type WorldOptions } from './world.js';

let world: RasWorld;
const open = (options: WorldOptions = {}): RasWorld => {
  world = new RasWorld(options);
  return world;
};
afterEach(() => world.close());

const onlyNorr: WorldOptions = {
  plan: (plan) => {
    plan.organisations.syd.zones = { syd: { kind: 'hosted', sources: { addresses: ['198.51.102.0/24'] } } };
    delete plan.organisations.vik;
  },
};

test('an endpoint that we know by its address finds us', async () => {
  open({ settings: { alternates: [{ gatekeeperId: 'second', ras: { host: '192.0.2.9', port: 1719 }, priority: 5 }] } });
  const confirm = await world.confirm('gatekeeperConfirm', grq(norr(1), { gatekeeperIdentifier: 'portvakt' }), norr(1));
  expect(confirm).toMatchObject({ gatekeeperIdentifier: 'portvakt', rasAddress: transportAddress(RAS) });
  expect(confirm.authenticationMode).toBeUndefined();
  expect(confirm.alternateGatekeeper).toMatchObject([{ gatekeeperIdentifier: 'second', priority: 5 }]);
  expect(world.gatekeeper.size).toBe(0);
});

test('the strongest way to prove a password is chosen', async () => {
  open();
  const offers = [authenticationOffer('cat'), authenticationOffer('md5'), authenticationOffer('h235.1')];
  const offer = {
    authenticationCapability: offers.flatMap(({ authenticationCapability }) => authenticationCapability ?? []),
    algorithmOIDs: offers.flatMap(({ algorithmOIDs }) => algorithmOIDs ?? []),
  };
  const confirm = await world.confirm('gatekeeperConfirm', grq(anywhere(1), offer), anywhere(1));
  expect(confirm).toMatchObject({ authenticationMode: { type: 'pwdHash' }, algorithmOID: '0.0.8.235.0.2.6' });
  const cat = await world.confirm('gatekeeperConfirm', grq(gatewayAt, authenticationOffer('cat')), gatewayAt);
  expect(cat.authenticationMode).toEqual({ type: 'authenticationBES', value: { type: 'radius', value: null } });
});

test.each([
  ['terminalExcluded', { gatekeeperIdentifier: 'another' }, norr(1), {}],
  ['invalidRevision', { protocolIdentifier: '1.2.3' }, norr(1), {}],
  ['terminalExcluded', {}, peerA, {}],
  ['terminalExcluded', {}, anywhere(1), onlyNorr],
  ['securityDenial', {}, anywhere(1), {}],
])('%s: %j', async (expected, change, from, options) => {
  open(options);
  const { reason, sentence } = await world.reason(grq(from, change), from);
  expect(reason).toBe(expected);
  expect(sentence).toMatch(/correct|switch|add|register here|speaks/);
});

test('a feature that is needed and not there', async () => {
  open({ features: { answer: () => undefined, hasNeeded: () => false, tlsAddress: () => undefined } });
  const featureSet = { replacementFeatureSet: false };
  expect((await world.reason(grq(norr(1), { featureSet }), norr(1))).reason).toBe('neededFeatureNotSupported');
});

test('the answer goes to the RAS address of the same host, never to another host', async () => {
  open();
  world.send(grq({ ...norr(1), port: 5000 }), norr(1));
  world.send(grq(norr(9)), norr(1));
  expect((await world.take()).map(({ to }) => to)).toEqual([{ ...norr(1), port: 5000 }, norr(1)]);
});

describe('by multicast', () => {
  test('only whom we serve is answered', async () => {
    open(onlyNorr);
    world.send(grq(norr(1)), norr(1), true);
    world.send(grq(anywhere(1)), anywhere(1), true);
    world.send(grq(norr(2), { gatekeeperIdentifier: 'another' }), norr(2), true);
    expect((await world.take()).map(({ message, to }) => [message.type, to])).toEqual([['gatekeeperConfirm', norr(1)]]);
  });

  test('nothing but a question is answered', async () => {
    open();
    world.send(rrq(norr(1), [digits('461010001')]), norr(1), true);
    expect(await world.take()).toEqual([]);
    expect(world.gatekeeper.size).toBe(0);
  });
});
