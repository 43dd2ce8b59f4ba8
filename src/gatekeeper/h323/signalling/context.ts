import type { Clock } from '../../../clock.js';
import type { Calls } from '../../calls/call.js';
import type { RefusalCode } from '../../calls/reasons.js';
import type { H323NeighbourZone, OrganisationId, Plan, ZoneId } from '../../plan/plan.js';
import type { Binding, Registration, RegistrationIndex } from '../../registry/registration.js';
import type { NeighbourRoute, PeerHealthView } from '../../routing/route.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { Legs } from './legs.js';
import type { CallSessions } from './sessions.js';

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** A TCP or TLS connection that carries call signalling: whole messages in, whole messages out. */
export interface SignallingConnection {
  readonly id: string;
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly secure: boolean;
  readonly certificateNames: readonly string[];
  readonly closed: boolean;
  /** One TPKT. */
  send(payload: Uint8Array): boolean;
  /** An empty TPKT: finds out whether the connection still stands. */
  sendKeepAlive(): boolean;
  onMessage(handler: (payload: Buffer) => void): void;
  /** At once when it is closed already. */
  onClose(handler: (why: string) => void): void;
  /** Closes once everything is sent. */
  end(): void;
}

export interface ConnectTarget extends SocketAddress {
  readonly secure: boolean;
  readonly timeoutMs: number;
  /** The name to verify in the certificate there; absent: its address. */
  readonly servername?: string;
}

/** What call signalling knows of a registered endpoint. */
export interface KnownEndpoint {
  readonly id: string;
  readonly zone: ZoneId;
  readonly organisation: OrganisationId;
  /** Canonical, the one that it is known by first. */
  readonly aliases: readonly string[];
  /** Of a gateway: what the numbers begin with that it serves. */
  readonly prefixes: readonly string[];
  /** Where it is called. */
  readonly signalAddress: SocketAddress;
  /** H.460.22: where it is called over TLS. */
  readonly tlsAddress: SocketAddress | undefined;
  /** Where its registration came from: behind NAT not where it says that it is. */
  readonly source: SocketAddress;
  readonly almostOutOfResources: boolean;
  /** Who proved a password when it registered; undefined: it is known by its address alone. */
  readonly proof: { readonly user: string } | undefined;
}

/** The endpoints registered here, and by address those of all instances, as signalling asks for them. */
export interface EndpointLookup {
  find(id: string): KnownEndpoint | undefined;
  /** The endpoint that is called at this address. */
  findBySignalAddress(address: SocketAddress): KnownEndpoint | undefined;
  /** Those whose signalling or registration address has this IP address. */
  atAddress(address: string): readonly KnownEndpoint[];
  /** An endpoint that is registered at another instance; undefined: where it is called is not known. */
  elsewhere(registration: Registration, binding: Binding): Promise<KnownEndpoint | undefined>;
}

/** What an ARQ was told (H.225.0 §7.11): signalling reads it when the Setup comes. */
export interface Admission {
  readonly endpointId: string;
  /** As it was dialled in the ARQ: for a Setup that does not say it again. */
  readonly dialled: string;
}

export interface AdmissionLookup {
  find(callIdentifier: string): Admission | undefined;
  /** The Setup came: the admission has done its service. */
  take(callIdentifier: string): void;
}

/** Bandwidth of calls, in units of 100 bit/s, both directions together (H.225.0 BandWidth). */
export interface BandwidthHolder {
  /** Gives back what every party of this call held. */
  release(callIdentifier: string): void;
}

export type Located =
  | { readonly outcome: 'found'; readonly signalAddress: SocketAddress; readonly secure: boolean; readonly peerId: string }
  | { readonly outcome: 'rejected'; readonly reason: string }
  | { readonly outcome: 'silent' };

export interface LocateQuestion {
  readonly zone: H323NeighbourZone;
  /** In the order in which they are to be asked. */
  readonly peers: readonly NeighbourRoute['peer'][];
  readonly alias: AliasAddress;
  readonly callIdentifier: string;
  /** How many more gatekeepers the question may pass; absent: as many as the zone says. */
  readonly hopCount: number | undefined;
}

/** Asks neighbour gatekeepers where an alias is (H.225.0 §7.13). */
export interface NeighbourLocator {
  locate(question: LocateQuestion): Promise<Located>;
  /** A call to where it led failed: the cached answer is worth nothing. */
  forget(question: LocateQuestion): void;
}

/** What happens, for metrics and logs; every method returns at once. */
export interface SignallingObserver {
  received(type: string): void;
  malformed(why: string, source: string): void;
  /** A call was refused before it had a target; `sentence` says what to do. */
  refused(code: RefusalCode, sentence: string, source: string, callIdentifier: string): void;
  /** A call was ended because its media is not encrypted; `sentence` says what to switch on, and where. */
  insecure(callIdentifier: string, sentence: string): void;
  /** Something was left out of a message that went on; `sentence` says what, and why. */
  leftOut(callIdentifier: string, sentence: string): void;
  /** From the first Setup to the first Setup sent on, in milliseconds. */
  forwarded(ms: number): void;
  fault(error: unknown, callIdentifier: string): void;
}

export interface SignallingTimers {
  /** T303: no answer of any kind to a Setup. */
  readonly setupMs: number;
  /** The same for a peer that has others beside it. */
  readonly huntMs: number;
  /** T310: from Call Proceeding to Alerting or Connect. */
  readonly establishmentMs: number;
  /** T301: from Alerting to Connect. */
  readonly alertingMs: number;
  readonly connectMs: number;
}

/** Everything that call signalling works with. */
export interface SignallingContext {
  readonly clock: Clock;
  readonly plan: () => Plan;
  readonly registrations: RegistrationIndex;
  readonly health: PeerHealthView;
  readonly calls: Calls;
  readonly endpoints: EndpointLookup;
  readonly admissions: AdmissionLookup;
  readonly bandwidth: BandwidthHolder;
  readonly neighbours: NeighbourLocator;
  readonly observer: SignallingObserver;
  readonly timers: SignallingTimers;
  /** Names and addresses of this gatekeeper. */
  readonly ownHosts: ReadonlySet<string>;
  /** Where the far end of this connection calls us: what stands in Setup as the caller's address. */
  readonly ownAddress: (connection: SignallingConnection) => SocketAddress;
  /** Whether this is one of our own signalling addresses: a call there would come back to us. */
  readonly isOwn: (target: SocketAddress) => boolean;
  /** Whether this IP address is one of this machine's. */
  readonly isOwnMachine: (address: string) => boolean;
  /** Whether a call out to the Internet may go to this IP address. */
  readonly isPublic: (address: string) => boolean;
  readonly legs: Legs;
  readonly sessions: CallSessions;
  readonly h245: H245Routing | undefined;
  /** The H.245 connections of those calls: quiet is no reason to close them. */
  readonly relayed: Set<SignallingConnection>;
}

/** A port for one H.245 connection that is to be opened to us. */
export interface H245Awaited {
  /** On the address that the far end of this connection reaches us at. */
  readonly towards: SignallingConnection;
  /** Whether this IP address may connect. */
  readonly from: (address: string) => boolean;
  /** Called once, unless the port is closed or expires before. */
  readonly onConnection: (connection: SignallingConnection) => void;
  /** Nobody connected in time, and the port is closed. */
  readonly onExpired: () => void;
}

/** How a separate H.245 connection is led through us; absent: the addresses are passed on as they are. */
export interface H245Routing {
  /** Undefined: no port is free. */
  listen(awaited: H245Awaited): Promise<{ readonly address: SocketAddress; close(): void } | undefined>;
  connect(target: ConnectTarget): Promise<SignallingConnection>;
}
