import type {
  Consumer,
  DtlsParameters,
  IceParameters,
  Producer,
  Router,
  RtpCapabilities,
  RtpParameters,
  WebRtcServer,
  WebRtcTransport,
} from 'mediasoup/types';
import { type BrowserConsumer, type BrowserTransport, MediaError, type StreamSource } from './media.js';
import type { PartStream } from './streams.js';

/** A page has one transport each way, and makes new ones when the network changed under it: so many at most at one time, with those being made. */
const maxTransports = 4;
const maxConsumers = 400;
/** What one page may be sent at most until its own network is known, in bit/s. */
const firstBitrate = 600_000;
const rightKind = { microphone: 'audio', camera: 'video', slides: 'video' } as const;

/** A browser's transports, what it sends, and what it is sent. */
export class BrowserLeg {
  readonly #router: Router;
  readonly #server: () => Promise<WebRtcServer>;
  readonly #transports = new Map<string, WebRtcTransport>();
  readonly #latest = new Map<'send' | 'receive', WebRtcTransport>();
  readonly #producers = new Map<StreamSource, Producer>();
  readonly #consumers = new Map<string, Consumer>();
  /** By the stream's name. */
  readonly #receiving = new Map<string, Consumer>();
  #opening = 0;
  #closed = false;

  constructor(router: Router, server: () => Promise<WebRtcServer>) {
    this.#router = router;
    this.#server = server;
  }

  get transports(): IterableIterator<WebRtcTransport> {
    return this.#transports.values();
  }

  get producers(): IterableIterator<Producer> {
    return this.#producers.values();
  }

  get consumers(): IterableIterator<Consumer> {
    return this.#consumers.values();
  }

  /**
   * The one before it in this direction closes: the page has given it up.
   *
   * @throws MediaError `not_acceptable` when the page opens many at once
   */
  async openTransport(direction: 'send' | 'receive'): Promise<BrowserTransport> {
    if (this.#transports.size + this.#opening >= maxTransports)
      throw new MediaError('not_acceptable', 'This page has transports enough: close it and join again');
    this.#opening += 1;
    const transport = await this.#create().finally(() => {
      this.#opening -= 1;
    });
    if (this.#closed) {
      transport.close();
      throw new MediaError('leg_gone', 'The page left while its transport was being opened');
    }
    this.#latest.get(direction)?.close();
    this.#latest.set(direction, transport);
    this.#transports.set(transport.id, transport);
    transport.observer.once('close', () => this.#transports.delete(transport.id));
    const { id, iceParameters, iceCandidates, dtlsParameters } = transport;
    return { id, iceParameters, iceCandidates, dtlsParameters };
  }

  async #create(): Promise<WebRtcTransport> {
    return this.#router.createWebRtcTransport({
      webRtcServer: await this.#server(),
      enableUdp: true,
      enableTcp: true,
      preferUdp: true,
      initialAvailableOutgoingBitrate: firstBitrate,
    });
  }

  async connectTransport(id: string, dtlsParameters: DtlsParameters): Promise<void> {
    await acceptable(() => this.#transport(id).connect({ dtlsParameters }));
  }

  restartIce(id: string): Promise<IceParameters> {
    return acceptable(() => this.#transport(id).restartIce());
  }

  /** @throws MediaError `out_of_turn` for a second of the same source, `not_acceptable` for what mediasoup does not take */
  async produce(transport: string, source: StreamSource, rtpParameters: RtpParameters): Promise<Producer> {
    if (this.#producers.has(source)) throw new MediaError('out_of_turn', `Its ${source} is open already: close it first`);
    const producer = await acceptable(() =>
      this.#transport(transport).produce({
        kind: rightKind[source],
        rtpParameters,
        ...(rightKind[source] === 'video' ? { keyFrameRequestDelay: 500 } : {}),
      }),
    );
    // Two at once: the first stays.
    if (this.#producers.has(source)) {
      producer.close();
      throw new MediaError('out_of_turn', `Its ${source} is open already: close it first`);
    }
    this.#producers.set(source, producer);
    producer.observer.once('close', () => {
      if (this.#producers.get(source) === producer) this.#producers.delete(source);
    });
    return producer;
  }

  /** One of each stream: a second takes the place of the first. */
  async consume(transport: string, stream: PartStream, rtpCapabilities: RtpCapabilities): Promise<BrowserConsumer> {
    if (this.#consumers.size >= maxConsumers) throw new MediaError('not_acceptable', 'This page receives streams enough');
    const consumer = await acceptable(() =>
      this.#transport(transport).consume({ producerId: stream.producer.id, rtpCapabilities, paused: true }),
    );
    this.#receiving.get(stream.id)?.close();
    this.#receiving.set(stream.id, consumer);
    this.#consumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => {
      this.#consumers.delete(consumer.id);
      if (this.#receiving.get(stream.id) === consumer) this.#receiving.delete(stream.id);
    });
    const { id, kind, rtpParameters, producerId } = consumer;
    return {
      id,
      stream: stream.id,
      producerId,
      kind,
      rtpParameters,
      layers: consumer.type === 'simulcast' ? (stream.producer.rtpParameters.encodings?.length ?? 1) : 1,
    };
  }

  resumeConsumer(id: string): Promise<void> {
    return this.#consumer(id).resume();
  }

  pauseConsumer(id: string): Promise<void> {
    return this.#consumer(id).pause();
  }

  async preferLayer(id: string, spatialLayer: number): Promise<void> {
    const consumer = this.#consumer(id);
    if (consumer.type === 'simulcast') await consumer.setPreferredLayers({ spatialLayer });
  }

  closeConsumer(id: string): void {
    this.#consumers.get(id)?.close();
  }

  close(): void {
    this.#closed = true;
    for (const transport of [...this.#transports.values()]) transport.close();
  }

  #transport(id: string): WebRtcTransport {
    const transport = this.#transports.get(id);
    if (!transport) throw new MediaError('leg_gone', 'There is no such transport: it was closed');
    return transport;
  }

  #consumer(id: string): Consumer {
    const consumer = this.#consumers.get(id);
    if (!consumer) throw new MediaError('leg_gone', 'There is no such consumer: what it received has ended');
    return consumer;
  }
}

/** mediasoup checks what pages send, and throws what it does not take as TypeError or UnsupportedError. */
async function acceptable<Made>(make: () => Promise<Made>): Promise<Made> {
  try {
    return await make();
  } catch (error) {
    if (error instanceof MediaError) throw error;
    throw new MediaError('not_acceptable', `The page's media were not taken: ${error instanceof Error ? error.message : String(error)}`);
  }
}
