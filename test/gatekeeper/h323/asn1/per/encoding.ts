import { expect } from 'vitest';
import { codec, PerError } from '../../../../../src/gatekeeper/h323/asn1/per/codec.js';
import type { Asn1Type } from '../../../../../src/gatekeeper/h323/asn1/schema.js';

/** The encoding of a value in hexadecimal. */
export function encoded<T>(type: Asn1Type<T>, value: T): string {
  return codec(type).encode(value).toString('hex');
}

export function decoded<T>(type: Asn1Type<T>, hex: string): T {
  return codec(type).decode(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

/** The value has this encoding, and the encoding has this value. */
export function expectEncoding<T>(type: Asn1Type<T>, value: T, hex: string): void {
  expect(encoded(type, value)).toBe(hex.replaceAll(' ', ''));
  expect(decoded(type, hex)).toEqual(value);
}

export function perErrorOf(act: () => unknown): PerError {
  try {
    act();
  } catch (error) {
    if (error instanceof PerError) return error;
    throw error;
  }
  throw new Error('no PerError');
}

export function octets(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}
