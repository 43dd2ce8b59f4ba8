import { describe, expect, it } from 'vitest';
import {
  type Asn1Type,
  type BitString,
  bitString,
  boolean,
  generalString,
  objectIdentifier,
  octetString,
  openType,
  sequence,
} from '../../../../../src/gatekeeper/h323/asn1/schema.js';
import { decoded, encoded, expectEncoding, octets, perErrorOf } from './encoding.js';

const behindBit = <const T extends Asn1Type<unknown>>(content: T) => sequence({ bit: boolean, content });
const run = (length: number, octet = 0xab): Uint8Array => new Uint8Array(length).fill(octet);

describe('OCTET STRING (X.691 §17)', () => {
  it('takes nothing when it is always empty', () => expectEncoding(octetString(0, 0), octets(''), '00'));

  it('of one or two octets stands where it is', () => {
    expectEncoding(behindBit(octetString(1, 1)), { bit: true, content: octets('ff') }, 'ff 80');
    expectEncoding(behindBit(octetString(2, 2)), { bit: true, content: octets('0102') }, '80 81 00');
  });

  it('of a fixed length is aligned', () => {
    expectEncoding(behindBit(octetString(3, 3)), { bit: true, content: octets('010203') }, '80 010203');
  });

  it('of a bounded length has it in bits', () => {
    expectEncoding(behindBit(octetString(1, 4)), { bit: true, content: octets('0102') }, 'a0 0102');
    expectEncoding(behindBit(octetString(0, 1)), { bit: true, content: octets('07') }, 'c0 07');
    expectEncoding(octetString(1, 256), octets('0102'), '01 0102');
    expectEncoding(octetString(0, 65535), octets('0102'), '0002 0102');
  });

  it('without octets is not aligned', () => {
    const type = sequence({ empty: octetString(0, 3), bit: boolean });
    expectEncoding(type, { empty: octets(''), bit: true }, '20');
  });

  it('without an upper bound, or with one from 64K on, has a length of its own', () => {
    expectEncoding(behindBit(octetString()), { bit: true, content: octets('0102') }, '80 02 0102');
    expectEncoding(octetString(1, 65536), octets('05'), '01 05');
  });

  it.each([
    [127, '7f'],
    [128, '8080'],
    [16383, 'bfff'],
  ])('of %i octets', (length, determinant) => {
    expect(encoded(octetString(), run(length)).slice(0, 4)).toBe(`${determinant}abab`.slice(0, 4));
    expect(Buffer.compare(decoded(octetString(), encoded(octetString(), run(length))), run(length))).toBe(0);
  });

  it.each([
    [16384, [['c1', 16384]], '00'],
    [16385, [['c1', 16384]], '01ab'],
    [49152, [['c3', 49152]], '00'],
    [65535, [['c3', 49152]], `bfff${'ab'.repeat(16383)}`],
    [65536, [['c4', 65536]], '00'],
    [65537, [['c4', 65536]], '01ab'],
    [
      147457,
      [
        ['c4', 65536],
        ['c4', 65536],
        ['c1', 16384],
      ],
      '01ab',
    ],
  ] as const)('of %i octets goes in fragments', (length, fragments, rest) => {
    const hex = fragments.map(([mark, count]) => mark + 'ab'.repeat(count)).join('') + rest;
    expect(encoded(octetString(), run(length)) === hex).toBe(true);
    expect(Buffer.compare(decoded(octetString(), hex), run(length))).toBe(0);
  });

  it('refuses sizes that are not allowed, in both directions', () => {
    expect(perErrorOf(() => encoded(octetString(4, 4), run(5))).message).toBe('value: 5 octets where 4 are allowed');
    expect(perErrorOf(() => encoded(octetString(1, 4), run(0))).message).toBe('value: 0 octets where 1 to 4 are allowed');
    expect(perErrorOf(() => decoded(octetString(2), '0105')).message).toContain('1 octets where 2 or more are allowed');
    expect(perErrorOf(() => encoded(octetString(), 'x' as unknown as Uint8Array)).message).toContain('octets are needed, not string');
  });

  it('reads no more than there is, and refuses fragments of no known size', () => {
    expect(perErrorOf(() => decoded(octetString(), '05 0102')).message).toContain('cut short: 40 bits are to follow, 16 are left (bit 8)');
    expect(perErrorOf(() => decoded(octetString(), 'c1 00')).message).toContain('cut short');
    expect(perErrorOf(() => decoded(octetString(), 'c5 00')).message).toContain('a fragment of 5 times 16K');
    expect(perErrorOf(() => decoded(octetString(), 'c0 00')).message).toContain('a fragment of 0 times 16K');
  });

  it('gives views of what it reads', () => {
    const bytes = Buffer.from('03010203', 'hex');
    const hex = decoded(octetString(), bytes.toString('hex'));
    expect(hex).toBeInstanceOf(Uint8Array);
    expect(hex).toHaveLength(3);
  });
});

describe('BIT STRING (X.691 §16)', () => {
  const bits = (hex: string, length: number): BitString => ({ bytes: octets(hex), length });

  it('of up to 16 bits of a fixed length stands where it is', () => {
    expectEncoding(behindBit(bitString(3, 3)), { bit: true, content: bits('a0', 3) }, 'd0');
    expectEncoding(behindBit(bitString(16, 16)), { bit: false, content: bits('ffff', 16) }, '7fff 80');
  });

  it('of a longer fixed length is aligned', () => {
    expectEncoding(behindBit(bitString(17, 17)), { bit: true, content: bits('ffff80', 17) }, '80 ffff80');
  });

  it('of a bounded length has it in bits, and is aligned unless empty', () => {
    expectEncoding(behindBit(bitString(0, 7)), { bit: true, content: bits('a0', 3) }, 'b0 a0');
    expectEncoding(sequence({ empty: bitString(0, 7), bit: boolean }), { empty: bits('', 0), bit: true }, '10');
    expectEncoding(bitString(0, 511), bits('a0', 3), '0003 a0');
  });

  it('without an upper bound has a length of its own, in bits', () => {
    expectEncoding(bitString(), bits('a0', 3), '03 a0');
    expectEncoding(bitString(2049, 65536), { bytes: run(257), length: 2056 }, `8808 ${'ab'.repeat(257)}`);
  });

  it('goes in fragments from 16K bits on', () => {
    expectEncoding(bitString(), { bytes: run(2048), length: 16384 }, `c1 ${'ab'.repeat(2048)} 00`);
    expectEncoding(bitString(), { bytes: Uint8Array.of(...run(2048), 0x80), length: 16385 }, `c1 ${'ab'.repeat(2048)} 01 80`);
  });

  it('leaves out what stands behind its last bit', () => {
    expect(encoded(bitString(3, 3), bits('ff', 3))).toBe('e0');
    expect(decoded(sequence({ few: bitString(0, 7), bit: boolean }), '60 ff')).toEqual({ few: bits('e0', 3), bit: true });
  });

  it('refuses sizes that are not allowed, and values that are none', () => {
    expect(perErrorOf(() => encoded(bitString(3, 3), bits('ff', 4))).message).toBe('value: 4 bits where 3 are allowed');
    expect(perErrorOf(() => decoded(bitString(5), '03 a0')).message).toContain('3 bits where 5 or more are allowed');
    expect(perErrorOf(() => encoded(bitString(), bits('ff', 9))).message).toContain('9 bits are not in 1 octets');
    expect(perErrorOf(() => encoded(bitString(), null as unknown as BitString)).message).toContain('not null');
    expect(perErrorOf(() => encoded(bitString(), { length: 1 } as unknown as BitString)).message).toContain('needed');
    expect(perErrorOf(() => decoded(bitString(), '80 ff ff')).message).toContain('cut short');
  });
});

describe('extensible sizes', () => {
  const sized = <T>(node: Asn1Type<T>['node']): Asn1Type<T> => ({ node });
  const size = { min: 1, max: 2, extensible: true };

  it('has a bit in front, and any size behind it', () => {
    const type = behindBit(sized<Uint8Array>({ kind: 'octetString', size }));
    expectEncoding(type, { bit: true, content: octets('ff') }, '80 ff');
    expectEncoding(type, { bit: true, content: octets('0102') }, 'a0 0102');
    expectEncoding(type, { bit: true, content: octets('010203') }, 'c0 03 010203');
    const few = behindBit(sized<BitString>({ kind: 'bitString', size }));
    expectEncoding(few, { bit: true, content: { bytes: octets('80'), length: 2 } }, 'a0 80');
    expectEncoding(few, { bit: true, content: { bytes: octets('a0'), length: 3 } }, 'c0 03 a0');
  });
});

describe('OBJECT IDENTIFIER', () => {
  it.each([
    ['0.0', '0100'],
    ['0.0.8.2250.0.7', '06 0008914a0007'],
    ['1.2.840.113549.2.5', '08 2a864886f70d0205'],
    ['1.39', '014f'],
    ['2.0', '0150'],
    ['2.999.3', '03 883703'],
    ['2.25.340282366920938463463374607431768211455', '14 69 83ffffffffffffffffffffffffffffffffff7f'],
  ])('encodes %s', (value, hex) => expectEncoding(objectIdentifier, value, hex));

  it.each(['', '1', '3.1', '0.40', '1.x', '1.2.', '01.2', '1.2.-3', '2.25.99999999999999999999999999999999999999999'])(
    'refuses %j',
    (value) => {
      expect(perErrorOf(() => encoded(objectIdentifier, value)).path).toBe('value');
    },
  );

  it.each(['00', '0180', '03 2a8001', '15 69ffffffffffffffffffffffffffffffffffffff7f'])('refuses the bytes %s', (hex) => {
    expect(perErrorOf(() => decoded(objectIdentifier, hex)).message).toContain('object identifier');
  });

  it('remembers encodings without mixing them up', () => {
    for (let arc = 0; arc < 1000; arc++) expect(decoded(objectIdentifier, encoded(objectIdentifier, `1.3.${arc}`))).toBe(`1.3.${arc}`);
  });
});

describe('open types and GeneralString', () => {
  it('keeps the octets of an open type of unknown content', () =>
    expectEncoding(behindBit(openType()), { bit: true, content: octets('0102') }, '80 02 0102'));

  it('has a whole encoding in an open type of known content', () => {
    expectEncoding(behindBit(openType(boolean)), { bit: true, content: true }, '80 01 80');
    expectEncoding(openType(sequence({})), {}, '01 00');
  });

  it('ignores what follows the value in an open type', () => {
    expect(decoded(sequence({ first: openType(boolean), second: boolean }), '03 80ffff 80')).toEqual({ first: true, second: true });
  });

  it('does not read beyond the length of an open type', () => {
    const error = perErrorOf(() => decoded(openType(octetString(4, 4)), '02 01020304'));
    expect(error.message).toContain('cut short: 32 bits are to follow, 16 are left');
  });

  it.each([127, 128, 16383, 16384, 65536, 70000])('holds a value of %i octets', (length) => {
    const type = sequence({ outer: openType(sequence({ inner: openType(sequence({ content: octetString() })) })), last: boolean });
    const value = { outer: { inner: { content: run(length) } }, last: true };
    const again = decoded(type, encoded(type, value));
    expect(Buffer.compare(again.outer.inner.content, run(length))).toBe(0);
    expect(again.last).toBe(true);
  });

  it('has a GeneralString as octets behind their length', () => {
    expectEncoding(generalString, 'Åre', '03 c57265');
    expect(perErrorOf(() => encoded(generalString, '€')).message).toContain('character 0 is not of Latin-1');
  });
});
