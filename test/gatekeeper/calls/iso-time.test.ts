import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from '../../../src/gatekeeper/calls/iso-time.js';

describe('isoTime', () => {
  it('writes every time as Date does, whatever came before', () => {
    fc.assert(
      fc.property(fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }), (time) => {
        expect(isoTime(time)).toBe(new Date(time).toISOString());
      }),
    );
  });

  it.each([0, -1, 86_399_999, 86_400_000, Date.UTC(2028, 1, 29, 23, 59, 59, 999)])('%d', (time) => {
    expect(isoTime(time)).toBe(new Date(time).toISOString());
  });

  it('leaves out what is less than a millisecond', () => {
    expect(isoTime(1.9)).toBe('1970-01-01T00:00:00.001Z');
  });
});
