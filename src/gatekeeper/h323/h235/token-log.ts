/** Slots a new log begins with; a power of two, as every later size. */
const FIRST_SLOTS = 16;

/** Words a slot takes: two of the key, and the second it was first seen plus one (0: the slot is free). */
const WORDS = 3;

/**
 * Which tokens of one second were seen, and when first: keys of 64 bits in an open-addressed table, 12 bytes a slot, at most three
 * quarters full. A Set of strings would take ten times as much, and a busy gatekeeper remembers a million tokens.
 */
export class TokenLog {
  #table = new Uint32Array(FIRST_SLOTS * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** When this key was first seen (seconds), or undefined after noting it as seen at `second`. */
  firstSeen(high: number, low: number, second: number): number | undefined {
    if ((this.#size + 1) * 4 > (this.#table.length / WORDS) * 3) this.#grow();
    const at = slotOf(this.#table, high, low);
    const seen = this.#table[at + 2] ?? 0;
    if (seen !== 0) return seen - 1;
    put(this.#table, at, high, low, second + 1);
    this.#size++;
    return undefined;
  }

  has(high: number, low: number): boolean {
    return this.#table[slotOf(this.#table, high, low) + 2] !== 0;
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Uint32Array(old.length * 2);
    for (let at = 0; at < old.length; at += WORDS) {
      const high = old[at] ?? 0;
      const low = old[at + 1] ?? 0;
      const seen = old[at + 2] ?? 0;
      if (seen !== 0) put(this.#table, slotOf(this.#table, high, low), high, low, seen);
    }
  }
}

/** The slot that holds this key, or the free one where it belongs. There always is one: a table is never full. */
function slotOf(table: Uint32Array, high: number, low: number): number {
  const mask = table.length / WORDS - 1;
  for (let slot = low & mask; ; slot = (slot + 1) & mask) {
    const at = slot * WORDS;
    if (table[at + 2] === 0 || (table[at] === high >>> 0 && table[at + 1] === low >>> 0)) return at;
  }
}

function put(table: Uint32Array, at: number, high: number, low: number, seen: number): void {
  table[at] = high;
  table[at + 1] = low;
  table[at + 2] = seen;
}
