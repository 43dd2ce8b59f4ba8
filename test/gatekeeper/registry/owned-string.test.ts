import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keepOrOwn, ownedString } from '../../../src/gatekeeper/registry/owned-string.js';

it('copies any text as it is, also what latin1 cannot hold', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => ownedString(text) === text));
  expect(ownedString('Vårdrum 3 · Ω')).toBe('Vårdrum 3 · Ω');
  expect(ownedString('\ud800')).toBe('\ud800');
});

it('keeps what says the same already', () => {
  expect(keepOrOwn('same', undefined, 'same')).toBe('same');
  expect(keepOrOwn('old', 'new', 'new')).toBe('new');
  expect(keepOrOwn(undefined, 'old', 'new')).toBe('new');
});
