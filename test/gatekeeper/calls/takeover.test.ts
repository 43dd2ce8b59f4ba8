import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../src/clock.js';
import type { CallRecord } from '../../../src/gatekeeper/calls/call.js';
import { CallLedger } from '../../../src/gatekeeper/calls/calls.js';
import type { CallAnswer, OpenCall, RecordSink } from '../../../src/gatekeeper/calls/record-sink.js';
import type { Plan } from '../../../src/gatekeeper/plan/plan.js';
import type { TakenCall } from '../../../src/state/call-store.js';
import { MemoryStore } from '../../../src/state/memory.js';
import { anna, attempt, bertil, cecilia } from '../../support/calls.js';
import { ToldCalls } from './told-calls.js';

const START = Date.parse('2026-11-22T08:00:00Z');
const plan = {
  organisations: new Map(['region-norr', 'region-syd', 'kommun-vik'].map((id) => [id, { id, licences: { registrations: 0, calls: 2 } }])),
  licences: { registrations: 0, calls: 10 },
} as unknown as Plan;

class Sink implements RecordSink {
  readonly log: string[] = [];
  readonly begunCalls: OpenCall[] = [];
  readonly answers: CallAnswer[] = [];
  readonly records: CallRecord[] = [];
  begun(call: OpenCall): void {
    this.begunCalls.push(call);
    this.log.push('begun');
  }
  answered(_id: string, answer: CallAnswer): void {
    this.answers.push(answer);
    this.log.push('answered');
  }
  ended(record: CallRecord): void {
    this.records.push(record);
    this.log.push('ended');
  }
  recordedElsewhere(): void {
    this.log.push('recorded elsewhere');
  }
}

function world(instance = 'portvakt-2') {
  const clock = new VirtualClock(START);
  const { licences } = new MemoryStore({ clock });
  const calls = new ToldCalls();
  const records = new Sink();
  const seen: string[] = [];
  const ledger = new CallLedger({
    store: { licences, calls },
    plan: () => plan,
    records,
    clock,
    instance,
    observers: [
      {
        began: () => seen.push('began'),
        answered: () => seen.push('answered'),
        ended: ({ reason }) => seen.push(`ended ${reason}`),
        recorded: ({ reason }) => seen.push(`recorded ${reason}`),
        recordedElsewhere: ({ reason }) => seen.push(`recorded elsewhere ${reason}`),
        resumed: (_call, from) => seen.push(`resumed from ${from}`),
        left: () => seen.push('left'),
      },
    ],
  });
  /** A call of the lost instance `portvakt-1`, with the licences that it holds. */
  const taken = async (changes: Partial<TakenCall> = {}): Promise<TakenCall> => {
    const limits = ['region-norr', 'region-syd'].map((id) => ({ id, limit: 2 }));
    const result = await licences.takeCall({ organisations: limits, total: 10 });
    if (!result.ok) throw new Error('No licence was free');
    const begun: OpenCall = { id: 'k1', instance: 'portvakt-1', ...attempt, start: '2026-11-22T07:50:00.000Z' };
    const answer: CallAnswer = {
      callee: bertil,
      route: 'registration 461020001',
      routesTried: 2,
      ringing: '2026-11-22T07:50:01.000Z',
      answer: '2026-11-22T07:50:05.000Z',
      cipher: 'DTLS-SRTP',
    };
    return { begun, callee: bertil, answer, dialog: '{"d":1}', lease: result.lease, ...changes };
  };
  return { clock, licences, calls, records, seen, ledger, taken };
}

describe('what the other instances are told of a call', () => {
  it('is its beginning, its licences, its answer and its dialog, and nothing after its end', async () => {
    const { ledger, calls, clock } = world();
    const call = ledger.begin(attempt);
    await call.admit(bertil);
    await call.admit(cecilia);
    call.carry('too early');
    clock.advance(2000);
    call.answered('none', 'registration 462010001');
    call.secured('AES-128');
    call.secured('AES-128');
    call.carry('{"cseq":1}');
    call.end('completed');
    call.carry('{"cseq":2}');
    call.secured('AES-256');
    const begun = { id: call.id, instance: 'portvakt-2', ...attempt, start: '2026-11-22T08:00:00.000Z' };
    const answer = {
      callee: cecilia,
      route: 'registration 462010001',
      routesTried: 0,
      ringing: null,
      answer: '2026-11-22T08:00:02.000Z',
      cipher: 'none',
    };
    expect(calls.puts.map(({ call }) => call)).toEqual([
      { begun, callee: null, answer: undefined, dialog: undefined },
      { begun, callee: bertil, answer: undefined, dialog: undefined },
      { begun, callee: cecilia, answer: undefined, dialog: undefined },
      { begun, callee: cecilia, answer, dialog: undefined },
      { begun, callee: cecilia, answer: { ...answer, cipher: 'AES-128' }, dialog: undefined },
      { begun, callee: cecilia, answer: { ...answer, cipher: 'AES-128' }, dialog: '{"cseq":1}' },
    ]);
    const [atBegin, ...later] = calls.puts.map(({ lease }) => lease);
    expect(atBegin).toBeUndefined();
    expect(later.every((lease) => lease !== undefined && lease === later[0])).toBe(true);
    expect(calls.ended).toEqual([call.id]);
  });

  it('is not an admission that was refused, nor one that came after the end', async () => {
    const { ledger, calls, licences } = world();
    const full = { organisations: [{ id: 'region-syd', limit: 2 }], total: 10 };
    await licences.takeCall(full);
    await licences.takeCall(full);
    const call = ledger.begin(attempt);
    expect(await call.admit(bertil)).toBe('calleeLicencesExhausted');
    expect(call.callee).toEqual(bertil);
    const admission = call.admit(cecilia);
    call.end('callerCancelled');
    await admission;
    expect(calls.puts).toHaveLength(1);
    expect(licences.callsInUse('kommun-vik')).toBe(0);
  });
});

describe('the end of a call', () => {
  it.each([
    [true, ['recorded completed']],
    [false, ['recorded elsewhere completed']],
    [undefined, []],
  ])('is told at once, and who records it when that is known (%s)', async (ours, after) => {
    const { ledger, calls, seen, licences, records } = world();
    const call = ledger.begin(attempt);
    await call.admit(bertil);
    call.end('completed');
    expect(records.log).toEqual(['begun', 'ended']);
    expect(seen).toEqual(['began', 'ended completed']);
    expect([ledger.active, licences.callsInUse()]).toEqual([0, 0]);
    await calls.answer(call.id, ours);
    expect(seen).toEqual(['began', 'ended completed', ...after]);
  });
});

describe('a call that comes over from a lost instance', () => {
  it('goes on to one record, as one call of the instance where it began', async () => {
    const { ledger, calls, seen, licences, records, clock, taken } = world();
    const call = ledger.resume(await taken());
    expect([call.id, call.attempt, call.callee, call.ended]).toEqual(['k1', attempt, bertil, false]);
    expect([ledger.active, ledger.find('k1')]).toEqual([1, call]);
    expect(seen).toEqual(['resumed from portvakt-1']);
    expect(records.log).toEqual(['begun', 'answered']);
    expect(records.begunCalls).toMatchObject([{ id: 'k1', instance: 'portvakt-1', takenOverBy: 'portvakt-2' }]);
    expect(calls.puts).toMatchObject([{ call: { begun: { takenOverBy: 'portvakt-2' }, dialog: '{"d":1}' } }]);
    call.answered('none');
    clock.advance(5000);
    call.end('completed', 200);
    expect(records.records).toEqual([
      {
        version: 1,
        id: 'k1',
        instance: 'portvakt-1',
        signallingId: attempt.signallingId,
        caller: anna,
        dialled: '461020001',
        callee: bertil,
        route: 'registration 461020001',
        routesTried: 2,
        start: '2026-11-22T07:50:00.000Z',
        ringing: '2026-11-22T07:50:01.000Z',
        answer: '2026-11-22T07:50:05.000Z',
        end: '2026-11-22T08:00:05.000Z',
        durationSeconds: 600,
        reason: 'completed',
        status: 200,
        cipher: 'DTLS-SRTP',
        detail: null,
      },
    ]);
    expect(licences.callsInUse()).toBe(0);
    await calls.answer('k1', true);
    expect(seen).toEqual(['resumed from portvakt-1', 'ended completed', 'recorded completed']);
  });

  it('says in its record who was lost and who wrote it, when it cannot go on', async () => {
    const { ledger, records, taken } = world();
    ledger.resume(await taken({ answer: undefined, dialog: undefined })).end('instanceLost');
    expect(records.records).toMatchObject([
      {
        instance: 'portvakt-1',
        reason: 'instanceLost',
        callee: bertil,
        answer: null,
        detail: 'portvakt-1 was lost; portvakt-2 wrote this record',
      },
    ]);
  });

  it('names the instance that had it last, and an earlier run of its own as such', async () => {
    const { ledger, records, taken } = world();
    const { begun } = await taken();
    ledger.resume(await taken({ begun: { ...begun, takenOverBy: 'portvakt-3' } })).end('instanceLost');
    ledger.resume({ ...(await taken()), begun: { ...begun, id: 'k2', instance: 'portvakt-2' } }).end('instanceLost');
    expect(records.records.map(({ detail }) => detail)).toEqual([
      'portvakt-3 was lost; portvakt-2 wrote this record',
      'An earlier run of portvakt-2 was lost; this record is by its next one',
    ]);
  });

  it('never lasts a negative time, however the clocks of the two differ', async () => {
    const { ledger, records, taken } = world();
    const call = await taken();
    if (call.answer) ledger.resume({ ...call, answer: { ...call.answer, answer: '2026-11-22T08:00:03.000Z' } }).end('completed');
    expect(records.records).toMatchObject([{ end: '2026-11-22T08:00:03.000Z', durationSeconds: 0 }]);
  });

  it('replaces what this instance still had of it', async () => {
    const { ledger, records, seen, taken } = world();
    const first = ledger.resume(await taken());
    let carriedOn = 0;
    first.onCarriedOnElsewhere(() => {
      carriedOn += 1;
    });
    const second = ledger.resume(await taken());
    first.end('completed');
    expect([carriedOn, ledger.active, ledger.find('k1'), second.ended]).toEqual([1, 1, second, false]);
    expect(records.log).toEqual(['begun', 'answered', 'recorded elsewhere', 'begun', 'answered']);
    expect(seen).toEqual(['resumed from portvakt-1', 'left', 'resumed from portvakt-1']);
  });
});

describe('a call that another instance took over', () => {
  it('is forgotten here when it is carried on there: no record, no licence given back, its edge told once', async () => {
    const { ledger, calls, records, seen, licences } = world();
    const call = ledger.begin(attempt);
    await call.admit(bertil);
    call.answered('DTLS-SRTP');
    const told: string[] = [];
    call.onCarriedOnElsewhere(() => told.push(`ended: ${call.ended}`));
    const { length } = calls.puts;
    ledger.lost(call.id, false);
    ledger.lost(call.id, false);
    call.end('completed', 200);
    call.carry('{}');
    expect(told).toEqual(['ended: true']);
    expect([ledger.active, ledger.find(call.id), licences.callsInUse()]).toEqual([0, undefined, 1]);
    expect(records.log).toEqual(['begun', 'answered', 'recorded elsewhere']);
    expect(seen).toEqual(['began', 'answered', 'left']);
    expect([calls.puts.length, calls.ended]).toEqual([length, []]);
  });

  it('goes on here when only its record was written there, and leaves none at its end', async () => {
    const { ledger, calls, records, seen, licences } = world();
    const call = ledger.begin(attempt);
    await call.admit(bertil);
    const { length } = calls.puts;
    ledger.lost(call.id, true);
    ledger.lost(call.id, true);
    expect([call.ended, ledger.active, licences.callsInUse()]).toEqual([false, 1, 1]);
    call.answered('AES-128');
    expect(await call.admit(cecilia)).toBeUndefined();
    call.end('completed', 16);
    await calls.answer(call.id, false);
    expect([ledger.active, licences.callsInUse()]).toEqual([0, 0]);
    expect(records.log).toEqual(['begun', 'recorded elsewhere']);
    expect(seen).toEqual(['began', 'answered', 'ended completed', 'recorded elsewhere completed']);
    expect([calls.puts.length, calls.ended]).toEqual([length, [call.id]]);
  });

  it('is nothing to a ledger that does not have it', () => {
    const { ledger, seen } = world();
    ledger.lost('stranger', false);
    ledger.lost('stranger', true);
    expect(seen).toEqual([]);
  });
});
