import sip, { type NodeSipMessage } from 'sip';
import { formatHostPort } from './host.js';
import type { Params } from './params.js';

/**
 * The only door to node-sip (`sip` 0.0.6) in the message layer: what holds is used, what does not stands beside it in this folder.
 * Measured on Node 20 with a REGISTER of 746 bytes and an INVITE of 1.2 kB; µs, each the best of 600 short rounds taken in turns:
 *
 *                                     node-sip   ours
 *   parse a REGISTER                      12.4    6.5
 *   parse an INVITE                       12.4    6.7
 *   stringify an INVITE                   11.5    2.0
 *   makeResponse + stringify               2.6    1.6
 *   stringifyUri, stringifyAuthHeader 0.1, 0.3      -
 *
 * Why we parse ourselves:
 * - Time. A parameter's pattern (`\s*;\s*…`, /g) is searched forward through the whole value, again from every blank: a Route with 8 kB
 *   of blanks in it takes 0.3 s, with 64 kB, still one datagram, 17 s; a From with 16 kB 1.7 s. One packet stops every call.
 * - IPv6. The URI pattern's host is `[\w\-\.]+`, so `sip:a@[2001:db8::1]` is no URI; a Via from there gets the host `[2001`. A Route with
 *   such a URI, or with `SIP:` in capitals, becomes `undefined`, and stringify throws on it.
 * - Repeated headers. Of two From, To or CSeq the last is taken; two Call-IDs become one with a comma, two Dates also.
 * - Malformed headers. A Via, From or CSeq that cannot be read is left out in silence (`catch(e) {}`), so a message loses its top Via.
 *   `Content-Length: -5` is taken for 0 bytes, `7x` for no Content-Length.
 * - Names. `__proto__` and `constructor` as header names find Object's own members in its table of compact forms. Of 20 compact forms 10
 * are known.
 *
 * Why we write ourselves what we pass on: parsing and stringifying changes names (`f` to `From`, `ROUTE` to `Route`), parameters (`TAG` to
 * `tag`, blanks gone), `0001` to `1`, brackets (`sip:b@c` to `<sip:b@c>`), and joins lines, so that signatures over a message (Identity,
 * RFC 8224) and picky devices break.
 *
 * What holds: writing URIs and authentication headers from their parts (below), and on well-formed messages over IPv4 its reading agrees
 * with ours, which the tests check. Its digest arithmetic is judged where it is used, in `digest.ts`.
 */
export interface UriParts {
  readonly scheme: string;
  readonly user: string;
  readonly password: string | undefined;
  /** An IPv6 address without brackets: node-sip adds none. */
  readonly host: string;
  readonly port: number | undefined;
  readonly params: Params;
}

/** `sip:user@host:port;params`. */
export function stringifyUri(uri: UriParts): string {
  const params: Record<string, string | null> = Object.create(null);
  for (const [name, value] of uri.params) params[name] = value === true ? null : value;
  const { scheme, user, password, port } = uri;
  return sip.stringifyUri({ schema: scheme, user, password, host: formatHostPort(uri.host, undefined), port, params });
}

/** `scheme name=value,…`; the caller quotes what must be quoted. */
export function stringifyAuthHeader(header: Record<string, string>): string {
  return sip.stringifyAuthHeader(header);
}

/** node-sip's own reading of a message: the yardstick of the differential tests and of the benchmark, never used on traffic. */
export function parseWithNodeSip(message: string): NodeSipMessage | undefined {
  return sip.parse(Buffer.from(message, 'latin1'));
}

/** node-sip's own writing of a message. For tests and the benchmark. */
export function stringifyWithNodeSip(message: NodeSipMessage): string {
  return sip.stringify(message);
}
