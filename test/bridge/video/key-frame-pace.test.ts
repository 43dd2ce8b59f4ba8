import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyFramePace } from '../../../src/bridge/video/key-frame-pace.js';

describe('the pace of key frame requests', () => {
  it('lets the first through at once and gathers the others to the end of the gap', () => {
    const pace = new KeyFramePace(500);
    expect(pace.want(0)).toBe(true);
    expect([100, 200, 499].map((at) => pace.want(at))).toEqual([false, false, false]);
    expect(pace.due(499)).toBe(false);
    expect(pace.due(500)).toBe(true);
    expect(pace.due(2_000)).toBe(false);
  });

  it('asks no more when a key frame has come after the wish', () => {
    const pace = new KeyFramePace(500);
    pace.want(0);
    pace.want(100);
    pace.came();
    expect(pace.due(600)).toBe(false);
  });

  it('never asks twice within the gap, and answers every wish within it', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000), { maxLength: 60 }), (times) => {
        const pace = new KeyFramePace(500);
        const asked: number[] = [];
        const wished = [...times].sort((a, b) => a - b);
        for (let now = 0; now <= 3_000; now += 1) {
          for (const at of wished) if (at === now && pace.want(now)) asked.push(now);
          if (pace.due(now)) asked.push(now);
        }
        asked.reduce((before, at) => {
          expect(at - before).toBeGreaterThanOrEqual(500);
          return at;
        }, -1_000);
        for (const at of wished) expect(asked.some((one) => one >= at && one <= at + 500)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
