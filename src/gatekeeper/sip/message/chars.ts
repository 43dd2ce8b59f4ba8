/** What a byte may be part of; one table look-up a byte instead of patterns, so that no input takes more than linear time. */
const tokenBit = 1;
const hostBit = 2;
const uriBit = 4;
const upperBit = 8;
const spaceBit = 16;
const valueBit = 32;

const table = new Uint8Array(256);

function mark(chars: string, bits: number): void {
  for (let i = 0; i < chars.length; i++) table[chars.charCodeAt(i)] = (table[chars.charCodeAt(i)] ?? 0) | bits;
}

const lower = 'abcdefghijklmnopqrstuvwxyz';
const upper = lower.toUpperCase();
const digits = '0123456789';

mark(lower + upper + digits, tokenBit | hostBit | uriBit | valueBit);
mark(upper, upperBit);
mark("-.!%*_+`'~", tokenBit | valueBit); // RFC 3261 §25.1, token
mark('-._', hostBit); // `_` is no host name's, but room systems are named with it
mark("-_.!~*'()%;/?:@&=+$,[]#", uriBit); // §25.1, reserved, unreserved, escaped; `#` as dialled by people (*21#)
mark('[]:/@=?&$#(){}|^\\', valueBit); // a header parameter's value: token, host, or what devices write unquoted (base64, URIs)
mark(' \t', spaceBit);

/** Whether the byte may stand in a token (RFC 3261 §25.1). */
export function isTokenCode(code: number): boolean {
  return ((table[code] ?? 0) & tokenBit) !== 0;
}

export function isSpaceCode(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

export function isDigitCode(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Where the token that starts at `at` ends; `at` itself when none does. */
export function tokenEnd(text: string, at: number): number {
  let i = at;
  while (i < text.length && ((table[text.charCodeAt(i)] ?? 0) & tokenBit) !== 0) i++;
  return i;
}

/** Where an unquoted parameter value that starts at `at` ends. Bytes above 127 are let through: names in UTF-8 or latin1. */
export function valueEnd(text: string, at: number): number {
  let i = at;
  for (; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (((table[code] ?? 0) & valueBit) === 0 && code < 0x80) break;
  }
  return i;
}

/** Where a host name or IPv4 address that starts at `at` ends. */
export function hostEnd(text: string, at: number): number {
  let i = at;
  while (i < text.length && ((table[text.charCodeAt(i)] ?? 0) & hostBit) !== 0) i++;
  return i;
}

/** Whether every byte of `text` from `from` to `to` may stand in a URI (RFC 3261 §25.1; RFC 3986 without non-ASCII). */
export function isUriText(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (((table[text.charCodeAt(i)] ?? 0) & uriBit) === 0) return false;
  return to > from;
}

/** Past the blanks at `at`. Folded lines are unfolded before anything reads them, so LWS is SP and HTAB. */
export function skipSpace(text: string, at: number): number {
  let i = at;
  while (i < text.length && isSpaceCode(text.charCodeAt(i))) i++;
  return i;
}

/** `text` without blanks at both ends. Not trim(): that takes bytes such as 0xA0 (part of a UTF-8 character) for space. */
export function trimSpace(text: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && isSpaceCode(text.charCodeAt(from))) from++;
  while (to > from && isSpaceCode(text.charCodeAt(to - 1))) to--;
  return from === 0 && to === text.length ? text : text.slice(from, to);
}

/** ASCII lower case. Bytes above 127 stay: String's own would change latin1 letters, which may be halves of UTF-8 characters. */
export function lowerCase(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (((table[text.charCodeAt(i)] ?? 0) & upperBit) !== 0) return lowerAscii(text);
  }
  return text;
}

function lowerAscii(text: string): string {
  let out = '';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (((table[code] ?? 0) & upperBit) === 0) continue;
    out += text.slice(from, i) + String.fromCharCode(code + 32);
    from = i + 1;
  }
  return out + text.slice(from);
}

/** A whole decimal number of at most ten digits (so it is exact), or -1. Leading zeros beyond that count too: RFC 4475 §3.1.1.1. */
export function parseDecimal(text: string): number {
  if (text.length === 0) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!isDigitCode(code)) return -1;
    value = value * 10 + (code - 0x30);
    if (value > 9_999_999_999) return -1;
  }
  return value;
}

/** Whether `name`, given in lower case and of token characters, stands at `at` in any case. */
export function isNameAt(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = text.charCodeAt(at + i);
    if ((((table[code] ?? 0) & upperBit) !== 0 ? code + 32 : code) !== name.charCodeAt(i)) return false;
  }
  return true;
}
