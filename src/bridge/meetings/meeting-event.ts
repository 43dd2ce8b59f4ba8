import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { ParticipantId, StreamId, StreamInfo, StreamSource, VideoFormat } from '../media/media.js';
import type { Comer } from './admission.js';
import type { LeaveReason, MeetingNews, Role, Whereabouts } from './meeting.js';

/** What happens to a held meeting. */
export type MeetingEvent =
  | {
      readonly type: 'arrived';
      readonly participant: ParticipantId;
      readonly comer: Comer;
      readonly name: string;
      /** Where a room system can be called; undefined: browsers. */
      readonly address: string | undefined;
      /** Organisation, as the list shows it. */
      readonly organisation: string | undefined;
      /** Its PIN is still to come by keypad. */
      readonly keypad: boolean;
    }
  | { readonly type: 'key'; readonly participant: ParticipantId; readonly key: string }
  /** `role` undefined: the PIN was wrong. */
  | { readonly type: 'pinJudged'; readonly participant: ParticipantId; readonly role: Role | undefined }
  | { readonly type: 'left'; readonly participant: ParticipantId; readonly reason: LeaveReason }
  | { readonly type: 'admitted' | 'refused' | 'expelled'; readonly participant: ParticipantId }
  | { readonly type: 'hostMute'; readonly participant: ParticipantId; readonly source: StreamSource; readonly muted: boolean }
  | { readonly type: 'muteAll' }
  | { readonly type: 'ownMute'; readonly participant: ParticipantId; readonly source: StreamSource; readonly muted: boolean }
  | { readonly type: 'locked'; readonly locked: boolean }
  | { readonly type: 'ended'; readonly reason: LeaveReason }
  | { readonly type: 'secured'; readonly participant: ParticipantId; readonly cipher: string }
  | { readonly type: 'streamOpened'; readonly stream: StreamInfo }
  | { readonly type: 'streamClosed'; readonly stream: StreamId }
  | { readonly type: 'speaking'; readonly participants: readonly ParticipantId[] }
  | { readonly type: 'speaker'; readonly participant: ParticipantId | undefined }
  | { readonly type: 'videoFormat'; readonly format: VideoFormat }
  | { readonly type: 'mediaLost'; readonly participants: readonly ParticipantId[] }
  /** `dueAt` has come. */
  | { readonly type: 'time' };

/** What is to be done about it. */
export type MeetingAction =
  /** The participant is somewhere else now, or is somebody else. */
  | {
      readonly do: 'moved';
      readonly participant: ParticipantId;
      readonly where: Whereabouts;
      readonly role: Role;
      readonly reason: LeaveReason | undefined;
      readonly refusal?: RefusalCode | undefined;
    }
  /** `all`: who is in the meeting; `hosts`: the hosts among them. */
  | { readonly do: 'tell'; readonly to: 'all' | 'hosts' | { readonly participant: ParticipantId }; readonly news: MeetingNews }
  | { readonly do: 'mute'; readonly participant: ParticipantId; readonly source: StreamSource; readonly muted: boolean }
  | { readonly do: 'judge'; readonly participant: ParticipantId; readonly pin: string }
  | { readonly do: 'restoreMedia'; readonly participant: ParticipantId }
  /** Nobody is in it any more, and nothing is left to do. */
  | { readonly do: 'over' };
