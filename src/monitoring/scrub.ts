const MASK = '[masked]';

/** A key whose value is secret, whatever it is. Bounded on both sides: the time stays linear in the line. */
const SECRET_KEY =
  /"[^"\\]{0,40}(?:password|passwd|pwd|secret|token|authorization|credentials|private_?key|master_?key|ha1)[^"\\]{0,20}"\s*:\s*/gi;

/** One of these is in whatever `SECRET_KEY` matches. */
const SECRET_WORDS = ['passw', 'pwd', 'secret', 'token', 'authorization', 'credentials', 'private', 'master'];
/** So is this, but the cipher AES_CM_128_HMAC_SHA1_80 stands in the line of every call. */
const HA1 = /(?<!hmac_s)ha1/;

/*
 * What stands inside JSON strings, so a line end of a SIP message is the four characters \r\n, and a quote is \". No rule asks for a word
 * boundary: the n of a line end is a letter. `REST` takes what is left of a header or SDP line, also when it is folded (RFC 3261 §7.3.1).
 */
const REST = String.raw`(?:[^"\\]|\\(?:r\\n|n)(?: |\\t)|\\[^rn])*`;
const TEXT_RULES: readonly { readonly triggers: readonly string[]; readonly pattern: RegExp; readonly mask: string }[] = [
  // Authorization, Proxy-Authorization, WWW-Authenticate, Authentication-Info and their kin (RFC 3261 §20.7, §20.28, §20.44)
  {
    triggers: ['authorization', 'authenticat'],
    pattern: new RegExp(String.raw`((?:proxy-)?authorization|(?:proxy-|www-)?authenticat(?:e|ion-info))\s*:${REST}`, 'gi'),
    mask: `$1: ${MASK}`,
  },
  // SDES keys (RFC 4568), DTLS fingerprints (RFC 8122), ICE passwords (RFC 8839), MIKEY (RFC 4567)
  { triggers: ['a='], pattern: new RegExp(`a=(crypto|fingerprint|ice-pwd|key-mgmt):${REST}`, 'gi'), mask: `a=$1:${MASK}` },
  { triggers: ['inline:'], pattern: /inline:[A-Za-z0-9+/=]{8,}/g, mask: `inline:${MASK}` },
  // k= of SDP (RFC 8866 §5.12), obsolete and still sent
  { triggers: ['nk='], pattern: /(\\n)k=[^"\\]*/g, mask: `$1k=${MASK}` },
  {
    triggers: ['response', 'cnonce', 'rspauth'],
    pattern: /(response|cnonce|rspauth)\s*=\s*(?:\\")?[A-Za-z0-9+/=]{8,}/gi,
    mask: `$1=${MASK}`,
  },
  {
    triggers: ['passw', 'pwd', 'secret', 'token'],
    pattern: /(password|passwd|pwd|secret|token)(?:\\")?\s*[=:]\s*(?:\\")?[^\s"\\,;&]{1,256}/gi,
    mask: `$1=${MASK}`,
  },
  // user:password@host (RFC 3261 §19.1.1: not recommended, and still sent)
  { triggers: ['sip:', 'sips:'], pattern: /(sips?:[^:@\s"\\/]{1,256}):[^@\s"\\]{1,256}@/gi, mask: `$1:${MASK}@` },
  {
    triggers: ['-----begin'],
    pattern: /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?/g,
    mask: MASK,
  },
];

/**
 * Takes keys, passwords, digests and personal identity numbers out of one line of JSON, in linear time; it stays one line of JSON.
 * The last gate before the log: it holds whatever the code above it handed in.
 */
export function scrub(line: string): string {
  // Most lines hold nothing of the kind, and looking for plain text takes a fraction of the time of the patterns.
  const lower = line.toLowerCase();
  let clean = has(lower, SECRET_WORDS) || HA1.test(lower) ? maskSecretKeys(line) : line;
  for (const { triggers, pattern, mask } of TEXT_RULES) if (has(lower, triggers)) clean = clean.replace(pattern, mask);
  return MAYBE_PERSONAL_NUMBER.test(clean) ? maskPersonalNumbers(clean) : clean;
}

function has(text: string, words: readonly string[]): boolean {
  for (const word of words) if (text.includes(word)) return true;
  return false;
}

function maskSecretKeys(line: string): string {
  SECRET_KEY.lastIndex = 0;
  let clean = '';
  let from = 0;
  for (let match = SECRET_KEY.exec(line); match; match = SECRET_KEY.exec(line)) {
    const end = endOfValue(line, SECRET_KEY.lastIndex);
    clean += `${line.slice(from, SECRET_KEY.lastIndex)}"${MASK}"`;
    from = end;
    SECRET_KEY.lastIndex = end;
  }
  return from === 0 ? line : clean + line.slice(from);
}

/** Where the JSON value that begins at `from` ends: a string, an object or list with all it holds, or a bare word. */
function endOfValue(line: string, from: number): number {
  let depth = 0;
  for (let i = from; i < line.length; i += 1) {
    const char = line[i];
    if (char === '"') {
      i = endOfString(line, i);
      if (depth === 0) return i + 1;
    } else if (char === '{' || char === '[') {
      depth += 1;
    } else if (char === '}' || char === ']') {
      if (depth === 0) return i;
      depth -= 1;
      if (depth === 0) return i + 1;
    } else if (char === ',' && depth === 0) {
      return i;
    }
  }
  return line.length;
}

function endOfString(line: string, quote: number): number {
  for (let i = quote + 1; i < line.length; i += 1) {
    if (line[i] === '\\') i += 1;
    else if (line[i] === '"') return i;
  }
  return line.length - 1;
}

/**
 * A Swedish personal identity number or coordination number: (YY)YYMMDD-NNNN, with -, + or nothing between. Not part of a longer run
 * of digits or letters; a letter that belongs to an escape (\n) is no letter.
 */
const PERSONAL_NUMBER = /(?<!\d|(?<!\\)[A-Za-z])(?:\d\d)?(\d\d)(\d\d)(\d\d)([-+]?)(\d{4})(?![\dA-Za-z])/g;

const MAYBE_PERSONAL_NUMBER = /\d{6}[-+]?\d{4}/;

/** Masks Swedish personal identity numbers in any text. Without a separator only those whose check digit is right: they might be telephone numbers. */
function maskPersonalNumbers(text: string): string {
  return text.replace(
    PERSONAL_NUMBER,
    (match: string, year: string, month: string, day: string, separator: string, serial: string, at: number) => {
      if (!isDate(Number(month), Number(day))) return match;
      if (separator !== '') return MASK;
      if (!luhn(year + month + day + serial)) return match;
      // A bare JSON number must stay one.
      return ':,['.includes(text.charAt(at - 1)) && ',}]'.includes(text.charAt(at + match.length)) ? '0' : MASK;
    },
  );
}

/** Coordination numbers have 60 added to the day (Folkbokföringslagen 18 a §). */
function isDate(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && ((day >= 1 && day <= 31) || (day >= 61 && day <= 91));
}

function luhn(digits: string): boolean {
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const value = Number(digits[i]) * (i % 2 === 0 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  }
  return sum % 10 === 0;
}
