import type { MeetingsZone, Organisation } from './plan.js';

/** In call records, and in what instances tell each other of calls. No zone of the plan may have it. */
export const meetingsZoneId = 'meetings';

/**
 * The zone of the meeting service: its leg of a call is judged by it. Whoever takes part is encrypted; there is no exemption. `organisation`:
 * whose meeting calls out.
 */
export function meetingsZone(organisation?: Organisation): MeetingsZone {
  return organisation === undefined ? anyMeeting : { ...anyMeeting, organisation };
}

const anyMeeting: MeetingsZone = {
  kind: 'meetings',
  id: meetingsZoneId,
  organisation: undefined,
  encryption: 'required',
  signalling: 'secure',
  sources: { addresses: [], certificateNames: [] },
};

/** What an H.323 system is told that calls a meeting, as `meetingsUnavailable` says less. */
export const noMeetingsInH323 = 'Meetings take SIP and browsers: call by SIP, from the system itself or through a SIP trunk';
