import type { MeetingMediaEvents, StreamId, StreamInfo } from './media.js';
import { MediaError } from './media.js';
import type { PartHandle } from './part-place.js';
import type { Leg } from './parts-leg.js';
import type { LetGo, Pipes } from './pipes.js';

export interface MeetingStream {
  readonly info: StreamInfo;
  readonly part: PartHandle;
  readonly leg: Leg;
  readonly dtmfPayloadType: number | undefined;
  /** The others know of it. */
  published: boolean;
  /** Home has it for the mix or the speaker switch, or is about to: by this try. */
  attended: symbol | undefined;
  /** Of another part: how home lets it go. */
  letGo: LetGo | undefined;
}

/**
 * The streams of one meeting, at whatever part they are: each is told to the others, and taken to home for the mix or the speaker switch. Those
 * of who waits are known here alone, but for their sound, which home listens to for the keys of a PIN.
 */
export class MeetingStreams {
  readonly #home: PartHandle;
  readonly #pipes: Pipes;
  readonly #events: Pick<MeetingMediaEvents, 'streamOpened' | 'streamClosed'>;
  readonly #failed: (what: string, error: unknown) => void;
  readonly #streams = new Map<StreamId, MeetingStream>();
  #showing = false;

  constructor(
    home: PartHandle,
    pipes: Pipes,
    events: Pick<MeetingMediaEvents, 'streamOpened' | 'streamClosed'>,
    failed: (what: string, error: unknown) => void,
  ) {
    this.#home = home;
    this.#pipes = pipes;
    this.#events = events;
    this.#failed = failed;
  }

  /** What the others may have. */
  get published(): readonly StreamInfo[] {
    return [...this.#streams.values()].filter(({ published }) => published).map(({ info }) => info);
  }

  get all(): readonly MeetingStream[] {
    return [...this.#streams.values()];
  }

  /** @throws MediaError `leg_gone` */
  get(id: StreamId): MeetingStream {
    const stream = this.#streams.get(id);
    if (!stream?.published) throw new MediaError('leg_gone', `There is no stream ${id}: who sent it has left, or closed it`);
    return stream;
  }

  isFrom(id: StreamId, part: PartHandle): boolean {
    return this.#streams.get(id)?.part === part;
  }

  of(leg: Leg): MeetingStream[] {
    return [...this.#streams.values()].filter((stream) => stream.leg === leg);
  }

  opened(part: PartHandle, leg: Leg, info: StreamInfo, dtmfPayloadType: number | undefined): void {
    this.closed(info.id);
    const stream: MeetingStream = { info, part, leg, dtmfPayloadType, published: false, attended: undefined, letGo: undefined };
    this.#streams.set(info.id, stream);
    this.#begin(stream).catch((error: unknown) => {
      if (this.#has(stream)) this.#failed(`opening ${info.id}`, error);
    });
  }

  closed(id: StreamId): void {
    const stream = this.#streams.get(id);
    if (!stream) return;
    this.#streams.delete(id);
    this.#pipes.ended(id);
    this.#unpublish(stream);
  }

  /** The part has died, and its pipes with it. */
  lost(part: PartHandle): void {
    for (const [id, stream] of this.#streams) if (stream.part === part) this.closed(id);
  }

  /** After the leg came out of the waiting room, or went back to it. */
  async waited(leg: Leg): Promise<void> {
    for (const stream of this.of(leg)) {
      if (leg.waiting) this.#unpublish(stream);
      else this.#publish(stream);
    }
    await Promise.all(this.of(leg).map((stream) => this.#attend(stream)));
  }

  /** Whether room systems see pictures. While none does, those of other parts stay there. */
  setShowing(showing: boolean): void {
    if (showing === this.#showing) return;
    this.#showing = showing;
    for (const stream of this.#streams.values()) {
      if (stream.info.kind !== 'video' || stream.part === this.#home) continue;
      if (showing) {
        this.#attend(stream).catch((error: unknown) => this.#failed(`showing ${stream.info.id}`, error));
      } else if (stream.attended) {
        this.#disregard(stream);
      }
    }
  }

  async #begin(stream: MeetingStream): Promise<void> {
    const { leg, info } = stream;
    // Before anybody can have it.
    if (leg.muted.has(info.source)) await leg.part.api.pauseStream(info.participant, info.source, 'host', true);
    if (!this.#has(stream)) return;
    if (!leg.waiting) this.#publish(stream);
    await this.#attend(stream);
  }

  #publish(stream: MeetingStream): void {
    if (stream.published || !isForBrowsers(stream)) return;
    stream.published = true;
    this.#events.streamOpened(stream.info);
  }

  #unpublish(stream: MeetingStream): void {
    if (!stream.published) return;
    stream.published = false;
    this.#events.streamClosed(stream.info.id);
  }

  async #attend(stream: MeetingStream): Promise<void> {
    const { info, part, leg, dtmfPayloadType } = stream;
    const isPicture = info.kind === 'video';
    if (stream.attended || isOfTheMix(stream)) return;
    if (isPicture && (leg.waiting || (part !== this.#home && !this.#showing))) return;
    const attempt = Symbol(info.id);
    stream.attended = attempt;
    try {
      if (part !== this.#home) {
        const letGo = await this.#pipes.acquire(info.id, part, this.#home);
        if (stream.attended !== attempt) return letGo(); // It was not wanted any more.
        stream.letGo = letGo;
      }
      if (isPicture) await this.#home.api.show(info);
      else await this.#home.api.hear({ ...info, dtmfPayloadType });
    } catch (error) {
      if (!this.#has(stream) || stream.attended !== attempt) return;
      this.#disregard(stream);
      throw error;
    }
  }

  #disregard(stream: MeetingStream): void {
    stream.attended = undefined;
    stream.letGo?.();
    stream.letGo = undefined;
  }

  #has(stream: MeetingStream): boolean {
    return this.#streams.get(stream.info.id) === stream;
  }
}

/** A room system's G.711 or G.722 is nothing to browsers: home makes Opus of it, which is a stream of its own. */
function isForBrowsers({ info: { codec } }: MeetingStream): boolean {
  return codec === 'opus' || codec === 'H264' || codec === 'VP8';
}

/** What home made of a room system's sound for browsers: it came out of the mix. */
function isOfTheMix({ info: { codec, kind }, leg: { sound } }: MeetingStream): boolean {
  return kind === 'audio' && codec === 'opus' && sound !== undefined && sound.name !== 'opus';
}
