import type { Socket } from 'node:net';
import type { Clock } from '../../../clock.js';
import type { SocketAddress } from '../../net/address.js';
import { ConnectionWatch, endSocket } from '../../net/connection-watch.js';
import type { RefusalReason } from '../../net/limits.js';
import type { SipTransport } from '../../plan/plan.js';
import type { Flow, MessageHandler } from './flow.js';
import type { TransportLimits } from './limits.js';
import { StreamFramer } from './stream-framer.js';

/** Keep-alive pong (RFC 5626 §3.5.1). */
const PONG = '\r\n';
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
  readonly #watch: ConnectionWatch;
  #closed = false;

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
    this.#watch = new ConnectionWatch({
      clock: host.clock,
      limits: host.limits,
      outbound: this.outbound,
      keepIdle: () => host.keepIdle(this),
      expired: (why) => this.destroy(why),
    });
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
    this.#watch.heard();
    const { messages, pings, loss } = this.#framer.push(chunk);
    for (const message of messages) {
      this.#watch.spoken();
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
    this.#watch.unfinished(this.#framer);
  }

  #finish(): void {
    if (this.#closed) return;
    endSocket(this.#socket, this.#host.clock);
    this.#closeNow();
  }

  #closeNow(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.stop();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}
