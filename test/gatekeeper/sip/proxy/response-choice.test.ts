import { describe, expect, it } from 'vitest';
import { callsForNextRoute, compareFinals } from '../../../../src/gatekeeper/sip/proxy/response-choice.js';

const best = (...statuses: number[]) => [...statuses].sort(compareFinals)[0];

describe('the response a forking proxy passes on (RFC 3261 §16.7 step 6)', () => {
  it.each([
    [[486, 603, 200 + 100], 603],
    [[404, 301], 301],
    [[503, 486], 486],
    [[408, 404], 404],
    [[404, 484], 484],
    [[500, 503], 500],
    [[480, 407], 407],
    [[487, 486], 486],
    [[430, 480], 480],
  ])('of %j it is %i', (statuses, wanted) => {
    expect(best(...statuses)).toBe(wanted);
  });

  it('is the same in whichever order they came', () => {
    const all = [300, 302, 400, 401, 404, 408, 415, 486, 487, 500, 503, 600, 603];
    for (const a of all) for (const b of all) expect(best(a, b)).toBe(best(b, a));
  });

  it('goes on to the next route only when the way failed, not the one who was called', () => {
    expect([408, 430, 500, 503, 504].every(callsForNextRoute)).toBe(true);
    expect([302, 403, 404, 480, 486, 487, 488, 600, 603].some(callsForNextRoute)).toBe(false);
  });
});
