import type { Socket } from 'node:net';
import type { Clock, Timer } from '../../../clock.js';
import type { SocketAddress } from '../../net/address.js';
import { ConnectionWatch, endSocket } from '../../net/connection-watch.js';
import type { RefusalReason, SocketLimits } from '../../net/limits.js';
import { MAX_TPKT_PAYLOAD, TpktFramer, writeTpkt } from '../q931/tpkt.js';

/** TCP's own keep-alive: a peer that vanished without a word is noticed though no message is due. */
const TCP_KEEPALIVE_MS = 60_000;
/** How long nothing is read from a source that sent too much, before it is looked at again. */
const PAUSE_MS = 20;
const KEEP_ALIVE = writeTpkt(Buffer.alloc(0));

/**
 * Why a connection is over: one of the limits; we ended it; the far end did (`ended-there`); the network lost it, or the far end reset it
 * (`lost`).
 */
export type CloseReason = RefusalReason | 'ended-here' | 'ended-there' | 'lost';

/** A TCP or TLS connection that carries TPKTs, of call signalling or of H.245. */
export interface SignallingConnection {
  /** Unique in this process. */
  readonly id: string;
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  /** TLS. */
  readonly secure: boolean;
  /** Names from the peer's verified certificate: DNS and URI subjectAltNames, lower case. Empty without one. */
  readonly certificateNames: readonly string[];
  /** The other side opened it. */
  readonly inbound: boolean;
  readonly closed: boolean;
  /**
   * Sends one message, as one TPKT. Never throws. False: the connection is closed, or was now as its send buffer is full (bounded); or the
   * message is longer than 65,531 bytes, which is not sent.
   */
  send(payload: Uint8Array): boolean;
  /** An empty TPKT: holds NAT bindings open, and finds out whether the connection still stands. */
  sendKeepAlive(): boolean;
  /** Whole messages in order, without keep-alives. Nothing is read before there is a handler; a later one takes the place of an earlier. */
  onMessage(handler: (payload: Buffer) => void): void;
  /** Called once; at once if the connection is closed already. */
  onClose(handler: (why: CloseReason) => void): void;
  /** Sends what waits to be sent, then closes. Nothing more is received. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What a connection needs from the layer it lives in. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly limits: SocketLimits;
  /** Takes one message's worth from the source's bucket. */
  admit(address: string): boolean;
  refused(address: string, why: RefusalReason): void;
  /** Asked when a connection was silent for `idleMs`: true keeps it open. */
  keepIdle(connection: SignallingConnection): boolean;
  /** A handler threw. */
  fault(error: unknown): void;
  sent(): void;
  received(): void;
}

export interface ConnectionOptions {
  readonly id: string;
  readonly socket: Socket;
  readonly remote: SocketAddress;
  readonly secure: boolean;
  readonly certificateNames: readonly string[];
  readonly inbound: boolean;
  /** What it is for is known, as we opened it or asked for it: it need not say something soon. */
  readonly expected: boolean;
}

export class TpktConnection implements SignallingConnection {
  readonly id: string;
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly secure: boolean;
  readonly certificateNames: readonly string[];
  readonly inbound: boolean;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #framer: TpktFramer;
  readonly #watch: ConnectionWatch;
  #onMessage: ((payload: Buffer) => void) | undefined;
  #onClose: ((why: CloseReason) => void)[] = [];
  #closedBy: CloseReason | undefined;
  /** Messages of the chunk last read, from `#next` on: those that have to wait. */
  #waiting: readonly Buffer[] = [];
  #next = 0;
  /** What is to be done when none waits any more, as the stream's end has come. */
  #afterwards: (() => void) | undefined;
  #delivering = false;
  #pause: Timer | undefined;

  constructor(options: ConnectionOptions, host: ConnectionHost) {
    const { socket, inbound } = options;
    this.id = options.id;
    this.remote = options.remote;
    this.local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    this.secure = options.secure;
    this.certificateNames = options.certificateNames;
    this.inbound = inbound;
    this.#socket = socket;
    this.#host = host;
    this.#framer = new TpktFramer(host.limits.messageBytes);
    this.#watch = new ConnectionWatch({
      clock: host.clock,
      limits: host.limits,
      outbound: options.expected,
      keepIdle: () => host.keepIdle(this),
      expired: (why) => this.#refuse(why),
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    socket.on('error', () => this.#close('lost', () => socket.destroy()));
    // Nobody has a use for half a connection: where nothing more is said, nothing is listened to.
    socket.on('end', () => this.#whenDelivered(() => this.#finish('ended-there')));
    // After an end that was said, messages may still wait to be handed up: they are not lost with the socket.
    socket.on('close', () => this.#whenDelivered(() => this.#close('lost')));
  }

  get closed(): boolean {
    return this.#closedBy !== undefined;
  }

  send(payload: Uint8Array): boolean {
    if (payload.length > MAX_TPKT_PAYLOAD || !this.#write(writeTpkt(payload))) return false;
    this.#host.sent();
    return true;
  }

  sendKeepAlive(): boolean {
    return this.#write(KEEP_ALIVE);
  }

  onMessage(handler: (payload: Buffer) => void): void {
    const first = this.#onMessage === undefined;
    this.#onMessage = handler;
    if (first && !this.closed) this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  onClose(handler: (why: CloseReason) => void): void {
    if (this.#closedBy === undefined) this.#onClose.push(handler);
    else this.#guarded(handler, this.#closedBy);
  }

  end(): void {
    this.#finish('ended-here');
  }

  destroy(): void {
    this.#close('ended-here', () => this.#socket.destroy());
  }

  #write(packet: Buffer): boolean {
    if (this.closed) return false;
    const socket = this.#socket;
    if (socket.writableLength + packet.length > this.#host.limits.sendBufferBytes) {
      this.#refuse('send-buffer');
      return false;
    }
    socket.write(packet);
    return true;
  }

  #receive(chunk: Buffer): void {
    if (this.closed) return;
    this.#watch.heard();
    const { payloads, loss } = this.#framer.push(chunk);
    this.#waiting = payloads;
    this.#next = 0;
    this.#deliver();
    if (loss) this.#whenDelivered(() => this.#refuse(loss.why));
    else if (!this.closed) this.#watch.unfinished(this.#framer);
  }

  /**
   * Hands messages up. A source that sends faster than it may is not read from for a while: dropping a message would break the call that it
   * belongs to, as nobody sends it again over TCP.
   */
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    const { remote } = this;
    while (this.#next < this.#waiting.length && !this.closed) {
      const payload = this.#waiting[this.#next];
      if (payload === undefined) break;
      if (!this.#host.admit(remote.address)) {
        this.#wait();
        break;
      }
      this.#next++;
      this.#watch.spoken();
      this.#host.received();
      if (this.#onMessage) this.#guarded(this.#onMessage, payload);
    }
    this.#delivering = false;
    if (this.#next < this.#waiting.length && !this.closed) return;
    this.#waiting = [];
    this.#next = 0;
    const afterwards = this.#afterwards;
    this.#afterwards = undefined;
    if (!this.closed) afterwards?.();
  }

  #wait(): void {
    if (this.#pause) return;
    this.#host.refused(this.remote.address, 'rate');
    this.#socket.pause();
    this.#pause = this.#host.clock.after(PAUSE_MS, () => this.#again());
  }

  #again(): void {
    this.#pause = undefined;
    if (this.closed) return;
    // Its own slowness is ours now.
    this.#watch.heard();
    this.#deliver();
    if (!this.#pause && !this.closed) this.#socket.resume();
  }

  /** The first that asks is asked: an end is followed by a close, and a loss of framing by both. */
  #whenDelivered(then: () => void): void {
    if (this.#next < this.#waiting.length) this.#afterwards ??= then;
    else if (!this.closed) then();
  }

  #refuse(why: RefusalReason): void {
    if (this.closed) return;
    this.#host.refused(this.remote.address, why);
    this.#close(why, () => this.#socket.destroy());
  }

  #finish(why: CloseReason): void {
    this.#close(why, () => {
      if (this.#socket.destroyed) return;
      // A stream without a reader never ends.
      this.#socket.resume();
      endSocket(this.#socket, this.#host.clock);
    });
  }

  #close(why: CloseReason, socket?: () => void): void {
    if (this.#closedBy !== undefined) return;
    this.#closedBy = why;
    this.#watch.stop();
    this.#pause?.cancel();
    this.#waiting = [];
    this.#next = 0;
    socket?.();
    const handlers = this.#onClose;
    this.#onClose = [];
    for (const handler of handlers) this.#guarded(handler, why);
  }

  /** What a handler does wrong is its own fault: the connection's other messages, and the process, go on. */
  #guarded<T>(handler: (value: T) => void, value: T): void {
    try {
      handler(value);
    } catch (error) {
      this.#host.fault(error);
    }
  }
}
