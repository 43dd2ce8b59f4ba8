import type { Producer } from 'mediasoup/types';
import { MediaError, type ParticipantId, type StreamInfo } from './media.js';
import type { FeedId } from './part-api.js';

/** Who keeps a stream from flowing. It flows when nobody does. */
export type Holder = 'self' | 'host' | 'line' | 'waiting';

/** A stream or feed that this part has: from a leg of its own, made here, or piped in. */
export interface PartStream {
  readonly id: string;
  readonly producer: Producer;
  /** Absent: a feed. */
  readonly info: StreamInfo | undefined;
  readonly heldBy: Set<Holder>;
  /** What the worker was asked for last: mediasoup's `paused` follows only with the answer. */
  asked: 'flow' | 'pause';
}

/** The streams of one part by name. A stream goes when its producer closes. */
export class Streams {
  readonly #streams = new Map<string, PartStream>();
  readonly #closed: (stream: PartStream) => void;

  constructor(closed: (stream: PartStream) => void) {
    this.#closed = closed;
  }

  add(id: string, producer: Producer, info: StreamInfo | undefined): PartStream {
    this.#streams.get(id)?.producer.close();
    const stream: PartStream = { id, producer, info, heldBy: new Set(), asked: producer.paused ? 'pause' : 'flow' };
    this.#streams.set(id, stream);
    producer.observer.once('close', () => {
      if (this.#streams.get(id) === stream) this.#streams.delete(id);
      this.#closed(stream);
    });
    return stream;
  }

  find(id: string | FeedId): PartStream | undefined {
    return this.#streams.get(id);
  }

  /** @throws MediaError `leg_gone` */
  get(id: string | FeedId): PartStream {
    const stream = this.#streams.get(id);
    if (!stream) throw new MediaError('leg_gone', `There is no stream ${id}: who sent it has left`);
    return stream;
  }

  *of(participant: ParticipantId): IterableIterator<PartStream> {
    for (const stream of [...this.#streams.values()]) if (stream.info?.participant === participant) yield stream;
  }

  /** Settles when it flows, or no longer does. What is asked of the worker is done in order, so the last wish stands. */
  async hold(stream: PartStream, by: Holder, held: boolean): Promise<void> {
    const { heldBy, producer } = stream;
    if (held) heldBy.add(by);
    else heldBy.delete(by);
    const wanted = heldBy.size > 0 ? 'pause' : 'flow';
    if (producer.closed || stream.asked === wanted) return;
    stream.asked = wanted;
    await (wanted === 'pause' ? producer.pause() : producer.resume());
  }

  close(id: string): void {
    this.#streams.get(id)?.producer.close();
  }

  get size(): number {
    return this.#streams.size;
  }
}
