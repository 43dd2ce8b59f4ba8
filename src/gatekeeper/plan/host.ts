import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

export type HostPort =
  /** An IP literal, without brackets. */
  | { readonly kind: 'address'; readonly host: string; readonly port: number | undefined }
  | { readonly kind: 'name'; readonly host: string; readonly port: number | undefined };

function isIpv4(text: string): boolean {
  // Names hardly ever end in a digit: most are told apart by their last character.
  const last = text.charCodeAt(text.length - 1);
  return last >= 48 && last <= 57 && isIPv4(text);
}

/**
 * Labels of letters, digits and hyphens, 63 at most and 253 together (RFC 1035 §2.3.4); underscores too, because real networks have them.
 * Lower case, no trailing dot. Not an IPv4 address.
 */
export function isDomainName(text: string): boolean {
  if (text.length === 0 || text.length > 253) return false;
  let label = 0;
  let hyphen = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2e) {
      if (label === 0 || hyphen) return false;
      label = 0;
      continue;
    }
    hyphen = code === 0x2d;
    const ordinary = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 0x5f;
    if (++label > 63 || !(ordinary || (hyphen && label > 1))) return false;
  }
  return label > 0 && !hyphen && !isIpv4(text);
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`. Undefined: brackets around something else, a bare IPv6 literal, a port outside 1 to 65535. */
export function parseHostPort(text: string): HostPort | undefined {
  const bracketed = text.startsWith('[');
  const end = bracketed ? text.indexOf(']') + 1 : text.indexOf(':') < 0 ? text.length : text.indexOf(':');
  if (end === 0 || (text.length > end && text[end] !== ':')) return undefined;
  const port = text.length > end ? parsePort(text.slice(end + 1)) : undefined;
  if (text.length > end && port === undefined) return undefined;
  const host = bracketed ? text.slice(1, end - 1) : text.slice(0, end);
  if (isIpv4(host) || (bracketed && isIPv6(host) && !host.includes('%'))) return { kind: 'address', host, port };
  return bracketed || host === '' ? undefined : { kind: 'name', host, port };
}

/** `host` or `host:port`, with brackets around IPv6. */
export function hostPort(host: string, port: number | undefined): string {
  const literal = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? literal : `${literal}:${port}`;
}

/** A port a peer can listen on. */
export function parsePort(text: string): number | undefined {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}

/** One writing for an IP literal: RFC 5952 for IPv6; an IPv4 address mapped into IPv6 is the IPv4 address. Names stay as they are. */
export function canonicalHost(host: string): string {
  if (!host.includes(':') || !ipaddr.IPv6.isValid(host)) return host;
  const parsed = ipaddr.IPv6.parse(host);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.toRFC5952String();
}
