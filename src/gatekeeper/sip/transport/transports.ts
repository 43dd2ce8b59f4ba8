import { randomBytes } from 'node:crypto';
import { isIPv6, type Server, type Socket } from 'node:net';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { Clock } from '../../../clock.js';
import type { SipTransport } from '../../plan/plan.js';
import { canonicalAddress, formatSocketAddress, isWildcard, pickListener } from './address.js';
import { ConnectionCounter } from './connections.js';
import type { Flow, MessageHandler, SocketAddress, Target, TransportLayer } from './flow.js';
import { defaultLimits, type RefusalReason, type SourceRate, type TransportLimits } from './limits.js';
import { Sources } from './sources.js';
import { StreamFlow, type StreamHost } from './stream-flow.js';
import { connectTcp, listenStream } from './tcp.js';
import { connectTls, type TlsOptions, tlsAcceptor } from './tls.js';
import { UdpListener } from './udp.js';

export interface ListenAddress extends SocketAddress {
  readonly transport: SipTransport;
  /** What others are to use for this listener, where it differs from the address (NAT, a name in DNS). Passed on in `listeners`. */
  readonly advertised?: { readonly host: string; readonly port: number | undefined } | undefined;
}

export interface TransportOptions {
  /** IP literals; port 0: any free one. */
  readonly listen: readonly ListenAddress[];
  /** Needed for a TLS listener. Without it we still connect by TLS, trusting the public CAs. */
  readonly tls?: TlsOptions | undefined;
  /** What is left out stands in `defaultLimits`. */
  readonly limits?: Partial<TransportLimits>;
  readonly clock: Clock;
  /** Must not throw: it is called from the socket. */
  readonly onMessage: MessageHandler;
  /** For metrics. `source`: an IP address, or empty where the system could not tell any more. */
  readonly onRefused?: (source: string, why: RefusalReason) => void;
  /** For TCP and TLS together with its handshake. */
  readonly connectTimeoutMs: number;
  /** Some zone wants mutual TLS: clients are asked for a certificate; they may have none. */
  readonly requestClientCertificate: boolean;
  /** A rate of its own for a source we know, such as a trunk. Asked when a source is first heard. */
  readonly rateFor?: (address: string) => SourceRate | undefined;
  /** Whether an idle connection is still needed, by a registration or a call. Default: no. */
  readonly keepIdle?: (flow: Flow) => boolean;
}

/** Whole messages and connections since the start, and what is open now. Read at scrape time. */
export interface TransportStats {
  readonly received: Readonly<Record<SipTransport, number>>;
  readonly sent: Readonly<Record<SipTransport, number>>;
  readonly inboundConnections: number;
  readonly outboundConnections: number;
  readonly sources: number;
}

/** Every socket of the SIP edge: listens, connects, keeps the limits. */
export class Transports implements TransportLayer, StreamHost {
  readonly clock: Clock;
  readonly limits: TransportLimits;
  readonly onMessage: MessageHandler;
  readonly #options: TransportOptions;
  readonly #sources: Sources;
  readonly #inbound: ConnectionCounter;
  readonly #udp: UdpListener[] = [];
  readonly #servers: Server[] = [];
  readonly #listeners: ListenAddress[] = [];
  /** Every stream socket, also before its handshake: what `close()` must close. */
  readonly #sockets = new Set<Socket>();
  readonly #flows = new Map<string, StreamFlow>();
  /** Flows by whom they lead to: `flowKey`. */
  readonly #byTarget = new Map<string, StreamFlow>();
  readonly #connecting = new Map<string, Promise<Flow>>();
  /** Tells this process' flow ids from those of an earlier one, which may still stand in a registration. */
  readonly #run = randomBytes(6).toString('base64url');
  #nextFlow = 0;
  #outbound = 0;
  #tls: TlsOptions | undefined;
  #tlsServer: TlsServer | undefined;
  #closing: Promise<void> | undefined;
  readonly #received: Record<SipTransport, number> = { udp: 0, tcp: 0, tls: 0 };
  readonly #sent: Record<SipTransport, number> = { udp: 0, tcp: 0, tls: 0 };

  /** Opens every listener, or none: the Error's message says which one could not be opened and what to do. */
  static async listen(options: TransportOptions): Promise<Transports> {
    const transports = new Transports(options);
    try {
      for (const address of options.listen) await transports.#open(address);
    } catch (error) {
      await transports.close();
      throw error;
    }
    return transports;
  }

  private constructor(options: TransportOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.limits = { ...defaultLimits, ...options.limits };
    this.onMessage = options.onMessage;
    const { rate, sources, connectionsPerSource, connections } = this.limits;
    this.#sources = new Sources({ rate, sources, ...(options.rateFor ? { rateFor: options.rateFor } : {}) });
    this.#inbound = new ConnectionCounter(connectionsPerSource, connections);
    this.updateTls(options.tls, options.requestClientCertificate);
  }

  get listeners(): readonly ListenAddress[] {
    return this.#listeners;
  }

  get stats(): TransportStats {
    return {
      received: { ...this.#received },
      sent: { ...this.#sent },
      inboundConnections: this.#inbound.total,
      outboundConnections: this.#outbound,
      sources: this.#sources.size,
    };
  }

  /** New certificates, for the connections to come; those that are up go on. Throws if certificate and key do not belong together. */
  updateTls(tls: TlsOptions | undefined, requestClientCertificate: boolean): void {
    this.#tlsServer =
      tls &&
      tlsAcceptor(tls, requestClientCertificate, this.limits.halfOpenMs, {
        ready: (socket, names) => this.#accepted('tls', socket, names),
        failed: (socket, error) => {
          const late = error.code === 'ERR_TLS_HANDSHAKE_TIMEOUT';
          this.refused(socket.remoteAddress ?? '', late ? 'half-open' : 'handshake');
          socket.destroy();
        },
      });
    this.#tls = tls;
  }

  /** After a reload: `rateFor` is asked anew for every source. */
  resetSources(): void {
    this.#sources.reset();
  }

  async flowTo(target: Target): Promise<Flow> {
    const address = canonicalAddress(target.address);
    if (address === undefined) throw new Error(`Cannot reach ${target.transport} ${target.address}: it is not an IP address`);
    if (this.#closing) throw new Error(`Cannot reach ${target.transport} ${formatSocketAddress(target)}: the service is stopping`);
    if (target.transport === 'udp') return this.#udpFlow({ address, port: target.port });
    const key = flowKey(target.transport, address, target.port, target.serverName);
    const open = this.#byTarget.get(key);
    if (open && !open.closed) return open;
    const connecting = this.#connecting.get(key);
    if (connecting) return connecting;
    const flow = this.#connect({ ...target, address }, key).finally(() => this.#connecting.delete(key));
    this.#connecting.set(key, flow);
    return flow;
  }

  flow(id: string): Flow | undefined {
    if (!id.startsWith('udp:')) return this.#flows.get(id);
    for (const listener of this.#udp) {
      const prefix = `udp:${formatSocketAddress(listener.local)}>`;
      if (!id.startsWith(prefix)) continue;
      const remote = parseSocketAddress(id.slice(prefix.length));
      if (remote && !listener.closed) return listener.flowTo(remote);
    }
    return undefined;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  // What the flows and listeners ask of us: UdpHost and StreamHost.

  admit(address: string): boolean {
    return this.#sources.take(address, this.clock.now());
  }

  refused(address: string, why: RefusalReason): void {
    this.#options.onRefused?.(address, why);
  }

  keepIdle(flow: Flow): boolean {
    return this.#options.keepIdle?.(flow) ?? false;
  }

  sent(transport: SipTransport): void {
    this.#sent[transport]++;
  }

  received(transport: SipTransport): void {
    this.#received[transport]++;
  }

  async #open({ transport, address, port, advertised }: ListenAddress): Promise<void> {
    const canonical = canonicalAddress(address);
    if (canonical === undefined) throw new Error(`Cannot listen on ${transport} ${address}: write an IP address`);
    if (transport === 'tls' && !this.#tlsServer) {
      throw new Error(`Cannot listen on tls ${formatSocketAddress({ address, port })}: there is no certificate; set sip.tls`);
    }
    let local: SocketAddress;
    try {
      if (transport === 'udp') {
        const listener = await UdpListener.open(canonical, port, this);
        this.#udp.push(listener);
        local = listener.local;
      } else {
        const opened = await listenStream(canonical, port, (socket) => this.#arrived(transport, socket));
        this.#servers.push(opened.server);
        local = opened.local;
      }
    } catch (error) {
      throw cannotListen(transport, { address, port }, error);
    }
    this.#listeners.push({ transport, ...local, ...(advertised === undefined ? {} : { advertised }) });
  }

  /** A connection, before the first byte: counted until its socket has closed, whatever becomes of it. */
  #arrived(transport: 'tcp' | 'tls', socket: Socket): void {
    const address = socket.remoteAddress;
    const release = address === undefined || this.#closing ? undefined : this.#inbound.take(address);
    if (!release) {
      // Gone already, or over the limit: no answer, which would cost more than it tells.
      if (address !== undefined && !this.#closing) this.refused(address, 'connections');
      socket.destroy();
      return;
    }
    this.#own(socket, release);
    if (transport === 'tcp') this.#accepted('tcp', socket, []);
    else this.#tlsServer?.emit('connection', socket);
  }

  #accepted(transport: 'tcp' | 'tls', socket: Socket | TLSSocket, certificateNames: readonly string[]): void {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy();
      return;
    }
    const remote = { address: remoteAddress, port: remotePort };
    const flow = this.#adopt({ transport, socket, remote, certificateNames, outbound: false, serverName: undefined });
    // RFC 3261 §18: requests to where a connection came from may use it. Not by TLS, where the target's name has to be verified.
    if (transport === 'tcp') this.#index(flow, flowKey('tcp', remote.address, remote.port, undefined));
  }

  async #connect(target: Target, key: string): Promise<Flow> {
    const { limits, clock } = this;
    if (this.#outbound >= limits.connections) {
      throw new Error(
        `Cannot reach ${target.transport} ${formatSocketAddress(target)}: ${limits.connections} connections are open already`,
      );
    }
    this.#outbound++;
    const own = (socket: Socket) => this.#own(socket, () => this.#outbound--);
    const options = { clock, timeoutMs: this.#options.connectTimeoutMs, localAddress: this.#leaveFrom(target) };
    const remote = { address: target.address, port: target.port };
    let flow: StreamFlow;
    if (target.transport === 'tls') {
      const { socket, names } = await connectTls(target, this.#tls, options, own);
      const serverName = target.serverName ?? target.address;
      flow = this.#adopt({ transport: 'tls', socket, remote, certificateNames: names, outbound: true, serverName });
    } else {
      const socket = await connectTcp(target, options, own);
      flow = this.#adopt({ transport: 'tcp', socket, remote, certificateNames: [], outbound: true, serverName: undefined });
    }
    this.#index(flow, key);
    return flow;
  }

  /** A peer that knows us by address expects the one that we listen on. */
  #leaveFrom(target: Target): string | undefined {
    const listeners = this.#listeners.filter(({ transport }) => transport === target.transport);
    const listener = pickListener(listeners, target.address);
    return listener && !isWildcard(listener.address) ? listener.address : undefined;
  }

  #udpFlow(remote: SocketAddress): Flow {
    const bound = pickListener(
      this.#udp.map((listener) => ({ ...listener.local, listener })),
      remote.address,
    );
    if (!bound) {
      const family = isIPv6(remote.address) ? 'IPv6' : 'IPv4';
      throw new Error(
        `Cannot reach udp ${formatSocketAddress(remote)}: no UDP listener can send there; add one for ${family} to sip.listen`,
      );
    }
    return bound.listener.flowTo(remote);
  }

  #own(socket: Socket, onClosed: () => void): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#sockets.delete(socket);
      onClosed();
    });
  }

  #adopt(options: Omit<ConstructorParameters<typeof StreamFlow>[0], 'id'>): StreamFlow {
    const flow = new StreamFlow({ ...options, id: `${options.transport}:${this.#run}:${++this.#nextFlow}` }, this);
    this.#flows.set(flow.id, flow);
    flow.onClose(() => this.#flows.delete(flow.id));
    return flow;
  }

  #index(flow: StreamFlow, key: string): void {
    this.#byTarget.set(key, flow);
    flow.onClose(() => {
      if (this.#byTarget.get(key) === flow) this.#byTarget.delete(key);
    });
  }

  async #closeAll(): Promise<void> {
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const flow of [...this.#flows.values()]) flow.destroy();
    for (const socket of [...this.#sockets]) socket.destroy();
    await Promise.all([...closed, ...this.#udp.map((listener) => listener.close())]);
    await Promise.allSettled(this.#connecting.values());
  }
}

function flowKey(transport: 'tcp' | 'tls', address: string, port: number, serverName: string | undefined): string {
  // Two names at one address are two identities, each with its certificate (RFC 5922 §7.5). TCP has none to verify.
  const name = transport === 'tls' ? (serverName ?? '').toLowerCase() : '';
  return `${transport}|${address}|${port}|${name}`;
}

function parseSocketAddress(text: string): SocketAddress | undefined {
  const colon = text.lastIndexOf(':');
  const address = canonicalAddress(text.slice(0, Math.max(0, colon)).replace(/^\[(.*)\]$/, '$1'));
  const port = Number(text.slice(colon + 1));
  return address !== undefined && Number.isInteger(port) && port > 0 && port < 65_536 ? { address, port } : undefined;
}

const listenCauses: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program has this port; stop it, or choose another port in sip.listen',
  EACCES: 'this user may not use this port; choose one above 1023, or give the program the capability CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine does not have this address; correct sip.listen',
  EAFNOSUPPORT: 'this machine has no IPv6; take the address out of sip.listen',
};

function cannotListen(transport: SipTransport, at: SocketAddress, cause: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why = listenCauses[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new Error(`Cannot listen on ${transport} ${formatSocketAddress(at)}: ${why}`, { cause });
}
