import { performance } from 'node:perf_hooks';
import type { Consumer } from 'mediasoup/types';

const firstPauseMs = 1_000;
const longestPauseMs = 32_000;
/** Who has kept to the limit for so long is trusted as at first. */
const calmMs = 10_000;

export interface TapOptions {
  /**
   * Packets a second that are taken. Each costs this thread, which serves every meeting on its worker, some 40 µs: who sends more than any encoder
   * does is not listened to for a second, then for two, and so on.
   */
  readonly limit: number;
  readonly packet: (packet: Buffer, now: number) => void;
  readonly closed: () => void;
}

/** A consumer of the DirectTransport: what one participant sends, packet by packet, while it is wanted and not too much. */
export class Tap {
  readonly #consumer: Consumer;
  readonly #options: TapOptions;
  #isWanted: boolean;
  /** What the worker was asked for last: mediasoup's `paused` follows only with the answer. */
  #isOpen: boolean;
  #countedFrom = Number.NEGATIVE_INFINITY;
  #count = 0;
  #pauseMs = firstPauseMs;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #pause: NodeJS.Timeout | undefined;
  #floods = 0;

  constructor(consumer: Consumer, options: TapOptions) {
    this.#consumer = consumer;
    this.#options = options;
    this.#isWanted = this.#isOpen = !consumer.paused;
    consumer.on('rtp', (packet) => this.#receive(packet));
    consumer.observer.once('close', () => {
      clearTimeout(this.#pause);
      options.closed();
    });
  }

  /** Who sends has paused it, or was muted. */
  get isHeld(): boolean {
    return this.#consumer.producerPaused;
  }

  /** Times that too much came. */
  get floods(): number {
    return this.#floods;
  }

  onHeld(told: (held: boolean) => void): void {
    this.#consumer.on('producerpause', () => told(true));
    this.#consumer.on('producerresume', () => told(false));
  }

  want(wanted: boolean): void {
    this.#isWanted = wanted;
    this.#apply();
  }

  requestKeyFrame(): void {
    if (!this.#consumer.closed) this.#consumer.requestKeyFrame().catch(ignoreClosing);
  }

  close(): void {
    this.#consumer.close();
  }

  #receive(packet: Buffer): void {
    // Some are still on their way when it is paused.
    if (this.#pause) return;
    const now = performance.now();
    if (now - this.#countedFrom >= 1_000) {
      this.#countedFrom = now;
      this.#count = 0;
    }
    this.#count++;
    if (this.#count > this.#options.limit) this.#stop(now);
    else this.#options.packet(packet, now);
  }

  #stop(now: number): void {
    this.#floods++;
    if (now - this.#pausedUntil > calmMs) this.#pauseMs = firstPauseMs;
    this.#pausedUntil = now + this.#pauseMs;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#count = 0;
      this.#apply();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    this.#apply();
  }

  #apply(): void {
    const open = this.#isWanted && !this.#pause;
    if (open === this.#isOpen || this.#consumer.closed) return;
    this.#isOpen = open;
    (open ? this.#consumer.resume() : this.#consumer.pause()).catch(ignoreClosing);
  }
}

/** One that closes meanwhile tells so by itself. */
function ignoreClosing(): void {}
