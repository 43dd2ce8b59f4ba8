import { FRAGMENT, MAX_DEPTH, MAX_INPUT } from './limits.js';
import { refuse } from './per-error.js';

const FIRST_SIZE = 4096;
/** A buffer that one huge value made larger than this is not kept for the next one. */
const KEPT_SIZE = 65_536;

/** Writes the fields that X.691 §11 puts values together from. What follows `bit` in its octet is always zero. */
export class BitWriter {
  private bytes = new Uint8Array(FIRST_SIZE);
  private bit = 0;
  private depth = 0;

  start(): void {
    this.bit = 0;
    this.depth = 0;
    if (this.bytes.length > KEPT_SIZE) this.bytes = new Uint8Array(FIRST_SIZE);
  }

  /** A copy of what was written, in whole octets and at least one (X.691 §11.1.3). */
  finish(): Buffer {
    if (this.bit === 0) this.bits(0, 8);
    const length = (this.bit + 7) >> 3;
    const copy = Buffer.allocUnsafe(length);
    copy.set(length === this.bytes.length ? this.bytes : this.bytes.subarray(0, length));
    return copy;
  }

  enter(): void {
    if (++this.depth > MAX_DEPTH) refuse(`more than ${MAX_DEPTH} levels of nesting`);
  }

  leave(): void {
    this.depth--;
  }

  boolean(value: boolean): void {
    this.bits(value ? 1 : 0, 1);
  }

  /** The lowest `count` bits, 1 to 16, of a number that has no more. */
  bits(value: number, count: number): void {
    const at = this.bit;
    const end = at + count;
    let index = at >> 3;
    if (index + 3 > this.bytes.length) this.grow(3);
    this.bit = end;
    const bytes = this.bytes;
    const used = at & 7;
    let left = count - (8 - used);
    if (left <= 0) {
      bytes[index] = used === 0 ? value << -left : (bytes[index] as number) | (value << -left);
      return;
    }
    bytes[index] = used === 0 ? value >> left : (bytes[index] as number) | (value >> left);
    while (left > 0) {
      left -= 8;
      bytes[++index] = left >= 0 ? value >> left : value << -left;
    }
  }

  /** Writes `count` zeros, which `set` may change later, and says where they are. */
  zeros(count: number): number {
    const at = this.bit;
    for (let left = count; left > 0; left -= 16) this.bits(0, left < 16 ? left : 16);
    return at;
  }

  /** Sets a bit among `zeros`. */
  set(at: number): void {
    this.bytes[at >> 3] = (this.bytes[at >> 3] as number) | (0x80 >> (at & 7));
  }

  align(): void {
    this.bit = (this.bit + 7) & ~7;
  }

  /** A whole octet: alignment included. */
  octet(value: number): void {
    const index = this.whole(1);
    this.bytes[index] = value;
  }

  /** Two whole octets, the higher one first: alignment included. */
  octetPair(value: number): void {
    const index = this.whole(2);
    this.bytes[index] = value >> 8;
    this.bytes[index + 1] = value;
  }

  /** The lowest `count` octets of a number, the highest first; negative numbers in two's complement. */
  number(value: number, count: number): void {
    const index = this.whole(count);
    let rest = value;
    for (let place = index + count - 1; place >= index; place--) {
      const next = Math.floor(rest / 256);
      this.bytes[place] = rest - next * 256;
      rest = next;
    }
  }

  /** Whole octets. No alignment for none of them (X.691 §11.2.6). */
  octets(value: Uint8Array, from = 0, count = value.length): void {
    if (count === 0) return;
    const index = this.whole(count);
    const bytes = this.bytes;
    if (count > 32) bytes.set(from === 0 && count === value.length ? value : value.subarray(from, from + count), index);
    else for (let place = 0; place < count; place++) bytes[index + place] = value[from + place] as number;
  }

  /** The UTF-16 units of a text, as pairs of octets where it stands. */
  units(text: string, from: number, to: number): void {
    if (from === to) return;
    if ((this.bit & 7) !== 0) {
      for (let place = from; place < to; place++) this.bits(text.charCodeAt(place), 16);
      return;
    }
    let index = this.whole((to - from) * 2);
    const bytes = this.bytes;
    for (let place = from; place < to; place++) {
      const code = text.charCodeAt(place);
      bytes[index++] = code >> 8;
      bytes[index++] = code;
    }
  }

  /** A length determinant without an upper bound (X.691 §11.9.3.6 and 7); below 16K. */
  length(value: number): void {
    if (value < 0x80) this.octet(value);
    else this.octetPair(0x8000 | value);
  }

  /** The length determinant of a fragment of one to four times 16K (X.691 §11.9.3.8). */
  fragment(times: number): void {
    this.octet(0xc0 | times);
  }

  /** A normally small number (X.691 §11.6). */
  small(value: number): void {
    if (value < 64) {
      this.bits(value, 7);
      return;
    }
    this.boolean(true);
    const count = octetsOf(value);
    this.length(count);
    this.number(value, count);
  }

  /** A normally small length, one or more (X.691 §11.9.3.4). */
  smallLength(value: number): void {
    if (value <= 64) {
      this.bits(value - 1, 7);
      return;
    }
    if (value >= FRAGMENT) refuse(`${value} extension additions`);
    this.boolean(true);
    this.length(value);
  }

  /** Begins what is to lie behind a length determinant, as an open type does; give what it returns to `closeOpenType`. */
  openOpenType(): number {
    const index = this.whole(1);
    this.bytes[index] = 0;
    return index;
  }

  /** Writes the length in front of what was written since `openOpenType`: a complete encoding (X.691 §11.2.1). */
  closeOpenType(at: number): void {
    this.align();
    const begin = at + 1;
    if (this.bit >> 3 === begin) this.octet(0);
    const end = this.bit >> 3;
    const length = end - begin;
    if (length < 0x80) {
      this.bytes[at] = length;
      return;
    }
    if (length < FRAGMENT) {
      this.whole(1);
      this.bytes.copyWithin(begin + 1, begin, end);
      this.bytes[at] = 0x80 | (length >> 8);
      this.bytes[begin] = length;
      return;
    }
    const content = this.bytes.slice(begin, end);
    this.bit = at * 8;
    this.pieces(content.length, (from, count) => this.octets(content, from, count));
  }

  /** Length determinants for any number of items, each followed by its items (X.691 §11.9.3.5 to 8). */
  pieces(total: number, write: (from: number, count: number) => void): void {
    let from = 0;
    while (total - from >= FRAGMENT) {
      const times = Math.min(4, Math.floor((total - from) / FRAGMENT));
      this.fragment(times);
      write(from, times * FRAGMENT);
      from += times * FRAGMENT;
    }
    this.length(total - from);
    if (total > from) write(from, total - from);
  }

  /** Aligns, makes room for `count` octets, and says where they go. */
  private whole(count: number): number {
    const index = (this.bit + 7) >> 3;
    if (index + count > this.bytes.length) this.grow(count);
    this.bit = (index + count) * 8;
    return index;
  }

  private grow(count: number): void {
    const needed = (this.bit >> 3) + 1 + count;
    if (needed > MAX_INPUT) refuse(`the encoding is longer than ${MAX_INPUT} octets`);
    const larger = new Uint8Array(Math.max(needed, Math.min(this.bytes.length * 2, MAX_INPUT)));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

/** How many octets a non-negative number takes, at least one (X.691 §11.3.6). */
export function octetsOf(value: number): number {
  let count = 1;
  for (let rest = value; rest >= 256; rest /= 256) count++;
  return count;
}

/** How many octets a number takes in two's complement, at least one (X.691 §11.4.6). */
export function signedOctetsOf(value: number): number {
  const magnitude = value < 0 ? -(value + 1) : value;
  let count = 1;
  for (let rest = magnitude; rest >= 128; rest /= 256) count++;
  return count;
}
