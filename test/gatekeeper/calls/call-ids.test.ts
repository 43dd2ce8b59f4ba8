import { expect, it } from 'vitest';
import { callIds } from '../../../src/gatekeeper/calls/call-ids.js';

const NOW = Date.parse('2026-11-22T08:00:00Z');

it('makes 20 characters of base 36 that are unique and sort in the order they were made', () => {
  const next = callIds();
  const ids = Array.from({ length: 120_000 }, (_, i) => next(NOW + Math.floor(i / 50_000)));
  expect(ids.every((id) => /^[0-9a-z]{20}$/.test(id))).toBe(true);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
});

it('goes on rising when the clock is set back', () => {
  const next = callIds();
  const before = next(NOW);
  expect(next(NOW - 3_600_000) > before).toBe(true);
});

it('keeps two instances apart that make ids in the same millisecond', () => {
  const [one, other] = [callIds(), callIds()];
  const ids = new Set(Array.from({ length: 1000 }, () => [one(NOW), other(NOW)]).flat());
  expect(ids.size).toBe(2000);
});
