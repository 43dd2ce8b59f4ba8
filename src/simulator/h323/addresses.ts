import ipaddr from 'ipaddr.js';
import type { AliasAddress, TransportAddress } from '../../gatekeeper/h323/asn1/h225.js';
import type { TransportAddress as MediaAddress } from '../../gatekeeper/h323/asn1/h245.js';

export interface SocketAddress {
  /** An IP address, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** `127.0.0.1:1719`, for keys and texts. */
export function addressText({ address, port }: SocketAddress): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

export function sameAddress(a: SocketAddress, b: SocketAddress): boolean {
  return a.port === b.port && a.address === b.address;
}

/** @throws {Error} the address is no IP address. */
export function transportAddress({ address, port }: SocketAddress): TransportAddress {
  const ip = ipBytes(address);
  return ip.length === 4 ? { type: 'ipAddress', value: { ip, port } } : { type: 'ip6Address', value: { ip, port } };
}

/** Undefined for addresses of other networks (IPX, NetBIOS, …). */
export function socketAddress(address: TransportAddress | undefined): SocketAddress | undefined {
  if (address?.type !== 'ipAddress' && address?.type !== 'ip6Address') return undefined;
  return { address: ipText(address.value.ip), port: address.value.port };
}

/** The same in H.245, which has an address type of its own. */
export function mediaAddress({ address, port }: SocketAddress): MediaAddress {
  const network = ipBytes(address);
  const value =
    network.length === 4
      ? ({ type: 'iPAddress', value: { network, tsapIdentifier: port } } as const)
      : ({ type: 'iP6Address', value: { network, tsapIdentifier: port } } as const);
  return { type: 'unicastAddress', value };
}

export function mediaSocketAddress(address: MediaAddress | undefined): SocketAddress | undefined {
  if (address?.type !== 'unicastAddress') return undefined;
  const unicast = address.value;
  if (unicast.type !== 'iPAddress' && unicast.type !== 'iP6Address') return undefined;
  return { address: ipText(unicast.value.network), port: unicast.value.tsapIdentifier };
}

/** What an endpoint is called. */
export type EndpointAlias = { readonly e164: string } | { readonly h323Id: string } | { readonly url: string };

export function aliasAddress(alias: EndpointAlias): AliasAddress {
  if ('e164' in alias) return { type: 'dialedDigits', value: alias.e164 };
  if ('h323Id' in alias) return { type: 'h323-ID', value: alias.h323Id };
  return { type: 'url-ID', value: alias.url };
}

/** What somebody typed, as an alias of the kind that it looks like: digits, `user@domain`, or a name. */
export function dialledAlias(dialled: string): AliasAddress {
  if (/^[0-9#*,]{1,128}$/.test(dialled)) return { type: 'dialedDigits', value: dialled };
  if (dialled.includes('@')) return { type: 'url-ID', value: dialled };
  return { type: 'h323-ID', value: dialled };
}

/** The text of an alias; undefined for those that have none. */
export function aliasText(alias: AliasAddress): string | undefined {
  switch (alias.type) {
    case 'dialedDigits':
    case 'h323-ID':
    case 'url-ID':
    case 'email-ID':
      return alias.value;
    case 'partyNumber':
      return alias.value.type === 'e164Number' ? alias.value.value.publicNumberDigits : undefined;
    default:
      return undefined;
  }
}

function ipBytes(address: string): Uint8Array {
  return Uint8Array.from(ipaddr.process(address).toByteArray());
}

function ipText(bytes: Uint8Array): string {
  return ipaddr.fromByteArray([...bytes]).toString();
}
