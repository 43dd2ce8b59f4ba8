import { describe, expect, it } from 'vitest';
import type { CryptoH323Token, FeatureDescriptor, FeatureSet, SetupUUIE } from '../../../../src/gatekeeper/h323/asn1/h225.js';
import type { ClearToken } from '../../../../src/gatekeeper/h323/asn1/h235.js';
import { UNKNOWN } from '../../../../src/gatekeeper/h323/asn1/schema.js';
import { element, elementIds } from '../../../../src/gatekeeper/h323/q931/element.js';
import { writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import { transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';
import { answer, connect, facility, hangUp, offer, place, progress, release, type SetupOptions, talk } from './calls.js';
import { type Body, releaseOf } from './links.js';
import { type Party, SIGNALLING, useWorld } from './world.js';
import { PEER_A } from './zones.js';

const world = useWorld();

async function parties(): Promise<[Party, Party]> {
  return [await world().endpoint('461010001', 'norr'), await world().endpoint('461020001', 'syd')];
}

const cat: ClearToken = {
  tokenOID: '1.2.840.113548.10.1.2.1',
  timeStamp: 1,
  random: 7,
  generalID: 'norr1',
  challenge: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8),
};
const password: CryptoH323Token = {
  type: 'cryptoEPPwdHash',
  value: {
    alias: { type: 'h323-ID', value: 'norr1' },
    timeStamp: 1,
    token: { algorithmOID: '1.2.840.113549.2.5', paramS: {}, hash: { bytes: new Uint8Array(16), length: 128 } },
  },
};
const tls: FeatureDescriptor = { id: { type: 'standard', value: 22 } };
const other: FeatureDescriptor = { id: { type: 'standard', value: 46 } };

/** The Setup as the called side gets it. */
async function arrived(options: SetupOptions): Promise<Body<'setup'>> {
  const [norr, syd] = await parties();
  const { leg, identifier } = place(norr, '461020001', options);
  const setup = (await syd.called()).takeBody('setup');
  release(leg, identifier);
  return setup;
}

describe('a Setup that is passed on', () => {
  it('keeps what belongs to the caller’s registration on this side', async () => {
    const setup = await arrived({ setup: { tokens: [cat, ...offer], cryptoTokens: [password] } });
    expect(setup.endpointIdentifier).toBeUndefined();
    expect(setup.cryptoTokens).toBeUndefined();
    expect(setup.tokens).toEqual(offer);
  });

  it('names us as the caller’s address, and the target as the called one', async () => {
    const setup = await arrived({ setup: { sourceCallSignalAddress: transportAddress({ address: '10.1.0.9', port: 1720 }) } });
    expect(setup.sourceCallSignalAddress).toEqual(transportAddress(SIGNALLING));
    expect(setup.destCallSignalAddress).toEqual(transportAddress({ address: '10.2.0.2', port: 1720 }));
  });

  it('says our own terms of the connection, and no longer the features of the hop', async () => {
    const features = { neededFeatures: [tls], desiredFeatures: [tls, other], supportedFeatures: [other] };
    const setup = await arrived({ setup: { multipleCalls: false, maintainConnection: false, ...features } });
    expect(setup).toMatchObject({ multipleCalls: true, maintainConnection: true, desiredFeatures: [other], supportedFeatures: [other] });
    expect(setup.neededFeatures).toBeUndefined();
  });

  it.each([
    [undefined, 30],
    [31, 30],
    [2, 1],
  ])('has one hop less to go: %s becomes %i', async (hopCount, left) => {
    expect((await arrived({ setup: { hopCount } })).hopCount).toBe(left);
  });

  it('goes no further when its hops are used up', async () => {
    const [norr, syd] = await parties();
    const { leg } = place(norr, '461020001', { setup: { hopCount: 1 } });
    expect(releaseOf(leg.take('releaseComplete'))).toMatchObject({ reason: 'hopCountExceeded', cause: 25 });
    expect(world().record()).toMatchObject({ reason: 'tooManyHops', status: 25 });
    expect(syd.wires).toEqual([]);
  });

  it('goes no further when it has been here before', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    const { leg } = place(norr, '461020001', { setup: { callIdentifier: { guid: standing.identifier } } });
    expect(releaseOf(leg.take('releaseComplete')).cause).toBe(25);
    expect(world().record()).toMatchObject({ reason: 'loopDetected', signallingId: standing.callId });
    // The one in progress is as it was.
    expect(world().signalling.size).toBe(1);
    expect(world().signalling.find(standing.callId)).toBeDefined();
    await hangUp(world(), standing);
  });

  it('takes a call that a neighbour leads back to us, as long as it has fewer hops left', async () => {
    const [norr, syd] = await parties();
    const ost = world().stranger(PEER_A);
    const { leg, identifier } = place(norr, '464010001');
    await world().settle();
    for (const { to, request } of world().lrqs()) world().locate(to, request.requestSeqNum, ost.address);
    const forwarded = (await ost.called()).takeBody('setup');
    const same = { callIdentifier: { guid: identifier } };
    const back = place(ost, '461020001', { setup: { ...same, hopCount: (forwarded.hopCount ?? 0) - 1 } });
    const callee = await syd.called();
    callee.take('setup');
    expect(world().signalling.find(back.callId)?.endpoints).toEqual(expect.arrayContaining([norr.id, syd.id]));
    for (const hopCount of [forwarded.hopCount, undefined]) {
      const round = place(ost, '461020001', { setup: { ...same, hopCount } });
      expect(releaseOf(round.leg.take('releaseComplete')).cause).toBe(25);
      expect(world().record().reason).toBe('loopDetected');
    }
    release(back.leg, identifier);
    callee.take('releaseComplete');
    release(leg, identifier);
  });

  it('gives a call of version 1 an identifier of its own, also in one conference', async () => {
    const [norr, syd] = await parties();
    const setup = { callIdentifier: undefined, conferenceID: Buffer.from('a conference 16 ') };
    const calls = [place(norr, '461020001', { setup }), place(norr, '461020001', { setup })];
    const given = [];
    for (const { leg, identifier } of calls) {
      const callee = await syd.called();
      given.push(callee.takeBody('setup').callIdentifier?.guid);
      release(leg, identifier);
      await world().settle();
      callee.take('releaseComplete');
    }
    expect(given.every((guid) => guid?.length === 16)).toBe(true);
    expect(given[0]).not.toEqual(given[1]);
  });

  it('keeps all other fields and elements', async () => {
    const [norr, syd] = await parties();
    const display = element('display', Buffer.from('Anna'));
    const shifted = { codeset: 6, id: 0x01, content: Uint8Array.of(9) };
    const { leg, identifier } = place(norr, '461020001', {
      setup: {
        language: ['sv'],
        mediaWaitForConnect: true,
        destExtraCallInfo: [{ type: 'dialedDigits', value: '7' }],
        displayName: [{ name: 'Anna' }],
        circuitInfo: {},
      },
      elements: [display, { codeset: 0, id: 0x9e, content: new Uint8Array() }, shifted],
      pdu: { nonStandardData: { nonStandardIdentifier: { type: 'object', value: '1.2.3' }, data: Uint8Array.of(5) } },
    });
    const { q931, uuie } = (await syd.called()).take('setup');
    release(leg, identifier);
    const pdu = uuie?.['h323-uu-pdu'];
    expect(pdu?.nonStandardData?.data).toEqual(Uint8Array.of(5));
    expect(pdu?.['h323-message-body'].value).toMatchObject({
      language: ['sv'],
      mediaWaitForConnect: true,
      destExtraCallInfo: [{ type: 'dialedDigits', value: '7' }],
      displayName: [{ name: 'Anna' }],
      circuitInfo: {},
      sourceAddress: [{ type: 'dialedDigits', value: '461010001' }],
    });
    expect(q931.elements.map(({ id }) => id)).toEqual([elementIds.display, elementIds.userUser, 0x9e, 0x01]);
  });
});

describe('a message inside a call', () => {
  it('passes keys, and keeps passwords and the hop’s own terms', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier, callId } = place(norr, '461020001');
    const callee = await syd.called();
    const featureSet: FeatureSet = { replacementFeatureSet: false, supportedFeatures: [tls, other] };
    const fields = { tokens: [cat, ...answer], cryptoTokens: [password], multipleCalls: false, maintainConnection: false };
    connect(callee, identifier, { ...fields, featureSet });
    facility(callee, identifier, { ...fields, featureSet });
    progress(callee, identifier, fields);
    await world().settle();
    for (const type of ['connect', 'facility', 'progress'] as const) {
      const body = leg.takeBody(type);
      expect(body).toMatchObject({ tokens: answer, multipleCalls: true, maintainConnection: true });
      expect(body.cryptoTokens).toBeUndefined();
      if ('featureSet' in body) expect(body.featureSet?.supportedFeatures).toEqual([other]);
    }
    release(callee, identifier, { cause: 16, fields: { tokens: [cat], cryptoTokens: [password] } });
    await world().settle();
    const released = leg.takeBody('releaseComplete');
    expect(released.tokens).toBeUndefined();
    expect(released.cryptoTokens).toBeUndefined();
    expect(world().signalling.find(callId)).toBeUndefined();
  });

  it('passes bit for bit where nothing of it is the hop’s, extensions that nobody knows among it', async () => {
    const [norr, syd] = await parties();
    const { leg, callee, identifier } = await talk(norr, syd);
    const body = {
      protocolIdentifier: '0.0.8.2250.0.9',
      callIdentifier: { guid: identifier },
      tokens: answer,
      [UNKNOWN]: [undefined, Uint8Array.of(1, 2, 3)],
    };
    const pdu = {
      'h323-message-body': { type: 'information', value: body } as const,
      h245Tunneling: true,
      [UNKNOWN]: [Uint8Array.of(4, 5)],
    };
    const q931 = { callReference: leg.callReference, fromDestination: false, type: 'information', elements: [] } as const;
    const bytes = writeH225({ q931, uuie: { 'h323-uu-pdu': pdu } });
    const came: Buffer[] = [];
    callee.wire.link.read((message) => came.push(message));
    leg.wire.link.send(bytes);
    await world().settle();
    // All but the call reference, which is that of the leg.
    expect(came.map((message) => message.subarray(4).toString('hex'))).toEqual([bytes.subarray(4).toString('hex')]);
    expect(bytes.includes(Buffer.from([1, 2, 3]))).toBe(true);
    expect(bytes.includes(Buffer.from([4, 5]))).toBe(true);
    release(leg, identifier);
  });

  it('keeps such extensions in a Setup as well', async () => {
    const setup = await arrived({ setup: { [UNKNOWN]: [Uint8Array.of(1, 2, 3)] } as Partial<SetupUUIE> });
    expect(setup).toMatchObject({ [UNKNOWN]: [Uint8Array.of(1, 2, 3)] });
  });
});
