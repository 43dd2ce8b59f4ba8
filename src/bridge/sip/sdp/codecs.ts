import type { RoomAudioCodec, RoomVideoCodec } from '../../media/media.js';
import type { MediaSection } from './description.js';

/** A payload type of a media line. */
interface Payload {
  readonly type: number;
  /** Lower case: `opus`, `g722`, `h264`, `telephone-event`. */
  readonly name: string;
  readonly rate: number;
  readonly channels: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Static payload types (RFC 3551 §6) that need no `a=rtpmap`. */
const statics: ReadonlyMap<number, readonly [string, number]> = new Map([
  [0, ['pcmu', 8000]],
  [8, ['pcma', 8000]],
  [9, ['g722', 8000]],
]);

/** What we take for sound, the best first: RFC 7587 §7 and RFC 3551 §4.5 say the names and clock rates. */
const audioCodecs: readonly {
  readonly name: RoomAudioCodec['name'];
  readonly as: string;
  readonly rate: number;
  readonly channels: number;
}[] = [
  { name: 'opus', as: 'opus', rate: 48_000, channels: 2 },
  { name: 'G722', as: 'g722', rate: 8000, channels: 1 },
  { name: 'PCMA', as: 'pcma', rate: 8000, channels: 1 },
  { name: 'PCMU', as: 'pcmu', rate: 8000, channels: 1 },
];

/**
 * The sound codec for a line: of an offer the best by our order, of an answer the first that it lists, as that is what will be sent.
 * Undefined: it has none that we know. The answer uses the offer's numbers (RFC 3264 §6.1), so both directions have the same.
 */
export function chooseAudio(section: MediaSection, of: 'offer' | 'answer' = 'offer'): RoomAudioCodec | undefined {
  const payloads = payloadsOf(section);
  const is = (codec: (typeof audioCodecs)[number], payload: Payload) =>
    payload.name === codec.as && payload.rate === codec.rate && payload.channels === codec.channels;
  const first = payloads.find((payload) => audioCodecs.some((codec) => is(codec, payload)));
  for (const codec of audioCodecs) {
    const found = of === 'offer' ? payloads.find((payload) => is(codec, payload)) : first && is(codec, first) ? first : undefined;
    if (!found) continue;
    return {
      kind: 'audio',
      name: codec.name,
      sendPayloadType: found.type,
      receivePayloadType: found.type,
      dtmfPayloadType: chooseDtmf(payloads, codec.rate)?.type,
    };
  }
  return undefined;
}

/** Telephone events at the codec's own clock rate (RFC 4733 §2.1), else at 8000, which many offer beside Opus and mean. */
function chooseDtmf(payloads: readonly Payload[], rate: number): Payload | undefined {
  const events = payloads.filter((payload) => payload.name === 'telephone-event');
  return events.find((payload) => payload.rate === rate) ?? events.find((payload) => payload.rate === 8000);
}

/** The clock rate of the payload type in `a=rtpmap`. */
export function rateOf(section: MediaSection, type: number): number | undefined {
  return payloadsOf(section).find((payload) => payload.type === type)?.rate;
}

/**
 * The best H.264 of an offered line (RFC 6184 §8.1): packetization mode 1 before 0, constrained baseline or baseline before other profiles.
 * Other profiles are not taken: what they may send, others in the meeting need not be able to decode.
 */
export function chooseVideo(section: MediaSection, session: { readonly maxBitrate: number | undefined }): RoomVideoCodec | undefined {
  const payloads = payloadsOf(section).filter((payload) => payload.name === 'h264' && payload.rate === 90_000 && isBaseline(payload));
  const found = payloads.find((payload) => modeOf(payload) === 1) ?? payloads.find((payload) => modeOf(payload) === 0);
  if (!found) return undefined;
  return {
    kind: 'video',
    name: 'H264',
    sendPayloadType: found.type,
    receivePayloadType: found.type,
    packetizationMode: modeOf(found) === 1 ? 1 : 0,
    maxBitrate: maxBitrateOf(section, found) ?? session.maxBitrate,
    feedback: feedbackOf(section, found.type),
  };
}

/** A parameter of the payload type's `a=fmtp`, as written; undefined: it has none. */
export function parameterOf(section: MediaSection, type: number, name: string): string | undefined {
  return payloadsOf(section)
    .find((payload) => payload.type === type)
    ?.parameters.get(name);
}

function modeOf(payload: Payload): number {
  return Number(payload.parameters.get('packetization-mode') ?? '0');
}

/**
 * Baseline (profile_idc 66), also with constraint_set1 (constrained baseline), or 77 and 88 with the constraint bits that make them
 * constrained baseline (RFC 6184 table 5). Absent: baseline level 1 (§8.1).
 */
function isBaseline(payload: Payload): boolean {
  const text = payload.parameters.get('profile-level-id');
  if (text === undefined) return true;
  if (!/^[0-9a-fA-F]{6}$/.test(text)) return false;
  const profile = Number.parseInt(text.slice(0, 2), 16);
  const constraints = Number.parseInt(text.slice(2, 4), 16);
  return profile === 66 || (profile === 77 && (constraints & 0x80) !== 0) || (profile === 88 && (constraints & 0xc0) === 0xc0);
}

function maxBitrateOf(section: MediaSection, payload: Payload): number | undefined {
  // RFC 6184 §8.1: max-br in units of 1000 bit/s.
  const maxBr = Number(payload.parameters.get('max-br') ?? '0');
  const line = bandwidthOf(section.media.bandwidth);
  if (line !== undefined) return line;
  return Number.isInteger(maxBr) && maxBr > 0 && maxBr < 1_000_000 ? maxBr * 1000 : undefined;
}

/** In bit/s: `b=TIAS` (RFC 3890) says more exactly what `b=AS` (RFC 8866 §5.8) says in kbit/s. */
export function bandwidthOf(lines: readonly { readonly type: string; readonly limit: number | string }[] | undefined): number | undefined {
  for (const [type, unit] of [
    ['TIAS', 1],
    ['AS', 1000],
  ] as const) {
    const limit = Number(lines?.find((line) => line.type === type)?.limit);
    if (Number.isInteger(limit) && limit > 0 && limit < 1e9) return limit * unit;
  }
  return undefined;
}

/** RFC 4585 §4.2, RFC 5104 §7.1. Without any, a room system may still understand RFC 5168's INFO. */
function feedbackOf(section: MediaSection, type: number): RoomVideoCodec['feedback'] {
  const lines = (section.media.rtcpFb ?? []).filter(({ payload }) => String(payload) === '*' || String(payload) === String(type));
  const has = (kind: string, subtype?: string) => lines.some((line) => line.type === kind && line.subtype === subtype);
  return { nack: has('nack'), pli: has('nack', 'pli'), fir: has('ccm', 'fir') };
}

const mostPayloads = 64;

/** A section's payload types are asked for several times while its line is chosen. */
const known = new WeakMap<MediaSection, readonly Payload[]>();

function payloadsOf(section: MediaSection): readonly Payload[] {
  let payloads = known.get(section);
  if (!payloads) {
    payloads = readPayloads(section);
    known.set(section, payloads);
  }
  return payloads;
}

function readPayloads(section: MediaSection): readonly Payload[] {
  const payloads: Payload[] = [];
  for (const format of section.formats.slice(0, mostPayloads)) {
    const type = /^\d{1,3}$/.test(format) ? Number(format) : 128;
    if (type > 127) continue;
    const map = section.media.rtp.find((line) => line.payload === type);
    const fixed = statics.get(type);
    if (!map && !fixed) continue;
    const name = String(map?.codec ?? fixed?.[0] ?? '').toLowerCase();
    payloads.push({
      type,
      name,
      rate: Number(map?.rate ?? fixed?.[1] ?? 0),
      channels: Number(map?.encoding ?? 1),
      parameters: parametersOf(section, type),
    });
  }
  return payloads;
}

function parametersOf(section: MediaSection, type: number): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const line of section.media.fmtp) {
    if (line.payload !== type) continue;
    for (const part of String(line.config).split(';', 64)) {
      const [name = '', ...value] = part.split('=');
      if (name.trim() !== '') parameters.set(name.trim().toLowerCase(), value.join('=').trim());
    }
  }
  return parameters;
}
