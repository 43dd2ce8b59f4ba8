/** What one `a=crypto` line says (RFC 4568 §4), without its keys. */
export interface SdesCrypto {
  /** -1 when it could not be read. */
  readonly tag: number;
  /** In upper case; empty for one that is not known as AES-128 or better: what stands there may be anything, a misplaced key too. */
  readonly suite: string;
  /** Encrypted with AES-128 or better if the other end takes this line. */
  readonly ok: boolean;
  /** Bits of the cipher's key; 0 when not ok. */
  readonly bits: number;
}

/** Suites with AES-128 or better: cipher key bits, and the bytes of master key and salt that `inline:` must hold. */
const suites: ReadonlyMap<string, { readonly bits: number; readonly keyBytes: number }> = new Map([
  // RFC 4568 §6.2
  ['AES_CM_128_HMAC_SHA1_80', { bits: 128, keyBytes: 30 }],
  ['AES_CM_128_HMAC_SHA1_32', { bits: 128, keyBytes: 30 }],
  ['F8_128_HMAC_SHA1_80', { bits: 128, keyBytes: 30 }],
  // RFC 6188 §3
  ['AES_192_CM_HMAC_SHA1_80', { bits: 192, keyBytes: 38 }],
  ['AES_192_CM_HMAC_SHA1_32', { bits: 192, keyBytes: 38 }],
  ['AES_256_CM_HMAC_SHA1_80', { bits: 256, keyBytes: 46 }],
  ['AES_256_CM_HMAC_SHA1_32', { bits: 256, keyBytes: 46 }],
  // RFC 7714 §14.2
  ['AEAD_AES_128_GCM', { bits: 128, keyBytes: 28 }],
  ['AEAD_AES_256_GCM', { bits: 256, keyBytes: 44 }],
]);

/**
 * Session parameters that take protection away (RFC 4568 §6.3.2, §6.3.3, §6.3.4). Without authentication counter mode's bits can be
 * turned at will, so that is no protection either.
 */
const weakening: ReadonlySet<string> = new Set(['UNENCRYPTED_SRTP', 'UNENCRYPTED_SRTCP', 'UNAUTHENTICATED_SRTP']);

/** Reads what follows `a=crypto:`. A line that cannot be read is given too, as not ok: another reader might see more in it. */
export function parseCrypto(text: string): SdesCrypto {
  const parts = text.split(/[ \t]+/);
  const [tagText = '', suiteText = '', keyParams = '', ...session] = parts;
  const tag = /^\d{1,9}$/.test(tagText) ? Number(tagText) : -1;
  const suite = suiteText.toUpperCase();
  const known = suites.get(suite);
  if (!known) return { tag, suite: '', ok: false, bits: 0 };
  const ok = tag >= 0 && keysHold(keyParams, known.keyBytes) && !session.some((param) => weakening.has(param.toUpperCase()));
  return { tag, suite, ok, bits: ok ? known.bits : 0 };
}

/** key-params = key-param *(";" key-param): every one must be `inline:` with the suite's own key and salt (RFC 4568 §9.1, §6.1). */
function keysHold(text: string, keyBytes: number): boolean {
  return text.split(';').every((param) => isInlineKey(param, keyBytes));
}

function isInlineKey(param: string, keyBytes: number): boolean {
  if (param.slice(0, 7).toLowerCase() !== 'inline:') return false;
  const [keySalt = '', ...rest] = param.slice(7).split('|');
  if (!holdsBytes(keySalt, keyBytes)) return false;
  // ["|" lifetime] ["|" MKI ":" length]
  const mki = rest.at(-1)?.includes(':') === true ? rest.pop() : undefined;
  if (mki !== undefined && !isMki(mki)) return false;
  return rest.length === 0 || (rest.length === 1 && isLifetime(rest[0] ?? ''));
}

/** Base64 of exactly this many bytes; with its padding, or without, as some devices write it. */
function holdsBytes(base64: string, bytes: number): boolean {
  const digits = base64.replace(/={1,2}$/, '');
  return digits.length === Math.ceil((bytes * 8) / 6) && /^[A-Za-z0-9+/]+$/.test(digits);
}

/** Packets, as a number or a power of two: at most 2^48 SRTP packets (RFC 3711 §9.2). */
function isLifetime(text: string): boolean {
  const power = /^2\^(\d{1,2})$/.exec(text);
  if (power) return Number(power[1]) <= 48;
  return /^\d{1,15}$/.test(text) && Number(text) > 0;
}

/** `value:length`, the length 1 to 128 bytes (RFC 4568 §6.1). */
function isMki(text: string): boolean {
  const match = /^(\d{1,39}):(\d{1,3})$/.exec(text);
  const length = Number(match?.[2]);
  return match !== null && length >= 1 && length <= 128;
}
