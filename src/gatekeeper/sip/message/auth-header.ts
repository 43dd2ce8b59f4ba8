import { isSpaceCode, lowerCase, skipSpace, tokenEnd, valueEnd } from './chars.js';
import { stringifyAuthHeader } from './node-sip.js';
import { quote, quotedEnd, unquote } from './params.js';

/** Credentials or a challenge (RFC 3261 §20.7, §20.44; RFC 7616 §3.3, §3.4). */
export interface AuthHeader {
  /** Lower case: `digest`. */
  readonly scheme: string;
  /** Names in lower case, values without quotes. */
  readonly params: ReadonlyMap<string, string>;
}

/** Reads an Authorization or Proxy-Authorization value; undefined when it is none, or a parameter stands twice. */
export function parseCredentials(text: string): AuthHeader | undefined {
  return parseAuth(text);
}

/** Reads one WWW-Authenticate or Proxy-Authenticate line. Each challenge has a line of its own: RFC 3261 §7.3.1 forbids joining them. */
export function parseChallenge(text: string): AuthHeader | undefined {
  return parseAuth(text);
}

function parseAuth(text: string): AuthHeader | undefined {
  const start = skipSpace(text, 0);
  const schemeEnd = tokenEnd(text, start);
  if (schemeEnd === start || !isSpaceCode(text.charCodeAt(schemeEnd))) return undefined;
  const params = new Map<string, string>();
  let pos = skipSpace(text, schemeEnd);
  for (;;) {
    const nameEnd = tokenEnd(text, pos);
    if (nameEnd === pos) return undefined;
    const name = lowerCase(text.slice(pos, nameEnd));
    pos = skipSpace(text, nameEnd);
    if (text.charCodeAt(pos) !== 0x3d || params.has(name)) return undefined;
    pos = skipSpace(text, pos + 1);
    const quoted = text.charCodeAt(pos) === 0x22;
    const end = quoted ? quotedEnd(text, pos) : valueEnd(text, pos);
    if (end <= pos) return undefined;
    params.set(name, quoted ? unquote(text, pos, end) : text.slice(pos, end));
    pos = skipSpace(text, end);
    if (pos === text.length) return { scheme: lowerCase(text.slice(start, schemeEnd)), params };
    if (text.charCodeAt(pos) !== 0x2c) return undefined;
    pos = skipSpace(text, pos + 1);
  }
}

/** Parameters whose values are tokens; every other is written as a quoted string (RFC 7616 §3.3, §3.4, §3.5). */
const tokenParams = new Set(['algorithm', 'stale', 'nc', 'userhash', 'charset']);

/**
 * Writes a WWW-Authenticate or Proxy-Authenticate value: `formatChallenge('Digest', [['realm', 'x'], ['nonce', 'y']])`. Quotes what must
 * be quoted.
 */
export function formatChallenge(scheme: string, params: Iterable<readonly [name: string, value: string]>): string {
  return formatAuth(scheme, params, false);
}

/** Writes an Authorization or Proxy-Authorization value; there `qop` is a token (RFC 7616 §3.4). */
export function formatCredentials(scheme: string, params: Iterable<readonly [name: string, value: string]>): string {
  return formatAuth(scheme, params, true);
}

function formatAuth(scheme: string, params: Iterable<readonly [string, string]>, credentials: boolean): string {
  const written: Record<string, string> = { scheme };
  for (const [name, value] of params) {
    written[name] = tokenParams.has(name) || (credentials && name === 'qop') ? value : quote(value);
  }
  return stringifyAuthHeader(written);
}
