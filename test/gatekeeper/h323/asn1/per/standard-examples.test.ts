import { describe, it } from 'vitest';
import {
  type Asn1Type,
  bmpString,
  boolean,
  choice,
  enumerated,
  ia5String,
  integer,
  numericString,
  optional,
  printableString,
  type Size,
  sequence,
  sequenceOf,
  visibleString,
} from '../../../../../src/gatekeeper/h323/asn1/schema.js';
import { expectEncoding } from './encoding.js';

/*
 * The personnel records of X.691 Annex A, in the ALIGNED variant. A SET travels in the order of its tags (name, number, title …); a VisibleString
 * with a permitted alphabet is an IA5String with it, as far as PER goes.
 */

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.';
const digits = '0123456789';
const restricted = (alphabet: string, size: Size): Asn1Type<string> => ({ node: { kind: 'string', type: 'ia5', alphabet, size } });
const inOrder = [...letters].sort().join('');

const john = {
  name: { givenName: 'John', initial: 'P', familyName: 'Smith' },
  number: 51,
  title: 'Director',
  dateOfHire: '19710917',
  nameOfSpouse: { givenName: 'Mary', initial: 'T', familyName: 'Smith' },
} as const;
const ralph = { name: { givenName: 'Ralph', initial: 'T', familyName: 'Smith' }, dateOfBirth: '19571111' };
const susan = { name: { givenName: 'Susan', initial: 'B', familyName: 'Smith' }, dateOfBirth: '19590717' };

describe('X.691 Annex A', () => {
  it('A.1: without subtype constraints', () => {
    const name = sequence({ givenName: visibleString(), initial: visibleString(), familyName: visibleString() });
    const child = sequence({ name, dateOfBirth: visibleString() });
    const record = sequence({
      name,
      number: integer(),
      title: visibleString(),
      dateOfHire: visibleString(),
      nameOfSpouse: name,
      children: optional(sequenceOf(child)),
    });
    expectEncoding(
      record,
      { ...john, children: [ralph, susan] },
      `80 044a6f686e 0150 05536d697468 0133 084469726563746f72 083139373130393137 044d617279 0154 05536d697468 02
       0552616c7068 0154 05536d697468 083139353731313131 05537573616e 0142 05536d697468 083139353930373137`.replace(/\s/g, ''),
    );
  });

  it('A.2: with subtype constraints', () => {
    const nameString = ia5String(1, 64, letters);
    const date = ia5String(8, 8, digits);
    const name = sequence({ givenName: nameString, initial: ia5String(1, 1, letters), familyName: nameString });
    const record = sequence({
      name,
      number: integer(),
      title: visibleString(),
      dateOfHire: date,
      nameOfSpouse: name,
      children: optional(sequenceOf(sequence({ name, dateOfBirth: date }))),
    });
    expectEncoding(
      record,
      { ...john, children: [ralph, susan] },
      `864a6f686e 50 10536d697468 0133 084469726563746f72 19710917 0c4d617279 54 10536d697468 02
       1052616c7068 54 10536d697468 19571111 10537573616e 42 10536d697468 19590717`.replace(/\s/g, ''),
    );
  });

  it('A.3: with extension markers', () => {
    const nameString = restricted(inOrder, { min: 1, max: 64, extensible: true });
    const date = restricted(digits, { min: 8, max: 8, extensible: true });
    const name = sequence({ givenName: nameString, initial: ia5String(1, 1, letters), familyName: nameString }, {});
    const child = sequence({ name, dateOfBirth: date }, { sex: optional(enumerated(['male', 'female', 'unknown'])) });
    const children: Asn1Type<readonly { readonly name: typeof ralph.name; readonly dateOfBirth: string; readonly sex?: 'female' }[]> = {
      node: { kind: 'sequenceOf', element: child, size: { min: 2, max: 2, extensible: true } },
    };
    const record = sequence(
      {
        name,
        number: integer(0, 9999, { extensible: true }),
        title: visibleString(),
        dateOfHire: date,
        nameOfSpouse: name,
        children: optional(children),
      },
      {},
    );
    expectEncoding(
      record,
      { ...john, children: [ralph, { ...susan, sex: 'female' }] },
      `40c04a6f686e 50 08536d697468 000033 084469726563746f72 0019710917 034d617279 54 08536d697468
       010052616c7068 54 08536d697468 0019571111 8200537573616e 42 08536d697468 0019590717 010140`.replace(/\s/g, ''),
    );
  });

  it('A.4: with extension addition groups, each of which travels as a sequence', () => {
    const record = sequence(
      {
        a: integer(250, 253),
        b: boolean,
        c: choice({ d: integer() }, { e: boolean, f: ia5String() }),
        i: optional(bmpString()),
        j: optional(printableString()),
      },
      { group: sequence({ g: numericString(3, 3), h: optional(boolean) }) },
    );
    expectEncoding(record, { a: 253, b: true, c: { type: 'e', value: true }, group: { g: '123', h: true } }, '9e00 0180 01 0291a4');
  });
});
