import type { AudioCapability, DataType, MultimediaSystemControlMessage, VideoCapability } from '../../../gatekeeper/h323/asn1/h245.js';

/** What an endpoint of ours sends and receives. */
export type Media = 'audio' | 'video';

type Request = Extract<MultimediaSystemControlMessage, { type: 'request' }>['value'];
export type CapabilitySet = Extract<Request, { type: 'terminalCapabilitySet' }>['value'];
type CapabilityEntry = NonNullable<CapabilitySet['capabilityTable']>[number];

/** H.245 version 15, as widely used stacks say. */
const H245_VERSION = '0.0.8.245.0.15';
/** H.241 §8.3: H.264 as a generic capability; parameter 41 is the profile (64: baseline), 42 the level (71: level 3.1). */
const H264 = '0.0.8.241.0.0.1';

const audio: AudioCapability = { type: 'g711Alaw64k', value: 20 };
const video: VideoCapability = {
  type: 'genericVideoCapability',
  value: {
    capabilityIdentifier: { type: 'standard', value: H264 },
    maxBitRate: 19_200,
    collapsing: [
      { parameterIdentifier: { type: 'standard', value: 41 }, parameterValue: { type: 'booleanArray', value: 64 } },
      { parameterIdentifier: { type: 'standard', value: 42 }, parameterValue: { type: 'unsignedMin', value: 71 } },
    ],
  },
};

/** A media channel's data type; with `algorithm` (an object identifier) encrypted by it (H.235.6 §8.3). */
export function dataType(media: Media, algorithm: string | undefined): DataType {
  const mediaType = media === 'audio' ? ({ type: 'audioData', value: audio } as const) : ({ type: 'videoData', value: video } as const);
  if (algorithm === undefined) return mediaType;
  return { type: 'h235Media', value: { encryptionAuthenticationAndIntegrity: encryption(algorithm), mediaType } };
}

/** What a channel carries, and by which algorithm it is encrypted: undefined for one in the clear. */
export function readDataType(type: DataType): { readonly media: Media | 'other'; readonly algorithm: string | undefined } {
  if (type.type !== 'h235Media') return { media: mediaOf(type.type), algorithm: undefined };
  const algorithm = type.value.encryptionAuthenticationAndIntegrity.encryptionCapability?.find((entry) => entry.type === 'algorithm');
  return { media: mediaOf(type.value.mediaType.type), algorithm: algorithm?.type === 'algorithm' ? algorithm.value : undefined };
}

function mediaOf(type: string): Media | 'other' {
  if (type === 'audioData') return 'audio';
  return type === 'videoData' ? 'video' : 'other';
}

function encryption(algorithm: string) {
  return { encryptionCapability: [{ type: 'algorithm', value: algorithm }] } as const;
}

/** RTP sessions have these numbers (H.245, sessionID of H2250LogicalChannelParameters). */
export const sessionIds: Readonly<Record<Media, number>> = { audio: 1, video: 2 };

const distribution = {
  centralizedControl: false,
  distributedControl: false,
  centralizedAudio: false,
  distributedAudio: false,
  centralizedVideo: false,
  distributedVideo: false,
} as const;
const multipoint = { multicastCapability: false, multiUniCastConference: false, mediaDistributionCapability: [distribution] } as const;

/** What we can receive. With `algorithm` each medium has a second entry that says that it is received encrypted as well. */
export function capabilitySet(media: readonly Media[], algorithm: string | undefined, sequenceNumber: number): CapabilitySet {
  const table: CapabilityEntry[] = [];
  const simultaneous: number[][] = [];
  const add = (capability: NonNullable<CapabilityEntry['capability']>): number => {
    table.push({ capabilityTableEntryNumber: table.length + 1, capability });
    return table.length;
  };
  for (const medium of media) {
    const clear = add(
      medium === 'audio' ? { type: 'receiveAudioCapability', value: audio } : { type: 'receiveVideoCapability', value: video },
    );
    const alternatives = [clear];
    if (algorithm !== undefined) {
      const encryptionAuthenticationAndIntegrity = encryption(algorithm);
      alternatives.push(add({ type: 'h235SecurityCapability', value: { encryptionAuthenticationAndIntegrity, mediaCapability: clear } }));
    }
    simultaneous.push(alternatives);
  }
  simultaneous.push([add({ type: 'receiveUserInputCapability', value: { type: 'basicString', value: null } })]);
  return {
    sequenceNumber,
    protocolIdentifier: H245_VERSION,
    multiplexCapability: {
      type: 'h2250Capability',
      value: {
        maximumAudioDelayJitter: 250,
        receiveMultipointCapability: multipoint,
        transmitMultipointCapability: multipoint,
        receiveAndTransmitMultipointCapability: multipoint,
        mcCapability: { centralizedConferenceMC: false, decentralizedConferenceMC: false },
        rtcpVideoControlCapability: false,
        mediaPacketizationCapability: { h261aVideoPacketization: false },
        logicalChannelSwitchingCapability: false,
        t120DynamicPortCapability: true,
      },
    },
    capabilityTable: table,
    capabilityDescriptors: [{ capabilityDescriptorNumber: 1, simultaneousCapabilities: simultaneous }],
  };
}

/** Which media the other side says that it receives. */
export function receivable(set: CapabilitySet): ReadonlySet<Media> {
  const found = new Set<Media>();
  for (const { capability } of set.capabilityTable ?? []) {
    if (capability?.type === 'receiveAudioCapability' || capability?.type === 'receiveAndTransmitAudioCapability') found.add('audio');
    if (capability?.type === 'receiveVideoCapability' || capability?.type === 'receiveAndTransmitVideoCapability') found.add('video');
  }
  return found;
}
