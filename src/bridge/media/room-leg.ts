import type { Consumer, Producer, Router } from 'mediasoup/types';
import {
  type Direction,
  MediaError,
  type ParticipantId,
  type RoomLineId,
  type RoomLineLocal,
  type RoomLineOptions,
  type RoomLineRemote,
  type StreamInfo,
  type StreamSource,
} from './media.js';
import type { MediaSettings } from './media-settings.js';
import { RoomLine } from './room-line.js';
import type { PartStream, Streams } from './streams.js';

const sourceOf: { readonly [Line in RoomLineId]: StreamSource } = { audio: 'microphone', video: 'camera', slides: 'slides' };

/** A room system's lines, and the streams that come in by them. */
export class RoomLeg {
  readonly #participant: ParticipantId;
  readonly #router: Router;
  readonly #settings: MediaSettings;
  readonly #streams: Streams;
  readonly #streamOpened: (stream: StreamInfo) => void;
  readonly #lines = new Map<RoomLineId, RoomLine>();
  /** How often each line was opened or closed: one that is ready after it was closed is not wanted any more. */
  readonly #turns = new Map<RoomLineId, number>();
  #waiting: boolean;
  #closed = false;

  constructor(
    participant: ParticipantId,
    router: Router,
    settings: MediaSettings,
    streams: Streams,
    waiting: boolean,
    streamOpened: (stream: StreamInfo) => void,
  ) {
    this.#participant = participant;
    this.#router = router;
    this.#settings = settings;
    this.#streams = streams;
    this.#waiting = waiting;
    this.#streamOpened = streamOpened;
  }

  get producers(): Producer[] {
    return [...this.#lines.values()].flatMap(({ producer }) => producer ?? []);
  }

  get consumers(): Consumer[] {
    return [...this.#lines.values()].flatMap(({ consumer }) => consumer ?? []);
  }

  /**
   * A second time: the line is opened anew, with other ports and keys.
   *
   * @throws MediaError `leg_gone` when it was closed meanwhile, `no_ports`
   */
  async open(id: RoomLineId, options: RoomLineOptions): Promise<RoomLineLocal> {
    const turn = this.#turn(id);
    const line = await RoomLine.open(this.#router, this.#settings, options, { produced: (producer) => this.#produced(id, line, producer) });
    if (this.#closed || this.#turns.get(id) !== turn) {
      line.close();
      throw new MediaError('leg_gone', `The ${id} of ${this.#participant} was closed while it was being opened`);
    }
    this.#lines.get(id)?.close();
    this.#lines.set(id, line);
    if (this.#waiting && id !== 'audio') await line.hold(true);
    return line.local;
  }

  connect(id: RoomLineId, remote: RoomLineRemote): Promise<void> {
    return this.#line(id).connect(remote);
  }

  async direct(id: RoomLineId, direction: Direction): Promise<void> {
    const line = this.#line(id);
    await line.direct(direction);
    await this.#holdStream(line);
  }

  feed(id: RoomLineId, feed: PartStream | undefined): Promise<void> {
    return this.#line(id).feed(feed);
  }

  /** Only its sound, which carries announcements then, still reaches a leg that waits. */
  async setWaiting(waiting: boolean): Promise<void> {
    this.#waiting = waiting;
    for (const [id, line] of this.#lines) if (id !== 'audio') await line.hold(waiting);
  }

  async prefer(layer: 0 | 1 | undefined): Promise<void> {
    await this.#lines.get('video')?.prefer(layer);
  }

  async look(): Promise<void> {
    for (const line of this.#lines.values()) await line.look();
  }

  closeLine(id: RoomLineId): void {
    this.#turn(id);
    this.#lines.get(id)?.close();
    this.#lines.delete(id);
  }

  close(): void {
    this.#closed = true;
    for (const id of [...this.#lines.keys()]) this.closeLine(id);
  }

  #turn(id: RoomLineId): number {
    const turn = (this.#turns.get(id) ?? 0) + 1;
    this.#turns.set(id, turn);
    return turn;
  }

  #line(id: RoomLineId): RoomLine {
    const line = this.#lines.get(id);
    if (!line) throw new MediaError('leg_gone', `The ${id} of ${this.#participant} is closed`);
    return line;
  }

  #produced(id: RoomLineId, line: RoomLine, producer: Producer): void {
    const { codec } = line;
    if (!codec || this.#lines.get(id) !== line) return;
    const source = sourceOf[id];
    // What browsers get of it, in Opus, has the plain name: the home of the meeting makes that.
    const plain = `${this.#participant}/${source}`;
    const name = codec.kind === 'audio' && codec.name !== 'opus' ? `${plain}:raw` : plain;
    const stream: StreamInfo = { id: name, participant: this.#participant, source, kind: codec.kind, codec: codec.name };
    const added = this.#streams.add(name, producer, stream);
    if (id !== 'audio' && this.#waiting) this.#streams.hold(added, 'waiting', true).catch(() => undefined); // It closed meanwhile.
    this.#holdStream(line).catch(() => undefined); // The same.
    this.#streamOpened(stream);
  }

  async #holdStream(line: RoomLine): Promise<void> {
    for (const stream of this.#streams.of(this.#participant)) {
      if (stream.producer === line.producer) await this.#streams.hold(stream, 'line', !line.isReceiving);
    }
  }
}
