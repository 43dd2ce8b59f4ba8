/** An `a=fingerprint` line (RFC 8122 §5), without the fingerprint. */
export interface Fingerprint {
  /** Lower case: `sha-256`. */
  readonly hash: string;
}

/** Hashes that still tie a certificate to a call, and their bytes. md5 and sha-1 do not: collisions are made to order. */
const hashBytes: ReadonlyMap<string, number> = new Map([
  ['sha-256', 32],
  ['sha-384', 48],
  ['sha-512', 64],
]);

/** Reads what follows `a=fingerprint:`; undefined when it is malformed. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  const blank = text.indexOf(' ');
  if (blank <= 0) return undefined;
  const hash = text.slice(0, blank).toLowerCase();
  const value = text.slice(blank + 1).trim();
  if (!/^[\w-]{1,16}$/.test(hash) || !/^[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*$/.test(value)) return undefined;
  const bytes = hashBytes.get(hash);
  return bytes === undefined || value.length === bytes * 3 - 1 ? { hash } : undefined;
}

export function isStrong(fingerprint: Fingerprint): boolean {
  return hashBytes.has(fingerprint.hash);
}

/** Of two lines the stronger: an endpoint that knows it checks that one (RFC 8122 §5.1). */
export function stronger(a: Fingerprint | undefined, b: Fingerprint | undefined): Fingerprint | undefined {
  if (!a || !b) return a ?? b;
  return (hashBytes.get(b.hash) ?? 0) > (hashBytes.get(a.hash) ?? 0) ? b : a;
}
