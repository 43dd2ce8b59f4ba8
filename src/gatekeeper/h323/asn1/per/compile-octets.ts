import type { Size } from '../schema.js';
import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';
import { type Coder, kindOf } from './coder.js';
import { ANY_SIZE, boundedLength, checkRead, isFixed, isWithin, refuseSize } from './length.js';
import { FRAGMENT } from './limits.js';
import { refuse } from './per-error.js';

/** OCTET STRING (X.691 §17). */
export function octetStringCoder(size: Size): Coder {
  const plain = rootCoder(size);
  if (!size.extensible) return plain;
  const extended = rootCoder(ANY_SIZE);
  return {
    encode(writer, value) {
      const beyond = !isWithin(size, asOctets(value).length);
      writer.boolean(beyond);
      (beyond ? extended : plain).encode(writer, value);
    },
    decode: (reader) => (reader.boolean() ? extended : plain).decode(reader),
  };
}

function rootCoder(size: Size): Coder {
  const encode = checkedEncode(size);
  if (isFixed(size)) {
    const count = size.min;
    if (count <= 2) return { encode, decode: (reader) => shortOctets(reader, count) };
    return { encode, decode: (reader) => reader.octets(count) };
  }
  const length = boundedLength(size);
  if (length) {
    const { decode } = length;
    return { encode, decode: (reader) => reader.octets(decode(reader)) };
  }
  return {
    encode,
    decode(reader) {
      const octets = readOctets(reader);
      checkRead(reader, size, octets.length, 'octets');
      return octets;
    },
  };
}

function checkedEncode(size: Size): Coder['encode'] {
  const write = writeSized(size);
  return (writer, value) => {
    const octets = asOctets(value);
    if (!isWithin(size, octets.length)) refuseSize(size, octets.length, 'octets');
    write(writer, octets);
  };
}

function writeSized(size: Size): (writer: BitWriter, octets: Uint8Array) => void {
  // §17.6: one or two octets of a fixed length stand where they are, unaligned.
  if (isFixed(size) && size.min <= 2) {
    return (writer, octets) => {
      for (const octet of octets) writer.bits(octet, 8);
    };
  }
  if (isFixed(size)) return (writer, octets) => writer.octets(octets);
  const length = boundedLength(size);
  if (!length) return writeOctets;
  return (writer, octets) => {
    length.encode(writer, octets.length);
    writer.octets(octets);
  };
}

function shortOctets(reader: BitReader, count: number): Uint8Array {
  const octets = new Uint8Array(count);
  for (let index = 0; index < count; index++) octets[index] = reader.bits(8);
  return octets;
}

/** Octets behind a length determinant without a bound, in fragments where there are 16K or more. */
export function readOctets(reader: BitReader): Uint8Array {
  let count = reader.length();
  const first = reader.octets(count);
  if (count < FRAGMENT) return first;
  const parts = [first];
  do {
    count = reader.length();
    parts.push(reader.octets(count));
  } while (count >= FRAGMENT);
  return joined(parts);
}

export function writeOctets(writer: BitWriter, octets: Uint8Array): void {
  if (octets.length >= FRAGMENT) {
    writer.pieces(octets.length, (from, count) => writer.octets(octets, from, count));
    return;
  }
  writer.length(octets.length);
  writer.octets(octets);
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function asOctets(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) refuse(`octets are needed, not ${kindOf(value)}`);
  return value;
}

/** GeneralString and its like: its octets behind a length determinant (X.691 §30.6), whatever SIZE says. */
export const generalStringCoder: Coder = {
  encode(writer, value) {
    if (typeof value !== 'string') refuse(`a string is needed, not ${kindOf(value)}`);
    for (let index = 0; index < value.length; index++) {
      if (value.charCodeAt(index) > 0xff) refuse(`character ${index} is not of Latin-1`);
    }
    writeOctets(writer, Buffer.from(value, 'latin1'));
  },
  decode(reader) {
    const octets = readOctets(reader);
    return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  },
};
