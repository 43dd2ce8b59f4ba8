import type { RtpCapabilities } from 'mediasoup/types';
import {
  type BrowserMedia,
  MediaError,
  type MeetingId,
  type MeetingMedia,
  type MeetingMediaEvents,
  type ParticipantId,
  type RoomMedia,
  type StreamInfo,
  type StreamSource,
  type VideoFormat,
} from './media.js';
import { BrowserAtPart } from './parts-browser.js';
import type { Leg } from './parts-leg.js';
import { RoomAtPart } from './parts-room.js';
import { firstFormat, MeetingRun } from './parts-run.js';
import type { Placement } from './pool.js';

export interface PartsSurroundings {
  failed(what: string, reason: string): void;
  /** It is closed, and will not be opened again. */
  closed(media: MeetingMedia): void;
}

/** A meeting's media, as the rest of the service sees them: on one worker or spread over several, and made anew when home died. */
export class Parts implements MeetingMedia {
  readonly #meeting: MeetingId;
  readonly #events: MeetingMediaEvents;
  readonly #placement: Placement;
  readonly #surroundings: PartsSurroundings;
  #run: MeetingRun | undefined;
  /** The same for every home: they come from the program. */
  #rtpCapabilities: RtpCapabilities = {};
  #opening: Promise<MeetingRun> | undefined;
  #closed = false;

  static async open(meeting: MeetingId, events: MeetingMediaEvents, placement: Placement, surroundings: PartsSurroundings): Promise<Parts> {
    const parts = new Parts(meeting, events, placement, surroundings);
    await parts.#current();
    return parts;
  }

  private constructor(meeting: MeetingId, events: MeetingMediaEvents, placement: Placement, surroundings: PartsSurroundings) {
    this.#meeting = meeting;
    this.#events = events;
    this.#placement = placement;
    this.#surroundings = surroundings;
  }

  get rtpCapabilities(): RtpCapabilities {
    return this.#rtpCapabilities;
  }

  get videoFormat(): VideoFormat {
    return this.#run?.videoFormat ?? firstFormat;
  }

  get streams(): readonly StreamInfo[] {
    return this.#run?.streams.published ?? [];
  }

  /** How far it is spread: parts, and what is piped between them. */
  get spread(): { readonly parts: number; readonly piped: number } {
    return { parts: this.#run?.parts.length ?? 0, piped: this.#run?.pipes.size ?? 0 };
  }

  async addRoom(participant: ParticipantId): Promise<RoomMedia> {
    const [run, leg] = await this.#add(participant, 'room');
    return new RoomAtPart(run, leg);
  }

  async addBrowser(participant: ParticipantId): Promise<BrowserMedia> {
    const [run, leg] = await this.#add(participant, 'browser');
    return new BrowserAtPart(run, leg);
  }

  async setMuted(participant: ParticipantId, source: StreamSource, muted: boolean): Promise<void> {
    if (!this.#run) throw new MediaError('leg_gone', `There is no participant ${participant} to be muted: it has left`);
    await this.#run.setMuted(participant, source, muted);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#opening?.catch(() => undefined); // told to whoever wanted it
    await this.#run?.close();
    this.#run = undefined;
    this.#surroundings.closed(this);
  }

  async #add(participant: ParticipantId, kind: Leg['kind']): Promise<[MeetingRun, Leg]> {
    const run = await this.#current();
    try {
      return [run, await run.add(participant, kind)];
    } catch (error) {
      if (!run.isOver) throw error;
      // Home died while the leg was made: once more, at the next.
      const next = await this.#current();
      return [next, await next.add(participant, kind)];
    }
  }

  /** Home as it is, or a new one after it died. */
  async #current(): Promise<MeetingRun> {
    if (this.#closed) throw new MediaError('leg_gone', 'The meeting is over');
    if (this.#run) return this.#run;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<MeetingRun> {
    const run: MeetingRun = await MeetingRun.open({
      meeting: this.#meeting,
      events: this.#events,
      placement: this.#placement,
      failed: (what, reason) => this.#surroundings.failed(what, reason),
      over: () => {
        if (this.#run === run) this.#run = undefined;
      },
    });
    this.#run = run;
    this.#rtpCapabilities = run.rtpCapabilities;
    return run;
  }
}
