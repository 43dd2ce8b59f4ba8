import type { CallId, Party } from '../gatekeeper/calls/call.js';
import type { CallAnswer, OpenCall } from '../gatekeeper/calls/record-sink.js';
import type { CallLease } from './store.js';

/** What other instances must know of a call to write its record, and to carry it on, when its instance is lost. */
export interface StoredCall {
  /** As it began. */
  readonly begun: OpenCall;
  /** Whom it was last admitted to; null before. */
  readonly callee: Party | null;
  /** Undefined: not answered yet. */
  readonly answer: CallAnswer | undefined;
  /**
   * What its edge needs to carry it on, as JSON that this edge alone reads: the dialog of a SIP call. Undefined: it cannot be carried on, as
   * an H.323 call whose connections went with its instance, or one that is not answered yet.
   */
  readonly dialog: string | undefined;
}

/** A call that came over to this instance, with the licences that it holds. */
export interface TakenCall extends StoredCall {
  readonly lease: CallLease;
}

/**
 * Where a call is. `here`: `onTaken` has been told of it if it came over just now. `there`: the member (`MemberStore`) that has it, and what
 * that one told of it.
 */
export type CallPlace =
  | { readonly at: 'here'; readonly id: CallId }
  | { readonly at: 'there'; readonly id: CallId; readonly owner: string; readonly call: StoredCall };

export interface CallName {
  readonly id?: CallId | undefined;
  /** The edge's own name, as in `begun` (where it is cut). */
  readonly signallingId: string;
  /** Whether a call whose instance is silent is to come over. Default true; false: whoever asks could not carry it on. */
  readonly take?: boolean;
}

/**
 * The calls of all instances. A call has one owner at a time: the instance that carries it and that writes its record. When an instance is
 * lost its calls go over to others, each to one of them; which of them ends up with it is decided in the store alone.
 *
 * In the memory store there are no others: everything settles at once, and nothing is ever taken.
 */
export interface CallStore {
  /**
   * Tells the others of a call of this instance, or of news in it. Returns at once and never fails: it is sent with others a few
   * milliseconds later, and what could not be told while the store was away is told when it is back.
   */
  put(call: StoredCall, lease: CallLease | undefined): void;
  /**
   * The call is over here. True: its record is this instance's to write. False: it was taken over, and the record is written elsewhere.
   * Settles when that is known: at once as a rule; while the store is away, when it is back. A call that no other instance was ever told of
   * settles true at once. Never rejects; when the store closes first it settles undefined, and `settle` tells at the next start.
   */
  end(id: CallId): Promise<boolean | undefined>;
  /**
   * Where a call is that this instance does not have: by its id, else by the edge's own name for it. One whose instance has been silent for
   * longer than a beat or two comes over to this instance. Undefined: no instance knows it. `away`: the store cannot be asked.
   */
  find(name: CallName): Promise<CallPlace | 'away' | undefined>;
  /**
   * The parties have ended a call that another instance has: that one is told, now or when the store is back, and ends it for its record.
   * `end` does it by itself where it settles false.
   */
  over(id: CallId): void;
  /** Called with each call of this instance that another one saw the end of. */
  onOver(listener: (id: CallId) => void): void;
  /**
   * At the start, for calls that the journal of an earlier run of this instance has open: those whose record this instance must write now.
   * The others are recorded already, or have come over to another instance, or come to this one by `onTaken`.
   * @param ended those that were over, by the journal, when that run ended
   */
  settle(open: readonly CallId[], ended: readonly CallId[]): Promise<ReadonlySet<CallId>>;
  /** Called with each call that comes over to this instance. One listener; without one no call is taken. */
  onTaken(listener: (call: TakenCall) => void): void;
  /**
   * Called with each call of this instance that is its own no longer, as it was thought to be lost. `recorded`: its record is written, by
   * whoever thought so; without it, another instance carries the call on. Its licences are no longer counted here when it is carried on
   * elsewhere; otherwise they are until `lease.release()`.
   */
  onLost(listener: (id: CallId, recorded: boolean) => void): void;
  /** Hands all calls of this instance to the others: it is being stopped. Gives how many were there; 0 when there is nobody to take them. */
  handOver(): Promise<number>;
}
