import { createCipheriv, createDecipheriv } from 'node:crypto';
import { H235Key } from '../asn1/h235.js';
import { codec } from '../asn1/per/codec.js';
import { mediaAlgorithm } from './media-algorithms.js';

/*
 * A media key on its way (H.235.6): the master of H.245 makes one per channel and sends it in EncryptionSync.h235Key, encrypted with the
 * last bits of the Diffie-Hellman secret. For our own endpoint: the gatekeeper passes it on unread.
 */

const h235Key = codec(H235Key, 'H235Key');

/** V3KeySyncMaterial without an initial value in its parameters starts from zeros. */
const ZERO_IV = Buffer.alloc(16);

export interface MediaKey {
  /** Of the cipher: AES-128-CBC or AES-256-CBC. */
  readonly algorithmOID: string;
  /** 16 or 32 bytes. */
  readonly key: Uint8Array;
}

/** The octets of `EncryptionSync.h235Key`. @throws {RangeError} a key that is not the cipher's */
export function encodeMediaKey({ algorithmOID, key }: MediaKey, secret: Uint8Array): Buffer {
  const cipher = createCipheriv(cipherOf(algorithmOID, key.length), wrappingKey(secret, key.length), ZERO_IV).setAutoPadding(false);
  const encryptedSessionKey = Buffer.concat([cipher.update(key), cipher.final()]);
  return h235Key.encode({ type: 'secureSharedSecret', value: { algorithmOID, paramS: {}, encryptedSessionKey } });
}

/**
 * @throws {PerError} the octets are no H235Key
 * @throws {RangeError} the key is sent in another way than under the shared secret, or is not the cipher's
 */
export function decodeMediaKey(octets: Uint8Array, secret: Uint8Array): MediaKey {
  const sent = h235Key.decode(octets);
  if (sent.type !== 'secureSharedSecret') throw new RangeError(`A media key came as ${sent.type}, not under the shared secret`);
  const { algorithmOID, encryptedSessionKey, paramS } = sent.value;
  if (algorithmOID === undefined || !encryptedSessionKey)
    throw new RangeError('A media key came without its algorithm or without the key itself');
  const bytes = encryptedSessionKey.length;
  const decipher = createDecipheriv(cipherOf(algorithmOID, bytes), wrappingKey(secret, bytes), paramS.iv16 ?? ZERO_IV).setAutoPadding(
    false,
  );
  return { algorithmOID, key: Buffer.concat([decipher.update(encryptedSessionKey), decipher.final()]) };
}

function cipherOf(algorithmOID: string, bytes: number): 'aes-128-cbc' | 'aes-256-cbc' {
  const algorithm = mediaAlgorithm(algorithmOID);
  if (algorithm?.name === 'AES-128-CBC' && bytes === 16) return 'aes-128-cbc';
  if (algorithm?.name === 'AES-256-CBC' && bytes === 32) return 'aes-256-cbc';
  throw new RangeError(`A media key of ${bytes} bytes does not suit ${algorithm?.name ?? algorithmOID}`);
}

function wrappingKey(secret: Uint8Array, bytes: number): Uint8Array {
  return secret.subarray(secret.length - bytes);
}
