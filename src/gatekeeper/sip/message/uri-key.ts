import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { lowerCase } from './chars.js';
import { parseSipUri, type SipUri } from './uri.js';
import { unescapeUri } from './uri-escape.js';

/** Parameters that set URIs apart even when only one of them has it (RFC 3261 §19.1.4). In the order of the key. */
const deciding = ['transport', 'user', 'ttl', 'method', 'maddr'] as const;

/**
 * A text that is equal for URIs that are equal by RFC 3261 §19.1.4. Other parameters do not count: the RFC's equality ignores one that only
 * one side has, so no key can tell them apart; `sameUri` does. A URI of another scheme is its own key.
 */
export function uriKey(text: string): string {
  const uri = parseSipUri(text);
  return uri ? sipUriKey(uri) : text;
}

export function sipUriKey(uri: SipUri): string {
  const host = uri.host.includes(':') ? canonicalIPv6(uri.host) : uri.host;
  let key = `${uri.scheme}:${unescapeUri(uri.user)}`;
  if (uri.password !== undefined) key += `:${unescapeUri(uri.password)}`;
  key += `@${host}`;
  if (uri.port !== undefined) key += `:${uri.port}`;
  if (uri.params.size > 0) {
    for (const name of deciding) {
      const value = uri.params.get(name);
      if (value !== undefined) key += `;${name}=${paramText(value)}`;
    }
  }
  return uri.headers === '' ? key : `${key}?${headerKey(uri.headers)}`;
}

/** Whether two URIs are equal by RFC 3261 §19.1.4, all parameters counted. Not transitive: the RFC's rule is not. */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (sipUriKey(a) !== sipUriKey(b)) return false;
  for (const [name, value] of a.params) {
    const other = b.params.get(name);
    if (other !== undefined && paramText(other) !== paramText(value)) return false;
  }
  return true;
}

function paramText(value: string | true): string {
  return value === true ? '' : lowerCase(unescapeUri(value));
}

/** Header components count whole, in any order, the names without regard to case. */
function headerKey(headers: string): string {
  const parts = headers.split('&').map((part) => {
    const equals = part.indexOf('=');
    return equals < 0 ? lowerCase(part) : `${lowerCase(part.slice(0, equals))}=${unescapeUri(part.slice(equals + 1))}`;
  });
  return parts.sort().join('&');
}

/** RFC 5954 §4.2: IPv6 addresses compare by value, not by how they are written. */
function canonicalIPv6(host: string): string {
  return isIPv6(host) ? `[${ipaddr.parse(host).toString()}]` : host;
}
