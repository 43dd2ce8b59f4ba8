import { describe, expect, it } from 'vitest';
import type { Dialer } from '../../../src/bridge/meetings/dialer.js';
import { systemClock } from '../../../src/clock.js';
import { open } from '../../state/instances.js';
import { until } from '../../support/until.js';
import { browser, openWorld, room, seated, standUp, type World } from './world.js';

interface Node extends World {
  readonly heart: { stopped: boolean };
  /** Numbers that it called, and to which meeting. */
  readonly called: string[];
}

/** Two meeting services that share a real Redis. */
async function node(name: string, load = 0): Promise<Node> {
  const { store, heart } = await open(name, { meetingLifeMs: 600 });
  store.members.announce({
    sip: [],
    flows: [],
    ras: [],
    gatekeeperId: undefined,
    bridge: { url: `wss://${name}.example`, web: `https://${name}.example`, load: 0 },
  });
  const called: string[] = [];
  const dialer: Dialer = {
    invite: async (meeting, address) => {
      called.push(`${meeting} ${address}`);
      // What the SIP side does when the room system has answered.
      const joined = await world.service.join(meeting, room({ alias: address, invited: true }));
      return joined.ok ? undefined : joined.refusal;
    },
  };
  const world: World = openWorld([{ ...standUp, hostPin: '246813' }], {
    clock: systemClock,
    store,
    dialer: () => dialer,
    load: () => load,
  });
  return Object.assign(world, { heart, called });
}

describe('two nodes', () => {
  it('hold a meeting at one of them: who comes to the other is sent there', async () => {
    const [a, b] = [await node('a'), await node('b')];
    seated(await a.service.join('4690010001', browser()));
    await until(
      () => a.store.members.others().length === 1 && b.store.members.others()[0]?.bridge !== undefined,
      () => 'both to know each other',
    );
    expect(await b.service.join('4690010001', browser())).toEqual({
      ok: false,
      refusal: 'meetingElsewhere',
      elsewhere: { member: a.store.members.self, url: 'https://a.example' },
    });
    expect(await b.service.place('4690010001')).toEqual({ at: 'there', member: a.store.members.self, organisation: 'norr' });
    expect(await a.service.place('4690010001')).toEqual({ at: 'here', organisation: 'norr' });
    expect(await b.service.place('4690099999')).toEqual({ refusal: 'meetingUnknown' });
    expect(b.engine.opened).toHaveLength(0);
  });

  it('keep a meeting that a room system was sent to begin, whatever the others carry by then', async () => {
    const [a, b] = [await node('a', 60), await node('b', 0)];
    await until(
      () => a.store.members.others()[0]?.bridge !== undefined,
      () => 'b to be known',
    );
    expect(await a.service.place('4690010001')).toMatchObject({ at: 'there', member: b.store.members.self });
    expect(await a.service.join('4690010001', browser())).toMatchObject({ refusal: 'meetingElsewhere' });
    expect((await a.service.join('4690010001', room())).ok).toBe(true);
  });

  it('never have one meeting both, however many come to both at once', async () => {
    const [a, b] = [await node('a'), await node('b')];
    const joins = await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2 ? a : b).service.join('4690010001', browser())));
    const counts = [a, b].map(({ service }) => [...service.held()].length);
    expect(counts.sort()).toEqual([0, 1]);
    expect(joins.filter(({ ok }) => ok)).toHaveLength(10);
  });

  it('call the room systems of a node that died into a new place of the same meeting, which is as it was; pages come by themselves', async () => {
    const [a, b] = [await node('a'), await node('b')];
    const host = seated(await a.service.join('4690010001', browser({ pin: '246813' })));
    seated(await a.service.join('4690010001', room()));
    seated(await a.service.join('4690010001', room({ alias: 'rum@syd.example', organisation: 'syd' })));
    host.seat.host?.lock(true);
    await until(
      async () => (await b.store.meetings.notes('4690010001'))?.includes('"locked":true'),
      () => 'the note of the meeting',
    );
    a.heart.stopped = true;
    const died = performance.now();
    await until(
      () => b.called.length === 2,
      () => 'both room systems to be called',
    );
    expect(performance.now() - died).toBeLessThan(5000);
    expect(b.called.sort()).toEqual(['4690010001 461010001', '4690010001 rum@syd.example']);
    await until(
      () => b.service.heldHere('4690010001')?.attendance.present === 2,
      () => 'both to be in',
    );
    expect(await b.service.join('4690010001', browser())).toMatchObject({ refusal: 'meetingLocked' });
    expect((await b.service.join('4690010001', browser({ pin: '246813' }))).ok).toBe(true);
  });

  it('keep what is known of a meeting that the first to take it cannot open', async () => {
    const [a, b] = [await node('a'), await node('b')];
    for (const alias of ['461010001', '461010002']) seated(await a.service.join('4690010001', room({ alias })));
    await until(
      async () => (await b.store.meetings.notes('4690010001'))?.includes('461010002'),
      () => 'the note of the meeting',
    );
    b.engine.broken = true;
    a.heart.stopped = true;
    await until(
      () => b.told.some(([what, , text]) => what === 'problem' && text === "A lost node's meeting could not be opened"),
      () => 'the meeting not to be opened',
    );
    b.engine.broken = false;
    await until(
      async () => (await b.service.join('4690010001', browser())).ok,
      () => 'a page to be let in',
    );
    await until(
      () => b.service.heldHere('4690010001')?.attendance.present === 3,
      () => 'both room systems to be in',
    );
    expect(b.called.sort()).toEqual(['4690010001 461010001', '4690010001 461010002']);
  });

  it('let a page in at once where it finds that the other is dead', async () => {
    const [a, b] = [await node('a'), await node('b')];
    seated(await a.service.join('4690010001', browser()));
    a.heart.stopped = true;
    await until(
      async () => (await b.service.join('4690010001', browser())).ok,
      () => 'the page to be let in',
    );
    expect(b.engine.opened).toHaveLength(1);
  });
});
