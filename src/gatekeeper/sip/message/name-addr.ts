import { isAbsoluteUri } from './absolute-uri.js';
import { isSpaceCode, skipSpace, trimSpace } from './chars.js';
import { collectParams, nextParam, type Params, paramIs, paramValue, quotedEnd, unquote } from './params.js';

/** A From, To, Contact, Route, Record-Route, Path or Refer-To value (RFC 3261 §20.10). */
export interface NameAddr {
  /** What a person reads: without quotes; empty when there is none. */
  readonly display: string;
  /** As written, without `<` and `>`. Any scheme. */
  readonly uri: string;
  /** The header's parameters, not the URI's; collected when first asked for. */
  readonly params: Params;
  /** The `tag` parameter. */
  readonly tag: string | undefined;
}

/**
 * Reads one `name-addr` or `addr-spec` with its parameters; undefined when it is neither.
 * More is let through than the grammar has: an unquoted display name may hold any character that cannot be taken for the end of the
 * name (RFC 4475 §3.1.2.15 leaves this open, and room systems are called `Sal 3 (Norr)` or `Åsa`).
 */
export function parseNameAddr(text: string): NameAddr | undefined {
  let pos = skipSpace(text, 0);
  let display = '';
  if (text.charCodeAt(pos) === 0x22) {
    const end = quotedEnd(text, pos);
    if (end < 0) return undefined;
    display = unquote(text, pos, end);
    pos = skipSpace(text, end);
    if (text.charCodeAt(pos) !== 0x3c) return undefined;
  } else if (text.charCodeAt(pos) !== 0x3c) {
    const open = text.indexOf('<', pos);
    if (open < 0) return parseAddrSpec(text, pos);
    if (!isDisplay(text, pos, open)) return parseAddrSpec(text, pos);
    display = trimSpace(text.slice(pos, open));
    pos = open;
  }
  const close = text.indexOf('>', pos);
  if (close < 0 || !isAbsoluteUri(text, pos + 1, close)) return undefined;
  return finish(text, display, text.slice(pos + 1, close), close + 1);
}

/**
 * Without brackets every `;` belongs to the header, and `?` and `,` cannot stand in the URI at all (RFC 3261 §20.10; RFC 4475 §3.1.2.13).
 */
function parseAddrSpec(text: string, from: number): NameAddr | undefined {
  let to = text.indexOf(';', from);
  const end = to < 0 ? text.length : to;
  to = end;
  while (to > from && isSpaceCode(text.charCodeAt(to - 1))) to--;
  if (!isAbsoluteUri(text, from, to)) return undefined;
  const uri = text.slice(from, to);
  if (uri.includes('?') || uri.includes(',')) return undefined;
  return finish(text, '', uri, end);
}

/** Reads the parameters that fill the rest of the text. Two tags are none: which one names the dialog would be open. */
function finish(text: string, display: string, uri: string, at: number): NameAddr | undefined {
  let tag: string | undefined;
  for (let pos = skipSpace(text, at); pos < text.length; ) {
    pos = nextParam(text, pos);
    if (pos < 0) return undefined;
    if (!paramIs(text, 'tag')) continue;
    const value = paramValue(text);
    if (value === true || tag !== undefined) return undefined;
    tag = value;
  }
  return new ParsedNameAddr(display, uri, tag, text, at);
}

class ParsedNameAddr implements NameAddr {
  readonly display: string;
  readonly uri: string;
  readonly tag: string | undefined;
  readonly #text: string;
  readonly #paramsAt: number;
  #params: Params | undefined;

  constructor(display: string, uri: string, tag: string | undefined, text: string, paramsAt: number) {
    this.display = display;
    this.uri = uri;
    this.tag = tag;
    this.#text = text;
    this.#paramsAt = paramsAt;
  }

  get params(): Params {
    this.#params ??= collectParams(this.#text, this.#paramsAt);
    return this.#params;
  }
}

function isDisplay(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    // `"`, `,`, `;`, `>` and `\` would end or reopen something; controls are never part of a name.
    if (code === 0x22 || code === 0x2c || code === 0x3b || code === 0x3e || code === 0x5c) return false;
    if (code < 0x20 && code !== 0x09) return false;
  }
  return true;
}
