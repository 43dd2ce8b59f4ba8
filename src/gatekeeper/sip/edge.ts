import { createHash, randomBytes } from 'node:crypto';
import type { Clock, Timer } from '../../clock.js';
import type { SipConfig } from '../../config/service-config.js';
import type { MemberAddresses } from '../../state/member-store.js';
import type { StateStore } from '../../state/store.js';
import type { Call, CallId, Calls } from '../calls/call.js';
import type { TlsOptions } from '../net/tls.js';
import { PeerNews } from '../peers/peer-news.js';
import type { Plan, SipPeer } from '../plan/plan.js';
import { identify } from '../plan/source-zone.js';
import { Authenticator } from './authenticator.js';
import { families, Here, type Listener, wildcardHosts } from './here.js';
import { createLocator, type Locator } from './locate.js';
import type { MeetingDoor } from './meeting-door.js';
import { fingerprintOf, memberListeners } from './member-addresses.js';
import { formatHostPort } from './message/host.js';
import { responseTo, SipRequest } from './message/message.js';
import { parseMessage } from './message/parse.js';
import { parseSipUri } from './message/uri.js';
import { Nonces } from './nonces.js';
import { isSeenHere, PeerHealth, PeerPinger, type PingResult, pingResult } from './peers.js';
import { Arrivals } from './proxy/arrivals.js';
import type { ProxyContext, ProxyObserver } from './proxy/context.js';
import { Fellows } from './proxy/fellows.js';
import { FlowHolders } from './proxy/flow-holders.js';
import { FlowTokens } from './proxy/flow-token.js';
import { addVia } from './proxy/forward.js';
import { openFirst } from './proxy/open-first.js';
import { SipProxy } from './proxy/proxy.js';
import { PurposeKeys } from './proxy/purpose-key.js';
import { RouteTokens } from './proxy/record-route.js';
import { RefusalPace } from './proxy/refusal-pace.js';
import { RelayedSenders } from './proxy/relayed-sender.js';
import { resumeSession } from './proxy/resume.js';
import { Sessions } from './proxy/sessions.js';
import { answerFlow, noteReceived } from './received.js';
import { type RegisterOutcome, Registrar } from './registrar.js';
import { mayHaveLostCalls, type StoreStatus } from './store-status.js';
import { Transactions } from './transaction/transactions.js';
import type { Flow, Target } from './transport/flow.js';
import type { TransportLimits } from './transport/limits.js';
import type { FramingLoss } from './transport/stream-framer.js';
import { Transports } from './transport/transports.js';

/** What the edge tells metrics and logs; every method returns at once. */
export interface EdgeObserver extends ProxyObserver {
  received(method: string, transport: string): void;
  malformed(why: string, source: string, transport: string): void;
  dropped(source: string, why: string): void;
  peerChanged(peerId: string, up: boolean, cause: string): void;
  registered(outcome: RegisterOutcome): void;
  /** RFC 3263 led nowhere. */
  unlocated(host: string, why: string): void;
}

export interface EdgeOptions {
  readonly settings: SipConfig;
  /** Absent: no TLS listener, and TLS to others trusts the public authorities. */
  readonly tls: TlsOptions | undefined;
  readonly plan: () => Plan;
  readonly store: StateStore;
  /** Whether a shared store is there, and since when. Absent, or undefined: nothing is shared. */
  readonly storeStatus?: () => StoreStatus | undefined;
  readonly calls: Calls;
  /** Absent: calls to meetings are refused. */
  readonly meetings?: MeetingDoor | undefined;
  readonly clock: Clock;
  readonly observer: EdgeObserver;
}

const carrierFactor = 10;
const settleMs = 500;

/** Answers to strangers per source and second (403); above it they hear nothing. */
const refusalsPerSecond = 10;

/** The SIP edge: sockets below, the core beside it, and between them what speaks SIP. Opened by `open`, ended by `close`. */
export class SipEdge {
  readonly #transports: Transports;
  readonly #transactions: Transactions;
  readonly #proxy: SipProxy;
  readonly #pinger: PeerPinger;
  readonly #here: Here;
  readonly #locator: Locator;
  readonly #listeners: readonly Listener[];
  readonly #context: ProxyContext;
  readonly #options: EdgeOptions;
  readonly #stopFollowing: () => void;
  #tls: TlsOptions | undefined;
  readonly health: PeerHealth;

  static async open(options: EdgeOptions): Promise<SipEdge> {
    // Messages that arrive while the parts are still being joined wait in the sockets: listening is the last thing that is awaited.
    const inbox: { edge?: SipEdge } = {};
    const { settings, observer } = options;
    const transports = await Transports.listen({
      listen: settings.listen.map(({ transport, address, port }) => ({ transport, address, port })),
      tls: options.tls,
      limits: transportLimits(settings.limits),
      clock: options.clock,
      connectTimeoutMs: settings.timers.connectMs,
      requestClientCertificate: wantsClientCertificates(options.plan()),
      onMessage: (message, flow, loss) => inbox.edge?.receive(message, flow, loss),
      onRefused: (source, why) => observer.dropped(source, why),
      // The others tell them from its own by this; the run, which follows in `self`, changes at each start.
      instance: createHash('sha256')
        .update(options.store.members.self.replace(/\/[^/]*$/, ''))
        .digest('hex')
        .slice(0, 12),
      rateFor: (address) => {
        const zone = identify(options.plan(), { remote: { address, port: 0 }, certificateNames: [] });
        const { messagesPerSecondPerSource: messagesPerSecond, burst } = settings.limits;
        // A trunk carries the calls of a whole organisation, another instance those of many.
        const carries =
          zone?.kind === 'sip-trunk' || options.store.members.others().some(({ sip }) => sip.some(({ host }) => host === address));
        return carries ? { messagesPerSecond: messagesPerSecond * carrierFactor, burst: burst * carrierFactor } : undefined;
      },
      keepIdle: (flow) => inbox.edge?.isNeeded(flow) ?? false,
    });
    if (options.meetings) transports.join(options.meetings.flow);
    const edge = new SipEdge(options, transports);
    inbox.edge = edge;
    return edge;
  }

  private constructor(options: EdgeOptions, transports: Transports) {
    this.#options = options;
    this.#tls = options.tls;
    this.#transports = transports;
    const { clock, plan, settings, store, calls, observer } = options;
    // `listeners` stand in the order of the configuration, with the ports that they really got.
    this.#listeners = transports.listeners.map((listener, index) => ({ ...listener, advertised: settings.listen[index]?.advertised }));
    this.#here = new Here(this.#listeners, [settings.realm, ...wildcardHosts(this.#listeners)]);
    this.#here.fingerprint = options.tls && fingerprintOf(options.tls);
    const news = new PeerNews(store.hints, clock);
    this.health = new PeerHealth((peer, up, cause) => {
      observer.peerChanged(peer, up, cause);
      if (isSeenHere(cause)) news.tell(peer, up);
    });
    const user = {
      onRequest: (request: SipRequest, flow: Flow) => this.#proxy.onRequest(request, flow),
      onAck: (request: SipRequest, flow: Flow) => this.#proxy.onAck(request, flow),
      onCancel: (...cancel: Parameters<SipProxy['onCancel']>) => this.#proxy.onCancel(...cancel),
      onStrayResponse: () => this.#proxy.onStrayResponse(),
      onOverload: (request: SipRequest) => observer.refused(request.method, 'overloaded', undefined),
    };
    this.#transactions = new Transactions({
      clock,
      user,
      timers: { t1: settings.timers.t1Ms, t2: settings.timers.t2Ms, t4: settings.timers.t4Ms },
      reopen: (request, use) => {
        const target = returnTarget(request);
        // Nobody there: the client has gone, and its transaction will time out.
        if (target) transports.flowTo(target).then(use, () => undefined);
      },
    });
    this.#locator = createLocator({
      clock,
      transports: preferredTransports.filter((transport) => transports.listeners.some((listener) => listener.transport === transport)),
      families: families(this.#listeners),
      servers: settings.dns.servers,
      isOwn: (address, port) => this.#here.is(address, port),
      allowPrivate: settings.dns.allowPrivateTargets,
      timeLimitMs: settings.dns.timeoutMs,
    });
    const authenticator = new Authenticator({
      plan,
      nonces: new Nonces(store.nonces, { lifetimeSeconds: settings.registrar.nonceSeconds }),
      realm: settings.realm,
      algorithms: settings.digestAlgorithms,
      isHere: (host, port) => this.#here.is(host, port),
      clock,
    });
    const registrar = new Registrar({
      store,
      plan,
      authenticator,
      here: this.#here,
      clock,
      settings: {
        minExpires: settings.registrar.minExpiresSeconds,
        maxExpires: settings.registrar.maxExpiresSeconds,
        defaultExpires: settings.registrar.defaultExpiresSeconds,
      },
      onOutcome: (outcome) => observer.registered(outcome),
    });
    const locate: ProxyContext['locate'] = (uri, trusted) =>
      this.#locator.locate(uri, trusted).catch((error: unknown) => {
        observer.unlocated(uri.host, error instanceof Error ? error.message : String(error));
        return [];
      });
    const connectedSince = options.storeStatus?.()?.since;
    const keys = (purpose: string) => new PurposeKeys(() => store.secret, purpose);
    const flowTokens = new FlowTokens(keys('flow-routes'));
    this.#context = {
      clock,
      plan,
      registrations: store.registrations.index,
      health: this.health,
      calls,
      here: this.#here,
      transactions: this.#transactions,
      transports,
      tokens: new RouteTokens(keys('call-routes')),
      sessions: new Sessions(clock),
      find: (name) => store.calls.find(name),
      over: (id) => store.calls.over(id),
      fellows: new Fellows(store.members),
      relayed: new RelayedSenders(keys('relayed-senders')),
      arrivals: new Arrivals(),
      meetings: options.meetings,
      timers: {
        huntMs: settings.timers.huntMs,
        ringingSeconds: settings.timers.ringingSeconds,
        silenceSeconds: settings.sessions.maxSilenceSeconds,
        probe: settings.sessions.probe,
      },
      holders: new FlowHolders({ members: store.members, transports, tokens: flowTokens, now: () => clock.now(), locate }),
      flowTokens,
      storeAway: () => mayHaveLostCalls(options.storeStatus?.(), connectedSince, clock.now()),
      locate,
      observer,
    };
    this.#proxy = new SipProxy({
      context: this.#context,
      registrar,
      authenticator,
      realm: settings.realm,
      maxExpires: settings.registrar.maxExpiresSeconds,
      pace: new RefusalPace(refusalsPerSecond),
    });
    this.#pinger = new PeerPinger({ health: this.health, clock, news, ping: (peer) => this.#ping(peer) });
    this.#pinger.update(plan().zones.values());
    // Whoever came is no stranger any more.
    this.#stopFollowing = store.members.onChange(() => transports.resetSources());
  }

  /** Where it listens: real ports, also where 0 was asked for. */
  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /** What `store.members.announce` is told of SIP. It changes with `tlsChanged`. */
  get memberAddresses(): Pick<MemberAddresses, 'sip' | 'flows'> {
    return { sip: memberListeners(this.#listeners, this.#tls), flows: this.#transports.flowBeginnings };
  }

  get transactionCounts(): { client: number; server: number; remembered: number } {
    return this.#transactions.size;
  }

  get transportStats(): Transports['stats'] {
    return this.#transports.stats;
  }

  /** One whole message from a socket. Never throws: what cannot be read is answered where SIP has an answer, and counted. */
  receive(bytes: string, flow: Flow, loss?: FramingLoss): void {
    const result = parseMessage(bytes, { stream: flow.reliable });
    if (loss || !result.ok) {
      const { status, text } = loss ?? { status: result.ok ? 400 : result.status, text: result.ok ? '' : result.error.message };
      this.#options.observer.malformed(text, flow.remote.address, flow.transport);
      const request = result.ok ? result.message : result.answerable;
      // An ACK is never answered, and neither is what cannot be matched to its sender (RFC 3261 §17.1.1.3, §8.2).
      if (request instanceof SipRequest && request.method !== 'ACK') flow.send(responseTo(request, status, text).toString());
      return;
    }
    const { message } = result;
    let way = flow;
    if (message instanceof SipRequest) {
      this.#options.observer.received(message.method, flow.transport);
      noteReceived(message, flow);
      way = answerFlow(message, flow, this.#transports);
    }
    try {
      this.#transactions.receive(message, way);
    } catch (error) {
      this.#options.observer.fault(error, message.callId);
    }
  }

  /** Whether an endpoint is reached over this connection, by its registration or in a call: then quiet is no reason to close it. */
  isNeeded(flow: Flow): boolean {
    if (this.#proxy.isRegistered(flow) || this.#proxy.isPassing(flow)) return true;
    for (const session of this.#context.sessions) if (session.uses(flow)) return true;
    return false;
  }

  /** A new plan is in force: trunk peers are watched as it says. Calls and registrations go on. */
  planChanged(plan: Plan): void {
    this.#pinger.update(plan.zones.values());
    this.#transports.resetSources();
    this.#transports.updateTls(this.#tls, wantsClientCertificates(plan));
  }

  /** New certificates, for the connections to come. Throws when certificate and key do not belong together: then the old ones stay. */
  tlsChanged(tls: TlsOptions | undefined): void {
    this.#transports.updateTls(tls, wantsClientCertificates(this.#options.plan()));
    this.#tls = tls;
    this.#here.fingerprint = tls && fingerprintOf(tls);
  }

  /** Calls in progress, and what they wait for. */
  get calls(): number {
    return this.#context.sessions.size;
  }

  /** Requests that this instance passes on over its connections for calls of others, until they are answered. */
  get underWay(): number {
    return this.#proxy.passing;
  }

  /**
   * Goes on with an answered call that came over from another instance: `dialog` is what that gave to `Call.carry`. False: it cannot be read, or a
   * zone of it has left the plan; nothing is known of the call here then.
   */
  resume(call: Call, dialog: string): boolean {
    return resumeSession(this.#context, call, dialog) !== undefined;
  }

  /** Another instance saw the parties end this call of ours (`CallStore.onOver`): nobody is hung up on. */
  over(id: CallId): void {
    const { sessions } = this.#context;
    const session = sessions.byKey(id);
    if (session?.answered) session.finish('completed', 200);
    // It may be on its way to here.
    else if (!session) sessions.noteHungUp(id);
  }

  /** No new calls from now on; those in progress go on. */
  drain(): void {
    this.#proxy.drain();
  }

  /** Hangs up on what is left (calls that went over to other instances are not), then closes every socket. */
  async close(): Promise<void> {
    this.#proxy.drain();
    // Whom we hang up on gets a moment to answer, which a closed socket would swallow.
    const sessions = [...this.#context.sessions];
    const told = sessions.map((session) => session.terminate('instanceStopped', 'The gatekeeper is being stopped', 'instanceStopping'));
    this.#stopFollowing();
    this.#pinger.close();
    const passed = this.#proxy.stopPassing();
    if (sessions.length > 0 || this.underWay > 0) await this.#atMost(settleMs, Promise.all([...told, passed]));
    this.#proxy.close();
    this.#context.fellows.close();
    this.#transactions.close();
    this.#locator.close();
    await this.#transports.close();
  }

  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = this.#options.clock.after(ms, resolve);
    });
    await Promise.race([work, late]);
    timer?.cancel();
  }

  /** OPTIONS (RFC 3261 §11) to a trunk peer. Whoever asks has a time limit of its own. */
  async #ping(peer: SipPeer): Promise<PingResult> {
    const hostPort = formatHostPort(peer.host, peer.port);
    const uri = parseSipUri(`sip:${hostPort};transport=${peer.transport}`);
    const flow = uri && (await openFirst(this.#context, await this.#context.locate(uri, true)));
    if (!flow) return 'silent';
    const host = this.#here.hostPort(flow);
    const options = SipRequest.create('OPTIONS', `sip:${hostPort}`, [
      ['Max-Forwards', '70'],
      ['From', `<sip:ping@${host}>;tag=${randomBytes(6).toString('hex')}`],
      ['To', `<sip:${hostPort}>`],
      ['Call-ID', `${randomBytes(12).toString('hex')}@${host}`],
      ['CSeq', '1 OPTIONS'],
    ]);
    addVia(options, this.#here, flow, 'ping');
    return new Promise((resolve) => {
      this.#transactions.request(options, flow, {
        onResponse: ({ status }) => {
          if (status >= 200) resolve(pingResult(status));
        },
        onTimeout: () => resolve(pingResult(undefined)),
        onTransportError: () => resolve(pingResult(undefined)),
      });
    });
  }
}

/** RFC 3263 §4.1 where DNS says nothing: the safest first. */
const preferredTransports = ['tls', 'tcp', 'udp'] as const;

function transportLimits(limits: SipConfig['limits']): Partial<TransportLimits> {
  return {
    rate: { messagesPerSecond: limits.messagesPerSecondPerSource, burst: limits.burst },
    connectionsPerSource: limits.connectionsPerSource,
    connections: limits.connections,
    messageBytes: limits.messageBytes,
    idleMs: limits.idleSeconds * 1000,
    halfOpenMs: limits.halfOpenSeconds * 1000,
  };
}

/**
 * Where an answer goes whose connection has closed: to where the request came from, at the port of its Via (RFC 3261 §18.2.2). Not by
 * TLS: the name to verify there is not known.
 */
function returnTarget({ via }: SipRequest): Target | undefined {
  if (via.transport !== 'tcp') return undefined;
  return { transport: 'tcp', address: via.received ?? via.host, port: via.port ?? 5060 };
}

function wantsClientCertificates(plan: Plan): boolean {
  return [...plan.zones.values()].some((zone) => zone.sources.certificateNames.length > 0);
}
