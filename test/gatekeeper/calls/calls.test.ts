import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import type { Call, CallRecord, Party } from '../../../src/gatekeeper/calls/call.js';
import { CallLedger } from '../../../src/gatekeeper/calls/calls.js';
import type { OpenCall, RecordSink } from '../../../src/gatekeeper/calls/record-sink.js';
import type { Licences, Organisation, Plan } from '../../../src/gatekeeper/plan/plan.js';
import { MemoryStore } from '../../../src/state/memory.js';
import { anna, attempt, bertil, cecilia } from '../../support/calls.js';

const START = Date.parse('2026-11-22T08:00:00Z');

class Sink implements RecordSink {
  readonly begunCalls: OpenCall[] = [];
  readonly answeredIds: string[] = [];
  readonly records: CallRecord[] = [];
  readonly elsewhere: string[] = [];
  begun(call: OpenCall): void {
    this.begunCalls.push(call);
  }
  answered(id: string): void {
    this.answeredIds.push(id);
  }
  ended(record: CallRecord): void {
    this.records.push(record);
  }
  recordedElsewhere(id: string): void {
    this.elsewhere.push(id);
  }
}

/** As much of a plan as admission looks at. */
function planWith(total: number, calls: Readonly<Record<string, number>>): Plan {
  const organisations = new Map<string, Organisation>();
  const licences = (count: number): Licences => ({ registrations: 0, calls: count });
  for (const [id, count] of Object.entries(calls)) organisations.set(id, { id, licences: licences(count) } as Organisation);
  return { organisations, licences: licences(total) } as unknown as Plan;
}

function ledgerWith(plan: Plan) {
  const clock = new VirtualClock(START);
  const store = new MemoryStore({ clock });
  const records = new Sink();
  const seen: string[] = [];
  const state = { plan };
  const ledger = new CallLedger({
    store,
    plan: () => state.plan,
    records,
    clock,
    instance: 'test-1',
    observers: [
      {
        began: (call) => seen.push(`began ${call.id}`),
        answered: (call, setupMs) => seen.push(`answered ${call.id} ${setupMs}`),
        ended: (record) => seen.push(`ended ${record.id} ${record.reason}`),
      },
    ],
  });
  return { ledger, clock, store, records, seen, state };
}

const plenty = planWith(100, { 'region-norr': 10, 'region-syd': 10, 'kommun-vik': 10 });

describe('CallLedger', () => {
  it('follows a call from its first request to its record', async () => {
    const { ledger, clock, store, records, seen } = ledgerWith(plenty);
    const call = ledger.begin(attempt);
    expect(records.begunCalls).toEqual([{ id: call.id, instance: 'test-1', ...attempt, start: '2026-11-22T08:00:00.000Z' }]);
    expect(await call.admit(bertil)).toBeUndefined();
    call.trying('registration 461020001');
    clock.advance(150);
    call.ringing();
    clock.advance(50);
    call.ringing();
    clock.advance(4000);
    call.answered('AES_CM_128_HMAC_SHA1_80');
    expect(ledger.active).toBe(1);
    clock.advance(61_234);
    call.end('completed', 200);
    expect(records.records).toEqual([
      {
        version: 1,
        id: call.id,
        instance: 'test-1',
        signallingId: attempt.signallingId,
        caller: anna,
        dialled: '461020001',
        callee: bertil,
        route: 'registration 461020001',
        routesTried: 1,
        start: '2026-11-22T08:00:00.000Z',
        ringing: '2026-11-22T08:00:00.150Z',
        answer: '2026-11-22T08:00:04.200Z',
        end: '2026-11-22T08:01:05.434Z',
        durationSeconds: 61.234,
        reason: 'completed',
        status: 200,
        cipher: 'AES_CM_128_HMAC_SHA1_80',
        detail: null,
      },
    ]);
    expect(seen).toEqual([`began ${call.id}`, `answered ${call.id} 4200`, `ended ${call.id} completed`]);
    expect([ledger.active, ledger.find(call.id), store.licences.callsInUse()]).toEqual([0, undefined, 0]);
  });

  it('records an attempt that was refused before a target was found', () => {
    const { ledger, records } = ledgerWith(plenty);
    ledger.begin(attempt).end('addressUnknown', 404);
    expect(records.records).toMatchObject([
      { callee: null, route: null, routesTried: 0, answer: null, durationSeconds: 0, status: 404, cipher: null },
    ]);
  });

  it('ends a call once; what comes after changes nothing', async () => {
    const { ledger, records, seen } = ledgerWith(plenty);
    const call = ledger.begin(attempt);
    await call.admit(bertil);
    call.end('callerCancelled', 487);
    call.answered('DTLS-SRTP');
    call.ringing();
    call.trying('later');
    call.end('completed', 200);
    expect(call.ended).toBe(true);
    expect(records.records).toMatchObject([{ reason: 'callerCancelled', route: null, answer: null }]);
    expect(records.answeredIds).toEqual([]);
    expect(seen).toHaveLength(2);
  });

  it('keeps the first answer and the route it came by', () => {
    const { ledger, clock, records } = ledgerWith(plenty);
    const call = ledger.begin(attempt);
    call.trying('peer vardbolaget/127.0.0.1:5071;udp');
    call.trying('peer vardbolaget/127.0.0.1:5072;udp');
    call.answered('DTLS-SRTP');
    clock.advance(1000);
    call.answered('none');
    call.trying('too late');
    call.end('completed');
    expect(records.records).toMatchObject([
      { route: 'peer vardbolaget/127.0.0.1:5072;udp', routesTried: 2, cipher: 'DTLS-SRTP', durationSeconds: 1, status: null },
    ]);
  });

  it('never counts a negative duration when the clock is set back', () => {
    let now = START;
    const { store, records } = ledgerWith(plenty);
    const clock = { now: () => now, after: new VirtualClock().after };
    const call = new CallLedger({ store, plan: () => plenty, records, clock, instance: 'x' }).begin(attempt);
    call.answered('DTLS-SRTP');
    now -= 3_600_000;
    call.end('completed');
    expect(records.records).toMatchObject([{ durationSeconds: 0, end: '2026-11-22T08:00:00.000Z' }]);
  });

  it('cuts what the network wrote to a bounded length', () => {
    const { ledger, records } = ledgerWith(plenty);
    const long = 'x'.repeat(5000);
    ledger.begin({ caller: { ...anna, alias: long }, dialled: long, signallingId: long }).end('addressUnreadable');
    const [record] = records.records;
    expect([record?.dialled.length, record?.signallingId.length, record?.caller.alias.length]).toEqual([256, 256, 256]);
  });

  it('charges a call into a meeting to its caller and the total alone', async () => {
    const { ledger, store } = ledgerWith(planWith(2, { 'region-norr': 1, 'region-syd': 0 }));
    const meeting: Party = { zone: 'meetings', organisation: 'region-syd', alias: '4690010001', protocol: 'sip' };
    const call = ledger.begin(attempt);
    expect(await call.admit(meeting)).toBeUndefined();
    expect([store.licences.callsInUse('region-norr'), store.licences.callsInUse('region-syd'), store.licences.callsInUse()]).toEqual([
      1, 0, 1,
    ]);
    expect(await ledger.begin(attempt).admit(meeting)).toBe('callerLicencesExhausted');
    const inside = { ...anna, organisation: 'region-syd' };
    expect(await ledger.begin({ ...attempt, caller: inside }).admit(meeting)).toBe('callerLicencesExhausted');
    // Out of a meeting its organisation calls.
    expect(await ledger.begin({ ...attempt, caller: meeting }).admit(anna)).toBe('callerLicencesExhausted');
    call.end('completed');
    expect(store.licences.callsInUse()).toBe(0);
  });

  it('records a browser in a meeting, which takes no call licence', () => {
    const { ledger, clock, store, records } = ledgerWith(planWith(0, { 'region-norr': 0 }));
    const caller: Party = { zone: 'browser', organisation: 'region-norr', alias: 'browser', protocol: 'webrtc' };
    const meeting: Party = { zone: 'meetings', organisation: 'region-norr', alias: '4690010001', protocol: 'webrtc' };
    const call = ledger.begin({ caller, dialled: '4690010001', signallingId: 'p-1' });
    call.admitWithoutLicence(meeting);
    call.trying('meeting 4690010001');
    call.answered('DTLS-SRTP');
    clock.advance(60_000);
    call.end('completed');
    call.admitWithoutLicence(caller);
    expect(records.records).toMatchObject([
      { caller, callee: meeting, dialled: '4690010001', durationSeconds: 60, reason: 'completed', cipher: 'DTLS-SRTP', status: null },
    ]);
    expect([store.licences.callsInUse(), call.callee]).toEqual([0, meeting]);
  });

  it('ends every live call at an orderly stop', async () => {
    const { ledger, store, records } = ledgerWith(plenty);
    for (let i = 0; i < 3; i += 1) await ledger.begin(attempt).admit(bertil);
    expect(ledger.endAll('instanceStopped')).toBe(3);
    expect([ledger.active, store.licences.callsInUse()]).toEqual([0, 0]);
    expect(records.records.map(({ reason }) => reason)).toEqual(['instanceStopped', 'instanceStopped', 'instanceStopped']);
  });
});

describe('admission', () => {
  const inUse = (store: MemoryStore) => [
    store.licences.callsInUse(),
    ...['region-norr', 'region-syd', 'kommun-vik'].map((id) => store.licences.callsInUse(id)),
  ];
  const foreign: Party = { zone: 'internet', organisation: undefined, alias: 'x@other.example', protocol: 'sip' };

  it('takes a licence of both organisations and of the total, and gives them back', async () => {
    const { ledger, store } = ledgerWith(plenty);
    const call = ledger.begin(attempt);
    await call.admit(bertil);
    expect(inUse(store)).toEqual([1, 1, 1, 0]);
    call.end('completed');
    expect(inUse(store)).toEqual([0, 0, 0, 0]);
  });

  it('counts a call inside one organisation once there', async () => {
    const { ledger, store } = ledgerWith(planWith(5, { 'region-norr': 1 }));
    expect(await ledger.begin(attempt).admit({ ...anna, alias: '461010002' })).toBeUndefined();
    expect(inUse(store)).toEqual([1, 1, 0, 0]);
  });

  it.each([
    ['callerLicencesExhausted', planWith(5, { 'region-norr': 0, 'region-syd': 0 })],
    ['calleeLicencesExhausted', planWith(5, { 'region-norr': 1, 'region-syd': 0 })],
    ['calleeLicencesExhausted', planWith(5, { 'region-norr': 1 })],
    ['totalLicencesExhausted', planWith(0, { 'region-norr': 1, 'region-syd': 1 })],
  ] as const)('refuses with %s and takes nothing', async (refusal, plan) => {
    const { ledger, store, records } = ledgerWith(plan);
    const call = ledger.begin(attempt);
    expect(await call.admit(bertil)).toBe(refusal);
    expect(inUse(store)).toEqual([0, 0, 0, 0]);
    call.end(refusal, 403);
    expect(records.records).toMatchObject([{ callee: bertil, reason: refusal }]);
  });

  it('says caller when a call inside an organisation finds no licence', async () => {
    const { ledger } = ledgerWith(planWith(5, { 'region-norr': 0 }));
    expect(await ledger.begin(attempt).admit({ ...anna, alias: '461010002' })).toBe('callerLicencesExhausted');
  });

  it('asks only the organisation there is, for calls from and to the Internet and to meetings', async () => {
    const { ledger, store } = ledgerWith(plenty);
    await ledger.begin(attempt).admit(foreign);
    await ledger.begin({ ...attempt, caller: foreign }).admit(bertil);
    expect(inUse(store)).toEqual([2, 1, 1, 0]);
  });

  it('goes over to another organisation with a later route, and stays where it was when that is full', async () => {
    const { ledger, store } = ledgerWith(planWith(1, { 'region-norr': 1, 'region-syd': 1, 'kommun-vik': 0 }));
    const call = ledger.begin(attempt);
    await call.admit(bertil);
    expect(await call.admit(cecilia)).toBe('calleeLicencesExhausted');
    expect(inUse(store)).toEqual([1, 1, 1, 0]);
    expect(await call.admit({ ...anna, alias: '461010002' })).toBeUndefined();
    expect(inUse(store)).toEqual([1, 1, 0, 0]);
  });

  it('goes by the limits of the plan in force at that moment', async () => {
    const { ledger, state } = ledgerWith(planWith(5, { 'region-norr': 1, 'region-syd': 1 }));
    await ledger.begin(attempt).admit(bertil);
    expect(await ledger.begin(attempt).admit(bertil)).toBe('callerLicencesExhausted');
    state.plan = planWith(5, { 'region-norr': 2, 'region-syd': 2 });
    expect(await ledger.begin(attempt).admit(bertil)).toBeUndefined();
  });

  it('leaks no licence when the call ends while the store is asked, however admissions and ends fall', async () => {
    const { ledger, store } = ledgerWith(plenty);
    const early = ledger.begin(attempt);
    const waiting = early.admit(bertil);
    early.end('callerCancelled');
    await waiting;
    const twice = ledger.begin(attempt);
    const both = [twice.admit(bertil), twice.admit(cecilia)];
    twice.end('callerCancelled');
    await Promise.all(both);
    expect(inUse(store)).toEqual([0, 0, 0, 0]);
  });

  it('runs admissions of one call one after the other: the last one asked for holds', async () => {
    const { ledger, store } = ledgerWith(plenty);
    const call = ledger.begin(attempt);
    await Promise.all([call.admit(bertil), call.admit(cecilia)]);
    expect(inUse(store)).toEqual([1, 1, 0, 1]);
  });

  it('never exceeds a limit, however many ask at once', async () => {
    const { ledger, store } = ledgerWith(planWith(7, { 'region-norr': 20, 'region-syd': 20 }));
    const calls: Call[] = Array.from({ length: 50 }, () => ledger.begin(attempt));
    const answers = await Promise.all(calls.map((call) => call.admit(bertil)));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(7);
    expect(store.licences.callsInUse()).toBe(7);
  });
});
