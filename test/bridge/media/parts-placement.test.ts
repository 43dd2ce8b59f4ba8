import { describe, expect, it } from 'vitest';
import type { PartApi } from '../../../src/bridge/media/part-api.js';
import type { PartHandle, PartPlace } from '../../../src/bridge/media/part-place.js';
import { placesFor } from '../../../src/bridge/media/parts-placement.js';

const never = () => Promise.reject(new Error('placement makes nothing'));
const place = (load: number, node = 'here'): PartPlace => ({ node, load, createPart: never });
const part = (on: PartPlace, load = on.load): PartHandle => ({
  id: `part on ${on.node}`,
  node: on.node,
  place: on,
  api: {} as PartApi,
  load,
  carry: () => undefined,
  close: () => Promise.resolve(),
});

describe('the place of a new leg', () => {
  const limits = { maxLegsPerPart: 10, maxLegsPerNode: 20, ready: () => Promise.resolve() };

  it('is at the least loaded part of the meeting that has room', () => {
    const [full, some, few] = [place(10), place(8), place(3)];
    const [home, second, third] = [part(full), part(some), part(few)];
    const around = { threads: [full, some, few], neighbours: [], ...limits, maxLegsPerNode: 30 };
    expect(placesFor([home, second, third], 2, around).slice(0, 2)).toEqual([{ part: third }, { part: second }]);
    expect(placesFor([home, second, third], 3, around)[1]).toEqual({ part: third }); // the second has no room for that
  });

  it('is on another worker when the meeting has no room, the least loaded first', () => {
    const [full, free, freer] = [place(10), place(4), place(2)];
    const home = part(full);
    const around = { threads: [full, free, freer], neighbours: [], ...limits };
    expect(placesFor([home], 1, around)).toEqual([{ place: freer }, { place: free }, { part: home }]);
  });

  it('is on another node when this one has no room', () => {
    const [full, half] = [place(10), place(9)];
    const far = place(5, 'b');
    const home = part(full);
    const around = { threads: [full, half], neighbours: [far], ...limits };
    expect(placesFor([home], 2, around)).toEqual([{ place: far }, { part: home }]);
    // Although its worker has room: the node has not.
    expect(placesFor([part(half)], 1, { ...around, maxLegsPerNode: 15 })[0]).toEqual({ place: far });
  });

  it('is looked for on no more than two other nodes: one that cannot be reached holds up who joins', () => {
    const full = place(10);
    const home = part(full);
    const [b, c, d] = [place(1, 'b'), place(2, 'c'), place(3, 'd')];
    expect(placesFor([home], 1, { threads: [full], neighbours: [b, c, d], ...limits })).toEqual([
      { place: b },
      { place: c },
      { part: home },
    ]);
  });

  it('is at a part on another node as long as that has room', () => {
    const full = place(20);
    const far = place(5, 'b');
    const [home, borrowed] = [part(full), part(far, 6)];
    const around = { threads: [full], neighbours: [far], ...limits };
    expect(placesFor([home, borrowed], 2, around)[0]).toEqual({ part: borrowed });
    expect(placesFor([home, part(far, 9)], 2, around)[0]).toEqual({ place: far });
  });

  it('is at the least loaded part when there is room nowhere: somebody has let them in', () => {
    const [full, fuller] = [place(15), place(17)];
    const [home, second] = [part(fuller), part(full)];
    expect(placesFor([home, second], 1, { threads: [full, fuller], neighbours: [], ...limits })).toEqual([
      { part: second },
      { part: home },
    ]);
  });
});
