import { parseDecimal, skipSpace, tokenEnd } from './chars.js';

export interface CSeq {
  /** 0 to 2^31 - 1 (RFC 3261 §8.1.1.5). */
  readonly seq: number;
  readonly method: string;
}

const cseqLimit = 2 ** 31;

/** Reads a CSeq value (RFC 3261 §20.16); undefined when it is malformed or too large. */
export function parseCSeq(text: string): CSeq | undefined {
  const digitsEnd = tokenEnd(text, 0);
  const seq = parseDecimal(text.slice(0, digitsEnd));
  const from = skipSpace(text, digitsEnd);
  if (seq < 0 || seq >= cseqLimit || from === digitsEnd) return undefined;
  if (from === text.length || tokenEnd(text, from) !== text.length) return undefined;
  return { seq, method: text.slice(from) };
}

/** Reads a Max-Forwards value, 0 to 255 (RFC 3261 §20.22); undefined for anything else. */
export function parseMaxForwards(text: string): number | undefined {
  const hops = parseDecimal(text);
  return hops >= 0 && hops <= 255 ? hops : undefined;
}

/** Reads a Content-Length value in bytes (RFC 3261 §20.14); undefined when it is no whole number. */
export function parseContentLength(text: string): number | undefined {
  const length = parseDecimal(text);
  return length >= 0 ? length : undefined;
}
