import { PlayoutDelay } from './playout-delay.js';

/** As many packets as are kept: 320 ms in the shortest that anyone sends (10 ms). A power of two. */
const SLOTS = 32;
/** RFC 3550 A.1: a sequence number so far away is of another stream, or of no stream. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** Beyond this, a gap is a pause and not a loss. */
const MAX_LOSS_MS = 120;
/** Nothing came for so long: the next packet begins anew. */
const MAX_EMPTY_MS = 100;
/** A backlog larger than this over what should be waited is thrown away; a smaller one is played faster. */
const MAX_BACKLOG_MS = 250;

export interface BufferedPacket {
  /** Good until the slot is needed again: until the next `insert`. */
  readonly payload: Uint8Array;
  /** In ticks of the RTP clock. */
  readonly duration: number;
}

/** Some bytes of a larger piece: they are copied from there. */
export interface Payload {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
}

export interface ArrivedPacket {
  readonly sequence: number;
  readonly timestamp: number;
  /** Undefined: it has a number in the sequence, but no sound: a telephone event, comfort noise. It is kept so that it does not count as lost. */
  readonly payload: Payload | undefined;
  readonly duration: number;
  readonly isLoud: boolean;
}

export type Arrival = 'kept' | 'late' | 'duplicate' | 'strange';

export type Playout =
  | { readonly kind: 'packet'; readonly packet: BufferedPacket }
  /** Sound of so many ticks will not come any more. */
  | { readonly kind: 'lost'; readonly duration: number }
  /** Nothing to play now. `paused`: the sender pauses, or has not begun; otherwise what should be played now has not come yet. */
  | { readonly kind: 'nothing'; readonly paused: boolean };

interface Slot {
  sequence: number;
  timestamp: number;
  data: Uint8Array;
  length: number;
  duration: number;
  isLoud: boolean;
  hasSound: boolean;
}

/**
 * Puts a sender's packets in order and gives each out when its time has come: no sooner than jitter demands, no later. Fixed in size. While
 * nobody takes packets it keeps the newest, so that one who begins to be heard is heard from his first word.
 */
export class JitterBuffer {
  readonly #clock: number;
  readonly #slots: (Slot | undefined)[] = new Array(SLOTS);
  readonly #delay = new PlayoutDelay();
  /** Sequence numbers and timestamps are counted on beyond their 16 and 32 bits. */
  #highest: number | undefined;
  #lastTimestamp = 0;
  /** The next to be played, and the timestamp that it should have. */
  #head = 0;
  #position = 0;
  /** Until the first packet's time has come. */
  #isWaiting = true;
  /** Ticks that were filled because nothing had come: time that may still turn out to be lost packets'. */
  #owed = 0;
  #strange: number | undefined;

  /** @param clock ticks of the RTP clock a second */
  constructor(clock: number) {
    this.#clock = clock;
  }

  get targetMs(): number {
    return this.#delay.targetMs;
  }

  insert(packet: ArrivedPacket, now: number): Arrival {
    const sequence = this.#unwrap(packet.sequence);
    if (sequence === undefined) return 'strange';
    const highest = this.#highest ?? sequence;
    if (this.#at(sequence)) return 'duplicate';
    if (sequence <= highest - SLOTS) return 'late';
    const timestamp = this.#lastTimestamp + ((packet.timestamp - this.#lastTimestamp) | 0);
    // What comes too late to be played says best how long to wait.
    if (packet.payload && !this.#delay.observe(this.#ms(timestamp), now)) this.#isWaiting = true;
    if (sequence < this.#head) return 'late';
    if (sequence >= highest) {
      this.#highest = sequence;
      this.#lastTimestamp = timestamp;
    }
    this.#store(sequence, timestamp, packet);
    if (this.#head <= (this.#highest ?? sequence) - SLOTS) this.#skipTo((this.#highest ?? sequence) - SLOTS + 1);
    return 'kept';
  }

  /**
   * Begins to play. One who has just begun to speak, from where he did: as far back as there are loud packets without a gap,
   * and at most `backMs`; otherwise from the newest packet that has waited long enough.
   */
  start(backMs: number, now: number): void {
    this.#isWaiting = true;
    this.#owed = 0;
    const highest = this.#highest;
    if (highest === undefined) return;
    const newest = this.#at(highest);
    let head = highest + 1;
    let isLoud = true;
    for (let sequence = highest; newest && sequence >= this.#head; sequence--) {
      const slot = this.#at(sequence);
      if (!slot) break;
      if (this.#ms(newest.timestamp - slot.timestamp) > backMs) break;
      const before = this.#at(sequence - 1);
      isLoud &&= slot.isLoud || (before?.isLoud ?? false);
      head = sequence;
      if (!isLoud && this.#delay.waitedMs(this.#ms(slot.timestamp), now) >= this.#delay.targetMs) break;
    }
    this.#head = head;
  }

  /** The packets before the one that is played next, oldest first: a decoder that has slept needs some to find its way in. */
  before(count: number): Uint8Array[] {
    const payloads: Uint8Array[] = [];
    for (let sequence = this.#head - 1; payloads.length < count; sequence--) {
      const slot = this.#at(sequence);
      if (!slot?.hasSound) break;
      payloads.unshift(slot.data.subarray(0, slot.length));
    }
    return payloads;
  }

  /** @param now when the first sample of what is taken will be played */
  take(now: number): Playout {
    for (;;) {
      const highest = this.#highest;
      if (highest === undefined || this.#head > highest) return this.#nothing();
      const slot = this.#at(this.#head);
      if (slot && !slot.hasSound) {
        this.#head++;
        continue;
      }
      const next = slot ?? this.#next(highest);
      if (!next) return this.#nothing();
      const waited = this.#delay.waitedMs(this.#ms(next.timestamp), now);
      if (waited > this.#delay.targetMs + MAX_BACKLOG_MS && next.sequence < highest) {
        this.#skipTo(next.sequence + 1);
        this.#isWaiting = true;
        continue;
      }
      if (this.#isWaiting) {
        if (waited < this.#delay.targetMs) return { kind: 'nothing', paused: true };
        this.#isWaiting = false;
        this.#owed = 0;
        this.#skipTo(next.sequence);
        this.#position = next.timestamp;
        continue;
      }
      const gap = next.timestamp - this.#position;
      if (slot) {
        if (gap > 0 && gap <= this.#owed) this.#position = slot.timestamp;
        else if (gap !== 0) {
          // In sequence, but not in time: the sender has paused (or its clock has jumped).
          this.#isWaiting = true;
          continue;
        }
        return this.#play(slot);
      }
      // Not so late yet that it could not still come: to wait for it makes the delay longer, as it has to be.
      if (this.#delay.waitedMs(this.#ms(this.#position), now) < this.#delay.targetMs) return this.#nothing();
      if (gap <= this.#owed) {
        // What was missing has been filled already.
        this.#skipTo(next.sequence);
        this.#position = next.timestamp;
        this.#owed = 0;
        continue;
      }
      if (this.#ms(gap) > MAX_LOSS_MS) {
        this.#skipTo(next.sequence);
        this.#isWaiting = true;
        continue;
      }
      const duration = gap - this.#owed;
      this.#owed = 0;
      this.#skipTo(next.sequence);
      this.#position = next.timestamp;
      return { kind: 'lost', duration };
    }
  }

  /** Says that `ms` were filled because `take` had nothing. */
  filled(ms: number): void {
    this.#owed += (ms * this.#clock) / 1000;
    if (this.#ms(this.#owed) >= MAX_EMPTY_MS) this.#isWaiting = true;
  }

  /** Whether the next packet is here. */
  get hasNext(): boolean {
    return !this.#isWaiting && this.#at(this.#head)?.hasSound === true;
  }

  /** How much later than need be the next packet is played, if that is at `now`. */
  excessMs(now: number): number {
    if (this.#isWaiting) return 0;
    return this.#delay.waitedMs(this.#ms(this.#position), now) - this.#delay.targetMs;
  }

  /** Another stream begins. */
  reset(): void {
    for (const slot of this.#slots) if (slot) slot.sequence = -1;
    this.#highest = undefined;
    this.#head = 0;
    this.#isWaiting = true;
    this.#owed = 0;
    this.#strange = undefined;
    this.#delay.reset();
  }

  #play(slot: Slot): Playout {
    this.#head++;
    this.#position = slot.timestamp + slot.duration;
    this.#owed = 0;
    return { kind: 'packet', packet: { payload: slot.data.subarray(0, slot.length), duration: slot.duration } };
  }

  #nothing(): Playout {
    return { kind: 'nothing', paused: this.#isWaiting };
  }

  #next(highest: number): Slot | undefined {
    for (let sequence = this.#head + 1; sequence <= highest; sequence++) {
      const slot = this.#at(sequence);
      if (slot?.hasSound) return slot;
    }
    return undefined;
  }

  #skipTo(sequence: number): void {
    if (sequence > this.#head) this.#head = sequence;
  }

  #unwrap(sequence: number): number | undefined {
    const highest = this.#highest;
    if (highest === undefined) {
      // Room below, for packets that the first one has overtaken.
      this.#head = 0x1_0000 + sequence;
      return 0x1_0000 + sequence;
    }
    const step = ((sequence - highest) << 16) >> 16;
    if (step < MAX_DROPOUT && step > -MAX_MISORDER) {
      this.#strange = undefined;
      return highest + step;
    }
    // Two in a row from there: the sender has begun anew (RFC 3550 A.1).
    if (this.#strange !== sequence) {
      this.#strange = (sequence + 1) & 0xffff;
      return undefined;
    }
    this.reset();
    return this.#unwrap(sequence);
  }

  #at(sequence: number): Slot | undefined {
    const slot = this.#slots[sequence & (SLOTS - 1)];
    return slot?.sequence === sequence ? slot : undefined;
  }

  #store(sequence: number, timestamp: number, packet: ArrivedPacket): void {
    const index = sequence & (SLOTS - 1);
    const { payload } = packet;
    const length = payload ? payload.to - payload.from : 0;
    let slot = this.#slots[index];
    if (!slot) {
      slot = { sequence, timestamp, data: new Uint8Array(length), length, duration: 0, isLoud: false, hasSound: false };
      this.#slots[index] = slot;
    }
    // Copied, as the network's buffer is not ours to keep.
    if (slot.data.length < length) slot.data = new Uint8Array(length);
    // By hand: to make the view that `set` wants takes longer than to copy so few bytes.
    if (payload) for (let i = 0; i < length; i++) slot.data[i] = payload.bytes[payload.from + i] as number;
    slot.sequence = sequence;
    slot.timestamp = timestamp;
    slot.length = length;
    slot.duration = packet.duration;
    slot.isLoud = packet.isLoud;
    slot.hasSound = payload !== undefined;
  }

  #ms(ticks: number): number {
    return (ticks * 1000) / this.#clock;
  }
}
