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

  set(key: string, value: T, now: EpochMs): void {
    if (this.#lifetimeMs <= 0) return;
    this.#entries.delete(key);
    if (this.#entries.size >= this.#limit) {
      const oldest = this.#oldest.next();
      if (oldest !== undefined) this.#entries.delete(oldest);
    }
    this.#entries.set(key, { value, until: now + this.#lifetimeMs });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
