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

/**
 * One contact of a registration: a SIP Contact (RFC 3261 §10, RFC 5626 §6), or an H.323 endpoint (H.225.0 §7.9).
 */
export interface Binding {
  /** The contact URI as the endpoint wrote it, parameters included. H.323: its call-signalling address, `h323:192.0.2.5:1720;tls=…`. */
  readonly contact: string;
  readonly expiresAt: EpochMs;
  /** Preference in thousandths: q=0.7 is 700; none given is 1000. */
  readonly q: number;
  /** Call-ID and CSeq of the REGISTER. H.323: empty and 0. */
  readonly callId: string;
  readonly cseq: number;
  /** RFC 5626 `+sip.instance` with `reg-id`: one binding per pair replaces the other. Empty: none. H.323: endpointIdentifier, reg-id 1. */
  readonly instance: string;
  readonly regId: number;
  /** Path values (RFC 3327), in order; the target is reached through them. */
  readonly path: readonly string[];
  /**
   * The flow the REGISTER came in on (`Flow.id`): how an endpoint behind NAT or on a connection is reached. H.323: `udp ras`, and with
   * several instances where the RRQ came from and who proved a password.
   */
  readonly flow: string;
}

/** One REGISTER, or what an RRQ says of one of its aliases, as the registry applies it: all of it or nothing. */
export interface RegistrationChange {
  /** `461010001`, `anna@norr.example`, an H.323-ID in lower case, or what `prefixKey` makes of a gateway's prefix. */
  readonly alias: string;
  readonly organisation: OrganisationId;
  readonly zone: ZoneId;
  readonly protocol: 'sip' | 'h323';
  /** Empty: requests of this protocol have no order of their own, and what comes later is newer. */
  readonly callId: string;
  readonly cseq: number;
  /**
   * The alias is for one device: refused while a binding of another `instance` than the contacts' is in force (`duplicateAlias`,
   * H.225.0 §7.9.4).
   */
  readonly exclusive?: boolean;
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

/** What became of several changes that count as one. */
export type RegistrationsResult =
  /** In the order of the changes; absent: no binding of that alias is left. */
  | { readonly ok: true; readonly registrations: readonly (Registration | undefined)[] }
  /** Nothing was changed. `alias`: the first that was refused. */
  | { readonly ok: false; readonly refusal: RefusalCode; readonly alias: string };

/** What the resolver reads: local and synchronous, so that resolving a call never waits for a network. */
export interface RegistrationIndex {
  find(alias: string): Registration | undefined;
  readonly size: number;
}
