/**
 * What people dial, paste and send, cleaned before it is understood: pure, total, linear in the length of the text.
 * Width, case and composition are treated as in RFC 8265 §3.3 (UsernameCaseMapped).
 */

/** Longest text that is looked at, in UTF-16 units. Anything longer is unreadable: no alias in any protocol comes near it. */
export const MAX_DIALLED_LENGTH = 256;

// Invisible: soft hyphen, zero-width characters, marks for writing direction (a pasted phone number often sits between two), byte-order mark.
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]/g;
const SPACES = /[\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const DASHES = /[\u2010-\u2015\u2043\u2212\ufe58\ufe63]/g;
// Half- and full-width forms of ASCII: what an East Asian keyboard gives.
const FULL_WIDTH = /[\uff01-\uff5e]/g;
// C0 and C1 controls and halves of surrogate pairs can be part of no alias.
const IMPOSSIBLE = /[\p{Cc}\p{Cs}]/u;

/** One writing for every look-alike: lower case, composed (NFC), plain spaces and hyphens. Undefined: too long, empty or not text. */
export function clean(text: string): string | undefined {
  if (text.length > MAX_DIALLED_LENGTH) return undefined;
  let cleaned = text;
  // Nearly everything that is dialled is ASCII: the four passes below are for the rest.
  if (/[^\u0020-\u007e]/.test(text)) {
    cleaned = text
      .replace(FULL_WIDTH, (char) => String.fromCharCode(char.charCodeAt(0) - 0xfee0))
      .replace(INVISIBLE, '')
      .replace(SPACES, ' ')
      .replace(DASHES, '-');
    if (IMPOSSIBLE.test(cleaned)) return undefined;
    // Twice: composing can make a character that has a lower case of its own.
    cleaned = cleaned.toLowerCase().normalize('NFC').toLowerCase().normalize('NFC');
    if (cleaned.length > MAX_DIALLED_LENGTH) return undefined;
  } else {
    cleaned = cleaned.toLowerCase();
  }
  cleaned = cleaned.trim();
  return cleaned === '' ? undefined : cleaned;
}

/** `"Anna" <sip:anna@norr.example>;tag=1` is `sip:anna@norr.example` (RFC 3261 §20.10). Undefined: brackets that do not pair up. */
export function insideBrackets(text: string): string | undefined {
  if (!text.includes('<') && !text.includes('>')) return text;
  const close = text.lastIndexOf('>');
  const open = text.lastIndexOf('<', close);
  if (close < 0 || open < 0 || text.lastIndexOf('<') !== open) return undefined;
  const inside = text.slice(open + 1, close).trim();
  return inside === '' || inside.includes('>') ? undefined : inside;
}

/**
 * The digits of a number in any of its written forms: `+46 (0)10-1 00 01`, `0046.10.100.01`, `461010001`. Separators (RFC 3966 §5.1.1, and
 * the ones people use besides: space, slash) go; `+` and `00` before an international number go. Undefined: not a number, or more than
 * 15 digits (ITU-T E.164 §6.2.1).
 *
 * `00` stays where fewer than seven digits follow: no international number is that short, but an extension may begin with 00.
 */
export function phoneDigits(text: string): string | undefined {
  let plus = false;
  let digits = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x2b && !plus && digits === '') plus = true;
    else if (code >= 48 && code <= 57) digits += text[i];
    // "+46 (0)10…": the 0 is for callers at home and no part of the number.
    else if (code === 0x28 && digits !== '' && text.startsWith('(0)', i)) i += 2;
    else if (!isSeparator(code)) return undefined;
  }
  if (!plus && digits.length >= 9 && digits.startsWith('00')) digits = digits.slice(2);
  return digits.length === 0 || digits.length > 15 ? undefined : digits;
}

/** Space ( ) - . / */
function isSeparator(code: number): boolean {
  return code === 0x20 || code === 0x28 || code === 0x29 || (code >= 0x2d && code <= 0x2f);
}

/** True for what `phoneDigits` has nothing to do with: digits only, at most 15, nothing to take away in front. The way nearly every number arrives. */
export function isPlainNumber(text: string): boolean {
  const length = text.length;
  if (length === 0 || length > 15) return false;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return false;
  }
  return length < 9 || text.charCodeAt(0) !== 48 || text.charCodeAt(1) !== 48;
}

/** Percent-escapes to text (RFC 3986 §2.1), as UTF-8. Undefined: a broken escape or bytes that are no UTF-8. */
export function unescapePercent(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * One writing for the user part of a URI (RFC 3261 §19.1.4: an escaped character equals the character itself, unless it is reserved):
 * escapes of ordinary characters are undone, what would be misread in a URI stays or becomes escaped, in lower case. Expects cleaned
 * text. Undefined: empty, or it hides control characters.
 */
export function canonicalUser(user: string): string | undefined {
  let current = user.trim();
  // Undoing an escape can complete another one ("%" in full width and "41"): again, until nothing changes. Real ones take one round.
  for (let round = 0; round < 4; round++) {
    if (!NOT_ORDINARY.test(current)) return current === '' ? undefined : current;
    const next = clean(current.replace(ESCAPED_OR_RESERVED, (part) => (part.length > 1 ? undoEscapes(part) : escapeChar(part))));
    if (next === undefined || next === current) return next;
    current = next;
  }
  return undefined;
}

const NOT_ORDINARY = /[^a-z0-9._~!*'+=$,&/-]/;
const ESCAPED_OR_RESERVED = /(?:%[0-9a-f]{2})+|[\s"#%:;<>?@[\\\]^`{|}]/gi;
const RESERVED = /[\s"#%:;<>?@[\\\]^`{|}]/g;

// Consecutive escapes are undone as a whole, as one character can take several of them. Bytes that are no UTF-8 stay as they are.
function undoEscapes(run: string): string {
  return unescapePercent(run)?.replace(RESERVED, escapeChar) ?? run.toLowerCase();
}

function escapeChar(char: string): string {
  return encodeURIComponent(char).toLowerCase();
}
