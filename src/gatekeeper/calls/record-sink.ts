import type { CallId, CallRecord, Party } from './call.js';

/** What is known when a call begins: enough to write its record if the instance dies. Times are ISO 8601 UTC with milliseconds. */
export interface OpenCall {
  readonly id: CallId;
  /** Where the call began. */
  readonly instance: string;
  readonly signallingId: string;
  readonly caller: Party;
  readonly dialled: string;
  readonly start: string;
  /** The instance that the call came over to, the last one of several. Absent: it is still where it began. */
  readonly takenOverBy?: string;
}

/** What an answer adds. */
export interface CallAnswer {
  readonly callee: Party | null;
  readonly route: string | null;
  readonly routesTried: number;
  readonly ringing: string | null;
  readonly answer: string;
  readonly cipher: string;
}

/**
 * Where calls leave their trace. Synchronous and never throws: a call must not wait for a disk, nor fail with it.
 * For every `begun` there is one `ended` or `recordedElsewhere`; what is said of a call that is not open here is ignored, so that no
 * record is written twice.
 */
export interface RecordSink {
  begun(call: OpenCall): void;
  /** May be told again, when something in it has become known better. */
  answered(id: CallId, answer: CallAnswer): void;
  /**
   * `ours`: whether the record is this instance's to write, as `CallStore.end` says it. Left out, or true: it is. False: another instance
   * writes it. Undefined: nobody could tell; the record is kept, and asked about at the next start.
   */
  ended(record: CallRecord, ours?: Promise<boolean | undefined>): void;
  /** Another instance has written the record of this open call, or will: this one owes none. */
  recordedElsewhere(id: CallId): void;
}
