import { describe, expect, it } from 'vitest';
import {
  type Asn1Type,
  boolean,
  choice,
  integer,
  lazy,
  nothing,
  octetString,
  optional,
  sequence,
  sequenceOf,
  withDefault,
} from '../../../../../src/gatekeeper/h323/asn1/schema.js';
import { decoded, encoded, expectEncoding, octets, perErrorOf } from './encoding.js';

const number = integer(0, 255);

describe('SEQUENCE (X.691 §19)', () => {
  it('takes nothing without fields', () => expectEncoding(sequence({}), {}, '00'));

  it('has a bit for each optional field in front', () => {
    const type = sequence({ a: optional(number), b: boolean, c: optional(number) });
    expectEncoding(type, { b: true }, '20');
    expectEncoding(type, { a: 1, b: true, c: 2 }, 'c0 01 80 02');
    expectEncoding(type, { b: false, c: 2 }, '40 02');
  });

  it('takes undefined for absent', () => {
    const type = sequence({ a: optional(number), b: boolean }, { c: number });
    expect(encoded(type, { a: undefined, b: true, c: undefined })).toBe(encoded(type, { b: true }));
  });

  it('leaves absent fields out of what it reads', () => {
    const value = decoded(sequence({ a: optional(number), b: boolean }, { c: number }), '20');
    expect(Object.keys(value)).toEqual(['b']);
  });

  it('has more optional fields than a number has bits', () => {
    const names = Array.from({ length: 70 }, (_, index) => `f${index}`);
    const type = sequence(Object.fromEntries(names.map((name) => [name, optional(boolean)])));
    expectEncoding(type, { f0: true, f69: true }, '80 00000000000000 07');
  });

  it('leaves a default out of the encoding, and puts it into the value', () => {
    const type = sequence({ a: withDefault(number, 7), b: withDefault(boolean, false) });
    expectEncoding(type, { a: 7, b: false }, '00');
    expectEncoding(type, { a: 8, b: true }, 'c0 08 80');
    expect(decoded(type, '80 07')).toEqual({ a: 7, b: false });
  });

  it('refuses what is no object, and a field that is not there', () => {
    const type = sequence({ a: sequence({ b: number }) });
    expect(perErrorOf(() => encoded(type, 5 as never)).message).toContain(
      'an object with the fields of the sequence is needed, not number',
    );
    expect(perErrorOf(() => encoded(type, { a: {} } as never)).message).toBe('value.a.b: a whole number is needed, not undefined');
  });
});

describe('CHOICE (X.691 §23)', () => {
  const plain = choice({ a: nothing, b: boolean, c: number });
  const open = choice({ a: nothing, b: boolean }, { c: number, d: nothing });

  it('has the number of its alternative in front', () => {
    expectEncoding(plain, { type: 'a', value: null }, '00');
    expectEncoding(plain, { type: 'b', value: true }, '60');
    expectEncoding(plain, { type: 'c', value: 255 }, '80 ff');
    expectEncoding(choice({ only: boolean }), { type: 'only', value: true }, '80');
  });

  it('has a bit for its extension marker, and an open type behind it', () => {
    expectEncoding(open, { type: 'b', value: true }, '60');
    expectEncoding(open, { type: 'c', value: 255 }, '80 01 ff');
    expectEncoding(open, { type: 'd', value: null }, '81 01 00');
  });

  it('keeps an alternative that it does not know', () => {
    expectEncoding(open, { type: 'unknown', index: 2, value: octets('0102') }, '82 02 0102');
    expectEncoding(open, { type: 'unknown', index: 64, value: octets('05') }, 'c0 01 40 01 05');
  });

  it('tells an alternative called unknown from one that is', () => {
    const type = choice({ unknown: nothing, b: boolean }, {});
    expectEncoding(type, { type: 'unknown', value: null }, '00');
    expectEncoding(type, { type: 'unknown', index: 0, value: octets('05') }, '80 01 05');
  });

  it('refuses alternatives that it does not have', () => {
    expect(perErrorOf(() => encoded(plain, { type: 'd', value: null } as never)).message).toBe('value: d is no alternative here');
    expect(perErrorOf(() => encoded(plain, null as never)).message).toContain('{ type, value } is needed, not null');
    expect(perErrorOf(() => encoded(plain, {} as never)).message).toContain('undefined is no alternative here');
    expect(perErrorOf(() => encoded(plain, { type: 'c', value: 256 })).message).toBe('value.c: 256 is not in 0..255');
    expect(perErrorOf(() => encoded(plain, { type: 'unknown', index: 0, value: octets('') } as never)).message).toContain('no alternative');
    expect(perErrorOf(() => encoded(open, { type: 'unknown', index: 1, value: octets('') })).message).toContain('numbered from 2 on');
    expect(perErrorOf(() => decoded(plain, 'c0')).message).toContain('3 is above 2');
  });
});

describe('SEQUENCE OF (X.691 §20)', () => {
  it('has its length in front, if it varies', () => {
    expectEncoding(sequenceOf(boolean, 3, 3), [true, false, true], 'a0');
    expectEncoding(sequenceOf(boolean, 1, 4), [true, false, true], 'a8');
    expectEncoding(sequenceOf(number, 1, 256), [1, 2], '01 01 02');
    expectEncoding(sequenceOf(number), [1, 2], '02 01 02');
    expectEncoding(sequenceOf(boolean), [true], '01 80');
    expectEncoding(sequenceOf(number, 0, 3), [], '00');
  });

  it('goes in fragments from 16K elements on', () => {
    const list = new Array<boolean>(16385).fill(true);
    expectEncoding(sequenceOf(boolean), list, `c1${'ff'.repeat(2048)}01 80`);
  });

  it('has an extension bit for an extensible size', () => {
    const type: Asn1Type<readonly number[]> = {
      node: { kind: 'sequenceOf', element: number, size: { min: 1, max: 1, extensible: true } },
    };
    expectEncoding(type, [1], '00 01');
    expectEncoding(type, [1, 2], '80 02 01 02');
  });

  it('refuses sizes that are not allowed', () => {
    expect(perErrorOf(() => encoded(sequenceOf(number, 1, 2), [])).message).toBe('value: 0 elements where 1 to 2 are allowed');
    expect(perErrorOf(() => decoded(sequenceOf(number, 2), '01 01')).message).toContain('1 elements where 2 or more are allowed');
    expect(perErrorOf(() => encoded(sequenceOf(number), {} as never)).message).toContain('a list is needed, not an object');
  });
});

describe('a type that contains itself', () => {
  type Tree = { readonly type: 'leaf'; readonly value: number } | { readonly type: 'branch'; readonly value: readonly Tree[] };
  const tree: Asn1Type<Tree> = choice({ leaf: number, branch: sequenceOf(lazy(() => tree)) }) as Asn1Type<Tree>;

  it('is read and written', () => {
    expectEncoding(
      tree,
      {
        type: 'branch',
        value: [
          { type: 'leaf', value: 1 },
          { type: 'branch', value: [] },
        ],
      },
      '80 02 00 01 80 00',
    );
  });

  it('is not followed without an end', () => {
    const nested = (levels: number): Tree => (levels === 0 ? { type: 'leaf', value: 0 } : { type: 'branch', value: [nested(levels - 1)] });
    expect(decoded(tree, encoded(tree, nested(30)))).toEqual(nested(30));
    expect(perErrorOf(() => encoded(tree, nested(33))).message).toContain('more than 64 levels');
    expect(perErrorOf(() => decoded(tree, '8001'.repeat(40))).message).toContain('more than 64 levels');
    const endless: { type: 'branch'; value: Tree[] } = { type: 'branch', value: [] };
    endless.value.push(endless);
    expect(perErrorOf(() => encoded(tree, endless)).message).toContain('more than 64 levels');
  });
});

describe('errors', () => {
  const type = sequence(
    { list: sequenceOf(choice({ a: sequence({ deep: octetString(4, 4) }) }, {})) },
    { more: sequence({ inner: number }) },
  );

  it('say where they are, by the names of the fields', () => {
    const value = {
      list: [
        { type: 'a', value: { deep: octets('01020304') } },
        { type: 'a', value: { deep: octets('01') } },
      ],
    } as const;
    expect(perErrorOf(() => encoded(type, value)).path).toBe('value.list[1].a.deep');
    expect(perErrorOf(() => encoded(type, { list: [], more: { inner: 256 } })).path).toBe('value.more.inner');
  });

  it('say how far the bytes were understood', () => {
    const error = perErrorOf(() => decoded(type, '00 01 00 0102'));
    expect(error.path).toBe('value.list[0].a.deep');
    expect(error.bit).toBe(24);
    expect(error.reason).toBe('cut short: 32 bits are to follow, 16 are left');
    expect(perErrorOf(() => decoded(type, '80 00 01 00')).path).toBe('value.more.inner');
  });

  it('leave nothing behind for the next value', () => {
    expect(perErrorOf(() => decoded(type, '00 01 00 0102')).bit).toBe(24);
    expectEncoding(type, { list: [], more: { inner: 1 } }, '80 00 01 01 01');
  });

  it('come before anything is allocated for elements that take no bits', () => {
    const units = sequenceOf(sequenceOf(nothing));
    expect(decoded(sequenceOf(nothing), 'c4 c1 00')).toHaveLength(81_920);
    expect(perErrorOf(() => decoded(sequenceOf(nothing), 'c4 c4 c4 00')).message).toContain('more than 100000 list elements');
    expect(perErrorOf(() => decoded(units, `03 ${'c3 00'.repeat(3)}`)).message).toContain('more than 100000 list elements');
  });

  it('come for input that is too long to be a message', () => {
    expect(perErrorOf(() => decoded(boolean, '00'.repeat(262_145))).message).toContain('262145 octets');
    expect(decoded(boolean, '80'.repeat(262_144))).toBe(true);
    expect(perErrorOf(() => encoded(octetString(), new Uint8Array(262_144))).message).toContain('longer than 262144 octets');
  });

  it('come for no bytes at all', () => {
    expect(perErrorOf(() => decoded(boolean, '')).message).toBe('value: cut short: 1 bits are to follow, 0 are left (bit 0)');
  });
});
