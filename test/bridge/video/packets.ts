/** RTP packets and H.264 payloads, by hand. */

export interface RtpFields {
  readonly sequence: number;
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly marker?: boolean;
}

export function rtp({ sequence, timestamp, payload, marker }: RtpFields): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = 96 | (marker ? 0x80 : 0);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp >>> 0, 4);
  header.writeUInt32BE(0x12345678, 8);
  return Buffer.concat([header, payload]);
}

export const sps = Uint8Array.of(0x67, 0x42, 0xe0, 0x1f, 0x8c);
export const pps = Uint8Array.of(0x68, 0xce, 0x3c, 0x80);

/** A NAL unit of this type with these bytes after the header. */
export function unit(type: number, ...rest: number[]): Uint8Array {
  return Uint8Array.of(0x60 | type, ...rest);
}

/** Slices that begin a picture: first_mb_in_slice is 0. */
export const idr = unit(5, 0x88, 1, 2, 3);
export const slice = unit(1, 0x9a, 1, 2, 3);

export function stapA(...units: Uint8Array[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(0x78), ...units.flatMap((one) => [Uint8Array.of(one.length >> 8, one.length), one])]);
}

/** FU-A payloads with `size` bytes of the unit in each. */
export function fuA(whole: Uint8Array, size: number): Uint8Array[] {
  const header = whole[0] ?? 0;
  const payloads: Uint8Array[] = [];
  for (let at = 1; at < whole.length; at += size) {
    const start = at === 1 ? 0x80 : 0;
    const end = at + size >= whole.length ? 0x40 : 0;
    payloads.push(Buffer.concat([Uint8Array.of((header & 0xe0) | 28, start | end | (header & 0x1f)), whole.subarray(at, at + size)]));
  }
  return payloads;
}

/** What a test wants to know of a packet that came out. */
export interface Seen {
  readonly sequence: number;
  readonly timestamp: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

export function seen(packet: Buffer): Seen {
  return {
    sequence: packet.readUInt16BE(2),
    timestamp: packet.readUInt32BE(4),
    marker: (packet[1] ?? 0) >= 0x80,
    payload: packet.subarray(12),
  };
}

/** A camera: its own numbering, pictures of a few packets. */
export class Camera {
  sequence: number;
  timestamp: number;

  constructor(sequence = 1000, timestamp = 5_000_000) {
    this.sequence = sequence;
    this.timestamp = timestamp;
  }

  /** SPS, PPS and an IDR slice. */
  keyFrame(): Buffer[] {
    return this.#picture(sps, pps, idr);
  }

  /** An IDR slice whose parameter sets were sent before. */
  bareKeyFrame(): Buffer[] {
    return this.#picture(idr);
  }

  parameterSets(): Buffer[] {
    return this.#picture(sps, pps);
  }

  picture(): Buffer[] {
    return this.#picture(slice);
  }

  #picture(...payloads: Uint8Array[]): Buffer[] {
    this.timestamp = (this.timestamp + 3000) >>> 0;
    return payloads.map((payload, index) => {
      const packet = rtp({ sequence: this.sequence, timestamp: this.timestamp, payload, marker: index === payloads.length - 1 });
      this.sequence = (this.sequence + 1) & 0xffff;
      return packet;
    });
  }
}
