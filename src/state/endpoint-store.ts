import type { EpochMs } from '../clock.js';
import type { MemberId } from './member-store.js';

/** An endpoint as it was last told. */
export interface SharedEndpoint {
  /** The run of an instance that has it; it need not live any more (`MemberStore.others`). */
  readonly owner: MemberId;
  readonly value: string;
}

/**
 * H.323 endpoints of all instances, by their endpointIdentifier: what an instance needs to go on with an endpoint that registered at
 * another one. Aliases stand in the registry; this is the rest. An endpoint is with one instance at a time, which asks it whether it is there.
 *
 * In the memory store there are no others: nothing is found, and everything is this instance's own.
 */
export interface EndpointStore {
  /**
   * Tells the others of an endpoint of this instance, or of news in it. Returns at once and never fails; sent with others a few milliseconds
   * later, and when the store is back. `value`: JSON that RAS alone reads, with its schema. It is forgotten a minute after `expiresAt`.
   */
  put(id: string, value: string, expiresAt: EpochMs): void;
  /**
   * An endpoint of this instance has unregistered or run out: forgotten everywhere. False: it has moved to another instance, and its
   * aliases are not this instance's to take away. True also while the store is away.
   */
  remove(id: string): Promise<boolean>;
  /** An endpoint that came to this instance: its own from now on. Undefined: no instance knows it, or the store is away. */
  take(id: string): Promise<string | undefined>;
  /** What is known of an endpoint, wherever it is. Undefined: no instance knows it. `away`: the store cannot be asked. */
  read(id: string): Promise<SharedEndpoint | 'away' | undefined>;
  /** Called with each endpoint of this instance that another has taken. Returns what takes the listener away. */
  onMoved(listener: (id: string) => void): () => void;
  /** There are no others, and nothing that is put is ever read: it need not be made. */
  readonly isAlone?: boolean;
}
