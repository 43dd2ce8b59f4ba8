import type { BitReader } from './bit-reader.js';
import { type Coder, kindOf } from './coder.js';
import { readOctets, writeOctets } from './compile-octets.js';
import { refuse } from './per-error.js';

/** An arc of 128 bits, which the UUIDs under 2.25 have (X.667 §7), takes this many octets of seven bits. */
const MAX_ARC_OCTETS = 19;

/** How many identifiers are remembered, each way: a service meets some dozens of them, again and again. */
const REMEMBERED = 256;
/** What is longer, in octets, is not remembered. */
const MEMORABLE = 32;

interface Remembered {
  readonly octets: Uint8Array;
  readonly text: string;
}

/** OBJECT IDENTIFIER: the contents octets of BER (X.690 §8.19) behind a length (X.691 §24). */
export function objectIdentifierCoder(): Coder {
  const encoded = new Map<string, Uint8Array>();
  /** By `slotOf` the octets: of two with one slot the later stays. */
  const texts: (Remembered | undefined)[] = new Array<undefined>(REMEMBERED).fill(undefined);
  return {
    encode(writer, value) {
      if (typeof value !== 'string') refuse(`an object identifier in dotted decimal is needed, not ${kindOf(value)}`);
      let octets = encoded.get(value);
      if (!octets) {
        octets = toOctets(value);
        if (encoded.size >= REMEMBERED) encoded.clear();
        if (octets.length <= MEMORABLE) encoded.set(value, octets);
      }
      writeOctets(writer, octets);
    },
    decode(reader) {
      const octets = readOctets(reader);
      if (octets.length > MEMORABLE) return toText(reader, octets);
      const slot = slotOf(octets);
      const known = texts[slot];
      if (known && isSame(known.octets, octets)) return known.text;
      const text = toText(reader, octets);
      texts[slot] = { octets: Uint8Array.from(octets), text };
      return text;
    },
  };
}

function slotOf(octets: Uint8Array): number {
  let hash = 0;
  for (let index = 0; index < octets.length; index++) hash = (Math.imul(hash, 31) + (octets[index] as number)) | 0;
  return hash & (REMEMBERED - 1);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

function toText(reader: BitReader, octets: Uint8Array): string {
  if (octets.length === 0) reader.fail('an object identifier without octets');
  if ((octets[octets.length - 1] as number) >= 0x80) reader.fail('an object identifier cut short');
  let text = '';
  let start = 0;
  for (let index = 0; index < octets.length; index++) {
    if ((octets[index] as number) >= 0x80) continue;
    if (octets[start] === 0x80) reader.fail('an arc of the object identifier that begins with a zero');
    if (index - start >= MAX_ARC_OCTETS) reader.fail('an arc of the object identifier of more than 128 bits');
    const arc = arcOf(octets, start, index);
    text += start === 0 ? firstArcs(arc) : `.${arc}`;
    start = index + 1;
  }
  return text;
}

function arcOf(octets: Uint8Array, first: number, last: number): number | bigint {
  if (last - first < 7) {
    let arc = 0;
    for (let index = first; index <= last; index++) arc = arc * 128 + ((octets[index] as number) & 0x7f);
    return arc;
  }
  let arc = 0n;
  for (let index = first; index <= last; index++) arc = (arc << 7n) | BigInt((octets[index] as number) & 0x7f);
  return arc;
}

/** X.690 §8.19.4: the first two arcs share one number. */
function firstArcs(shared: number | bigint): string {
  if (shared < 40) return `0.${shared}`;
  if (shared < 80) return `1.${typeof shared === 'bigint' ? shared - 40n : shared - 40}`;
  return `2.${typeof shared === 'bigint' ? shared - 80n : shared - 80}`;
}

function toOctets(text: string): Uint8Array {
  const arcs = text
    .split('.')
    .map((arc) => (/^(0|[1-9][0-9]{0,38})$/.test(arc) ? BigInt(arc) : refuse(`${JSON.stringify(text)} is not an object identifier`)));
  const [first, second, ...rest] = arcs;
  if (first === undefined || second === undefined || first > 2n || (first < 2n && second > 39n)) {
    return refuse(`${JSON.stringify(text)} is not an object identifier`);
  }
  return Uint8Array.from([first * 40n + second, ...rest].flatMap(arcOctets));
}

function arcOctets(arc: bigint): number[] {
  const octets = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) octets.unshift(Number(left & 0x7fn) | 0x80);
  if (octets.length > MAX_ARC_OCTETS) refuse('an arc of the object identifier of more than 128 bits');
  return octets;
}
