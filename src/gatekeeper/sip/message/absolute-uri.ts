import { isDigitCode, isUriText } from './chars.js';

/** `scheme ":"` and something, all of it characters that a URI may have (RFC 3261 §25.1, absoluteURI). */
export function isAbsoluteUri(text: string, from: number, to: number): boolean {
  const first = text.charCodeAt(from) | 0x20;
  if (!(first >= 0x61 && first <= 0x7a)) return false;
  for (let i = from + 1; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x3a) return i + 1 < to && isUriText(text, i + 1, to);
    const folded = code | 0x20;
    const part = (folded >= 0x61 && folded <= 0x7a) || isDigitCode(code) || code === 0x2b || code === 0x2d || code === 0x2e;
    if (!part) return false;
  }
  return false;
}
