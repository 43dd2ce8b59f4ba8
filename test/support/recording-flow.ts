import type { SocketAddress } from '../../src/gatekeeper/net/address.js';
import type { SipTransport } from '../../src/gatekeeper/plan/plan.js';
import type { Flow } from '../../src/gatekeeper/sip/transport/flow.js';

let made = 0;

/** A flow without a socket: keeps what is sent on it, and closes or refuses when told to. */
export class RecordingFlow implements Flow {
  readonly id: string;
  readonly transport: SipTransport;
  readonly reliable: boolean;
  readonly local: SocketAddress = { address: '127.0.0.1', port: 5060 };
  readonly remote: SocketAddress;
  readonly certificateNames: readonly string[] = [];
  readonly sent: string[] = [];
  closed = false;
  /** The send buffer is full. */
  full = false;
  readonly #listeners = new Set<() => void>();

  constructor(transport: SipTransport = 'udp', remote: SocketAddress = { address: '127.0.0.1', port: 20_000 + made }) {
    this.id = `${transport}-${++made}`;
    this.transport = transport;
    this.reliable = transport !== 'udp';
    this.remote = remote;
  }

  /** Who waits for its close. */
  get watchers(): number {
    return this.#listeners.size;
  }

  send(message: string): boolean {
    if (this.closed || this.full) return false;
    this.sent.push(message);
    return true;
  }

  onClose(listener: () => void): () => void {
    if (this.closed) {
      listener();
      return () => {};
    }
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }

  /** The start lines of what was sent since the last call. */
  takeStartLines(): string[] {
    return this.take().map((message) => message.slice(0, message.indexOf('\r\n')));
  }

  /** What was sent since the last call. */
  take(): string[] {
    return this.sent.splice(0);
  }
}
