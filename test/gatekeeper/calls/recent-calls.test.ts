import { expect, it } from 'vitest';
import { RecentCalls } from '../../../src/gatekeeper/calls/recent-calls.js';
import { openCall, recordOf } from '../../support/calls.js';

it('keeps the last records only, newest first', () => {
  const recent = new RecentCalls(3);
  expect(recent.last(10)).toEqual([]);
  const ids = (limit: number) => recent.last(limit).map(({ id }) => id);
  recent.ended(recordOf(openCall('c1')));
  recent.ended(recordOf(openCall('c2')));
  expect(ids(10)).toEqual(['c2', 'c1']);
  for (const id of ['c3', 'c4', 'c5']) recent.ended(recordOf(openCall(id)));
  expect(ids(10)).toEqual(['c5', 'c4', 'c3']);
  expect(ids(2)).toEqual(['c5', 'c4']);
});
