import type { EpochMs } from '../../../clock.js';
import { OldestFirst } from './oldest-first.js';

/** Remembers answers for a while: bounded, the oldest go first. */
export class LocationCache<T> {
  readonly #entries = new Map<string, { readonly value: T; readonly until: EpochMs }>();
  readonly #oldest = new OldestFirst(this.#entries);
  readonly #lifetimeMs: number;
  readonly #limit: number;

  /** @param lifetimeMs 0: nothing is remembered */
  constructor(lifetimeMs: number, limit = 10_000) {
    this.#lifetimeMs = lifetimeMs;
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, now: EpochMs): T | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.until > now) return entry?.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** Gives until when it is remembered; undefined: it is not. */
  set(key: string, value: T, now: EpochMs): EpochMs | undefined {
    if (this.#lifetimeMs <= 0) return undefined;
    const until = now + this.#lifetimeMs;
    this.#put(key, value, until);
    return until;
  }

  /**
   * Another instance has this answer, good until then: taken where it is good for longer than the one that is there. Told twice, or when
   * it is over, it does nothing.
   */
  offer(key: string, value: T, until: EpochMs, now: EpochMs): void {
    if (this.#lifetimeMs <= 0) return;
    // However long the other remembers, and whatever its clock says: not for longer than an answer of our own.
    const atMost = Math.min(until, now + this.#lifetimeMs);
    const there = this.#entries.get(key)?.until ?? now;
    if (atMost > there) this.#put(key, value, atMost);
  }

  /** Gives until when it would have been remembered. */
  delete(key: string): EpochMs | undefined {
    const entry = this.#entries.get(key);
    this.#entries.delete(key);
    return entry?.until;
  }

  /** Forgets an answer that is no newer than one good until then. */
  deleteUpTo(key: string, until: EpochMs): void {
    const entry = this.#entries.get(key);
    if (entry && entry.until <= until) this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  #put(key: string, value: T, until: EpochMs): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#limit) {
      const oldest = this.#oldest.next();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(key, { value, until });
  }
}
