import { makeRtpPacket, type RtpPacket, sequenceDistance } from './rtp-packet.js';

/** Ticks of the RTP clock of all video (RFC 6184 §8.2.1) in a millisecond. */
export const ticksPerMs = 90;

/** How far back a packet may come late, as one that was asked for again (RFC 4585 NACK). */
const reorderWindow = 512;
/** A jump of more is a new beginning and no loss: RFC 3550 A.1. */
const maxDropout = 3_000;
/** Timestamps that are further off the time that has passed are a new beginning, too: no camera keeps a picture back so long. */
const maxTimeOff = 10_000 * ticksPerMs;

/**
 * One outgoing stream, whatever its source: sequence numbers and timestamps go on over changes of source. Within a source, gaps stay gaps
 * and late packets go where they belong, so that the receiver sees losses as they are.
 */
export class Rewriter {
  /** Packets and payload bytes sent so far, modulo 2^32, for sender reports. */
  packets = 0;
  octets = 0;
  #nextSequence: number;
  #timestamp: number;
  /** When the picture of `#timestamp` began. */
  #timestampAt: number | undefined;

  /** Sequence numbers of the source, extended over 2^16, so that an old one in the window is never taken for a new one. */
  #highest = 0;
  #first = 0;
  #sequenceOffset = 0;
  /** Packets before this one, which came before something was inserted, have the older offset. */
  #insertedAt = 0;
  #olderOffset = 0;
  #timestampOffset = 0;
  readonly #seen = new Float64Array(reorderWindow);

  /** Both random: RFC 3550 §5.1. */
  constructor(sequence: number, timestamp: number) {
    this.#nextSequence = sequence & 0xffff;
    this.#timestamp = timestamp >>> 0;
  }

  /** A source begins with this packet: the next sequence number, and a timestamp as much later as time has passed. */
  begin(packet: RtpPacket, now: number): void {
    // Extended by 2^16, so that no packet of the window before it is negative.
    this.#highest = this.#first = 0x10000 + packet.sequence;
    this.#insertedAt = this.#first;
    this.#sequenceOffset = this.#nextSequence - this.#first;
    this.#olderOffset = this.#sequenceOffset;
    this.#seen.fill(0);
    this.#timestampOffset = (this.timestampAt(now) - packet.timestamp) | 0;
  }

  /** The stream's timestamp at `now`: for sender reports, and for a source that begins now. */
  timestampAt(now: number): number {
    if (this.#timestampAt === undefined) return this.#timestamp;
    // A picture never begins at the time of the one before it.
    return (this.#timestamp + Math.max(1, Math.round((now - this.#timestampAt) * ticksPerMs))) >>> 0;
  }

  /**
   * A packet of the source as one of this stream. Undefined: a repetition, too late, or from before the source began.
   * 'lost': the source has begun anew, and so must we, at its next key frame.
   */
  rewrite(packet: RtpPacket, bytes: Uint8Array, now: number): Buffer | 'lost' | undefined {
    const distance = sequenceDistance(this.#highest & 0xffff, packet.sequence);
    if (distance > maxDropout || distance < -maxDropout) return 'lost';
    const extended = this.#highest + distance;
    if (distance <= -reorderWindow || extended < this.#first) return undefined;
    const timestamp = (packet.timestamp + this.#timestampOffset) >>> 0;
    if (Math.abs((timestamp - this.timestampAt(now)) | 0) > maxTimeOff) return 'lost';
    const slot = extended % reorderWindow;
    if (this.#seen[slot] === extended) return undefined;
    this.#seen[slot] = extended;

    const sequence = (extended + (extended < this.#insertedAt ? this.#olderOffset : this.#sequenceOffset)) & 0xffff;
    if (distance >= 0) {
      this.#highest = extended;
      this.#nextSequence = (sequence + 1) & 0xffff;
      if (this.#timestampAt === undefined || timestamp !== this.#timestamp) {
        this.#timestamp = timestamp;
        this.#timestampAt = now;
      }
    }
    return this.#make(sequence, timestamp, packet.marker, bytes, packet.start, packet.end);
  }

  /** A NAL unit that the source does not send, before `next`: call it when `next` is the newest packet so far and not yet rewritten. */
  insert(unit: Uint8Array, next: RtpPacket): Buffer {
    const distance = sequenceDistance(this.#highest & 0xffff, next.sequence);
    const extended = this.#highest + distance;
    if (this.#insertedAt !== extended) {
      this.#insertedAt = extended;
      this.#olderOffset = this.#sequenceOffset;
    }
    const sequence = (extended + this.#sequenceOffset) & 0xffff;
    this.#sequenceOffset++;
    return this.#make(sequence, (next.timestamp + this.#timestampOffset) >>> 0, false, unit, 0, unit.length);
  }

  /** Whether nothing newer than this packet has come. */
  isNewest(packet: RtpPacket): boolean {
    const distance = sequenceDistance(this.#highest & 0xffff, packet.sequence);
    return distance > 0 && distance <= maxDropout;
  }

  #make(sequence: number, timestamp: number, marker: boolean, bytes: Uint8Array, start: number, end: number): Buffer {
    this.packets = (this.packets + 1) >>> 0;
    this.octets = (this.octets + end - start) >>> 0;
    return makeRtpPacket(sequence, timestamp, marker, bytes, start, end);
  }
}
