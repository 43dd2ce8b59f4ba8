import * as crypto from 'node:crypto';
import type { EpochMs } from '../../clock.js';
import type { NonceStore } from '../../state/store.js';

/** 6 bytes of time and 9 of randomness, then 15 of MAC: 20 + 20 base64url characters with no bits to spare, so one nonce has one spelling. */
const TIME_BYTES = 6;
const RANDOM_BYTES = 9;
const BODY_BYTES = TIME_BYTES + RANDOM_BYTES;
const TIME_CHARS = 8;
const BODY_CHARS = 20;
const MAC_CHARS = 20;
const BLOCK = 64;
const SHA256_BYTES = 32;

export interface NonceOptions {
  /** At least 32 bytes, this process's own (`NonceStore.use` says why). Absent: made now. */
  readonly key?: Uint8Array;
  /** Default 300. */
  readonly lifetimeSeconds?: number;
}

/** `fresh`: ours, in time, and this count was not used. `stale`: the client is to try again with a new nonce (RFC 7616 §3.3). */
export type NonceVerdict = 'fresh' | 'stale';

/**
 * Nonces that are recognised without being remembered: their time and randomness are signed (HMAC-SHA256, RFC 2104, cut to 120 bits
 * as §5 there allows). What is remembered, in the `NonceStore`, is only which counts of proven clients were used.
 */
export class Nonces {
  readonly #store: NonceStore;
  readonly #lifetimeMs: number;
  readonly #inner: Buffer;
  readonly #outer: Buffer;
  readonly #time = Buffer.alloc(TIME_BYTES);
  readonly #body = Buffer.alloc(BODY_BYTES);
  /** Randomness comes in pages: one call for 9 bytes takes 6 µs, one for 4 kB hardly more. */
  readonly #pool = Buffer.alloc(RANDOM_BYTES * 455);
  #poolAt: number;

  constructor(store: NonceStore, options: NonceOptions = {}) {
    this.#store = store;
    this.#lifetimeMs = (options.lifetimeSeconds ?? 300) * 1000;
    this.#poolAt = this.#pool.length;
    const key = options.key ?? crypto.randomBytes(SHA256_BYTES);
    if (key.length < SHA256_BYTES) throw new RangeError(`The nonce key has ${key.length} bytes; it needs at least ${SHA256_BYTES}`);
    [this.#inner, this.#outer] = hmacBlocks(key);
  }

  /** A new nonce: 40 characters of base64url. */
  issue(now: EpochMs): string {
    if (this.#poolAt >= this.#pool.length) {
      crypto.randomFillSync(this.#pool);
      this.#poolAt = 0;
    }
    this.#body.writeUIntBE(now, 0, TIME_BYTES);
    this.#pool.copy(this.#body, TIME_BYTES, this.#poolAt, this.#poolAt + RANDOM_BYTES);
    this.#poolAt += RANDOM_BYTES;
    const body = this.#body.toString('base64url');
    return body + this.#mac(body);
  }

  /**
   * Judges a nonce whose digest was found right. Only then may it be asked: a count that is used up here must belong to somebody who
   * knows the password, and `stale=true` may be told to nobody else (RFC 7616 §3.3).
   * @param count the request's `nc`
   */
  accept(nonce: string, count: number, now: EpochMs): NonceVerdict {
    const issuedAt = this.issuedAt(nonce);
    // A nonce from before a restart has another key's MAC. Its user proved the password, so it is stale, not wrong.
    if (issuedAt === undefined || issuedAt > now || now - issuedAt > this.#lifetimeMs) return 'stale';
    return this.#store.use(nonce.slice(TIME_CHARS, BODY_CHARS), count, issuedAt) ? 'fresh' : 'stale';
  }

  /** When the nonce was issued, or undefined: it was not issued with this key. */
  issuedAt(nonce: string): EpochMs | undefined {
    if (nonce.length !== BODY_CHARS + MAC_CHARS) return undefined;
    const body = nonce.slice(0, BODY_CHARS);
    const mac = this.#mac(body);
    let difference = 0;
    for (let index = 0; index < MAC_CHARS; index++) difference |= mac.charCodeAt(index) ^ nonce.charCodeAt(BODY_CHARS + index);
    if (difference !== 0) return undefined;
    this.#time.write(body.slice(0, TIME_CHARS), 'base64url');
    return this.#time.readUIntBE(0, TIME_BYTES);
  }

  /**
   * HMAC from two one-shot hashes over blocks that already hold the padded key: 1.3 µs, where `createHmac` with a KeyObject takes 2.9 µs
   * (Node 20.20, the same machine); making its stream object is most of that. The inner hash goes over as hex: a Buffer would cost 1 µs more.
   */
  #mac(body: string): string {
    this.#inner.write(body, BLOCK, 'latin1');
    this.#outer.write(crypto.hash('sha256', this.#inner), BLOCK, 'hex');
    return crypto.hash('sha256', this.#outer, 'base64url').slice(0, MAC_CHARS);
  }
}

/** RFC 2104 §2: the key with ipad and opad, each with room for what is hashed after it. */
function hmacBlocks(key: Uint8Array): [inner: Buffer, outer: Buffer] {
  const short = key.length > BLOCK ? crypto.createHash('sha256').update(key).digest() : key;
  const inner = Buffer.alloc(BLOCK + BODY_CHARS);
  const outer = Buffer.alloc(BLOCK + SHA256_BYTES);
  for (let index = 0; index < BLOCK; index++) {
    const byte = short[index] ?? 0;
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  return [inner, outer];
}
