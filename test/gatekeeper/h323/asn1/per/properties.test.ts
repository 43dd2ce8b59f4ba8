import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codec, PerError } from '../../../../../src/gatekeeper/h323/asn1/per/codec.js';
import { arbitraryOf, plain } from '../../../../support/asn1-arbitrary.js';
import { olderVersion, schemas } from './arbitrary-schema.js';

const schemaAndValue = schemas.chain((type) => arbitraryOf(type).map((value) => ({ type, value })));

describe('whatever the schema', { timeout: 60_000 }, () => {
  it('reads from an encoding the value that was written, and writes the same again', () => {
    fc.assert(
      fc.property(schemaAndValue, ({ type, value }) => {
        const { encode, decode } = codec(type);
        const bytes = encode(value);
        const again = decode(bytes);
        expect(plain(again)).toEqual(plain(value));
        expect(encode(again).equals(bytes)).toBe(true);
      }),
      { numRuns: 800 },
    );
  });

  it('loses nothing when an older version of the schema passes a value on', () => {
    const versions = fc.record({ both: schemaAndValue, kept: fc.infiniteStream(fc.nat({ max: 5 })) });
    fc.assert(
      fc.property(versions, ({ both: { type, value }, kept }) => {
        const newer = codec(type);
        const older = codec(olderVersion(type, (additions) => Math.min(additions, kept.next().value ?? 0)));
        const bytes = newer.encode(value);
        expect(older.encode(older.decode(bytes)).equals(bytes)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  it('takes or refuses any bytes, and can write again what it read', () => {
    fc.assert(
      fc.property(schemas, fc.array(fc.uint8Array({ maxLength: 60 }), { minLength: 1, maxLength: 10 }), (type, inputs) => {
        const { encode, decode } = codec(type);
        for (const input of inputs) {
          const value = attempt(() => decode(input));
          if (value === refused) continue;
          const bytes = encode(value);
          expect(plain(decode(bytes))).toEqual(plain(value));
        }
      }),
      { numRuns: 600 },
    );
  });

  it('takes or refuses every truncation of an encoding', () => {
    fc.assert(
      fc.property(schemaAndValue, ({ type, value }) => {
        const { encode, decode } = codec(type);
        const bytes = encode(value);
        for (let length = 0; length < Math.min(bytes.length, 300); length++) attempt(() => decode(bytes.subarray(0, length)));
      }),
      { numRuns: 150 },
    );
  });

  it('ignores what follows a value', () => {
    fc.assert(
      fc.property(schemaAndValue, fc.uint8Array({ maxLength: 5 }), ({ type, value }, more) => {
        const { encode, decode } = codec(type);
        const bytes = encode(value);
        expect(plain(decode(Buffer.concat([bytes, more])))).toEqual(plain(decode(bytes)));
      }),
      { numRuns: 150 },
    );
  });
});

const refused = Symbol('refused');

function attempt(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (error instanceof PerError) return refused;
    throw error;
  }
}
