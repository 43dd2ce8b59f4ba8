import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export interface SocketAddress {
  /** An IP literal without brackets. */
  readonly address: string;
  readonly port: number;
}

/** An IP literal as the system writes it in what it hands us (RFC 5952), so that equal addresses are equal strings. Undefined: not an IP literal. */
export function canonicalAddress(text: string): string | undefined {
  const family = isIP(text);
  if (family === 4) return text;
  if (family === 0) return undefined;
  const at = text.indexOf('%');
  const zone = at < 0 ? '' : text.slice(at);
  const plain = at < 0 ? text : text.slice(0, at);
  const address = ipaddr.IPv6.parse(plain);
  // An IPv4-mapped address is the IPv4 address itself: we listen on IPv6 alone, so that is how it reaches us.
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : `${address.toRFC5952String()}${zone}`;
}

export function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

export function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Of IP literals only those of IPv6 hold a colon: node's `isIPv6` runs a long pattern to say the same. */
function isColonAddress(literal: string): boolean {
  return literal.includes(':');
}

/** `192.0.2.1:5060` or `[2001:db8::1]:5060`: for people, and as a key. */
export function formatSocketAddress({ address, port }: SocketAddress): string {
  return isColonAddress(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * The listener that traffic to `address` should leave from: same family, and loopback to loopback only. A listener on one address wins over
 * one on all addresses, as the other side may know us by that address.
 */
export function pickListener<T extends SocketAddress>(listeners: readonly T[], address: string): T | undefined {
  const loopback = isLoopback(address);
  let wildcard: T | undefined;
  for (const listener of listeners) {
    if (isColonAddress(listener.address) !== isColonAddress(address)) continue;
    if (isWildcard(listener.address)) wildcard ??= listener;
    else if (isLoopback(listener.address) === loopback) return listener;
  }
  return wildcard;
}
