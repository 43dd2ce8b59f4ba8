import type { ClearToken } from '../asn1/h235.js';
import type { BitString } from '../asn1/schema.js';
import { h235Version } from './object-identifiers.js';

/*
 * Diffie-Hellman groups of H.235.6. A token of the group carries one side's half key; the prime and the generator may stand beside it.
 */

export interface DhGroup {
  /** As people write it: `DH-1024`. */
  readonly name: string;
  /** The last arc of its object identifier. */
  readonly number: string;
  /** The version arc that it is written with. */
  readonly version: number;
  /** Bits of the prime. 0: the token brings its own prime. */
  readonly bits: number;
  /** Node's name of the group (RFC 2409 §6.2, RFC 3526). */
  readonly modp: string | undefined;
}

/** "DHdummy": a group of the endpoint's own, spelt out in the token. */
const ownGroup: DhGroup = { name: 'DH of its own', number: '40', version: 3, bits: 0, modp: undefined };

export const dhGroups: readonly DhGroup[] = [
  { name: 'DH-8192', number: '78', version: 4, bits: 8192, modp: 'modp18' },
  { name: 'DH-6144', number: '77', version: 4, bits: 6144, modp: 'modp17' },
  { name: 'DH-4096', number: '47', version: 3, bits: 4096, modp: 'modp16' },
  { name: 'DH-2048', number: '45', version: 3, bits: 2048, modp: 'modp14' },
  { name: 'DH-1536', number: '44', version: 3, bits: 1536, modp: 'modp5' },
  { name: 'DH-1024', number: '43', version: 3, bits: 1024, modp: 'modp2' },
  ownGroup,
];

/** The group that a token is for; undefined: it is about something else. */
export function dhGroupOf(tokenOID: string): DhGroup | undefined {
  return dhGroups.find(({ number }) => h235Version(tokenOID, number) !== undefined);
}

/** One side's part of a key agreement, as a token gives it. */
export interface OfferedHalfKey {
  readonly group: DhGroup;
  /** Bits of the prime that will be used; 0: not known from this token. */
  readonly bits: number;
  /** The half key is there, and neither 0 nor 1, with which everybody would know the secret. */
  readonly usable: boolean;
}

export function halfKeyIn(token: ClearToken): OfferedHalfKey | undefined {
  const group = dhGroupOf(token.tokenOID);
  if (!group) return undefined;
  const set = token.dhkey ?? token.dhkeyext;
  // A prime in the token counts, not the name of the group: 512 bits called DH-1024 are 512 bits.
  const prime = set?.modSize ? significantBits(set.modSize) : 0;
  return { group, bits: prime || group.bits, usable: set !== undefined && significantBits(set.halfkey) > 1 };
}

/**
 * Bits of the number in a bit string, without zeros in front. Its last byte counts whole: stacks write numbers in bytes, and then cut the
 * length.
 */
function significantBits({ bytes, length }: BitString): number {
  const used = Math.min(bytes.length, Math.ceil(length / 8));
  for (let index = 0; index < used; index++) {
    const byte = bytes[index] ?? 0;
    if (byte !== 0) return (used - index) * 8 - (Math.clz32(byte) - 24);
  }
  return 0;
}
