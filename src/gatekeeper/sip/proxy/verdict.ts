import type { EndingCode } from '../../calls/reasons.js';

/** What a final status from the called side means for the call's record. 2xx never gets here. */
export function endingOf(status: number, cancelled: boolean): EndingCode {
  if (cancelled) return 'callerCancelled';
  switch (status) {
    case 486:
    case 600:
      return 'calleeBusy';
    case 403:
    case 603:
    case 607:
    case 608:
      return 'calleeDeclined';
    case 408:
    case 480:
    case 487:
      return 'noAnswer';
    case 415:
    case 488:
    case 606:
      return 'calleeRejectedMedia';
    case 404:
    case 410:
    case 484:
    case 485:
    case 604:
      return 'calleeUnknownThere';
    case 430:
    case 500:
    case 503:
    case 504:
      return 'routesFailed';
    default:
      return 'calleeRefused';
  }
}
