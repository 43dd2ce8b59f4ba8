import type { Clock, EpochMs } from '../../clock.js';
import type { CallStore, TakenCall } from '../../state/call-store.js';
import type { CallLease, LicenceRefusal, LicenceStore, OrganisationLimit } from '../../state/store.js';
import { meetingsZoneId } from '../plan/meetings-zone.js';
import type { Plan } from '../plan/plan.js';
import type { Call, CallAttempt, CallId, CallRecord, Party } from './call.js';
import { isoTime } from './iso-time.js';
import { lostAndTakenOver } from './lost-record.js';
import type { ReasonCode, RefusalCode } from './reasons.js';
import type { CallAnswer, OpenCall, RecordSink } from './record-sink.js';

/** What a call needs of its surroundings. */
export interface LedgerCallOptions {
  readonly store: { readonly licences: LicenceStore; readonly calls: CallStore };
  /** The plan in force; asked anew at each admission, so that a reload counts from the next call on. */
  readonly plan: () => Plan;
  readonly records: RecordSink;
  readonly clock: Clock;
  /** This process, as it stands in the records. */
  readonly instance: string;
}

/** What its ledger is told. */
export interface LedgerCallEvents {
  answered(call: LedgerCall, setupMs: number): void;
  ended(call: LedgerCall, record: CallRecord): void;
  /** After `ended`: whether this instance writes the record. Never, when the store closed before it could say. */
  settled(record: CallRecord, ours: boolean): void;
}

/** Longest text from the network that a record holds, in characters. */
const TEXT_LIMIT = 256;

/** One call of a `CallLedger`. */
export class LedgerCall implements Call {
  readonly id: CallId;
  readonly attempt: CallAttempt;
  readonly startedAt: EpochMs;
  /** The instance that the call came over from, which is lost. Undefined: it began here. */
  readonly lostInstance: string | undefined;
  readonly #options: LedgerCallOptions;
  readonly #events: LedgerCallEvents;
  readonly #begun: OpenCall;
  #callee: Party | null = null;
  #route: string | null = null;
  #routesTried = 0;
  #ringingAt: EpochMs | undefined;
  #answeredAt: EpochMs | undefined;
  #cipher: string | null = null;
  #dialog: string | undefined;
  #lease: CallLease | undefined;
  /** Admissions of one call run one after the other; each sees the lease that the one before it left. */
  #admission: Promise<RefusalCode | undefined> | undefined;
  #carriedOnElsewhere: (() => void)[] | undefined;
  #recordedElsewhere = false;
  #ended = false;

  private constructor(begun: OpenCall, startedAt: EpochMs, from: string | undefined, options: LedgerCallOptions, events: LedgerCallEvents) {
    const { id, caller, dialled, signallingId } = begun;
    this.id = id;
    this.attempt = { caller, dialled, signallingId };
    this.startedAt = startedAt;
    this.lostInstance = from;
    this.#begun = begun;
    this.#options = options;
    this.#events = events;
  }

  static begin(id: CallId, attempt: CallAttempt, startedAt: EpochMs, options: LedgerCallOptions, events: LedgerCallEvents): LedgerCall {
    const { caller, dialled, signallingId } = attempt;
    const begun: OpenCall = { id, instance: options.instance, signallingId, caller, dialled, start: isoTime(startedAt) };
    const call = new LedgerCall(begun, startedAt, undefined, options, events);
    options.records.begun(begun);
    call.#put();
    return call;
  }

  static resume(taken: TakenCall, options: LedgerCallOptions, events: LedgerCallEvents): LedgerCall {
    const { instance, takenOverBy = instance } = taken.begun;
    const begun: OpenCall = { ...taken.begun, takenOverBy: options.instance };
    const call = new LedgerCall(begun, Date.parse(begun.start), takenOverBy, options, events);
    call.#lease = taken.lease;
    call.#dialog = taken.dialog;
    call.#callee = taken.callee;
    options.records.begun(begun);
    const { answer } = taken;
    if (answer) {
      call.#route = answer.route;
      call.#routesTried = answer.routesTried;
      call.#ringingAt = answer.ringing === null ? undefined : Date.parse(answer.ringing);
      call.#answeredAt = Date.parse(answer.answer);
      call.#cipher = answer.cipher;
      options.records.answered(begun.id, answer);
    }
    call.#put();
    return call;
  }

  get callee(): Party | null {
    return this.#callee;
  }

  /** Where the call began. */
  get instance(): string {
    return this.#begun.instance;
  }

  get ended(): boolean {
    return this.#ended;
  }

  admit(callee: Party): Promise<RefusalCode | undefined> {
    const earlier = this.#admission;
    const admission = earlier ? earlier.then(() => this.#admit(callee)) : this.#admit(callee);
    // What waits is told through `admission` itself; here only the order counts.
    this.#admission = admission.catch(() => undefined);
    return admission;
  }

  async #admit(callee: Party): Promise<RefusalCode | undefined> {
    // The caller gave up while an earlier admission was under way: there is nothing left to admit, and the edge sees `ended`.
    if (this.#ended) return undefined;
    this.#callee = callee;
    const plan = this.#options.plan();
    const organisations = limitsOf(plan, this.attempt.caller, callee);
    if (this.#lease) {
      const changed = await this.#lease.change(organisations);
      if (!changed.ok) return this.#refusal(changed);
      this.#put();
      return undefined;
    }
    const taken = await this.#options.store.licences.takeCall({ organisations, total: plan.licences.calls });
    if (!taken.ok) return this.#refusal(taken);
    // The call may have ended while the store was asked: nobody else would ever give this lease back.
    if (this.#ended) await taken.lease.release();
    else this.#lease = taken.lease;
    this.#put();
    return undefined;
  }

  admitWithoutLicence(callee: Party): void {
    if (this.#ended) return;
    this.#callee = callee;
    this.#put();
  }

  #refusal({ exhausted }: LicenceRefusal): RefusalCode {
    if (exhausted.kind === 'total') return 'totalLicencesExhausted';
    return exhausted.id === this.attempt.caller.organisation ? 'callerLicencesExhausted' : 'calleeLicencesExhausted';
  }

  trying(route: string): void {
    if (this.#ended || this.#answeredAt !== undefined) return;
    this.#route = route;
    this.#routesTried += 1;
  }

  ringing(): void {
    if (!this.#ended) this.#ringingAt ??= this.#options.clock.now();
  }

  answered(cipher: string, route?: string): void {
    if (this.#ended || this.#answeredAt !== undefined) return;
    this.#route = route ?? this.#route;
    this.#answeredAt = this.#options.clock.now();
    this.#cipher = cipher;
    this.#tellAnswer(this.#answeredAt);
    this.#events.answered(this, this.#answeredAt - this.startedAt);
  }

  secured(cipher: string): void {
    if (this.#ended || this.#answeredAt === undefined || this.#cipher === cipher) return;
    this.#cipher = cipher;
    this.#tellAnswer(this.#answeredAt);
  }

  #tellAnswer(at: EpochMs): void {
    if (!this.#recordedElsewhere) this.#options.records.answered(this.id, this.#answer(at));
    this.#put();
  }

  carry(dialog: string): void {
    if (this.#ended || this.#answeredAt === undefined) return;
    this.#dialog = dialog;
    this.#put();
  }

  onCarriedOnElsewhere(listener: () => void): void {
    this.#carriedOnElsewhere ??= [];
    this.#carriedOnElsewhere.push(listener);
  }

  end(reason: ReasonCode, status?: number, detail?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const record = this.#record(reason, status, detail);
    const lease = this.#lease;
    this.#lease = undefined;
    // A store that is away gives the licence back by itself when the lease runs out; the record must not wait for it.
    lease?.release().catch(() => undefined);
    const ours = this.#options.store.calls.end(this.id);
    if (!this.#recordedElsewhere) this.#options.records.ended(record, ours);
    this.#events.ended(this, record);
    const settled = (whose: boolean | undefined): void => {
      if (this.#recordedElsewhere) this.#events.settled(record, false);
      else if (whose !== undefined) this.#events.settled(record, whose);
    };
    ours.then(settled, () => undefined); // a store that cannot say leaves the record to the next start, as the sink does
  }

  /** For the ledger: the record is another instance's, though the call goes on here. */
  recordedElsewhere(): void {
    if (this.#recordedElsewhere) return;
    this.#recordedElsewhere = true;
    this.#options.records.recordedElsewhere(this.id);
  }

  /** For the ledger: the call goes on at another instance, with its licences. */
  carriedOnElsewhere(): void {
    this.recordedElsewhere();
    this.#ended = true;
    this.#lease = undefined;
    for (const listener of this.#carriedOnElsewhere ?? []) listener();
  }

  /** Tells the other instances how the call stands. */
  #put(): void {
    if (this.#ended || this.#recordedElsewhere) return;
    const answer = this.#answeredAt === undefined ? undefined : this.#answer(this.#answeredAt);
    this.#options.store.calls.put({ begun: this.#begun, callee: this.#callee, answer, dialog: this.#dialog }, this.#lease);
  }

  #answer(at: EpochMs): CallAnswer {
    return {
      callee: this.#callee,
      route: this.#route,
      routesTried: this.#routesTried,
      ringing: isoOrNull(this.#ringingAt),
      answer: isoTime(at),
      cipher: this.#cipher ?? 'none',
    };
  }

  #record(reason: ReasonCode, status: number | undefined, detail: string | undefined): CallRecord {
    const { signallingId, caller, dialled } = this.attempt;
    // A clock set back during the call, or one that differs from the lost instance's, must not make a negative duration.
    const endedAt = Math.max(this.#options.clock.now(), this.#answeredAt ?? this.startedAt);
    const lost = reason === 'instanceLost' ? this.lostInstance : undefined;
    const why = detail ?? (lost === undefined ? undefined : lostAndTakenOver(lost, this.#options.instance));
    return {
      version: 1,
      id: this.id,
      instance: this.#begun.instance,
      signallingId,
      caller,
      dialled,
      callee: this.#callee,
      route: this.#route,
      routesTried: this.#routesTried,
      start: this.#begun.start,
      ringing: isoOrNull(this.#ringingAt),
      answer: isoOrNull(this.#answeredAt),
      end: isoTime(endedAt),
      durationSeconds: this.#answeredAt === undefined ? 0 : (endedAt - this.#answeredAt) / 1000,
      reason,
      status: status ?? null,
      cipher: this.#cipher,
      detail: why === undefined ? null : why.slice(0, TEXT_LIMIT),
    };
  }
}

/**
 * Caller first, then callee, unless that is a meeting: what it costs its organisation are meeting ports. The store tells of the first limit
 * in the way, and the caller can do most about its own.
 */
function limitsOf(plan: Plan, caller: Party, callee: Party): readonly OrganisationLimit[] {
  const limits: OrganisationLimit[] = [];
  const called = callee.zone === meetingsZoneId ? undefined : callee.organisation;
  for (const id of caller.organisation === called ? [called] : [caller.organisation, called]) {
    // An organisation that a reload took out of the plan has no licences left to take.
    if (id !== undefined) limits.push({ id, limit: plan.organisations.get(id)?.licences.calls ?? 0 });
  }
  return limits;
}

/** What a record keeps of an attempt: texts of a bounded length. */
export function cutAttempt(attempt: CallAttempt): CallAttempt {
  const { caller, dialled, signallingId } = attempt;
  if (dialled.length <= TEXT_LIMIT && signallingId.length <= TEXT_LIMIT && caller.alias.length <= TEXT_LIMIT) return attempt;
  return {
    caller: { ...caller, alias: caller.alias.slice(0, TEXT_LIMIT) },
    dialled: dialled.slice(0, TEXT_LIMIT),
    signallingId: signallingId.slice(0, TEXT_LIMIT),
  };
}

function isoOrNull(time: EpochMs | undefined): string | null {
  return time === undefined ? null : isoTime(time);
}
