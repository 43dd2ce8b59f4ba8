import type { Socket } from 'node:net';
import type { Clock, EpochMs, Timer } from '../../clock.js';
import type { RefusalReason, SocketLimits } from './limits.js';

/** How long the other side has to read what was sent last. */
const LINGER_MS = 2_000;

export interface WatchOptions {
  readonly clock: Clock;
  readonly limits: Pick<SocketLimits, 'halfOpenMs' | 'idleMs'>;
  /** We opened the connection: it has its purpose. One that was opened to us must soon say what it is for. */
  readonly outbound: boolean;
  /** Asked when nothing came for `idleMs`: true keeps the connection. */
  readonly keepIdle: () => boolean;
  readonly expired: (why: RefusalReason) => void;
}

/** Of a framer: whether a message has begun and not ended, and which one, counted. */
export interface Unfinished {
  readonly partial: boolean;
  readonly begun: number;
}

/** How long a connection may be silent, say nothing at all, or leave a message unfinished. */
export class ConnectionWatch {
  readonly #options: WatchOptions;
  /** Something whole has come: the connection has shown that it speaks the protocol. */
  #spoken = false;
  #heardAt: EpochMs;
  #idleTimer: Timer;
  #partialTimer: Timer | undefined;
  #partialOf = -1;

  constructor(options: WatchOptions) {
    const { clock, limits, outbound } = options;
    this.#options = options;
    this.#heardAt = clock.now();
    this.#idleTimer = clock.after(outbound ? limits.idleMs : limits.halfOpenMs, () => this.#checkIdle());
  }

  /** Bytes came. */
  heard(): void {
    this.#heardAt = this.#options.clock.now();
  }

  /** A whole message came. */
  spoken(): void {
    this.#spoken = true;
  }

  /** A message that has begun must be whole within `halfOpenMs`, however busily its sender drips. */
  unfinished({ partial, begun }: Unfinished): void {
    if (!partial) {
      this.#partialTimer?.cancel();
      this.#partialTimer = undefined;
      this.#partialOf = -1;
    } else if (this.#partialOf !== begun) {
      this.#partialTimer?.cancel();
      this.#partialOf = begun;
      this.#partialTimer = this.#options.clock.after(this.#options.limits.halfOpenMs, () => this.#options.expired('slow'));
    }
  }

  stop(): void {
    this.#idleTimer.cancel();
    this.#partialTimer?.cancel();
  }

  /** One timer for the connection's life, not one for each message: it looks when it fires how long the silence has lasted. */
  #checkIdle(): void {
    const { clock, limits, outbound, keepIdle, expired } = this.#options;
    if (!outbound && !this.#spoken) {
      expired('half-open');
      return;
    }
    const silence = clock.now() - this.#heardAt;
    if (silence >= limits.idleMs && !keepIdle()) {
      expired('idle');
      return;
    }
    const wait = silence >= limits.idleMs ? limits.idleMs : limits.idleMs - silence;
    this.#idleTimer = clock.after(wait, () => this.#checkIdle());
  }
}

/**
 * Closes after what was sent is read. What still comes in has to be read and thrown away for a moment: closing with unread bytes would reset
 * the connection, and a reset can overtake our last message (RFC 1122 §4.2.2.13).
 */
export function endSocket(socket: Socket, clock: Clock): void {
  const timer = clock.after(LINGER_MS, () => socket.destroy());
  socket.once('close', () => timer.cancel());
  socket.end();
}
