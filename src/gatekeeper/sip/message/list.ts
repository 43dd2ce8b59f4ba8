import { trimSpace } from './chars.js';
import { quotedEnd } from './params.js';

/** Where the first value of a comma-separated list that starts at `from` ends: at its comma or at the end of the text. */
export function listValueEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2c) return i;
    if (code === 0x22) {
      const end = quotedEnd(text, i);
      if (end < 0) return text.length;
      i = end - 1;
    } else if (code === 0x3c) {
      // Commas inside <> are the URI's (RFC 3261 §7.3.1).
      const end = text.indexOf('>', i);
      if (end < 0) return text.length;
      i = end;
    }
  }
  return text.length;
}

/**
 * Splits a line at its commas, respecting quoted strings and `<>` (RFC 3261 §7.3.1). Empty values, which the grammar forbids, are left
 * out.
 */
export function splitList(text: string, into: string[] = []): string[] {
  if (!text.includes(',')) {
    const only = trimSpace(text);
    if (only !== '') into.push(only);
    return into;
  }
  for (let from = 0; from <= text.length; ) {
    const end = listValueEnd(text, from);
    const value = trimSpace(text.slice(from, end));
    if (value !== '') into.push(value);
    from = end + 1;
  }
  return into;
}
