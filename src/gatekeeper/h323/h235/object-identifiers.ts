/*
 * The object identifiers of H.235. Those of the Recommendation itself are 0.0.8.235.0.VERSION.NUMBER: stacks write the version of H.235.0
 * that they were made for, and mean the same.
 */

const ARC = '0.0.8.235.0.';

/** MD5 (RFC 1321): the algorithm of a cryptoEPPwdHash. */
export const OID_MD5 = '1.2.840.113549.2.5';

/** The Cisco access token: a ClearToken whose challenge is an MD5 over the password. */
export const OID_CAT = '1.2.840.113548.10.1.2.1';

/** "No tokenOID": a ClearToken inside of another token (H.235.0). */
export const OID_NONE = '0.0';

/** H.235.1: "A", the whole message is authenticated; "T", the hashed values; "U", HMAC-SHA1-96. */
export const h2351 = { A: '1', T: '5', U: '6' } as const;

/** One of H.235's own object identifiers. @param version of H.235.0; 2 is what H.235.1 has said since 2000 */
export function h235Oid(number: string, version = 2): string {
  return `${ARC}${version}.${number}`;
}

/** The version in `oid` when it is H.235's own `number`, otherwise undefined. */
export function h235Version(oid: string, number: string): number | undefined {
  const at = ARC.length;
  if (oid.length !== at + 2 + number.length || oid.charCodeAt(at + 1) !== 0x2e) return undefined;
  if (!oid.startsWith(ARC) || !oid.endsWith(number)) return undefined;
  const version = oid.charCodeAt(at) - 0x30;
  return version >= 1 && version <= 9 ? version : undefined;
}
