import type { Clock, EpochMs } from '../../clock.js';
import type { CallLease, LicenceRefusal, LicenceStore, OrganisationLimit } from '../../state/store.js';
import type { Plan } from '../plan/plan.js';
import type { Call, CallAttempt, CallId, CallRecord, Calls, Party } from './call.js';
import { callIds } from './call-ids.js';
import { isoTime } from './iso-time.js';
import type { ReasonCode, RefusalCode } from './reasons.js';
import type { RecordSink } from './record-sink.js';

/** Told of calls as they happen: metrics, logs, the API. Called synchronously; must not throw. */
export interface CallObserver {
  began?(call: Call): void;
  /** `setupMs`: from the first request to the answer. */
  answered?(call: Call, setupMs: number): void;
  ended?(record: CallRecord): void;
}

export interface CallLedgerOptions {
  readonly store: { readonly licences: LicenceStore };
  /** The plan in force; asked anew at each admission, so that a reload counts from the next call on. */
  readonly plan: () => Plan;
  readonly records: RecordSink;
  readonly clock: Clock;
  /** This process, as it stands in the records. */
  readonly instance: string;
  readonly observers?: readonly CallObserver[];
}

/** Longest text from the network that a record holds, in characters. */
const TEXT_LIMIT = 256;

/**
 * Every call of this instance, from its first request to its record. Holds a call only while it lives: what is ended is forgotten.
 * The number of live calls is bounded by the total licence plus the attempts an edge lets wait for admission at one time.
 */
export class CallLedger implements Calls {
  readonly #options: CallLedgerOptions;
  readonly #observers: readonly CallObserver[];
  readonly #nextId = callIds();
  readonly #open = new Map<CallId, LedgerCall>();

  constructor(options: CallLedgerOptions) {
    this.#options = options;
    this.#observers = options.observers ?? [];
  }

  get active(): number {
    return this.#open.size;
  }

  begin(attempt: CallAttempt): Call {
    const { clock, instance, records } = this.#options;
    const startedAt = clock.now();
    const call = new LedgerCall(this.#nextId(startedAt), cut(attempt), startedAt, this.#options, {
      answered: (setupMs) => {
        for (const observer of this.#observers) observer.answered?.(call, setupMs);
      },
      ended: (record) => {
        this.#open.delete(call.id);
        for (const observer of this.#observers) observer.ended?.(record);
      },
    });
    this.#open.set(call.id, call);
    const { signallingId, caller, dialled } = call.attempt;
    records.begun({ id: call.id, instance, signallingId, caller, dialled, start: isoTime(startedAt) });
    for (const observer of this.#observers) observer.began?.(call);
    return call;
  }

  /** The calls that live now, oldest first. Calls may end during the iteration. */
  live(): IterableIterator<Call> {
    return this.#open.values();
  }

  find(id: CallId): Call | undefined {
    return this.#open.get(id);
  }

  /** Ends every live call, at an orderly stop (`instanceStopped`) or by an operator. Gives how many. */
  endAll(reason: ReasonCode): number {
    const calls = [...this.#open.values()];
    for (const call of calls) call.end(reason);
    return calls.length;
  }
}

interface CallEvents {
  answered(setupMs: number): void;
  ended(record: CallRecord): void;
}

class LedgerCall implements Call {
  readonly id: CallId;
  readonly attempt: CallAttempt;
  readonly startedAt: EpochMs;
  readonly #options: CallLedgerOptions;
  readonly #events: CallEvents;
  #callee: Party | null = null;
  #route: string | null = null;
  #routesTried = 0;
  #ringingAt: EpochMs | undefined;
  #answeredAt: EpochMs | undefined;
  #cipher: string | null = null;
  #lease: CallLease | undefined;
  /** Admissions of one call run one after the other; each sees the lease that the one before it left. */
  #admission: Promise<RefusalCode | undefined> | undefined;
  #ended = false;

  constructor(id: CallId, attempt: CallAttempt, startedAt: EpochMs, options: CallLedgerOptions, events: CallEvents) {
    this.id = id;
    this.attempt = attempt;
    this.startedAt = startedAt;
    this.#options = options;
    this.#events = events;
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
      return changed.ok ? undefined : this.#refusal(changed);
    }
    const taken = await this.#options.store.licences.takeCall({ organisations, total: plan.licences.calls });
    if (!taken.ok) return this.#refusal(taken);
    // The call may have ended while the store was asked: nobody else would ever give this lease back.
    if (this.#ended) await taken.lease.release();
    else this.#lease = taken.lease;
    return undefined;
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
    this.#options.records.answered(this.id, {
      callee: this.#callee,
      route: this.#route,
      routesTried: this.#routesTried,
      ringing: isoOrNull(this.#ringingAt),
      answer: isoTime(this.#answeredAt),
      cipher,
    });
    this.#events.answered(this.#answeredAt - this.startedAt);
  }

  secured(cipher: string): void {
    if (!this.#ended && this.#answeredAt !== undefined) this.#cipher = cipher;
  }

  end(reason: ReasonCode, status?: number, detail?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    const record = this.#record(reason, status, detail);
    const lease = this.#lease;
    this.#lease = undefined;
    // A store that is away gives the licence back by itself when the lease runs out; the record must not wait for it.
    lease?.release().catch(() => undefined);
    this.#options.records.ended(record);
    this.#events.ended(record);
  }

  #record(reason: ReasonCode, status: number | undefined, detail: string | undefined): CallRecord {
    const { signallingId, caller, dialled } = this.attempt;
    // A clock set back during the call must not make a negative duration.
    const endedAt = Math.max(this.#options.clock.now(), this.#answeredAt ?? this.startedAt);
    return {
      version: 1,
      id: this.id,
      instance: this.#options.instance,
      signallingId,
      caller,
      dialled,
      callee: this.#callee,
      route: this.#route,
      routesTried: this.#routesTried,
      start: isoTime(this.startedAt),
      ringing: isoOrNull(this.#ringingAt),
      answer: isoOrNull(this.#answeredAt),
      end: isoTime(endedAt),
      durationSeconds: this.#answeredAt === undefined ? 0 : (endedAt - this.#answeredAt) / 1000,
      reason,
      status: status ?? null,
      cipher: this.#cipher,
      detail: detail === undefined ? null : detail.slice(0, TEXT_LIMIT),
    };
  }
}

/** Caller first, then callee: the store tells of the first limit in the way, and the caller can do most about its own. */
function limitsOf(plan: Plan, caller: Party, callee: Party): readonly OrganisationLimit[] {
  const limits: OrganisationLimit[] = [];
  for (const id of caller.organisation === callee.organisation ? [caller.organisation] : [caller.organisation, callee.organisation]) {
    // An organisation that a reload took out of the plan has no licences left to take.
    if (id !== undefined) limits.push({ id, limit: plan.organisations.get(id)?.licences.calls ?? 0 });
  }
  return limits;
}

function cut(attempt: CallAttempt): CallAttempt {
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
