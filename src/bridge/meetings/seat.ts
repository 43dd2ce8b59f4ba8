import type { MeetingMedia, ParticipantId, StreamSource } from '../media/media.js';
import type { HostControls, LeaveReason, MeetingNews, MeetingView, Role, Seat, Whereabouts } from './meeting.js';
import type { MeetingEvent } from './meeting-event.js';

/** The meeting that a seat is in. */
export interface SeatMeeting {
  readonly id: string;
  readonly media: MeetingMedia;
  apply(event: MeetingEvent): void;
  view(viewer: ParticipantId): MeetingView;
  readonly controls: HostControls;
}

/** A participant's hold on a meeting: what it does goes to the meeting as events, what the meeting makes of it comes back to its listeners. */
export class MeetingSeat implements Seat {
  readonly participant: ParticipantId;
  readonly #meeting: SeatMeeting;
  #where: Whereabouts;
  #role: Role;
  #change: ((where: Whereabouts, reason: LeaveReason | undefined) => void)[] = [];
  #mediaLost: (() => void)[] = [];
  #keyFrame: (() => void)[] = [];
  #news: ((news: MeetingNews) => void)[] = [];

  constructor(participant: ParticipantId, meeting: SeatMeeting, where: Whereabouts, role: Role) {
    this.participant = participant;
    this.#meeting = meeting;
    this.#where = where;
    this.#role = role;
  }

  get meeting(): string {
    return this.#meeting.id;
  }

  get media(): MeetingMedia {
    return this.#meeting.media;
  }

  get where(): Whereabouts {
    return this.#where;
  }

  get role(): Role {
    return this.#role;
  }

  get host(): HostControls | undefined {
    return this.#role === 'host' && this.#where === 'in' ? this.#meeting.controls : undefined;
  }

  onChange(listener: (where: Whereabouts, reason: LeaveReason | undefined) => void): void {
    this.#change.push(listener);
  }

  onMediaLost(listener: () => void): void {
    this.#mediaLost.push(listener);
  }

  onKeyFrameNeeded(listener: () => void): void {
    this.#keyFrame.push(listener);
  }

  onNews(listener: (news: MeetingNews) => void): void {
    this.#news.push(listener);
  }

  secured(cipher: string): void {
    this.#meeting.apply({ type: 'secured', participant: this.participant, cipher });
  }

  digit(digit: string): void {
    this.#meeting.apply({ type: 'key', participant: this.participant, key: digit });
  }

  ownMute(source: StreamSource, muted: boolean): void {
    this.#meeting.apply({ type: 'ownMute', participant: this.participant, source, muted });
  }

  leave(reason: LeaveReason): void {
    if (this.#where !== 'out') this.#meeting.apply({ type: 'left', participant: this.participant, reason });
  }

  view(): MeetingView {
    return this.#meeting.view(this.participant);
  }

  /** For the meeting: it is there now. */
  moved(where: Whereabouts, role: Role, reason: LeaveReason | undefined): void {
    if (this.#where === 'out') return;
    this.#where = where;
    this.#role = role;
    for (const listener of [...this.#change]) listener(where, reason);
    if (where !== 'out') return;
    this.#change = [];
    this.#mediaLost = [];
    this.#keyFrame = [];
    this.#news = [];
  }

  restoreMedia(): void {
    for (const listener of [...this.#mediaLost]) listener();
  }

  keyFrameNeeded(): void {
    for (const listener of [...this.#keyFrame]) listener();
  }

  told(news: MeetingNews): void {
    for (const listener of [...this.#news]) listener(news);
  }
}
