/** RFC 1006 §6: version 3, a reserved octet, and the length of the whole packet in two octets. */
export const TPKT_HEADER_BYTES = 4;
const VERSION = 3;
/** The longest payload that the length can say. */
export const MAX_TPKT_PAYLOAD = 65_535 - TPKT_HEADER_BYTES;

/** Why the next packet of a stream cannot be found any more: the connection has to end. */
export interface TpktLoss {
  /** `size`: a packet longer than we take. `framing`: this is not TPKT. */
  readonly why: 'size' | 'framing';
  /** For the log. */
  readonly text: string;
}

/** What one chunk of a stream came to. */
export interface TpktFrames {
  /** Whole payloads, in order. Views of what was pushed where they came in one piece: whoever keeps one for long copies it. */
  readonly payloads: readonly Buffer[];
  /** Packets without a payload: a keep-alive of many stacks, to be read and forgotten. */
  readonly keepAlives: number;
  /** The end: nothing after this is read. The payloads before it are good. */
  readonly loss?: TpktLoss;
}

const NOTHING: TpktFrames = { payloads: [], keepAlives: 0 };

/**
 * Cuts a byte stream into the payloads of TPKTs (RFC 1006 §6, which H.225.0 uses for Q.931 and H.245 alike). Pure: bytes in, payloads out,
 * however the stream was cut on its way. Work is linear in the bytes; no more than one packet is held, in a buffer that grows with what has
 * come and not with what a length promises.
 */
export class TpktFramer {
  readonly #maxPayload: number;
  /** The beginning of a packet whose end has not come: `#held` bytes of `#store`. */
  #store: Buffer | undefined;
  #held = 0;
  #lost = false;
  #begun = 0;

  /** `maxPayload`: bytes of one payload, at most 65,531. */
  constructor(maxPayload: number = MAX_TPKT_PAYLOAD) {
    this.#maxPayload = Math.min(maxPayload, MAX_TPKT_PAYLOAD);
  }

  /** Whether a packet has begun and not ended. */
  get partial(): boolean {
    return this.#held > 0;
  }

  /** Grows with each packet that has to wait for more bytes: tells one unfinished packet from the next. */
  get begun(): number {
    return this.#begun;
  }

  push(chunk: Buffer): TpktFrames {
    if (this.#lost || chunk.length === 0) return NOTHING;
    const payloads: Buffer[] = [];
    let keepAlives = 0;
    let at = 0;
    if (this.#held > 0) {
      // Only as much as finishes the held packet is copied; the rest of the chunk is read where it lies.
      while (this.#held > 0 && at < chunk.length) {
        const known = this.#held < TPKT_HEADER_BYTES ? undefined : this.#lengthAt(this.#store ?? chunk, 0, this.#held);
        const wanted = typeof known === 'number' ? known : TPKT_HEADER_BYTES;
        const taken = Math.min(wanted - this.#held, chunk.length - at);
        this.#hold(chunk.subarray(at, at + taken), wanted);
        at += taken;
        const whole = this.#take();
        if (whole === undefined) continue;
        if (!Buffer.isBuffer(whole)) return this.#end(whole, payloads, keepAlives);
        if (whole.length > 0) payloads.push(whole);
        else keepAlives++;
      }
    }
    while (at < chunk.length) {
      const length = this.#lengthAt(chunk, at, chunk.length - at);
      if (typeof length === 'object') return this.#end(length, payloads, keepAlives);
      if (length === undefined || at + length > chunk.length) {
        this.#begun++;
        this.#hold(chunk.subarray(at), length ?? TPKT_HEADER_BYTES);
        break;
      }
      if (length > TPKT_HEADER_BYTES) payloads.push(chunk.subarray(at + TPKT_HEADER_BYTES, at + length));
      else keepAlives++;
      at += length;
    }
    return { payloads, keepAlives };
  }

  /** Length of the packet that begins at `at`, header and all; undefined: too little has come to tell. What is wrong is told as soon as it shows. */
  #lengthAt(bytes: Buffer, at: number, available: number): number | TpktLoss | undefined {
    if (bytes[at] !== VERSION) {
      return { why: 'framing', text: `a packet begins with ${bytes[at] ?? 0}, not with 3: this is not TPKT (RFC 1006 §6)` };
    }
    if (available < TPKT_HEADER_BYTES) return undefined;
    const length = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    if (length < TPKT_HEADER_BYTES) return { why: 'framing', text: `a packet's length is ${length}, less than its header's (RFC 1006 §6)` };
    if (length - TPKT_HEADER_BYTES > this.#maxPayload) {
      return { why: 'size', text: `a message of ${length - TPKT_HEADER_BYTES} bytes is longer than ${this.#maxPayload}` };
    }
    return length;
  }

  /** The held packet's payload if it is whole now; it is let go of then. */
  #take(): Buffer | TpktLoss | undefined {
    const store = this.#store;
    if (!store || this.#held < TPKT_HEADER_BYTES) return undefined;
    const length = this.#lengthAt(store, 0, this.#held);
    if (typeof length === 'object') return length;
    if (length === undefined || this.#held < length) return undefined;
    this.#store = undefined;
    this.#held = 0;
    return store.subarray(TPKT_HEADER_BYTES, length);
  }

  #hold(bytes: Buffer, wanted: number): void {
    const needed = this.#held + bytes.length;
    if (!this.#store || this.#store.length < needed) {
      // Doubled, so that dripping costs no more than a constant factor; never more than the packet itself.
      const roomy = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(wanted, 2 * needed, MAX_TPKT_PAYLOAD + TPKT_HEADER_BYTES)));
      this.#store?.copy(roomy, 0, 0, this.#held);
      this.#store = roomy;
    }
    bytes.copy(this.#store, this.#held);
    this.#held = needed;
  }

  #end(loss: TpktLoss, payloads: readonly Buffer[], keepAlives: number): TpktFrames {
    this.#lost = true;
    this.#store = undefined;
    this.#held = 0;
    return { payloads, keepAlives, loss };
  }
}

/**
 * One TPKT around `payload`.
 * @throws {RangeError} it is longer than 65,531 bytes.
 */
export function writeTpkt(payload: Uint8Array): Buffer {
  const length = payload.length + TPKT_HEADER_BYTES;
  if (payload.length > MAX_TPKT_PAYLOAD) throw new RangeError(`A TPKT holds 65531 bytes, not ${payload.length} (RFC 1006 §6)`);
  const packet = Buffer.allocUnsafe(length);
  packet[0] = VERSION;
  packet[1] = 0;
  packet[2] = length >> 8;
  packet[3] = length & 0xff;
  packet.set(payload, TPKT_HEADER_BYTES);
  return packet;
}
