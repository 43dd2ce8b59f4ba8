import { eachUnit, nalType } from './h264.js';
import { makeRtpPacket, RtpPacket, sequenceDistance } from './rtp-packet.js';

/** With RTP, SRTP, UDP and IP headers still inside the 1,280 bytes that every IPv6 path takes (RFC 8200 §5), and what most endpoints assume. */
const defaultMaxUnit = 1_200;
/** Packets of one picture that are kept. A key frame of 2 Mbit/s has some 200. */
const maxPackets = 2_048;

export interface SingleNalUnitStats {
  /** NAL units that fit into no packet. */
  readonly tooLarge: number;
  /** Pictures that were dropped for them. */
  readonly picturesDropped: number;
}

interface Held {
  readonly sequence: number;
  readonly marker: boolean;
  readonly payload: Uint8Array;
}

/**
 * Makes packetization mode 0 of mode 1 (RFC 6184 §6.2): every packet one NAL unit. Aggregates are taken apart, and fragments put together
 * where the unit fits. What does not fit cannot be sent in this mode at all, so its picture is dropped; the receiver sees a gap and asks for
 * a key frame. It takes a picture as a whole, so what comes out comes at the picture's end.
 */
export class SingleNalUnits {
  readonly #maxUnit: number;
  readonly #packet = new RtpPacket();
  #nextSequence: number;
  /** Of the picture being gathered, by sequence number. */
  #held: Held[] = [];
  #timestamp: number | undefined;
  /** The last sequence number of the picture before; undefined: nothing has come yet. */
  #last: number | undefined;
  #tooLarge = 0;
  #picturesDropped = 0;

  /** `sequence`: of the first packet out. `maxUnit`: bytes of the largest NAL unit. */
  constructor(sequence: number, maxUnit = defaultMaxUnit) {
    this.#nextSequence = sequence & 0xffff;
    this.#maxUnit = maxUnit;
  }

  get stats(): SingleNalUnitStats {
    return { tooLarge: this.#tooLarge, picturesDropped: this.#picturesDropped };
  }

  /** Gives the packets that can be sent now. Payload type and SSRC are 0. */
  push(bytes: Buffer): Buffer[] {
    const packet = this.#packet;
    const out: Buffer[] = [];
    if (!packet.read(bytes)) return out;
    if (this.#last !== undefined && sequenceDistance(this.#last, packet.sequence) <= 0) return out;
    if (this.#timestamp !== undefined && packet.timestamp !== this.#timestamp) {
      // A late packet of a picture that came and went, or the next picture, before which this one must go as it is. Only the number tells: a
      // timestamp is whatever the sender says, and one that is far ahead would make everything after it late.
      const newest = this.#held.at(-1);
      if (newest && sequenceDistance(newest.sequence, packet.sequence) < 0) return out;
      this.#flush(out);
    }
    this.#timestamp = packet.timestamp;
    this.#hold({ sequence: packet.sequence, marker: packet.marker, payload: bytes.subarray(packet.start, packet.end) });
    if (this.#whole() || this.#held.length >= maxPackets) this.#flush(out);
    return out;
  }

  #hold(held: Held): void {
    let at = this.#held.length;
    for (; at > 0; at--) {
      const before = this.#held[at - 1];
      const distance = before ? sequenceDistance(before.sequence, held.sequence) : 1;
      if (distance === 0) return;
      if (distance > 0) break;
    }
    this.#held.splice(at, 0, held);
  }

  /** Whether all packets are there from the picture before to the marker. */
  #whole(): boolean {
    const first = this.#held[0];
    const last = this.#held.at(-1);
    if (!first || !last?.marker) return false;
    if (this.#last !== undefined && sequenceDistance(this.#last, first.sequence) !== 1) return false;
    return sequenceDistance(first.sequence, last.sequence) === this.#held.length - 1;
  }

  #flush(out: Buffer[]): void {
    const timestamp = this.#timestamp ?? 0;
    const { units, gaps, tooLarge } = this.#units();
    this.#timestamp = undefined;
    this.#last = this.#held.at(-1)?.sequence ?? this.#last;
    const ended = this.#held.at(-1)?.marker ?? false;
    this.#held = [];
    if (tooLarge > 0) {
      this.#tooLarge += tooLarge;
      this.#picturesDropped++;
      // The receiver must see that something is missing.
      this.#skip();
      return;
    }
    units.forEach((unit, index) => {
      if (gaps.has(index)) this.#skip();
      out.push(makeRtpPacket(this.#nextSequence, timestamp, ended && index === units.length - 1, unit, 0, unit.length));
      this.#skip();
    });
    if (gaps.has(units.length)) this.#skip();
  }

  #skip(): void {
    this.#nextSequence = (this.#nextSequence + 1) & 0xffff;
  }

  /** The NAL units of the picture; `gaps`: before which of them something is missing. */
  #units(): { units: Uint8Array[]; gaps: Set<number>; tooLarge: number } {
    const units: Uint8Array[] = [];
    const gaps = new Set<number>();
    let tooLarge = 0;
    let expected = this.#last === undefined ? undefined : (this.#last + 1) & 0xffff;
    let fragments: Uint8Array[] | undefined;
    for (const { sequence, payload } of this.#held) {
      const lost = expected !== undefined && sequence !== expected;
      expected = (sequence + 1) & 0xffff;
      const fragment = ((payload[0] ?? 0) & 0x1f) === nalType.fuA && payload.length > 2;
      const begins = fragment && ((payload[1] ?? 0) & 0x80) !== 0;
      if (lost) gaps.add(units.length);
      if (lost || !fragment || begins) fragments = undefined;
      if (!fragment) {
        eachUnit(payload, 0, payload.length, (from, to) => {
          if (to - from > this.#maxUnit) tooLarge++;
          else units.push(payload.subarray(from, to));
        });
        continue;
      }
      if (begins) fragments = [unitHeader(payload)];
      if (!fragments) continue;
      fragments.push(payload.subarray(2));
      if (!((payload[1] ?? 0) & 0x40)) continue;
      const unit = Buffer.concat(fragments);
      fragments = undefined;
      if (unit.length > this.#maxUnit) tooLarge++;
      else units.push(unit);
    }
    // A unit that breaks off where no packet is missing is the end of a source that was left for another: no loss to be asked for again.
    return { units, gaps, tooLarge };
  }
}

/** The header that the unit had before it was fragmented: NRI of the FU indicator, type of the FU header (RFC 6184 §5.8). */
function unitHeader(payload: Uint8Array): Uint8Array {
  return Uint8Array.of(((payload[0] ?? 0) & 0xe0) | ((payload[1] ?? 0) & 0x1f));
}
