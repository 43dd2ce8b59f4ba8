import type { RefusalCode } from '../calls/reasons.js';
import type { E164, H323Peer, MeetingSeries, Organisation, SipPeer, Zone } from '../plan/plan.js';
import type { Registration } from '../registry/registration.js';

/** One candidate target for a call. The resolver gives them in the order in which they are to be tried. */
export type Route = RegistrationRoute | PeerRoute | MeetingRoute | InternetRoute | NeighbourRoute;

/** What was dialled, as the plan knows it: canonical, lower case, no separators. Equal for every way of writing it. */
export type CanonicalAlias =
  | { readonly kind: 'number'; readonly number: E164 }
  | { readonly kind: 'uri'; readonly user: string; readonly domain: string }
  | { readonly kind: 'h323Id'; readonly id: string }
  /** `alias@ip`: the address decides, not the plan. */
  | { readonly kind: 'address'; readonly user: string; readonly host: string; readonly port: number | undefined };

/** The key a registration is stored and found under: `461010001`, `anna@norr.example`, or an H.323-ID in lower case. */
export type AliasKey = string;

/** Endpoints that registered the alias here. */
export interface RegistrationRoute {
  readonly kind: 'registration';
  readonly zone: Zone;
  readonly registration: Registration;
}

/** A SIP trunk's peer. The resolver gives them in the order for this call (RFC 2782: priority, then weight), without those known to be down. */
export interface PeerRoute {
  readonly kind: 'peer';
  readonly zone: Zone;
  readonly peer: SipPeer;
  /** What to put into the Request-URI: `461010001` or `anna@vardbolaget.example`. */
  readonly alias: AliasKey;
}

export interface MeetingRoute {
  readonly kind: 'meeting';
  readonly series: MeetingSeries;
  /** The number in the meeting series, or the user part of its domain. */
  readonly meeting: string;
}

/** A URI outside the plan, through the internet zone: located by RFC 3263. */
export interface InternetRoute {
  readonly kind: 'internet';
  readonly zone: Zone;
  /** A SIP URI without header or password parts. */
  readonly uri: string;
}

/** A local gatekeeper to be asked by LRQ. */
export interface NeighbourRoute {
  readonly kind: 'neighbour';
  readonly zone: Zone;
  readonly peer: H323Peer;
  readonly alias: AliasKey;
}

export interface ResolveRequest {
  /** As it was dialled: `010-1 00 01`, `sip:Anna@Norr.example`, `+46 101 0001`, `0001`. */
  readonly dialled: string;
  /** Who calls: decides short forms, transforms and policy. */
  readonly from: { readonly zone: Zone; readonly organisation: Organisation | undefined };
}

/** A sentence for people and the same as data; made only when asked for. */
export interface Step {
  readonly step:
    | 'normalise'
    | 'transform'
    | 'short-form'
    | 'series'
    | 'domain'
    | 'registration'
    | 'peer'
    | 'meeting'
    | 'internet'
    | 'policy'
    | 'refusal';
  readonly text: string;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

export type Resolution =
  | {
      readonly outcome: 'routes';
      readonly alias: CanonicalAlias;
      readonly key: AliasKey;
      /** Who is called: absent for meetings and the Internet. */
      readonly organisation: Organisation | undefined;
      readonly routes: readonly Route[];
    }
  | {
      readonly outcome: 'refused';
      readonly alias: CanonicalAlias | undefined;
      readonly organisation: Organisation | undefined;
      readonly refusal: RefusalCode;
      /** What this caller should do about it, more exactly than the code's own sentence; for logs and `portvakt route`. */
      readonly detail: string | undefined;
    };

/** What the resolver must know about trunk peers. Peers nobody has heard of yet count as up. */
export interface PeerHealthView {
  isUp(peerId: string): boolean;
}
