import type { EpochMs } from '../../clock.js';
import type { ParticipantId, StreamInfo, StreamSource, VideoFormat } from '../media/media.js';
import { type Attendance, admit, waits } from './admission.js';
import { pressed, silentAt, wrong } from './digits.js';
import type { LeaveReason, MeetingDefinition, MeetingNews, MeetingView, ParticipantView, Role } from './meeting.js';
import type { MeetingAction, MeetingEvent } from './meeting-event.js';
import { arrived, type Participant, viewOf } from './participant.js';

/** So long a meeting stands empty before it ends: a page that is loaded anew must find it again. */
export const EMPTY_GRACE_MS = 30_000;

/** So long somebody may wait in the lobby: a page that was forgotten there has a port of the organisation. */
export const LOBBY_MS = 60 * 60_000;

/**
 * One held meeting: who is where in it, who may do what, and when it is over. Pure: events in, actions out; time comes with the events.
 * Whether somebody may come is `admission.ts`; this counts on having asked it at `arrived`.
 */
export class MeetingState {
  readonly definition: MeetingDefinition;
  readonly #participants = new Map<ParticipantId, Participant>();
  readonly #streams = new Map<string, StreamInfo>();
  #locked: boolean;
  #speaking: readonly ParticipantId[] = [];
  #speaker: ParticipantId | undefined;
  #videoFormat: VideoFormat;
  /** When the first came in; undefined: nobody has yet. */
  #startedAt: EpochMs | undefined;
  #emptySince: EpochMs | undefined;
  #ended: LeaveReason | undefined;

  constructor(
    definition: MeetingDefinition,
    start: {
      readonly now: EpochMs;
      readonly videoFormat: VideoFormat;
      readonly locked?: boolean;
      readonly startedAt?: EpochMs | undefined;
    },
  ) {
    this.definition = definition;
    this.#videoFormat = start.videoFormat;
    this.#locked = start.locked ?? false;
    this.#startedAt = start.startedAt;
    this.#emptySince = start.now;
  }

  get locked(): boolean {
    return this.#locked;
  }

  get startedAt(): EpochMs | undefined {
    return this.#startedAt;
  }

  /** True after the action `over`. */
  get over(): boolean {
    return this.#ended !== undefined;
  }

  /** Why it is over. */
  get ended(): LeaveReason | undefined {
    return this.#ended;
  }

  get attendance(): Attendance {
    let waiting = 0;
    for (const { where } of this.#participants.values()) if (where !== 'in') waiting += 1;
    return { locked: this.#locked, present: this.#participants.size, waiting };
  }

  /** Room systems that are in it, as they can be called. */
  get roomAddresses(): string[] {
    const addresses: string[] = [];
    for (const { where, address } of this.#participants.values()) if (where === 'in' && address !== undefined) addresses.push(address);
    return addresses;
  }

  /** Whether a room system of this address is in it, or waits. */
  hasAddress(address: string): boolean {
    for (const participant of this.#participants.values()) if (participant.address === address) return true;
    return false;
  }

  has(participant: ParticipantId): boolean {
    return this.#participants.has(participant);
  }

  /** When `time` is to be told next; undefined: never. */
  get dueAt(): EpochMs | undefined {
    if (this.over) return undefined;
    const { maxMinutes, until } = this.definition;
    const times = [until];
    if (this.#emptySince !== undefined) times.push(this.#emptySince + EMPTY_GRACE_MS);
    if (this.#startedAt !== undefined && maxMinutes !== undefined) times.push(this.#startedAt + maxMinutes * 60_000);
    for (const { keypad, where, judging, waitingSince } of this.#participants.values()) {
      if (keypad && where === 'pin' && !judging) times.push(silentAt(keypad));
      if (where === 'lobby') times.push(waitingSince + LOBBY_MS);
    }
    const due = times.filter((time) => time !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  apply(event: MeetingEvent, now: EpochMs): MeetingAction[] {
    if (this.over) return [];
    const actions: MeetingAction[] = [];
    this.#apply(event, now, actions);
    return actions;
  }

  /** `viewer` undefined: an operator, who sees everybody. Guests are not told who waits. */
  view(viewer: ParticipantId | undefined): MeetingView {
    const all = viewer === undefined || this.#participants.get(viewer)?.role === 'host';
    const participants: ParticipantView[] = [];
    for (const participant of this.#participants.values()) {
      if (participant.where === 'in' || (all && participant.where === 'lobby'))
        participants.push(viewOf(participant, this.#streams.values()));
    }
    return {
      id: this.definition.id,
      title: this.definition.title,
      locked: this.#locked,
      participants,
      speaker: this.#speaker,
      speaking: this.#speaking,
      videoFormat: this.#videoFormat,
    };
  }

  #apply(event: MeetingEvent, now: EpochMs, actions: MeetingAction[]): void {
    switch (event.type) {
      case 'arrived':
        this.#arrived(event, now, actions);
        return;
      case 'locked':
        if (this.#locked === event.locked) return;
        this.#locked = event.locked;
        actions.push(tellAll({ news: 'locked', locked: event.locked }));
        return;
      case 'ended':
        this.#end(event.reason, actions);
        return;
      case 'muteAll':
        for (const participant of this.#participants.values()) {
          if (participant.where === 'in' && participant.role !== 'host') this.#hostMute(participant, 'microphone', 'withAll', actions);
        }
        return;
      case 'speaking':
      case 'speaker':
        if (event.type === 'speaking') this.#speaking = event.participants.filter((id) => this.#participants.has(id));
        else this.#speaker = event.participant;
        actions.push(tellAll({ news: 'speaking', participants: this.#speaking, speaker: this.#speaker }));
        return;
      case 'videoFormat':
        this.#videoFormat = event.format;
        actions.push(tellAll({ news: 'videoFormat', format: event.format }));
        return;
      case 'mediaLost':
        for (const id of event.participants) this.#mediaLost(id, actions);
        return;
      case 'streamOpened':
        this.#streamOpened(event.stream, actions);
        return;
      case 'streamClosed': {
        const stream = this.#streams.get(event.stream);
        if (!stream) return;
        this.#streams.delete(event.stream);
        const sender = this.#participants.get(stream.participant);
        // What it opens next begins unmuted; the host's mute stays.
        sender?.ownMuted.delete(stream.source);
        this.#tellOf(sender, actions);
        return;
      }
      case 'time':
        this.#time(now, actions);
        return;
      default: {
        const participant = this.#participants.get(event.participant);
        if (participant) this.#about(participant, event, now, actions);
      }
    }
  }

  #about(participant: Participant, event: OneParticipantEvent, now: EpochMs, actions: MeetingAction[]): void {
    switch (event.type) {
      case 'key':
        this.#key(participant, event.key, now, actions);
        return;
      case 'pinJudged':
        this.#pinJudged(participant, event.role, now, actions);
        return;
      case 'left':
        this.#out(participant, event.reason, now, actions);
        return;
      case 'admitted':
        if (participant.where === 'lobby') this.#in(participant, now, actions);
        return;
      case 'refused':
        if (participant.where !== 'in') this.#out(participant, 'refused', now, actions);
        return;
      case 'expelled':
        this.#out(participant, 'expelled', now, actions);
        return;
      case 'hostMute':
        if (participant.where === 'in') this.#hostMute(participant, event.source, event.muted ? 'holds' : undefined, actions);
        return;
      case 'ownMute':
        this.#ownMute(participant, event.source, event.muted, actions);
        return;
      case 'secured':
        if (participant.cipher === event.cipher) return;
        participant.cipher = event.cipher;
        this.#tellOf(participant, actions);
        return;
    }
  }

  #arrived(event: Extract<MeetingEvent, { type: 'arrived' }>, now: EpochMs, actions: MeetingAction[]): void {
    const { participant: id, comer, keypad } = event;
    const participant = arrived(event, now);
    this.#participants.set(id, participant);
    this.#emptySince = undefined;
    if (keypad) return;
    if (waits(this.definition, comer)) this.#lobby(participant, now, actions);
    else this.#in(participant, now, actions);
  }

  #lobby(participant: Participant, now: EpochMs, actions: MeetingAction[]): void {
    participant.where = 'lobby';
    participant.waitingSince = now;
    actions.push(moved(participant));
    this.#tellOf(participant, actions);
  }

  #in(participant: Participant, now: EpochMs, actions: MeetingAction[]): void {
    participant.where = 'in';
    participant.keypad = undefined;
    this.#startedAt ??= now;
    actions.push(moved(participant));
    this.#tellOf(participant, actions);
  }

  #key(participant: Participant, key: string, now: EpochMs, actions: MeetingAction[]): void {
    if (!participant.keypad || participant.judging) return;
    const step = pressed(participant.keypad, key, now);
    participant.keypad = step.keypad;
    if (step.next !== 'judge') return;
    participant.judging = true;
    actions.push({ do: 'judge', participant: participant.id, pin: step.pin });
  }

  #pinJudged(participant: Participant, role: Role | undefined, now: EpochMs, actions: MeetingAction[]): void {
    participant.judging = false;
    if (participant.where === 'in') return;
    if (role === undefined) {
      this.#wrongPin(participant, now, actions);
      return;
    }
    const comer = { ...participant.comer, role };
    // Its own place is not counted against it.
    const { locked, present, waiting } = this.attendance;
    const refusal = admit(this.definition, comer, { locked, present: present - 1, waiting: waiting - 1 });
    if (refusal) {
      this.#out(participant, 'refused', now, actions);
      return;
    }
    participant.role = role;
    if (!waits(this.definition, comer)) this.#in(participant, now, actions);
    else if (participant.where === 'pin') this.#lobby(participant, now, actions);
  }

  #wrongPin(participant: Participant, now: EpochMs, actions: MeetingAction[]): void {
    if (!participant.keypad) return;
    const step = wrong(participant.keypad, now);
    participant.keypad = step.keypad;
    if (participant.where === 'lobby') {
      // It may wait on, but is no longer listened to.
      if (step.next === 'giveUp') participant.keypad = undefined;
      return;
    }
    if (step.next === 'giveUp') this.#out(participant, 'wrongPin', now, actions);
    else actions.push(moved(participant));
  }

  /** `how` undefined: a host takes it back. */
  #hostMute(participant: Participant, source: StreamSource, how: 'holds' | 'withAll' | undefined, actions: MeetingAction[]): void {
    const before = participant.hostMuted.get(source);
    // Who was muted alone is not let go by a mute of everybody.
    if (before === how || (before === 'holds' && how === 'withAll')) return;
    if (how) participant.hostMuted.set(source, how);
    else participant.hostMuted.delete(source);
    if (!before || !how) actions.push({ do: 'mute', participant: participant.id, source, muted: how !== undefined });
    if (how) this.#tellMuted(participant, source, actions);
    this.#tellOf(participant, actions);
  }

  #tellMuted({ id, hostMuted }: Participant, source: StreamSource, actions: MeetingAction[]): void {
    const news = { news: 'mutedByHost', source, holds: hostMuted.get(source) === 'holds' } as const;
    actions.push({ do: 'tell', to: { participant: id }, news });
  }

  #ownMute(participant: Participant, source: StreamSource, muted: boolean, actions: MeetingAction[]): void {
    const before = participant.ownMuted.has(source);
    if (muted) participant.ownMuted.add(source);
    else participant.ownMuted.delete(source);
    const byHost = muted ? undefined : participant.hostMuted.get(source);
    // Who was silenced with everybody must be able to answer when he is asked something.
    if (byHost === 'withAll') this.#hostMute(participant, source, undefined, actions);
    else if (before !== muted) this.#tellOf(participant, actions);
    if (byHost === 'holds') this.#tellMuted(participant, source, actions);
  }

  #mediaLost(id: ParticipantId, actions: MeetingAction[]): void {
    const participant = this.#participants.get(id);
    if (!participant) return;
    for (const [stream, info] of this.#streams) if (info.participant === id) this.#streams.delete(stream);
    participant.ownMuted.clear();
    actions.push({ do: 'restoreMedia', participant: id });
    this.#tellOf(participant, actions);
  }

  #streamOpened(stream: StreamInfo, actions: MeetingAction[]): void {
    const participant = this.#participants.get(stream.participant);
    if (!participant) return;
    this.#streams.set(stream.id, stream);
    // Its media may be made anew, elsewhere: the host's mute holds there too.
    if (participant.hostMuted.has(stream.source)) {
      actions.push({ do: 'mute', participant: participant.id, source: stream.source, muted: true });
    }
    this.#tellOf(participant, actions);
  }

  #time(now: EpochMs, actions: MeetingAction[]): void {
    const { maxMinutes, until } = this.definition;
    const endsAt = Math.min(
      until ?? Number.POSITIVE_INFINITY,
      (this.#startedAt ?? Number.POSITIVE_INFINITY) + (maxMinutes ?? Number.POSITIVE_INFINITY) * 60_000,
    );
    if (now >= endsAt) {
      this.#end('timeUp', actions);
      return;
    }
    for (const participant of [...this.#participants.values()]) {
      const { keypad, where, judging, waitingSince } = participant;
      if (keypad && where === 'pin' && !judging && now >= silentAt(keypad)) this.#wrongPin(participant, now, actions);
      else if (where === 'lobby' && now >= waitingSince + LOBBY_MS) this.#out(participant, 'timeUp', now, actions);
    }
    if (this.#emptySince !== undefined && now >= this.#emptySince + EMPTY_GRACE_MS) this.#end('ended', actions);
  }

  #out(participant: Participant, reason: LeaveReason, now: EpochMs, actions: MeetingAction[]): void {
    this.#remove(participant, reason, actions);
    actions.push({
      do: 'tell',
      to: participant.where === 'in' ? 'all' : 'hosts',
      news: { news: 'participantLeft', participant: participant.id },
    });
    if (this.#participants.size === 0) this.#emptySince = now;
  }

  #remove(participant: Participant, reason: LeaveReason, actions: MeetingAction[]): void {
    const { id, role } = participant;
    this.#participants.delete(id);
    for (const [stream, info] of this.#streams) if (info.participant === id) this.#streams.delete(stream);
    this.#speaking = this.#speaking.filter((other) => other !== id);
    if (this.#speaker === id) this.#speaker = undefined;
    actions.push({ do: 'moved', participant: id, where: 'out', role, reason });
  }

  #end(reason: LeaveReason, actions: MeetingAction[]): void {
    for (const participant of [...this.#participants.values()]) this.#remove(participant, reason, actions);
    this.#ended = reason;
    actions.push({ do: 'over' });
  }

  #tellOf(participant: Participant | undefined, actions: MeetingAction[]): void {
    if (!participant || participant.where === 'pin') return;
    const news = { news: 'participant', participant: viewOf(participant, this.#streams.values()) } as const;
    actions.push({ do: 'tell', to: participant.where === 'in' ? 'all' : 'hosts', news });
  }
}

type OneParticipantEvent = Extract<
  MeetingEvent,
  { type: 'key' | 'pinJudged' | 'left' | 'admitted' | 'refused' | 'expelled' | 'hostMute' | 'ownMute' | 'secured' }
>;

function moved({ id, where, role }: Participant): MeetingAction {
  return { do: 'moved', participant: id, where, role, reason: undefined };
}

function tellAll(news: MeetingNews): MeetingAction {
  return { do: 'tell', to: 'all', news };
}
