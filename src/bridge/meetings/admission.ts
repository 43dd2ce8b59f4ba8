import type { EpochMs } from '../../clock.js';
import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { OrganisationId } from '../../gatekeeper/plan/plan.js';
import type { MeetingDefinition, Role } from './meeting.js';

/** Who stands before the door, once his link or PIN was looked at. */
export interface Comer {
  readonly kind: 'room' | 'browser';
  readonly role: Role;
  /** Of a room system that is connected; undefined for browsers and the Internet. */
  readonly organisation: OrganisationId | undefined;
  /** The meeting called it: a host wants it in. */
  readonly invited: boolean;
  /** Somebody from the same place was put out of the meeting. */
  readonly expelled?: boolean;
  /** It has yet to say its PIN, and stands here as the host that it may be. */
  readonly unproven?: boolean;
}

/** How the meeting stands. Not held: nobody is in it. */
export interface Attendance {
  readonly locked: boolean;
  /** Who holds a place: those in it, and those who wait. */
  readonly present: number;
  /** Of them those in the lobby or before the PIN. */
  readonly waiting: number;
}

export const NOBODY: Attendance = { locked: false, present: 0, waiting: 0 };

/** Does the meeting take place now? Nobody gets in before or after, hosts neither. */
export function openNow({ from, until }: MeetingDefinition, now: EpochMs): RefusalCode | undefined {
  return (from !== undefined && now < from) || (until !== undefined && now >= until) ? 'meetingNotNow' : undefined;
}

/** May he come in, or wait? */
export function admit(definition: MeetingDefinition, comer: Comer, { locked, present, waiting }: Attendance): RefusalCode | undefined {
  if (comer.kind === 'room' && !definition.roomSystems) return 'meetingNotForYou';
  const wanted = comer.invited || comer.role === 'host';
  if (!wanted && !welcome(definition, comer)) return 'meetingNotForYou';
  if (!wanted && locked) return 'meetingLocked';
  if (present >= definition.maxParticipants) return 'meetingFull';
  // Who has nothing but a guest link, or the number, must not fill the meeting from the lobby, so that its hosts find no place.
  const mayWait = comer.unproven === true || waits(definition, comer);
  if (mayWait && waiting >= Math.max(1, Math.floor(definition.maxParticipants / 2))) return 'meetingFull';
  return undefined;
}

function welcome({ admits, organisation }: MeetingDefinition, comer: Comer): boolean {
  switch (admits) {
    case 'everybody':
      return true;
    case 'connected':
      return comer.organisation !== undefined;
    case 'organisation':
      return comer.organisation === organisation;
  }
}

/** In the lobby, until a host lets him in? */
export function waits({ lobby }: MeetingDefinition, { role, invited, organisation, expelled }: Comer): boolean {
  if (role === 'host' || invited) return false;
  return expelled === true || lobby === 'guests' || (lobby === 'outsiders' && organisation === undefined);
}

/** Is there a PIN to give, for who has no link? */
export function wantsPin({ guestPin }: Pick<MeetingDefinition, 'guestPin'>): boolean {
  return guestPin !== undefined;
}
