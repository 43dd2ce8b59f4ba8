import type { RouterRtpCodecCapability, RtcpFeedback, RtpCapabilities, RtpCodecParameters, RtpParameters } from 'mediasoup/types';
import { MediaError, type StreamInfo, type StreamSource } from './media.js';

export type CodecName = StreamInfo['codec'];

/** Baseline with constraints, level 3.1 (720p at 30): what browsers and room systems have in common (RFC 6184 §8.1, RFC 7742 §6.2). */
const profile = '42e01f';

/** What the sound tap takes: one codec, its digits, and the loudness that browsers write into a header extension (RFC 6464). */
export function tapCapabilities(codecs: readonly RtpCodecParameters[]): RtpCapabilities {
  return {
    codecs: codecs
      .filter(({ mimeType }) => !mimeType.endsWith('/rtx'))
      .map(({ mimeType, clockRate, channels, payloadType, parameters }) => ({
        kind: mimeType.startsWith('audio') ? ('audio' as const) : ('video' as const),
        mimeType,
        clockRate,
        ...(channels === undefined ? {} : { channels }),
        preferredPayloadType: payloadType,
        parameters: parameters ?? {},
        rtcpFeedback: mimeType.startsWith('audio') ? [] : [{ type: 'nack', parameter: 'pli' }],
      })),
    headerExtensions: [
      {
        kind: 'audio',
        uri: 'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
        preferredId: audioLevelExtension,
        preferredEncrypt: false,
        direction: 'sendrecv',
      },
    ],
  };
}

/** The id that mediasoup gives ssrc-audio-level (RFC 6464) on its way to consumers. */
export const audioLevelExtension = 10;

const pictureFeedback: RtcpFeedback[] = [
  { type: 'nack' },
  { type: 'nack', parameter: 'pli' },
  { type: 'ccm', parameter: 'fir' },
  { type: 'goog-remb' },
  { type: 'transport-cc' },
];

const soundFeedback: RtcpFeedback[] = [{ type: 'transport-cc' }];

/**
 * Digits (RFC 4733) go through routers under the name of a codec that no browser and no room system has: mediasoup's worker drops what is named
 * telephone-event before it comes to any consumer, ours too, which wants to read them.
 */
const digitsDisguise = 'audio/SILK';
/** Payload type of digits inside a router. */
export const digitsPayloadType = 101;

/** What a meeting's router knows. The payload types are those that browsers are told; room systems get what their SDP asks for. */
export const routerCodecs: readonly RouterRtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2, preferredPayloadType: 111, rtcpFeedback: soundFeedback },
  { kind: 'audio', mimeType: 'audio/G722', clockRate: 8000, preferredPayloadType: 9 },
  { kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000, preferredPayloadType: 8 },
  { kind: 'audio', mimeType: 'audio/PCMU', clockRate: 8000, preferredPayloadType: 0 },
  { kind: 'audio', mimeType: digitsDisguise, clockRate: 8000, preferredPayloadType: digitsPayloadType },
  h264(102, 1),
  h264(104, 0),
  { kind: 'video', mimeType: 'video/VP8', clockRate: 90_000, preferredPayloadType: 96, rtcpFeedback: pictureFeedback },
];

function h264(payloadType: number, mode: 0 | 1): RouterRtpCodecCapability {
  return {
    kind: 'video',
    mimeType: 'video/H264',
    clockRate: 90_000,
    preferredPayloadType: payloadType,
    parameters: { 'packetization-mode': mode, 'profile-level-id': profile, 'level-asymmetry-allowed': 1 },
    rtcpFeedback: pictureFeedback,
  };
}

/** Codecs for `Router.updateMediaCodecs`, so that what is produced next goes to its consumers under this payload type. */
export function codecsWith(name: CodecName, payloadType: number, mode: 0 | 1 = 1): RouterRtpCodecCapability[] {
  if (name === 'H264') return [h264(payloadType, mode)];
  const codec = routerCodecs.find(({ mimeType }) => mimeType.endsWith(`/${name}`));
  if (!codec) throw new Error(`no router codec ${name}`);
  return [{ ...codec, preferredPayloadType: payloadType }];
}

/** One codec as a producer names it. `mode`: packetization mode of H.264. */
export function producerCodec(
  name: CodecName,
  payloadType: number,
  options: { mode?: 0 | 1; feedback?: RtcpFeedback[] } = {},
): RtpCodecParameters {
  const [codec] = codecsWith(name, payloadType, options.mode);
  if (!codec) throw new Error(`no codec ${name}`);
  return {
    mimeType: codec.mimeType,
    payloadType,
    clockRate: codec.clockRate,
    ...(codec.channels === undefined ? {} : { channels: codec.channels }),
    parameters: codec.parameters ?? {},
    rtcpFeedback: options.feedback ?? codec.rtcpFeedback ?? [],
  };
}

/** Digits as a producer names them (see `digitsDisguise`). Their clock matters to nobody here: a press is a press. */
export function digitsCodec(payloadType: number): RtpCodecParameters {
  return { mimeType: digitsDisguise, payloadType, clockRate: 8000, parameters: {}, rtcpFeedback: [] };
}

/**
 * Capabilities that one room system's line has for one feed: no header extensions, as it negotiated none. Retransmission (NACK) is of the very
 * same packets; RTX (RFC 4588) is for browsers.
 */
export function lineCapabilities(
  name: CodecName,
  payloadType: number,
  options: { mode?: 0 | 1; feedback?: RtcpFeedback[] } = {},
): RtpCapabilities {
  const { mimeType, clockRate, channels, parameters, rtcpFeedback } = producerCodec(name, payloadType, options);
  const kind = mimeType.startsWith('audio') ? 'audio' : 'video';
  return {
    codecs: [
      {
        kind,
        mimeType,
        clockRate,
        ...(channels === undefined ? {} : { channels }),
        preferredPayloadType: payloadType,
        parameters: parameters ?? {},
        rtcpFeedback: rtcpFeedback ?? [],
      },
    ],
    headerExtensions: [],
  };
}

export function isDigits(mimeType: string): boolean {
  return mimeType.toLowerCase() === digitsDisguise.toLowerCase();
}

/** `H264` of `video/H264`. Undefined: none that streams may have (RTX, digits). */
export function codecName(mimeType: string): CodecName | undefined {
  const name = mimeType.slice(mimeType.indexOf('/') + 1).toLowerCase();
  return names.find((known) => known.toLowerCase() === name);
}

/**
 * What a page's stream comes in: Opus from its microphone; H.264 or VP8, with or without RTX, from camera and slides. All that it names is
 * looked at, as it may send any of it.
 *
 * @throws MediaError `not_acceptable`
 */
export function pageCodec(source: StreamSource, { codecs }: RtpParameters): CodecName {
  const types = Array.isArray(codecs) ? codecs.map(({ mimeType }) => String(mimeType).toLowerCase()) : [];
  const wanted: readonly CodecName[] = source === 'microphone' ? ['opus'] : ['H264', 'VP8'];
  const kind = source === 'microphone' ? 'audio' : 'video';
  const found = wanted.find((name) => types.includes(`${kind}/${name.toLowerCase()}`));
  const isRight = (type: string): boolean =>
    type === `${kind}/${found?.toLowerCase()}` || (kind === 'video' && found !== undefined && type === 'video/rtx');
  if (found === undefined || !types.every(isRight)) {
    const takes = source === 'microphone' ? 'Opus' : 'H.264 or VP8 (one of them)';
    throw new MediaError('not_acceptable', `A page's ${source} is taken in ${takes}, and it sends ${types.join(', ') || 'nothing'}`);
  }
  return found;
}

const names: readonly CodecName[] = ['H264', 'VP8', 'opus', 'G722', 'PCMA', 'PCMU'];
