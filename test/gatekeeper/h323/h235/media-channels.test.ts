import { describe, expect, it } from 'vitest';
import {
  type DataType,
  h245Message,
  type MultimediaSystemControlMessage,
  type OpenLogicalChannel,
  openLogicalChannel,
  type TerminalCapabilitySet,
} from '../../../../src/gatekeeper/h323/asn1/h245.js';
import { capableAlgorithms, channelSecurity } from '../../../../src/gatekeeper/h323/h235/media-channels.js';

const AES128 = '2.16.840.1.101.3.4.1.2';
const AES256 = '2.16.840.1.101.3.4.1.42';
const DES = '1.3.14.3.2.7';

const audio: DataType = { type: 'audioData', value: { type: 'g711Alaw64k', value: 60 } };
const video: DataType = { type: 'videoData', value: { type: 'nonStandard', value: nonStandard() } };
const data: DataType = {
  type: 'data',
  value: { application: { type: 'h224', value: { type: 'hdlcFrameTunnelling', value: null } }, maxBitRate: 64 },
};
const unnamed: DataType = { type: 'nonStandard', value: nonStandard() };
const silence: DataType = { type: 'nullData', value: null };

function nonStandard() {
  return { nonStandardIdentifier: { type: 'object', value: '1.2.3' }, data: Buffer.from([1]) } as const;
}

function encrypted(media: DataType, ...oids: string[]): DataType {
  if (media.type !== 'audioData' && media.type !== 'videoData') throw new Error(media.type);
  const encryptionCapability = oids.map((value) => ({ type: 'algorithm', value }) as const);
  return {
    type: 'h235Media',
    value: { encryptionAuthenticationAndIntegrity: oids.length > 0 ? { encryptionCapability } : {}, mediaType: media },
  };
}

const parameters = { type: 'h2250LogicalChannelParameters', value: { sessionID: 1 } } as const;

/** As it comes from the wire. */
function open(forward: DataType, reverse?: DataType): OpenLogicalChannel {
  const reverseLogicalChannelParameters = reverse && { dataType: reverse, multiplexParameters: parameters };
  return openLogicalChannel.decode(
    openLogicalChannel.encode({
      forwardLogicalChannelNumber: 101,
      forwardLogicalChannelParameters: { dataType: forward, multiplexParameters: parameters },
      reverseLogicalChannelParameters,
    }),
  );
}

describe('a channel', () => {
  it.each([
    ['audio in clear', open(audio), { media: 'audio', encrypted: false, algorithm: undefined }],
    ['video in clear', open(video), { media: 'video', encrypted: false, algorithm: undefined }],
    ['audio under AES-128', open(encrypted(audio, AES128)), { media: 'audio', encrypted: true, algorithm: 'AES-128-CBC' }],
    ['video under AES-256', open(encrypted(video, AES256)), { media: 'video', encrypted: true, algorithm: 'AES-256-CBC' }],
    ['audio under DES', open(encrypted(audio, DES)), { media: 'audio', encrypted: false, algorithm: 'DES-CBC' }],
    ['audio under something unheard of', open(encrypted(audio, '1.2.3.4')), { media: 'audio', encrypted: false, algorithm: '1.2.3.4' }],
    [
      'audio under AES or DES, as they like',
      open(encrypted(audio, AES128, DES)),
      { media: 'audio', encrypted: false, algorithm: 'DES-CBC' },
    ],
    ['audio under no algorithm', open(encrypted(audio)), { media: 'audio', encrypted: false, algorithm: undefined }],
    [
      'a fast start proposal to receive',
      open(silence, encrypted(audio, AES128)),
      { media: 'audio', encrypted: true, algorithm: 'AES-128-CBC' },
    ],
    ['a fast start proposal to receive in clear', open(silence, audio), { media: 'audio', encrypted: false, algorithm: undefined }],
    ['two directions, one in clear', open(encrypted(audio, AES128), audio), { media: 'audio', encrypted: false, algorithm: undefined }],
    ['data forth and audio back', open(data, audio), { media: 'audio', encrypted: false, algorithm: undefined }],
    ['data in clear', open(data), { media: 'data', encrypted: false, algorithm: undefined }],
    ['what a vendor may know', open(unnamed), { media: 'other', encrypted: false, algorithm: undefined }],
    ['nothing', open(silence), { media: 'none', encrypted: false, algorithm: undefined }],
  ] as const)('with %s', (_, channel, security) => {
    expect(channelSecurity(channel)).toEqual(security);
  });

  it('of several streams is as weak as its weakest', () => {
    const streams = (...parts: DataType[]): DataType => ({
      type: 'multiplePayloadStream',
      value: { elements: parts.map((dataType) => ({ dataType })) },
    });
    expect(channelSecurity(open(streams(encrypted(audio, AES128), encrypted(audio, AES128))))).toMatchObject({
      media: 'audio',
      encrypted: true,
    });
    expect(channelSecurity(open(streams(encrypted(audio, AES128), audio)))).toMatchObject({ media: 'audio', encrypted: false });
    expect(channelSecurity(open(streams(video, encrypted(video, AES128))))).toMatchObject({ media: 'video', encrypted: false });
    expect(channelSecurity(open(streams()))).toMatchObject({ media: 'other', encrypted: false });
    for (const parts of [
      [data, audio],
      [audio, data],
    ]) {
      expect(channelSecurity(open(streams(...parts)))).toMatchObject({ media: 'audio', encrypted: false });
    }
    expect(channelSecurity(open(streams(data, encrypted(audio, AES128))))).toMatchObject({ media: 'audio', encrypted: true });
    expect(channelSecurity(open(streams(unnamed, encrypted(audio, AES128))))).toMatchObject({ media: 'audio', encrypted: false });
  });

  it('with redundancy is as weak as its weakest', () => {
    const redundant = (primary: DataType, secondary: DataType): DataType => ({
      type: 'redundancyEncoding',
      value: {
        redundancyEncodingMethod: { type: 'rtpAudioRedundancyEncoding', value: null },
        rtpRedundancyEncoding: { primary: { dataType: primary }, secondary: [{ dataType: secondary }] },
      },
    });
    expect(channelSecurity(open(redundant(encrypted(audio, AES128), encrypted(audio, AES256))))).toMatchObject({
      media: 'audio',
      encrypted: true,
    });
    expect(channelSecurity(open(redundant(encrypted(audio, AES128), audio)))).toMatchObject({ media: 'audio', encrypted: false });
  });
});

describe('capabilities', () => {
  type Entries = NonNullable<TerminalCapabilitySet['capabilityTable']>;
  const security = (mediaCapability: number, ...oids: string[]): Entries[number] => ({
    capabilityTableEntryNumber: mediaCapability + 100,
    capability: {
      type: 'h235SecurityCapability',
      value: {
        encryptionAuthenticationAndIntegrity: { encryptionCapability: oids.map((value) => ({ type: 'algorithm', value }) as const) },
        mediaCapability,
      },
    },
  });
  const set = (...capabilityTable: Entries): TerminalCapabilitySet => {
    const value = { sequenceNumber: 1, protocolIdentifier: '0.0.8.245.0.15', capabilityTable };
    const message: MultimediaSystemControlMessage = { type: 'request', value: { type: 'terminalCapabilitySet', value } };
    const read = h245Message.decode(h245Message.encode(message));
    if (read.type !== 'request' || read.value.type !== 'terminalCapabilitySet') throw new Error(read.type);
    return read.value.value;
  };
  const clear: Entries[number] = {
    capabilityTableEntryNumber: 1,
    capability: { type: 'receiveAudioCapability', value: { type: 'g711Alaw64k', value: 60 } },
  };

  it('name the ciphers that media can have', () => {
    expect(capableAlgorithms(set(clear, security(1, AES128), security(2, AES128, DES))).map(({ name }) => name)).toEqual([
      'AES-128-CBC',
      'DES-CBC',
    ]);
    expect(capableAlgorithms(set(security(1, AES256))).filter(({ strong }) => strong).length).toBe(1);
  });

  it('name none when there are none', () => {
    expect(capableAlgorithms(set(clear))).toEqual([]);
    expect(capableAlgorithms(set(security(1, '1.2.3.4')))).toEqual([]);
  });
});
