import type { BitReader } from './bit-reader.js';
import { type BitWriter, octetsOf, signedOctetsOf } from './bit-writer.js';
import { type Coder, kindOf } from './coder.js';
import { UNBOUNDED } from './limits.js';
import { refuse } from './per-error.js';

export const booleanCoder: Coder = {
  encode(writer, value) {
    if (typeof value !== 'boolean') refuse(`true or false is needed, not ${kindOf(value)}`);
    writer.bits(value ? 1 : 0, 1);
  },
  decode: (reader) => reader.boolean(),
};

export const nullCoder: Coder = {
  encode(_writer, value) {
    if (value !== null) refuse(`null is needed, not ${kindOf(value)}`);
  },
  decode: () => null,
};

/** A number in both directions: what lengths, indices and integers share. */
export interface NumberCoder {
  readonly encode: (writer: BitWriter, value: number) => void;
  readonly decode: (reader: BitReader) => number;
}

/** INTEGER (X.691 §13). */
export function integerCoder(min: number | undefined, max: number | undefined, extensible: boolean): Coder {
  const number = min === undefined ? unconstrained : max === undefined ? semiConstrained(min) : constrained(min, max);
  const least = min ?? Number.MIN_SAFE_INTEGER;
  const most = max ?? Number.MAX_SAFE_INTEGER;
  const checked = (value: unknown): number => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) refuse(`a whole number is needed, not ${kindOf(value)}`);
    return value;
  };
  if (extensible) {
    return {
      encode(writer, value) {
        const whole = checked(value);
        const root = whole >= least && whole <= most;
        writer.boolean(!root);
        (root ? number : unconstrained).encode(writer, whole);
      },
      decode: (reader) => (reader.boolean() ? unconstrained : number).decode(reader),
    };
  }
  const { encode, decode } = number;
  const bounded = min === undefined && max !== undefined;
  return {
    encode(writer, value) {
      const whole = checked(value);
      if (whole < least || whole > most) refuse(`${whole} is not in ${least}..${most}`);
      encode(writer, whole);
    },
    decode: bounded
      ? (reader) => {
          const value = decode(reader);
          if (value > most) reader.fail(`${value} is above ${most}`);
          return value;
        }
      : decode,
  };
}

/** A constrained whole number (X.691 §11.5), and an integer of that kind where the range is above 64K (§13.2.6 a). */
export function constrained(min: number, max: number): NumberCoder {
  const range = max - min + 1;
  if (!(range >= 1 && Number.isSafeInteger(range)))
    throw new RangeError(`${min}..${max} is no range of whole numbers that JavaScript holds`);
  if (range === 1) return { encode: () => undefined, decode: () => min };
  if (range <= 255) return bitField(min, max, bitsFor(range));
  if (range === 256) {
    return {
      encode: (writer, value) => writer.octet(value - min),
      decode: (reader) => reader.octet() + min,
    };
  }
  if (range <= UNBOUNDED) {
    return {
      encode: (writer, value) => writer.octetPair(value - min),
      decode: (reader) => within(reader, reader.octetPair() + min, max),
    };
  }
  const lengthBits = bitsFor(octetsOf(max - min));
  return {
    encode(writer, value) {
      const count = octetsOf(value - min);
      writer.bits(count - 1, lengthBits);
      writer.number(value - min, count);
    },
    decode: (reader) => within(reader, reader.unsigned(reader.bits(lengthBits) + 1) + min, max),
  };
}

function bitField(min: number, max: number, bits: number): NumberCoder {
  const encode = (writer: BitWriter, value: number): void => writer.bits(value - min, bits);
  if (max - min + 1 === 1 << bits) return { encode, decode: (reader) => reader.bits(bits) + min };
  return { encode, decode: (reader) => within(reader, reader.bits(bits) + min, max) };
}

function within(reader: BitReader, value: number, max: number): number {
  if (value > max) reader.fail(`${value} is above ${max}`);
  return value;
}

/** X.691 §13.2.6 b: the distance from the lower bound, behind its length in octets. */
function semiConstrained(min: number): NumberCoder {
  return {
    encode(writer, value) {
      const distance = value - min;
      if (!Number.isSafeInteger(distance)) refuse(`${value} is more than 2^53 above ${min}`);
      const count = octetsOf(distance);
      writer.length(count);
      writer.number(distance, count);
    },
    decode(reader) {
      const value = reader.unsigned(numberLength(reader)) + min;
      if (!Number.isSafeInteger(value)) reader.fail('the number is beyond 2^53');
      return value;
    },
  };
}

/** X.691 §13.2.6 c: two's complement, behind its length in octets. */
const unconstrained: NumberCoder = {
  encode(writer, value) {
    const count = signedOctetsOf(value);
    writer.length(count);
    writer.number(value, count);
  },
  decode: (reader) => reader.signed(numberLength(reader)),
};

/** Leading octets that say nothing are tolerated, up to what a 64-bit number takes and its sign. */
function numberLength(reader: BitReader): number {
  const length = reader.length();
  if (length < 1 || length > 9) reader.fail(`a number of ${length} octets`);
  return length;
}

/** How many bits tell `range` values apart: none for one. */
export function bitsFor(range: number): number {
  return range <= 1 ? 0 : 32 - Math.clz32(range - 1);
}

/** ENUMERATED (X.691 §14). */
export function enumeratedCoder(names: readonly string[], extensions: readonly string[] | undefined): Coder {
  const roots = new Map(names.map((name, index) => [name, index]));
  const additions = new Map((extensions ?? []).map((name, index) => [name, index]));
  const index = constrained(0, names.length - 1);
  const extensible = extensions !== undefined;
  return {
    encode(writer, value) {
      const root = roots.get(value as string);
      if (root !== undefined) {
        if (extensible) writer.boolean(false);
        index.encode(writer, root);
        return;
      }
      const addition = additions.get(value as string);
      if (addition === undefined) refuse(`${typeof value === 'string' ? value : kindOf(value)} is none of ${names.join(', ')}`);
      writer.boolean(true);
      writer.small(addition);
    },
    decode(reader) {
      if (!extensible || !reader.boolean()) return names[index.decode(reader)];
      const addition = reader.small();
      return extensions[addition] ?? reader.fail(`enumeration value ${addition} behind the extension marker is not known`);
    },
  };
}
