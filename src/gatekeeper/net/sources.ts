import type { EpochMs } from '../../clock.js';

/**
 * The key a source is counted under: an IPv4 address as it is, an IPv6 address by its first 64 bits, because one subscriber has all
 * the addresses behind them (RFC 6177 §2). `address` is as the system writes it (RFC 5952), without a zone index in the first 64 bits.
 */
export function sourceKey(address: string): string {
  let colons = 0;
  for (let i = 0; i < address.length; i++) {
    if (address.charCodeAt(i) !== 58) continue;
    if (address.charCodeAt(i + 1) === 58) return colons === 3 ? address.slice(0, i) : compressedKey(address, i, colons);
    if (++colons === 4) return address.slice(0, i);
  }
  return address;
}

const ZEROS = ['', ':0', ':0:0', ':0:0:0', '0:0:0:0'] as const;

/** For an address whose `::`, at `at`, stands among the first four groups. */
function compressedKey(address: string, at: number, colons: number): string {
  if (at === 0 && address.startsWith('::ffff:') && address.includes('.')) return address.slice(7);
  const head = at === 0 ? 0 : colons + 1;
  const start = at + 2;
  let tail = start < address.length ? 1 : 0;
  for (let i = start; i < address.length; i++) if (address.charCodeAt(i) === 58) tail++;
  // The zeros nearly always reach beyond the network; else the tail's first groups belong to it.
  const missing = 4 - head;
  if (8 - head - tail >= missing) return address.slice(0, at) + ZEROS[missing];
  const zeros = new Array<string>(Math.max(0, 8 - head - tail)).fill('0');
  const before = at === 0 ? [] : [address.slice(0, at)];
  return [...before, ...zeros, ...address.slice(start).split(':', missing - zeros.length)].join(':');
}

/** How much one source may send: a token bucket. */
export interface SourceRate {
  readonly messagesPerSecond: number;
  /** Messages at once, after a quiet time. */
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: EpochMs;
  readonly rate: SourceRate;
}

export interface SourceOptions {
  readonly rate: SourceRate;
  /** How many sources are remembered at most. */
  readonly sources: number;
  /** A rate of its own for a source we know, such as a trunk; asked when its bucket is made. */
  readonly rateFor?: (address: string) => SourceRate | undefined;
}

/**
 * Who may send how much: one token bucket for each source.
 *
 * Bounded by two generations: when the young one is full it becomes the old one, and what the old one still held is forgotten. A source
 * that goes on sending is carried over. Someone who forges enough source addresses can make us forget a bucket and so give that source
 * a fresh burst; that is the price of bounded memory, and the forger gains nothing by it.
 */
export class Sources {
  readonly #options: SourceOptions;
  readonly #generation: number;
  #young = new Map<string, Bucket>();
  #old = new Map<string, Bucket>();

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#generation = Math.max(1, options.sources >> 1);
  }

  /** Takes one message's worth from the source; false: it has sent too much. `now` that goes backwards gives nothing. */
  take(address: string, now: EpochMs): boolean {
    const key = sourceKey(address);
    const bucket = this.#young.get(key) ?? this.#remember(key, address, now);
    const elapsed = now - bucket.at;
    if (elapsed > 0) {
      bucket.at = now;
      const tokens = bucket.tokens + (elapsed * bucket.rate.messagesPerSecond) / 1000;
      bucket.tokens = tokens < bucket.rate.burst ? tokens : bucket.rate.burst;
    }
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  /** Sources remembered. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Forgets everyone: after a reload, `rateFor` is asked anew. */
  reset(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  #remember(key: string, address: string, now: EpochMs): Bucket {
    let bucket = this.#old.get(key);
    if (bucket) this.#old.delete(key);
    else {
      const rate = this.#options.rateFor?.(address) ?? this.#options.rate;
      bucket = { tokens: rate.burst, at: now, rate };
    }
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, bucket);
    return bucket;
  }
}
