/** Counts that may come late: RFC 7616 wants `nc` to rise, but UDP does not keep order. */
const WINDOW = 64;
const LOW = 32;

interface Window {
  /** The highest count seen. */
  highest: number;
  /** Bit i: `highest - i` was used, for i < 32; and the 32 before those. */
  recent: number;
  earlier: number;
}

/**
 * Which counts of which nonces were used, within a bounded memory: two generations of nonces, and of each its last 64 counts.
 * When a generation is full the older one is given up; what was issued before its end is then refused, so that nothing forgotten can
 * be played again.
 */
export class NonceWindows {
  readonly #lifetimeMs: number;
  readonly #maxPerGeneration: number;
  /** A number: the only count used so far, as most nonces are used once. */
  #young = new Map<string, Window | number>();
  #old = new Map<string, Window | number>();
  #youngSince = 0;
  /** The latest issue time among the nonces of a generation. */
  #youngLatest = 0;
  #oldLatest = 0;
  /** Nonces issued at this time or before, and not in memory, may have been forgotten. */
  #forgottenUntil = 0;

  /** @param lifetimeMs how long a nonce is good at most: a nonce is remembered that long after its last use, or longer */
  constructor(lifetimeMs: number, maxPerGeneration = 500_000) {
    this.#lifetimeMs = lifetimeMs;
    this.#maxPerGeneration = maxPerGeneration;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Marks the count as used. False: it was before, or cannot be told. */
  use(nonce: string, count: number, issuedAt: number, now: number): boolean {
    if (this.#young.size >= this.#maxPerGeneration || now - this.#youngSince > this.#lifetimeMs) this.#turn(now);
    const generation = this.#young.has(nonce) ? this.#young : this.#old;
    const known = generation.get(nonce);
    if (known === undefined) {
      if (issuedAt <= this.#forgottenUntil) return false;
      this.#young.set(nonce, count);
      if (issuedAt > this.#youngLatest) this.#youngLatest = issuedAt;
      return true;
    }
    if (typeof known !== 'number') return mark(known, count);
    const window = { highest: known, recent: 1, earlier: 0 };
    generation.set(nonce, window);
    return mark(window, count);
  }

  #turn(now: number): void {
    // What goes now may still be within its time when memory was too small, or when it was last used long after it was first.
    this.#forgottenUntil = Math.max(this.#forgottenUntil, this.#oldLatest);
    this.#old = this.#young;
    this.#oldLatest = this.#youngLatest;
    this.#young = new Map();
    this.#youngLatest = 0;
    this.#youngSince = now;
  }
}

function mark(window: Window, count: number): boolean {
  const ahead = count - window.highest;
  if (ahead > 0) {
    shift(window, ahead);
    window.highest = count;
    window.recent |= 1;
    return true;
  }
  const back = -ahead;
  if (back >= WINDOW) return false;
  const bit = 1 << (back % LOW);
  const used = back < LOW ? window.recent : window.earlier;
  if ((used & bit) !== 0) return false;
  if (back < LOW) window.recent |= bit;
  else window.earlier |= bit;
  return true;
}

function shift(window: Window, by: number): void {
  if (by >= WINDOW) {
    window.recent = 0;
    window.earlier = 0;
  } else if (by >= LOW) {
    window.earlier = window.recent << (by - LOW);
    window.recent = 0;
  } else {
    window.earlier = (window.earlier << by) | (window.recent >>> (LOW - by));
    window.recent <<= by;
  }
}
