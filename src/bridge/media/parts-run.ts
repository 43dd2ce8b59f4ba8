import type { RtpCapabilities } from 'mediasoup/types';
import { KeyFramesBySignalling } from './key-frames-by-signalling.js';
import {
  MediaError,
  type MeetingId,
  type MeetingMediaEvents,
  type ParticipantId,
  type QualityReport,
  type StreamId,
  type StreamInfo,
  type StreamSource,
  type VideoFormat,
} from './media.js';
import type { PartEvent } from './part-api.js';
import { loadOf, type PartHandle, type PartPlace } from './part-place.js';
import { Feeds } from './parts-feeds.js';
import { type Leg, mustStand } from './parts-leg.js';
import { makePart } from './parts-make.js';
import { placesFor } from './parts-placement.js';
import { Receivers } from './parts-receivers.js';
import { MeetingStreams } from './parts-streams.js';
import { Pipes } from './pipes.js';
import type { Placement } from './pool.js';

/** What a meeting's media need of what is around them. */
export interface RunSurroundings {
  readonly meeting: MeetingId;
  readonly events: MeetingMediaEvents;
  readonly placement: Placement;
  failed(what: string, reason: string): void;
  /** Home has died, and with it everything: this run is over. */
  over(): void;
}

/** Until a room system says otherwise. */
export const firstFormat: VideoFormat = { codec: 'H264', packetizationMode: 1, maxBitrate: 2_000_000 };

/** A meeting's media from the making of its home until home dies or the meeting ends: its parts, the legs on them, and what goes between. */
export class MeetingRun {
  readonly rtpCapabilities: RtpCapabilities;
  readonly home: PartHandle;
  readonly feeds: Feeds;
  readonly streams: MeetingStreams;
  readonly pipes: Pipes;
  readonly receivers: Receivers;
  readonly #around: RunSurroundings;
  readonly #others = new Set<PartHandle>();
  readonly #legs = new Map<ParticipantId, Leg>();
  readonly #keyFrames: KeyFramesBySignalling;
  readonly #freezes = new Map<ParticipantId, number>();
  /** Parts come and go one at a time. */
  #turn: Promise<unknown> = Promise.resolve();
  #videoFormat = firstFormat;
  #speaker: ParticipantId | undefined;
  #previous: ParticipantId | undefined;
  #over = false;

  /** Makes home on the least loaded worker that can. Rejects with MediaError, `media_unavailable` when there is none. */
  static async open(around: RunSurroundings): Promise<MeetingRun> {
    await around.placement.ready();
    const places = around.placement.threads.toSorted((a, b) => a.load - b.load);
    let failure: unknown = new MediaError('media_unavailable', 'No media worker lives');
    for (const place of places) {
      try {
        let run: MeetingRun | undefined;
        const made = await makePart(
          around.meeting,
          place,
          true,
          (part, event) => run?.event(part, event),
          (part) => run?.lost(part),
        );
        run = new MeetingRun(around, made.part, made.rtpCapabilities);
        return run;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  private constructor(around: RunSurroundings, home: PartHandle, rtpCapabilities: RtpCapabilities) {
    this.#around = around;
    this.home = home;
    this.rtpCapabilities = rtpCapabilities;
    const failed = (what: string, error: unknown): void => this.failed(what, error);
    this.#keyFrames = new KeyFramesBySignalling((participant) => around.events.keyFrameNeeded(participant));
    this.pipes = new Pipes(failed);
    this.streams = new MeetingStreams(home, this.pipes, around.events, failed);
    this.receivers = new Receivers(this.streams, this.pipes);
    this.feeds = new Feeds(home, this.pipes, (showing) => this.streams.setShowing(showing), failed);
  }

  /** Home has died, or the meeting was closed. */
  get isOver(): boolean {
    return this.#over;
  }

  get videoFormat(): VideoFormat {
    return this.#videoFormat;
  }

  get parts(): readonly PartHandle[] {
    return [this.home, ...this.#others];
  }

  /** Gives a new leg its place, and makes a part for it where there is none. */
  add(participant: ParticipantId, kind: Leg['kind']): Promise<Leg> {
    return this.#inTurn(async () => {
      this.#mustRun();
      if (this.#legs.has(participant)) throw new MediaError('out_of_turn', `${participant} has a leg in this meeting already`);
      const part = await this.#place(loadOf[kind]);
      const leg: Leg = {
        participant,
        kind,
        part,
        waiting: kind === 'room',
        muted: new Set(),
        sound: undefined,
        bySignalling: new Set(),
        asking: 0,
        gone: false,
      };
      this.#legs.set(participant, leg);
      this.#weigh(part);
      try {
        if (leg.waiting) await this.#tellWaiting(leg);
      } catch (error) {
        this.#forget(leg);
        throw error;
      }
      return leg;
    });
  }

  async remove(leg: Leg): Promise<void> {
    if (leg.gone) return;
    this.#forget(leg);
    const parts = leg.part === this.home ? [leg.part] : [leg.part, this.home];
    const closing = `closing ${leg.participant}`;
    // Begun first, so that home is asked for no feed of this leg after it was told to forget it.
    const unfed = this.feeds.closeLeg(leg);
    await Promise.all(parts.map((part) => part.api.closeLeg(leg.participant).catch((error: unknown) => this.failed(closing, error))));
    await unfed;
    if (leg.part !== this.home) await this.#inTurn(() => this.#closeIfEmpty(leg.part));
  }

  async setWaiting(leg: Leg, waiting: boolean): Promise<void> {
    mustStand(leg);
    if (leg.waiting === waiting) return;
    leg.waiting = waiting;
    if (!waiting && leg.kind === 'room') this.#endVp8();
    // Who goes back to the waiting room is received by nobody.
    if (waiting) await this.receivers.stop(leg);
    await this.#tellWaiting(leg);
    await Promise.all([this.streams.waited(leg), this.feeds.waited(leg)]);
  }

  async setMuted(participant: ParticipantId, source: StreamSource, muted: boolean): Promise<void> {
    const leg = this.#legs.get(participant);
    if (!leg) throw new MediaError('leg_gone', `There is no participant ${participant} to be muted: it has left`);
    if (muted) leg.muted.add(source);
    else leg.muted.delete(source);
    const isOpen = this.streams.of(leg).some(({ info }) => info.source === source);
    if (isOpen) await leg.part.api.pauseStream(participant, source, 'host', muted);
  }

  /** @throws MediaError `not_acceptable` for VP8 beside a room system */
  mustTake(codec: StreamInfo['codec']): void {
    if (codec === 'VP8' && this.#hasRooms) {
      throw new MediaError('not_acceptable', 'Room systems are in this meeting, and they know no VP8: send H.264');
    }
  }

  /** A page sees this from now on: mediasoup asks for a whole picture, and where the sender knows no RTCP for that its signalling does. */
  resumed(leg: Leg, consumer: string): void {
    const stream = this.receivers.streamOf(leg, consumer);
    if (stream?.leg.bySignalling.has(stream.info.source)) this.#keyFrames.want(stream.leg.participant);
  }

  /** What its page says: so many pictures stood still since it last said so. */
  froze({ participant, gone }: Leg, freezes: number): void {
    if (!gone) this.#freezes.set(participant, (this.#freezes.get(participant) ?? 0) + freezes);
  }

  event(part: PartHandle, event: PartEvent): void {
    if (this.#over) return;
    const { events } = this.#around;
    switch (event.event) {
      case 'streamOpened': {
        const leg = this.#legs.get(event.stream.participant);
        if (!leg) return;
        // The first room system was let in while the page opened it.
        if (event.stream.codec === 'VP8' && this.#hasRooms) {
          this.#refuse(part, event.stream);
          events.videoFormat(this.#videoFormat);
        } else this.streams.opened(part, leg, event.stream, event.dtmfPayloadType);
        return;
      }
      case 'streamClosed':
        this.#streamClosed(part, event.stream);
        return;
      case 'feedChanged': {
        const leg = this.#legs.get(event.participant);
        if (leg) this.feeds.changed(leg, event.line, event.feed);
        else this.feeds.dropUnused(event.feed);
        return;
      }
      case 'quality':
        events.quality(event.reports.map((report) => this.#withFreezes(report)));
        return;
      case 'speaking':
        events.speaking(event.participants);
        return;
      case 'speaker':
        this.#speaker = event.participant;
        this.#previous = event.previous;
        for (const other of this.#others) this.#tellSpeaker(other);
        events.speaker(event.participant);
        return;
      case 'digit':
        events.digit(event.participant, event.digit);
        return;
      case 'videoFormat':
        this.#videoFormat = event.format;
        events.videoFormat(event.format);
        return;
      case 'keyFrameNeeded':
        events.keyFrameNeeded(event.participant);
    }
  }

  /** A part's worker, thread or node has died. */
  lost(part: PartHandle): void {
    if (this.#over) return;
    if (part === this.home) {
      this.#lostHome();
      return;
    }
    this.#others.delete(part);
    const legs = [...this.#legs.values()].filter((leg) => leg.part === part);
    for (const leg of legs) {
      this.#forget(leg);
      this.feeds.closeLeg(leg).catch((error: unknown) => this.failed(`closing ${leg.participant}`, error));
      this.home.api.closeLeg(leg.participant).catch((error: unknown) => this.failed(`closing ${leg.participant} at home`, error));
    }
    this.streams.lost(part);
    this.pipes.partGone(part);
    if (legs.length > 0) this.#around.events.lost(legs.map(({ participant }) => participant));
  }

  async close(): Promise<void> {
    if (this.#over) return;
    this.#end();
    await Promise.allSettled(this.parts.map((part) => part.close()));
  }

  /** For what nobody waits for. What fails because its leg, part or meeting has gone meanwhile is no failure. */
  failed(what: string, error: unknown): void {
    if (this.#over || (error instanceof MediaError && error.code === 'leg_gone')) return;
    this.#around.failed(what, error instanceof Error ? error.message : String(error));
  }

  #withFreezes(report: QualityReport): QualityReport {
    const { participant, direction, kind } = report;
    const freezes = direction === 'out' && kind === 'video' ? this.#freezes.get(participant) : undefined;
    if (freezes === undefined) return report;
    this.#freezes.set(participant, 0);
    return { ...report, freezes };
  }

  #lostHome(): void {
    const legs = [...this.#legs.keys()];
    const others = [...this.#others];
    this.#end();
    this.#around.over();
    // What stood elsewhere is of no use without home; its worker may be gone as well by now.
    for (const part of others) part.close().catch(() => undefined);
    if (legs.length > 0) this.#around.events.lost(legs);
  }

  #end(): void {
    this.#over = true;
    for (const leg of this.#legs.values()) leg.gone = true;
    for (const part of this.parts) part.carry(0, 0);
    this.#legs.clear();
    this.receivers.forget();
    this.pipes.forget();
    this.#keyFrames.close();
    for (const stream of this.streams.published) this.#around.events.streamClosed(stream.id);
  }

  async #place(load: number): Promise<PartHandle> {
    let failure: unknown;
    for (const choice of placesFor(this.parts, load, this.#around.placement)) {
      if ('part' in choice) return choice.part;
      try {
        return await this.#open(choice.place);
      } catch (error) {
        failure = error;
        this.failed('making a further part of the meeting', error);
        this.#mustRun();
      }
    }
    throw failure ?? new MediaError('media_unavailable', 'No media worker lives');
  }

  async #open(place: PartPlace): Promise<PartHandle> {
    const { meeting } = this.#around;
    const { part } = await makePart(
      meeting,
      place,
      false,
      (from, event) => this.event(from, event),
      (gone) => this.lost(gone),
    );
    if (this.#over) {
      await part.close();
      this.#mustRun();
    }
    this.#others.add(part);
    if (this.#speaker !== undefined) this.#tellSpeaker(part);
    return part;
  }

  #mustRun(): void {
    if (this.#over) throw new MediaError('media_unavailable', 'The media of this meeting are gone: join again');
  }

  async #closeIfEmpty(part: PartHandle): Promise<void> {
    if (!this.#others.has(part) || this.#legsOn(part).length > 0) return;
    this.#others.delete(part);
    this.pipes.partGone(part);
    await part.close();
  }

  #forget(leg: Leg): void {
    leg.gone = true;
    this.#legs.delete(leg.participant);
    this.#freezes.delete(leg.participant);
    this.#keyFrames.forget(leg.participant);
    this.#weigh(leg.part);
    for (const { info, part } of this.streams.of(leg)) this.#streamClosed(part, info.id);
    this.receivers.left(leg);
  }

  /** Parts that a stream was piped to say so as well, when it ends there. */
  #streamClosed(part: PartHandle, id: StreamId): void {
    if (!this.streams.isFrom(id, part)) return;
    this.streams.closed(id);
    this.receivers.ended(id);
  }

  /** A room system is in the meeting, and not only at its door. */
  get #hasRooms(): boolean {
    return [...this.#legs.values()].some(({ kind, waiting }) => kind === 'room' && !waiting);
  }

  /** The first room system comes in, and sees no VP8: pages that send it are told what to send, and open their pictures again. */
  #endVp8(): void {
    const refused = this.streams.all.filter(({ info }) => info.codec === 'VP8');
    for (const { info, part } of refused) {
      this.#streamClosed(part, info.id);
      this.#refuse(part, info);
    }
    if (refused.length > 0) this.#around.events.videoFormat(this.#videoFormat);
  }

  #refuse(part: PartHandle, { id, participant, source }: StreamInfo): void {
    part.api.closeStream(participant, source).catch((error: unknown) => this.failed(`closing ${id}`, error));
  }

  async #tellWaiting({ participant, part, waiting }: Leg): Promise<void> {
    await this.home.api.setWaiting(participant, waiting);
    if (part !== this.home) await part.api.setWaiting(participant, waiting);
  }

  #tellSpeaker(part: PartHandle): void {
    part.api.setSpeaker(this.#speaker, this.#previous).catch((error: unknown) => this.failed('telling a part who is shown', error));
  }

  #weigh(part: PartHandle): void {
    const legs = this.#legsOn(part);
    part.carry(
      legs.length,
      legs.reduce((sum, { kind }) => sum + loadOf[kind], 0),
    );
  }

  #legsOn(part: PartHandle): Leg[] {
    return [...this.#legs.values()].filter((leg) => leg.part === part);
  }

  #inTurn<Result>(step: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(step, step);
    this.#turn = turn.catch(() => undefined); // told to whoever waits for this one
    return turn;
  }
}
