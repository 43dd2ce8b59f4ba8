import { type RefusalCode, refusals } from '../../gatekeeper/calls/reasons.js';
import { MediaError } from '../media/media.js';
import type { JoinRefusal } from '../meetings/meeting.js';
import type { ErrorCode, OutReason } from './protocol.js';

/** A request that failed: what its reply says. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly retryMs?: number | undefined,
    readonly url?: string | undefined,
    readonly reason?: OutReason | undefined,
  ) {
    super(message);
  }
}

const codes: Partial<Readonly<Record<RefusalCode, ErrorCode>>> = {
  addressUnreadable: 'badRequest',
  overloaded: 'tooMany',
  meetingUnknown: 'meetingUnknown',
  meetingLocked: 'meetingLocked',
  meetingFull: 'meetingFull',
  meetingNotNow: 'meetingNotNow',
  meetingNotForYou: 'meetingNotForYou',
  meetingElsewhere: 'elsewhere',
  portLicencesExhausted: 'licencesExhausted',
  pinWrong: 'pinWrong',
  pinLockedOut: 'pinLockedOut',
  mediaUnavailable: 'mediaUnavailable',
  meetingsUnavailable: 'mediaUnavailable',
  instanceStopping: 'mediaUnavailable',
};

/** The gatekeeper's reason, as a page is told it. */
export function refused(code: RefusalCode): RequestError {
  return new RequestError(codes[code] ?? 'internal', refusals[code].sip.warning);
}

export function joinRefused({ refusal, pinNeeded, retryMs, elsewhere }: JoinRefusal): RequestError {
  if (pinNeeded) return new RequestError('pinNeeded', 'The meeting has a PIN: send it with join');
  const { code, message } = refused(refusal);
  return new RequestError(code, message, retryMs, elsewhere?.url);
}

const mediaCodes: Readonly<Record<MediaError['code'], ErrorCode>> = {
  media_unavailable: 'mediaUnavailable',
  leg_gone: 'mediaUnavailable',
  no_ports: 'mediaUnavailable',
  not_acceptable: 'mediaNotAcceptable',
  out_of_turn: 'outOfTurn',
};

/** What a reply says of anything thrown. `unexpected`: a fault of ours, which belongs in the log; the text of it stays there. */
export function requestError(error: unknown): { readonly error: RequestError; readonly unexpected: boolean } {
  if (error instanceof RequestError) return { error, unexpected: false };
  if (error instanceof MediaError) return { error: new RequestError(mediaCodes[error.code], error.message), unexpected: false };
  return { error: new RequestError('internal', 'A fault in the meeting service: see its log'), unexpected: true };
}
