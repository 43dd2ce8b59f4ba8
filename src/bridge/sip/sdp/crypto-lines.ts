import type { SrtpSuite } from '../../media/media.js';

/** A line of SDES that we can use (RFC 4568 §4). */
export interface CryptoLine {
  readonly tag: number;
  readonly suite: SrtpSuite;
  /** Base64 of master key and salt, as the media plane takes it: with its padding. */
  readonly key: string;
}

/** What we take, the strongest first (RFC 7714 §14.2, RFC 4568 §6.2), and the bytes of key and salt. */
const suites: readonly (readonly [SrtpSuite, number])[] = [
  ['AEAD_AES_256_GCM', 44],
  ['AEAD_AES_128_GCM', 28],
  ['AES_CM_128_HMAC_SHA1_80', 30],
];

/**
 * The strongest of the `a=crypto` lines that can be used as it stands; undefined when none can.
 *
 * What rules a line out: a suite that we lack; more than one key, as keys that change by their MKI are not supported; any session
 * parameter (RFC 4568 §6.3): those that matter either take protection away or change how packets are made, and one that is not understood
 * must not be accepted (§6.3.7). A single key with an MKI is ruled out, too: every packet would carry it.
 * @param values what follows `crypto:`, as written
 */
export function chooseCrypto(values: readonly string[], only?: SrtpSuite): CryptoLine | undefined {
  const lines = values.slice(0, 64).flatMap((value) => readCrypto(value) ?? []);
  for (const [suite] of suites) {
    const line = lines.find((candidate) => candidate.suite === suite && (only === undefined || only === suite));
    if (line) return line;
  }
  return undefined;
}

/** Reads one line; undefined when it cannot be used. */
export function readCrypto(value: string): CryptoLine | undefined {
  const [tagText = '', suiteText = '', keyParams = '', ...session] = value.trim().split(/[ \t]+/);
  const known = suites.find(([suite]) => suite === suiteText.toUpperCase());
  if (!known || !/^\d{1,9}$/.test(tagText) || session.length > 0) return undefined;
  const key = readInline(keyParams, known[1]);
  return key === undefined ? undefined : { tag: Number(tagText), suite: known[0], key };
}

/**
 * `inline:<key||salt>["|" lifetime]` (RFC 4568 §6.1). A lifetime is the time after which its owner must change the key: it will offer a new
 * one, so it needs nothing from us but to be well-formed.
 */
function readInline(text: string, bytes: number): string | undefined {
  if (text.slice(0, 7).toLowerCase() !== 'inline:' || text.includes(';')) return undefined;
  const [keySalt = '', ...rest] = text.slice(7).split('|');
  if (rest.length > 1 || (rest[0] !== undefined && !/^(?:2\^\d{1,2}|\d{1,15})$/.test(rest[0]))) return undefined;
  const digits = keySalt.replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]+$/.test(digits)) return undefined;
  const key = Buffer.from(digits, 'base64');
  return key.length === bytes && digits.length === Math.ceil((bytes * 8) / 6) ? key.toString('base64') : undefined;
}
