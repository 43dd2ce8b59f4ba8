import type { OrganisationId } from '../gatekeeper/plan/plan.js';
import type {
  Registration,
  RegistrationChange,
  RegistrationIndex,
  RegistrationResult,
  RegistrationsResult,
} from '../gatekeeper/registry/registration.js';
import type { RegistrationListener } from '../gatekeeper/registry/registry.js';
import type { CallStore } from './call-store.js';
import type { EndpointStore } from './endpoint-store.js';
import type { MeetingStore, PortLicences } from './meeting-store.js';
import type { HintStore, MemberStore } from './member-store.js';

/**
 * What instances must agree on: registrations, licences, calls, meetings, H.323 endpoints, used nonces, and who they are. `memory.ts` is the embedded answer for one instance;
 * a shared answer stands behind the same interface, and `test/state/contract.ts` holds each promise made here as a test.
 *
 * Nothing here throws or rejects for a reason that a caller could mend: a refusal is a value. A shared store that is away answers
 * from what it last knew, as said at each method.
 */
export interface StateStore {
  readonly registrations: RegistrationStore;
  readonly licences: LicenceStore;
  readonly nonces: NonceStore;
  readonly calls: CallStore;
  readonly meetings: MeetingStore;
  readonly endpoints: EndpointStore;
  readonly members: MemberStore;
  readonly hints: HintStore;
  /** 32 random bytes that all instances have alike, and keep over a restart: what one signs the others can check. In memory: this run's own. */
  readonly secret: Buffer;
  /** Stops timers and connections; what was kept in memory is gone. May be called twice. */
  close(): Promise<void>;
}

export interface RegistrationStore {
  /**
   * Applies one REGISTER: all of it or nothing, also against changes of the same alias made at the same moment.
   * When it settles, `index` of this instance shows the result; other instances see it within a second.
   * Store away: applied to this instance alone and handed on later; limits are then those of what this instance knows.
   */
  apply(change: RegistrationChange): Promise<RegistrationResult>;
  /**
   * Applies all changes or none, as one: an RRQ names several aliases, and may let go of others. What `apply` promises holds for them
   * together, and the limits are counted once, after all of them: an alias that goes makes room for one that comes.
   */
  applyAll(changes: readonly RegistrationChange[]): Promise<RegistrationsResult>;
  /**
   * Synchronous and local. At most one second stale: a binding may be found up to a second after it ran out, or, made on another
   * instance, be found up to a second late.
   */
  readonly index: RegistrationIndex;
  /** Every registration this instance knows, in no order; a change during the iteration may or may not show. For the API and reports. */
  all(): Iterable<Registration>;
  /** Registered aliases now, as far as this instance knows: what the limits are counted against. */
  count(organisation?: OrganisationId): number;
  /**
   * The flow is closed: takes away the bindings that only it led to, which are those made by RFC 5626 without a Path. Others may still be
   * reached at their contact, and stay. Gives how many went. A flow belongs to one instance, so this never waits for another.
   */
  dropFlow(flow: string): Promise<number>;
  /** Calls `listener` after an alias changed, with why: its registration, or undefined when none is left. Returns what takes it away. */
  onChange(listener: RegistrationListener): () => void;
}

export interface LicenceStore extends PortLicences {
  /**
   * Takes a call licence from every organisation named and one of the total: all or none, atomically, so that no limit is exceeded
   * however many ask at the same moment. An organisation named twice (a call inside it) is counted once.
   * Store away: granted within the share this instance was last given.
   */
  takeCall(request: CallLicenceRequest): Promise<CallLicenceResult>;
  /**
   * Takes bandwidth of a zone, or gives some back (`by` below 0, never refused). `by` and `limit` in 100 bit/s. False: with it the zone would
   * have more than `limit` in use, and nothing was taken. Atomic across instances; what a lost instance held goes back with its licences.
   * Store away: granted within the share this instance was last given.
   */
  changeBandwidth(zone: string, by: number, limit: number): Promise<boolean>;
  /** Bandwidth in use of a zone, in 100 bit/s. At most one second stale. */
  bandwidthInUse(zone: string): number;
  /** Call licences in use: of one organisation, or in total. At most one second stale; exact in the memory store. */
  callsInUse(organisation?: OrganisationId): number;
}

export interface CallLicenceRequest {
  /** Caller first, then callee. The limits are those of the plan in force, so a reload counts from the next call on. */
  readonly organisations: readonly OrganisationLimit[];
  readonly total: number;
}

export interface OrganisationLimit {
  readonly id: OrganisationId;
  /** Concurrent calls, a whole number >= 0. */
  readonly limit: number;
}

export type CallLicenceResult = { readonly ok: true; readonly lease: CallLease } | LicenceRefusal;

/** Which limit said no. With several it is the first of: the organisations in the order asked, then the total. */
export interface LicenceRefusal {
  readonly ok: false;
  readonly exhausted: { readonly kind: 'organisation'; readonly id: OrganisationId } | { readonly kind: 'total' };
}

/** The licences of one call. The holder releases it; the lease of an instance that died runs out by itself. */
export interface CallLease {
  /** Each counted once; empty after `release`. */
  readonly organisations: readonly OrganisationId[];
  /**
   * Goes over to other organisations, keeping its place in the total: takes what is missing, gives back what is no longer needed,
   * or changes nothing and says whose limit was in the way. A released lease stays released: nothing is taken and it is `ok`.
   */
  change(organisations: readonly OrganisationLimit[]): Promise<{ readonly ok: true } | LicenceRefusal>;
  /** Gives everything back. A second call does nothing. */
  release(): Promise<void>;
}

export interface NonceStore {
  /**
   * True exactly once for a nonce and nonce count (RFC 7616 §3.4: `nc` rises with each request). Counts may come in another order than
   * they were sent in, as they do over UDP, within the last 64. False: used before, or too old to tell; the client is to take a new nonce.
   * `nonce` is the part that is random, 12 characters; `issuedAt` its own time, milliseconds since 1970. Memory is bounded; when it is full, the oldest nonces stop being good.
   * Ask only for nonces whose digest was right: a stranger must not be able to fill the memory.
   *
   * Synchronous and local, so that who is asking is known before the next message is looked at (a CANCEL must find its INVITE). That
   * is exact, as each instance signs its nonces with a key of its own: to every other instance they are stale, and the client is told so.
   */
  use(nonce: string, nc: number, issuedAt: number): boolean;
}
