import type { Socket } from 'node:net';
import type { Clock, EpochMs, Timer } from '../../../clock.js';
import type { SipTransport } from '../../plan/plan.js';
import type { Flow, MessageHandler, SocketAddress } from './flow.js';
import type { RefusalReason, TransportLimits } from './limits.js';
import { StreamFramer } from './stream-framer.js';

/** Keep-alive pong (RFC 5626 §3.5.1). */
const PONG = '\r\n';
/** How long the other side has to read our last answer after the framing was lost. */
const LINGER_MS = 2_000;
/** TCP's own keep-alive: a peer that vanished without a word is noticed without SIP's help. */
const TCP_KEEPALIVE_MS = 60_000;

/** What a stream flow needs from the layer it lives in. */
export interface StreamHost {
  readonly clock: Clock;
  readonly limits: TransportLimits;
  readonly onMessage: MessageHandler;
  /** Takes one message's worth from the source's bucket. */
  admit(address: string): boolean;
  refused(address: string, why: RefusalReason): void;
  /** Asked when a flow was idle for `idleMs`: true keeps it open, as a registration or a call needs it. */
  keepIdle(flow: Flow): boolean;
  sent(transport: SipTransport): void;
  received(transport: SipTransport): void;
}

export interface StreamFlowOptions {
  readonly id: string;
  readonly transport: 'tcp' | 'tls';
  readonly socket: Socket;
  readonly remote: SocketAddress;
  readonly certificateNames: readonly string[];
  /** We opened it. */
  readonly outbound: boolean;
  /** TLS: the name that the peer's certificate was verified against. */
  readonly serverName: string | undefined;
}

/** One TCP or TLS connection that is up. */
export class StreamFlow implements Flow {
  readonly id: string;
  readonly transport: 'tcp' | 'tls';
  readonly reliable = true;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly certificateNames: readonly string[];
  readonly outbound: boolean;
  readonly serverName: string | undefined;
  readonly #socket: Socket;
  readonly #host: StreamHost;
  readonly #framer: StreamFramer;
  readonly #listeners = new Set<() => void>();
  #closed = false;
  /** Messages received; 0 on a connection that has not yet shown that it speaks SIP. */
  #messages = 0;
  #heardAt: EpochMs;
  #idleTimer: Timer;
  #partialTimer: Timer | undefined;
  #partialOf = -1;

  constructor(options: StreamFlowOptions, host: StreamHost) {
    const { socket } = options;
    this.id = options.id;
    this.transport = options.transport;
    this.remote = options.remote;
    this.local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    this.certificateNames = options.certificateNames;
    this.outbound = options.outbound;
    this.serverName = options.serverName;
    this.#socket = socket;
    this.#host = host;
    this.#framer = new StreamFramer(host.limits);
    this.#heardAt = host.clock.now();
    // A connection that we opened has its purpose; one that was opened to us must soon say what it is for.
    this.#idleTimer = host.clock.after(this.outbound ? host.limits.idleMs : host.limits.halfOpenMs, () => this.#checkIdle());
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', () => socket.destroy());
    // SIP has no use for half a connection: what reads no more cannot be answered on.
    socket.on('end', () => this.#finish());
    socket.on('close', () => this.#closeNow());
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(message: string): boolean {
    if (this.#closed) return false;
    const socket = this.#socket;
    if (socket.writableLength + message.length > this.#host.limits.sendBufferBytes) {
      this.destroy('send-buffer');
      return false;
    }
    socket.write(message, 'latin1');
    this.#host.sent(this.transport);
    return true;
  }

  onClose(listener: () => void): () => void {
    if (this.#closed) {
      listener();
      return () => undefined;
    }
    // A closure of its own for each call, so that a listener given twice is called twice and taken away once.
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  /** Closes at once, without sending what still waits. */
  destroy(why?: RefusalReason): void {
    if (why && !this.#closed) this.#host.refused(this.remote.address, why);
    this.#socket.destroy();
    this.#closeNow();
  }

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    const { clock } = this.#host;
    this.#heardAt = clock.now();
    const { messages, pings, loss } = this.#framer.push(chunk);
    for (const message of messages) {
      this.#messages++;
      this.#host.received(this.transport);
      if (this.#host.admit(this.remote.address)) this.#host.onMessage(message, this);
      else this.#host.refused(this.remote.address, 'rate');
      // The handler may have closed us.
      if (this.#closed) return;
    }
    // Pings that came together are answered together: the answer says that the flow lives, and once is enough.
    if (pings > 0) {
      if (this.#host.admit(this.remote.address)) this.#socket.write(PONG, 'latin1');
      else this.#host.refused(this.remote.address, 'rate');
    }
    if (loss) {
      this.#host.refused(this.remote.address, loss.why.status === 513 ? 'size' : 'framing');
      if (loss.head !== '' && this.#host.admit(this.remote.address)) this.#host.onMessage(loss.head, this, loss.why);
      this.#finish();
      return;
    }
    this.#watchPartial();
  }

  /** A message that has begun must be whole within `halfOpenMs`, however busily its sender drips. */
  #watchPartial(): void {
    const { clock, limits } = this.#host;
    if (!this.#framer.partial) {
      this.#partialTimer?.cancel();
      this.#partialTimer = undefined;
      this.#partialOf = -1;
    } else if (this.#partialOf !== this.#framer.begun) {
      this.#partialTimer?.cancel();
      this.#partialOf = this.#framer.begun;
      this.#partialTimer = clock.after(limits.halfOpenMs, () => this.destroy('slow'));
    }
  }

  /** One timer for the flow's life, not one for each message: it looks when it fires how long the silence has lasted. */
  #checkIdle(): void {
    const { clock, limits } = this.#host;
    if (!this.outbound && this.#messages === 0) {
      this.destroy('half-open');
      return;
    }
    const silence = clock.now() - this.#heardAt;
    if (silence >= limits.idleMs && !this.#host.keepIdle(this)) {
      this.destroy('idle');
      return;
    }
    const wait = silence >= limits.idleMs ? limits.idleMs : limits.idleMs - silence;
    this.#idleTimer = clock.after(wait, () => this.#checkIdle());
  }

  /**
   * Closes after what was sent is read. What still comes in is read and thrown away for a moment: closing with unread bytes would reset the
   * connection, and a reset can overtake our answer (RFC 1122 §4.2.2.13).
   */
  #finish(): void {
    if (this.#closed) return;
    const socket = this.#socket;
    const timer = this.#host.clock.after(LINGER_MS, () => socket.destroy());
    socket.once('close', () => timer.cancel());
    socket.end();
    this.#closeNow();
  }

  #closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#idleTimer.cancel();
    this.#partialTimer?.cancel();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}
