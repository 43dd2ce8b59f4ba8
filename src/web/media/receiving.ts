import type { Consumer, MediaKind, RtpCapabilities, RtpParameters, Transport } from 'mediasoup-client/types';
import type { Ask } from './page-media.js';
import { Settler } from './settler.js';
import type { TrackBoard } from './track-board.js';

export interface ReceivingOptions {
  readonly stream: string;
  readonly ask: Ask;
  readonly transport: () => Promise<Transport>;
  readonly capabilities: () => RtpCapabilities;
  readonly board: TrackBoard;
  readonly failed: (error: unknown) => void;
}

/** How one of the others' streams is wanted. */
export interface ReceivingWish {
  /** On the screen, or heard. What is not is paused at the service, and costs nothing. */
  readonly visible: boolean;
  readonly large: boolean;
}

/** One stream of the others: fetched when it is first wanted, paused while it is out of sight, in the size that it is shown. */
export class Receiving {
  readonly #options: ReceivingOptions;
  readonly #settler: Settler;
  #wish: ReceivingWish = { visible: false, large: false };
  #consumer: Consumer | undefined;
  #layers = 1;
  #layer: number | undefined;
  #running = false;
  #closed = false;

  constructor(options: ReceivingOptions) {
    this.#options = options;
    this.#settler = new Settler(() => this.#step(), options.failed);
  }

  get consumer(): string | undefined {
    return this.#consumer?.id;
  }

  want(wish: ReceivingWish): void {
    this.#wish = wish;
    this.#settler.kick();
  }

  /** After a failure that may have passed. */
  retry(): void {
    this.#settler.nudge();
  }

  /** Its transport or its consumer is gone; it is fetched anew if it is still wanted. */
  forget(): void {
    this.#consumer?.close();
    this.#consumer = undefined;
    this.#options.board.set(this.#options.stream, undefined);
    this.#settler.kick();
  }

  /** The stream is gone. */
  close(): void {
    this.#closed = true;
    this.forget();
  }

  async #step(): Promise<void> {
    const { visible, large } = this.#wish;
    if (this.#closed || (!this.#consumer && !visible)) return;
    const consumer = this.#consumer ?? (await this.#consume());
    if (!consumer) return;
    const layer = large ? this.#layers - 1 : 0;
    if (visible && this.#layers > 1 && layer !== this.#layer) {
      await this.#options.ask('preferLayer', { consumer: consumer.id, spatial: layer });
      this.#layer = layer;
    }
    if (visible === this.#running) return;
    if (visible) consumer.resume();
    else consumer.pause();
    await this.#options.ask(visible ? 'resumeConsumer' : 'pauseConsumer', { consumer: consumer.id });
    this.#running = visible;
  }

  async #consume(): Promise<Consumer | undefined> {
    const { stream, ask, board, capabilities } = this.#options;
    const transport = await this.#options.transport();
    const offered = await ask('consume', { transport: transport.id, stream, rtpCapabilities: { ...capabilities() } });
    let consumer: Consumer;
    try {
      consumer = await transport.consume({
        id: offered.consumer,
        producerId: offered.producerId,
        kind: offered.kind satisfies MediaKind,
        rtpParameters: offered.rtpParameters as RtpParameters,
        // Sounds and pictures that belong together are kept together (lip synchronisation): one media stream a participant.
        streamId: stream.slice(0, stream.lastIndexOf('/')),
      });
    } catch (error) {
      // The service holds its end still, and another try makes another. The failure is the one above, whatever becomes of this.
      await ask('closeConsumer', { consumer: offered.consumer }).catch(() => undefined);
      throw error;
    }
    if (this.#closed || transport.closed) {
      consumer.close();
      return undefined;
    }
    this.#consumer = consumer;
    this.#layers = offered.layers;
    this.#layer = undefined;
    this.#running = false;
    board.set(stream, consumer.track);
    return consumer;
  }
}
