import type { EpochMs } from '../../clock.js';
import type { OrganisationId, ZoneId } from '../plan/plan.js';
import type { ReasonCode, RefusalCode } from './reasons.js';

export type CallId = string;
export type Protocol = 'sip' | 'h323' | 'webrtc';

/** One end of a call, as far as it is known. */
export interface Party {
  readonly zone: ZoneId;
  readonly organisation: OrganisationId | undefined;
  /** Canonical: `461010001` or `anna@norr.example`. */
  readonly alias: string;
  readonly protocol: Protocol;
}

/** What an edge knows when a call begins. */
export interface CallAttempt {
  readonly caller: Party;
  /** As it was dialled, cut to 256 characters. */
  readonly dialled: string;
  /** The edge's own name of the call: SIP Call-ID, H.323 callIdentifier. */
  readonly signallingId: string;
}

/** Written once for every attempt, as one JSON line. Times are ISO 8601 UTC with milliseconds. */
export interface CallRecord {
  readonly version: 1;
  readonly id: CallId;
  /** Where the call began; another one may have carried it on. */
  readonly instance: string;
  readonly signallingId: string;
  readonly caller: Party;
  readonly dialled: string;
  /** Absent: the call was refused before a target was found. */
  readonly callee: Party | null;
  /** The route that was answered or tried last: `registration 461020001`, `peer vardbolaget/127.0.0.1:5071;udp`. */
  readonly route: string | null;
  readonly routesTried: number;
  readonly start: string;
  readonly ringing: string | null;
  readonly answer: string | null;
  readonly end: string;
  /** Seconds from answer to end, three decimals; 0 without an answer. */
  readonly durationSeconds: number;
  readonly reason: ReasonCode;
  /** The last SIP status that either side gave, or in a call over H.323 the Q.850 cause; null when there was none. */
  readonly status: number | null;
  /** `AES_CM_128_HMAC_SHA1_80`, `AEAD_AES_256_GCM`, `DTLS-SRTP`, or `none` where a zone is exempt; null without an answer. */
  readonly cipher: string | null;
  /** What the caller was told, where that says more than the reason: a sentence. */
  readonly detail: string | null;
}

/**
 * A call from its first request to its record. An edge makes it with `Calls.begin`, tells it what happens, and ends it once;
 * a second `end` changes nothing. Every method is synchronous but `admit`.
 */
export interface Call {
  readonly id: CallId;
  readonly attempt: CallAttempt;
  readonly startedAt: EpochMs;
  /** Whom the call was last admitted to, or would have been; null before the first admission. */
  readonly callee: Party | null;
  /** True from `end` on, and once another instance carries the call on. */
  readonly ended: boolean;
  /**
   * Takes the call licences of both organisations and the total, all or none; into a meeting (a callee in the zone `meetings`) those of the
   * caller's and the total, as the meeting's organisation gives a meeting port. May be called again when a later route leads to another
   * organisation: it takes what is missing and gives back what is no longer needed.
   */
  admit(callee: Party): Promise<RefusalCode | undefined>;
  /**
   * Says whom the call is with, and takes no call licence: a browser in a meeting has a meeting port instead. For the record; before the
   * answer. After `admit` it only says more exactly who that is.
   */
  admitWithoutLicence(callee: Party): void;
  /** A route is being tried now. */
  trying(route: string): void;
  ringing(): void;
  /** `route`: the one that was answered, where another was tried after it. */
  answered(cipher: string, route?: string): void;
  /** What protects the media, where that shows only after the answer. */
  secured(cipher: string): void;
  /**
   * What another instance needs to carry the call on when this one is lost, as JSON that only the edge itself reads. The last one said holds;
   * before the answer and after the end nothing is noted.
   */
  carry(dialog: string): void;
  /**
   * Calls `listener` when another instance has the call now: the edge forgets it without a word to anybody. The call is `ended` then, and
   * what is still done to it changes nothing.
   */
  onCarriedOnElsewhere(listener: () => void): void;
  /** Writes the record and gives the licences back. `detail`: what the caller was told, where that says more than the reason. */
  end(reason: ReasonCode, status?: number, detail?: string): void;
}

export interface Calls {
  begin(attempt: CallAttempt): Call;
  /** Calls begun and not ended, in this instance. */
  readonly active: number;
}
