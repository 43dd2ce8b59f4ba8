import type { Clock } from '../../../clock.js';
import { canonicalAddress, type SocketAddress } from '../../net/address.js';
import type { RefusalReason, SocketLimits } from '../../net/limits.js';
import { type SourceRate, Sources } from '../../net/sources.js';
import { type Connected, listenAddress, StreamSockets, type StreamTransport } from '../../net/stream-sockets.js';
import type { TlsOptions } from '../../net/tls.js';
import { h323Identity } from './h323-identity.js';
import { defaultLimits } from './limits.js';
import { type ConnectionHost, type SignallingConnection, TpktConnection } from './signalling-connection.js';

export interface SignallingListen extends SocketAddress {
  readonly transport: StreamTransport;
  /** What others are to use for this listener, where it differs from the address (NAT). Passed on in `listeners`. */
  readonly advertised?: { readonly host: string; readonly port: number | undefined } | undefined;
}

export interface ConnectTarget extends SocketAddress {
  /** TLS (H.460.22). */
  readonly secure: boolean;
  /** TLS: the name to verify the certificate there against, and to send as SNI. Absent: the address. */
  readonly servername?: string | undefined;
  /** For TCP, and for TLS together with its handshake. */
  readonly timeoutMs: number;
  /** The address to leave from. Absent: one that we listen on, as a peer that knows us by address expects. */
  readonly localAddress?: string | undefined;
}

export interface SignallingTransportOptions {
  /** IP literals; port 0: any free one. */
  readonly listen: readonly SignallingListen[];
  /** Needed for a TLS listener. Without it we still connect by TLS, trusting the public CAs. */
  readonly tls?: TlsOptions | undefined;
  /** Some zone goes by certificate: clients are asked for one; they may have none. */
  readonly requestClientCertificate?: boolean;
  /** What is left out stands in `defaultLimits`. */
  readonly limits?: Partial<SocketLimits>;
  readonly clock: Clock;
  /** A connection that was opened to us. Nothing is read from it before it has a message handler. */
  readonly onConnection: (connection: SignallingConnection) => void;
  /** For metrics. `source`: an IP address, or empty where the system could not tell any more. */
  readonly onRefused?: (source: string, why: RefusalReason) => void;
  /** A handler of a connection, or `onConnection`, threw. */
  readonly onFault: (error: unknown) => void;
  /** A rate of its own for a source we know, such as a gateway. Asked when a source is first heard. */
  readonly rateFor?: (address: string) => SourceRate | undefined;
  /** Whether a silent connection is still needed, by a call. Default: no. */
  readonly keepIdle?: (connection: SignallingConnection) => boolean;
}

/** Whole messages and connections since the start, and what is open now. Read at scrape time. */
export interface SignallingStats {
  readonly received: number;
  readonly sent: number;
  readonly inboundConnections: number;
  readonly outboundConnections: number;
  readonly sources: number;
}

/** Every TCP and TLS socket of the H.323 edge: listens, connects, keeps the limits. */
export class SignallingTransport implements ConnectionHost {
  readonly clock: Clock;
  readonly limits: SocketLimits;
  readonly #options: SignallingTransportOptions;
  readonly #sources: Sources;
  readonly #streams: StreamSockets;
  readonly #listeners: SignallingListen[] = [];
  readonly #connections = new Set<TpktConnection>();
  #nextConnection = 0;
  #received = 0;
  #sent = 0;

  /** Opens every listener, or none: the Error's message says which one could not be opened and what to do. */
  static async open(options: SignallingTransportOptions): Promise<SignallingTransport> {
    const transport = new SignallingTransport(options);
    try {
      for (const listen of options.listen) {
        const { transport: kind, advertised } = listen;
        const local = await transport.#streams.listen(kind, listenAddress(kind, listen.address), listen.port);
        transport.#listeners.push({ transport: kind, ...local, ...(advertised === undefined ? {} : { advertised }) });
      }
    } catch (error) {
      await transport.close();
      throw error;
    }
    return transport;
  }

  private constructor(options: SignallingTransportOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.limits = { ...defaultLimits, ...options.limits };
    const { rate, sources } = this.limits;
    this.#sources = new Sources({ rate, sources, ...(options.rateFor ? { rateFor: options.rateFor } : {}) });
    this.#streams = new StreamSockets({
      clock: options.clock,
      limits: this.limits,
      tls: options.tls,
      requestClientCertificate: options.requestClientCertificate ?? false,
      identity: h323Identity,
      setting: 'h323.signalling',
      accepted: (connected) => this.#accepted(connected),
      refused: (source, why) => this.refused(source, why),
    });
  }

  /** Where we listen: real ports, also where 0 was asked for. */
  get listeners(): readonly SignallingListen[] {
    return this.#listeners;
  }

  get stats(): SignallingStats {
    return {
      received: this.#received,
      sent: this.#sent,
      inboundConnections: this.#streams.inbound,
      outboundConnections: this.#streams.outbound,
      sources: this.#sources.size,
    };
  }

  /** New certificates, for the connections to come; those that are up go on. Throws if certificate and key do not belong together. */
  updateTls(tls: TlsOptions | undefined, requestClientCertificate: boolean): void {
    this.#streams.updateTls(tls, requestClientCertificate);
  }

  /** After a reload: `rateFor` is asked anew for every source. */
  resetSources(): void {
    this.#sources.reset();
  }

  /** A new connection. Fails with an Error whose message says what could not be reached and why, within `timeoutMs`. */
  async connect(target: ConnectTarget): Promise<SignallingConnection> {
    const transport = target.secure ? 'tls' : 'tcp';
    const address = canonicalAddress(target.address);
    if (address === undefined) throw new Error(`Cannot reach ${transport} ${target.address}: it is not an IP address`);
    const { port, servername, timeoutMs, localAddress } = target;
    const to = { transport, address, port, ...(servername === undefined ? {} : { serverName: servername }) } as const;
    return this.adopt(await this.#streams.connect(to, timeoutMs, localAddress), false);
  }

  /** Makes a connection of a socket that is up. For our own listeners, and for those of H.245. */
  adopt({ transport, socket, remote, certificateNames }: Connected, inbound: boolean, expected = !inbound): SignallingConnection {
    const secure = transport === 'tls';
    const id = `${transport}:${++this.#nextConnection}`;
    const connection = new TpktConnection({ id, socket, remote, secure, certificateNames, inbound, expected }, this);
    this.#connections.add(connection);
    connection.onClose(() => this.#connections.delete(connection));
    return connection;
  }

  /** Stops listening and closes every connection at once. */
  async close(): Promise<void> {
    for (const connection of [...this.#connections]) connection.destroy();
    await this.#streams.close();
  }

  // What the connections ask of us: ConnectionHost.

  admit(address: string): boolean {
    return this.#sources.take(address, this.clock.now());
  }

  refused(address: string, why: RefusalReason): void {
    this.#options.onRefused?.(address, why);
  }

  keepIdle(connection: SignallingConnection): boolean {
    return this.#options.keepIdle?.(connection) ?? false;
  }

  fault(error: unknown): void {
    this.#options.onFault(error);
  }

  sent(): void {
    this.#sent++;
  }

  received(): void {
    this.#received++;
  }

  #accepted(connected: Connected): void {
    const connection = this.adopt(connected, true);
    try {
      this.#options.onConnection(connection);
    } catch (error) {
      connection.destroy();
      this.fault(error);
    }
  }
}
