import type { StoredRegistration } from './stored-registration.js';

const ZERO = 48;
const MAX_DIGITS = 15;
const FIRST_CAPACITY = 1024;

/**
 * Registrations by alias.
 *
 * Nearly every alias is a number, and a number of up to 15 digits fits into a double. So numbers have a table of their own: open addressing
 * with linear probing over a typed array. A `Map` of strings has to read each candidate's characters from wherever they lie in memory; with
 * 1,000,000 numbers asked for in random order it took 1000 ns of CPU time to find one where this table takes a third of that, and both
 * need some 30 bytes an entry.
 */
export class AliasIndex {
  readonly #names = new Map<string, StoredRegistration>();
  /** `numberCode` of the alias, or 0 in a free slot. The length is a power of two. */
  #codes = new Float64Array(FIRST_CAPACITY);
  #values = emptySlots(FIRST_CAPACITY);
  #numbers = 0;

  get size(): number {
    return this.#numbers + this.#names.size;
  }

  get(alias: string): StoredRegistration | undefined {
    const code = numberCode(alias);
    return code === 0 ? this.#names.get(alias) : this.#values[this.#slotOf(code)];
  }

  set(registration: StoredRegistration): void {
    const { alias } = registration;
    const code = numberCode(alias);
    if (code === 0) {
      this.#names.set(alias, registration);
      return;
    }
    let slot = this.#slotOf(code);
    if (this.#codes[slot] === 0) {
      // Three quarters full: from there on, probing gets long.
      if ((this.#numbers + 1) * 4 > this.#codes.length * 3) {
        this.#grow();
        slot = this.#slotOf(code);
      }
      this.#codes[slot] = code;
      this.#numbers++;
    }
    this.#values[slot] = registration;
  }

  delete(alias: string): void {
    const code = numberCode(alias);
    if (code === 0) {
      this.#names.delete(alias);
      return;
    }
    const slot = this.#slotOf(code);
    if (this.#codes[slot] === 0) return;
    this.#numbers--;
    this.#closeGap(slot);
  }

  /** Every registration, in no particular order. Nothing may be added or removed before the last one was taken. */
  *values(): IterableIterator<StoredRegistration> {
    for (const registration of this.#values) if (registration) yield registration;
    yield* this.#names.values();
  }

  /** The same as a list that changes do not touch: looks at no registration, so that it takes a millisecond for 100,000. */
  list(): StoredRegistration[] {
    const listed: StoredRegistration[] = [];
    for (const registration of this.#values) if (registration) listed.push(registration);
    for (const registration of this.#names.values()) listed.push(registration);
    return listed;
  }

  /** Where `code` is, or the free slot where it belongs. There always is one. */
  #slotOf(code: number): number {
    const codes = this.#codes;
    const mask = codes.length - 1;
    let slot = hash(code) & mask;
    for (let found = codes[slot]; found !== code && found !== 0; found = codes[slot]) slot = (slot + 1) & mask;
    return slot;
  }

  /** Moves what was displaced by the entry in `gap` one up, so that no probe ends at a hole before it has found its entry. */
  #closeGap(gap: number): void {
    const codes = this.#codes;
    const values = this.#values;
    const mask = codes.length - 1;
    let slot = (gap + 1) & mask;
    for (let code = codes[slot] ?? 0; code !== 0; code = codes[slot] ?? 0) {
      // Its way from home to `slot` leads over the gap: it may stand there.
      if (((slot - hash(code)) & mask) >= ((slot - gap) & mask)) {
        codes[gap] = code;
        values[gap] = values[slot];
        gap = slot;
      }
      slot = (slot + 1) & mask;
    }
    codes[gap] = 0;
    values[gap] = undefined;
  }

  #grow(): void {
    const codes = this.#codes;
    const values = this.#values;
    this.#codes = new Float64Array(codes.length * 2);
    this.#values = emptySlots(codes.length * 2);
    for (let from = 0; from < codes.length; from++) {
      const code = codes[from] ?? 0;
      if (code === 0) continue;
      const to = this.#slotOf(code);
      this.#codes[to] = code;
      this.#values[to] = values[from];
    }
  }
}

/**
 * Digits as a number, with a 1 in front that keeps `01` and `1` apart: exact for up to 15 digits (below 2^53). 0: not a number, or longer.
 */
export function numberCode(alias: string): number {
  const { length } = alias;
  if (length === 0 || length > MAX_DIGITS) return 0;
  let code = 1;
  for (let i = 0; i < length; i++) {
    const digit = alias.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return 0;
    code = code * 10 + digit;
  }
  return code;
}

/** Spreads neighbouring numbers, which is what a series is made of, over all slots (the finaliser of MurmurHash3). */
function hash(code: number): number {
  let mixed = (code | 0) ^ Math.imul((code / 0x1_0000_0000) | 0, 0x9e37_79b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
}

function emptySlots(capacity: number): (StoredRegistration | undefined)[] {
  return new Array<StoredRegistration | undefined>(capacity).fill(undefined);
}
