import { isIPv6 } from 'node:net';
import type { EpochMs } from '../../clock.js';

/** So many in a second on average, and `burst` at once. */
export class Allowance {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #at: EpochMs;

  constructor(perSecond: number, burst: number, now: EpochMs) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#left = burst;
    this.#at = now;
  }

  /** Takes one; false: none is left. */
  take(now: EpochMs): boolean {
    this.#fill(now);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }

  /** In so many ms `many` of them are there, where none is taken meanwhile; 0: now. */
  waitMs(many: number, now: EpochMs): number {
    this.#fill(now);
    return Math.ceil((Math.max(0, Math.min(many, this.#burst) - this.#left) / this.#perSecond) * 1000);
  }

  isFull(now: EpochMs): boolean {
    this.#fill(now);
    return this.#left >= this.#burst;
  }

  #fill(now: EpochMs): void {
    this.#left = Math.min(this.#burst, this.#left + (Math.max(0, now - this.#at) / 1000) * this.#perSecond);
    this.#at = now;
  }
}

/** Sources whose allowance is known. Beyond, those that have all of it are forgotten, else the oldest. */
const SOURCES = 10_000;

/** An allowance for each source. */
export class AllowanceBySource {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #sources = new Map<string, Allowance>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** Takes one. 0: it was there; else in so many ms there is one. */
  take(source: string, now: EpochMs): number {
    const allowance = this.#sources.get(source) ?? this.#remember(source, now);
    return allowance.take(now) ? 0 : Math.max(1, allowance.waitMs(1, now));
  }

  #remember(source: string, now: EpochMs): Allowance {
    if (this.#sources.size >= SOURCES) this.#forget(now);
    const allowance = new Allowance(this.#perSecond, this.#burst, now);
    this.#sources.set(source, allowance);
    return allowance;
  }

  #forget(now: EpochMs): void {
    for (const [source, allowance] of this.#sources) if (allowance.isFull(now)) this.#sources.delete(source);
    for (const source of this.#sources.keys()) {
      if (this.#sources.size < SOURCES) return;
      this.#sources.delete(source);
    }
  }
}

/** Counts what is open, in total and by source, so that no source takes it all. */
export class OpenBySource {
  readonly #most: number;
  readonly #mostOfSource: number;
  readonly #sources = new Map<string, number>();
  #open = 0;

  constructor(most: number, mostOfSource: number) {
    this.#most = most;
    this.#mostOfSource = mostOfSource;
  }

  get open(): number {
    return this.#open;
  }

  enter(source: string): 'ok' | 'full' | 'fullOfSource' {
    if (this.#open >= this.#most) return 'full';
    const of = this.#sources.get(source) ?? 0;
    if (of >= this.#mostOfSource) return 'fullOfSource';
    this.#sources.set(source, of + 1);
    this.#open += 1;
    return 'ok';
  }

  /** Once for each `enter` that was ok. */
  leave(source: string): void {
    const of = (this.#sources.get(source) ?? 1) - 1;
    if (of > 0) this.#sources.set(source, of);
    else this.#sources.delete(source);
    this.#open -= 1;
  }
}

/** Whom an address stands for: itself, or the /64 of an IPv6 address, as one customer has all of that (RFC 6177). */
export function sourceOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = (plain.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
