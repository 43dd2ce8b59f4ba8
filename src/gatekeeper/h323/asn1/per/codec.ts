import type { Asn1Type } from '../schema.js';
import { BitReader } from './bit-reader.js';
import { BitWriter } from './bit-writer.js';
import type { Coder } from './coder.js';
import { compile } from './compile.js';
import { MAX_INPUT } from './limits.js';
import { Fault, PerError } from './per-error.js';

export { PerError } from './per-error.js';

/** Reads and writes values of one ASN.1 type in BASIC-PER, ALIGNED (X.691). Safe for any input: bounded in time and memory. */
export interface Codec<T> {
  /** @throws {PerError} the value breaks a constraint of the type. */
  encode(value: T): Buffer;
  /**
   * Bytes after the value are ignored, as some stacks pad. Octet strings, and bit strings of whole octets, are views of `bytes`.
   * @throws {PerError} truncated, out of a constraint, nested or counted beyond the bounds.
   */
  decode(bytes: Uint8Array): T;
  /**
   * The same for the value that `bytes` begin with, and how many octets it takes (X.691 §11.1: whole ones, at least one).
   * @throws {PerError} as `decode`.
   */
  decodeFirst(bytes: Uint8Array): { readonly value: T; readonly length: number };
}

// One of each for all types: encoding and decoding run to their end without a pause, and call nothing of their caller's.
const reader = new BitReader();
const writer = new BitWriter();

/**
 * The type is made ready when the first value comes.
 * @param name what the paths of errors begin with: the name of the type in its Recommendation.
 */
export function codec<T>(type: Asn1Type<T>, name = 'value'): Codec<T> {
  let coder: Coder | undefined;
  const decodeFirst = (bytes: Uint8Array) => {
    coder ??= compile(type);
    if (bytes.length > MAX_INPUT) throw new PerError(`${bytes.length} octets, where ${MAX_INPUT} are the limit`, name, 0);
    reader.start(bytes);
    try {
      const value = coder.decode(reader) as T;
      return { value, length: Math.max(1, Math.ceil(reader.bit / 8)) };
    } catch (error) {
      throw error instanceof Fault ? error.toError(name) : error;
    } finally {
      reader.stop();
    }
  };
  return {
    decodeFirst,
    encode(value) {
      coder ??= compile(type);
      writer.start();
      try {
        coder.encode(writer, value);
        return writer.finish();
      } catch (error) {
        throw error instanceof Fault ? error.toError(name) : error;
      }
    },
    decode(bytes) {
      return decodeFirst(bytes).value;
    },
  };
}
