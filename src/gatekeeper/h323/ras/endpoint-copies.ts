import { ownedString } from '../../registry/owned-string.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { EndpointAddresses } from './endpoint-table.js';
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
