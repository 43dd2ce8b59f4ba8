import type { SeriesTrie } from './series-trie.js';
import type { Transforms } from './transforms.js';

/**
 * The address plan as the service uses it: one immutable snapshot, made from `config/e164-plan.yaml` by `buildPlan`.
 * A reload makes a new snapshot; nobody changes one in place.
 */
export interface Plan {
  /** Short hash of the file's text: tells two snapshots apart in logs and metrics. */
  readonly revision: string;
  /** The care network's prefix, digits only: `46`. */
  readonly networkPrefix: string;
  readonly organisations: ReadonlyMap<OrganisationId, Organisation>;
  readonly zones: ReadonlyMap<ZoneId, PlanZone>;
  /** Longest-prefix index over every number series, the meeting series included. */
  readonly series: SeriesTrie;
  /** Domain in lower case, without a trailing dot, to its owner. */
  readonly domains: ReadonlyMap<string, DomainOwner>;
  readonly meetings: MeetingSeries;
  /** Transforms for every caller; an organisation's own run first. */
  readonly transforms: Transforms;
  /** The zone for what matches no other; absent: what matches no zone is refused. */
  readonly internet: InternetZone | undefined;
  /** Limits over all organisations together. */
  readonly licences: Licences;
}

export type OrganisationId = string;
export type ZoneId = string;

/** Digits only, 1 to 15, international form without `+` or `00` (ITU-T E.164 §6.2.1). Made by `normalise` alone. */
export type E164 = string & { readonly __e164: unique symbol };

export interface Organisation {
  readonly id: OrganisationId;
  readonly name: string;
  readonly contact: { readonly role: string; readonly address: string };
  readonly licences: Licences;
  readonly zones: readonly PlanZone[];
  readonly series: readonly NumberSeries[];
  readonly domains: readonly string[];
  readonly transforms: Transforms;
}

/** What was bought or set. Every count is a whole number >= 0. */
export interface Licences {
  /** Aliases registered at the same time. */
  readonly registrations: number;
  /** Concurrent calls. A call between two organisations counts once in each and once in total. */
  readonly calls: number;
  /** Participants of meetings at the same time, each in its meeting's organisation and in total. Absent: no limit of its own. */
  readonly meetingPorts?: number | undefined;
}

/** `prefix` + exactly `digits` more digits, served by one zone. */
export interface NumberSeries {
  readonly prefix: string;
  readonly digits: number;
  /** Absent on the meeting series. */
  readonly organisation: Organisation | undefined;
  readonly zone: PlanZone | undefined;
  readonly meeting: boolean;
}

export interface DomainOwner {
  readonly domain: string;
  /** Absent on the meeting domain. */
  readonly organisation: Organisation | undefined;
  readonly zone: PlanZone | undefined;
  readonly meeting: boolean;
}

export interface MeetingSeries {
  readonly prefix: string;
  readonly digits: number;
  readonly domain: string;
  /** By their numbers. */
  readonly permanent: ReadonlyMap<E164, PermanentMeeting>;
  /** The numbers of those that have a name as well, by that: the user part at the meeting domain. */
  readonly names: ReadonlyMap<string, E164>;
}

/** A meeting that is always there, as the meeting service knows any meeting before anybody is in it. */
export interface PermanentMeeting {
  readonly id: E164;
  readonly kind: 'permanent';
  /** `name@` the meeting domain is this meeting, too. Lower case. */
  readonly name: string | undefined;
  readonly title: string;
  /** Whose it is: its meeting ports, and calls out of it, are this organisation's. */
  readonly organisation: OrganisationId;
  /** Digits, 4 to 12. Absent: nobody is host by a PIN. Never to be logged or shown. */
  readonly hostPin: string | undefined;
  /** Absent: guests need none. */
  readonly guestPin: string | undefined;
  readonly lobby: 'off' | 'outsiders' | 'guests';
  readonly admits: 'everybody' | 'connected' | 'organisation';
  readonly maxParticipants: number;
  readonly maxMinutes: number | undefined;
  /** Always. */
  readonly from: undefined;
  readonly until: undefined;
  /** False: browsers alone. */
  readonly roomSystems: boolean;
}

/** What a call's leg may belong to. */
export type Zone = PlanZone | MeetingsZone;

export type PlanZone = HostedZone | SipTrunkZone | H323NeighbourZone | H323GatewayZone | InternetZone;

interface ZoneBase {
  readonly id: ZoneId;
  /** Absent on the internet zone. */
  readonly organisation: Organisation | undefined;
  /** `required`: every media line SRTP with AES-128 or better, or the call is refused. `preferred`: an exemption by name; shows in metrics. */
  readonly encryption: 'required' | 'preferred';
  /** `secure`: SDES keys (RFC 4568) only over TLS. `any`: also over UDP and TCP. */
  readonly signalling: 'secure' | 'any';
  /** Who a request comes from, when it is not told by digest. */
  readonly sources: ZoneSources;
}

export interface ZoneSources {
  /**
   * IPv4 or IPv6, in canonical writing: `192.0.2.10`, `2001:db8::7`, blocks (`192.0.2.0/28`), or one address and port (`127.0.0.1:5071`,
   * `[::1]:5071`), which wins over an address, which wins over a block. Peers with an IP address are among them: a SIP trunk's each with
   * its port, a neighbour's without, as RAS and call signalling come from any. `parseSource` takes them apart. No two zones share one.
   */
  readonly addresses: readonly string[];
  /** Names that the peer's TLS certificate must carry (DNS or URI subjectAltName, RFC 5922), lower case. Set: the zone asks for mutual TLS. */
  readonly certificateNames: readonly string[];
}

/** What H.323 calls of a zone's registered endpoints may use, both directions of a call together, in kbit/s. Undefined: as much as they ask for. */
export interface Bandwidth {
  /** One call: what is asked above is granted up to here. */
  readonly callKbps: number | undefined;
  /** All calls of the zone together: what is asked above is refused. */
  readonly totalKbps: number | undefined;
}

/** Endpoints that register here directly: the rented gatekeeper. */
export interface HostedZone extends ZoneBase {
  readonly kind: 'hosted';
  readonly organisation: Organisation;
  readonly accounts: Accounts;
  readonly bandwidth: Bandwidth;
  /** Whether H.323 calls from the zone's `sources` are let in without a registration. */
  readonly unregistered: boolean;
}

/**
 * Who may log on to a zone. A user name is a number of the organisation's series or a URI user of its domains; in an h323-gateway zone it
 * may also be a name (`gw-vik`), which then no other gateway zone has.
 */
export interface Accounts {
  /** One password for every alias of the zone: demos and first steps. */
  readonly sharedPassword: string | undefined;
  /** By user name in lower case. An entry here wins over the shared password. */
  readonly users: ReadonlyMap<string, Account>;
}

export interface Account {
  readonly user: string;
  readonly password: string;
}

/** A local SIP registrar or SBC. */
export interface SipTrunkZone extends ZoneBase {
  readonly kind: 'sip-trunk';
  readonly organisation: Organisation;
  readonly peers: readonly SipPeer[];
  /** OPTIONS pings (RFC 3261 §11): every so many seconds, and after how many misses/answers a peer is down/up. 0 seconds: none. */
  readonly ping: { readonly intervalSeconds: number; readonly missesUntilDown: number; readonly answersUntilUp: number };
}

export interface SipPeer {
  /** `zone/host:port;transport`, unique in the plan. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly transport: SipTransport;
  /** Lower is tried first; RFC 2782. */
  readonly priority: number;
  /** Share among peers of one priority; RFC 2782. */
  readonly weight: number;
}

export type SipTransport = 'udp' | 'tcp' | 'tls';

/** A local gatekeeper, asked by LRQ. */
export interface H323NeighbourZone extends ZoneBase {
  readonly kind: 'h323-neighbour';
  readonly organisation: Organisation;
  readonly peers: readonly H323Peer[];
  /** `parallel`: LRQ goes to all peers at once, and the first LCF counts. `in-order`: by priority and weight, one after the other. */
  readonly search: 'parallel' | 'in-order';
  /** LRQ.hopCount: how many gatekeepers may hand the question on, 1 to 255 (H.225.0 §7.13). */
  readonly hopCount: number;
}

export interface H323Peer {
  /** `zone/host:port`, unique in the plan. */
  readonly id: string;
  readonly host: string;
  /** Of RAS. */
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

/** A local gatekeeper or MCU that registers here by RRQ, with prefixes: it gets the calls to every number behind them. */
export interface H323GatewayZone extends ZoneBase {
  readonly kind: 'h323-gateway';
  readonly organisation: Organisation;
  readonly accounts: Accounts;
  readonly bandwidth: Bandwidth;
  /** Whether H.323 calls from the zone's `sources` are let in without a registration. */
  readonly unregistered: boolean;
}

/** Everything outside the plan. Both directions are off unless the plan switches them on. */
export interface InternetZone extends ZoneBase {
  readonly kind: 'internet';
  readonly organisation: undefined;
  /** Calls from unknown sources to the organisations. */
  readonly inbound: boolean;
  /** Calls to URIs outside the plan, found by RFC 3263. */
  readonly outbound: boolean;
}

/** The meeting service, as a party of calls. It stands in no plan: `meetingsZone` makes it. */
export interface MeetingsZone extends ZoneBase {
  readonly kind: 'meetings';
  /** Whose meeting it is, in a call out of one. */
  readonly organisation: Organisation | undefined;
}
