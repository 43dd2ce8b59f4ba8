import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MeetingDefinition } from '../../../src/bridge/meetings/meeting.js';
import type { MeetingAction, MeetingEvent } from '../../../src/bridge/meetings/meeting-event.js';
import { EMPTY_GRACE_MS, LOBBY_MS, MeetingState } from '../../../src/bridge/meetings/meeting-state.js';

const definition = (changes: Partial<MeetingDefinition> = {}): MeetingDefinition => ({
  id: '4690010001',
  kind: 'permanent',
  title: 'Stand-up',
  organisation: 'norr',
  hostPin: '246813',
  guestPin: '135724',
  lobby: 'outsiders',
  admits: 'everybody',
  maxParticipants: 10,
  maxMinutes: undefined,
  from: undefined,
  until: undefined,
  roomSystems: true,
  ...changes,
});

const videoFormat = { codec: 'H264', packetizationMode: 1, maxBitrate: 2_000_000 } as const;
const open = (changes: Partial<MeetingDefinition> = {}) => new MeetingState(definition(changes), { now: 0, videoFormat });

const host = (participant: string): MeetingEvent => ({
  type: 'arrived',
  participant,
  comer: { kind: 'browser', role: 'host', organisation: undefined, invited: false },
  name: participant,
  address: undefined,
  organisation: undefined,
  keypad: false,
});
const guest = (participant: string): MeetingEvent =>
  ({ ...host(participant), comer: { kind: 'browser', role: 'guest', organisation: undefined, invited: false } }) as MeetingEvent;
const room = (participant: string, keypad = false): MeetingEvent => ({
  type: 'arrived',
  participant,
  comer: { kind: 'room', role: 'guest', organisation: 'norr', invited: false },
  name: participant,
  address: `46101${participant}`,
  organisation: 'Norr',
  keypad,
});

const moves = (actions: readonly MeetingAction[]) =>
  actions.flatMap((action) => (action.do === 'moved' ? [[action.participant, action.where, action.role, action.reason]] : []));

describe('a mute by a host', () => {
  const hostMute = (muted: boolean): MeetingEvent => ({ type: 'hostMute', participant: 'b', source: 'microphone', muted });
  const ownMute = (muted: boolean): MeetingEvent => ({ type: 'ownMute', participant: 'b', source: 'microphone', muted });
  const inMeeting = () => {
    const state = open({ lobby: 'off' });
    state.apply(host('a'), 0);
    state.apply(guest('b'), 0);
    const mutes = (event: MeetingEvent) =>
      state.apply(event, 1).flatMap((action): unknown[] => {
        if (action.do === 'mute') return [action.muted];
        return action.do === 'tell' && action.news.news === 'mutedByHost' ? [action.news.holds ? 'holds' : 'told'] : [];
      });
    const byHost = () => state.view('a').participants.find(({ id }) => id === 'b')?.muted.host;
    return { mutes, byHost };
  };

  it('of one holds until a host takes it back', () => {
    const { mutes, byHost } = inMeeting();
    expect(mutes(hostMute(true))).toEqual([true, 'holds']);
    expect([mutes(ownMute(false)), byHost()]).toEqual([['holds'], true]);
    expect([mutes({ type: 'muteAll' }), mutes(ownMute(false)), byHost()]).toEqual([[], ['holds'], true]);
    expect([mutes(hostMute(false)), byHost()]).toEqual([[false], false]);
    expect([mutes(ownMute(false)), byHost()]).toEqual([[], false]);
  });

  it('of all may be taken back by each, until a host mutes it alone', () => {
    const { mutes, byHost } = inMeeting();
    expect(mutes({ type: 'muteAll' })).toEqual([true, 'told']);
    expect([mutes(ownMute(false)), byHost()]).toEqual([[false], false]);
    mutes({ type: 'muteAll' });
    expect(mutes(hostMute(true))).toEqual(['holds']);
    expect([mutes(ownMute(false)), byHost()]).toEqual([['holds'], true]);
  });
});

describe('a meeting', () => {
  it('keeps nobody in the lobby for ever', () => {
    const state = open();
    state.apply(host('a'), 0);
    state.apply(guest('b'), 1000);
    expect(state.dueAt).toBe(1000 + LOBBY_MS);
    expect(moves(state.apply({ type: 'time' }, 999 + LOBBY_MS))).toEqual([]);
    expect(moves(state.apply({ type: 'time' }, 1000 + LOBBY_MS))).toEqual([['b', 'out', 'guest', 'timeUp']]);
    expect(state.attendance).toMatchObject({ present: 1, waiting: 0 });
  });

  it('says who is where: in, in the lobby, before the PIN', () => {
    const state = open();
    expect(moves(state.apply(host('a'), 0))).toEqual([['a', 'in', 'host', undefined]]);
    expect(moves(state.apply(guest('b'), 0))).toEqual([['b', 'lobby', 'guest', undefined]]);
    expect(moves(state.apply(room('c'), 0))).toEqual([['c', 'in', 'guest', undefined]]);
    expect(moves(state.apply(room('d', true), 0))).toEqual([]);
    expect(state.attendance).toEqual({ locked: false, present: 4, waiting: 2 });
    expect(state.roomAddresses).toEqual(['46101c']);
    expect(state.view('c').participants.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(state.view('a').participants.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('tells those who are in it of who comes, and the hosts alone of who waits', () => {
    const state = open();
    state.apply(host('a'), 0);
    const tells = (actions: readonly MeetingAction[]) => actions.flatMap((action) => (action.do === 'tell' ? [action.to] : []));
    expect(tells(state.apply(guest('b'), 0))).toEqual(['hosts']);
    expect(tells(state.apply({ type: 'left', participant: 'b', reason: 'left' }, 0))).toEqual(['hosts']);
    expect(tells(state.apply(room('c'), 0))).toEqual(['all']);
    expect(tells(state.apply(room('d', true), 0))).toEqual([]);
  });

  it('lets a room system that waits say by keypad that it is the host', () => {
    const state = open({ lobby: 'guests' });
    expect(moves(state.apply(room('c', true), 0))).toEqual([]);
    for (const key of '135724') state.apply({ type: 'key', participant: 'c', key }, 1);
    expect(state.apply({ type: 'key', participant: 'c', key: '#' }, 1)).toEqual([{ do: 'judge', participant: 'c', pin: '135724' }]);
    // Nothing is heard while the PIN is judged, and nothing runs out.
    expect(state.apply({ type: 'key', participant: 'c', key: '1' }, 1)).toEqual([]);
    expect(state.dueAt).toBeUndefined();
    expect(moves(state.apply({ type: 'pinJudged', participant: 'c', role: 'guest' }, 2))).toEqual([['c', 'lobby', 'guest', undefined]]);
    for (const key of '246813') state.apply({ type: 'key', participant: 'c', key }, 3);
    expect(state.apply({ type: 'key', participant: 'c', key: '#' }, 3)).toEqual([{ do: 'judge', participant: 'c', pin: '246813' }]);
    expect(moves(state.apply({ type: 'pinJudged', participant: 'c', role: 'host' }, 4))).toEqual([['c', 'in', 'host', undefined]]);
  });

  it('sends away who had the right PIN when the meeting was locked meanwhile', () => {
    const state = open();
    state.apply(host('a'), 0);
    state.apply(room('c', true), 0);
    state.apply({ type: 'locked', locked: true }, 0);
    expect(moves(state.apply({ type: 'pinJudged', participant: 'c', role: 'guest' }, 0))).toEqual([['c', 'out', 'guest', 'refused']]);
  });

  it('ends by the clock: empty for half a minute, so many minutes, its last moment', () => {
    const cases = [
      { changes: {}, due: EMPTY_GRACE_MS, arrive: false, reason: undefined },
      { changes: { maxMinutes: 2 }, due: 120_000, arrive: true, reason: 'timeUp' },
      { changes: { until: 90_000 }, due: 90_000, arrive: true, reason: 'timeUp' },
      { changes: { maxMinutes: 2, until: 90_000 }, due: 90_000, arrive: true, reason: 'timeUp' },
    ] as const;
    for (const { changes, due, arrive, reason } of cases) {
      const state = open(changes);
      if (arrive) state.apply(host('a'), 0);
      expect(state.dueAt).toBe(due);
      expect(state.apply({ type: 'time' }, due - 1)).toEqual([]);
      const actions = state.apply({ type: 'time' }, due);
      expect(actions.at(-1)).toEqual({ do: 'over' });
      expect(moves(actions)).toEqual(arrive ? [['a', 'out', 'host', reason]] : []);
      expect([state.over, state.dueAt]).toEqual([true, undefined]);
    }
  });

  it('begins again to count an empty time when somebody was there', () => {
    const state = open();
    state.apply(host('a'), 20_000);
    expect(state.apply({ type: 'time' }, 30_000)).toEqual([]);
    state.apply({ type: 'left', participant: 'a', reason: 'left' }, 40_000);
    expect(state.dueAt).toBe(70_000);
  });

  it('mutes everybody but the hosts, and tells each once', () => {
    const state = open({ lobby: 'off' });
    for (const event of [host('a'), guest('b'), room('c')]) state.apply(event, 0);
    const mutes = (actions: readonly MeetingAction[]) =>
      actions.flatMap((action) => (action.do === 'mute' ? [[action.participant, action.muted]] : []));
    expect(mutes(state.apply({ type: 'muteAll' }, 0))).toEqual([
      ['b', true],
      ['c', true],
    ]);
    expect(state.apply({ type: 'muteAll' }, 0)).toEqual([]);
    expect(mutes(state.apply({ type: 'ownMute', participant: 'b', source: 'microphone', muted: false }, 0))).toEqual([['b', false]]);
    expect(mutes(state.apply({ type: 'hostMute', participant: 'c', source: 'microphone', muted: false }, 0))).toEqual([['c', false]]);
    expect(state.view(undefined).participants.map(({ muted }) => muted.host)).toEqual([false, false, false]);
  });

  it('forgets the streams of who goes, and who speaks', () => {
    const state = open();
    state.apply(host('a'), 0);
    state.apply({ type: 'streamOpened', stream: { id: 'a/camera', participant: 'a', source: 'camera', kind: 'video', codec: 'H264' } }, 0);
    state.apply({ type: 'speaking', participants: ['a', 'nobody'] }, 0);
    state.apply({ type: 'speaker', participant: 'a' }, 0);
    expect(state.view(undefined)).toMatchObject({ speaker: 'a', speaking: ['a'], participants: [{ streams: [{ id: 'a/camera' }] }] });
    state.apply({ type: 'left', participant: 'a', reason: 'left' }, 0);
    expect(state.view(undefined)).toMatchObject({ speaker: undefined, speaking: [], participants: [] });
  });

  it('keeps its rules whatever comes in whatever order', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const source = fc.constantFrom('microphone', 'camera', 'slides' as const);
    const event: fc.Arbitrary<MeetingEvent> = fc.oneof(
      id.map(host),
      id.map(guest),
      fc.tuple(id, fc.boolean()).map(([participant, keypad]) => room(participant, keypad)),
      fc.record({ type: fc.constant('key' as const), participant: id, key: fc.constantFrom('1', '2', '#', '*', 'A', '') }),
      fc.record({
        type: fc.constant('pinJudged' as const),
        participant: id,
        role: fc.constantFrom('host' as const, 'guest' as const, undefined),
      }),
      fc.record({ type: fc.constant('left' as const), participant: id, reason: fc.constantFrom('left' as const, 'lost' as const) }),
      fc.record({ type: fc.constantFrom('admitted' as const, 'refused' as const, 'expelled' as const), participant: id }),
      fc.record({ type: fc.constantFrom('hostMute' as const, 'ownMute' as const), participant: id, source, muted: fc.boolean() }),
      fc.record({ type: fc.constant('locked' as const), locked: fc.boolean() }),
      fc.record({ type: fc.constant('mediaLost' as const), participants: fc.array(id) }),
      fc.constant({ type: 'muteAll' as const }),
      fc.constant({ type: 'time' as const }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(event, fc.nat(15_000)), { maxLength: 60 }), (steps) => {
        const state = open({ maxMinutes: 5 });
        const where = new Map<string, string>();
        let now = 0;
        for (const [event, later] of steps) {
          now += later;
          // The service gives every arrival an id of its own.
          if (event.type === 'arrived' && state.has(event.participant)) continue;
          if (event.type === 'arrived' && !state.over) where.set(event.participant, 'pin');
          for (const action of state.apply(event, now)) {
            if (action.do === 'moved') {
              // Nobody is told anything after he is out, and each goes once.
              expect(where.has(action.participant)).toBe(true);
              if (action.where === 'out') where.delete(action.participant);
              else where.set(action.participant, action.where);
            }
            if (action.do === 'mute' || action.do === 'judge') expect(where.has(action.participant)).toBe(true);
            if (action.do === 'over') expect(where.size).toBe(0);
          }
          const { present, waiting } = state.attendance;
          expect(present).toBe(where.size);
          expect(waiting).toBe([...where.values()].filter((at) => at !== 'in').length);
          // What falls due lies ahead, or is due now: no timer is asked for in vain.
          for (const action of state.apply({ type: 'time' }, now)) {
            if (action.do === 'moved' && action.where === 'out') where.delete(action.participant);
          }
          if (state.dueAt !== undefined) expect(state.dueAt).toBeGreaterThan(now);
          else expect(state.over || present > 0).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });
});
