import { describe, expect, it } from 'vitest';
import {
  type Asn1Type,
  bmpString,
  boolean,
  ia5String,
  numericString,
  printableString,
  sequence,
  visibleString,
} from '../../../../../src/gatekeeper/h323/asn1/schema.js';
import { decoded, encoded, expectEncoding, perErrorOf } from './encoding.js';

const behindBit = (content: Asn1Type<string>) => sequence({ bit: boolean, content });
const dialled = '0123456789#*,';

describe('bits a character (X.691 §30.5.2 to 4)', () => {
  it('takes 8 for IA5String, whose codes travel as they are', () => expectEncoding(ia5String(), 'Ab0', '03 416230'));

  it('takes 8 for VisibleString and PrintableString', () => {
    expectEncoding(visibleString(), '~ ', '02 7e20');
    expectEncoding(printableString(), 'z?', '02 7a3f');
  });

  it('takes 16 for BMPString', () => {
    expectEncoding(bmpString(), 'Aå€', '03 0041 00e5 20ac');
    expectEncoding(bmpString(), '😀', '02 d83d de00');
  });

  it('takes 4 for NumericString, and numbers its characters from the space on', () => {
    expectEncoding(numericString(), ' 09', '03 01a0');
  });

  it('takes 4 for a permitted alphabet of 9 to 16 characters, and numbers them in the order of their codes', () => {
    // # is 0, * is 1, the comma 2, and the digits follow.
    expectEncoding(ia5String(1, 128, dialled), '46', '02 79');
    expectEncoding(ia5String(1, 128, dialled), '#*,09', '08 0123 c0');
  });

  it('takes 2 for three characters, and 1 for two', () => {
    expectEncoding(ia5String(4, 4, 'xyz'), 'xyzx', '18');
    expectEncoding(ia5String(4, 4, 'ab'), 'abba', '60');
  });

  it('does not number characters whose codes fit', () => {
    // Five characters take 4 bits, which hold their codes.
    expectEncoding(ia5String(2, 2, '\x01\x02\x03\x04\x05'), '\x05\x01', '51');
  });

  it('takes none for one character', () => {
    expectEncoding(ia5String(0, 7, 'x'), 'xxx', '60');
  });
});

describe('length and alignment (X.691 §30.5.6 and 7)', () => {
  it('does not align a fixed size of up to 16 bits', () => {
    expectEncoding(behindBit(ia5String(2, 2)), { bit: true, content: 'AB' }, 'a0a1 00');
    expectEncoding(behindBit(numericString(4, 4)), { bit: true, content: '0000' }, '8888 80');
    expectEncoding(behindBit(bmpString(1, 1)), { bit: true, content: 'A' }, '8020 80');
  });

  it('aligns a fixed size of more', () => {
    expectEncoding(behindBit(ia5String(3, 3)), { bit: true, content: 'ABC' }, '80 414243');
    expectEncoding(behindBit(numericString(5, 5)), { bit: true, content: '00000' }, '80 1111 10');
  });

  it('does not align a size that varies below 16 bits', () => {
    expectEncoding(behindBit(ia5String(0, 1)), { bit: true, content: 'A' }, 'd040');
    expectEncoding(behindBit(numericString(1, 3)), { bit: true, content: '00' }, 'a220');
  });

  it('aligns a size that varies up to 16 bits and more, unless there are no characters', () => {
    expectEncoding(behindBit(ia5String(1, 2)), { bit: true, content: 'A' }, '80 41');
    expectEncoding(behindBit(numericString(1, 4)), { bit: true, content: '00' }, 'a0 11');
    expectEncoding(sequence({ empty: ia5String(0, 512), bit: boolean }), { empty: '', bit: true }, '0000 80');
    expectEncoding(sequence({ empty: ia5String(0, 7), bit: boolean }), { empty: '', bit: true }, '10');
  });

  it('aligns without an upper bound, and from 64K on', () => {
    expectEncoding(behindBit(ia5String()), { bit: true, content: 'A' }, '80 01 41');
    expectEncoding(ia5String(1, 65535), 'A', '0000 41');
    expectEncoding(ia5String(1, 65536), 'A', '01 41');
  });

  it('has an extension bit for an extensible size, and any length behind it', () => {
    const type = behindBit({ node: { kind: 'string', type: 'ia5', alphabet: undefined, size: { min: 1, max: 1, extensible: true } } });
    expectEncoding(type, { bit: true, content: 'A' }, '9040');
    expectEncoding(type, { bit: true, content: 'AB' }, 'c0 02 4142');
  });

  it.each([15, 16, 17, 127, 128, 16383, 16384, 16385, 65536, 65537])('holds %i characters of each kind', (length) => {
    for (const [type, unit] of [
      [ia5String(), 'xyz'],
      [bmpString(), 'å€x'],
      [numericString(), '0 9'],
    ] as const) {
      const text = unit.repeat(Math.ceil(length / 3)).slice(0, length);
      expect(decoded(type, encoded(type, text)) === text).toBe(true);
    }
  });

  it('goes in fragments by characters, not octets', () => {
    expect(encoded(bmpString(), 'A'.repeat(16384)) === `c1${'0041'.repeat(16384)}00`).toBe(true);
    expect(encoded(numericString(), '0'.repeat(16385)) === `c1${'11'.repeat(8192)}0110`).toBe(true);
  });
});

describe('refusals', () => {
  it('refuses characters outside the alphabet', () => {
    expect(perErrorOf(() => encoded(ia5String(1, 128, dialled), '46x')).message).toBe(
      'value: character 2 ("x") is outside the permitted alphabet',
    );
    expect(perErrorOf(() => encoded(ia5String(), 'å')).message).toContain('character 0');
    expect(perErrorOf(() => encoded(ia5String(), '€')).message).toContain('character 0');
    expect(perErrorOf(() => decoded(ia5String(), '01 80')).message).toContain('character 128');
    expect(perErrorOf(() => decoded(numericString(1, 1), 'f0')).message).toContain('character 15');
    expect(perErrorOf(() => decoded(printableString(), '01 40')).message).toContain('character 64');
  });

  it('refuses sizes that are not allowed', () => {
    expect(perErrorOf(() => encoded(bmpString(1, 128), '')).message).toBe('value: 0 characters where 1 to 128 are allowed');
    expect(perErrorOf(() => decoded(ia5String(2), '0141')).message).toContain('1 characters where 2 or more are allowed');
    expect(perErrorOf(() => encoded(bmpString(), 5 as unknown as string)).message).toContain('a string is needed, not number');
  });

  it('reads no more than there is', () => {
    expect(perErrorOf(() => decoded(ia5String(), '0541')).message).toContain('cut short');
    expect(perErrorOf(() => decoded(bmpString(1, 65535), 'fffe 0041')).message).toContain('cut short');
  });

  it('bounds characters that take no bits', () => {
    const endless = 'c4'.repeat(1000);
    expect(perErrorOf(() => decoded(ia5String(0, undefined, 'x'), endless)).message).toContain('more than 100000');
  });
});
