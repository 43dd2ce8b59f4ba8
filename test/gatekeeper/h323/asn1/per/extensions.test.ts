import { describe, expect, it } from 'vitest';
import {
  type Asn1Type,
  boolean,
  choice,
  integer,
  octetString,
  optional,
  sequence,
  UNKNOWN,
  withDefault,
} from '../../../../../src/gatekeeper/h323/asn1/schema.js';
import { decoded, encoded, expectEncoding, octets, perErrorOf } from './encoding.js';

const number = integer(0, 255);

/** The same type as four versions of a Recommendation have it. */
const v1 = sequence({ a: boolean }, {});
const v2 = sequence({ a: boolean }, { b: number });
const v3 = sequence({ a: boolean }, { b: number, c: sequence({ d: number }, {}), e: boolean });
const v4 = sequence({ a: boolean }, { b: number, c: sequence({ d: number }, { f: number }), e: boolean, g: octetString(), h: boolean });

/** What an older version reads and writes, a newer one reads as if it had come straight from its author. */
function passedOn<O, N>(older: Asn1Type<O>, newer: Asn1Type<N>, value: N): N {
  return decoded(newer, encoded(older, decoded(older, encoded(newer, value))));
}

describe('extension additions of a sequence (X.691 §19.6 to 9)', () => {
  it('sets the extension bit only when there is one', () => {
    expectEncoding(v1, { a: true }, '40');
    expectEncoding(v3, { a: true }, '40');
  });

  it('has a bitmap and open types', () => {
    expectEncoding(v2, { a: true, b: 5 }, 'c0 40 01 05');
    expectEncoding(v3, { a: true, b: 5, e: false }, 'c1 50 01 05 01 00');
  });

  it('ends the bitmap with the last addition that is there', () => {
    expect(encoded(v4, { a: true, b: 5 })).toBe(encoded(v2, { a: true, b: 5 }));
  });

  it('reads a bitmap of any length', () => {
    expect(decoded(v2, 'c1 50 01 05 01 00')).toEqual({ a: true, b: 5, [UNKNOWN]: [undefined, octets('00')] });
    expect(decoded(v3, 'c0 40 01 05')).toEqual({ a: true, b: 5 });
    expect(decoded(v3, 'c1 00')).toEqual({ a: true });
  });

  it('keeps unknown additions by their place behind the known ones', () => {
    const value = decoded(v2, encoded(v4, { a: true, b: 5, e: true, h: false }));
    expect(value).toEqual({ a: true, b: 5, [UNKNOWN]: [undefined, octets('80'), undefined, octets('00')] });
  });

  it('has nothing unknown where nothing is', () => {
    expect(UNKNOWN in decoded(v3, encoded(v3, { a: true, b: 5 }))).toBe(false);
    expect(UNKNOWN in decoded(v1, encoded(v1, { a: true }))).toBe(false);
  });

  it.each([
    { a: true },
    { a: true, b: 5 },
    { a: true, h: true },
    { a: false, c: { d: 1 }, g: octets('010203') },
    { a: true, c: { d: 1, f: 2 } },
    { a: true, b: 1, c: { d: 1, f: 2 }, e: true, g: octets(''), h: false },
    { a: true, g: new Uint8Array(3) },
  ])('loses nothing when an older version passes it on (%#)', (value) => {
    expect(passedOn(v1, v4, value)).toEqual(value);
    expect(passedOn(v2, v4, value)).toEqual(value);
    expect(passedOn(v3, v4, value)).toEqual(value);
  });

  it('loses nothing of an addition in fragments', () => {
    const g = new Uint8Array(20_000).fill(0xab);
    const passed = passedOn(v1, v4, { a: true, g, h: true });
    expect(passed.h).toBe(true);
    expect(Buffer.compare(passed.g ?? octets(''), g)).toBe(0);
  });

  it('writes a changed value with the unknown additions that came', () => {
    const value = decoded(v2, encoded(v3, { a: true, b: 5, e: true }));
    expect(decoded(v3, encoded(v2, { ...value, b: undefined, a: false }))).toEqual({ a: false, e: true });
  });

  it('knows more than 64 additions', () => {
    const names = Array.from({ length: 70 }, (_, index) => `x${index}`);
    const many: Asn1Type<unknown> = sequence({ a: boolean }, Object.fromEntries(names.map((name) => [name, number])));
    expectEncoding(many, { a: true, x64: 7 }, 'e0 41 0000000000000000 80 01 07');
    expect(passedOn(v1, many, { a: true, x3: 1, x64: 7 })).toEqual({ a: true, x3: 1, x64: 7 });
  });

  it('refuses a bitmap that is longer than the bytes', () => {
    expect(perErrorOf(() => decoded(v1, 'df')).message).toContain('cut short');
    expect(perErrorOf(() => decoded(v1, 'e0 bfff 00')).message).toContain('cut short');
    expect(perErrorOf(() => decoded(v1, 'e0 c1 00')).message).toContain('more than 16383');
  });

  it('has optional and default additions like any other', () => {
    const type = sequence({ a: boolean }, { b: optional(number), c: withDefault(number, 7) });
    expectEncoding(type, { a: true, b: 5 }, 'c0 40 01 05');
    expectEncoding(type, { a: true, c: 8 }, 'c0 a0 01 08');
    expect(encoded(type, { a: true, c: 7 })).toBe('40');
  });
});

describe('extension alternatives of a choice', () => {
  const older = choice({ a: boolean }, { b: number });
  const newer = choice({ a: boolean }, { b: number, c: sequence({ d: number }), e: boolean });

  it.each([
    { type: 'a', value: true },
    { type: 'b', value: 5 },
    { type: 'c', value: { d: 5 } },
    { type: 'e', value: true },
  ] as const)('loses nothing of %j when an older version passes it on', (value) => {
    expect(passedOn(older, newer, value)).toEqual(value);
  });
});
