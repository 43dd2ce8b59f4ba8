/** An RTP packet (RFC 3550 §5.1) as far as the mix reads it. */
export interface RtpView {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  /** The payload: these bytes of the packet. Not a view of its own, as to make one costs more than most packets need. */
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  /** RFC 6464, 0 (silence) to 127 (as loud as can be): turned round. Undefined: the packet does not say. */
  readonly level: number | undefined;
}

/** As the router numbers ssrc-audio-level in what it hands to consumers. */
export const AUDIO_LEVEL_ID = 10;

/** @returns undefined for what is no RTP packet with a payload */
export function readRtp(packet: Uint8Array, levelId = AUDIO_LEVEL_ID): RtpView | undefined {
  const { length } = packet;
  if (length < 13 || length > 65_535) return undefined;
  const first = packet[0] as number;
  const second = packet[1] as number;
  if (first >> 6 !== 2) return undefined;
  let at = 12 + 4 * (first & 15);
  let level: number | undefined;
  if (first & 0x10) {
    if (at + 4 > length) return undefined;
    const profile = u16(packet, at);
    const end = at + 4 + 4 * u16(packet, at + 2);
    if (end > length) return undefined;
    // One-byte headers (RFC 8285 §4.2); no router of ours uses the two-byte form.
    if (profile === 0xbede) level = readLevel(packet, at + 4, end, levelId);
    at = end;
  }
  let end = length;
  if (first & 0x20) {
    const padding = packet[length - 1] as number;
    if (padding === 0) return undefined;
    end -= padding;
  }
  if (at >= end) return undefined;
  return {
    payloadType: second & 0x7f,
    marker: second > 0x7f,
    sequence: u16(packet, 2),
    timestamp: u32(packet, 4),
    ssrc: u32(packet, 8),
    bytes: packet,
    from: at,
    to: end,
    level,
  };
}

function readLevel(packet: Uint8Array, from: number, end: number, levelId: number): number | undefined {
  for (let at = from; at < end; ) {
    const head = packet[at] as number;
    const id = head >> 4;
    if (head === 0) {
      at++;
      continue;
    }
    if (id === 15) return undefined;
    if (id === levelId) return at + 1 < end ? 127 - ((packet[at + 1] as number) & 0x7f) : undefined;
    at += 2 + (head & 15);
  }
  return undefined;
}

export function payloadOf({ bytes, from, to }: Pick<RtpView, 'bytes' | 'from' | 'to'>): Uint8Array {
  return bytes.subarray(from, to);
}

/** Where the next packet of an outgoing stream stands. */
export interface RtpPosition {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

export function writeRtp({ payloadType, marker, sequence, timestamp, ssrc }: RtpPosition, payload: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(12 + payload.length);
  packet[0] = 0x80;
  packet[1] = (marker ? 0x80 : 0) | payloadType;
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(timestamp, 4);
  packet.writeUInt32BE(ssrc, 8);
  packet.set(payload, 12);
  return packet;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function u32(bytes: Uint8Array, at: number): number {
  return ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
}
