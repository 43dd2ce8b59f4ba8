import { type EndingCode, type RefusalCode, refusals } from '../../calls/reasons.js';
import type { ReleaseCompleteReason } from '../asn1/h225.js';

/** Why a call was released: H.225.0's reason, Q.850's cause, or both; a peer may give either. */
export interface Release {
  readonly reason: ReleaseCompleteReason['type'] | undefined;
  /** Q.850. */
  readonly cause: number | undefined;
}

/** The reasons that carry no parameter, which are all that we give ourselves. */
export type PlainReleaseReason = Extract<ReleaseCompleteReason, { readonly value: null }>['type'];

/** H.225.0 §7.2.2.8, Table 5: the cause that stands for a reason where no Cause element came. */
const causes: Partial<Record<ReleaseCompleteReason['type'], number>> = {
  noBandwidth: 34,
  gatekeeperResources: 47,
  unreachableDestination: 3,
  destinationRejection: 16,
  invalidRevision: 88,
  noPermission: 127,
  unreachableGatekeeper: 38,
  gatewayResources: 42,
  badFormatAddress: 28,
  adaptiveBusy: 41,
  inConf: 17,
  undefinedReason: 31,
  facilityCallDeflection: 16,
  securityDenied: 31,
  calledPartyNotRegistered: 20,
  callerNotRegistered: 31,
  newConnectionNeeded: 47,
  hopCountExceeded: 25,
};

export function causeOf({ reason, cause }: Release): number | undefined {
  return cause ?? (reason && causes[reason]);
}

/** What a refusal of ours looks like in a Release Complete. */
export function releaseOf(code: RefusalCode): { readonly reason: PlainReleaseReason; readonly cause: number } {
  const { release, q850 } = refusals[code].h323;
  return { reason: isPlain(release) ? release : 'undefinedReason', cause: q850 };
}

const plain: ReadonlySet<string> = new Set<PlainReleaseReason>([
  'noBandwidth',
  'gatekeeperResources',
  'unreachableDestination',
  'destinationRejection',
  'invalidRevision',
  'noPermission',
  'unreachableGatekeeper',
  'gatewayResources',
  'badFormatAddress',
  'adaptiveBusy',
  'inConf',
  'undefinedReason',
  'facilityCallDeflection',
  'securityDenied',
  'calledPartyNotRegistered',
  'callerNotRegistered',
  'newConnectionNeeded',
  'neededFeatureNotSupported',
  'hopCountExceeded',
]);

function isPlain(reason: string): reason is PlainReleaseReason {
  return plain.has(reason);
}

/** How a call ended that the called side released before it answered. */
export function endingOf(release: Release): EndingCode {
  switch (release.reason) {
    case 'inConf':
    case 'adaptiveBusy':
      return 'calleeBusy';
    case 'securityDenied':
    case 'securityError':
    case 'neededFeatureNotSupported':
      return 'calleeRejectedMedia';
    case 'badFormatAddress':
    case 'calledPartyNotRegistered':
      return 'calleeUnknownThere';
    default:
      return endingOfCause(causeOf(release)) ?? (release.reason === 'destinationRejection' ? 'calleeDeclined' : 'calleeRefused');
  }
}

function endingOfCause(cause: number | undefined): EndingCode | undefined {
  switch (cause) {
    case 17:
      return 'calleeBusy';
    case 21:
      return 'calleeDeclined';
    case 18:
    case 19:
      return 'noAnswer';
    case 1:
    case 20:
    case 22:
    case 28:
      return 'calleeUnknownThere';
    case 58:
    case 65:
    case 88:
      return 'calleeRejectedMedia';
    default:
      return undefined;
  }
}

/** Causes that say that the way or the gateway failed, not the one who was called: the next route is tried. */
const wayFailed: ReadonlySet<number> = new Set([2, 3, 27, 34, 38, 41, 42, 43, 44, 47, 63]);
/** Reasons that say so, whatever cause stands beside them. */
const wayFailedReasons: ReadonlySet<ReleaseCompleteReason['type']> = new Set([
  'unreachableDestination',
  'gatewayResources',
  'gatekeeperResources',
  'unreachableGatekeeper',
  'noBandwidth',
  'newConnectionNeeded',
]);

export function callsForNextRoute(release: Release): boolean {
  if (release.reason !== undefined && wayFailedReasons.has(release.reason)) return true;
  const cause = causeOf(release);
  // 41 is what many stacks say of anything; beside a reason of its own it says nothing of the way.
  if (release.reason === 'adaptiveBusy' || release.reason === 'inConf') return false;
  return cause !== undefined && wayFailed.has(cause);
}
