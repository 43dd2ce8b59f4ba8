import { isAbsoluteUri } from './absolute-uri.js';
import { isDigitCode, isUriText, lowerCase } from './chars.js';
import { parseHostPort } from './host.js';
import { stringifyUri } from './node-sip.js';
import { noParams, type Params } from './params.js';
import { unescapeUri } from './uri-escape.js';

/** A SIP or SIPS URI (RFC 3261 §19.1.1). */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** As written, escapes and all; empty when there is none. `userText` reads it. */
  readonly user: string;
  readonly password: string | undefined;
  /** Lower case; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Names in lower case and unescaped, values as written. */
  readonly params: Params;
  /** What follows `?`, as written; empty when nothing does. */
  readonly headers: string;
}

/** Any other URI: `tel:` (RFC 3966), `h323:` (RFC 3508), `urn:` … and sip, seen from afar. */
export interface GenericUri {
  /** Lower case. */
  readonly scheme: string;
  /** Between the colon and the first `;` or `?`, as written: the number of a `tel:`, `user@host` of an `h323:`. */
  readonly opaque: string;
  readonly params: Params;
  readonly headers: string;
}

/** Reads a `sip:` or `sips:` URI; undefined for every other text. */
export function parseSipUri(text: string): SipUri | undefined {
  let pos = sipSchemeEnd(text);
  if (pos === 0 || !isUriText(text, pos, text.length)) return undefined;
  const scheme = pos === 5 ? 'sips' : 'sip';
  let user = '';
  let password: string | undefined;
  const at = text.indexOf('@', pos);
  if (at >= 0) {
    // `@` must be escaped everywhere but here (§25.1), so a second one is another parser's chance to see another host.
    if (at === pos || text.includes('@', at + 1) || !escapesHold(text, pos, at)) return undefined;
    const colon = text.indexOf(':', pos);
    if (colon === pos) return undefined;
    const hasPassword = colon >= 0 && colon < at;
    user = text.slice(pos, hasPassword ? colon : at);
    if (hasPassword) password = text.slice(colon + 1, at);
    pos = at + 1;
  }
  const hostPort = parseHostPort(text, pos, false);
  if (!hostPort) return undefined;
  const { host, port, end } = hostPort;
  if (end === text.length) return { scheme, user, password, host, port, params: noParams, headers: '' };
  const question = text.indexOf('?', end);
  const params = parseUriParams(text, end, question < 0 ? text.length : question);
  if (!params) return undefined;
  return { scheme, user, password, host, port, params, headers: question < 0 ? '' : text.slice(question + 1) };
}

/** 4 after `sip:`, 5 after `sips:` (any case), 0 for another scheme. */
export function sipSchemeEnd(text: string): 0 | 4 | 5 {
  if ((text.charCodeAt(0) | 0x20) !== 0x73 || (text.charCodeAt(1) | 0x20) !== 0x69 || (text.charCodeAt(2) | 0x20) !== 0x70) return 0;
  const fourth = text.charCodeAt(3);
  if (fourth === 0x3a) return 4;
  return (fourth | 0x20) === 0x73 && text.charCodeAt(4) === 0x3a ? 5 : 0;
}

/** Whether every `%` begins an escape of two hex digits (§25.1, escaped). */
function escapesHold(text: string, from: number, to: number): boolean {
  for (let i = text.indexOf('%', from); i >= 0 && i < to; i = text.indexOf('%', i + 1)) {
    if (i + 3 > to || !isHexCode(text.charCodeAt(i + 1)) || !isHexCode(text.charCodeAt(i + 2))) return false;
  }
  return true;
}

function isHexCode(code: number): boolean {
  const folded = code | 0x20;
  return isDigitCode(code) || (folded >= 0x61 && folded <= 0x66);
}

/**
 * Reads `*( ";" name [ "=" value ] )` that fills the text from `from` to `to`; undefined when it does not, or a name stands twice
 * (§19.1.1).
 */
function parseUriParams(text: string, from: number, to: number): Params | undefined {
  if (from === to) return noParams;
  const params = new Map<string, string | true>();
  let pos = from;
  while (pos < to) {
    if (text.charCodeAt(pos) !== 0x3b) return undefined;
    const next = text.indexOf(';', pos + 1);
    const end = next < 0 || next > to ? to : next;
    const equals = text.indexOf('=', pos + 1);
    const hasValue = equals >= 0 && equals < end;
    const nameEnd = hasValue ? equals : end;
    const name = lowerCase(unescapeUri(text.slice(pos + 1, nameEnd)));
    if (name === '' || params.has(name)) return undefined;
    params.set(name, hasValue ? text.slice(equals + 1, end) : true);
    pos = end;
  }
  return params;
}

/** Writes a SIP URI. */
export function formatSipUri(uri: SipUri): string {
  const text = stringifyUri(uri);
  return uri.headers === '' ? text : `${text}?${uri.headers}`;
}

/** Reads any absolute URI (RFC 3261 §25.1, absoluteURI); undefined for text that is none. */
export function parseUri(text: string): GenericUri | undefined {
  if (!isAbsoluteUri(text, 0, text.length)) return undefined;
  const colon = text.indexOf(':');
  const question = text.indexOf('?', colon);
  const end = question < 0 ? text.length : question;
  const semicolon = text.indexOf(';', colon);
  const bodyEnd = semicolon < 0 || semicolon > end ? end : semicolon;
  const params = parseUriParams(text, bodyEnd, end);
  if (!params) return undefined;
  return {
    scheme: lowerCase(text.slice(0, colon)),
    opaque: text.slice(colon + 1, bodyEnd),
    params,
    headers: question < 0 ? '' : text.slice(question + 1),
  };
}

export { userText } from './uri-escape.js';
export { sameUri, sipUriKey, uriKey } from './uri-key.js';
