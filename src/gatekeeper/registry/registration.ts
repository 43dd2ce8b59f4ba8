import type { EpochMs } from '../../clock.js';
import type { RefusalCode } from '../calls/reasons.js';
import type { OrganisationId, ZoneId } from '../plan/plan.js';

/** An alias bound to one or more contacts for a time. */
export interface Registration {
  /** `461010001`, `anna@norr.example`, or an H.323-ID in lower case. */
  readonly alias: string;
  readonly organisation: OrganisationId;
  readonly zone: ZoneId;
  readonly protocol: 'sip' | 'h323';
  /** Never empty; highest q first, then most recently refreshed. */
  readonly bindings: readonly Binding[];
}

/** One contact of a registration (RFC 3261 §10, RFC 5626 §6). */
export interface Binding {
  /** The contact URI as the endpoint wrote it, parameters included. */
  readonly contact: string;
  readonly expiresAt: EpochMs;
  /** Preference in thousandths: q=0.7 is 700; none given is 1000. */
  readonly q: number;
  readonly callId: string;
  readonly cseq: number;
  /** RFC 5626 `+sip.instance` with `reg-id`: one binding per pair replaces the other. Empty: none. */
  readonly instance: string;
  readonly regId: number;
  /** Path values (RFC 3327), in order; the target is reached through them. */
  readonly path: readonly string[];
  /** The flow the REGISTER came in on (`Flow.id`): how an endpoint behind NAT or on a connection is reached. */
  readonly flow: string;
}

/** One REGISTER or RRQ, as the registry applies it: all of it or nothing. */
export interface RegistrationChange {
  readonly alias: string;
  readonly organisation: OrganisationId;
  readonly zone: ZoneId;
  readonly protocol: 'sip' | 'h323';
  readonly callId: string;
  readonly cseq: number;
  /** `expires: 0` removes that contact. Expiry in seconds, already within min and max. */
  readonly contacts: readonly ContactChange[];
  /** `Contact: *`: removes every binding (RFC 3261 §10.2.2). */
  readonly removeAll: boolean;
  /** Limits at this moment: an alias that would be one too many is refused; a refresh never is. */
  readonly limits: { readonly organisation: number; readonly total: number };
}

export interface ContactChange {
  readonly contact: string;
  /** The contact compared as RFC 3261 §19.1.4 wants: made by the edge. */
  readonly key: string;
  readonly expires: number;
  readonly q: number;
  readonly instance: string;
  readonly regId: number;
  readonly path: readonly string[];
  readonly flow: string;
}

export type RegistrationResult =
  /** Absent registration: no binding is left. */
  { readonly ok: true; readonly registration: Registration | undefined } | { readonly ok: false; readonly refusal: RefusalCode };

/** What the resolver reads: local and synchronous, so that resolving a call never waits for a network. */
export interface RegistrationIndex {
  find(alias: string): Registration | undefined;
  readonly size: number;
}
