import type { EpochMs } from '../../../clock.js';
import type { SocketAddress } from './transport-address.js';

/** What is known of a datagram: answered already, being worked on, or never seen. */
export type Seen = { readonly reply: Uint8Array; readonly to: SocketAddress } | 'underway' | undefined;

/** A request that came for the first time. */
export interface DuplicateRequest {
  readonly key: string;
  /** What was answered, once it is. */
  reply: Uint8Array | undefined;
  to: SocketAddress;
}

interface Entry extends DuplicateRequest {
  readonly length: number;
  readonly low: number;
}

export interface DuplicateOptions {
  /** How long an answer is remembered at least; at most twice as long. H.225.0 §7.18.1 repeats after 3 to 5 seconds. Default 6,000. */
  readonly lifetimeMs?: number;
  /** Requests remembered at most, in two generations. Default 40,000. */
  readonly limit?: number;
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
  #young = new Map<string, Entry>();
  #old = new Map<string, Entry>();
  #since: EpochMs = 0;
  readonly #seed: number;
  /** The checksum at hand, 64 bits in two words. */
  #high = 0;
  #low = 0;

  constructor({ lifetimeMs = 6000, limit = 40_000, seed = 0 }: DuplicateOptions = {}) {
    this.#seed = seed;
    this.#lifetimeMs = lifetimeMs;
    this.#generation = Math.max(1, limit >> 1);
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
    if (known && known.low === this.#low && known.length === bytes.length) {
      return { seen: known.reply ? { reply: known.reply, to: known.to } : 'underway', entry: undefined };
    }
    const entry: Entry = { key, length: bytes.length, low: this.#low, reply: undefined, to: from };
    this.#young.set(key, entry);
    return { seen: undefined, entry };
  }

  /** There is no answer: a repetition is to be looked at anew. */
  forget({ key }: DuplicateRequest): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #turn(now: EpochMs): void {
    const age = now - this.#since;
    // A clock that was set back starts a new age.
    if (this.#young.size < this.#generation && age >= 0 && age < this.#lifetimeMs) return;
    // Nothing came for so long that the young ones are old enough to go as well.
    this.#old = age >= 2 * this.#lifetimeMs ? new Map() : this.#young;
    this.#young = new Map();
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
