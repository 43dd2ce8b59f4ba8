import type { BitString, Size } from '../schema.js';
import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';
import { type Coder, kindOf } from './coder.js';
import { joined } from './compile-octets.js';
import { ANY_SIZE, boundedLength, checkRead, isFixed, isWithin, refuseSize } from './length.js';
import { FRAGMENT } from './limits.js';
import { refuse } from './per-error.js';

/** BIT STRING (X.691 §16), none of whose bits have names: zeros at the end count. */
export function bitStringCoder(size: Size): Coder {
  const plain = rootCoder(size);
  if (!size.extensible) return plain;
  const extended = rootCoder(ANY_SIZE);
  return {
    encode(writer, value) {
      const beyond = !isWithin(size, asBits(value).length);
      writer.boolean(beyond);
      (beyond ? extended : plain).encode(writer, value);
    },
    decode: (reader) => (reader.boolean() ? extended : plain).decode(reader),
  };
}

function rootCoder(size: Size): Coder {
  const length = boundedLength(size);
  // §16.9: up to 16 bits of a fixed length stand where they are, unaligned.
  const aligned = !(isFixed(size) && size.min <= 16);
  return {
    encode(writer, value) {
      const bits = asBits(value);
      if (!isWithin(size, bits.length)) refuseSize(size, bits.length, 'bits');
      if (!length && bits.length < FRAGMENT) {
        writer.length(bits.length);
        writeBits(writer, bits.bytes, 0, bits.length);
        return;
      }
      if (!length) {
        writer.pieces(bits.length, (from, count) => writeBits(writer, bits.bytes, from, count));
        return;
      }
      length.encode(writer, bits.length);
      if (aligned && bits.length > 0) writer.align();
      writeBits(writer, bits.bytes, 0, bits.length);
    },
    decode(reader): BitString {
      if (!length) return readPieces(reader, size);
      const count = length.decode(reader);
      if (aligned && count > 0) reader.align();
      return { bytes: readBits(reader, count), length: count };
    },
  };
}

function readPieces(reader: BitReader, size: Size): BitString {
  let count = reader.length();
  const first = readBits(reader, count);
  if (count < FRAGMENT) {
    checkRead(reader, size, count, 'bits');
    return { bytes: first, length: count };
  }
  const parts = [first];
  let total = count;
  do {
    count = reader.length();
    parts.push(readBits(reader, count));
    total += count;
  } while (count >= FRAGMENT);
  checkRead(reader, size, total, 'bits');
  return { bytes: joined(parts), length: total };
}

function readBits(reader: BitReader, count: number): Uint8Array {
  if (((count | reader.bit) & 7) === 0) return reader.octets(count >> 3);
  const at = reader.skip(count);
  const end = reader.bit;
  reader.bit = at;
  const bytes = new Uint8Array((count + 7) >> 3);
  for (let index = 0; index < bytes.length; index++) {
    const left = Math.min(8, end - reader.bit);
    bytes[index] = reader.bits(left) << (8 - left);
  }
  return bytes;
}

/** `from` is a whole number of octets, in bits. */
function writeBits(writer: BitWriter, bytes: Uint8Array, from: number, count: number): void {
  let left = count;
  for (let index = from >> 3; left > 0; index++) {
    const some = Math.min(8, left);
    writer.bits((bytes[index] as number) >> (8 - some), some);
    left -= some;
  }
}

function asBits(value: unknown): BitString {
  if (typeof value !== 'object' || value === null) refuse(`{ bytes, length } is needed, not ${kindOf(value)}`);
  const { bytes, length } = value as Partial<BitString>;
  if (!(bytes instanceof Uint8Array) || typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) {
    refuse('{ bytes, length } is needed');
  }
  if (length > bytes.length * 8) refuse(`${length} bits are not in ${bytes.length} octets`);
  return value as BitString;
}
