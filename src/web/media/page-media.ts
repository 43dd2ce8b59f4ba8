import { Device } from 'mediasoup-client';
import type { DtlsParameters, IceCandidate, IceParameters, RtpCapabilities, Transport } from 'mediasoup-client/types';
import type { StreamSummary } from '../../bridge/browser/protocol.js';
import { type ProtocolClient, ServiceError } from '../connection/client.js';
import { retryDelay } from '../model/backoff.js';
import type { QualitySample } from '../model/quality.js';
import type { Source, VideoFormat } from '../model/state.js';
import { Receiving, type ReceivingWish } from './receiving.js';
import { Sending } from './sending.js';
import { sampleOf } from './statistics.js';
import type { TrackBoard } from './track-board.js';

export type Ask = ProtocolClient['ask'];

export interface PageMediaOptions {
  readonly ask: Ask;
  readonly board: TrackBoard;
  readonly rtpCapabilities: object;
  readonly iceServers: readonly object[];
  /** A picture or sound could not be sent; the meeting goes on without. */
  readonly sendingFailed: (source: Source, error: unknown) => void;
}

type Direction = 'send' | 'receive';

const HIDDEN: ReceivingWish = { visible: false, large: false };
const HEARD: ReceivingWish = { visible: true, large: false };

/** The media of one seat in one meeting: two transports, what we send over the one and what we fetch over the other. */
export class PageMedia {
  readonly #options: PageMediaOptions;
  readonly #device: Device;
  readonly #transports: Record<Direction, Promise<Transport> | undefined> = { send: undefined, receive: undefined };
  readonly #sending: Readonly<Record<Source, Sending>>;
  readonly #receiving = new Map<string, Receiving>();
  readonly #wishes = new Map<string, ReceivingWish>();
  #closed = false;

  private constructor(options: PageMediaOptions, device: Device) {
    this.#options = options;
    this.#device = device;
    const sending = (source: Source) =>
      new Sending({
        source,
        ask: options.ask,
        transport: () => this.#transport('send'),
        router: options.rtpCapabilities as RtpCapabilities,
        failed: (error) => {
          if (!this.#closed) options.sendingFailed(source, error);
        },
      });
    this.#sending = { microphone: sending('microphone'), camera: sending('camera'), slides: sending('slides') };
  }

  /** @throws {Error} `UnsupportedError` of mediasoup-client in a browser without WebRTC */
  static async open(options: PageMediaOptions): Promise<PageMedia> {
    const device = await Device.factory();
    await device.load({ routerRtpCapabilities: options.rtpCapabilities as RtpCapabilities });
    return new PageMedia(options, device);
  }

  send(source: Source, track: MediaStreamTrack | undefined, paused = false): void {
    if (!this.#closed) this.#sending[source].want({ track, paused });
  }

  mutedByHost(source: Source): void {
    this.#sending[source].mutedByHost();
  }

  /** What the meeting wants pictures as; those that are sent otherwise are opened again. */
  setVideoFormat(format: VideoFormat): void {
    this.#sending.camera.want({ format });
    this.#sending.slides.want({ format });
  }

  /** All streams of the others that there are now: new sounds are fetched at once, pictures when somebody looks at them. */
  sync(streams: readonly StreamSummary[]): void {
    if (this.#closed) return;
    const here = new Set(streams.map(({ id }) => id));
    for (const [id, receiving] of this.#receiving) {
      if (here.has(id)) continue;
      receiving.close();
      this.#receiving.delete(id);
    }
    for (const { id, source } of streams) {
      const known = this.#receiving.get(id);
      if (known) {
        known.retry();
        continue;
      }
      const receiving = new Receiving({
        stream: id,
        ask: this.#options.ask,
        transport: () => this.#transport('receive'),
        capabilities: () => this.#device.rtpCapabilities,
        board: this.#options.board,
        failed: (error) => this.#receivingFailed(error),
      });
      this.#receiving.set(id, receiving);
      receiving.want(source === 'microphone' ? HEARD : (this.#wishes.get(id) ?? HIDDEN));
    }
  }

  /** How a picture is looked at now. */
  look(stream: string, wish: ReceivingWish | undefined): void {
    if (wish) this.#wishes.set(stream, wish);
    else this.#wishes.delete(stream);
    this.#receiving.get(stream)?.want(wish ?? HIDDEN);
  }

  /** The service has closed one of our consumers. If its stream is still there, it is fetched again. */
  consumerClosed(consumer: string): void {
    for (const receiving of this.#receiving.values()) if (receiving.consumer === consumer) receiving.forget();
  }

  /** The connection to the service is back: what failed without it is tried again. */
  retry(): void {
    for (const each of [...Object.values(this.#sending), ...this.#receiving.values()]) each.retry();
    for (const transport of Object.values(this.#transports)) {
      // One that failed meanwhile had nobody to be repaired with. One that could not be opened has told whoever waited for it.
      transport?.then((open) => (open.connectionState === 'failed' ? this.#repair(open) : undefined)).catch(() => undefined);
    }
  }

  /** Everything anew: the service has lost our media, or the way to it is beyond repair. */
  reopen(): void {
    if (this.#closed) return;
    this.#closeTransports();
    for (const sending of Object.values(this.#sending)) sending.forget();
    for (const receiving of this.#receiving.values()) receiving.forget();
  }

  async sample(): Promise<QualitySample> {
    const open = await Promise.all(Object.values(this.#transports).map((transport) => transport?.catch(() => undefined)));
    return sampleOf(await Promise.all(open.flatMap((transport) => (transport && !transport.closed ? [transport.getStats()] : []))));
  }

  close(): void {
    this.#closed = true;
    this.#closeTransports();
    for (const sending of Object.values(this.#sending)) sending.want({ track: undefined });
    for (const receiving of this.#receiving.values()) receiving.close();
    this.#receiving.clear();
    this.#wishes.clear();
  }

  #closeTransports(): void {
    for (const direction of ['send', 'receive'] as const) {
      const transport = this.#transports[direction];
      this.#transports[direction] = undefined;
      // One that failed to open has told whoever waited for it.
      transport?.then((open) => open.close()).catch(() => undefined);
    }
  }

  #transport(direction: Direction): Promise<Transport> {
    if (this.#closed) return Promise.reject(new Error('the meeting was left'));
    const present = this.#transports[direction];
    if (present) return present;
    const opening = this.#openTransport(direction);
    this.#transports[direction] = opening;
    // The next who needs it tries again.
    opening.catch(() => {
      if (this.#transports[direction] === opening) this.#transports[direction] = undefined;
    });
    return opening;
  }

  async #openTransport(direction: Direction): Promise<Transport> {
    const { ask, iceServers } = this.#options;
    const made = await ask('openTransport', { direction });
    const parameters = {
      id: made.transport,
      iceParameters: made.iceParameters as IceParameters,
      iceCandidates: made.iceCandidates as IceCandidate[],
      dtlsParameters: made.dtlsParameters as DtlsParameters,
      iceServers: iceServers as RTCIceServer[],
    };
    const transport = direction === 'send' ? this.#device.createSendTransport(parameters) : this.#device.createRecvTransport(parameters);
    transport.on('connect', ({ dtlsParameters }, done, failed) => {
      ask('connectTransport', { transport: transport.id, dtlsParameters: { ...dtlsParameters } }).then(done, failed);
    });
    transport.on('produce', ({ rtpParameters, appData }, done, failed) => {
      this.#askToProduce(transport, appData.source as Source, { ...rtpParameters }).then((stream) => done({ id: stream }), failed);
    });
    transport.on('connectionstatechange', (state) => {
      if (state === 'failed') void this.#repair(transport);
    });
    return transport;
  }

  /**
   * What the service cannot take at the moment is asked again here, later and later, and not failed: mediasoup-client 3.18 loses count of its m-lines
   * when two streams fail one after the other, and the transport sends nothing from then on.
   */
  async #askToProduce(transport: Transport, source: Source, rtpParameters: object): Promise<string> {
    for (let failures = 1; ; failures++) {
      try {
        const { stream } = await this.#options.ask('produce', { transport: transport.id, source, rtpParameters: { ...rtpParameters } });
        return stream;
      } catch (error) {
        const delay = retryDelay(error, failures);
        if (delay === undefined) throw error;
        if (failures === 1 && !this.#closed) this.#options.sendingFailed(source, error);
        await new Promise((resolve) => setTimeout(resolve, delay));
        if (this.#closed || transport.closed) throw error;
      }
    }
  }

  /** The network changed under us (another Wi-Fi, from Wi-Fi to mobile): new candidates, same transport (RFC 8445 §2.4). */
  async #repair(transport: Transport): Promise<void> {
    try {
      const { iceParameters } = await this.#options.ask('restartIce', { transport: transport.id });
      if (!transport.closed) await transport.restartIce({ iceParameters: iceParameters as IceParameters });
    } catch (error) {
      // Without a connection to the service there is nothing to repair with: its return decides (`session.ts`).
      if (error instanceof ServiceError && !transport.closed) this.reopen();
    }
  }

  #receivingFailed(error: unknown): void {
    if (this.#closed) return;
    // The stream closed while we asked for it: the list says so at any moment.
    if (error instanceof ServiceError && error.code === 'streamUnknown') return;
    console.warn('a stream could not be received', error);
  }
}
