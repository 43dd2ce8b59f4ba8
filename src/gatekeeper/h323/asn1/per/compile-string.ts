import type { Size, StringKind } from '../schema.js';
import { type Alphabet, alphabetOf } from './alphabet.js';
import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';
import { type Coder, kindOf } from './coder.js';
import { ANY_SIZE, boundedLength, checkRead, isFixed, isWithin, refuseSize } from './length.js';
import { FRAGMENT, UNBOUNDED } from './limits.js';
import { refuse } from './per-error.js';

/** The strings whose characters all take the same number of bits (X.691 §30.5). */
export function stringCoder(type: StringKind, from: string | undefined, size: Size): Coder {
  const alphabet = alphabetOf(type, from);
  const plain = rootCoder(alphabet, size);
  if (!size.extensible) return plain;
  const extended = rootCoder(alphabet, ANY_SIZE);
  return {
    encode(writer, value) {
      const beyond = !isWithin(size, asString(value).length);
      writer.boolean(beyond);
      (beyond ? extended : plain).encode(writer, value);
    },
    decode: (reader) => (reader.boolean() ? extended : plain).decode(reader),
  };
}

function rootCoder(alphabet: Alphabet, size: Size): Coder {
  const length = boundedLength(size);
  const aligned = isAligned(size, alphabet.bits);
  const read = characterReader(alphabet);
  const write = characterWriter(alphabet);
  return {
    encode(writer, value) {
      const text = asString(value);
      const count = text.length;
      if (!isWithin(size, count)) refuseSize(size, count, 'characters');
      if (!length && count < FRAGMENT) {
        writer.length(count);
        write(writer, text, 0, count);
        return;
      }
      if (!length) {
        writer.pieces(count, (at, some) => write(writer, text, at, at + some));
        return;
      }
      length.encode(writer, count);
      if (aligned && count > 0) writer.align();
      write(writer, text, 0, count);
    },
    decode(reader) {
      if (!length) return readPieces(reader, size, read);
      const count = length.decode(reader);
      if (aligned && count > 0) reader.align();
      return read(reader, count);
    },
  };
}

/** X.691 §30.5.6 and 7: the characters of a string that never takes more than 16 bits (when its size varies: 15) are not aligned. */
function isAligned(size: Size, bits: number): boolean {
  if (size.max === undefined || size.max >= UNBOUNDED) return true;
  return isFixed(size) ? size.max * bits > 16 : size.max * bits >= 16;
}

type CharacterReader = (reader: BitReader, count: number) => string;

function readPieces(reader: BitReader, size: Size, read: CharacterReader): string {
  let text = '';
  let count: number;
  do {
    count = reader.length();
    text += read(reader, count);
  } while (count >= FRAGMENT);
  checkRead(reader, size, text.length, 'characters');
  return text;
}

/** Up to here String.fromCharCode is quicker than a Buffer. */
const SHORT = 32;
const shortCodes: readonly number[][] = Array.from({ length: SHORT + 1 }, (_, count) => new Array<number>(count).fill(0));

function characterReader({ bits, codes }: Alphabet): CharacterReader {
  return (reader, count) => {
    if (bits === 0) reader.count(count);
    // Nothing is allocated for what is not there.
    else if (count * bits > reader.end - reader.bit) reader.skip(count * bits);
    if (count <= SHORT) {
      const list = shortCodes[count] as number[];
      if (codes) readCodes(reader, bits, codes, list, count);
      else reader.units(list, count);
      return String.fromCharCode.apply(null, list);
    }
    if (codes) {
      const octets = Buffer.allocUnsafe(count);
      readCodes(reader, bits, codes, octets, count);
      return octets.toString('latin1');
    }
    // So many are always aligned.
    return Buffer.from(reader.octets(count * 2))
      .swap16()
      .toString('utf16le');
  };
}

function readCodes(reader: BitReader, bits: number, codes: Int16Array, list: number[] | Uint8Array, count: number): void {
  for (let index = 0; index < count; index++) {
    const number = bits === 0 ? 0 : reader.bits(bits);
    const code = codes[number] as number;
    if (code < 0) reader.fail(`character ${number} is outside the permitted alphabet`);
    list[index] = code;
  }
}

type CharacterWriter = (writer: BitWriter, text: string, from: number, to: number) => void;

function characterWriter({ bits, numbers }: Alphabet): CharacterWriter {
  if (!numbers) return (writer, text, from, to) => writer.units(text, from, to);
  return (writer, text, from, to) => {
    for (let index = from; index < to; index++) {
      const code = text.charCodeAt(index);
      const number = code < numbers.length ? (numbers[code] as number) : -1;
      if (number < 0) refuse(`character ${index} (${JSON.stringify(text[index])}) is outside the permitted alphabet`);
      if (bits > 0) writer.bits(number, bits);
    }
  };
}

function asString(value: unknown): string {
  if (typeof value !== 'string') refuse(`a string is needed, not ${kindOf(value)}`);
  return value;
}
