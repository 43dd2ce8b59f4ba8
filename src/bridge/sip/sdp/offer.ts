import type { MediaDescription } from 'sdp-transform';
import type { RoomAudioCodec, RoomLineId, RoomLineLocal, RoomLineOptions, RoomVideoCodec } from '../../media/media.js';
import { bandwidthOf, chooseAudio, chooseVideo } from './codecs.js';
import { type MediaSection, readDescription } from './description.js';
import type { Line, Slot } from './line.js';
import { makeLine, type Offer, type SdpRefusal } from './read-offer.js';
import { protect, type Surroundings } from './read-section.js';
import { audioLines, type CodecLines, type Locals, type Origin, sectionHead, videoLines, writeSession } from './write.js';

/**
 * What we offer where we speak first (delayed offers, calls out of a meeting): SDES with the suite that every room system knows, and RTCP
 * on a port of its own, as its port cannot be given up after the answer.
 */
export const offeredOptions: RoomLineOptions = {
  rtcpMux: false,
  encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' },
};

export const offeredLines: readonly RoomLineId[] = ['audio', 'video'];

const protocol = 'RTP/SAVP';
const dtmfType = 101;
const audioTypes: readonly (readonly [RoomAudioCodec['name'], number])[] = [
  ['opus', 96],
  ['G722', 9],
  ['PCMA', 8],
  ['PCMU', 0],
];
const videoTypes: readonly (readonly [0 | 1, number])[] = [
  [1, 97],
  [0, 98],
];

/** Our first offer: sound by every codec that we have, and H.264 in both packetization modes. */
export function writeOffer(locals: Locals, origin: Origin): string {
  const sections: MediaDescription[] = [];
  for (const id of offeredLines) {
    const local = locals.get(id);
    if (local) sections.push(offeredSection(id, local));
  }
  return writeSession(sections, locals, origin);
}

function offeredSection(id: RoomLineId, local: RoomLineLocal): MediaDescription {
  return {
    ...sectionHead(id, protocol, local, id === 'audio' ? offeredAudio() : offeredVideo()),
    direction: 'sendrecv',
    crypto: [{ id: 1, suite: 'AES_CM_128_HMAC_SHA1_80', config: `inline:${local.key ?? ''}` }],
  };
}

function offeredAudio(): CodecLines {
  const written = audioTypes.map(([name, type]) => audioLines(audioCodec(name, type, undefined), 8000));
  return {
    rtp: [...written.flatMap(({ rtp }) => rtp), { payload: dtmfType, codec: 'telephone-event', rate: 8000 }],
    fmtp: [...written.flatMap(({ fmtp }) => fmtp), { payload: dtmfType, config: '0-15' }],
    ptime: 20,
  };
}

function offeredVideo(): CodecLines {
  const feedback = { nack: true, pli: true, fir: true };
  const written = videoTypes.map(([packetizationMode, type]) => {
    const codec: RoomVideoCodec = {
      kind: 'video',
      name: 'H264',
      sendPayloadType: type,
      receivePayloadType: type,
      packetizationMode,
      maxBitrate: undefined,
      feedback,
    };
    return videoLines(codec, { profile: '42e01f', levelAsymmetry: true });
  });
  return {
    rtp: written.flatMap(({ rtp }) => rtp),
    fmtp: written.flatMap(({ fmtp }) => fmtp),
    rtcpFb: written.flatMap(({ rtcpFb }) => rtcpFb ?? []),
    bandwidth: written[0]?.bandwidth ?? [],
  };
}

function audioCodec(name: RoomAudioCodec['name'], type: number, dtmf: number | undefined): RoomAudioCodec {
  return { kind: 'audio', name, sendPayloadType: type, receivePayloadType: type, dtmfPayloadType: dtmf };
}

/** The slots of our first offer, as long as it has no answer. */
export function offeredSlots(): Slot[] {
  return offeredLines.map((kind) => ({ kind, protocol, formats: [], mid: undefined, line: undefined }));
}

/**
 * Reads the answer to an offer of ours (RFC 3264 §7): the slots of the session from then on. Pure.
 * @param offered the slots of the offer; those of our first one have no lines yet
 */
export function readAnswer(body: string, offered: readonly Slot[], around: Surroundings): Offer | SdpRefusal {
  const read = readDescription(body);
  if (!read.ok) return unusable(read.problem);
  const { description } = read;
  const { sections } = description;
  if (sections.length !== offered.length) {
    return unusable(`The answer has ${sections.length} m= lines for an offer of ${offered.length}: it must have as many`);
  }
  const slots: Slot[] = [];
  let plain = false;
  for (const [index, slot] of offered.entries()) {
    const section = sections[index];
    if (!section || section.kind !== slot.kind) return unusable('The answer has its m= lines in another order than the offer');
    const id = slot.line?.id ?? firstId(slot, offered, sections);
    const options = slot.line?.options ?? offeredOptions;
    const only = options.encryption.kind === 'sdes' ? options.encryption.suite : undefined;
    const protection = section.port === 0 || id === undefined ? undefined : protect(description, section, only);
    if (typeof protection === 'string') plain = true;
    const codec = answeredCodec(section, slot.line, description.session.bandwidth);
    const used =
      id !== undefined && codec && protection !== undefined && typeof protection !== 'string' && fits(options, protection.options);
    const line = used ? makeLine({ description, section, around }, id, codec, { ...protection, options }) : undefined;
    slots.push({ ...slot, formats: section.formats, line });
  }
  if (slots.some(({ line }) => line)) return { ok: true, slots };
  return plain ? { ok: false, refusal: 'answerNotEncrypted' } : { ok: false, refusal: 'mediaUnsupported' };
}

/** In our first offer each kind stands once. */
function firstId(slot: Slot, offered: readonly Slot[], sections: readonly MediaSection[]): RoomLineId | undefined {
  if (offered.some(({ line }) => line) || sections.length > offeredLines.length) return undefined;
  return offeredLines.find((id) => id === slot.kind);
}

/** Whether what was accepted is what was offered. An answer may have left rtcp-mux away only where we did not insist on it. */
function fits(offered: RoomLineOptions, accepted: RoomLineOptions): boolean {
  return offered.encryption.kind === accepted.encryption.kind && (!offered.rtcpMux || accepted.rtcpMux);
}

/** By its own numbers we send, by ours we receive (RFC 3264 §5.1). They are the same unless the other side is unusual. */
function answeredCodec(section: MediaSection, line: Line | undefined, bandwidth: MediaDescription['bandwidth']): Line['codec'] | undefined {
  if (section.kind === 'audio') {
    const codec = chooseAudio(section, 'answer');
    const own = codec && (line?.codec.kind === 'audio' ? line.codec : ownAudio(codec.name));
    if (!codec || !own || own.name !== codec.name) return undefined;
    const dtmfPayloadType = codec.dtmfPayloadType === undefined ? undefined : own.dtmfPayloadType;
    return { ...codec, receivePayloadType: own.receivePayloadType, dtmfPayloadType };
  }
  const codec = chooseVideo(section, { maxBitrate: bandwidthOf(bandwidth) });
  const own = line?.codec.kind === 'video' ? line.codec : undefined;
  if (!codec || (own && own.packetizationMode !== codec.packetizationMode)) return undefined;
  const receive = own?.receivePayloadType ?? videoTypes.find(([mode]) => mode === codec.packetizationMode)?.[1];
  return receive === undefined ? undefined : { ...codec, receivePayloadType: receive };
}

function ownAudio(name: RoomAudioCodec['name']): RoomAudioCodec | undefined {
  const found = audioTypes.find(([known]) => known === name);
  return found && audioCodec(name, found[1], dtmfType);
}

function unusable(detail: string): SdpRefusal {
  return { ok: false, refusal: 'sessionUnreadable', detail };
}
