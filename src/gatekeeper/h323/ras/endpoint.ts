import type { EpochMs } from '../../../clock.js';
import type { OrganisationId, ZoneId } from '../../plan/plan.js';
import type { AliasKey } from '../../routing/route.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { SocketAddress } from './transport-address.js';

export type EndpointKind = 'terminal' | 'gateway' | 'mcu' | 'other';

/** How an endpoint proved its password when it registered (H.235.1, H.235.0 passwords). */
export type ProofMethod = 'h235.1' | 'md5' | 'cat';

/** Who proved its password, and how: a token in a later RAS request of the endpoint must be of the same kind (`Who.known`). */
export interface Proof {
  /** The user of the plan, by its one name: `461010001`, `anna@norr.example`, `gw-vik`. */
  readonly user: string;
  readonly method: ProofMethod;
}

/** All but what concerns the instance that has it alone. */
export type EndpointElsewhere = Omit<Endpoint, 'local'>;

/** An endpoint, gateway or MCU that is registered here by RRQ. To everyone but `Endpoints` it is read only. */
export interface Endpoint {
  /** The endpointIdentifier: 24 random characters that are fit for a URL. Who knows it was told it by us. */
  readonly id: string;
  readonly zone: ZoneId;
  readonly organisation: OrganisationId;
  readonly kind: EndpointKind;
  /** Registered aliases by their keys, in the order in which they were given: `461010001`, `anna@norr.example`, `room 3`. */
  readonly aliases: readonly AliasKey[];
  /** The same as the endpoint wrote them, in the same order: for RCF and LCF. */
  readonly written: readonly AliasAddress[];
  /** Digits of a gateway's prefixes. */
  readonly prefixes: readonly string[];
  /** As given in RRQ. Where its address is not that of `source`, a NAT stands between, and `source` is what can be reached. */
  readonly rasAddress: SocketAddress;
  /** Where calls go, as given in RRQ. */
  readonly signalAddress: SocketAddress;
  /** Where calls go over TLS (H.460.22); undefined: the endpoint offered none. */
  readonly tlsAddress: SocketAddress | undefined;
  /** Where the last RRQ came from: answers and our own requests go there. */
  readonly source: SocketAddress;
  /** Our RAS listener that the last RRQ came to. */
  readonly local: SocketAddress;
  /** Undefined: it is told by its address alone. */
  readonly proof: Proof | undefined;
  /** When the token of its last RRQ was made, by its clock: seconds since 1970. 0: it had none. */
  readonly tokenTime: number;
  /** Seconds. */
  readonly timeToLive: number;
  readonly expiresAt: EpochMs;
  /** A gateway said so by RAI: it is tried last. */
  readonly almostOutOfResources: boolean;
  /** It can be sent to another gatekeeper by a reject (altGKInfo). */
  readonly supportsAltGk: boolean;
  /** `productId versionId`, for the log. */
  readonly vendor: string;
}

/**
 * Where endpoints are found: by address those of all instances, otherwise those that are registered at this one. Lookups are local and
 * synchronous. Aliases are not here but in the registry, whose binding's `instance` is an endpoint's id.
 */
export interface EndpointDirectory {
  find(id: string): Endpoint | undefined;
  /** The endpoint whose calls go to this address; not one behind a NAT, whose private address says nothing. */
  findBySignalAddress(address: SocketAddress): EndpointElsewhere | undefined;
  /** Those whose RRQ came from this IP address, or whose calls go there: several share one behind a NAT, or on one computer. */
  atAddress(address: string): readonly EndpointElsewhere[];
  /** Whether there are any of those. */
  hasAddress(address: string): boolean;
  values(): IterableIterator<Endpoint>;
  readonly size: number;
}
