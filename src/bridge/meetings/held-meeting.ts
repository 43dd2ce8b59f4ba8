import type { Clock, EpochMs, Timer } from '../../clock.js';
import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { OrganisationId } from '../../gatekeeper/plan/plan.js';
import type { MediaEngine, MeetingMedia, MeetingMediaEvents, ParticipantId, QualityReport, StreamSource } from '../media/media.js';
import type { Attendance } from './admission.js';
import type { HostControls, LeaveReason, MeetingDefinition, MeetingNews, MeetingView } from './meeting.js';
import type { MeetingAction, MeetingEvent } from './meeting-event.js';
import { MeetingState } from './meeting-state.js';
import { MeetingSeat, type SeatMeeting } from './seat.js';

const dayMs = 24 * 60 * 60 * 1000;

/** What a held meeting asks of the service it is part of. */
export interface HeldMeetingHost {
  readonly clock: Clock;
  /** Whose PIN is this? Answers when it may be answered. */
  judge(meeting: HeldMeeting, participant: ParticipantId, pin: string): void;
  invite(meeting: HeldMeeting, address: string): Promise<RefusalCode | undefined>;
  quality(meeting: HeldMeeting, reports: readonly QualityReport[]): void;
  mediaLost(meeting: HeldMeeting, legs: number): void;
  /** What another node needs to go on with it: told after each change. */
  note(meeting: HeldMeeting, value: string): void;
  /** It is over: nobody is in it, and its media are to be closed. */
  over(meeting: HeldMeeting): void;
  problem(error: unknown, text: string): void;
}

/** Seats can have something to give back: a licence, a call record. */
export interface Occupant {
  readonly kind: 'room' | 'browser';
  /** A browser's is that of the meeting. */
  readonly organisation: OrganisationId | undefined;
  /** Where it came from, for counting its wrong PINs. */
  readonly source: string;
  /** Called once, when it is out. */
  readonly left: (reason: LeaveReason) => void;
}

interface Occupied {
  readonly seat: MeetingSeat;
  readonly occupant: Occupant;
}

/** What a new holder reads of a meeting whose node was lost. */
export interface MeetingNote {
  /** To be called again. */
  readonly rooms: readonly string[];
  readonly locked: boolean;
  readonly startedAt: EpochMs | undefined;
}

/** Places that somebody was put out from, for one meeting. Beyond, the oldest are forgotten. */
const EXPELLED_MOST = 100;

/** A meeting that this node holds: its state, its media and its seats, and the timer that tells the state of time. */
export class HeldMeeting implements SeatMeeting {
  readonly id: string;
  readonly definition: MeetingDefinition;
  readonly media: MeetingMedia;
  readonly controls: HostControls;
  readonly #host: HeldMeetingHost;
  readonly #state: MeetingState;
  readonly #seats = new Map<ParticipantId, Occupied>();
  /**
   * Where those came from who were put out, oldest first: who comes from there has to wait for a host, until nobody is left whom that protects.
   */
  readonly #expelled = new Set<string>();
  readonly #quality = new Map<ParticipantId, readonly QualityReport[]>();
  /** The service's; it cancels it when the meeting is over. */
  whileHeld: Timer | undefined;
  #timer: { readonly at: EpochMs; readonly timer: Timer } | undefined;
  #noted = '';

  /** Rejects with MediaError when no worker lives. */
  static async open(definition: MeetingDefinition, engine: MediaEngine, host: HeldMeetingHost, note?: MeetingNote): Promise<HeldMeeting> {
    // Until `open` has answered nobody is in it, and nothing can be told of anybody.
    let held: HeldMeeting | undefined;
    const apply = (event: MeetingEvent) => held?.apply(event);
    const events: MeetingMediaEvents = {
      streamOpened: (stream) => apply({ type: 'streamOpened', stream }),
      streamClosed: (stream) => apply({ type: 'streamClosed', stream }),
      speaking: (participants) => apply({ type: 'speaking', participants }),
      speaker: (participant) => apply({ type: 'speaker', participant }),
      digit: (participant, key) => apply({ type: 'key', participant, key }),
      keyFrameNeeded: (participant) => held?.keyFrameNeeded(participant),
      videoFormat: (format) => apply({ type: 'videoFormat', format }),
      lost: (participants) => {
        if (held) host.mediaLost(held, participants.length);
        apply({ type: 'mediaLost', participants });
      },
      quality: (reports) => {
        held?.reported(reports);
      },
    };
    const media = await engine.open(definition.id, { events });
    held = new HeldMeeting(definition, media, host, note);
    return held;
  }

  private constructor(definition: MeetingDefinition, media: MeetingMedia, host: HeldMeetingHost, note: MeetingNote | undefined) {
    this.id = definition.id;
    this.definition = definition;
    this.media = media;
    this.#host = host;
    this.#state = new MeetingState(definition, {
      now: host.clock.now(),
      videoFormat: media.videoFormat,
      locked: note?.locked ?? false,
      startedAt: note?.startedAt,
    });
    this.controls = this.#controls();
    this.#arm();
  }

  get over(): boolean {
    return this.#state.over;
  }

  get attendance(): Attendance {
    return this.#state.attendance;
  }

  get startedAt(): EpochMs | undefined {
    return this.#state.startedAt;
  }

  /** Why it was over; undefined: it is not. */
  get ended(): LeaveReason | undefined {
    return this.#state.ended;
  }

  get occupants(): Occupant[] {
    return [...this.#seats.values()].map(({ occupant }) => occupant);
  }

  organisationOf(participant: ParticipantId): OrganisationId | undefined {
    return this.#seats.get(participant)?.occupant.organisation;
  }

  /** Was somebody from there put out? */
  hasExpelled(source: string): boolean {
    return this.#expelled.has(source);
  }

  sourceOf(participant: ParticipantId): string | undefined {
    return this.#seats.get(participant)?.occupant.source;
  }

  seat(arrival: Extract<MeetingEvent, { type: 'arrived' }>, occupant: Occupant): MeetingSeat {
    const seat = new MeetingSeat(arrival.participant, this, arrival.keypad ? 'pin' : 'lobby', arrival.comer.role);
    this.#seats.set(arrival.participant, { seat, occupant });
    this.apply(arrival);
    return seat;
  }

  apply(event: MeetingEvent): void {
    for (const action of this.#state.apply(event, this.#host.clock.now())) this.#perform(action);
    if (this.#seats.size === 0) this.#expelled.clear();
    this.#note();
    this.#arm();
  }

  /** `viewer` undefined: an operator. */
  view(viewer: ParticipantId | undefined): MeetingView {
    return this.#state.view(viewer);
  }

  /** Whether a room system of this address is in it, or waits. */
  hasAddress(address: string): boolean {
    return this.#state.hasAddress(address);
  }

  has(participant: ParticipantId): boolean {
    return this.#state.has(participant);
  }

  /** Of the last interval; empty: nothing is known yet. */
  qualityOf(participant: ParticipantId): readonly QualityReport[] {
    return this.#quality.get(participant) ?? [];
  }

  reported(reports: readonly QualityReport[]): void {
    const latest = new Map<ParticipantId, QualityReport[]>();
    for (const report of reports) {
      if (!this.has(report.participant)) continue;
      const of = latest.get(report.participant);
      if (of) of.push(report);
      else latest.set(report.participant, [report]);
    }
    for (const [participant, of] of latest) this.#quality.set(participant, of);
    this.#host.quality(this, reports);
  }

  keyFrameNeeded(participant: ParticipantId): void {
    this.#seats.get(participant)?.seat.keyFrameNeeded();
  }

  tell(news: MeetingNews, to: 'all' | 'hosts'): void {
    for (const { seat } of [...this.#seats.values()]) {
      if (seat.where === 'in' && (to === 'all' || seat.role === 'host')) seat.told(news);
    }
  }

  #perform(action: MeetingAction): void {
    switch (action.do) {
      case 'moved': {
        const occupied = this.#seats.get(action.participant);
        if (!occupied) return;
        if (action.where === 'out') {
          this.#seats.delete(action.participant);
          this.#quality.delete(action.participant);
          if (action.reason === 'expelled') this.#rememberExpelled(occupied.occupant.source);
          occupied.occupant.left(action.reason ?? 'left');
        }
        occupied.seat.moved(action.where, action.role, action.reason);
        return;
      }
      case 'tell':
        if (typeof action.to === 'string') this.tell(action.news, action.to);
        else this.#seats.get(action.to.participant)?.seat.told(action.news);
        return;
      case 'mute':
        this.#mute(action.participant, action.source, action.muted);
        return;
      case 'judge':
        this.#host.judge(this, action.participant, action.pin);
        return;
      case 'restoreMedia':
        this.#seats.get(action.participant)?.seat.restoreMedia();
        return;
      case 'over':
        this.#timer?.timer.cancel();
        this.#timer = undefined;
        this.#host.over(this);
    }
  }

  #rememberExpelled(source: string): void {
    this.#expelled.delete(source);
    this.#expelled.add(source);
    const [oldest] = this.#expelled;
    if (this.#expelled.size > EXPELLED_MOST && oldest !== undefined) this.#expelled.delete(oldest);
  }

  #mute(participant: ParticipantId, source: StreamSource, muted: boolean): void {
    this.media.setMuted(participant, source, muted).catch((error: unknown) => {
      // A leg that is gone meanwhile has nothing left to mute.
      if (this.has(participant)) this.#host.problem(error, 'A participant could not be muted');
    });
  }

  #controls(): HostControls {
    const about = (type: 'admitted' | 'refused' | 'expelled') => (participant: ParticipantId) => {
      const known = this.has(participant);
      if (known) this.apply({ type, participant });
      return known;
    };
    return {
      admit: about('admitted'),
      refuse: about('refused'),
      expel: about('expelled'),
      mute: (participant, source, muted) => {
        const known = this.has(participant);
        if (known) this.apply({ type: 'hostMute', participant, source, muted });
        return known;
      },
      muteAll: () => this.apply({ type: 'muteAll' }),
      lock: (locked) => this.apply({ type: 'locked', locked }),
      invite: (address) => this.#host.invite(this, address),
      end: () => this.apply({ type: 'ended', reason: 'ended' }),
    };
  }

  #note(): void {
    if (this.#state.over) return;
    const note: MeetingNote = { rooms: this.#state.roomAddresses, locked: this.#state.locked, startedAt: this.#state.startedAt };
    const value = JSON.stringify(note);
    if (value === this.#noted) return;
    this.#noted = value;
    this.#host.note(this, value);
  }

  #arm(): void {
    const at = this.#state.dueAt;
    if (at === this.#timer?.at) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (at === undefined) return;
    // A timer of Node's takes 24 days at most; `time` before its time does nothing but arm the next.
    const timer = this.#host.clock.after(Math.min(dayMs, Math.max(0, at - this.#host.clock.now())), () => {
      this.#timer = undefined;
      this.apply({ type: 'time' });
    });
    this.#timer = { at, timer };
  }
}
