import type { CanonicalAlias } from '../routing/route.js';

const AT = 0x40;
const COLON = 0x3a;
const DOT = 0x2e;
const HYPHEN = 0x2d;
const SEMICOLON = 0x3b;

const isLetter = (code: number): boolean => code >= 0x61 && code <= 0x7a;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/**
 * `sip:461010001@norr.example;user=phone`: the form in which nearly every Request-URI arrives, read in one pass. Undefined: not that plain,
 * so the long way must read it. Whatever this reads, the long way reads alike (a test holds them together).
 *
 * Plain: a user of small letters and digits that begins with neither 0 nor anything else to think about, a domain in small letters.
 */
export function plainSipUri(text: string): CanonicalAlias | undefined {
  if (text.length > 128 || !text.startsWith('sip:')) return undefined;
  let at = 4;
  let letters = false;
  for (let code = text.charCodeAt(at); code !== AT; code = text.charCodeAt(++at)) {
    if (isLetter(code)) letters = true;
    else if (!isDigit(code)) return undefined;
  }
  if (at === 4 || text.charCodeAt(4) === 0x30 || (!letters && at > 4 + 15)) return undefined;
  const start = at + 1;
  const end = domainEnd(text, start);
  if (end === undefined) return undefined;
  return { kind: 'uri', user: text.slice(4, at), domain: text.slice(start, end) };
}

/** Where a domain ends that begins at `start`: at the end, a port or a parameter. Undefined: not plainly a domain. */
function domainEnd(text: string, start: number): number | undefined {
  let at = start;
  let previous = DOT;
  let lastLabel = start;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === DOT || code === HYPHEN) {
      if (previous === DOT || previous === HYPHEN) return undefined;
      if (code === DOT) lastLabel = at + 1;
    } else if (!isLetter(code) && !isDigit(code)) break;
    previous = code;
  }
  const length = at - start;
  if (length === 0 || length > 63 || previous === DOT || previous === HYPHEN || !isLetter(text.charCodeAt(lastLabel))) return undefined;
  return tailIsPlain(text, at) ? at : undefined;
}

/** After the domain: nothing, or a port of one to five digits, then parameters without an @ or a space in them. */
function tailIsPlain(text: string, from: number): boolean {
  let at = from;
  if (text.charCodeAt(at) === COLON) {
    const digits = ++at;
    while (isDigit(text.charCodeAt(at))) at++;
    const port = Number(text.slice(digits, at));
    if (at === digits || at - digits > 5 || port < 1 || port > 65_535) return false;
  }
  if (at === text.length) return true;
  if (text.charCodeAt(at) !== SEMICOLON) return false;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isLetter(code) && !isDigit(code) && code !== SEMICOLON && code !== 0x3d && code !== HYPHEN && code !== DOT) return false;
  }
  return true;
}
