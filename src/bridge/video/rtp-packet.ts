/** Where the parts of an RTP packet are (RFC 3550 §5.1). One object is read into again and again: a packet costs no allocation. */
export class RtpPacket {
  sequence = 0;
  timestamp = 0;
  marker = false;
  payloadType = 0;
  /** The payload is `bytes.subarray(start, end)`, without header extension (§5.3.1) and padding. */
  start = 0;
  end = 0;

  /** False: this is no RTP packet with a payload, and the fields mean nothing. */
  read(bytes: Uint8Array): boolean {
    const length = bytes.length;
    if (length < 13) return false;
    const first = at(bytes, 0);
    if (first >> 6 !== 2) return false;
    let start = 12 + (first & 0x0f) * 4;
    if (first & 0x10) {
      if (start + 4 > length) return false;
      start += 4 + word(bytes, start + 2) * 4;
    }
    const end = first & 0x20 ? length - at(bytes, length - 1) : length;
    // Padding of 0 bytes is impossible where the padding bit is set: the count counts itself.
    if (start >= end || (first & 0x20 && end === length)) return false;
    const second = at(bytes, 1);
    this.marker = second >= 0x80;
    this.payloadType = second & 0x7f;
    this.sequence = word(bytes, 2);
    this.timestamp = ((word(bytes, 4) << 16) | word(bytes, 6)) >>> 0;
    this.start = start;
    this.end = end;
    return true;
  }
}

/** A packet with a bare header: SSRC and payload type are 0, for the sender to put in. The payload is copied. */
export function makeRtpPacket(
  sequence: number,
  timestamp: number,
  marker: boolean,
  payload: Uint8Array,
  start: number,
  end: number,
): Buffer {
  const packet = Buffer.allocUnsafe(12 + end - start);
  packet[0] = 0x80;
  packet[1] = marker ? 0x80 : 0;
  packet[2] = sequence >> 8;
  packet[3] = sequence;
  packet[4] = timestamp >>> 24;
  packet[5] = timestamp >>> 16;
  packet[6] = timestamp >>> 8;
  packet[7] = timestamp;
  packet[8] = packet[9] = packet[10] = packet[11] = 0;
  packet.set(start === 0 && end === payload.length ? payload : payload.subarray(start, end), 12);
  return packet;
}

/** `to - from` of two sequence numbers, -32,768 to 32,767: the shorter way round. */
export function sequenceDistance(from: number, to: number): number {
  return ((to - from) << 16) >> 16;
}

function at(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function word(bytes: Uint8Array, index: number): number {
  return (at(bytes, index) << 8) | at(bytes, index + 1);
}
