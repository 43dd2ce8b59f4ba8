import { randomInt } from 'node:crypto';
import type { EpochMs } from '../../../clock.js';
import { secondsOf } from './time-stamp.js';
import { TokenLog } from './token-log.js';

export interface ReplayOptions {
  /** How far a token's time may be from ours, either way. Default 60 s. */
  readonly windowSeconds?: number;
  /** Tokens remembered at most, 16 to 32 bytes each. Default 2,000,000. */
  readonly tokens?: number;
}

/** What makes a token the only one of its kind. */
export interface TokenIdentity {
  /** The method and the account: nobody else's token counts. */
  readonly sender: string;
  /** Seconds, as the token says. */
  readonly timeStamp: number;
  /** Undefined in a method that has none (MD5). */
  readonly random: number | undefined;
  /**
   * The IP address that it came from, in a method whose random value is one byte (CAT): two requests of one second may well have the same.
   * Undefined: the random value tells all requests apart.
   */
  readonly source?: string | undefined;
}

/**
 * A token without a random value is the same in all that an endpoint sends within one second of its clock. It is good for this long after
 * we first saw it; a stolen one dies with it instead of living for the whole window. One with a random value of a byte is so too, but only
 * for the source that it first came from.
 */
const REUSE_SECONDS = 5;

/**
 * Is a token timely, and is it new? (H.235.0: a time stamp bounds how long tokens must be remembered, a random value tells those of one
 * second apart.) Exact: no token whose random value can tell it from others is taken twice. When more tokens would have to be remembered than there is room for, the oldest second is
 * forgotten and nothing as old as that is taken any longer, so the window becomes shorter instead of leaky.
 */
export class ReplayWindow {
  readonly windowSeconds: number;
  readonly #maxTokens: number;
  /** By the tokens' own second. A window holds 2 x windowSeconds + 1 of them. */
  readonly #logs = new Map<number, TokenLog>();
  readonly #seeds = [randomInt(2 ** 32), randomInt(2 ** 32)] as const;
  #size = 0;
  /** Tokens of this second and earlier are not taken. */
  #floor = 0;
  #swept = 0;
  /** The key of the token at hand, 64 bits in two words. */
  #high = 0;
  #low = 0;

  constructor(options: ReplayOptions = {}) {
    this.windowSeconds = options.windowSeconds ?? 60;
    this.#maxTokens = options.tokens ?? 2_000_000;
  }

  /** Tokens remembered. */
  get size(): number {
    return this.#size;
  }

  /** Is a token of this time (seconds) within the window? */
  timely(timeStamp: number, now: EpochMs): boolean {
    return Math.abs(secondsOf(now) - timeStamp) <= this.windowSeconds && timeStamp > this.#floor;
  }

  /**
   * Notes a token whose hash was right, and says whether it may be taken. To be asked only for tokens that proved a password: what others
   * send must not take room.
   */
  admit(token: TokenIdentity, now: EpochMs): boolean {
    if (!this.timely(token.timeStamp, now)) return false;
    this.#forgetOld(secondsOf(now));
    if (this.#size >= this.#maxTokens) {
      this.#forgetOldest();
      if (!this.timely(token.timeStamp, now)) return false;
    }
    let log = this.#logs.get(token.timeStamp);
    if (!log) {
      log = new TokenLog();
      this.#logs.set(token.timeStamp, log);
    }
    this.#setKey(token.sender, token.random);
    const seen = log.firstSeen(this.#high, this.#low, secondsOf(now));
    if (seen === undefined) {
      this.#size++;
      if (token.source !== undefined) this.#noteSource(log, token, token.source, now);
      return true;
    }
    if (secondsOf(now) - seen > REUSE_SECONDS) return false;
    return token.random === undefined || (token.source !== undefined && this.#isFrom(log, token, token.source));
  }

  /** A key of its own beside the token's: that of the token and where it first came from. */
  #noteSource(log: TokenLog, { sender, random }: TokenIdentity, source: string, now: EpochMs): void {
    this.#setKey(`${sender} ${source}`, random);
    if (log.firstSeen(this.#high, this.#low, secondsOf(now)) === undefined) this.#size++;
  }

  #isFrom(log: TokenLog, { sender, random }: TokenIdentity, source: string): boolean {
    this.#setKey(`${sender} ${source}`, random);
    return log.has(this.#high, this.#low);
  }

  #forgetOld(second: number): void {
    if (second === this.#swept) return;
    this.#swept = second;
    for (const [at, log] of this.#logs) {
      if (at >= second - this.windowSeconds) continue;
      this.#size -= log.size;
      this.#logs.delete(at);
    }
  }

  #forgetOldest(): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const second of this.#logs.keys()) oldest = Math.min(oldest, second);
    this.#size -= this.#logs.get(oldest)?.size ?? 0;
    this.#logs.delete(oldest);
    this.#floor = Math.max(this.#floor, oldest);
  }

  /**
   * Two lanes of multiply and xor over the same characters, stirred into each other: nobody who does not know the seeds can make keys
   * collide.
   */
  #setKey(sender: string, random: number | undefined): void {
    let high = this.#seeds[0];
    let low = this.#seeds[1];
    const absorb = (word: number): void => {
      high = Math.imul(high ^ word, 0x9e3779b1);
      low = Math.imul(low ^ word, 0x5f356495);
    };
    for (let index = 0; index < sender.length; index++) absorb(sender.charCodeAt(index));
    if (random !== undefined) {
      absorb(random & 0xffff);
      absorb(random >>> 16);
      absorb(Math.floor(random / 2 ** 32) & 0x1fffff);
    }
    this.#high = (Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35)) >>> 0;
    this.#low = (Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35)) >>> 0;
  }
}
