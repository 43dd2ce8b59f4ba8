import { hash, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../../../clock.js';
import { writtenAlias } from '../alias-address.js';
import type { AliasAddress, CryptoH323Token } from '../asn1/h225.js';
import { ClearToken } from '../asn1/h235.js';
import { codec } from '../asn1/per/codec.js';
import type { BitString } from '../asn1/schema.js';
import { OID_MD5, OID_NONE } from './object-identifiers.js';
import { secondsOf } from './time-stamp.js';

/*
 * cryptoEPPwdHash (H.225.0 §7.6) with MD5: the hash is made over the encoding of a ClearToken that both sides can write down, with the
 * password, the alias and the time in it, and is sent without it. It proves the sender's password, nothing of the message.
 */

const clearToken = codec(ClearToken, 'ClearToken');

const HASH_BITS = 128;

/** What BMPString (SIZE (1..128)) leaves for a text that is ended by a NUL. */
const MAX_TEXT = 127;

export interface PasswordHashIdentity {
  /** Of a kind that is written down: digits, an H.323-ID, a URL. At most 127 characters. */
  readonly alias: AliasAddress;
  /** At most 127 characters. */
  readonly password: string;
  readonly now: EpochMs;
}

/** @throws {RangeError} an alias or a password that no such token can carry */
export function makePasswordHash({ alias, password, now }: PasswordHashIdentity): CryptoH323Token {
  const timeStamp = secondsOf(now);
  const bytes = md5(writtenAlias(alias) ?? '', password, timeStamp, '\0');
  if (!bytes) throw new RangeError('A password hash needs an alias and a password of 1 to 127 characters');
  return {
    type: 'cryptoEPPwdHash',
    value: { alias, timeStamp, token: { algorithmOID: OID_MD5, paramS: {}, hash: { bytes, length: HASH_BITS } } },
  };
}

/** Does `told` prove `password`? @param name the alias of the token, as written */
export function provesPasswordHash(told: BitString, name: string, password: string, timeStamp: number): boolean {
  if (told.length !== HASH_BITS) return false;
  // Cisco's gateways and all that had to work with them hash both texts with their closing NUL; the Recommendation knows none.
  return equals(md5(name, password, timeStamp, '\0'), told) || equals(md5(name, password, timeStamp, ''), told);
}

function equals(made: Buffer | undefined, told: BitString): boolean {
  return made !== undefined && told.bytes.length === made.length && timingSafeEqual(made, told.bytes);
}

function md5(name: string, password: string, timeStamp: number, end: string): Buffer | undefined {
  if (name.length === 0 || name.length > MAX_TEXT || password.length === 0 || password.length > MAX_TEXT) return undefined;
  const encoded = clearToken.encode({ tokenOID: OID_NONE, timeStamp, password: password + end, generalID: name + end });
  return hash('md5', encoded, 'buffer');
}
