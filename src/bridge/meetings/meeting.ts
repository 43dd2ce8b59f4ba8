import type { EpochMs } from '../../clock.js';
import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { OrganisationId, ZoneId } from '../../gatekeeper/plan/plan.js';
import type { MemberId } from '../../state/member-store.js';
import type { MeetingId, MeetingMedia, ParticipantId, StreamInfo, StreamSource, VideoFormat } from '../media/media.js';

/** What is known of a meeting before anybody is in it: from the plan (permanent) or the API (scheduled, ad hoc). */
export interface MeetingDefinition {
  readonly id: MeetingId;
  readonly kind: 'permanent' | 'scheduled' | 'adhoc';
  /** Shown to participants. */
  readonly title: string;
  /** Whose it is: its licences, and calls out of it, are this organisation's. */
  readonly organisation: OrganisationId;
  /** Digits, 4 to 12. Absent: who comes with the meeting's address is a guest, and hosts are those who have a host link. */
  readonly hostPin: string | undefined;
  /** Absent: guests need none. */
  readonly guestPin: string | undefined;
  /**
   * Who waits in the lobby until a host lets him in: nobody; those who are not of a connected organisation (browsers that only have the guest
   * link, the Internet); or every guest.
   */
  readonly lobby: 'off' | 'outsiders' | 'guests';
  /** Who may come at all. `connected`: participants of connected organisations, and browsers with a host link. */
  readonly admits: 'everybody' | 'connected' | 'organisation';
  /** Limits. */
  readonly maxParticipants: number;
  readonly maxMinutes: number | undefined;
  /** Scheduled: nobody gets in before or after. */
  readonly from: EpochMs | undefined;
  readonly until: EpochMs | undefined;
  /** False: browsers alone, and then VP8 is allowed. */
  readonly roomSystems: boolean;
  /**
   * Links to it are signed with this, too: numbers of meetings that are over are drawn again, and an old link must not open the new one.
   * Absent: a permanent meeting, whose name is its own for good.
   */
  readonly linkSeed?: string | undefined;
}

export type Role = 'host' | 'guest';

/** Where a participant is: asked for a PIN, waiting for a host, in the meeting, gone. */
export type Whereabouts = 'pin' | 'lobby' | 'in' | 'out';

/** Who wants to come in. */
export type Arrival =
  | {
      readonly kind: 'room';
      readonly protocol: 'sip';
      /** The gatekeeper's id of the call, which has the call record. */
      readonly callId: string;
      /** From's display name, else the alias. */
      readonly name: string;
      readonly alias: string;
      readonly organisation: OrganisationId | undefined;
      readonly zone: ZoneId;
      /** Of a caller from the Internet, whose alias is what it says: the address it comes from. */
      readonly source?: string | undefined;
      /** We called it, for a host: no PIN, no lobby. */
      readonly invited: boolean;
    }
  | {
      readonly kind: 'browser';
      readonly name: string;
      /** From its link; undefined: it gave a number alone. */
      readonly key: string | undefined;
      /** As typed at the first try. */
      readonly pin: string | undefined;
      /** For locking out who guesses. */
      readonly source: string;
    };

export type JoinResult = { readonly ok: true; readonly seat: Seat } | JoinRefusal;

export interface JoinRefusal {
  readonly ok: false;
  readonly refusal: RefusalCode;
  /** Browsers: there is a PIN, and none came. Ask for it and come again. */
  readonly pinNeeded?: boolean | undefined;
  /** So long nothing will be listened to. */
  readonly retryMs?: number | undefined;
  /** The meeting is held by this node: go there. `url` is its pages' address, where it is known. */
  readonly elsewhere?: { readonly member: MemberId; readonly url: string | undefined } | undefined;
}

/** Why a participant is out. */
export type LeaveReason = 'left' | 'expelled' | 'ended' | 'refused' | 'wrongPin' | 'timeUp' | 'lost' | 'stopped' | 'mediaFailed';

/** One participant's hold on a meeting. Whoever made it must `leave`. */
export interface Seat {
  readonly participant: ParticipantId;
  readonly meeting: MeetingId;
  readonly media: MeetingMedia;
  readonly where: Whereabouts;
  readonly role: Role;
  /** Called at each change of `where` or `role`, and once with 'out'. */
  onChange(listener: (where: Whereabouts, reason: LeaveReason | undefined) => void): void;
  /** What protects its media, for the list: `SRTP AES-128`. */
  secured(cipher: string): void;
  /**
   * A key of its keypad that came by signalling (SIP INFO); those in RTP come by `MeetingMediaEvents.digit`. Both mean the same. After a
   * wrong PIN `onChange` is called with 'pin' once more.
   */
  digit(digit: string): void;
  /**
   * Called each time the media plane has lost this leg (`MeetingMediaEvents.lost`) while the seat stands: `media` is then where to begin again
   * with a leg of its own. A leg that cannot leaves with 'mediaFailed'.
   */
  onMediaLost(listener: () => void): void;
  /** This room system is to be asked for a whole picture by SIP INFO (RFC 5168): it knows no other way. */
  onKeyFrameNeeded(listener: () => void): void;
  leave(reason: LeaveReason): void;
  /** What happens in the meeting, from now on, for who is in it. */
  onNews(listener: (news: MeetingNews) => void): void;
  /**
   * Its own mute of a stream, so that the others see it. Unmuting takes a mute of everybody back as well; what a host muted it alone stays
   * muted, and it is told so once more.
   */
  ownMute(source: StreamSource, muted: boolean): void;
  /** The meeting as this participant may see it: guests are not told who waits. */
  view(): MeetingView;
  /** Undefined: it is no host, now. */
  readonly host: HostControls | undefined;
}

export type MeetingNews =
  | { readonly news: 'participant'; readonly participant: ParticipantView }
  | { readonly news: 'participantLeft'; readonly participant: ParticipantId }
  | { readonly news: 'speaking'; readonly participants: readonly ParticipantId[]; readonly speaker: ParticipantId | undefined }
  | { readonly news: 'locked'; readonly locked: boolean }
  | { readonly news: 'videoFormat'; readonly format: VideoFormat }
  /** To the one who was muted. `holds`: until a host takes it back. */
  | { readonly news: 'mutedByHost'; readonly source: StreamSource; readonly holds: boolean }
  | {
      readonly news: 'invited';
      readonly address: string;
      readonly outcome: 'ringing' | 'joined' | 'failed';
      readonly reason?: RefusalCode | undefined;
    };

/** What a host may do. Each gives false where there is no such participant. */
export interface HostControls {
  admit(participant: ParticipantId): boolean;
  refuse(participant: ParticipantId): boolean;
  expel(participant: ParticipantId): boolean;
  /**
   * Holds until a host takes it back (`muted` false); then what the participant muted itself stays so.
   */
  mute(participant: ParticipantId, source: StreamSource, muted: boolean): boolean;
  /** Every microphone but those of hosts. Each may take that back for itself. */
  muteAll(): void;
  lock(locked: boolean): void;
  /** Calls a participant in: a number or an address. */
  invite(address: string): Promise<RefusalCode | undefined>;
  end(): void;
}

/** As the list of participants shows one. */
export interface ParticipantView {
  readonly id: ParticipantId;
  readonly name: string;
  readonly kind: 'room' | 'browser';
  readonly role: Role;
  readonly where: 'lobby' | 'in';
  readonly organisation: string | undefined;
  /** `SRTP AES-128`, `DTLS-SRTP AES-128`. */
  readonly cipher: string;
  readonly muted: { readonly self: boolean; readonly host: boolean };
  readonly streams: readonly StreamInfo[];
}

export interface MeetingView {
  readonly id: MeetingId;
  readonly title: string;
  readonly locked: boolean;
  readonly participants: readonly ParticipantView[];
  readonly speaker: ParticipantId | undefined;
  readonly speaking: readonly ParticipantId[];
  readonly videoFormat: VideoFormat;
}

/** The meetings of this node: the SIP side, the browser side and the API all come in here. */
export interface Meetings {
  /** Whether there is such a meeting, held or not. */
  find(meeting: MeetingId): Promise<MeetingDefinition | undefined>;
  join(meeting: MeetingId, arrival: Arrival): Promise<JoinResult>;
}
