import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { canonicalHost, hostPort, parseHostPort } from './host.js';

/** One entry of `ZoneSources.addresses`, taken apart. */
export type Source =
  /** Without a port: any port. */
  | { readonly kind: 'address'; readonly address: string; readonly port: number | undefined }
  /** A CIDR block: `address` is its first address, `bits` the length of its prefix. */
  | { readonly kind: 'block'; readonly address: string; readonly bits: number };

/** `192.0.2.10`, `192.0.2.10:5060`, `192.0.2.0/28`, `2001:db8::7`, `[2001:db8::7]:5060`, `2001:db8::/32`. Undefined: none of these. */
export function parseSource(text: string): Source | undefined {
  if (text.includes('/')) return parseBlock(text);
  // A bare IPv6 literal needs no brackets where no port can follow.
  const where = parseHostPort(ipaddr.IPv6.isValid(text) ? `[${text}]` : text);
  return where?.kind === 'address' ? { kind: 'address', address: canonicalHost(where.host), port: where.port } : undefined;
}

export function formatSource(source: Source): string {
  if (source.kind === 'block') return `${source.address}/${source.bits}`;
  return source.port === undefined ? source.address : hostPort(source.address, source.port);
}

/**
 * How a peer tells its own zone's callers, when it has an IP address: a SIP peer by address and port, as it sends from where it listens,
 * over UDP at least; a gatekeeper by its address, as RAS and call signalling come from any port of it.
 */
export function peerSource(
  kind: 'sip-trunk' | 'h323-neighbour',
  { host, port }: { readonly host: string; readonly port: number },
): string | undefined {
  if (isIP(host) === 0) return undefined;
  return kind === 'sip-trunk' ? hostPort(host, port) : host;
}

/** 127.0.0.0/8 or ::1. Names are not looked up: false. */
export function isLoopback(host: string): boolean {
  return ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback';
}

function parseBlock(text: string): Source | undefined {
  if (!ipaddr.isValidCIDR(text)) return undefined;
  const [address, bits] = ipaddr.parseCIDR(text);
  const network = address.kind() === 'ipv6' ? ipaddr.IPv6.networkAddressFromCIDR(text) : ipaddr.IPv4.networkAddressFromCIDR(text);
  return { kind: 'block', address: canonicalHost(network.toString()), bits };
}
