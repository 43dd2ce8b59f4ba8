import type { Producer, RtpCapabilities, Transport } from 'mediasoup-client/types';
import { ServiceError } from '../connection/client.js';
import type { Source, VideoFormat } from '../model/state.js';
import { cameraEncodings, codecFor, SLIDES_MAX, slidesEncodings } from './encodings.js';
import type { Ask } from './page-media.js';
import { Settler } from './settler.js';

export interface SendingOptions {
  readonly source: Source;
  readonly ask: Ask;
  readonly transport: () => Promise<Transport>;
  readonly router: RtpCapabilities;
  readonly failed: (error: unknown) => void;
}

interface Wish {
  readonly track: MediaStreamTrack | undefined;
  readonly paused: boolean;
  readonly format: VideoFormat | undefined;
}

/** One of the streams that we send: opens, pauses, changes and closes it until it is as wished. */
export class Sending {
  readonly #options: SendingOptions;
  readonly #settler: Settler;
  #wish: Wish = { track: undefined, paused: false, format: undefined };
  #producer: Producer | undefined;
  #format: VideoFormat | undefined;
  /** What the service was told last; a new stream is not paused. */
  #pausedThere = false;
  /** The host's mute outlives the stream; saying that we are not paused takes it back. */
  #mutedByHost = false;

  constructor(options: SendingOptions) {
    this.#options = options;
    this.#settler = new Settler(() => this.#step(), options.failed);
  }

  /** @param change undefined `track`: nothing is sent */
  want(change: Partial<Wish>): void {
    this.#wish = { ...this.#wish, ...change };
    this.#settler.kick();
  }

  /** The host has muted it: it is silent until its owner opens it again. */
  mutedByHost(): void {
    this.#mutedByHost = true;
  }

  /** After a failure that may have passed. */
  retry(): void {
    this.#settler.kick();
  }

  /** Its transport is gone, and the stream with it. */
  forget(): void {
    this.#producer?.close();
    this.#producer = undefined;
    this.#settler.kick();
  }

  async #step(): Promise<void> {
    const { source, ask } = this.#options;
    const { track, paused, format } = this.#wish;
    if (this.#producer?.closed) this.#producer = undefined;
    if (this.#producer && (!track || (source !== 'microphone' && !sameFormat(format, this.#format)))) {
      this.#producer.close();
      this.#producer = undefined;
      await ask('closeStream', { source });
    }
    // A change since then comes with the next step.
    if (!track || track.readyState === 'ended' || track !== this.#wish.track) return;
    if (!this.#producer) {
      this.#producer = await this.#produceAnew(track, format);
      this.#format = format;
      this.#pausedThere = false;
    } else if (this.#producer.track !== track) {
      await this.#producer.replaceTrack({ track });
    }
    const producer = this.#producer;
    if (producer.paused !== paused) {
      if (paused) producer.pause();
      else producer.resume();
    }
    if (this.#pausedThere !== paused || (this.#mutedByHost && !paused)) {
      await ask('pauseStream', { source, paused });
      this.#pausedThere = paused;
      if (!paused) this.#mutedByHost = false;
    }
  }

  /** The service may still hold the stream of a transport that we gave up. */
  async #produceAnew(track: MediaStreamTrack, format: VideoFormat | undefined): Promise<Producer> {
    try {
      return await this.#produce(track, format);
    } catch (error) {
      if (!(error instanceof ServiceError) || error.code !== 'outOfTurn') throw error;
      await this.#options.ask('closeStream', { source: this.#options.source });
      return this.#produce(track, format);
    }
  }

  async #produce(track: MediaStreamTrack, format: VideoFormat | undefined): Promise<Producer> {
    const { source, router } = this.#options;
    const transport = await this.#options.transport();
    // The tracks stay ours: the preview and the next stream use them too.
    const common = { track, stopTracks: false, appData: { source } };
    // FEC and DTX: RFC 7587 §3.3 and §3.1.3. Speech survives losses, and who is silent costs nearly nothing.
    if (source === 'microphone') return transport.produce({ ...common, codecOptions: { opusFec: true, opusDtx: true, opusStereo: false } });
    const codec = codecFor(router, format);
    const encodings = source === 'camera' ? cameraEncodings(track.getSettings().height, format) : slidesEncodings(format);
    return transport.produce({ ...common, encodings, ...(codec ? { codec } : {}) });
  }
}

/** Would it be sent the same way? What the weakest takes beyond our own limit makes no difference. */
const sameFormat = (one: VideoFormat | undefined, other: VideoFormat | undefined): boolean =>
  one?.codec === other?.codec && one?.packetizationMode === other?.packetizationMode && limitOf(one) === limitOf(other);

const limitOf = (format: VideoFormat | undefined): number => Math.min(SLIDES_MAX, format?.maxBitrate ?? SLIDES_MAX);
