import { FRAGMENT, MAX_DEPTH, MAX_ELEMENTS } from './limits.js';
import { Fault } from './per-error.js';

const NOTHING = new Uint8Array(0);

/** Reads the fields that X.691 §11 puts values together from. `bit` is where it stands; nothing at or behind `end` is ever read. */
export class BitReader {
  bytes: Uint8Array = NOTHING;
  /** In bits from the start of `bytes`. */
  bit = 0;
  /** In bits from the start of `bytes`. */
  end = 0;
  private depth = 0;
  private elements = 0;

  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.bit = 0;
    this.end = bytes.length * 8;
    this.depth = 0;
    this.elements = 0;
  }

  /** Lets go of the bytes: a reader is used again and again. */
  stop(): void {
    this.bytes = NOTHING;
  }

  fail(reason: string): never {
    throw new Fault(reason, this.bit);
  }

  enter(): void {
    if (++this.depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} levels of nesting`);
  }

  leave(): void {
    this.depth--;
  }

  /** Call before elements of a list are read. */
  count(elements: number): void {
    this.elements += elements;
    if (this.elements > MAX_ELEMENTS) this.fail(`more than ${MAX_ELEMENTS} list elements in one value`);
  }

  align(): void {
    this.bit = (this.bit + 7) & ~7;
  }

  /** Passes over `count` bits and says where they began. */
  skip(count: number): number {
    const at = this.bit;
    if (count > this.end - at) this.truncated(count);
    this.bit = at + count;
    return at;
  }

  /** The bit at a place that was passed over with `skip`. */
  isSet(at: number): boolean {
    return (((this.bytes[at >> 3] as number) << (at & 7)) & 0x80) !== 0;
  }

  boolean(): boolean {
    return this.isSet(this.skip(1));
  }

  /** `count` is 1 to 16: a non-negative number. */
  bits(count: number): number {
    const at = this.bit;
    if (count > this.end - at) this.truncated(count);
    this.bit = at + count;
    const bytes = this.bytes;
    let index = at >> 3;
    let have = 8 - (at & 7);
    let value = (bytes[index] as number) & (0xff >> (at & 7));
    while (have < count) {
      value = (value << 8) | (bytes[++index] as number);
      have += 8;
    }
    return value >> (have - count);
  }

  /** The next whole octet: alignment included. */
  octet(): number {
    const at = (this.bit + 7) & ~7;
    if (at + 8 > this.end) this.truncated(8);
    this.bit = at + 8;
    return this.bytes[at >> 3] as number;
  }

  /** The next two whole octets, the higher one first: alignment included. */
  octetPair(): number {
    const at = (this.bit + 7) & ~7;
    if (at + 16 > this.end) this.truncated(16);
    this.bit = at + 16;
    const index = at >> 3;
    return ((this.bytes[index] as number) << 8) | (this.bytes[index + 1] as number);
  }

  /** A number of `count` whole octets, the highest first. Safe integers alone. */
  unsigned(count: number): number {
    const at = this.whole(count) >> 3;
    const bytes = this.bytes;
    let value = 0;
    for (let index = at; index < at + count; index++) {
      value = value * 256 + (bytes[index] as number);
      if (value > Number.MAX_SAFE_INTEGER) this.fail('the number is beyond 2^53');
    }
    return value;
  }

  /** A number of `count` whole octets in two's complement (X.691 §11.4). Safe integers alone. */
  signed(count: number): number {
    const at = this.whole(count) >> 3;
    const bytes = this.bytes;
    let value = count > 0 && (bytes[at] as number) >= 128 ? -1 : 0;
    for (let index = at; index < at + count; index++) {
      value = value * 256 + (bytes[index] as number);
      if (!Number.isSafeInteger(value)) this.fail('the number is beyond 2^53');
    }
    return value;
  }

  /** A view of the next `count` whole octets. No alignment for none of them (X.691 §11.2.6). */
  octets(count: number): Uint8Array {
    if (count === 0) return NOTHING;
    const { bytes } = this;
    const at = this.whole(count) >> 3;
    return new Uint8Array(bytes.buffer, bytes.byteOffset + at, count);
  }

  /** Numbers of 16 bits where it stands: the UTF-16 units of a text. The caller knows that there are as many. */
  units(into: number[], count: number): void {
    if ((this.bit & 7) !== 0) {
      for (let index = 0; index < count; index++) into[index] = this.bits(16);
      return;
    }
    const bytes = this.bytes;
    let at = this.skip(count * 16) >> 3;
    for (let index = 0; index < count; index++) into[index] = ((bytes[at++] as number) << 8) | (bytes[at++] as number);
  }

  /** Aligns, passes over `count` octets and says where they began, in bits. */
  whole(count: number): number {
    this.align();
    return this.skip(count * 8);
  }

  /** A length determinant without an upper bound (X.691 §11.9.3.5 to 8). `FRAGMENT` or more: that many now, and another determinant behind them. */
  length(): number {
    const first = this.octet();
    if (first < 0x80) return first;
    if (first < 0xc0) return ((first & 0x3f) << 8) | this.octet();
    const times = first & 0x3f;
    if (times < 1 || times > 4) this.fail(`a fragment of ${times} times 16K`);
    return times * FRAGMENT;
  }

  /** A normally small number (X.691 §11.6). */
  small(): number {
    if (!this.boolean()) return this.bits(6);
    const count = this.length();
    if (count > 8) this.fail(`a number of ${count} octets where a small one was expected`);
    return this.unsigned(count);
  }

  /** A normally small length (X.691 §11.9.3.4). */
  smallLength(): number {
    if (!this.boolean()) return this.bits(6) + 1;
    const length = this.length();
    if (length >= FRAGMENT) this.fail(`more than ${FRAGMENT - 1} where few were expected`);
    return length;
  }

  private truncated(count: number): never {
    const left = Math.max(0, this.end - this.bit);
    return this.fail(`cut short: ${count} bits are to follow, ${left} are left`);
  }
}
