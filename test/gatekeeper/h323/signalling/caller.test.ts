import { describe, expect, it } from 'vitest';
import { partyNumber } from '../../../../src/gatekeeper/h323/q931/party-number.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { place, release, type SetupOptions } from './calls.js';
import { releaseOf } from './links.js';
import { type Party, SIGNALLING, useWorld, World } from './world.js';
import { PEER_A } from './zones.js';

const world = useWorld();

/** Who the gatekeeper takes the caller for, or why it does not take the call. Ends the call. */
async function callerOf(caller: Party, options: SetupOptions = {}, to = '461020001') {
  const [callee] = world().ras.endpoints.atAddress('10.2.0.99');
  if (!callee) await world().endpoint('461020001', 'syd', { address: '10.2.0.99' });
  const before = world().records.length;
  const { leg, identifier } = place(caller, to, options);
  await world().settle();
  if (leg.received.length === 0) {
    release(leg, identifier);
    return world().record().caller;
  }
  const { reason } = releaseOf(leg.take('releaseComplete'));
  return { reason, record: world().records.length > before ? world().record() : undefined };
}

describe('a registered endpoint', () => {
  it('is known by its endpointIdentifier and address', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    expect(await callerOf(norr, { setup: { sourceAddress: undefined } })).toMatchObject({ zone: 'norr', alias: '461010001' });
  });

  it('is known behind NAT, where only its registration came from the address of the connection', async () => {
    const norr = await world().endpoint('461010001', 'norr', { address: '192.168.0.5', source: '10.1.0.5' });
    const wire = norr.dial({ from: '10.1.0.5' });
    expect(await callerOf(norr, { wire })).toMatchObject({ zone: 'norr', alias: '461010001' });
  });

  it('is not who has its identifier at another address', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const thief = world().stranger('10.1.0.77');
    expect(await callerOf(thief, { setup: { endpointIdentifier: norr.id } })).toEqual({ reason: 'callerNotRegistered', record: undefined });
    expect(world().refused.at(-1)?.sentence).toMatch(/endpointIdentifier .* not one of an endpoint registered from 10\.1\.0\.77/);
  });

  it('may carry the identifier of another gatekeeper, which says nothing here', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    expect(await callerOf(norr, { setup: { endpointIdentifier: '1234_elsewhere' } })).toMatchObject({ zone: 'norr', alias: '461010001' });
    const ost = world().stranger(PEER_A);
    expect(await callerOf(ost, { setup: { endpointIdentifier: '1234_elsewhere' } })).toMatchObject({ zone: 'ost' });
    const unknown = world().stranger('192.0.2.77');
    expect(await callerOf(unknown, { setup: { endpointIdentifier: '1234_elsewhere' } })).toMatchObject({ reason: 'callerNotRegistered' });
    expect(world().refused.at(-1)?.sentence).toMatch(/let it register again/);
  });

  it('that registered the address of another zone is not the caller of what that zone calls', async () => {
    await world().endpoint('461010007', 'norr', { address: PEER_A, source: '10.1.0.9' });
    expect(await callerOf(world().stranger(PEER_A))).toMatchObject({ zone: 'ost' });
  });

  it('that proved a password is not told by its address alone', async () => {
    const norr = await world().endpoint('461010001', 'norr', { proof: { user: '461010001', method: 'h235.1' } });
    expect(await callerOf(norr, { setup: { endpointIdentifier: undefined } })).toMatchObject({ reason: 'callerNotRegistered' });
    expect(await callerOf(norr)).toMatchObject({ zone: 'norr', alias: '461010001' });
  });

  it('is known by its ARQ', async () => {
    const one = await world().endpoint('461010001', 'norr', { address: '10.1.0.8' });
    const two = await world().endpoint('461010002', 'norr', { address: '10.1.0.8' });
    await world().endpoint('461020001', 'syd', { address: '10.2.0.99' });
    for (const party of [one, two]) {
      const guid = Buffer.from(party.alias.padEnd(16, '-'));
      const reply = party.ras({
        type: 'admissionRequest',
        value: {
          requestSeqNum: 7,
          callType: { type: 'pointToPoint', value: null },
          endpointIdentifier: party.id,
          destinationInfo: [{ type: 'dialedDigits', value: '461020001' }],
          srcInfo: [{ type: 'dialedDigits', value: party.alias }],
          bandWidth: 7680,
          callReferenceValue: 1,
          conferenceID: guid,
          activeMC: false,
          answerCall: false,
          canMapAlias: false,
          callIdentifier: { guid },
          willSupplyUUIEs: false,
        },
      });
      expect(reply?.type).toBe('admissionConfirm');
      const setup = { endpointIdentifier: undefined, sourceAddress: undefined, callIdentifier: { guid } };
      expect(await callerOf(party, { setup })).toMatchObject({ alias: party.alias });
    }
  });

  it('is known by its address alone, and of several behind one by the alias that it says', async () => {
    const one = await world().endpoint('461010001', 'norr', { address: '10.1.0.8' });
    const unnamed = { endpointIdentifier: undefined, sourceAddress: undefined };
    expect(await callerOf(one, { setup: unnamed })).toMatchObject({ alias: '461010001' });
    const two = await world().endpoint('461010002', 'norr', { address: '10.1.0.8' });
    expect(await callerOf(two, { setup: { endpointIdentifier: undefined } })).toMatchObject({ alias: '461010002' });
    expect(await callerOf(two, { setup: unnamed })).toMatchObject({
      reason: 'callerNotRegistered',
      record: { reason: 'endpointNotRegistered' },
    });
  });

  it('may not claim a number of another organisation, wherever it writes it', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const foreign = { type: 'dialedDigits', value: '461020009' } as const;
    const claims: SetupOptions[] = [
      { setup: { sourceAddress: [foreign] } },
      {
        setup: {
          sourceAddress: [
            { type: 'h323-ID', value: 'Anna' },
            { type: 'url-ID', value: 'h323:bo@syd.example' },
          ],
        },
      },
      { elements: [partyNumber('callingPartyNumber', { digits: '461020009' })] },
      { setup: { additionalSourceAddresses: [{ address: foreign }] } },
    ];
    for (const claim of claims) {
      const answer = await callerOf(norr, claim);
      expect(answer).toMatchObject({
        reason: 'noPermission',
        record: { reason: 'callerIdentityForeign', status: 21, caller: { zone: 'norr' } },
      });
    }
    expect(world().refused.at(-1)?.sentence).toBe('The caller says that it is 461020009, which is an address of syd');
  });

  it('is its registered number in the record, and a gateway the number behind it', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    expect(await callerOf(norr, { setup: { sourceAddress: [{ type: 'h323-ID', value: 'Anna' }] } })).toMatchObject({ alias: '461010001' });
    const vik = await world().endpoint('gw', 'vik', { kind: 'gateway', prefixes: ['46201'] });
    expect(await callerOf(vik, { setup: { sourceAddress: [{ type: 'dialedDigits', value: '462010042' }] } })).toMatchObject({
      zone: 'vik',
      alias: '462010042',
    });
  });

  it('of a zone that a reload took away is no longer known', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const other = new World({
      plan: (plan) => {
        plan.organisations = Object.fromEntries(
          Object.entries(plan.organisations).filter(([id]) => id !== 'norr'),
        ) as typeof plan.organisations;
      },
    });
    world().plan = other.plan;
    await other.expectNothingLeft();
    expect(await callerOf(norr)).toEqual({ reason: 'callerNotRegistered', record: undefined });
  });
});

describe('who is not registered', () => {
  it('may call from a neighbour gatekeeper’s address', async () => {
    const peer = world().stranger(PEER_A);
    const setup = { sourceAddress: [{ type: 'dialedDigits', value: '464010005' } as const] };
    expect(await callerOf(peer, { setup })).toMatchObject({ zone: 'ost', organisation: 'ost', alias: '464010005' });
    const foreign = { sourceAddress: [{ type: 'dialedDigits', value: '461010005' } as const] };
    expect(await callerOf(peer, { setup: foreign })).toMatchObject({ reason: 'noPermission' });
  });

  it('may call from a hosted zone that allows it, and from no other', async () => {
    expect(await callerOf(world().stranger('10.6.0.1'))).toMatchObject({ zone: 'oreg', organisation: 'oreg', alias: '' });
    const refused = await callerOf(world().stranger('10.1.0.1'));
    expect(refused).toMatchObject({
      reason: 'callerNotRegistered',
      record: { reason: 'endpointNotRegistered', caller: { zone: 'norr', alias: '' } },
    });
    expect(world().refused.at(-1)?.sentence).toBe('10.1.0.1 belongs to zone norr, but no endpoint is registered from there');
  });

  it('may not call from the address of a SIP zone', async () => {
    const refused = await callerOf(world().stranger('10.3.0.1', 5060), { wire: world().stranger('10.3.0.1', 30_000).dial() });
    // The trunk's source is its peer with its port: any other port is a stranger's.
    expect(refused).toEqual({ reason: 'noPermission', record: undefined });
  });

  it('is refused without a record where it belongs nowhere and there is no internet zone', async () => {
    expect(await callerOf(world().stranger('203.0.113.9'))).toEqual({ reason: 'noPermission', record: undefined });
    expect(world().refused.at(-1)).toMatchObject({ code: 'callerUnknown' });
  });
});

describe('a SIP zone known by all its ports', () => {
  const sip = useWorld({
    plan: (plan) => {
      const zone = plan.organisations.trunk?.zones.trunk;
      if (zone) zone.sources = { addresses: ['10.3.0.0/16'] };
    },
  });

  it('may not call over H.323', async () => {
    const { leg } = place(sip().stranger('10.3.0.1'), '461020001');
    await sip().settle();
    expect(releaseOf(leg.take('releaseComplete')).reason).toBe('noPermission');
    expect(sip().record()).toMatchObject({ reason: 'callerUnknown', caller: { zone: 'trunk' } });
    expect(sip().refused.at(-1)?.sentence).toMatch(/speaks SIP: its address may not call over H.323/);
  });
});

describe('the Internet', () => {
  const open = useWorld({
    plan: (plan) => {
      plan.internet = { inbound: true, outbound: true, encryption: 'preferred' };
    },
  });

  it('may call in where the plan lets it, and is nobody of the plan', async () => {
    const syd = await open().endpoint('461020001', 'syd');
    const far = open().stranger('203.0.113.9');
    const { leg, identifier } = place(far, '461020001', { setup: { sourceAddress: [{ type: 'h323-ID', value: 'Anna' }] } });
    const callee = await syd.called();
    callee.take('setup');
    release(leg, identifier);
    expect(open().record().caller).toMatchObject({ zone: 'internet', alias: 'anna' });
    const liar = place(far, '461020001', { setup: { sourceAddress: [{ type: 'dialedDigits', value: '461010001' }] } });
    expect(releaseOf(liar.leg.take('releaseComplete')).reason).toBe('noPermission');
  });

  it('is called by address: as it was dialled, or with nobody named', async () => {
    const norr = await open().endpoint('461010001', 'norr');
    const far = open().stranger('203.0.113.9');
    const named = place(norr, 'room@203.0.113.9');
    const first = await far.called();
    expect(first.takeBody('setup').destinationAddress).toEqual([{ type: 'h323-ID', value: 'room' }]);
    release(named.leg, named.identifier);
    expect(open().record()).toMatchObject({ route: 'internet 203.0.113.9', callee: { zone: 'internet' } });
    const setup = { destinationAddress: undefined, destCallSignalAddress: transportAddress(far.address) };
    const unnamed = place(norr, '', { setup });
    const second = (await far.called()).takeBody('setup');
    expect(second.destinationAddress).toBeUndefined();
    expect(second.destCallSignalAddress).toEqual(transportAddress(far.address));
    release(unnamed.leg, unnamed.identifier);
    expect(open().record().dialled).toBe('@203.0.113.9:1720');
  });

  it('is called at another port where one is dialled, and a domain is somebody who speaks SIP', async () => {
    const norr = await open().endpoint('461010001', 'norr');
    const far = open().stranger('203.0.113.9', 11_720);
    const { leg, identifier } = place(norr, 'room@203.0.113.9:11720');
    (await far.called()).take('setup');
    release(leg, identifier);
    const sip = place(norr, 'anna@elsewhere.example');
    await open().settle();
    expect(releaseOf(sip.leg.take('releaseComplete')).cause).toBe(127);
    expect(open().record().reason).toBe('interworkingUnavailable');
  });
});

describe('an address that was dialled', () => {
  const open = useWorld({
    plan: (plan) => {
      plan.internet = { inbound: false, outbound: true, encryption: 'preferred' };
    },
  });

  it.each([
    ['is an endpoint of a zone that requires encryption', 'x@10.2.0.2', /zone syd/],
    ['lies in a zone of the plan', 'x@10.7.0.99', /belongs to zone vik/],
    ['is private', 'x@192.168.7.7', /private network/],
    ['is this gatekeeper, on another port than its own', 'x@127.0.0.1', /.+/],
  ])('and %s gets round nothing', async (_, dialled, why) => {
    await open().endpoint('461020001', 'syd', { address: '10.2.0.2' });
    const fri = await open().endpoint('465010001', 'fri');
    const { leg } = place(fri, dialled, { setup: { tokens: undefined } });
    await open().settle();
    leg.take('releaseComplete');
    expect(open().record()).toMatchObject({ answer: null, detail: expect.stringMatching(why) });
  });

  it('and is that of an endpoint, with nobody named, calls the endpoint by its own rules', async () => {
    const syd = await open().endpoint('461020001', 'syd', { address: '10.2.0.2' });
    const fri = await open().endpoint('465010001', 'fri');
    const setup = { destinationAddress: undefined, destCallSignalAddress: transportAddress(syd.address) };
    const clear = place(fri, '', { setup: { ...setup, tokens: undefined } });
    await open().settle();
    clear.leg.take('releaseComplete');
    expect(open().record()).toMatchObject({ reason: 'mediaNotEncrypted', callee: { zone: 'syd' } });
    const { leg, identifier } = place(fri, '', { setup });
    (await syd.called()).take('setup');
    release(leg, identifier);
  });
});

describe('the Internet shut in one direction', () => {
  const shut = useWorld({
    plan: (plan) => {
      plan.internet = { inbound: false, outbound: false };
    },
  });

  it('gets a record for who may not call in, and is not called', async () => {
    const far = shut().stranger('203.0.113.9');
    const inward = place(far, '461020001');
    expect(releaseOf(inward.leg.take('releaseComplete')).reason).toBe('noPermission');
    expect(shut().record()).toMatchObject({ reason: 'internetInboundOff', caller: { zone: 'internet' } });
    const norr = await shut().endpoint('461010001', 'norr');
    const outward = place(norr, 'room@203.0.113.9');
    await shut().settle();
    outward.leg.take('releaseComplete');
    expect(shut().record()).toMatchObject({ reason: 'internetOutboundOff', caller: { zone: 'norr' } });
  });
});

describe('whom a Setup names', () => {
  it.each<[string, SetupOptions, string]>([
    [
      'the first address that leads somewhere',
      {
        setup: {
          destinationAddress: [
            { type: 'h323-ID', value: 'nobody' },
            { type: 'dialedDigits', value: '461020001' },
          ],
        },
      },
      '461020001',
    ],
    [
      'the called party number',
      { setup: { destinationAddress: undefined }, elements: [partyNumber('calledPartyNumber', { digits: '461020001' })] },
      '461020001',
    ],
    [
      'what is left of it after the transforms',
      { setup: { destinationAddress: [{ type: 'dialedDigits', value: '01020001' }] } },
      '01020001',
    ],
  ])('is %s', async (_what, options, dialled) => {
    const norr = await world().endpoint('461010001', 'norr');
    const syd = await world().endpoint('461020001', 'syd');
    const { leg, identifier } = place(norr, '', options);
    const setup = (await syd.called()).takeBody('setup');
    expect(setup.destinationAddress).toContainEqual({ type: 'dialedDigits', value: '461020001' });
    release(leg, identifier);
    expect(world().record()).toMatchObject({ dialled, callee: { alias: '461020001' } });
  });

  it('is nobody where it names nobody, or only ourselves', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    for (const destCallSignalAddress of [undefined, transportAddress(SIGNALLING)]) {
      const { leg } = place(norr, '', { setup: { destinationAddress: undefined, destCallSignalAddress } });
      expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'badFormatAddress', cause: 28 });
      expect(world().record()).toMatchObject({ reason: 'addressUnreadable', dialled: '' });
    }
  });

  it('is refused with the reason of the first address, when none leads anywhere', async () => {
    const norr = await world().endpoint('461010001', 'norr');
    const { leg } = place(norr, '', {
      setup: {
        destinationAddress: [
          { type: 'dialedDigits', value: '461020001' },
          { type: 'h323-ID', value: 'nobody' },
        ],
      },
    });
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'calledPartyNotRegistered', cause: 20 });
    expect(world().record()).toMatchObject({ reason: 'calleeNotRegistered', dialled: '461020001' });
  });
});
