import { ownedString } from '../../registry/owned-string.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { EndpointState } from './endpoint-json.js';
import { type EndpointAddresses, StoredEndpoint } from './endpoint-table.js';
import { type SocketAddress, sameSocket } from './transport-address.js';

/** Addresses of their own: nothing of a datagram is kept with them, and equal ones are one string. */
export function ownedAddresses({ rasAddress, signalAddress, source, local }: EndpointAddresses): EndpointAddresses {
  const from = { address: source.address, port: source.port };
  return {
    rasAddress: sameSocket(rasAddress, source) ? from : near(rasAddress, from),
    signalAddress: near(signalAddress, from),
    source: from,
    local,
  };
}

function near({ address, port }: SocketAddress, { address: known }: SocketAddress): SocketAddress {
  return { address: address === known ? known : ownedString(address), port };
}

/** Digits are mostly written as they are kept: then one string serves for both. */
export function ownedAlias(alias: AliasAddress, key: string): AliasAddress {
  if (typeof alias.value !== 'string') return structuredClone(alias);
  return { type: alias.type, value: alias.value === key ? key : ownedString(alias.value) } as AliasAddress;
}

/** Vendors and versions that are kept once for all endpoints that have them. */
const MAX_VENDORS = 1000;

/** Ten thousand room systems are of a few makes: each name is kept once. */
export class VendorNames {
  readonly #names = new Map<string, string>();

  owned(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const kept = ownedString(name);
    if (this.#names.size < MAX_VENDORS) this.#names.set(kept, kept);
    return kept;
  }
}

/** An endpoint that came over from another instance. `local`: our listener that it turned to. */
export function restoredEndpoint(state: EndpointState, local: SocketAddress, vendors: VendorNames): StoredEndpoint {
  const endpoint = new StoredEndpoint(state.id, state.zone, state.organisation, ownedAddresses({ ...state, local }));
  endpoint.kind = state.kind;
  endpoint.aliases = state.aliases;
  endpoint.written = state.written;
  endpoint.prefixes = state.prefixes;
  endpoint.tlsAddress = state.tlsAddress;
  endpoint.proof = state.proof;
  endpoint.tokenTime = state.tokenTime;
  endpoint.timeToLive = state.timeToLive;
  endpoint.expiresAt = state.expiresAt;
  endpoint.almostOutOfResources = state.almostOutOfResources;
  endpoint.supportsAltGk = state.supportsAltGk;
  endpoint.vendor = vendors.owned(state.vendor);
  // Our plan may be another than that of the instance it comes from: the next RRQ is judged by ours.
  endpoint.planNumber = NEVER_JUDGED;
  return endpoint;
}

/** Plans are counted from 1. */
const NEVER_JUDGED = -1;
