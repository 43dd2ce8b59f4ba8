import type { TakenCall } from '../../state/call-store.js';
import type { Call, CallAttempt, CallId, CallRecord, Calls } from './call.js';
import { callIds } from './call-ids.js';
import { cutAttempt, LedgerCall, type LedgerCallEvents, type LedgerCallOptions } from './ledger-call.js';
import type { ReasonCode } from './reasons.js';

/**
 * Told of calls as they happen: metrics, logs, the API. Called synchronously; must not throw.
 *
 * A call comes in by `began` or `resumed` and goes by `ended` or `left`, once each. Whose record it is shows after its end, and may take as
 * long as the shared store is away: `recorded` and `recordedElsewhere` are about that.
 */
export interface CallObserver {
  began?(call: Call): void;
  /** `setupMs`: from the first request to the answer. */
  answered?(call: Call, setupMs: number): void;
  /** The call is over, here: the moment for a line in the log. */
  ended?(record: CallRecord): void;
  /** This instance writes the record. Once for each record over all instances: what usage is counted by. Right after `ended` as a rule. */
  recorded?(record: CallRecord): void;
  /** The call is over here, but another instance has written its record: `record` is what this one would have written. After `ended`. */
  recordedElsewhere?(record: CallRecord): void;
  /** The call has come over from a lost instance; it was counted there as begun, and as answered if it was. */
  resumed?(call: Call, from: string): void;
  /** Another instance carries the call on: it is neither active here any more, nor has it ended. */
  left?(call: Call): void;
}

export interface CallLedgerOptions extends LedgerCallOptions {
  readonly observers?: readonly CallObserver[];
}

/**
 * Every call of this instance, from its first request, or from when it came over from another instance, to its record. Holds a call only
 * while it lives: what is ended is forgotten. The number of live calls is bounded by the total licence plus the attempts an edge lets wait
 * for admission at one time.
 */
export class CallLedger implements Calls {
  readonly #options: CallLedgerOptions;
  readonly #observers: readonly CallObserver[];
  readonly #nextId = callIds();
  readonly #open = new Map<CallId, LedgerCall>();
  readonly #events: LedgerCallEvents;

  constructor(options: CallLedgerOptions) {
    this.#options = options;
    const observers = options.observers ?? [];
    this.#observers = observers;
    this.#events = {
      answered: (call, setupMs) => {
        for (const observer of observers) observer.answered?.(call, setupMs);
      },
      ended: (call, record) => {
        this.#open.delete(call.id);
        for (const observer of observers) observer.ended?.(record);
      },
      settled: (record, ours) => {
        for (const observer of observers) {
          if (ours) observer.recorded?.(record);
          else observer.recordedElsewhere?.(record);
        }
      },
    };
  }

  get active(): number {
    return this.#open.size;
  }

  begin(attempt: CallAttempt): Call {
    const startedAt = this.#options.clock.now();
    const call = LedgerCall.begin(this.#nextId(startedAt), cutAttempt(attempt), startedAt, this.#options, this.#events);
    this.#open.set(call.id, call);
    for (const observer of this.#observers) observer.began?.(call);
    return call;
  }

  /**
   * A call that came over from a lost instance, as it stood there, with its licences. It is journalled here as open from now on. Whether it
   * can go on is for its edge to say: what can't is ended with `instanceLost`.
   */
  resume(taken: TakenCall): Call {
    // It had gone from here and comes back before that was noticed: what this instance knew of it is old.
    this.lost(taken.begun.id, false);
    const call = LedgerCall.resume(taken, this.#options, this.#events);
    this.#open.set(call.id, call);
    for (const observer of this.#observers) observer.resumed?.(call, call.lostInstance ?? call.instance);
    return call;
  }

  /**
   * A call of this instance went over to another one, which thought this one lost. `recorded`: its record is written there already; the call
   * goes on here with its licences, and leaves no record when it ends. Otherwise the other instance carries it on, and here it is forgotten.
   */
  lost(id: CallId, recorded: boolean): void {
    const call = this.#open.get(id);
    if (!call) return;
    if (recorded) {
      call.recordedElsewhere();
      return;
    }
    this.#open.delete(id);
    call.carriedOnElsewhere();
    for (const observer of this.#observers) observer.left?.(call);
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
