import { isNameAt, lowerCase, skipSpace, tokenEnd, valueEnd } from './chars.js';

/** Parameter name in lower case to its value, or `true` for one without. Quoted values stand without their quotes and backslashes. */
export type Params = ReadonlyMap<string, string | true>;

export const noParams: Params = new Map();

/**
 * The parameter that `nextParam` read last. One for all: reading is synchronous, and a new one for each parameter is work for the
 * collector.
 */
const span = { nameFrom: 0, nameTo: 0, valueFrom: 0, valueTo: 0 };

/**
 * Reads `SEMI generic-param` (RFC 3261 §25.1) at `at`, blanks around it included, and gives where the next begins; -1 when it is malformed.
 * What was read is asked for with `paramIs`, `paramName` and `paramValue`, before the next call.
 */
export function nextParam(text: string, at: number): number {
  if (text.charCodeAt(at) !== 0x3b) return -1;
  span.nameFrom = skipSpace(text, at + 1);
  span.nameTo = tokenEnd(text, span.nameFrom);
  if (span.nameTo === span.nameFrom) return -1;
  const after = skipSpace(text, span.nameTo);
  span.valueFrom = -1;
  if (text.charCodeAt(after) !== 0x3d) return after;
  const from = skipSpace(text, after + 1);
  const end = text.charCodeAt(from) === 0x22 ? quotedEnd(text, from) : valueEnd(text, from);
  if (end <= from) return -1;
  span.valueFrom = from;
  span.valueTo = end;
  return skipSpace(text, end);
}

/** Whether the parameter read last has this name, given in lower case. */
export function paramIs(text: string, name: string): boolean {
  return span.nameTo - span.nameFrom === name.length && isNameAt(text, span.nameFrom, name);
}

/** The name of the parameter read last, in lower case. */
export function paramName(text: string): string {
  return lowerCase(text.slice(span.nameFrom, span.nameTo));
}

/** The value of the parameter read last; `true` when it has none. */
export function paramValue(text: string): string | true {
  if (span.valueFrom < 0) return true;
  if (text.charCodeAt(span.valueFrom) === 0x22) return unquote(text, span.valueFrom, span.valueTo);
  return text.slice(span.valueFrom, span.valueTo);
}

/**
 * Reads `*( SEMI generic-param )` from `at` to the end of the text. Undefined: it is not that, or a name stands twice (RFC 3261 §7.3.1
 * forbids it, and which of two counts is not for us to guess).
 */
export function parseParams(text: string, at: number): Params | undefined {
  let pos = skipSpace(text, at);
  if (pos === text.length) return noParams;
  const params = new Map<string, string | true>();
  while (pos < text.length) {
    pos = nextParam(text, pos);
    if (pos < 0) return undefined;
    const name = paramName(text);
    if (params.has(name)) return undefined;
    params.set(name, paramValue(text));
  }
  return params;
}

/** Parameters whose text was gone through with `nextParam` already. Of two with one name the first counts. */
export function collectParams(text: string, at: number): Params {
  let pos = skipSpace(text, at);
  if (pos >= text.length) return noParams;
  const params = new Map<string, string | true>();
  while (pos >= 0 && pos < text.length) {
    pos = nextParam(text, pos);
    const name = pos < 0 ? '' : paramName(text);
    if (name !== '' && !params.has(name)) params.set(name, paramValue(text));
  }
  return params;
}

/** Just past the quoted string whose opening quote stands at `at`, or -1 when it never closes. */
export function quotedEnd(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    if (code === 0x5c) i++;
  }
  return -1;
}

/**
 * What a quoted string says: without its quotes, every quoted-pair resolved. `from` is the opening quote, `to` just past the closing
 * one.
 */
export function unquote(text: string, from: number, to: number): string {
  const inner = text.slice(from + 1, to - 1);
  let slash = inner.indexOf('\\');
  if (slash < 0) return inner;
  let out = '';
  let start = 0;
  while (slash >= 0) {
    out += inner.slice(start, slash) + inner.charAt(slash + 1);
    start = slash + 2;
    slash = inner.indexOf('\\', start);
  }
  return out + inner.slice(start);
}

/** A quoted string that says `text` (RFC 3261 §25.1): quotes and backslashes escaped. */
export function quote(text: string): string {
  if (!text.includes('"') && !text.includes('\\')) return `"${text}"`;
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
