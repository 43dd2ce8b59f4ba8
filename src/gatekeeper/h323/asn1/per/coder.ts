import type { Asn1Type } from '../schema.js';
import type { BitReader } from './bit-reader.js';
import type { BitWriter } from './bit-writer.js';

/** A type made ready once: two closures that know its constraints, so that nothing of the schema is looked at per value. */
export interface Coder {
  /** @throws {Fault} the value breaks a constraint, or is not of the type at all. */
  readonly encode: (writer: BitWriter, value: unknown) => void;
  /** @throws {Fault} cut short, or against a constraint. */
  readonly decode: (reader: BitReader) => unknown;
}

/** Makes the types inside another type ready. */
export type Compile = (type: Asn1Type<unknown>) => Coder;

/** For a refusal: what was given in place of a value. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `${typeof value === 'object' ? 'an object' : typeof value}`;
}
