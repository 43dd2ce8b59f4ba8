import { decodeMediaKey, encodeMediaKey } from '../../../gatekeeper/h323/h235/media-key-sync.js';

/** Media algorithms by the object identifiers of H.235.6: AES in CBC, with 128 and 256 bits. */
export const mediaAlgorithms = {
  aes128: { oid: '2.16.840.1.101.3.4.1.2', keyBytes: 16 },
  aes256: { oid: '2.16.840.1.101.3.4.1.42', keyBytes: 32 },
} as const;
export type MediaAlgorithm = keyof typeof mediaAlgorithms;

export function algorithmOf(oid: string | undefined): MediaAlgorithm | undefined {
  if (oid === mediaAlgorithms.aes128.oid) return 'aes128';
  return oid === mediaAlgorithms.aes256.oid ? 'aes256' : undefined;
}

/** The `h235Key` of an EncryptionSync: a channel's session key, only to be read with the shared secret. */
export function wrapSessionKey(key: Buffer, algorithm: MediaAlgorithm, secret: Buffer): Buffer {
  return encodeMediaKey({ algorithmOID: mediaAlgorithms[algorithm].oid, key }, secret);
}

/** Undefined: the key is none that we can read. */
export function unwrapSessionKey(wrapped: Uint8Array, algorithm: MediaAlgorithm, secret: Buffer): Buffer | undefined {
  try {
    const { algorithmOID, key } = decodeMediaKey(wrapped, secret);
    return algorithmOID === mediaAlgorithms[algorithm].oid ? Buffer.from(key) : undefined;
  } catch {
    return undefined;
  }
}
