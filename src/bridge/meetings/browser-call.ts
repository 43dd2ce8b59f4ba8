import type { Call, Calls } from '../../gatekeeper/calls/call.js';
import type { ReasonCode } from '../../gatekeeper/calls/reasons.js';
import type { ParticipantId } from '../media/media.js';
import type { LeaveReason, MeetingDefinition } from './meeting.js';

/** Zones that stand in no plan, as call records name them. */
const BROWSER_ZONE = 'browser';
const MEETINGS_ZONE = 'meetings';

/** A browser's leg in the call ledger. Whose browser it is stands nowhere: the record says which organisation's meeting it was in. */
export function beginBrowserCall(calls: Calls, definition: MeetingDefinition, participant: ParticipantId): Call {
  const { id, organisation } = definition;
  const call = calls.begin({
    caller: { zone: BROWSER_ZONE, organisation, alias: 'browser', protocol: 'webrtc' },
    dialled: id,
    signallingId: participant,
  });
  call.admitWithoutLicence({ zone: MEETINGS_ZONE, organisation, alias: id, protocol: 'webrtc' });
  call.trying(`meeting ${id}`);
  return call;
}

/** How the record says it. */
export function endingOf(reason: LeaveReason): ReasonCode {
  return endings[reason];
}

const endings: Readonly<Record<LeaveReason, ReasonCode>> = {
  left: 'completed',
  expelled: 'expelled',
  ended: 'meetingEnded',
  refused: 'expelled',
  wrongPin: 'pinWrong',
  timeUp: 'meetingEnded',
  lost: 'mediaLost',
  stopped: 'instanceStopped',
  mediaFailed: 'mediaLost',
};
