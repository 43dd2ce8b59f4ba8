import { describe, expect, it } from 'vitest';
import { type DataType, writeH245 } from '../../../../src/gatekeeper/h323/asn1/h245.js';
import { element, elementIds } from '../../../../src/gatekeeper/h323/q931/element.js';
import { writeH225 } from '../../../../src/gatekeeper/h323/q931/h225-message.js';
import { partyNumber } from '../../../../src/gatekeeper/h323/q931/party-number.js';
import {
  alert,
  answer,
  clearAudio,
  connect,
  digit,
  encryptedAudio,
  facility,
  fastStart,
  hangUp,
  open,
  place,
  type Standing,
  talk,
  tunnel,
} from './calls.js';
import { bodyOf, releaseOf, type TestLeg } from './links.js';
import { type Party, useWorld } from './world.js';

const world = useWorld();

/** Both zones require encryption. */
async function parties(): Promise<[Party, Party]> {
  return [await world().endpoint('461010001', 'norr'), await world().endpoint('461020001', 'syd')];
}

async function unencrypted(): Promise<[Party, Party]> {
  return [await world().endpoint('465010001', 'fri'), await world().endpoint('465010002', 'fri')];
}

const camera: DataType = {
  type: 'data',
  value: { application: { type: 'h224', value: { type: 'hdlcFrameTunnelling', value: null } }, maxBitRate: 64 },
};
const vendors = { nonStandardIdentifier: { type: 'object', value: '1.2.3' }, data: Uint8Array.of(1) } as const;
const streams = (...parts: DataType[]): DataType => ({
  type: 'multiplePayloadStream',
  value: { elements: parts.map((dataType) => ({ dataType })) },
});

/** A channel for data forth and for audio back. */
const back = writeH245({
  type: 'request',
  value: {
    type: 'openLogicalChannel',
    value: {
      forwardLogicalChannelNumber: 5,
      forwardLogicalChannelParameters: {
        dataType: camera,
        multiplexParameters: { type: 'h2250LogicalChannelParameters', value: { sessionID: 3 } },
      },
      reverseLogicalChannelParameters: { dataType: clearAudio },
    },
  },
});

async function expectEnded({ leg, callee }: Standing, detail: RegExp): Promise<void> {
  await world().settle();
  for (const side of [leg, callee]) expect(releaseOf(side.take('releaseComplete'))).toMatchObject({ reason: 'securityDenied', cause: 88 });
  expect(world().record()).toMatchObject({ reason: 'encryptionLost', detail: expect.stringMatching(detail) });
}

/** The bytes of a message, but the last `cut` of its user-user element. */
function facilityBytes(leg: TestLeg, h245Control: Uint8Array, cut = 0): Buffer {
  const q931 = { callReference: leg.callReference, fromDestination: leg.fromGatekeeper, type: 'facility', elements: [] } as const;
  const pdu = { 'h323-message-body': { type: 'empty', value: null }, h245Tunneling: true, h245Control: [h245Control] } as const;
  const bytes = writeH225({ q931, uuie: { 'h323-uu-pdu': pdu } });
  bytes.writeUInt16BE(bytes.readUInt16BE(6) - cut, 6);
  return bytes.subarray(0, bytes.length - cut);
}

const USER_USER_AT = 5;

describe('a call that must be encrypted is ended by', () => {
  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['a channel in clear behind another message', [Buffer.concat([digit('1'), open(clearAudio)])], /channel for audio without encryption/],
    ['one behind many', [Buffer.concat([...new Array<Uint8Array>(70).fill(digit('1')), open(clearAudio)])], /cannot be read/],
    ['one that is cut short', [open(clearAudio).subarray(0, -1)], /sent an OpenLogicalChannel that cannot be read/],
    ['one that is cut short behind another message', [Buffer.concat([digit('1'), open(clearAudio).subarray(0, -1)])], /cannot be read/],
    ['a message of a class that is not known, cut short', [Uint8Array.of(0x80, 0x05, 1)], /cannot be read/],
    ['data and audio in one channel', [open(streams(camera, clearAudio))], /channel for audio without encryption/],
    ['data forth and audio back', [back], /channel for audio without encryption/],
    [
      'redundancy that does not say of what',
      [open({ type: 'redundancyEncoding', value: { redundancyEncodingMethod: { type: 'rtpAudioRedundancyEncoding', value: null } } })],
      /media of a kind that it does not name without encryption/,
    ],
    ['media of a vendor', [open({ type: 'nonStandard', value: vendors })], /media of a kind that it does not name/],
    [
      'error correction in clear',
      [
        open({
          type: 'fec',
          value: { type: 'rfc2733', value: { protectedPayloadType: 96, pktMode: { type: 'rfc2198coding', value: null } } },
        }),
      ],
      /media of a kind that it does not name/,
    ],
  ])('%s', async (_what, h245Control, detail) => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    tunnel(standing.leg, ...h245Control);
    await expectEnded(standing, detail);
    expect(standing.callee.received).toEqual([]);
  });

  it.each(['caller', 'callee'] as const)('fast start in clear in a Facility of the %s', async (who) => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    facility(who === 'caller' ? standing.leg : standing.callee, standing.identifier, { fastStart: [fastStart(clearAudio)] });
    await expectEnded(standing, /channel for audio without encryption/);
  });

  it('fast start that cannot be read', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    facility(standing.callee, standing.identifier, { fastStart: [fastStart(clearAudio).subarray(0, -1)] });
    await expectEnded(standing, /^461020001 sent a fast start that cannot be read/);
  });
});

describe('a call that must be encrypted goes on with', () => {
  it.each<[string, Uint8Array]>([
    ['far-end camera control', open(camera)],
    ['encrypted audio, and data beside it', open(streams(encryptedAudio(), camera))],
    ['several messages of which none opens a channel in clear', Buffer.concat([digit('1'), open(encryptedAudio()), digit('2')])],
    ['a message that cannot be read, but opens none', Uint8Array.of(0x01, 0xff)],
    ['nothing', new Uint8Array(0)],
    ['a channel for nothing', open({ type: 'nullData', value: null })],
  ])('%s', async (_what, message) => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    tunnel(standing.leg, message);
    await world().settle();
    expect(standing.callee.take('facility').uuie?.['h323-uu-pdu'].h245Control).toEqual([Uint8Array.from(message)]);
    await hangUp(world(), standing);
  });
});

it('a Setup may open no channel in clear by H.245 that goes along with fast start', async () => {
  const [norr, syd] = await parties();
  const { leg } = place(norr, syd.alias, { setup: { parallelH245Control: [open(clearAudio)] } });
  await world().settle();
  expect(releaseOf(leg.take('releaseComplete')).reason).toBe('securityDenied');
  expect(world().record()).toMatchObject({ reason: 'mediaNotEncrypted', routesTried: 0 });
  expect(syd.incoming).toEqual([]);
});

it('an unreadable choice of fast start may not come with the answer either', async () => {
  const [norr, syd] = await parties();
  const { leg, identifier } = place(norr, syd.alias);
  const callee = await syd.called();
  alert(callee, identifier, { fastStart: [Uint8Array.of(0)], tokens: answer });
  await world().settle();
  expect(releaseOf(leg.take('releaseComplete')).reason).toBe('securityDenied');
  expect(world().record()).toMatchObject({ reason: 'answerNotEncrypted' });
});

describe('a user-user element that cannot be read', () => {
  const unreadable = () => world().malformed.splice(0);

  it('is told of, and its message does not go on where encryption is required', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    standing.leg.wire.link.send(facilityBytes(standing.leg, open(clearAudio), 1));
    standing.callee.wire.link.send(facilityBytes(standing.callee, open(clearAudio), 1));
    await world().settle();
    expect([standing.leg.types, standing.callee.types]).toEqual([[], []]);
    expect(unreadable()).toEqual([expect.stringMatching(/^The user-user element cannot be read/), expect.any(String)]);
    await hangUp(world(), standing);
  });

  it('goes on as it came where it is not', async () => {
    const [fri, other] = await unencrypted();
    const standing = await talk(fri, other);
    const raw: Buffer[] = [];
    standing.callee.wire.link.read((bytes) => raw.push(bytes));
    const sent = facilityBytes(standing.leg, open(clearAudio), 1);
    standing.leg.wire.link.send(sent);
    await world().settle();
    expect(raw.map((bytes) => bytes.subarray(USER_USER_AT))).toEqual([sent.subarray(USER_USER_AT)]);
    expect(unreadable().length).toBe(1);
    standing.leg.wire.link.lose();
    await world().settle();
  });
});

describe('of an element that stands there twice', () => {
  it('the first user-user element alone goes on', async () => {
    const [norr, syd] = await parties();
    const standing = await talk(norr, syd);
    const second = facilityBytes(standing.leg, open(clearAudio)).subarray(USER_USER_AT);
    standing.leg.wire.link.send(Buffer.concat([facilityBytes(standing.leg, digit('1')), second]));
    await world().settle();
    const { q931, uuie } = standing.callee.take('facility');
    expect(q931.elements.map(({ id }) => id)).toEqual([elementIds.userUser]);
    expect(uuie?.['h323-uu-pdu'].h245Control).toEqual([digit('1')]);
    await hangUp(world(), standing);
  });

  it('the first calling party number alone goes on, which is the one that was looked at', async () => {
    const [norr, syd] = await parties();
    const own = partyNumber('callingPartyNumber', { digits: '461010001' });
    const others = partyNumber('callingPartyNumber', { digits: '461020009' });
    const display = element('display', [0x41]);
    const { identifier, leg, callId } = place(norr, syd.alias, { elements: [own, display, others] });
    const callee = await syd.called();
    const numbers = callee.take('setup').q931.elements.filter(({ id }) => id === elementIds.callingPartyNumber);
    expect(numbers.map(({ content }) => Uint8Array.from(content))).toEqual([own.content]);
    connect(callee, identifier);
    await world().settle();
    await hangUp(world(), { leg, identifier, callId, callee });
  });
});

describe('who answered', () => {
  const of = (value: string) => ({ type: 'dialedDigits', value }) as const;

  it('may not be an address of another organisation', async () => {
    const [norr, syd] = await parties();
    const { leg, identifier, callId } = place(norr, syd.alias);
    const callee = await syd.called();
    callee.take('setup');
    alert(callee, identifier, { alertingAddress: [of('465010001')] });
    const number = partyNumber('connectedNumber', { digits: '465010001' });
    connect(callee, identifier, { connectedAddress: [of('465010001'), of('461020002'), of('0001')] }, { elements: [number] });
    callee.sendBody('notify', {
      type: 'notify',
      value: { protocolIdentifier: '0.0.8.2250.0.7', callIdentifier: { guid: identifier }, connectedAddress: [of('465010001')] },
    });
    await world().settle();
    expect(leg.takeBody('alerting').alertingAddress).toBeUndefined();
    const answered = leg.take('connect');
    expect(bodyOf(answered, 'connect').connectedAddress).toEqual([of('461020002'), of('0001')]);
    expect(answered.q931.elements.map(({ id }) => id)).toEqual([elementIds.userUser]);
    expect(leg.takeBody('notify').connectedAddress).toBeUndefined();
    expect(world().leftOut).toEqual([
      "461020001 says that it is 465010001, which is another organisation's; it was left out: correct the address there",
      expect.stringContaining('465010001, 465010001, which'),
      expect.any(String),
    ]);
    await hangUp(world(), { leg, identifier, callId, callee });
  });
});
