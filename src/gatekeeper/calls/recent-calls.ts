import type { Call, CallRecord } from './call.js';
import type { CallObserver } from './calls.js';

/** A call as the API shows it while it lives; an ended one is shown as its record. */
export interface LiveCall {
  readonly id: string;
  readonly state: 'live';
  readonly signallingId: string;
  readonly caller: Call['attempt']['caller'];
  readonly dialled: string;
  readonly start: string;
}

/** The last records, newest first, for the API: a look at what just happened, not an archive. */
export class RecentCalls implements CallObserver {
  readonly #size: number;
  readonly #ring: CallRecord[] = [];
  #next = 0;

  constructor(size = 1000) {
    this.#size = size;
  }

  ended(record: CallRecord): void {
    this.#ring[this.#next] = record;
    this.#next = (this.#next + 1) % this.#size;
  }

  /** At most `limit`, newest first. */
  last(limit: number): CallRecord[] {
    const { length } = this.#ring;
    const count = Math.min(limit, length);
    const records: CallRecord[] = [];
    for (let back = 1; back <= count; back += 1) {
      const record = this.#ring[(this.#next - back + length) % length];
      if (record) records.push(record);
    }
    return records;
  }
}

export function liveCall({ id, attempt, startedAt }: Call): LiveCall {
  const { signallingId, caller, dialled } = attempt;
  return { id, state: 'live', signallingId, caller, dialled, start: new Date(startedAt).toISOString() };
}
