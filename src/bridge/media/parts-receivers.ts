import { MediaError, type StreamId } from './media.js';
import { type Leg, mustStand } from './parts-leg.js';
import type { MeetingStream, MeetingStreams } from './parts-streams.js';
import type { LetGo, Pipes } from './pipes.js';

interface Receiving {
  readonly leg: Leg;
  readonly stream: MeetingStream;
  /** Of another part: how this one lets it go. */
  readonly letGo: LetGo | undefined;
}

/** Who receives what, each stream once: it is piped to a part as long as a browser there has a consumer of it. */
export class Receivers {
  readonly #streams: MeetingStreams;
  readonly #pipes: Pipes;
  /** By the consumer's id. */
  readonly #receiving = new Map<string, Receiving>();

  constructor(streams: MeetingStreams, pipes: Pipes) {
    this.#streams = streams;
    this.#pipes = pipes;
  }

  /**
   * Has `consume` make a consumer of the stream, which is at the leg's part by then, wherever it comes from. It takes the place of one that the leg
   * has of this stream.
   */
  async receive<Consumer extends { readonly id: string }>(leg: Leg, id: StreamId, consume: () => Promise<Consumer>): Promise<Consumer> {
    mustStand(leg);
    const stream = this.#streams.get(id);
    const letGo = stream.part === leg.part ? undefined : await this.#pipes.acquire(id, stream.part, leg.part);
    try {
      const consumer = await consume();
      mustStand(leg);
      // One that ended meanwhile has closed the consumer; the name may be another's by now.
      if (this.#streams.get(id) !== stream) throw new MediaError('leg_gone', `The stream ${id} was closed and opened again`);
      for (const [before, had] of this.#receiving) if (had.leg === leg && had.stream === stream) this.received(leg, before);
      this.#receiving.set(consumer.id, { leg, stream, letGo });
      return consumer;
    } catch (error) {
      letGo?.();
      throw error;
    }
  }

  /** The consumer is closed, or about to be. */
  received(leg: Leg, consumer: string): void {
    const receiving = this.#receiving.get(consumer);
    if (receiving?.leg !== leg) return;
    this.#receiving.delete(consumer);
    receiving.letGo?.();
  }

  /** What the leg's consumer is of. Undefined: there is none such any more. */
  streamOf(leg: Leg, consumer: string): MeetingStream | undefined {
    const receiving = this.#receiving.get(consumer);
    return receiving?.leg === leg ? receiving.stream : undefined;
  }

  /** The leg's part closes its consumers itself. */
  left(leg: Leg): void {
    for (const [consumer, receiving] of this.#receiving) if (receiving.leg === leg) this.received(leg, consumer);
  }

  /** The stream has ended, and with it its pipes and consumers. */
  ended(id: StreamId): void {
    for (const [consumer, { stream }] of this.#receiving) if (stream.info.id === id) this.#receiving.delete(consumer);
  }

  /** Closes all that others receive of this leg. */
  async stop(leg: Leg): Promise<void> {
    const closing = [...this.#receiving].filter(([, { stream }]) => stream.leg === leg);
    await Promise.all(
      closing.map(async ([consumer, { leg: receiver }]) => {
        this.received(receiver, consumer);
        await receiver.part.api.closeConsumer(receiver.participant, consumer);
      }),
    );
  }

  /** The meeting is over. */
  forget(): void {
    this.#receiving.clear();
  }
}
