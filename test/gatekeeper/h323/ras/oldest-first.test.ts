import fc from 'fast-check';
import { expect, it } from 'vitest';
import { OldestFirst } from '../../../../src/gatekeeper/h323/ras/oldest-first.js';

it('gives the oldest key that is left, whatever was put in and taken out before', () => {
  const step = fc.oneof(
    fc.record({ put: fc.nat(20) }),
    fc.record({ take: fc.nat(20) }),
    fc.constant('next' as const),
    fc.constant('clear' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const map = new Map<number, null>();
      const oldest = new OldestFirst(map);
      for (const what of steps) {
        if (what === 'clear') map.clear();
        else if (what === 'next') {
          const key = oldest.next();
          expect(key).toBe([...map.keys()][0]);
          if (key !== undefined) map.delete(key);
        } else if ('take' in what) map.delete(what.take);
        else {
          map.delete(what.put);
          map.set(what.put, null);
        }
      }
    }),
  );
});

it('costs the same in a full map as in an empty one', () => {
  const map = new Map<number, null>();
  const oldest = new OldestFirst(map);
  const began = performance.now();
  for (let key = 0; key < 400_000; key++) {
    if (map.size >= 20_000) map.delete(oldest.next() ?? -1);
    map.set(key, null);
  }
  // With an iterator for each it is seconds.
  expect(performance.now() - began).toBeLessThan(1500);
  expect([...map.keys()][0]).toBe(380_000);
});
