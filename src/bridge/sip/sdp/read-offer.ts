import type { RefusalCode } from '../../../gatekeeper/calls/reasons.js';
import type { RoomAudioCodec, RoomLineId, RoomVideoCodec } from '../../media/media.js';
import { bandwidthOf, chooseAudio, chooseVideo, parameterOf, rateOf } from './codecs.js';
import { type Description, type MediaSection, readDescription, valuesOf } from './description.js';
import { type Line, opposite, type Slot } from './line.js';
import { directionOf, protect, type Surroundings, ssrcOf, targetOf, type Unprotected } from './read-section.js';

/** A session description of the other side that can be answered. */
export interface Offer {
  readonly ok: true;
  /** One for each of its media lines. */
  readonly slots: readonly Slot[];
}

/** Why it cannot. */
export interface SdpRefusal {
  readonly ok: false;
  readonly refusal: RefusalCode;
  /** More exactly than the reason's own sentence. */
  readonly detail?: string | undefined;
}

/** Why a line is not used. */
export type Unused = 'off' | 'unknown' | 'codec' | Unprotected;

/**
 * Reads an offer (RFC 3264 §6): which of its lines a meeting uses, with which codecs, keys and addresses. Pure.
 *
 * Used are one line of sound, one of pictures and one of slides (`a=content:slides`, RFC 4796); all else, floor control among it, is
 * answered with port 0. An offer without any line that can be used is refused, and so is one whose sound is not encrypted. Inside a call
 * (`within`) an offer may switch all its lines off.
 */
export function readOffer(body: string, around: Surroundings, within = false): Offer | SdpRefusal {
  const read = readDescription(body);
  if (!read.ok) return { ok: false, refusal: 'sessionUnreadable', detail: read.problem };
  const { description } = read;
  const used = new Set<RoomLineId>();
  const unused = new Map<Unused, string>();
  const slots = description.sections.map((section): Slot => {
    const line = readLine(description, section, around, used);
    if (typeof line === 'string') {
      if (!unused.has(line) || section.kind === 'audio') unused.set(line, section.kind);
    } else used.add(line.id);
    const { kind, protocol, formats } = section;
    return { kind, protocol, formats, mid: valuesOf(section.attributes, 'mid')[0], line: typeof line === 'string' ? undefined : line };
  });
  const refusal = refusalFor(used, unused, within);
  return refusal ?? { ok: true, slots };
}

function refusalFor(used: ReadonlySet<RoomLineId>, unused: ReadonlyMap<Unused, string>, within: boolean): SdpRefusal | undefined {
  if (used.has('audio') || (used.size > 0 && unused.get('plain') !== 'audio' && unused.get('dtlsWithoutIce') !== 'audio')) return undefined;
  if (unused.has('dtlsWithoutIce')) {
    return {
      ok: false,
      refusal: 'mediaNotEncrypted',
      detail: 'DTLS-SRTP is taken with ICE and rtcp-mux only: switch them on at this endpoint, or SRTP with SDES',
    };
  }
  if (unused.has('plain')) return { ok: false, refusal: 'mediaNotEncrypted' };
  if (within && !unused.has('codec') && !unused.has('unknown')) return undefined;
  return { ok: false, refusal: 'mediaUnsupported' };
}

function readLine(description: Description, section: MediaSection, around: Surroundings, used: ReadonlySet<RoomLineId>): Line | Unused {
  if (section.port === 0) return 'off';
  const id = lineIdOf(section, used);
  if (id === undefined) return 'unknown';
  const protection = protect(description, section);
  if (typeof protection === 'string') return protection;
  const codec = id === 'audio' ? chooseAudio(section) : chooseVideo(section, { maxBitrate: bandwidthOf(description.session.bandwidth) });
  if (!codec) return 'codec';
  return makeLine({ description, section, around }, id, codec, protection);
}

interface Place {
  readonly description: Description;
  readonly section: MediaSection;
  readonly around: Surroundings;
}

/** What is known of a line once its codec and its protection are chosen. */
export function makeLine(
  { description, section, around }: Place,
  id: RoomLineId,
  codec: RoomAudioCodec | RoomVideoCodec,
  protection: Exclude<ReturnType<typeof protect>, string>,
): Line {
  const { options, encryption, cryptoTag, setup } = protection;
  const direction = opposite(directionOf(description, section));
  const dtmf = codec.kind === 'audio' ? codec.dtmfPayloadType : undefined;
  const levelAsymmetry = codec.kind === 'video' && parameterOf(section, codec.sendPayloadType, 'level-asymmetry-allowed') === '1';
  return {
    id,
    options,
    direction,
    codec,
    dtmfRate: (dtmf === undefined ? undefined : rateOf(section, dtmf)) ?? 8000,
    profile:
      codec.kind === 'video' ? ourProfile(parameterOf(section, codec.sendPayloadType, 'profile-level-id'), levelAsymmetry) : undefined,
    levelAsymmetry,
    cryptoTag,
    setup,
    content: valuesOf(section.attributes, 'content')[0],
    remote: {
      direction,
      // ICE finds the way by itself.
      address: encryption.kind === 'dtls' ? 'learn' : targetOf(description, section, options.rtcpMux, around),
      encryption,
      codec,
      ssrc: ssrcOf(section),
    },
  };
}

/** The first line of each sort; a second one of pictures only for slides. */
function lineIdOf({ kind, attributes }: MediaSection, used: ReadonlySet<RoomLineId>): RoomLineId | undefined {
  if (kind === 'audio') return used.has('audio') ? undefined : 'audio';
  if (kind !== 'video') return undefined;
  const id = valuesOf(attributes, 'content').some((value) => value.split(',').includes('slides')) ? 'slides' : 'video';
  return used.has(id) ? undefined : id;
}

/** Level 3.1: 1280x720 at 30 pictures a second (H.264 annex A). */
const ourLevel = 0x1f;

/**
 * What we say that we take. Its profile is the offer's: an answer with another would be none (RFC 6184 §8.2.2). Where the levels may not
 * differ, the lower counts for both.
 */
function ourProfile(offered: string | undefined, levelAsymmetry: boolean): string | undefined {
  if (offered === undefined) return undefined;
  const level = levelAsymmetry ? ourLevel : Math.min(ourLevel, Number.parseInt(offered.slice(4), 16));
  return `${offered.slice(0, 4).toLowerCase()}${level.toString(16).padStart(2, '0')}`;
}
