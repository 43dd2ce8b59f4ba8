import type { DataType, EncryptionAuthenticationAndIntegrity, OpenLogicalChannel, TerminalCapabilitySet } from '../asn1/h245.js';
import { type MediaAlgorithm, mediaAlgorithm } from './media-algorithms.js';

/*
 * Is a channel's media encrypted? H.245 names it twice: `h235SecurityCapability` says what an endpoint could encrypt, `h235Media` in
 * OpenLogicalChannel what it does encrypt (H.235.6).
 */

/** `other`: it may be sound or picture, but does not say so. `none`: control, or nothing at all. */
export type MediaKind = 'audio' | 'video' | 'data' | 'other' | 'none';

export interface ChannelSecurity {
  readonly media: MediaKind;
  /** With AES-128 or better, in every part and direction. */
  readonly encrypted: boolean;
  /** `AES-128-CBC`, or an object identifier that has no name here; that of a weak part, when there is one. Undefined: in clear. */
  readonly algorithm: string | undefined;
}

/** What an OpenLogicalChannel opens, or proposes (fast start: a channel towards the sender has `nullData` forward, H.323 §8.1.7). */
export function channelSecurity(open: OpenLogicalChannel): ChannelSecurity {
  const forward = open.forwardLogicalChannelParameters.dataType;
  const reverse = open.reverseLogicalChannelParameters?.dataType;
  if (!reverse) return securityOf(forward);
  return forward.type === 'nullData' ? securityOf(reverse) : weaker(securityOf(forward), securityOf(reverse));
}

/** The ciphers that a terminal can encrypt media with, as it says in its capabilities: none, when it can not. */
export function capableAlgorithms(set: TerminalCapabilitySet): readonly MediaAlgorithm[] {
  const found = new Set<MediaAlgorithm>();
  for (const { capability } of set.capabilityTable ?? []) {
    if (capability?.type !== 'h235SecurityCapability') continue;
    for (const oid of algorithmsOf(capability.value.encryptionAuthenticationAndIntegrity)) {
      const algorithm = oid === undefined ? undefined : mediaAlgorithm(oid);
      if (algorithm) found.add(algorithm);
    }
  }
  return [...found];
}

type EncryptedMedia = Extract<DataType, { type: 'h235Media' }>['value'];

/** What may stand both in the clear and inside of `h235Media`. */
type Media = DataType | EncryptedMedia['mediaType'];

function securityOf(media: Media): ChannelSecurity {
  switch (media.type) {
    case 'h235Media':
      return encryptedMedia(media.value);
    case 'multiplePayloadStream':
      return weakestOf(media.value.elements.map(({ dataType }) => securityOf(dataType)));
    case 'redundancyEncoding': {
      const { secondaryEncoding, rtpRedundancyEncoding } = media.value;
      const { primary, secondary } = rtpRedundancyEncoding ?? {};
      const parts = [secondaryEncoding, primary?.dataType, ...(secondary ?? []).map(({ dataType }) => dataType)];
      return weakestOf(parts.filter((part) => part !== undefined).map(securityOf));
    }
    default:
      return { media: kindOf(media), encrypted: false, algorithm: undefined };
  }
}

function encryptedMedia({ encryptionAuthenticationAndIntegrity, mediaType }: EncryptedMedia): ChannelSecurity {
  const { media } = securityOf(mediaType);
  let weakest: ChannelSecurity | undefined;
  for (const oid of algorithmsOf(encryptionAuthenticationAndIntegrity)) {
    const algorithm = oid === undefined ? undefined : mediaAlgorithm(oid);
    const security = { media, encrypted: algorithm?.strong ?? false, algorithm: algorithm?.name ?? oid };
    weakest = weakest ? weaker(weakest, security) : security;
  }
  // No algorithm of H.235.6: authentication alone, or SRTP under H.235.8, whose parameters may say "not encrypted" and are not read here.
  return weakest ?? { media, encrypted: false, algorithm: undefined };
}

/** Undefined in the list: an algorithm of a vendor's own. */
function algorithmsOf({ encryptionCapability }: EncryptionAuthenticationAndIntegrity): readonly (string | undefined)[] {
  return (encryptionCapability ?? []).map((algorithm) => (algorithm.type === 'algorithm' ? algorithm.value : undefined));
}

function weakestOf(parts: readonly ChannelSecurity[]): ChannelSecurity {
  return parts.length > 0 ? parts.reduce(weaker) : { media: 'other', encrypted: false, algorithm: undefined };
}

/** Of sound and pictures, and what may be some, the one in clear; beside them data do not count. */
function weaker(first: ChannelSecurity, second: ChannelSecurity): ChannelSecurity {
  const firstCounts = weights[first.media] >= weights.other;
  if (firstCounts !== weights[second.media] >= weights.other) return firstCounts ? first : second;
  const media = weights[second.media] > weights[first.media] ? second.media : first.media;
  return { ...(first.encrypted ? second : first), media };
}

/** What a channel of several is called after. */
const weights: Readonly<Record<MediaKind, number>> = { none: 0, data: 1, other: 2, audio: 3, video: 3 };

function kindOf({ type }: Media): MediaKind {
  switch (type) {
    case 'nullData':
    case 'h235Control':
    case 'encryptionData':
      return 'none';
    case 'audioData':
      return 'audio';
    case 'videoData':
      return 'video';
    case 'data':
      return 'data';
    default:
      return 'other';
  }
}
