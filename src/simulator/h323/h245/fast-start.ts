import { OpenLogicalChannel } from '../../../gatekeeper/h323/asn1/h245.js';
import { codec } from '../../../gatekeeper/h323/asn1/per/codec.js';
import { mediaAddress, mediaSocketAddress, type SocketAddress } from '../addresses.js';
import { type LogicalChannel, type LogicalChannels, type MediaSecurity, rtpAddress } from './logical-channels.js';
import { dataType, type Media, readDataType, sessionIds } from './media.js';
import { algorithmOf, mediaAlgorithms } from './session-key.js';

/*
 * Fast connect (H.323 §8.1.7): the caller proposes channels in Setup, the called side sends those back that it takes, before any H.245.
 * A proposal is seen from the caller: a forward channel is one that it sends on, a reverse channel one that it receives on. H.235.6 has
 * the called side act as master, so the session keys come with its answer.
 */

const openLogicalChannel = codec(OpenLogicalChannel);

const PROPOSED_FORWARD = 101;
const NO_FORWARD = {
  dataType: { type: 'nullData', value: null },
  multiplexParameters: { type: 'none', value: null },
} as const;

/** Of each medium a channel each way. */
export function proposeFastStart(
  media: readonly Media[],
  base: SocketAddress,
  algorithm: keyof typeof mediaAlgorithms | undefined,
): Buffer[] {
  const oid = algorithm && mediaAlgorithms[algorithm].oid;
  return media.flatMap((medium, index) => {
    const { rtp, rtcp } = rtpAddress(base, medium);
    const parameters = { sessionID: sessionIds[medium], mediaGuaranteedDelivery: false, mediaControlChannel: mediaAddress(rtcp) };
    const receive: OpenLogicalChannel = {
      forwardLogicalChannelNumber: index + 1,
      forwardLogicalChannelParameters: NO_FORWARD,
      reverseLogicalChannelParameters: {
        dataType: dataType(medium, oid),
        multiplexParameters: { type: 'h2250LogicalChannelParameters', value: { ...parameters, mediaChannel: mediaAddress(rtp) } },
      },
    };
    const transmit: OpenLogicalChannel = {
      forwardLogicalChannelNumber: PROPOSED_FORWARD + index,
      forwardLogicalChannelParameters: {
        dataType: dataType(medium, oid),
        multiplexParameters: { type: 'h2250LogicalChannelParameters', value: { ...parameters, silenceSuppression: false } },
      },
    };
    return [openLogicalChannel.encode(receive), openLogicalChannel.encode(transmit)];
  });
}

export interface FastStartAnswer {
  readonly answer: readonly Buffer[];
  readonly channels: readonly LogicalChannel[];
}

/**
 * The proposals that we take: the first of each medium and direction, encrypted as agreed. Undefined: none, and the call goes on with
 * H.245 (fastConnectRefused).
 */
export function acceptFastStart(
  proposals: readonly Uint8Array[],
  media: readonly Media[],
  base: SocketAddress,
  security: MediaSecurity | undefined,
  keys: LogicalChannels,
): FastStartAnswer | undefined {
  const answer: Buffer[] = [];
  const channels: LogicalChannel[] = [];
  for (const bytes of proposals.slice(0, 32)) {
    const open = read(bytes);
    if (!open) continue;
    const reverse = open.reverseLogicalChannelParameters;
    const direction = reverse ? 'out' : 'in';
    const { media: medium, algorithm } = readDataType(reverse?.dataType ?? open.forwardLogicalChannelParameters.dataType);
    if (medium === 'other' || !media.includes(medium) || algorithmOf(algorithm) !== security?.algorithm) continue;
    if (channels.some((channel) => channel.media === medium && channel.direction === direction)) continue;
    const key = keys.newKey();
    const encryptionSync = key && keys.sync(key, medium);
    const { rtp, rtcp } = rtpAddress(base, medium);
    const parameters = { sessionID: sessionIds[medium], mediaGuaranteedDelivery: false, mediaControlChannel: mediaAddress(rtcp) };
    const number = open.forwardLogicalChannelNumber;
    if (reverse) {
      const theirs = reverse.multiplexParameters;
      const to = theirs?.type === 'h2250LogicalChannelParameters' ? mediaSocketAddress(theirs.value.mediaChannel) : undefined;
      const forwardLogicalChannelNumber = PROPOSED_FORWARD + sessionIds[medium] - 1;
      const reverseLogicalChannelParameters = {
        dataType: reverse.dataType,
        multiplexParameters: { type: 'h2250LogicalChannelParameters', value: { ...parameters, silenceSuppression: false } } as const,
      };
      answer.push(
        openLogicalChannel.encode({
          forwardLogicalChannelNumber,
          forwardLogicalChannelParameters: NO_FORWARD,
          reverseLogicalChannelParameters,
          encryptionSync,
        }),
      );
      channels.push({ number: forwardLogicalChannelNumber, direction, media: medium, algorithm, key, state: 'open', rtp: to });
    } else {
      const forwardLogicalChannelParameters = {
        dataType: open.forwardLogicalChannelParameters.dataType,
        multiplexParameters: {
          type: 'h2250LogicalChannelParameters',
          value: { ...parameters, mediaChannel: mediaAddress(rtp) },
        } as const,
      };
      answer.push(openLogicalChannel.encode({ forwardLogicalChannelNumber: number, forwardLogicalChannelParameters, encryptionSync }));
      channels.push({ number, direction, media: medium, algorithm, key, state: 'open', rtp });
    }
  }
  return channels.length > 0 ? { answer, channels } : undefined;
}

/** What the called side took, seen from the caller. An encrypted channel without a key that we can read is left out. */
export function readFastStart(answer: readonly Uint8Array[], base: SocketAddress, keys: LogicalChannels): LogicalChannel[] {
  return answer.slice(0, 32).flatMap((bytes): LogicalChannel[] => {
    const open = read(bytes);
    if (!open) return [];
    const reverse = open.reverseLogicalChannelParameters;
    const { media, algorithm } = readDataType(reverse?.dataType ?? open.forwardLogicalChannelParameters.dataType);
    const key = keys.keyFrom(open.encryptionSync);
    if (media === 'other' || (algorithm !== undefined && !key)) return [];
    const forward = open.forwardLogicalChannelParameters.multiplexParameters;
    const to = forward.type === 'h2250LogicalChannelParameters' ? mediaSocketAddress(forward.value.mediaChannel) : undefined;
    const number = open.forwardLogicalChannelNumber;
    return [
      reverse
        ? { number, direction: 'in', media, algorithm, key, state: 'open', rtp: rtpAddress(base, media).rtp }
        : { number, direction: 'out', media, algorithm, key, state: 'open', rtp: to },
    ];
  });
}

function read(bytes: Uint8Array): OpenLogicalChannel | undefined {
  try {
    return openLogicalChannel.decode(bytes);
  } catch {
    return undefined;
  }
}
