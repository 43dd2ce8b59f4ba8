import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { OrganisationId } from '../../gatekeeper/plan/plan.js';
import type { QualityReport } from '../media/media.js';
import type { LeaveReason, MeetingDefinition } from './meeting.js';

/** Told of meetings as they happen: metrics, logs. Nothing in it names a person. Called synchronously; must not throw. */
export interface MeetingObserver {
  began(meeting: MeetingDefinition): void;
  ended(meeting: MeetingDefinition): void;
  /** `organisation`: the room system's; a browser's is that of the meeting. Undefined: of none that is connected. */
  joined(meeting: MeetingDefinition, kind: 'room' | 'browser', participant: string, organisation: OrganisationId | undefined): void;
  left(meeting: MeetingDefinition, kind: 'room' | 'browser', participant: string, reason: LeaveReason): void;
  refused(meeting: string, kind: 'room' | 'browser', reason: RefusalCode): void;
  /** Of a participant of this organisation; undefined: of none that is connected. */
  quality(organisation: OrganisationId | undefined, report: QualityReport): void;
  /** Legs whose media went with a worker or a node. */
  mediaLost(meeting: MeetingDefinition, legs: number): void;
  problem(error: unknown, text: string): void;
}
