import type { CallId, CallRecord } from './call.js';

/** A call that is over, until its record is on the disk or known to be another instance's. */
export interface EndedCall {
  readonly record: CallRecord;
  /** The journal knows of this call: it is told when no record is owed any more. */
  journalled: boolean;
}

export interface HeldRecordsOptions {
  /** Records held at most; beyond, the oldest count as this instance's own. */
  readonly limit: number;
  /** Called once for each call, when it is known whether its record is this instance's to write. Never within `hold`, but for the limit. */
  readonly settled: (ended: EndedCall, ours: boolean) => void;
  readonly onProblem?: ((sentence: string) => void) | undefined;
}

/**
 * Records that may be another instance's to write, until the shared store has said whose they are. That takes a microtask where nothing
 * is shared, a few milliseconds as a rule, and longer while the store is away: the journal keeps them then.
 */
export class HeldRecords {
  readonly #options: HeldRecordsOptions;
  readonly #held = new Map<CallId, EndedCall>();
  #unjournalled = new Set<CallId>();
  #settledUnasked = 0;
  #closed = false;

  constructor(options: HeldRecordsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#held.size;
  }

  hold(ended: EndedCall, ours: Promise<boolean | undefined>): void {
    const { id } = ended.record;
    this.#held.set(id, ended);
    this.#unjournalled.add(id);
    const settle = (whose: boolean | undefined): void => {
      if (whose !== undefined) this.#settle(ended, whose);
    };
    ours.then(settle, () => undefined); // nobody can tell: the next start asks again
    if (this.#held.size > this.#options.limit) this.#settleOldest();
  }

  /** Those that the journal does not keep yet; from now on it does. */
  takeUnjournalled(): CallRecord[] {
    const records: CallRecord[] = [];
    for (const id of this.#unjournalled) {
      const ended = this.#held.get(id);
      if (!ended) continue;
      ended.journalled = true;
      records.push(ended.record);
    }
    this.#unjournalled = new Set();
    return records;
  }

  *all(): Iterable<CallRecord> {
    for (const { record } of this.#held.values()) yield record;
  }

  /** Nothing is settled any more: what is held now is left to the journal. */
  close(): void {
    this.#closed = true;
  }

  #settle(ended: EndedCall, ours: boolean): void {
    const { id } = ended.record;
    if (this.#closed || this.#held.get(id) !== ended) return;
    this.#held.delete(id);
    this.#unjournalled.delete(id);
    this.#options.settled(ended, ours);
  }

  /** Memory is bounded, and a record that is lost is worse than one that may be written twice. */
  #settleOldest(): void {
    const [oldest] = this.#held.values();
    if (!oldest) return;
    this.#settle(oldest, true);
    this.#settledUnasked += 1;
    if (this.#settledUnasked > 1) return;
    this.#options.onProblem?.(
      `More than ${this.#options.limit} calls have ended while the shared state is away: the records of the oldest are written without ` +
        'asking whose they are. A call that another instance has taken over may have two',
    );
  }
}
