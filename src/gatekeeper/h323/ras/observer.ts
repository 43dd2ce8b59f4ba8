import type { RefusalCode } from '../../calls/reasons.js';
import type { OrganisationId, ZoneId } from '../../plan/plan.js';
import type { Located } from './neighbours.js';

/** How a registration went, for metrics and logs. */
export interface RegistrationOutcome {
  readonly result: 'registered' | 'refreshed' | 'unregistered' | 'expired' | 'refused';
  /** With `refused`: the refusal, where one of the common list stands for it, and the reason in RRJ. */
  readonly refusal: RefusalCode | undefined;
  readonly reason: string | undefined;
  readonly organisation: OrganisationId | undefined;
  readonly zone: ZoneId | undefined;
  /** The first alias registered or asked for; for logs, never a metric's label. */
  readonly alias: string | undefined;
  readonly endpointId: string | undefined;
  /** The endpoint's product and version, as it says. */
  readonly vendor: string | undefined;
  readonly source: string;
}

/** A request that was rejected, as the one who has to mend it wants to know it. */
export interface Rejection {
  /** `registrationRequest`. */
  readonly type: string;
  /** The reason in the answer: `invalidAlias`. */
  readonly reason: string;
  /** What is wrong, and what to do about it. */
  readonly sentence: string;
  readonly source: string;
  readonly endpointId: string | undefined;
  readonly zone: ZoneId | undefined;
}

/** What happens in RAS, for metrics and logs; every method returns at once and never throws. */
export interface RasObserver {
  received(type: string): void;
  answered(type: string, result: 'confirmed' | 'rejected' | 'inProgress', reason: string | undefined): void;
  rejected(rejection: Rejection): void;
  registered(outcome: RegistrationOutcome): void;
  located(zone: ZoneId, located: Located, cached: boolean): void;
  peerChanged(peerId: string, up: boolean): void;
  /** Nothing was answered, or no more than that it was not understood. `why`: a sentence. */
  malformed(why: string, source: string): void;
  /** A fault of ours; the request stays unanswered. */
  fault(error: unknown, source: string): void;
}

export const silentObserver: RasObserver = {
  received: () => undefined,
  answered: () => undefined,
  rejected: () => undefined,
  registered: () => undefined,
  located: () => undefined,
  peerChanged: () => undefined,
  malformed: () => undefined,
  fault: () => undefined,
};
