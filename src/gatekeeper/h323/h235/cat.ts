import { hash, timingSafeEqual } from 'node:crypto';
import type { EpochMs } from '../../../clock.js';
import type { ClearToken } from '../asn1/h235.js';
import { OID_CAT } from './object-identifiers.js';
import { secondsOf } from './time-stamp.js';

/*
 * The Cisco access token (CAT): in the clear tokens, with a challenge that is MD5 over one random byte, the password and the time. It
 * proves the sender's password, nothing of the message; not even the name beside it is part of the hash.
 */

export interface CatIdentity {
  /** The user name, at most 127 characters. */
  readonly generalID: string;
  readonly password: string;
  readonly now: EpochMs;
  /** One byte, 0 to 255; with the second of `now` never used twice by one sender. */
  readonly random: number;
}

export function makeCatToken({ generalID, password, now, random }: CatIdentity): ClearToken {
  const timeStamp = secondsOf(now);
  // The name ends with a NUL on the wire, as the routers that this token comes from write it.
  return { tokenOID: OID_CAT, timeStamp, random, generalID: `${generalID}\0`, challenge: challenge(random, password, timeStamp) };
}

/** Does `told` prove `password`? @param random -128 to 255: some stacks write the byte with a sign */
export function provesCat(told: Uint8Array, password: string, timeStamp: number, random: number): boolean {
  const made = challenge(random, password, timeStamp);
  return told.length === made.length && timingSafeEqual(made, told);
}

function challenge(random: number, password: string, timeStamp: number): Buffer {
  const text = Buffer.from(password, 'utf8');
  const hashed = Buffer.allocUnsafe(text.length + 5);
  hashed.writeUInt8(random & 0xff, 0);
  hashed.set(text, 1);
  hashed.writeUInt32BE(timeStamp, text.length + 1);
  return hash('md5', hashed, 'buffer');
}
