import type { Clock, Timer } from '../../../clock.js';
import type { CallStore } from '../../../state/call-store.js';
import type { EndpointStore } from '../../../state/endpoint-store.js';
import type { HintStore, MemberStore } from '../../../state/member-store.js';
import type { LicenceStore, RegistrationStore } from '../../../state/store.js';
import type { Calls } from '../../calls/call.js';
import type { Plan } from '../../plan/plan.js';
import type { PeerHealthView } from '../../routing/route.js';
import { type RasMessage, type RequestInProgress, rasMessage } from '../asn1/h225.js';
import { Admissions } from './admissions.js';
import { Alternates } from './alternates.js';
import { arrival } from './arrivals.js';
import { Bandwidth } from './bandwidth.js';
import type { CallDirectory } from './call-directory.js';
import { CallsElsewhere } from './calls-elsewhere.js';
import type { Incoming, RasContext, RasFeatures, RasSettings, Reply } from './context.js';
import { handle } from './dispatch.js';
import { type DuplicateRequest, DuplicateRequests } from './duplicate-requests.js';
import { mayStay } from './earlier-registration.js';
import type { Endpoint } from './endpoint.js';
import { Endpoints } from './endpoints.js';
import { Neighbours } from './neighbours.js';
import { type RasObserver, silentObserver } from './observer.js';
import { Questions } from './questions.js';
import { Requests } from './requests.js';
import type { SocketAddress } from './transport-address.js';
import { type FailureCounter, Who } from './who.js';

export interface RasGatekeeperOptions {
  readonly clock: Clock;
  readonly plan: () => Plan;
  readonly registrations: RegistrationStore;
  /** Counts the bandwidth that zones have in use, for all instances. */
  readonly licences: LicenceStore;
  /** What instances tell each other of neighbours. */
  readonly hints: HintStore;
  /** What else is shared with other instances; absent: there are none. */
  readonly shared?: RasShared | undefined;
  readonly calls: Calls;
  /** The calls that signalling knows: who answers one, and who hangs up by DRQ. */
  readonly callDirectory: CallDirectory;
  /** Peers of other protocols: the resolver is asked for them as well. */
  readonly health: PeerHealthView;
  readonly settings: RasSettings;
  /** Sends a datagram from one of our listeners. Must not throw. */
  readonly send: (bytes: Uint8Array, to: SocketAddress, local: SocketAddress) => void;
  /** The listener that traffic to this IP address leaves from; undefined: none has its address family. */
  readonly listenerFor: (address: string) => SocketAddress | undefined;
  /** Our RAS address, as others reach it at this listener. */
  readonly rasAddress: (local: SocketAddress) => SocketAddress;
  /** Our call-signalling address, for who reaches us at this RAS listener. */
  readonly signalAddress: (local: SocketAddress) => SocketAddress;
  /** Whether this is one of our own call-signalling addresses. */
  readonly isOwn: (address: SocketAddress) => boolean;
  /** Names and addresses of this gatekeeper, lower case. */
  readonly ownHosts?: ReadonlySet<string>;
  /** The IP addresses of a neighbour's host name. */
  readonly lookUp: (host: string) => Promise<readonly string[]>;
  /** So many random bytes. */
  readonly randomBytes: (count: number) => Buffer;
  readonly features?: RasFeatures;
  /** Counts wrong passwords by source; left out: they are not limited. */
  readonly failures?: FailureCounter;
  /** What of an IP address counts as one source of those: of IPv6 the network. Left out: the address. */
  readonly sourceOf?: (address: string) => string;
  readonly observer?: RasObserver;
}

export interface RasShared {
  readonly endpoints: EndpointStore;
  readonly members: MemberStore;
  readonly calls: CallStore;
}

/** Requests whose answer waits for the store or a neighbour, at most; what comes on top stays unanswered and is sent again. */
const MAX_UNDERWAY = 2000;
const TICK_MS = 1000;

/**
 * RAS (H.225.0 §7.7 on), over the core that SIP uses as well: bytes come in with their source, bytes go out. It opens no socket; time and
 * randomness are given. One timer does everything that waits.
 */
export class RasGatekeeper {
  readonly endpoints: Endpoints;
  readonly admissions: Admissions;
  readonly bandwidth: Bandwidth;
  readonly neighbours: Neighbours;
  /** What we ask of endpoints: to say that they are there, to leave, to hang up. */
  readonly questions: Questions;
  readonly #clock: Clock;
  readonly #send: RasGatekeeperOptions['send'];
  readonly #context: RasContext;
  readonly #observer: RasObserver;
  readonly #duplicates: DuplicateRequests;
  readonly #requests: Requests;
  readonly #alternates: Alternates;
  readonly #elsewhere: CallsElsewhere;
  readonly #isShared: boolean;
  #timer: Timer;
  #underway = 0;
  #closed = false;

  constructor(options: RasGatekeeperOptions) {
    const { clock, plan, settings, randomBytes } = options;
    const observer = options.observer ?? silentObserver;
    this.#clock = clock;
    this.#send = options.send;
    this.#observer = observer;
    this.#isShared = options.shared !== undefined;
    this.#duplicates = new DuplicateRequests({
      isRegistered: (id) => this.endpoints.find(id) !== undefined,
      seed: randomBytes(4).readInt32BE(),
    });
    const requests = new Requests({ clock, send: options.send, randomNumber: () => 1 + (randomBytes(2).readUInt16BE() % 0xffff) });
    this.#alternates = new Alternates({ settings, members: options.shared?.members });
    const who = new Who({
      plan,
      clock,
      settings,
      randomBytes,
      find: (id) => this.endpoints.find(id),
      failures: options.failures,
      sourceOf: options.sourceOf,
      isFellow: (gatekeeperId) => this.#alternates.isFellow(gatekeeperId),
    });
    this.bandwidth = new Bandwidth({
      limits: (zone) => {
        const found = plan().zones.get(zone);
        return found && 'bandwidth' in found ? found.bandwidth : undefined;
      },
      store: options.licences,
      onFault: (error) => observer.fault(error, 'bandwidth'),
    });
    this.admissions = new Admissions({
      clock,
      onLapse: ({ callIdentifier, endpointId }) => this.bandwidth.release(callIdentifier, endpointId),
    });
    this.questions = new Questions({ requests, who, settings, rasAddress: options.rasAddress });
    this.endpoints = new Endpoints({
      registrations: options.registrations,
      shared: options.shared,
      hints: options.hints,
      plan,
      clock,
      graceSeconds: settings.graceSeconds,
      randomBytes,
      probe: (endpoint) => (requests.isQuiet ? this.questions.isThere(endpoint) : undefined),
      mayStay: (endpoint) => mayStay(this.#context, endpoint),
      onExpired: (endpoint) => this.#expired(endpoint),
      onFault: (error) => observer.fault(error, 'expiry'),
    });
    this.neighbours = new Neighbours({
      clock,
      requests,
      settings: settings.lrq,
      hints: options.hints,
      zones: () => plan().zones,
      lookUp: options.lookUp,
      listenerFor: (address) => {
        const local = options.listenerFor(address);
        return local && { local, replyAddress: options.rasAddress(local) };
      },
      tlsAddress: options.features && ((features) => options.features?.tlsAddress(features)),
      onLocated: (zone, located, cached) => observer.located(zone.id, located, cached),
      onPeerChange: (peerId, up) => observer.peerChanged(peerId, up),
    });
    this.#elsewhere = new CallsElsewhere({
      here: options.callDirectory,
      store: options.shared?.calls,
      clock,
      onOver: (callIdentifier, endpointId) => this.bandwidth.release(callIdentifier, endpointId),
      onFault: (error) => observer.fault(error, 'calls elsewhere'),
    });
    const { neighbours } = this;
    this.#requests = requests;
    this.#context = {
      clock,
      plan,
      registrations: options.registrations.index,
      health: { isUp: (peerId) => options.health.isUp(peerId) && neighbours.health.isUp(peerId) },
      calls: options.calls,
      callDirectory: this.#elsewhere,
      settings,
      endpoints: this.endpoints,
      alternates: this.#alternates,
      admissions: this.admissions,
      bandwidth: this.bandwidth,
      neighbours,
      requests,
      who,
      features: options.features,
      observer,
      ownHosts: options.ownHosts ?? new Set(),
      rasAddress: options.rasAddress,
      signalAddress: options.signalAddress,
      isOwn: options.isOwn,
    };
    this.#timer = clock.after(TICK_MS, () => this.#tick());
  }

  /** Registered endpoints. */
  get size(): number {
    return this.endpoints.size;
  }

  /**
   * Takes one datagram. Never throws for what is in it. `local`: our listener that it came to; the answer leaves from there.
   * @param multicast it came to the discovery group (H.225.0 §7.2): only those are answered whom we serve
   */
  receive(bytes: Uint8Array, from: SocketAddress, local: SocketAddress, multicast = false): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    const { seen, entry } = this.#duplicates.look(bytes, from, now);
    if (seen === 'underway') return;
    if (seen) {
      this.#send(seen.reply, seen.to, local);
      return;
    }
    let message: RasMessage;
    try {
      message = rasMessage.decode(bytes);
    } catch (error) {
      if (entry) this.#duplicates.forget(entry);
      this.#observer.malformed(error instanceof Error ? error.message : String(error), from.address);
      return;
    }
    this.#observer.received(message.type);
    this.#answer(message, { bytes, from, local, multicast, now, wasDropped: entry?.wasDropped === true }, entry);
  }

  /** The plan was read again. */
  planChanged(): void {
    const peers = new Set<string>();
    for (const zone of this.#context.plan().zones.values()) if ('peers' in zone) for (const peer of zone.peers) peers.add(peer.id);
    this.neighbours.reset((peerId) => peers.has(peerId));
    this.bandwidth.planChanged();
  }

  /** This instance is being stopped: endpoints are sent to the others. */
  drain(): void {
    this.#alternates.drain();
  }

  /** Stops the timer and everything that is waited for. Registrations stay where they are. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#timer.cancel();
    this.#requests.close();
    this.endpoints.close();
    this.#elsewhere.close();
    this.#alternates.close();
    this.neighbours.close();
    this.bandwidth.close();
  }

  #answer(message: RasMessage, incoming: Incoming, entry: DuplicateRequest | undefined): void {
    if (this.#underway >= MAX_UNDERWAY && waits(message)) {
      if (entry) this.#duplicates.forget(entry);
      this.#observer.malformed('Too many requests wait for the store or for neighbours: this one was dropped', incoming.from.address);
      return;
    }
    const arriving = this.#isShared ? arrival(this.#context, this.#elsewhere, message, incoming) : undefined;
    if (!arriving) {
      this.#handle(message, incoming, entry);
      return;
    }
    this.#underway += 1;
    arriving
      .then((next) => {
        if (next && !this.#closed) this.#handle(message, next, entry);
        // Nothing is proven yet: its token is no more to be taken for one that is spent than any other.
        else if (entry) this.#duplicates.forget(entry);
      })
      .catch((error: unknown) => {
        if (entry) this.#duplicates.forget(entry);
        this.#observer.fault(error, incoming.from.address);
      })
      .finally(() => {
        this.#underway -= 1;
      });
  }

  #handle(message: RasMessage, incoming: Incoming, entry: DuplicateRequest | undefined): void {
    const fault = (error: unknown): void => {
      this.#leave(message.type, entry);
      this.#observer.fault(error, incoming.from.address);
    };
    try {
      const { local } = incoming;
      const reply = handle(this.#context, message, incoming, (value, to) => this.#progress(message.type, value, to, local));
      if (!(reply instanceof Promise)) {
        this.#reply(message.type, reply, incoming, entry);
        return;
      }
      this.#underway += 1;
      reply
        .then((settled) => this.#reply(message.type, settled, incoming, entry))
        .catch(fault)
        .finally(() => {
          this.#underway -= 1;
        });
    } catch (error) {
      fault(error);
    }
  }

  #progress(type: string, value: RequestInProgress, to: SocketAddress, local: SocketAddress): void {
    if (this.#closed) return;
    this.#observer.answered(type, 'inProgress', undefined);
    this.#send(rasMessage.encode({ type: 'requestInProgress', value }), to, local);
  }

  #reply(type: string, reply: Reply, { from, local }: Incoming, entry: DuplicateRequest | undefined): void {
    if (!reply || this.#closed) {
      this.#leave(type, entry);
      return;
    }
    const reason = rejectReasonOf(reply.message);
    this.#observer.answered(type, reason === undefined ? 'confirmed' : 'rejected', reason);
    const bytes = this.#context.who.seal(reply.message, reply.answer);
    const to = reply.to ?? from;
    const endpointId = reply.message.type === 'registrationConfirm' ? reply.message.value.endpointIdentifier : undefined;
    if (entry) this.#duplicates.answer(entry, { reply: bytes, to, endpointId });
    this.#send(bytes, to, local);
  }

  /** There is no answer. Of these requests whoever comes so far has proved who it is, and its token is spent. */
  #leave(type: string, entry: DuplicateRequest | undefined): void {
    if (!entry) return;
    if (type === 'registrationRequest' || type === 'unregistrationRequest') this.#duplicates.drop(entry);
    else this.#duplicates.forget(entry);
  }

  #expired(endpoint: Endpoint): void {
    this.questions.ttlExpired(endpoint);
    this.#observer.registered({
      result: 'expired',
      refusal: undefined,
      reason: undefined,
      organisation: endpoint.organisation,
      zone: endpoint.zone,
      alias: endpoint.aliases[0],
      endpointId: endpoint.id,
      vendor: endpoint.vendor,
      source: endpoint.source.address,
    });
  }

  #tick(): void {
    if (this.#closed) return;
    this.#timer = this.#clock.after(TICK_MS, () => this.#tick());
    this.endpoints.expire();
    this.admissions.expire();
    this.#elsewhere.expire();
  }
}

/** Whether the answer may have to wait for the store or a neighbour. */
function waits({ type }: RasMessage): boolean {
  switch (type) {
    case 'registrationRequest':
    case 'unregistrationRequest':
    case 'locationRequest':
    case 'admissionRequest':
    case 'bandwidthRequest':
      return true;
    default:
      return false;
  }
}

function rejectReasonOf({ type, value }: RasMessage): string | undefined {
  if (type === 'unknownMessageResponse') return 'notUnderstood';
  if (typeof value !== 'object' || value === null) return undefined;
  if ('rejectReason' in value) return value.rejectReason.type;
  return 'nakReason' in value ? value.nakReason.type : undefined;
}
