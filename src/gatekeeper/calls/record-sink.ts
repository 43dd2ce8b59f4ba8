import type { CallId, CallRecord, Party } from './call.js';

/** What is known when a call begins: enough to write its record if the instance dies. Times are ISO 8601 UTC with milliseconds. */
export interface OpenCall {
  readonly id: CallId;
  readonly instance: string;
  readonly signallingId: string;
  readonly caller: Party;
  readonly dialled: string;
  readonly start: string;
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
 * For every `begun` there is one `ended`; a record of a call that is not open here is ignored, so that none is written twice.
 */
export interface RecordSink {
  begun(call: OpenCall): void;
  answered(id: CallId, answer: CallAnswer): void;
  ended(record: CallRecord): void;
}
