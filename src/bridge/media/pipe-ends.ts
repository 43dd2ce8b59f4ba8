import type { Consumer, PipeTransport, Router } from 'mediasoup/types';
import { listenInfo } from './listen.js';
import { MediaError } from './media.js';
import type { MediaSettings } from './media-settings.js';
import type { PipedStream, PipeEnd, PipeId } from './part-api.js';
import type { PartStream, Streams } from './streams.js';
import { codecsOf, produceWith } from './with-codecs.js';

/** Pipes are encrypted with AEAD_AES_256_GCM, those inside a machine too, which stay on loopback: no sound or picture is ever in clear on a wire. */
const betweenNodes = 'node:';

/** This part's ends of the pipes to others of its meeting. */
export class PipeEnds {
  readonly #router: Router;
  readonly #settings: MediaSettings;
  readonly #streams: Streams;
  readonly #pipes = new Map<PipeId, PipeTransport>();
  /** The last wish for each that is being opened: one that was closed meanwhile is not wanted any more. */
  readonly #opening = new Map<PipeId, symbol>();
  /** What was let out, by pipe and name: a second wish for it finds it here. */
  readonly #out = new Map<string, { readonly piped: PipedStream; readonly consumer: Consumer }>();

  constructor(router: Router, settings: MediaSettings, streams: Streams) {
    this.#router = router;
    this.#settings = settings;
    this.#streams = streams;
  }

  /** One that is open already is closed: the other side knows nothing of it any more. */
  async open(pipe: PipeId): Promise<PipeEnd> {
    const wish = Symbol(pipe);
    this.#opening.set(pipe, wish);
    const isFar = pipe.startsWith(betweenNodes);
    const making = this.#router.createPipeTransport({
      listenInfo: isFar ? listenInfo(this.#settings, 'udp') : { protocol: 'udp', ip: '127.0.0.1' },
      enableSrtp: true,
      enableRtx: isFar,
    });
    await making.catch(() => undefined); // told below
    const isWanted = this.#opening.get(pipe) === wish;
    if (isWanted) this.#opening.delete(pipe);
    const transport = await making;
    if (!isWanted) {
      transport.close();
      throw new MediaError('leg_gone', `The pipe ${pipe} was closed while it was being opened`);
    }
    this.#pipes.get(pipe)?.close();
    this.#pipes.set(pipe, transport);
    transport.observer.once('close', () => {
      if (this.#pipes.get(pipe) === transport) this.#pipes.delete(pipe);
    });
    const { localPort, localAddress } = transport.tuple;
    return { ip: localAddress, port: localPort, srtp: transport.srtpParameters };
  }

  async connect(pipe: PipeId, { ip, port, srtp }: PipeEnd): Promise<void> {
    await this.#pipe(pipe).connect({ ip, port, ...(srtp ? { srtpParameters: srtp } : {}) });
  }

  async letOut(pipe: PipeId, what: PartStream): Promise<PipedStream> {
    const key = `${pipe} ${what.id}`;
    const known = this.#out.get(key);
    if (known) return known.piped;
    const consumer = await this.#pipe(pipe).consume({ producerId: what.producer.id });
    const { kind, rtpParameters, producerPaused: paused } = consumer;
    const piped: PipedStream = { id: what.id, kind, rtpParameters, paused, info: what.info };
    this.#out.set(key, { piped, consumer });
    consumer.observer.once('close', () => {
      if (this.#out.get(key)?.consumer === consumer) this.#out.delete(key);
    });
    return piped;
  }

  async letIn(pipe: PipeId, { id, kind, rtpParameters, info }: PipedStream): Promise<PartStream> {
    const transport = this.#pipe(pipe);
    const producer = await produceWith(this.#router, codecsOf(rtpParameters.codecs), () => transport.produce({ kind, rtpParameters }));
    return this.#streams.add(id, producer, info);
  }

  /** The far part needs it no more; what it came from goes on. */
  letGo(pipe: PipeId, what: string): void {
    this.#out.get(`${pipe} ${what}`)?.consumer.close();
  }

  close(pipe: PipeId): void {
    this.#opening.delete(pipe);
    this.#pipes.get(pipe)?.close();
  }

  #pipe(id: PipeId): PipeTransport {
    const pipe = this.#pipes.get(id);
    if (!pipe) throw new MediaError('leg_gone', `There is no pipe ${id}: it broke`);
    return pipe;
  }
}
