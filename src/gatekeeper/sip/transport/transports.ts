import { randomBytes } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Clock } from '../../../clock.js';
import { canonicalAddress, formatSocketAddress, pickListener, type SocketAddress } from '../../net/address.js';
import type { RefusalReason } from '../../net/limits.js';
import { cannotListen } from '../../net/listen-error.js';
import { type SourceRate, Sources } from '../../net/sources.js';
import { type Connected, listenAddress, StreamSockets } from '../../net/stream-sockets.js';
import type { TlsOptions } from '../../net/tls.js';
import type { SipTransport } from '../../plan/plan.js';
import type { Flow, MessageHandler, Target, TransportLayer } from './flow.js';
import { streamFlows, udpRemote } from './flow-id.js';
import { defaultLimits, type TransportLimits } from './limits.js';
import { sipIdentity } from './sip-identity.js';
import { StreamFlow, type StreamHost } from './stream-flow.js';
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
  /** Tells the UDP flows of this instance from those of others that share registrations with it; stays the same over a restart. Default: none. */
  readonly instance?: string | undefined;
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

/** Where our listeners are written, for errors. */
const SETTING = 'sip.listen';

/** Every socket of the SIP edge: listens, connects, keeps the limits. */
export class Transports implements TransportLayer, StreamHost {
  readonly clock: Clock;
  readonly limits: TransportLimits;
  readonly onMessage: MessageHandler;
  readonly #options: TransportOptions;
  readonly #sources: Sources;
  readonly #streams: StreamSockets;
  readonly #udp: UdpListener[] = [];
  readonly #listeners: ListenAddress[] = [];
  readonly #flows = new Map<string, StreamFlow>();
  readonly #inProcess = new Map<string, Flow>();
  /** Flows by whom they lead to: `flowKey`. */
  readonly #byTarget = new Map<string, StreamFlow>();
  readonly #connecting = new Map<string, Promise<Flow>>();
  /** Tells this process' flow ids from those of an earlier one, which may still stand in a registration. */
  readonly #run = randomBytes(6).toString('base64url');
  #nextFlow = 0;
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
    const { rate, sources } = this.limits;
    this.#sources = new Sources({ rate, sources, ...(options.rateFor ? { rateFor: options.rateFor } : {}) });
    this.#streams = new StreamSockets({
      clock: options.clock,
      limits: this.limits,
      tls: options.tls,
      requestClientCertificate: options.requestClientCertificate,
      identity: sipIdentity,
      setting: SETTING,
      accepted: (connection) => this.#accepted(connection),
      refused: (source, why) => this.refused(source, why),
    });
  }

  get listeners(): readonly ListenAddress[] {
    return this.#listeners;
  }

  /** What the ids of our flows begin with, those of connections that have closed included. */
  get flowBeginnings(): readonly string[] {
    return [
      ...[streamFlows('tcp', this.#run), streamFlows('tls', this.#run)],
      ...this.#udp.map(({ flows }) => flows),
      ...this.#inProcess.keys(),
    ];
  }

  get stats(): TransportStats {
    return {
      received: { ...this.#received },
      sent: { ...this.#sent },
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

  /** A way inside the process, which has no socket and so no limits: found by its id, and one of `flowBeginnings`. */
  join(flow: Flow): void {
    this.#inProcess.set(flow.id, flow);
  }

  async flowTo(target: Target): Promise<Flow> {
    const address = canonicalAddress(target.address);
    if (address === undefined) throw new Error(`Cannot reach ${target.transport} ${target.address}: it is not an IP address`);
    if (this.#closing) throw new Error(`Cannot reach ${target.transport} ${formatSocketAddress(target)}: the service is stopping`);
    if (target.transport === 'udp') return this.udpFlow({ address, port: target.port }) ?? noUdp({ address, port: target.port });
    const key = flowKey(target.transport, address, target.port, target.fingerprint ?? target.serverName);
    const open = this.#byTarget.get(key);
    if (open && !open.closed) return open;
    const connecting = this.#connecting.get(key);
    if (connecting) return connecting;
    const flow = this.#connect({ ...target, address }, target.transport, key).finally(() => this.#connecting.delete(key));
    this.#connecting.set(key, flow);
    return flow;
  }

  flow(id: string): Flow | undefined {
    if (!id.startsWith('udp:')) return this.#flows.get(id) ?? this.#inProcess.get(id);
    const listener = this.#udp.find(({ flows }) => id.startsWith(flows));
    const remote = listener && !listener.closed ? udpRemote(id) : undefined;
    return remote && listener?.flowTo(remote);
  }

  udpFlow(remote: SocketAddress): Flow | undefined {
    const bound = pickListener(
      this.#udp.map((listener) => ({ ...listener.local, listener })),
      remote.address,
    );
    return bound?.listener.flowTo(remote);
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
    const canonical = listenAddress(transport, address);
    let local: SocketAddress;
    if (transport === 'udp') {
      const listener = await UdpListener.open(canonical, port, this, this.#options.instance ?? '').catch((error: unknown) => {
        throw cannotListen(transport, { address, port }, SETTING, error);
      });
      this.#udp.push(listener);
      local = listener.local;
    } else {
      local = await this.#streams.listen(transport, canonical, port);
    }
    this.#listeners.push({ transport, ...local, ...(advertised === undefined ? {} : { advertised }) });
  }

  #accepted(connection: Connected): void {
    const { transport, remote } = connection;
    const flow = this.#adopt({ ...connection, outbound: false, serverName: undefined });
    // RFC 3261 §18: requests to where a connection came from may use it. Not by TLS, where the target's name has to be verified.
    if (transport === 'tcp') this.#index(flow, flowKey('tcp', remote.address, remote.port, undefined));
  }

  async #connect(target: Target, transport: 'tcp' | 'tls', key: string): Promise<Flow> {
    const connected = await this.#streams.connect({ ...target, transport }, this.#options.connectTimeoutMs);
    const serverName = transport === 'tls' ? (target.serverName ?? target.address) : undefined;
    const flow = this.#adopt({ ...connected, outbound: true, serverName });
    this.#index(flow, key);
    return flow;
  }

  #adopt(options: Omit<ConstructorParameters<typeof StreamFlow>[0], 'id'>): StreamFlow {
    const flow = new StreamFlow({ ...options, id: `${streamFlows(options.transport, this.#run)}${++this.#nextFlow}` }, this);
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
    for (const flow of [...this.#flows.values()]) flow.destroy();
    await Promise.all([this.#streams.close(), ...this.#udp.map((listener) => listener.close())]);
    await Promise.allSettled(this.#connecting.values());
  }
}

function noUdp(remote: SocketAddress): never {
  const family = isIPv6(remote.address) ? 'IPv6' : 'IPv4';
  throw new Error(`Cannot reach udp ${formatSocketAddress(remote)}: no UDP listener can send there; add one for ${family} to sip.listen`);
}

function flowKey(transport: 'tcp' | 'tls', address: string, port: number, identity: string | undefined): string {
  // Two names at one address are two identities, each with its certificate (RFC 5922 §7.5). TCP has none to verify.
  const name = transport === 'tls' ? (identity ?? '').toLowerCase() : '';
  return `${transport}|${address}|${port}|${name}`;
}
