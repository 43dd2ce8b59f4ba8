import { afterEach, describe, expect, test } from 'vitest';
import type { AliasAddress, RasMessage } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { digits, gatewayWith, keepAlive, mcu, name, rrq, terminal, url } from './messages.js';
import { withToken } from './tokens.js';
import { anywhere, gatewayAt, norr, peerA, RasWorld, SIGNAL, settled, type WorldOptions } from './world.js';

let world: RasWorld;
const open = (options: WorldOptions = {}): RasWorld => {
  world = new RasWorld(options);
  return world;
};
afterEach(() => world.close());

/** vik's gateway without a password: its address is enough. */
const gatewayByAddress: WorldOptions = {
  plan: (plan) => {
    const zone = plan.organisations.vik?.zones.vik;
    if (zone) delete zone.accounts;
  },
};

describe('full registration', () => {
  test('an endpoint is registered by all its aliases and told so', async () => {
    open();
    const aliases = [digits('461010001'), name('Room 1'), url('h323:anna@norr.example')];
    const confirm = await world.confirm('registrationConfirm', rrq(norr(1), aliases, { timeToLive: 120 }), norr(1));
    expect(confirm).toMatchObject({
      callSignalAddress: [transportAddress(SIGNAL)],
      terminalAlias: aliases,
      gatekeeperIdentifier: 'portvakt',
      timeToLive: 120,
      willRespondToIRR: true,
      supportsAdditiveRegistration: null,
    });
    expect(confirm.endpointIdentifier).toMatch(/^[\w-]{24}$/);
    expect(confirm.alternateGatekeeper).toBeUndefined();
    expect(world.registered()).toEqual(['461010001', 'anna@norr.example', 'room 1']);
    const registration = world.store.registrations.index.find('461010001');
    expect(registration).toMatchObject({ organisation: 'norr', zone: 'norr', protocol: 'h323' });
    expect(registration?.bindings).toMatchObject([
      { contact: 'h323:198.51.100.1:1720', instance: confirm.endpointIdentifier, flow: 'udp ras' },
    ]);
    expect(world.gatekeeper.endpoints.find(confirm.endpointIdentifier)).toMatchObject({
      zone: 'norr',
      kind: 'terminal',
      signalAddress: { address: '198.51.100.1', port: 1720 },
      vendor: 'Room system 1.0',
      proof: undefined,
    });
    expect(world.outcomes).toMatchObject([{ result: 'registered', organisation: 'norr', alias: '461010001', source: '198.51.100.1' }]);
  });

  test('a name that ends with a NUL is the name without it, and an empty one is none', async () => {
    open();
    const aliases = [digits('461010001'), name('Room 1\0'), name('   '), name('\0')];
    await world.confirm('registrationConfirm', rrq(norr(1), aliases), norr(1));
    expect(world.registered()).toEqual(['461010001', 'room 1']);
  });

  test.each<[string, AliasAddress, string]>([
    ['a number as an H.323-ID', name('461010001'), '461010001'],
    ['an extension', digits('0001'), '461010001'],
    ['an international party number', party('internationalNumber', '461010001'), '461010001'],
    ['a number at its domain', url('0001@norr.example'), '461010001'],
    ['an e-mail address', { type: 'email-ID', value: 'Anna@Norr.example' }, 'anna@norr.example'],
    ['an H.323-ID with a domain', name('anna@norr.example'), 'anna@norr.example'],
    ['a name at our own address', name('room@192.0.2.1'), 'room'],
    ['a name with letters of any alphabet', name('Mötesrum Åre'), 'mötesrum åre'],
  ])('%s is registered', async (_, alias, key) => {
    open();
    await world.register(1, [alias]);
    expect(world.registered()).toEqual([key]);
  });

  test.each<[string, AliasAddress]>([
    ["another organisation's number", digits('461020001')],
    ['a number of nobody', digits('4799990001')],
    ['a number that is too long', digits('46101000123')],
    ["another organisation's domain", url('anna@syd.example')],
    ["another organisation's number at its own domain", url('461020001@norr.example')],
    ['a meeting', digits('4690012345')],
    ['an address', name('anna@192.0.2.77')],
    ['an unreadable name', name('<')],
  ])('%s is refused as invalidAlias, and nothing is registered', async (_, alias) => {
    open();
    const { reason, sentence } = await world.reason(rrq(norr(1), [digits('461010001'), alias]), norr(1));
    expect(reason).toBe('invalidAlias');
    expect(sentence).toMatch(/register only|register a number|write one/);
    expect(world.registered()).toEqual([]);
    expect(world.gatekeeper.size).toBe(0);
    expect(world.outcomes).toMatchObject([{ result: 'refused', refusal: 'aliasForeign', zone: 'norr' }]);
  });

  test.each([
    ['invalidRevision', { protocolIdentifier: '0.0.8.2249.0.7' }],
    ['discoveryRequired', { gatekeeperIdentifier: 'another' }],
    ['invalidRASAddress', { rasAddress: [] }],
    ['invalidCallSignalAddress', { callSignalAddress: [] }],
    ['invalidCallSignalAddress', { callSignalAddress: [transportAddress(SIGNAL)] }],
    ['invalidTerminalType', { terminalType: { gatekeeper: {}, mc: false, undefinedNode: false } }],
    ['invalidAlias', { terminalAlias: [] }],
    ['invalidAlias', { terminalType: gatewayWith('46101') }],
  ])('%s: %j', async (expected, change) => {
    open();
    const { reason, sentence } = await world.reason(rrq(norr(1), [digits('461010001')], change), norr(1));
    expect(reason).toBe(expected);
    expect(sentence.length).toBeGreaterThan(20);
    expect(world.registered()).toEqual([]);
  });

  test('one that is in no zone is refused, and so is a neighbour', async () => {
    open();
    expect(await world.reason(rrq(anywhere(1), [digits('461010001')]), anywhere(1))).toMatchObject({
      reason: 'securityDenial',
      sentence: expect.stringContaining("in no zone's sources"),
    });
    expect(await world.reason(rrq(peerA, [digits('464010001')]), peerA)).toMatchObject({
      reason: 'securityDenial',
      sentence: expect.stringContaining('h323-neighbour'),
    });
  });

  test.each([
    [1, 30],
    [100, 100],
    [4_000_000, 600],
    [undefined, 300],
  ])('a time to live of %s becomes %i', async (asked, given) => {
    open();
    const request = rrq(norr(1), [digits('461010001')], asked === undefined ? {} : { timeToLive: asked });
    expect((await world.confirm('registrationConfirm', request, norr(1))).timeToLive).toBe(given);
  });

  test('alternates are given', async () => {
    open({ settings: { alternates: [{ gatekeeperId: 'second', ras: { host: '192.0.2.9', port: 1719 }, priority: 5 }] } });
    const confirm = await world.confirm('registrationConfirm', rrq(norr(1), [digits('461010001')]), norr(1));
    expect(confirm.alternateGatekeeper).toEqual([
      {
        rasAddress: transportAddress({ address: '192.0.2.9', port: 1719 }),
        gatekeeperIdentifier: 'second',
        needToRegister: true,
        priority: 5,
      },
    ]);
  });
});

describe('registering again', () => {
  test('the same endpoint keeps its identifier, and what it no longer names is gone', async () => {
    open();
    const before = await world.register(1, [digits('461010001'), name('old')]);
    const after = await world.register(1, [digits('461010001'), name('new')]);
    expect(after).toBe(before);
    expect(after.aliases).toEqual(['461010001', 'new']);
    expect(world.registered()).toEqual(['461010001', 'new']);
    expect(world.gatekeeper.size).toBe(1);
    expect(world.outcomes.map(({ result }) => result)).toEqual(['registered', 'refreshed']);
  });

  test('with its identifier it may move to another signalling address', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    const moved = { callSignalAddress: [transportAddress({ address: '198.51.100.1', port: 3000 })], endpointIdentifier: id };
    await world.register(1, [digits('461010001')], moved);
    expect(world.gatekeeper.size).toBe(1);
    expect(world.store.registrations.index.find('461010001')?.bindings).toMatchObject([{ contact: 'h323:198.51.100.1:3000' }]);
    expect(world.gatekeeper.endpoints.findBySignalAddress({ address: '198.51.100.1', port: 1720 })).toBeUndefined();
    expect(world.gatekeeper.endpoints.findBySignalAddress({ address: '198.51.100.1', port: 3000 })?.id).toBe(id);
  });

  test("somebody else's identifier does not take its place", async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    expect(await world.reason(rrq(norr(2), [digits('461010001')], { endpointIdentifier: id }), norr(2))).toMatchObject({
      reason: 'duplicateAlias',
    });
    expect(world.gatekeeper.endpoints.find(id)?.source).toEqual(norr(1));
  });

  test('the same private address behind two NATs is two endpoints', async () => {
    open();
    const inside = {
      callSignalAddress: [transportAddress({ address: '10.0.0.5', port: 1720 })],
      rasAddress: [transportAddress({ address: '10.0.0.5', port: 1719 })],
    };
    const one = await world.register(1, [digits('461010001')], inside);
    const two = await world.register(2, [digits('461010002')], inside);
    expect(one.id).not.toBe(two.id);
    expect(
      world.gatekeeper.endpoints
        .atAddress('10.0.0.5')
        .map(({ id }) => id)
        .sort(),
    ).toEqual([one.id, two.id].sort());
    expect(world.gatekeeper.endpoints.atAddress('198.51.100.2')).toEqual([two]);
  });

  test('an alias of another endpoint is a duplicateAlias, in the way it was written', async () => {
    open();
    await world.register(1, [digits('461010001')]);
    const answer = await world.ask(rrq(norr(2), [name('Two'), digits('0001')]), norr(2));
    expect(answer).toMatchObject({
      type: 'registrationReject',
      value: { rejectReason: { type: 'duplicateAlias', value: [digits('0001')] } },
    });
    expect(world.registered()).toEqual(['461010001']);
    expect(world.outcomes.at(-1)).toMatchObject({ result: 'refused', refusal: 'aliasTaken' });
  });

  test('an alias that is registered over SIP is taken as well', async () => {
    open();
    const limits = { organisation: 100, total: 100 };
    const contact = {
      contact: 'sip:a@192.0.2.5',
      key: 'sip:a@192.0.2.5',
      expires: 60,
      q: 1000,
      instance: '',
      regId: 0,
      path: [],
      flow: 'udp',
    };
    const change = {
      alias: '461010001',
      organisation: 'norr',
      zone: 'norr',
      protocol: 'sip',
      callId: 'a',
      cseq: 1,
      removeAll: false,
      limits,
    } as const;
    await world.store.registrations.apply({ ...change, contacts: [contact] });
    expect(await world.reason(rrq(norr(1), [digits('461010001')]), norr(1))).toMatchObject({ reason: 'duplicateAlias' });

    await world.register(2, [digits('461010002')]);
    expect(await world.store.registrations.apply({ ...change, alias: '461010002', contacts: [contact] })).toMatchObject({
      refusal: 'aliasTaken',
    });
  });

  test('licences: one alias too many refuses them all, a refresh is not refused', async () => {
    open({
      plan: (plan) => {
        plan.organisations.norr.licences.registrations = 2;
      },
      settings: { alternates: [{ gatekeeperId: 'second', ras: { host: '192.0.2.9', port: 1719 }, priority: 5 }] },
    });
    await world.register(1, [digits('461010001')]);
    const answer = await world.ask(rrq(norr(2), [digits('461010002'), name('two')]), norr(2));
    expect(answer).toMatchObject({
      type: 'registrationReject',
      value: { rejectReason: { type: 'resourceUnavailable' }, altGKInfo: { alternateGatekeeper: [{ gatekeeperIdentifier: 'second' }] } },
    });
    expect(world.registered()).toEqual(['461010001']);
    await world.register(1, [digits('461010001')]);
    await world.register(1, [name('one'), name('uno')]);
    expect(world.registered()).toEqual(['one', 'uno']);
  });

  test('two requests of one endpoint at the same moment make one registration', async () => {
    open();
    world.send(rrq(norr(1), [digits('461010001')]), norr(1));
    world.send(rrq(norr(1), [digits('461010001')]), norr(1));
    const answers = await world.take();
    expect(answers.map(({ message }) => message.type)).toEqual(['registrationConfirm', 'registrationConfirm']);
    expect(world.outcomes.map(({ result }) => result)).toEqual(['registered', 'refreshed']);
    expect(world.gatekeeper.size).toBe(1);
  });
});

describe('keep-alive', () => {
  test('an endpoint lasts as long as it keeps itself alive, and its aliases with it', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')], { timeToLive: 60 });
    for (let i = 0; i < 5; i++) {
      await world.pass(50_000);
      const confirm = await world.confirm('registrationConfirm', keepAlive(id), norr(1));
      expect(confirm).toMatchObject({ endpointIdentifier: id, timeToLive: 60 });
      expect(confirm.terminalAlias).toBeUndefined();
    }
    expect(world.registered()).toEqual(['461010001']);
    expect(world.store.registrations.index.find('461010001')?.bindings[0]?.expiresAt).toBe(world.clock.now() + 120_000);
  });

  test('an unknown identifier has to register whole', async () => {
    open();
    expect(await world.reason(keepAlive('unknown'), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
  });

  test('from another address the endpoint has to register whole; from another port it has moved', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    expect(await world.reason(keepAlive(id), norr(2))).toMatchObject({ reason: 'fullRegistrationRequired' });
    await world.confirm('registrationConfirm', keepAlive(id), { ...norr(1), port: 40_000 });
    expect(world.gatekeeper.endpoints.find(id)?.source.port).toBe(40_000);
  });

  test('a zone that a reload took away is over', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    world.reload((plan) => {
      plan.organisations.norr.zones = {
        norr: { kind: 'hosted', sources: { addresses: ['198.51.100.0/24'] }, accounts: { sharedPassword: 'another password' } },
      };
    });
    expect(await world.reason(keepAlive(id), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
    expect(await world.reason(rrq(norr(1), [digits('461010001')]), norr(1))).toMatchObject({ reason: 'securityDenial' });
  });
});

describe('additive registration', () => {
  test('adds to what is there, and can be repeated', async () => {
    open();
    const { id } = await world.register(1, [digits('461010001')]);
    const more = rrq(norr(1), [name('more')], { additiveRegistration: null, endpointIdentifier: id });
    const confirm = await world.confirm('registrationConfirm', more, norr(1));
    expect(confirm.terminalAlias).toEqual([name('more')]);
    await world.confirm(
      'registrationConfirm',
      rrq(norr(1), [name('more')], { additiveRegistration: null, endpointIdentifier: id }),
      norr(1),
    );
    expect(world.registered()).toEqual(['461010001', 'more']);
    await world.pass(200_000);
    await world.confirm('registrationConfirm', keepAlive(id), norr(1));
    await world.pass(200_000);
    expect(world.registered()).toEqual(['461010001', 'more']);
  });

  test('has the same limit as a full one, and its answer names only what it asked for', async () => {
    world = new RasWorld({
      plan: (plan) => {
        plan.licences.registrations = 500;
        plan.organisations.norr.licences.registrations = 500;
      },
    });
    const { id } = await world.register(1, [digits('461010001')]);
    const more = (round: number, count: number): RasMessage =>
      rrq(
        norr(1),
        Array.from({ length: count }, (_, i) => name(`${round} ${i} `.padEnd(200, 'x'))),
        { additiveRegistration: null, endpointIdentifier: id },
      );
    const confirm = await world.confirm('registrationConfirm', more(1, 60), norr(1));
    expect(confirm.terminalAlias).toHaveLength(60);
    expect(await world.reason(more(2, 4), norr(1))).toEqual({ reason: 'invalidAlias', sentence: expect.stringMatching(/64 aliases/) });
    expect((await world.confirm('registrationConfirm', more(3, 3), norr(1))).terminalAlias).toHaveLength(3);
    expect(world.gatekeeper.endpoints.find(id)?.aliases).toHaveLength(64);
  });

  test('gives a terminal no prefixes', async () => {
    open();
    const request = rrq(gatewayAt, [digits('462010001')]);
    const token = { method: 'h235.1', user: 'gw-vik', now: world.clock.now() } as const;
    const { endpointIdentifier } = await world.confirm('registrationConfirm', withToken(request, token), gatewayAt);
    const more = rrq(gatewayAt, [], { additiveRegistration: null, endpointIdentifier, terminalType: gatewayWith('462010') });
    const confirm = await world.confirm('registrationConfirm', withToken(more, token), gatewayAt);
    expect(confirm.supportedPrefixes).toBeUndefined();
    expect(world.gatekeeper.endpoints.find(endpointIdentifier)?.prefixes).toEqual([]);
    expect(world.registered()).toEqual(['462010001']);
  });

  test('needs a registration, and leaves it as it is when refused', async () => {
    open();
    const additive = (id: string, alias: AliasAddress) => rrq(norr(1), [alias], { additiveRegistration: null, endpointIdentifier: id });
    expect(await world.reason(additive('unknown', name('x')), norr(1))).toMatchObject({ reason: 'fullRegistrationRequired' });
    const { id } = await world.register(1, [digits('461010001')]);
    await world.register(2, [digits('461010002')]);
    expect(await world.reason(additive(id, digits('461010002')), norr(1))).toMatchObject({ reason: 'duplicateAlias' });
    expect(await world.reason(additive(id, digits('461020001')), norr(1))).toMatchObject({ reason: 'invalidAlias' });
    expect(world.gatekeeper.endpoints.find(id)?.aliases).toEqual(['461010001']);
  });
});

describe('gateways', () => {
  test('register prefixes, which several may share, and number for which they are called', async () => {
    open(gatewayByAddress);
    const second = { address: gatewayAt.address, port: 2719 };
    for (const from of [gatewayAt, second]) {
      const confirm = await world.confirm(
        'registrationConfirm',
        rrq(from, [name(`gw ${from.port}`)], { terminalType: gatewayWith('46201', '4620100') }),
        from,
      );
      expect(confirm.supportedPrefixes).toEqual([{ prefix: digits('46201') }, { prefix: digits('4620100') }]);
    }
    expect(world.registered()).toEqual(['4620100@*', '46201@*', 'gw 1719', 'gw 2719']);
    expect(world.store.registrations.index.find('46201@*')?.bindings).toHaveLength(2);
    const only = rrq(second, [], { terminalType: gatewayWith('46201') });
    await world.confirm('registrationConfirm', only, second);
    expect(world.registered()).toEqual(['4620100@*', '46201@*', 'gw 1719']);
  });

  test.each(['46101', '4', '462010000000', '#9'])('the prefix %s is not theirs', async (prefix) => {
    open(gatewayByAddress);
    const request = rrq(gatewayAt, [digits('462010001')], { terminalType: gatewayWith(prefix) });
    expect(await world.reason(request, gatewayAt)).toMatchObject({ reason: 'invalidAlias', sentence: expect.stringContaining(prefix) });
  });

  test('an MCU registers as one', async () => {
    open(gatewayByAddress);
    const confirm = await world.confirm('registrationConfirm', rrq(gatewayAt, [digits('462010001')], { terminalType: mcu }), gatewayAt);
    expect(world.gatekeeper.endpoints.find(confirm.endpointIdentifier)?.kind).toBe('mcu');
  });
});

describe('features', () => {
  test('what is needed and not there is refused; what is answered is in the RCF', async () => {
    const answered = { replacementFeatureSet: false, supportedFeatures: [{ id: { type: 'standard', value: 22 } as const }] };
    open({
      features: {
        answer: (asked) => asked && answered,
        hasNeeded: ({ neededFeatures = [] }) => neededFeatures.length === 0,
        tlsAddress: () => ({ address: '198.51.100.1', port: 1300 }),
      },
    });
    const needed = { replacementFeatureSet: false, neededFeatures: [{ id: { type: 'standard', value: 99 } as const }] };
    expect(await world.reason(rrq(norr(1), [digits('461010001')], { featureSet: needed }), norr(1))).toMatchObject({
      reason: 'neededFeatureNotSupported',
    });
    const request = rrq(norr(1), [digits('461010001')], { featureSet: { replacementFeatureSet: false } });
    const confirm = await world.confirm('registrationConfirm', request, norr(1));
    expect(confirm.featureSet).toEqual(answered);
    expect(world.gatekeeper.endpoints.find(confirm.endpointIdentifier)?.tlsAddress).toEqual({ address: '198.51.100.1', port: 1300 });
  });
});

test('nothing is left of those who come and go', async () => {
  open();
  for (let i = 0; i < 50; i++) {
    const { id } = await world.register(i, [name(`room ${i}`)], { terminalType: terminal });
    await world.gatekeeper.endpoints.remove(world.gatekeeper.endpoints.find(id) ?? never());
  }
  await settled();
  expect(world.registered()).toEqual([]);
  expect(world.gatekeeper.size).toBe(0);
  expect(world.gatekeeper.endpoints.atAddress('198.51.100.1')).toEqual([]);
});

function never(): never {
  throw new Error('it is not there');
}

function party(type: 'internationalNumber', publicNumberDigits: string): AliasAddress {
  return { type: 'partyNumber', value: { type: 'e164Number', value: { publicTypeOfNumber: { type, value: null }, publicNumberDigits } } };
}
