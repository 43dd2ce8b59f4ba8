import { describe, expect, it } from 'vitest';
import { boolean, enumerated, integer, nothing, sequence } from '../../../../../src/gatekeeper/h323/asn1/schema.js';
import { decoded, encoded, expectEncoding, perErrorOf } from './encoding.js';

/** A bit in front, so that alignment shows. */
const behindBit = <const T extends Parameters<typeof sequence>[0][string]>(number: T) => sequence({ bit: boolean, number });

describe('BOOLEAN and NULL', () => {
  it('takes a bit', () => {
    expectEncoding(boolean, true, '80');
    expectEncoding(boolean, false, '00');
  });

  it('takes nothing, and a whole encoding has an octet all the same', () => {
    expectEncoding(nothing, null, '00');
  });

  it('refuses what is no boolean and no null', () => {
    expect(perErrorOf(() => encoded(boolean, 1 as unknown as boolean)).message).toContain('true or false is needed, not number');
    expect(perErrorOf(() => encoded(nothing, undefined as unknown as null)).message).toContain('null is needed, not undefined');
  });
});

describe('a constrained INTEGER (X.691 §11.5)', () => {
  it('takes no bits where there is one value', () => expectEncoding(integer(7, 7), 7, '00'));

  it.each([
    [0, 1, 1, '80'],
    [0, 2, 2, '80'],
    [0, 3, 3, 'c0'],
    [1, 8, 8, 'e0'],
    [23, 66, 24, '04'],
    [0, 254, 254, 'fe'],
    [1, 255, 255, 'fe'],
    [-128, 126, -128, '00'],
  ])('takes a bit field for %i..%i', (min, max, value, hex) => expectEncoding(integer(min, max), value, hex));

  it('is not aligned in a bit field of 255 values', () =>
    expectEncoding(behindBit(integer(0, 254)), { bit: true, number: 255 - 1 }, 'ff 00'));

  it('takes an aligned octet for 256 values', () => {
    expectEncoding(behindBit(integer(0, 255)), { bit: true, number: 255 }, '80 ff');
    expectEncoding(integer(1, 256), 256, 'ff');
  });

  it('takes two aligned octets for 257 to 65536 values', () => {
    expectEncoding(behindBit(integer(0, 256)), { bit: true, number: 256 }, '80 0100');
    expectEncoding(integer(1, 65535), 65535, 'fffe');
    expectEncoding(integer(0, 65535), 65535, 'ffff');
    expectEncoding(integer(1, 65536), 65536, 'ffff');
  });

  it('takes a length in bits and the fewest aligned octets beyond', () => {
    const three = integer(0, 65536);
    expectEncoding(three, 0, '00 00');
    expectEncoding(three, 255, '00 ff');
    expectEncoding(three, 256, '40 0100');
    expectEncoding(three, 65536, '80 010000');
    const four = integer(0, 4294967295);
    expectEncoding(four, 0, '00 00');
    expectEncoding(four, 0x123456, '80 123456');
    expectEncoding(four, 4294967295, 'c0 ffffffff');
    expectEncoding(integer(1, 4294967295), 1, '00 00');
    expectEncoding(integer(-262144, 262143), -262144, '00 00');
    expectEncoding(integer(-262144, 262143), 262143, '80 07ffff');
  });

  it('refuses what is outside, in both directions', () => {
    expect(perErrorOf(() => encoded(integer(0, 127), 128)).message).toBe('value: 128 is not in 0..127');
    expect(perErrorOf(() => encoded(integer(0, 127), -1)).path).toBe('value');
    expect(perErrorOf(() => encoded(integer(0, 127), 1.5)).message).toContain('whole number');
    expect(perErrorOf(() => encoded(integer(0, 127), Number.NaN)).message).toContain('whole number');
    expect(perErrorOf(() => decoded(integer(0, 2), 'c0')).message).toContain('3 is above 2');
    expect(perErrorOf(() => decoded(integer(0, 256), '0101')).message).toContain('257 is above 256');
    expect(perErrorOf(() => decoded(integer(0, 65536), '80 010001')).message).toContain('65537 is above 65536');
  });
});

describe('an INTEGER without bounds (X.691 §13.2.6)', () => {
  it.each([
    [0, '0100'],
    [127, '017f'],
    [128, '020080'],
    [-1, '01ff'],
    [-128, '0180'],
    [-129, '02ff7f'],
    [65536, '03010000'],
    [Number.MAX_SAFE_INTEGER, '071fffffffffffff'],
    [Number.MIN_SAFE_INTEGER, '07e0000000000001'],
  ])('encodes %i', (value, hex) => expectEncoding(integer(), value, hex));

  it('counts from a lower bound', () => {
    expectEncoding(integer(1), 1, '0100');
    expectEncoding(integer(-1), 4096, '021001');
    expectEncoding(integer(0), 128, '0180');
    expectEncoding(behindBit(integer(0)), { bit: true, number: 256 }, '80 020100');
  });

  it('knows an upper bound alone', () => {
    expectEncoding(integer(undefined, 5), -200, '02ff38');
    expect(perErrorOf(() => decoded(integer(undefined, 5), '0106')).message).toContain('6 is above 5');
  });

  it('refuses distances that JavaScript cannot hold', () => {
    expect(perErrorOf(() => encoded(integer(-5), Number.MAX_SAFE_INTEGER)).message).toContain('more than 2^53 above -5');
    expect(() => encoded(integer(-5, Number.MAX_SAFE_INTEGER), 1)).toThrow(RangeError);
  });

  it('tolerates leading octets that say nothing', () => {
    expect(decoded(integer(), '03000005')).toBe(5);
    expect(decoded(integer(), '09ffffffffffffffffff')).toBe(-1);
  });

  it('refuses numbers that JavaScript cannot hold, and lengths that make no sense', () => {
    expect(perErrorOf(() => decoded(integer(), '0820000000000000')).message).toContain('cut short');
    expect(perErrorOf(() => decoded(integer(), '0720000000000000')).message).toContain('beyond 2^53');
    expect(perErrorOf(() => decoded(integer(0), '0720000000000000')).message).toContain('beyond 2^53');
    expect(perErrorOf(() => decoded(integer(), '00')).message).toContain('a number of 0 octets');
    expect(perErrorOf(() => decoded(integer(), '0a00000000000000000001')).message).toContain('a number of 10 octets');
    expect(perErrorOf(() => decoded(integer(), 'c1')).message).toContain('a number of 16384 octets');
  });
});

describe('an extensible INTEGER', () => {
  const type = integer(1, 32768, { extensible: true });

  it('is constrained inside its root and unconstrained outside', () => {
    expectEncoding(type, 1, '00 0000');
    expectEncoding(type, 32768, '00 7fff');
    expectEncoding(type, 32769, '80 03008001');
    expectEncoding(type, -1, '80 01ff');
  });
});

describe('ENUMERATED (X.691 §14)', () => {
  const plain = enumerated(['a', 'b', 'c']);
  const open = enumerated(['a', 'b', 'c'], ['d', 'e']);

  it('takes the bits of its index', () => {
    expectEncoding(enumerated(['only']), 'only', '00');
    expectEncoding(plain, 'c', '80');
  });

  it('has a normally small number behind the extension marker', () => {
    expectEncoding(open, 'b', '20');
    expectEncoding(open, 'd', '80');
    expectEncoding(open, 'e', '81');
  });

  it('has a normally small number above 63 behind a length', () => {
    const many = enumerated(
      ['a'],
      Array.from({ length: 70 }, (_, index) => `x${index}`),
    );
    expectEncoding(many, 'x63', 'bf');
    expectEncoding(many, 'x64', 'c0 01 40');
  });

  it('refuses names and indices that it does not have', () => {
    expect(perErrorOf(() => encoded(plain, 'd' as 'c')).message).toBe('value: d is none of a, b, c');
    expect(perErrorOf(() => decoded(plain, 'c0')).message).toContain('3 is above 2');
    expect(perErrorOf(() => decoded(open, '82')).message).toContain('enumeration value 2');
  });
});
