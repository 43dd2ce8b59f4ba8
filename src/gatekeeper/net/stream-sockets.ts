import type { Server, Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import type { Clock } from '../../clock.js';
import { canonicalAddress, formatSocketAddress, isWildcard, pickListener, type SocketAddress } from './address.js';
import type { ServerIdentity } from './certificate-names.js';
import { ConnectionCounter } from './connections.js';
import type { RefusalReason, SocketLimits } from './limits.js';
import { cannotListen } from './listen-error.js';
import { connectTcp, listenStream, type StreamTarget } from './tcp.js';
import { connectTls, type TlsOptions, tlsAcceptor } from './tls.js';

export type StreamTransport = 'tcp' | 'tls';

/** A connection that is up, its TLS handshake done. */
export interface Connected {
  readonly transport: StreamTransport;
  readonly socket: Socket;
  readonly remote: SocketAddress;
  /** Of the peer's verified certificate. */
  readonly certificateNames: readonly string[];
}

export interface StreamSocketsOptions {
  readonly clock: Clock;
  readonly limits: Pick<SocketLimits, 'connections' | 'connectionsPerSource' | 'halfOpenMs'>;
  /** Needed for a TLS listener. Without it we still connect by TLS, trusting the public CAs. */
  readonly tls: TlsOptions | undefined;
  /** Some zone wants mutual TLS: clients are asked for a certificate; they may have none. */
  readonly requestClientCertificate: boolean;
  /** Which names of a certificate count when we call a server by name. */
  readonly identity: ServerIdentity;
  /** The list in the service's file that listeners come from, as `sip.listen`: for errors. */
  readonly setting: string;
  /** A connection that others opened. */
  readonly accepted: (connection: Connected) => void;
  readonly refused: (source: string, why: RefusalReason) => void;
}

/**
 * TCP and TLS sockets of one edge: listens, connects, counts both against the limits, and knows every socket until it has closed. What is said
 * on a connection is its taker's business.
 */
export class StreamSockets {
  readonly #options: StreamSocketsOptions;
  readonly #inbound: ConnectionCounter;
  readonly #servers: Server[] = [];
  readonly #listeners: (SocketAddress & { readonly transport: StreamTransport })[] = [];
  /** Every socket, also before its handshake: what `close()` must close. */
  readonly #sockets = new Set<Socket>();
  #outbound = 0;
  #tls: TlsOptions | undefined;
  #tlsServer: TlsServer | undefined;
  #closing = false;

  constructor(options: StreamSocketsOptions) {
    this.#options = options;
    this.#inbound = new ConnectionCounter(options.limits.connectionsPerSource, options.limits.connections);
    this.updateTls(options.tls, options.requestClientCertificate);
  }

  /** Connections that others opened. */
  get inbound(): number {
    return this.#inbound.total;
  }

  /** Connections that we opened, or are opening. */
  get outbound(): number {
    return this.#outbound;
  }

  /** New certificates, for the connections to come; those that are up go on. Throws if certificate and key do not belong together. */
  updateTls(tls: TlsOptions | undefined, requestClientCertificate: boolean): void {
    this.#tlsServer =
      tls &&
      tlsAcceptor(tls, requestClientCertificate, this.#options.limits.halfOpenMs, {
        ready: (socket, names) => this.#accepted('tls', socket, names),
        failed: (socket, error) => {
          const late = error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
          this.#options.refused(socket.remoteAddress ?? '', late ? 'half-open' : 'handshake');
          socket.destroy();
        },
      });
    this.#tls = tls;
  }

  /** `address`: an IP literal in canonical form. Gives where it listens: the real port, also where 0 was asked for. */
  async listen(transport: StreamTransport, address: string, port: number): Promise<SocketAddress> {
    if (transport === 'tls' && !this.#tlsServer) {
      throw new Error(`Cannot listen on tls ${formatSocketAddress({ address, port })}: there is no certificate; set sip.tls`);
    }
    try {
      const { server, local } = await listenStream(address, port, (socket) => this.#arrived(transport, socket));
      this.#servers.push(server);
      this.#listeners.push({ transport, ...local });
      return local;
    } catch (error) {
      throw cannotListen(transport, { address, port }, this.#options.setting, error);
    }
  }

  /**
   * Fails with an Error whose message says what could not be reached and why, within `timeoutMs`. `target`'s address is canonical. Leaves from
   * `localAddress`, or else from where we listen, so that a peer that knows us by address knows us.
   */
  async connect(
    target: StreamTarget & { readonly transport: StreamTransport },
    timeoutMs: number,
    localAddress: string | undefined = this.#leaveFrom(target),
  ): Promise<Connected> {
    const { limits, clock, identity } = this.#options;
    const where = `${target.transport} ${formatSocketAddress(target)}`;
    if (this.#closing) throw new Error(`Cannot reach ${where}: the service is stopping`);
    if (this.#outbound >= limits.connections) {
      throw new Error(`Cannot reach ${where}: ${limits.connections} connections are open already`);
    }
    this.#outbound++;
    const own = (socket: Socket) => this.#own(socket, () => this.#outbound--);
    const options = { clock, timeoutMs, localAddress };
    const { transport } = target;
    const remote = { address: target.address, port: target.port };
    if (transport === 'tls') {
      const { socket, names } = await connectTls(target, this.#tls, identity, options, own);
      return { transport, socket, remote, certificateNames: names };
    }
    return { transport, socket: await connectTcp(target, options, own), remote, certificateNames: [] };
  }

  /** Stops listening and closes every connection at once. */
  async close(): Promise<void> {
    this.#closing = true;
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of [...this.#sockets]) socket.destroy();
    await Promise.all(closed);
  }

  /** A connection, before the first byte: counted until its socket has closed, whatever becomes of it. */
  #arrived(transport: StreamTransport, socket: Socket): void {
    const address = socket.remoteAddress;
    const release = address === undefined || this.#closing ? undefined : this.#inbound.take(address);
    if (!release) {
      // Gone already, or over the limit: no answer, which would cost more than it tells.
      if (address !== undefined && !this.#closing) this.#options.refused(address, 'connections');
      socket.destroy();
      return;
    }
    this.#own(socket, release);
    if (transport === 'tcp') this.#accepted('tcp', socket, []);
    else this.#tlsServer?.emit('connection', socket);
  }

  #accepted(transport: StreamTransport, socket: Socket, certificateNames: readonly string[]): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    this.#options.accepted({ transport, socket, remote: { address: remoteAddress, port: remotePort }, certificateNames });
  }

  #leaveFrom(target: StreamTarget): string | undefined {
    const listeners = this.#listeners.filter(({ transport }) => transport === target.transport);
    const listener = pickListener(listeners, target.address);
    return listener && !isWildcard(listener.address) ? listener.address : undefined;
  }

  #own(socket: Socket, onClosed: () => void): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      onClosed();
    });
  }
}

/** @throws an Error that says so, where `address` is no IP literal. */
export function listenAddress(transport: string, address: string): string {
  const canonical = canonicalAddress(address);
  if (canonical === undefined) throw new Error(`Cannot listen on ${transport} ${address}: write an IP address`);
  return canonical;
}
