import { expect, test } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import { DiskPatience } from '../../../src/gatekeeper/calls/disk-patience.js';

function slow(): boolean {
  const until = performance.now() + 3;
  while (performance.now() < until);
  return true;
}

test('a disk that kept us waiting is left alone for 10 s, also when the clock is set back meanwhile', () => {
  const clock = new VirtualClock(1_000_000);
  let stalls = 0;
  const patience = new DiskPatience({ limitMs: 1, clock, onStall: () => stalls++ });
  expect(patience.try(slow)).toBe(true);
  expect([stalls, patience.try(() => true)]).toEqual([1, false]);
  clock.advance(9999);
  expect(patience.try(() => true)).toBe(false);
  clock.advance(1);
  expect(patience.try(slow)).toBe(true);
  expect(patience.try(() => true)).toBe(false);
  clock.now = () => 1000;
  expect(patience.try(() => true)).toBe(true);
});
