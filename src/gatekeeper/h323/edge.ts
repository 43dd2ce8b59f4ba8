import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../../clock.js';
import type { H323Config } from '../../config/service-config.js';
import type { MemberAddresses } from '../../state/member-store.js';
import type { StateStore } from '../../state/store.js';
import type { Calls } from '../calls/call.js';
import { FailureLimit } from '../net/failure-limit.js';
import type { RefusalReason, SocketLimits } from '../net/limits.js';
import { isPublicTarget } from '../net/public-address.js';
import { type SourceRate, sourceKey } from '../net/sources.js';
import type { TlsOptions } from '../net/tls.js';
import type { Plan, Zone } from '../plan/plan.js';
import { identify } from '../plan/source-zone.js';
import { Features } from './h460/features.js';
import { OwnAddresses, type OwnSignallingListener } from './own-addresses.js';
import type { RasObserver } from './ras/observer.js';
import { RasGatekeeper } from './ras/ras-gatekeeper.js';
import { CallSignalling } from './signalling/call-signalling.js';
import type { H245Routing, SignallingConnection, SignallingObserver } from './signalling/context.js';
import { Strangers } from './strangers.js';
import { H245Ports } from './transport/h245-ports.js';
import { RasSockets } from './transport/ras-sockets.js';
import { SignallingTransport } from './transport/signalling-transport.js';

/** What the edge tells metrics and logs; every method returns at once. */
export interface H323Observer {
  readonly ras: RasObserver;
  readonly signalling: SignallingObserver;
  /** A datagram or connection was turned away. */
  dropped(source: string, why: RefusalReason): void;
  /** Something that the service can do without does not work: a sentence. */
  warning(text: string): void;
}

export interface H323EdgeOptions {
  readonly settings: H323Config;
  /** Absent: no TLS listener. */
  readonly tls: TlsOptions | undefined;
  readonly plan: () => Plan;
  readonly store: StateStore;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly observer: H323Observer;
  /** Names that mean this gatekeeper behind an `@`. */
  readonly names: readonly string[];
  /** Whether the internet zone may be led to loopback, private and link-local addresses. For tests. */
  readonly allowPrivateTargets: boolean;
}

/** A local gatekeeper carries the calls of a whole organisation. */
const NEIGHBOUR_FACTOR = 10;
/** Calls at the same time, licences or not: each holds two connections and some 20 kB. */
const MAX_CALLS = 50_000;
/** What is hung up on at a stop gets a moment to be told. */
const SETTLE_MS = 100;

/** The H.323 edge: sockets below, the core beside it, and between them what speaks RAS and call signalling. Opened by `open`, ended by `close`. */
export class H323Edge {
  readonly #options: H323EdgeOptions;
  readonly #sockets: RasSockets;
  readonly #transport: SignallingTransport;
  readonly #own: OwnAddresses;
  readonly #ras: RasGatekeeper;
  readonly #signalling: CallSignalling;
  readonly #ports: H245Ports;
  readonly #strangers: Strangers;
  #keepAlive: Timer | undefined;
  #tls: TlsOptions | undefined;

  static async open(options: H323EdgeOptions): Promise<H323Edge> {
    const { settings, clock, observer, plan } = options;
    // What arrives while the parts are still being joined waits in the sockets: listening is the last thing that is awaited.
    const inbox: { edge?: H323Edge } = {};
    const limits = socketLimits(settings);
    const rateFor = (address: string) => rateOf(settings, plan(), address);
    const onFault = (error: unknown) => observer.signalling.fault(error, '');
    const transport = await SignallingTransport.open({
      listen: settings.signalling,
      tls: options.tls,
      requestClientCertificate: wantsCertificates(plan()),
      limits,
      clock,
      onConnection: (connection) => inbox.edge?.accept(connection),
      onRefused: (source, why) => observer.dropped(source, why),
      onFault,
      rateFor,
      keepIdle: (connection) => inbox.edge?.isNeeded(connection) ?? false,
    });
    try {
      const sockets = await RasSockets.open({
        listen: [...settings.ras, ...discoveryListeners(settings)],
        ...(settings.discovery.multicast && {
          multicast: { port: settings.discovery.port, interfaces: settings.ras.map(({ address }) => address) },
        }),
        limits,
        clock,
        onMessage: (bytes, from, local) => inbox.edge?.receive(bytes, from, local),
        onRefused: (source, why) => observer.dropped(source, why),
        onWarning: (text) => observer.warning(text),
        onFault,
        rateFor,
      });
      const edge = new H323Edge(options, sockets, transport);
      inbox.edge = edge;
      return edge;
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  private constructor(options: H323EdgeOptions, sockets: RasSockets, transport: SignallingTransport) {
    this.#options = options;
    this.#sockets = sockets;
    this.#transport = transport;
    this.#tls = options.tls;
    const { settings, clock, observer, plan, store, calls } = options;
    // Those for discovery come after them.
    const ras = sockets.listeners.slice(0, settings.ras.length);
    const told = ras.map((listener, index) => ({ ...listener, advertised: settings.ras[index]?.advertised }));
    const signalling = transport.listeners satisfies readonly OwnSignallingListener[];
    this.#own = new OwnAddresses(told, signalling, { machine: machineAddresses(), names: options.names });
    this.#ports = new H245Ports(transport, { range: settings.h245.ports });
    this.#ras = new RasGatekeeper({
      clock,
      plan,
      registrations: store.registrations,
      licences: store.licences,
      hints: store.hints,
      ...(store.endpoints.isAlone !== true && { shared: store }),
      calls,
      callDirectory: { find: (callIdentifier) => this.#signalling.find(callIdentifier) },
      health: { isUp: () => true },
      settings,
      send: (bytes, to, local) => sockets.send(bytes, to, { ...local, multicast: false }),
      listenerFor: (address) => ras.find((listener) => listener.address.includes(':') === address.includes(':')),
      rasAddress: (local) => this.#own.ras(local),
      signalAddress: (local) => this.#own.signalling(this.#own.rasListener(local)) ?? local,
      isOwn: (address) => this.#own.isOwn(address),
      ownHosts: this.#own.hosts,
      lookUp: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
      randomBytes,
      features: new Features((local) => this.#own.tls(this.#own.rasListener(local))),
      failures: new FailureLimit(),
      sourceOf: sourceKey,
      observer: observer.ras,
    });
    this.#signalling = new CallSignalling({
      clock,
      plan,
      registrations: store.registrations.index,
      health: this.#ras.neighbours.health,
      calls,
      endpoints: this.#ras.endpoints,
      admissions: this.#ras.admissions,
      bandwidth: this.#ras.bandwidth,
      neighbours: this.#ras.neighbours,
      observer: observer.signalling,
      timers: {
        setupMs: settings.timers.setupMs,
        huntMs: settings.timers.huntMs,
        establishmentMs: settings.timers.establishmentSeconds * 1000,
        alertingMs: settings.timers.alertingSeconds * 1000,
        connectMs: settings.timers.connectMs,
      },
      ownHosts: this.#own.hosts,
      ownAddress: (connection) => this.#own.callback(connection),
      isOwn: (target) => this.#own.isOwn(target),
      isOwnMachine: (address) => this.#own.isOwnMachine(address),
      isPublic: (address) => options.allowPrivateTargets || isPublicTarget(address),
      h245: settings.h245.mode === 'route' ? this.#h245Routing() : undefined,
      connect: (target) => transport.connect(target),
      callsPerConnection: settings.limits.callsPerConnection,
      maxCalls: MAX_CALLS,
    });
    this.#strangers = new Strangers({
      clock,
      isKnown: (address) => zoneAt(plan(), address) !== undefined || this.#ras.endpoints.hasAddress(address),
    });
    this.#beat();
  }

  /** Where RAS is spoken: real ports, also where 0 was asked for. */
  get rasListeners(): RasSockets['listeners'] {
    return this.#sockets.listeners;
  }

  /** What the other instances tell endpoints of us: where RAS is spoken, as it is told to endpoints, and our gatekeeperIdentifier. */
  get memberAddresses(): Pick<MemberAddresses, 'ras' | 'gatekeeperId'> {
    const { ras, gatekeeperId } = this.#options.settings;
    return { ras: this.#sockets.listeners.slice(0, ras.length).map((listener) => this.#own.ras(listener)), gatekeeperId };
  }

  /** Where Setup is taken. */
  get signallingListeners(): SignallingTransport['listeners'] {
    return this.#transport.listeners;
  }

  get stats(): { readonly ras: RasSockets['stats']; readonly signalling: SignallingTransport['stats']; readonly endpoints: number } {
    return { ras: this.#sockets.stats, signalling: this.#transport.stats, endpoints: this.#ras.size };
  }

  /** Calls in progress. */
  get calls(): number {
    return this.#signalling.size;
  }

  /** Which neighbour gatekeepers answer: one that it is only time to try again does not. */
  readonly health: RasGatekeeper['neighbours']['health'] = { isUp: (peerId) => this.#ras.neighbours.answers(peerId) };

  receive(bytes: Buffer, from: { address: string; port: number }, local: { address: string; port: number; multicast: boolean }): void {
    if (this.#strangers.admits(from.address)) this.#ras.receive(bytes, from, local, local.multicast);
    else this.#options.observer.dropped(from.address, 'rate');
  }

  accept(connection: SignallingConnection): void {
    this.#signalling.accept(connection);
  }

  isNeeded(connection: SignallingConnection): boolean {
    return this.#signalling.isNeeded(connection);
  }

  /** A new plan is in force. Calls and registrations go on. */
  planChanged(plan: Plan): void {
    this.#ras.planChanged();
    this.#sockets.resetSources();
    this.#transport.resetSources();
    this.#transport.updateTls(this.#tls, wantsCertificates(plan));
  }

  /** New certificates, for the connections to come. Throws when certificate and key do not belong together: then the old ones stay. */
  tlsChanged(tls: TlsOptions | undefined): void {
    this.#transport.updateTls(tls, wantsCertificates(this.#options.plan()));
    this.#tls = tls;
  }

  /** No new calls from now on; those in progress go on. Endpoints are sent to the other instances. */
  drain(): void {
    this.#ras.drain();
    this.#signalling.drain();
  }

  /** Hangs up on what is left, then closes every socket. */
  async close(): Promise<void> {
    this.#keepAlive?.cancel();
    const hadCalls = this.calls > 0;
    this.#signalling.close();
    this.#ras.close();
    if (hadCalls) await new Promise<void>((resolve) => this.#options.clock.after(SETTLE_MS, resolve));
    await this.#ports.close();
    await this.#transport.close();
    await this.#sockets.close();
  }

  #h245Routing(): H245Routing {
    const { establishmentSeconds, alertingSeconds } = this.#options.settings.timers;
    // Some connect when they hear of the port, some after the answer. The call's end closes it at the latest.
    const timeoutMs = 2 * (establishmentSeconds + alertingSeconds) * 1000;
    return {
      listen: async ({ towards, ...expected }) => {
        const { address } = towards.local;
        const port = await this.#ports.open({ ...expected, address, timeoutMs });
        return port && { address: { address: this.#own.callback(towards).address, port: port.local.port }, close: () => port.close() };
      },
      connect: (target) => this.#transport.connect(target),
    };
  }

  #beat(): void {
    const { keepAliveSeconds } = this.#options.settings.timers;
    if (keepAliveSeconds === 0) return;
    this.#keepAlive = this.#options.clock.after(keepAliveSeconds * 1000, () => {
      this.#signalling.keepAlive();
      this.#beat();
    });
  }
}

/** Discovery by unicast, on the port that endpoints know (H.225.0 §7.2), wherever RAS is spoken on another. */
function discoveryListeners({ ras, discovery }: H323Config): { address: string; port: number }[] {
  const addresses = new Set(ras.map(({ address }) => address));
  // Where RAS takes any port that the system gives, as several instances on one machine do, a well-known one would be in the way of the next.
  if (ras.some(({ port }) => port === 0 || port === discovery.port)) return [];
  return [...addresses].map((address) => ({ address, port: discovery.port }));
}

function socketLimits({ limits }: H323Config): Partial<SocketLimits> {
  return {
    rate: { messagesPerSecond: limits.messagesPerSecondPerSource, burst: limits.burst },
    connectionsPerSource: limits.connectionsPerSource,
    connections: limits.connections,
    messageBytes: limits.messageBytes,
    idleMs: limits.idleSeconds * 1000,
    halfOpenMs: limits.halfOpenSeconds * 1000,
  };
}

function rateOf({ limits }: H323Config, plan: Plan, address: string): SourceRate | undefined {
  const zone = zoneAt(plan, address);
  if (zone?.kind !== 'h323-neighbour' && zone?.kind !== 'h323-gateway') return undefined;
  return { messagesPerSecond: limits.messagesPerSecondPerSource * NEIGHBOUR_FACTOR, burst: limits.burst * NEIGHBOUR_FACTOR };
}

function zoneAt(plan: Plan, address: string): Zone | undefined {
  return identify(plan, { remote: { address, port: 0 }, certificateNames: [] });
}

function wantsCertificates(plan: Plan): boolean {
  return [...plan.zones.values()].some((zone) => zone.sources.certificateNames.length > 0);
}

function machineAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
