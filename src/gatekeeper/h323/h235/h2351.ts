import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../../../clock.js';
import type { CryptoH323Token } from '../asn1/h225.js';
import type { BitString } from '../asn1/schema.js';
import { h235Oid, h2351 } from './object-identifiers.js';
import { secondsOf } from './time-stamp.js';

/*
 * H.235.1 procedure I: HMAC-SHA1-96 over the whole message as it is encoded, with the place of the hash itself filled with zeros. The key
 * is SHA-1 of the password. It proves the sender and that nobody changed the message.
 */

const HASH_BYTES = 12;

/** Stands in our messages where the hash will be. Not to be guessed, so that no name that we repeat can hold it too. */
const placeholder = randomBytes(HASH_BYTES);

export interface H2351Identity {
  /**
   * Who sends: a user name, or the endpointIdentifier once there is one; the gatekeeperIdentifier when it is the gatekeeper. At most 128
   * characters.
   */
  readonly sendersID: string;
  /** Who it is for. Left out when not known. */
  readonly generalID: string | undefined;
  readonly now: EpochMs;
  /** 32 bits; together with the second of `now` never used twice by one sender. */
  readonly random: number;
  /** The version of H.235.0 that the peer writes. Default 2. */
  readonly version?: number;
}

/** The token of a message that `signH2351` will sign when it is encoded. */
export function makeH2351Token(identity: H2351Identity): CryptoH323Token {
  const version = identity.version ?? 2;
  return {
    type: 'nestedcryptoToken',
    value: {
      type: 'cryptoHashedToken',
      value: {
        tokenOID: h235Oid(h2351.A, version),
        hashedVals: {
          tokenOID: h235Oid(h2351.T, version),
          timeStamp: secondsOf(identity.now),
          random: identity.random,
          generalID: identity.generalID,
          sendersID: identity.sendersID,
        },
        token: {
          algorithmOID: h235Oid(h2351.U, version),
          paramS: {},
          hash: { bytes: placeholder, length: HASH_BYTES * 8 },
        },
      },
    },
  };
}

/**
 * Puts the hash where `makeH2351Token` kept its place, in `message` itself.
 * @throws {Error} the message carries no token of `makeH2351Token`: a fault of the caller
 */
export function signH2351(message: Buffer, password: string): void {
  const at = message.indexOf(placeholder);
  if (at < 0) throw new Error('The message to be signed carries no H.235.1 token of makeH2351Token');
  message.fill(0, at, at + HASH_BYTES);
  message.set(hmac(padded(message), password), at);
}

/** Does this hash, which stands somewhere in `message`, prove `password` over it? */
export function provesH2351(message: Uint8Array, { bytes, length }: BitString, password: string): boolean {
  if (length !== HASH_BYTES * 8 || bytes.length < HASH_BYTES) return false;
  const told = bytes.subarray(0, HASH_BYTES);
  const work = padded(message);
  // The first place is the right one: whoever writes the same bytes in front of it writes them into what is hashed, and proves nothing.
  const at = work.indexOf(told, BLOCK);
  if (at < 0) return false;
  work.fill(0, at, at + HASH_BYTES);
  return timingSafeEqual(hmac(work, password), told);
}

/*
 * HMAC (RFC 2104) spelt out over one-shot hashes: a third of the time of a crypto.Hmac object, with nothing left for the garbage
 * collector. The key is not kept between messages: SHA-1 of a password takes half a microsecond, and a table of keys is one more place to
 * lose them from.
 */

/** Octets in a block of SHA-1. */
const BLOCK = 64;

const scratch = Buffer.alloc(BLOCK + 4096);
const outer = Buffer.alloc(BLOCK + 20);
const key = Buffer.alloc(BLOCK);

/** A copy of `message` behind the block that the inner hash begins with. Good until the next one. */
function padded(message: Uint8Array): Buffer {
  const length = BLOCK + message.length;
  const work = length <= scratch.length ? scratch.subarray(0, length) : Buffer.allocUnsafe(length);
  work.set(message, BLOCK);
  return work;
}

/** The first 12 octets of the HMAC over what stands behind the first block of `work`. Good until the next one. */
function hmac(work: Buffer, password: string): Buffer {
  key.write(hash('sha1', password, 'binary'), 0, 'latin1');
  for (let index = 0; index < BLOCK; index++) {
    const octet = key[index] ?? 0;
    work[index] = octet ^ 0x36;
    outer[index] = octet ^ 0x5c;
  }
  outer.write(hash('sha1', work, 'binary'), BLOCK, 'latin1');
  outer.write(hash('sha1', outer, 'binary'), BLOCK, 'latin1');
  return outer.subarray(BLOCK, BLOCK + HASH_BYTES);
}
