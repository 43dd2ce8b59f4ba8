import { isIPv6 } from 'node:net';
import { type MediaDescription, type SessionDescription, write } from 'sdp-transform';
import type { Direction, RoomAudioCodec, RoomLineId, RoomLineLocal, RoomVideoCodec } from '../../media/media.js';
import type { Line, Slot } from './line.js';

/** `o=` of our descriptions (RFC 8866 §5.2). */
export interface Origin {
  /** Decimal digits. */
  readonly id: string;
  /** Goes up by one with each description that says something else (RFC 3264 §8). */
  readonly version: number;
}

/** Our halves of the lines in use. */
export type Locals = ReadonlyMap<RoomLineId, RoomLineLocal>;

/** What a room system may send us as pictures, in bit/s: 720p at 30 pictures a second with some to spare. */
export const videoBitrate = 2_000_000;

/**
 * Writes our description of a session: as the answer to the offer its slots were read from, or as an offer of the same again. The lines
 * keep their order and number (RFC 3264 §6, §8); what is off has port 0.
 */
export function writeDescription(slots: readonly Slot[], locals: Locals, origin: Origin, as: 'offer' | 'answer'): string {
  const sections = slots.map((slot) => {
    const local = slot.line && locals.get(slot.line.id);
    return slot.line && local ? usedSection(slot, slot.line, local, as) : unusedSection(slot);
  });
  return writeSession(sections, locals, origin);
}

/** Puts media sections below the lines of the session. */
export function writeSession(media: readonly MediaDescription[], locals: Locals, origin: Origin): string {
  const [first] = locals.values();
  const address = first?.address ?? '0.0.0.0';
  const dtls = [...locals.values()].some((local) => local.dtls !== undefined);
  const session: SessionDescription = {
    version: 0,
    origin: {
      username: '-',
      sessionId: origin.id,
      sessionVersion: origin.version,
      netType: 'IN',
      ipVer: ipVersion(address),
      address,
    },
    name: '-',
    connection: { version: ipVersion(address), ip: address },
    timing: { start: 0, stop: 0 },
    ...(dtls ? { icelite: 'ice-lite' as const } : {}),
    media: [...media],
  };
  return write(session);
}

function ipVersion(address: string): 4 | 6 {
  return isIPv6(address) ? 6 : 4;
}

function unusedSection({ kind, protocol, formats, mid }: Slot): MediaDescription {
  return {
    type: kind,
    port: 0,
    protocol,
    payloads: formats.slice(0, 1).join(' '),
    rtp: [],
    fmtp: [],
    ...(mid === undefined ? {} : { mid }),
  };
}

function usedSection({ kind, protocol, mid }: Slot, line: Line, local: RoomLineLocal, as: 'offer' | 'answer'): MediaDescription {
  const { codec, content } = line;
  const written = codec.kind === 'audio' ? audioLines(codec, line.dtmfRate) : videoLines(codec, line);
  return {
    ...sectionHead(kind, protocol, local, written),
    ...(mid === undefined ? {} : { mid }),
    direction: line.direction,
    ...(content === undefined ? {} : { content }),
    ...(line.options.rtcpMux ? { rtcpMux: 'rtcp-mux' as const } : {}),
    ...keyLines(line, local, as),
  };
}

/** What codecs say in a section. */
export type CodecLines = Pick<MediaDescription, 'rtp' | 'fmtp' | 'rtcpFb' | 'ptime' | 'bandwidth'>;

/** The lines that every section in use has. */
export function sectionHead(kind: string, protocol: string, local: RoomLineLocal, codecs: CodecLines): MediaDescription {
  return {
    type: kind,
    port: local.port,
    protocol,
    payloads: codecs.rtp.map(({ payload }) => payload).join(' '),
    connection: { version: ipVersion(local.address), ip: local.address },
    ...codecs,
    ...(local.rtcpPort === undefined ? {} : { rtcp: { port: local.rtcpPort } }),
  };
}

/** RFC 4568 §5.1.2: the answer has one line, with the tag of the one it takes. RFC 8842 §5, RFC 8839 §4. */
function keyLines(line: Line, local: RoomLineLocal, as: 'offer' | 'answer'): Partial<MediaDescription> {
  const { encryption } = line.options;
  if (encryption.kind === 'sdes') {
    return { crypto: [{ id: as === 'offer' ? 1 : line.cryptoTag, suite: encryption.suite, config: `inline:${local.key ?? ''}` }] };
  }
  if (!local.dtls) return {};
  const { ice, candidates, parameters } = local.dtls;
  const fingerprint = parameters.fingerprints.find(({ algorithm }) => algorithm === 'sha-256') ?? parameters.fingerprints[0];
  return {
    setup: as === 'offer' ? 'actpass' : line.setup,
    ...(fingerprint ? { fingerprint: { type: fingerprint.algorithm, hash: fingerprint.value } } : {}),
    iceUfrag: ice.usernameFragment,
    icePwd: ice.password,
    candidates: candidates
      .filter(({ protocol }) => protocol === 'udp')
      .map(({ foundation, priority, ip, address, port, type }) => ({
        foundation,
        component: 1,
        transport: 'UDP',
        priority,
        ip: address ?? ip,
        port,
        type,
      })),
    endOfCandidates: 'end-of-candidates',
  };
}

const rates: Readonly<Record<RoomAudioCodec['name'], { readonly rate: number; readonly encoding?: number }>> = {
  opus: { rate: 48_000, encoding: 2 },
  // RFC 3551 §4.5.2: sampled at 16,000, but its clock says 8000.
  G722: { rate: 8000 },
  PCMA: { rate: 8000 },
  PCMU: { rate: 8000 },
};

export function audioLines(codec: RoomAudioCodec, dtmfRate: number): CodecLines {
  const { receivePayloadType: payload, dtmfPayloadType: dtmf, name } = codec;
  return {
    rtp: [
      { payload, codec: name, ...rates[name] },
      ...(dtmf === undefined ? [] : [{ payload: dtmf, codec: 'telephone-event', rate: dtmfRate }]),
    ],
    fmtp: [
      ...(name === 'opus' ? [{ payload, config: 'minptime=10;useinbandfec=1' }] : []),
      ...(dtmf === undefined ? [] : [{ payload: dtmf, config: '0-15' }]),
    ],
    ptime: 20,
  };
}

export function videoLines(codec: RoomVideoCodec, { profile, levelAsymmetry }: Pick<Line, 'profile' | 'levelAsymmetry'>): CodecLines {
  const { receivePayloadType: payload, packetizationMode, feedback } = codec;
  const parameters = [
    ...(profile === undefined ? [] : [`profile-level-id=${profile}`]),
    `packetization-mode=${packetizationMode}`,
    ...(levelAsymmetry ? ['level-asymmetry-allowed=1'] : []),
  ];
  return {
    rtp: [{ payload, codec: 'H264', rate: 90_000 }],
    fmtp: [{ payload, config: parameters.join(';') }],
    rtcpFb: [
      ...(feedback.nack ? [{ payload, type: 'nack' }] : []),
      ...(feedback.pli ? [{ payload, type: 'nack', subtype: 'pli' }] : []),
      ...(feedback.fir ? [{ payload, type: 'ccm', subtype: 'fir' }] : []),
    ],
    bandwidth: [
      { type: 'TIAS', limit: videoBitrate },
      { type: 'AS', limit: videoBitrate / 1000 },
    ],
  };
}

/** A direction as we offer it anew: what the other side held is open again, if it wants. */
export function opened(slots: readonly Slot[], direction: Direction = 'sendrecv'): Slot[] {
  return slots.map((slot) => (slot.line ? { ...slot, line: { ...slot.line, direction } } : slot));
}
