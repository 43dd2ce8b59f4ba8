import { isIPv6 } from 'node:net';
import { hostEnd, isDigitCode, lowerCase, parseDecimal, skipSpace } from './chars.js';

/** A host and an optional port, and where in the text they end. */
export interface HostPort {
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number | undefined;
  readonly end: number;
}

/** The longest textual IPv6 address, `ffff:…:255.255.255.255`. */
const longestIPv6 = 45;

/** Reads `host [ ":" port ]` (RFC 3261 §25.1) at `at`. `loose`: blanks may stand around the colon, as COLON allows in Via. */
export function parseHostPort(text: string, at: number, loose: boolean): HostPort | undefined {
  let host: string;
  let end: number;
  if (text.charCodeAt(at) === 0x5b) {
    const close = text.indexOf(']', at);
    if (close < 0 || close - at - 1 > longestIPv6) return undefined;
    host = lowerCase(text.slice(at + 1, close));
    if (!isIPv6(host) || host.includes('%')) return undefined;
    end = close + 1;
  } else {
    end = hostEnd(text, at);
    if (end === at) return undefined;
    host = lowerCase(text.slice(at, end));
  }
  const colon = loose ? skipSpace(text, end) : end;
  if (text.charCodeAt(colon) !== 0x3a) return { host, port: undefined, end };
  const from = loose ? skipSpace(text, colon + 1) : colon + 1;
  let to = from;
  while (to < text.length && isDigitCode(text.charCodeAt(to))) to++;
  const port = parseDecimal(text.slice(from, to));
  if (port < 1 || port > 65_535) return undefined;
  return { host, port, end: to };
}

/** `host[:port]` as SIP writes it: IPv6 literals in brackets. */
export function formatHostPort(host: string, port: number | undefined): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}
