import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AliasIndex, numberCode } from '../../../src/gatekeeper/registry/alias-index.js';
import { StoredRegistration } from '../../../src/gatekeeper/registry/stored-registration.js';

function registration(alias: string): StoredRegistration {
  return new StoredRegistration(alias, 'region-norr', 'norr', 'sip', []);
}

it('tells numbers apart that differ in zeros in front, and knows what is none', () => {
  const numbers = ['0', '00', '1', '01', '10', '999999999999999', '000000000000000', '099999999999999'];
  expect(new Set(numbers.map(numberCode)).size).toBe(numbers.length);
  for (const code of numbers.map(numberCode)) expect(Number.isSafeInteger(code)).toBe(true);
  for (const name of ['', 'anna', '4610a', '1000000000000000', '+46', '１２']) expect(numberCode(name)).toBe(0);
});

it('is a map, whatever is put in, replaced and taken out', () => {
  const alias = fc.oneof(
    fc.nat({ max: 40 }).map((n) => `46101${n}`),
    fc.stringMatching(/^[0-9]{1,15}$/),
    fc.constantFrom('anna@norr.example', 'room 3', '1000000000000000'),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(alias, fc.boolean()), { maxLength: 200 }), (operations) => {
      const index = new AliasIndex();
      const model = new Map<string, StoredRegistration>();
      for (const [key, put] of operations) {
        const value = registration(key);
        if (put) index.set(value);
        else index.delete(key);
        if (put) model.set(key, value);
        else model.delete(key);
        expect(index.size).toBe(model.size);
      }
      for (const [key] of operations) expect(index.get(key)).toBe(model.get(key));
      expect(new Set(index.values())).toEqual(new Set(model.values()));
    }),
  );
});

it('finds every one of a whole series while it grows and shrinks', () => {
  const index = new AliasIndex();
  const aliases = Array.from({ length: 20_000 }, (_, n) => String(461_010_000 + n));
  for (const alias of aliases) index.set(registration(alias));
  for (const alias of aliases) if (alias.endsWith('7')) index.delete(alias);
  const wrong = aliases.filter((alias) => index.get(alias)?.alias !== (alias.endsWith('7') ? undefined : alias));
  expect(wrong).toEqual([]);
  expect(index.size).toBe(18_000);
  expect([...index.values()]).toHaveLength(18_000);
  for (const alias of aliases) index.delete(alias);
  expect(index.size).toBe(0);
  expect([...index.values()]).toEqual([]);
});
