import type { EpochMs } from '../../../clock.js';
import type { SocketAddress } from './transport-address.js';

/** What was answered to a request. */
export interface Answered {
  readonly reply: Uint8Array;
  readonly to: SocketAddress;
  /** The registration that it confirmed; undefined: none. It is good for as long as that is. */
  readonly endpointId: string | undefined;
}

/** What is known of a datagram: answered already, being worked on, or never seen. */
export type Seen = Answered | 'underway' | undefined;

/** A request that is to be worked on. */
export interface DuplicateRequest {
  readonly key: string;
  /** It came before, was found genuine and left unanswered: its token, which is good once, is spent. */
  readonly wasDropped: boolean;
}

interface Entry {
  readonly length: number;
  readonly low: number;
  answer: Answered | undefined;
  wasDropped: boolean;
}

export interface DuplicateOptions {
  /** How long an answer is remembered at least; at most twice as long. H.225.0 §7.18.1 repeats after 3 to 5 seconds. Default 6,000. */
  readonly lifetimeMs?: number;
  /**
   * Requests remembered at most, in two generations. Default 200,000: 8,000 a second, each for twice its lifetime. One that is forgotten too
   * early is taken for a stolen one when it is repeated, as its token was used.
   */
  readonly limit?: number;
  /** Bytes of answers remembered at most, in two generations. Default 64 MiB. */
  readonly limitBytes?: number;
  /** Whether what an answer confirmed is still so. Default: it always is. */
  readonly isRegistered?: (endpointId: string) => boolean;
  /** 32 random bits: then nobody can make two requests that look the same. */
  readonly seed?: number;
}

/**
 * The requests of the last seconds and what was answered to them: a repetition gets the same bytes, and is not done twice. Requests are the
 * same when every byte is, sequence number and tokens included, and they come from the same address and port; that the bytes are, a checksum of
 * 64 bits says, so that they need not be kept.
 *
 * Two generations: when the young one is full or old enough, it becomes the old one, and what that still held is forgotten.
 */
export class DuplicateRequests {
  readonly #lifetimeMs: number;
  readonly #generation: number;
  readonly #generationBytes: number;
  readonly #isRegistered: (endpointId: string) => boolean;
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #youngBytes = 0;
  #since: EpochMs = 0;
  readonly #seed: number;
  /** The checksum at hand, 64 bits in two words. */
  #high = 0;
  #low = 0;

  constructor(options: DuplicateOptions = {}) {
    const { lifetimeMs = 6000, limit = 200_000, limitBytes = 64 * 1024 * 1024, isRegistered = () => true, seed = 0 } = options;
    this.#isRegistered = isRegistered;
    this.#seed = seed;
    this.#lifetimeMs = lifetimeMs;
    this.#generation = Math.max(1, limit >> 1);
    this.#generationBytes = limitBytes / 2;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** `seen`, or else the entry to write the answer into when there is one. */
  look(bytes: Uint8Array, from: SocketAddress, now: EpochMs): { readonly seen: Seen; readonly entry: DuplicateRequest | undefined } {
    this.#turn(now);
    this.#checksum(bytes);
    const key = `${from.address} ${from.port} ${this.#high}`;
    const known = this.#young.get(key) ?? this.#old.get(key);
    const same = known !== undefined && known.low === this.#low && known.length === bytes.length ? known : undefined;
    const { answer, wasDropped = false } = same ?? {};
    // A confirm of what is over by now would be believed: whoever sends the same again registers anew.
    const isOver = answer?.endpointId !== undefined && !this.#isRegistered(answer.endpointId);
    if (same && !wasDropped && !isOver) return { seen: answer ?? 'underway', entry: undefined };
    this.#young.set(key, { length: bytes.length, low: this.#low, answer: undefined, wasDropped: false });
    return { seen: undefined, entry: { key, wasDropped } };
  }

  /** The request was answered so: a repetition gets the same. */
  answer({ key }: DuplicateRequest, answer: Answered): void {
    const entry = this.#young.get(key) ?? this.#old.get(key);
    if (!entry) return;
    entry.answer = answer;
    this.#youngBytes += answer.reply.length;
  }

  /** There is no answer: a repetition is to be looked at anew. */
  forget({ key }: DuplicateRequest): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** There is no answer although the request was found genuine: a repetition is to be done, without asking whether it is one. */
  drop({ key }: DuplicateRequest): void {
    const entry = this.#young.get(key) ?? this.#old.get(key);
    if (entry) entry.wasDropped = true;
  }

  #turn(now: EpochMs): void {
    const age = now - this.#since;
    // A clock that was set back starts a new age.
    const hasRoom = this.#young.size < this.#generation && this.#youngBytes < this.#generationBytes;
    if (hasRoom && age >= 0 && age < this.#lifetimeMs) return;
    // Nothing came for so long that the young ones are old enough to go as well.
    this.#old = age >= 2 * this.#lifetimeMs ? new Map() : this.#young;
    this.#young = new Map();
    this.#youngBytes = 0;
    this.#since = now;
  }

  /** Two lanes of multiply and xor, stirred into each other at the end: 64 bits for what would be hundreds of bytes. */
  #checksum(bytes: Uint8Array): void {
    let high = this.#seed;
    let low = ~this.#seed;
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i] ?? 0;
      high = Math.imul(high ^ byte, 0x9e3779b1);
      low = Math.imul(low ^ byte, 0x5f356495);
    }
    this.#high = (Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)) >>> 0;
    this.#low = (Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)) >>> 0;
  }
}
