import type { Organisation, ZoneId } from '../../plan/plan.js';
import type { RegistrationsResult } from '../../registry/registration.js';
import type { AliasKey } from '../../routing/route.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { Endpoint, EndpointKind, Proof } from './endpoint.js';
import type { EndpointAddresses } from './endpoint-table.js';
import type { SocketAddress } from './transport-address.js';

/** Aliases that one endpoint may register, and prefixes: an RCF that names them all must fit into one datagram. */
export const MAX_ALIASES = 64;

/** What an RRQ asks to be registered, judged and found good. */
export interface EndpointRequest {
  readonly zone: ZoneId;
  readonly organisation: Organisation;
  readonly kind: EndpointKind;
  readonly aliases: readonly RequestedAlias[];
  readonly prefixes: readonly string[];
  readonly addresses: EndpointAddresses;
  readonly tlsAddress: SocketAddress | undefined;
  readonly proof: Proof | undefined;
  /** Seconds since 1970, as the token says; 0: without one. */
  readonly tokenTime: number;
  /** Seconds, already within the limits. */
  readonly timeToLive: number;
  readonly vendor: string;
  readonly supportsAltGk: boolean;
}

export interface RequestedAlias {
  readonly key: AliasKey;
  readonly written: AliasAddress;
}

export type EndpointResult =
  | { readonly ok: true; readonly endpoint: Endpoint; readonly isNew: boolean }
  | Exclude<RegistrationsResult, { readonly ok: true }>
  /**
   * `busy`: so many earlier requests of the same endpoint wait for the store that this one was left undone: it will be sent again.
   * `gone`: the endpoint is registered no longer. `tooMany`: it would have more than `MAX_ALIASES` aliases or prefixes.
   */
  | { readonly ok: false; readonly refusal: 'busy' | 'gone' | 'tooMany' };
