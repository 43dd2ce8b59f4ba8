import type { StringKind } from '../schema.js';
import { bitsFor } from './compile-number.js';

/** How the characters of a string type travel (X.691 §30.5.2 to 4). */
export interface Alphabet {
  /** Bits a character, a power of two in the ALIGNED variant; 0 where there is but one character to choose. */
  readonly bits: number;
  /** The character code behind each number that `bits` can hold; -1 behind those that none has. Undefined: the number is the code. */
  readonly codes: Int16Array | undefined;
  /** The number of each character code up to 255; -1 for characters outside the alphabet. Undefined: the code is the number. */
  readonly numbers: Int16Array | undefined;
}

const everyCharacter: Readonly<Record<Exclude<StringKind, 'bmp'>, string>> = {
  ia5: run(0, 0x7f),
  numeric: ' 0123456789',
  printable: " '()+,-./0123456789:=?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
  visible: run(0x20, 0x7e),
};

function run(first: number, last: number): string {
  return String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

/** @param from the permitted alphabet in the order of its codes; undefined: every character of the type. */
export function alphabetOf(type: StringKind, from: string | undefined): Alphabet {
  if (type === 'bmp') return { bits: 16, codes: undefined, numbers: undefined };
  const characters = from || everyCharacter[type];
  const least = bitsFor(characters.length);
  const bits = least === 0 ? 0 : 1 << bitsFor(least);
  // §30.5.4: a code travels as it is where the highest one fits into the bits; otherwise the characters are numbered in their order.
  const numbered = characters.charCodeAt(characters.length - 1) >= 1 << bits;
  const codes = new Int16Array(1 << bits).fill(-1);
  const numbers = new Int16Array(256).fill(-1);
  for (let index = 0; index < characters.length; index++) {
    const code = characters.charCodeAt(index);
    const number = numbered ? index : code;
    codes[number] = code;
    numbers[code] = number;
  }
  return { bits, codes, numbers };
}
