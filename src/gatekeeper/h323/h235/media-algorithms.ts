/*
 * The ciphers of H.235.6 for media, by the object identifiers that H.245 names them with.
 */

export interface MediaAlgorithm {
  readonly oid: string;
  /** As people write it: `AES-128-CBC`. */
  readonly name: string;
  /** Bits of the key. */
  readonly bits: number;
  /** AES with 128 bits or more. DES and RC2 are broken, and 3DES has blocks too short for video. */
  readonly strong: boolean;
}

const known: readonly MediaAlgorithm[] = [
  { oid: '2.16.840.1.101.3.4.1.2', name: 'AES-128-CBC', bits: 128, strong: true },
  { oid: '2.16.840.1.101.3.4.1.22', name: 'AES-192-CBC', bits: 192, strong: true },
  { oid: '2.16.840.1.101.3.4.1.42', name: 'AES-256-CBC', bits: 256, strong: true },
  { oid: '0.0.8.235.0.3.30', name: 'AES-128-EOFB', bits: 128, strong: true },
  { oid: '1.3.14.3.2.7', name: 'DES-CBC', bits: 56, strong: false },
  { oid: '0.0.8.235.0.3.28', name: 'DES-EOFB', bits: 56, strong: false },
  { oid: '1.2.840.113549.3.2', name: 'RC2-CBC', bits: 56, strong: false },
  { oid: '0.0.8.235.0.3.27', name: 'RC2-EOFB', bits: 56, strong: false },
  { oid: '1.3.14.3.2.17', name: '3DES-EDE', bits: 168, strong: false },
  { oid: '1.2.840.113549.3.7', name: '3DES-CBC', bits: 168, strong: false },
  { oid: '0.0.8.235.0.3.29', name: '3DES-EOFB', bits: 168, strong: false },
];

const byOid: ReadonlyMap<string, MediaAlgorithm> = new Map(known.map((algorithm) => [algorithm.oid, algorithm]));

/** Undefined: not one that H.235.6 names. */
export function mediaAlgorithm(oid: string): MediaAlgorithm | undefined {
  return byOid.get(oid);
}
