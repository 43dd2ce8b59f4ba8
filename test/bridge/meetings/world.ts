import { onTestFinished } from 'vitest';
import type { Arrival, JoinResult, LeaveReason, MeetingNews, Seat, Whereabouts } from '../../../src/bridge/meetings/meeting.js';
import type { MeetingObserver } from '../../../src/bridge/meetings/meeting-observer.js';
import { MeetingService, type MeetingServiceOptions } from '../../../src/bridge/meetings/meetings.js';
import { type Clock, VirtualClock } from '../../../src/clock.js';
import type { CallRecord } from '../../../src/gatekeeper/calls/call.js';
import { CallLedger } from '../../../src/gatekeeper/calls/calls.js';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';
import type { Plan } from '../../../src/gatekeeper/plan/plan.js';
import { MemoryStore } from '../../../src/state/memory.js';
import type { StateStore } from '../../../src/state/store.js';
import { planText, testPlan } from '../../support/plan.js';
import { StandInEngine } from './stand-in-engine.js';

/** 2026-11-22T08:00:00Z */
export const start = 1_795_334_400_000;

export interface PermanentMeetingText {
  readonly id: string;
  readonly title: string;
  readonly organisation: string;
  readonly [key: string]: string | number | boolean;
}

export const standUp: PermanentMeetingText = { id: '10001', title: 'Stand-up', organisation: 'norr', lobby: 'off', admits: 'everybody' };

export function planWith(meetings: readonly PermanentMeetingText[], ports = 100): Plan {
  const text = planText(
    testPlan((plan) => {
      Object.assign(plan.meetings, { permanent: meetings });
      Object.assign(plan.organisations.norr.licences, { meetingPorts: ports });
    }),
  );
  const { plan, findings } = buildPlan({ file: 'plan.yaml', text });
  if (!plan) throw new Error(JSON.stringify(findings, undefined, 1));
  return plan;
}

export interface World {
  readonly service: MeetingService;
  readonly engine: StandInEngine;
  readonly store: StateStore;
  readonly records: CallRecord[];
  readonly told: [string, ...unknown[]][];
  readonly clock: Clock;
  plan: Plan;
}

/** A meeting service with a real store, plan and call ledger, and media that carry nothing. */
export function openWorld(
  meetings: readonly PermanentMeetingText[],
  options: {
    readonly clock?: Clock;
    readonly ports?: number;
    readonly store?: StateStore;
    readonly dialer?: MeetingServiceOptions['dialer'];
    readonly load?: () => number;
  } = {},
): World {
  const clock = options.clock ?? new VirtualClock(start);
  const store = options.store ?? new MemoryStore({ clock });
  const engine = new StandInEngine();
  const records: CallRecord[] = [];
  const told: [string, ...unknown[]][] = [];
  const tell =
    (what: string) =>
    (...rest: unknown[]) => {
      told.push([what, ...rest]);
    };
  const observer: MeetingObserver = {
    began: ({ id }) => tell('began')(id),
    ended: ({ id }) => tell('ended')(id),
    joined: (_meeting, kind, _participant, organisation) => tell('joined')(kind, organisation),
    left: (_meeting, kind, _participant, reason) => tell('left')(kind, reason),
    refused: tell('refused'),
    quality: tell('quality'),
    mediaLost: ({ id }, legs) => tell('mediaLost')(id, legs),
    problem: tell('problem'),
  };
  const world = { plan: planWith(meetings, options.ports) };
  const plan = () => world.plan;
  const sink = {
    begun: () => undefined,
    answered: () => undefined,
    ended: (record: CallRecord) => {
      records.push(record);
    },
    recordedElsewhere: () => undefined,
  };
  const calls = new CallLedger({ store, plan, records: sink, clock, instance: 'test-1' });
  const service = new MeetingService({
    store,
    plan,
    engine,
    calls,
    clock,
    observer,
    ...(options.dialer ? { dialer: options.dialer } : {}),
    ...(options.load ? { load: options.load } : {}),
  });
  onTestFinished(async () => {
    await service.close();
    await store.close();
  });
  return Object.assign(world, { service, engine, store, records, told, clock });
}

export const browser = (changes: Partial<Extract<Arrival, { kind: 'browser' }>> = {}): Arrival => ({
  kind: 'browser',
  name: 'Britta',
  key: undefined,
  pin: undefined,
  source: '192.0.2.1',
  ...changes,
});

export const room = (changes: Partial<Extract<Arrival, { kind: 'room' }>> = {}): Arrival => ({
  kind: 'room',
  protocol: 'sip',
  callId: 'c1',
  name: 'Room 1',
  alias: '461010001',
  organisation: 'norr',
  zone: 'norr',
  invited: false,
  ...changes,
});

/** A seat, and everything that it is told. */
export interface Watched {
  readonly seat: Seat;
  readonly moves: [Whereabouts, LeaveReason | undefined][];
  readonly news: MeetingNews[];
}

export function seated(result: JoinResult): Watched {
  if (!result.ok) throw new Error(`Refused: ${result.refusal}`);
  const { seat } = result;
  const moves: Watched['moves'] = [];
  const news: MeetingNews[] = [];
  seat.onChange((where, reason) => moves.push([where, reason]));
  seat.onNews((one) => news.push(one));
  return { seat, moves, news };
}
