import type { Clock, Timer } from '../clock.js';
import type { BridgeConfig } from '../config/bridge-config.js';
import type { Calls } from '../gatekeeper/calls/call.js';
import type { Plan } from '../gatekeeper/plan/plan.js';
import type { MeetingDoor } from '../gatekeeper/sip/meeting-door.js';
import type { Flow } from '../gatekeeper/sip/transport/flow.js';
import { meetingsFlow } from '../gatekeeper/sip/transport/flow-id.js';
import { type MemoryFlow, memoryFlows } from '../gatekeeper/sip/transport/memory-flow.js';
import type { MemberAddresses } from '../state/member-store.js';
import type { StateStore } from '../state/store.js';
import { type WebObserver, WebServer } from './browser/web-server.js';
import { NodeLink, type NodeLinkObserver } from './media/node-link.js';
import { type MediaObserver, MediaPool } from './media/pool.js';
import type { MeetingObserver } from './meetings/meeting-observer.js';
import { MeetingService } from './meetings/meetings.js';
import { DialOut } from './sip/dial-out.js';
import { Rooms } from './sip/rooms.js';
import { UserAgent } from './sip/user-agent.js';

export interface BridgeObserver {
  readonly meetings: MeetingObserver;
  readonly media: MediaObserver;
  readonly web: WebObserver;
  readonly link: NodeLinkObserver;
  /** A fault of ours on a room system's leg; `about`: its Call-ID or participant. */
  roomFault(error: unknown, about: string): void;
}

export interface BridgeOptions {
  readonly config: BridgeConfig;
  readonly plan: () => Plan;
  readonly store: StateStore;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly observer: BridgeObserver;
  /** PEM of the listener for browsers; undefined: plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
  /** Other nodes share the store: parts of large meetings may stand there. */
  readonly shared: boolean;
  /** Of the program. */
  readonly version: string;
  /** The built page. */
  readonly pageDirectory: string;
  /** The compiled media thread; default: the one beside this program's own files. */
  readonly mediaThread?: URL | undefined;
}

/** How often the other nodes are told how much this one carries, when that has changed. */
const loadBeatMs = 2000;

/** The meeting service of this node: its parts put together. Opened before the SIP edge, which is joined to it by `connect`. */
export class Bridge {
  readonly #options: BridgeOptions;
  readonly #pool: MediaPool;
  readonly #agent: UserAgent;
  readonly #web: WebServer;
  readonly #link: NodeLink | undefined;
  readonly #edgeEnd: MemoryFlow;
  readonly meetings: MeetingService;
  readonly door: MeetingDoor;
  readonly #unsubscribe: () => void;
  #loadBeat: Timer | undefined;
  #announced = -1;

  /** Rejects with an Error when the listener for browsers cannot be opened. Media workers that do not start are tried again, and told to the observer. */
  static async open(options: BridgeOptions): Promise<Bridge> {
    const { config, clock, observer, store } = options;
    const { media, web, limits } = config;
    const pool = new MediaPool({
      settings: { addresses: media.addresses, ports: media.ports },
      observer: observer.media,
      ...(media.workers === 0 ? {} : { workers: media.workers }),
      maxLegsPerPart: media.maxLegsPerPart,
      maxLegsPerNode: media.maxLegsPerNode,
      clock,
      ...(options.mediaThread ? { entry: options.mediaThread } : {}),
    });
    // A meeting waits for them; calls between endpoints need not.
    pool.begin();
    const made: { dialer?: DialOut } = {};
    const meetings = new MeetingService({
      store,
      plan: options.plan,
      engine: pool,
      load: () => pool.load,
      calls: options.calls,
      clock,
      observer: observer.meetings,
      dialer: () => made.dialer,
    });
    let link: NodeLink | undefined;
    try {
      link = options.shared ? await openLink(options, pool) : undefined;
      if (link) pool.borrowFrom(link);
      const server = await WebServer.open({
        address: web.address,
        port: web.port,
        tls: options.tls,
        url: web.url,
        directory: options.pageDirectory,
        meetings,
        clock,
        iceServers: web.iceServers,
        limits,
        trustProxy: web.trustProxy,
        shared: options.shared,
        otherNodes: () => store.members.others().flatMap(({ bridge }) => bridge?.web ?? []),
        observer: observer.web,
      });
      const bridge = new Bridge(options, pool, meetings, server, link);
      made.dialer = bridge.#dialer();
      return bridge;
    } catch (error) {
      await link?.close();
      await meetings.close();
      await pool.close();
      throw error;
    }
  }

  private constructor(options: BridgeOptions, pool: MediaPool, meetings: MeetingService, web: WebServer, link: NodeLink | undefined) {
    const { clock, observer, plan, store } = options;
    this.#options = options;
    this.#pool = pool;
    this.#web = web;
    this.#link = link;
    this.meetings = meetings;
    this.#unsubscribe = store.members.onChange(() => web.nodesChanged());
    const { self } = store.members;
    const onFault = (error: unknown, about: string) => observer.roomFault(error, about);
    const ids = [meetingsFlow(self), `${meetingsFlow(self)}own`] as const;
    const [edgeEnd, ownEnd] = memoryFlows({ ids, onFault: (error) => onFault(error, '') });
    this.#edgeEnd = edgeEnd;
    this.#rooms = new Rooms({ meetings, onFault, clock });
    this.#agent = new UserAgent({
      flow: ownEnd,
      clock,
      host: plan().meetings.domain,
      onCall: (call) => void this.#rooms.receive(call),
      onFault,
    });
    this.door = {
      flow: edgeEnd,
      find: (meeting) => meetings.place(meeting),
      organisationOf: (meeting) => meetings.organisationOf(meeting),
    };
  }

  readonly #rooms: Rooms;

  #dialer(): DialOut {
    const { plan, config } = this.#options;
    return new DialOut({
      agent: this.#agent,
      rooms: this.#rooms,
      meetings: this.meetings,
      domain: () => plan().meetings.domain,
      mediaAddresses: config.media.addresses.map(({ address, advertised }) => advertised ?? address),
    });
  }

  /** Joins the SIP edge to it: what the meeting service sends is received there. */
  connect(receive: (message: string, flow: Flow) => void): void {
    this.#edgeEnd.onMessage = receive;
  }

  /** Where browsers reach the page, without a slash at the end. */
  get url(): string {
    return this.#web.url;
  }

  /** What metrics show, read at scrape. */
  get sources() {
    return {
      meetings: () => this.meetings.held(),
      workers: () => this.#pool.workers,
      restarts: () => this.#pool.restarts,
      connections: () => this.#web.connections,
    };
  }

  /** For the other nodes. */
  get memberAddresses(): NonNullable<MemberAddresses['bridge']> {
    return { url: this.#link?.url ?? '', web: this.#web.url, load: this.#pool.load };
  }

  /** Has `announce` called when the load has changed, now and then. */
  onLoad(announce: () => void): void {
    this.#loadBeat?.cancel();
    this.#loadBeat = this.#options.clock.after(loadBeatMs, () => {
      if (this.#pool.load !== this.#announced) {
        this.#announced = this.#pool.load;
        announce();
      }
      this.onLoad(announce);
    });
  }

  /** A new certificate for browsers, for connections from now on. */
  tlsChanged(tls: { readonly certificate: string; readonly key: string }): void {
    this.#web.tlsChanged(tls);
  }

  /** New meetings begin at other nodes from now on. */
  drain(): void {
    this.meetings.drain();
  }

  /** Everybody is told, hung up on, and recorded; then everything is closed. The SIP edge must still be there. */
  async close(): Promise<void> {
    this.#loadBeat?.cancel();
    this.#unsubscribe();
    await this.meetings.close();
    await this.#agent.close();
    await this.#web.close();
    await this.#link?.close();
    await this.#pool.close();
    this.#edgeEnd.close();
  }
}

/** Parts of meetings are lent to the other nodes, and borrowed from them. */
function openLink({ config, clock, observer, store, version }: BridgeOptions, pool: MediaPool): Promise<NodeLink> {
  const [first] = config.media.addresses;
  return NodeLink.open({
    listen: { address: first?.address ?? '127.0.0.1', port: config.media.linkPort },
    advertised: first?.advertised === undefined ? undefined : { host: first.advertised },
    self: store.members.self,
    version,
    secret: () => store.secret,
    others: () =>
      store.members
        .others()
        .flatMap(({ id, bridge, state }) => (bridge && bridge.url !== '' && state === 'serving' ? [{ member: id, ...bridge }] : [])),
    lend: (listener) => pool.lend(listener),
    observer: observer.link,
    clock,
  });
}
