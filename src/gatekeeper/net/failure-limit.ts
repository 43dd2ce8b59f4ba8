import type { EpochMs } from '../../clock.js';
import { ownedString } from '../registry/owned-string.js';

const WINDOW_MS = 60_000;

export interface FailureLimitOptions {
  /** Failures in one to two minutes after which the door stays shut for as long. Default 10: an endpoint with an old password makes few. */
  readonly failures?: number;
  /** Keys remembered at most, in two generations. Default 50,000. */
  readonly keys?: number;
}

/**
 * Counts failed log-ons per user and source, so that passwords cannot be tried by the thousand. Two generations of a minute each: a
 * count lasts one to two minutes and nothing needs a timer. Kept per source, so that nobody can lock out a user from elsewhere.
 */
export class FailureLimit {
  readonly #failures: number;
  readonly #maxKeys: number;
  #young = new Map<string, number>();
  #old = new Map<string, number>();
  #since = 0;

  constructor(options: FailureLimitOptions = {}) {
    this.#failures = options.failures ?? 10;
    this.#maxKeys = Math.ceil((options.keys ?? 50_000) / 2);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  blocks(key: string, now: EpochMs): boolean {
    if (this.size === 0) return false;
    this.#turn(now);
    return (this.#young.get(key) ?? 0) + (this.#old.get(key) ?? 0) >= this.#failures;
  }

  failed(key: string, now: EpochMs): void {
    this.#turn(now);
    const count = this.#young.get(key);
    if (count === undefined && this.#young.size >= this.#maxKeys) this.#shift(now);
    this.#young.set(count === undefined ? ownedString(key) : key, (count ?? 0) + 1);
  }

  succeeded(key: string): void {
    if (this.size === 0) return;
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #turn(now: EpochMs): void {
    const age = now - this.#since;
    if (age < WINDOW_MS) return;
    this.#shift(now);
    if (age >= 2 * WINDOW_MS) this.#old = new Map();
  }

  #shift(now: EpochMs): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#since = now;
  }
}
