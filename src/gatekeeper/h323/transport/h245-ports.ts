import type { Server, Socket } from 'node:net';
import type { Clock, Timer } from '../../../clock.js';
import { canonicalAddress, type SocketAddress } from '../../net/address.js';
import type { RefusalReason } from '../../net/limits.js';
import type { Connected } from '../../net/stream-sockets.js';
import { listenStream } from '../../net/tcp.js';
import type { SignallingConnection } from './signalling-connection.js';

/** The transport that an accepted connection becomes one of: `SignallingTransport`. */
export interface H245Host {
  readonly clock: Clock;
  /** `expected`: it was opened to us by who was asked to. */
  adopt(connected: Connected, inbound: boolean, expected: boolean): SignallingConnection;
  refused(address: string, why: RefusalReason): void;
  fault(error: unknown): void;
}

export interface H245PortsOptions {
  /** Where the ports come from, both ends included. Absent: any that the system gives. */
  readonly range?: { readonly from: number; readonly to: number } | undefined;
  /** Ports that are open or carry a connection at the same time. A range that is smaller limits further. Default: 4,096. */
  readonly limit?: number;
}

export interface H245Expected {
  /** The address of ours to listen on: the one that the far end of the call reaches us at. */
  readonly address: string;
  /** Whether this address may connect; anyone else's connection is closed at once. Absent: anyone's may. */
  readonly from?: ((address: string) => boolean) | undefined;
  /** How long the port stays open for its connection. */
  readonly timeoutMs: number;
  /** Called once, unless the port is closed before. */
  readonly onConnection: (connection: SignallingConnection) => void;
  /** Nobody connected in time, and the port is closed. */
  readonly onExpired?: () => void;
}

/** A port that waits for its connection. */
export interface H245Port {
  readonly local: SocketAddress;
  /** Stops waiting. A connection that is up goes on. */
  close(): void;
}

/** Opens one TCP port for each separate H.245 connection that is led through us (H.323 §8.2: the address that a party is given to connect to). */
export class H245Ports {
  readonly #host: H245Host;
  readonly #range: { readonly from: number; readonly to: number } | undefined;
  readonly #limit: number;
  /** Each open or in use by a connection: `address|port`. */
  readonly #taken = new Set<string>();
  readonly #open = new Set<OpenPort>();
  #next: number;
  #opening = 0;
  #closed = false;

  constructor(host: H245Host, options: H245PortsOptions = {}) {
    this.#host = host;
    this.#range = options.range;
    this.#limit = options.limit ?? 4096;
    this.#next = options.range?.from ?? 0;
  }

  /** Ports that wait for a connection, or carry one. */
  get inUse(): number {
    return this.#taken.size + this.#opening;
  }

  /** Undefined: every port is in use, by us or by others. Fails with an Error when `address` cannot be listened on. */
  async open(expected: H245Expected): Promise<H245Port | undefined> {
    const address = canonicalAddress(expected.address);
    if (address === undefined) throw new Error(`Cannot open a port for H.245 on ${expected.address}: it is not an IP address`);
    const attempts = this.#range ? this.#range.to - this.#range.from + 1 : 1;
    for (let i = 0; i < attempts && !this.#closed && this.inUse < this.#limit; i++) {
      const port = this.#range ? this.#nextPort(this.#range) : 0;
      if (port > 0 && this.#taken.has(keyOf(address, port))) continue;
      const opened = await this.#tryPort(address, port, expected);
      if (opened) return opened;
    }
    return undefined;
  }

  /** Closes every port, and the connections that came to them. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#open].map((port) => port.destroy()));
  }

  /** Round and round, so that a port rests before it is used again. */
  #nextPort({ from, to }: { readonly from: number; readonly to: number }): number {
    const port = this.#next;
    this.#next = port >= to ? from : port + 1;
    return port;
  }

  async #tryPort(address: string, port: number, expected: H245Expected): Promise<OpenPort | undefined> {
    // Taken before it is tried, so that another `open` does not try it too.
    const key = port > 0 ? keyOf(address, port) : undefined;
    if (key !== undefined) this.#taken.add(key);
    else this.#opening++;
    let waiting: OpenPort | undefined;
    try {
      const { server, local } = await listenStream(address, port, (socket) => {
        if (waiting) waiting.arrived(socket);
        else socket.destroy();
      });
      const taken = key ?? keyOf(local.address, local.port);
      this.#taken.add(taken);
      waiting = new OpenPort(server, local, expected, this.#host, (port) => {
        this.#open.delete(port);
        this.#taken.delete(taken);
      });
      this.#open.add(waiting);
      if (!this.#closed) return waiting;
      await waiting.destroy();
      return undefined;
    } catch (error) {
      if (key !== undefined) this.#taken.delete(key);
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EADDRINUSE' || code === 'EACCES') return undefined;
      throw error;
    } finally {
      if (key === undefined) this.#opening--;
    }
  }
}

class OpenPort implements H245Port {
  readonly local: SocketAddress;
  readonly #server: Server;
  readonly #expected: H245Expected;
  readonly #host: H245Host;
  readonly #timer: Timer;
  #waiting = true;
  /** The one connection. */
  #socket: Socket | undefined;

  constructor(server: Server, local: SocketAddress, expected: H245Expected, host: H245Host, free: (port: OpenPort) => void) {
    this.local = local;
    this.#server = server;
    this.#expected = expected;
    this.#host = host;
    this.#timer = host.clock.after(expected.timeoutMs, () => this.#expire());
    // Comes when the connection has closed too: before that, nobody else gets the port.
    server.once('close', () => free(this));
  }

  close(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#timer.cancel();
    this.#server.close();
  }

  destroy(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.once('close', () => resolve()));
    this.close();
    this.#socket?.destroy();
    return closed;
  }

  arrived(socket: Socket): void {
    const { remoteAddress: address, remotePort: port } = socket;
    socket.on('error', () => socket.destroy());
    if (!this.#waiting || address === undefined || port === undefined || !this.#mayCome(address)) {
      if (address !== undefined && this.#waiting) this.#host.refused(address, 'stranger');
      socket.destroy();
      return;
    }
    this.close();
    this.#socket = socket;
    const remote = { address, port };
    const connection = this.#host.adopt({ transport: 'tcp', socket, remote, certificateNames: [] }, true, true);
    try {
      this.#expected.onConnection(connection);
    } catch (error) {
      connection.destroy();
      this.#host.fault(error);
    }
  }

  #mayCome(address: string): boolean {
    const { from } = this.#expected;
    // As the plan and the call's other connections write it: IPv4 as itself, also on a socket of both families.
    return from === undefined || from(canonicalAddress(address) ?? address);
  }

  #expire(): void {
    this.close();
    try {
      this.#expected.onExpired?.();
    } catch (error) {
      this.#host.fault(error);
    }
  }
}

function keyOf(address: string, port: number): string {
  return `${address}|${port}`;
}
