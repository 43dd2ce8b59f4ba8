import { diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { ClearToken, DHset } from '../asn1/h235.js';
import type { BitString } from '../asn1/schema.js';
import { dhGroupOf, dhGroups } from './dh-groups.js';
import { dhNumbers, dhPublicKey } from './dh-public-key.js';
import { h235Oid } from './object-identifiers.js';

/*
 * One end of a key agreement for media (H.235.6): what an endpoint does, and the gatekeeper never. For our own endpoint.
 */

/** "H.235 version 3": says that the sender knows the keys of V3KeySyncMaterial. */
const versionToken: ClearToken = { tokenOID: h235Oid('24', 3) };

/** The largest half key that DHset holds; longer ones go to `dhkeyext`. */
const MAX_DHSET_BITS = 2048;

export type DhGroupName = 'DH-1024' | 'DH-1536' | 'DH-2048' | 'DH-4096' | 'DH-6144' | 'DH-8192';

/** A private key of one call and its half key. Never kept beyond the call. */
export class KeyAgreement {
  /** The half key, with its prime and generator beside it. */
  readonly token: ClearToken;
  readonly #private: KeyObject;
  readonly #public: KeyObject;
  readonly #bytes: number;

  /** Takes 1 ms of CPU with DH-1024, some 10 with DH-4096. */
  constructor(name: DhGroupName) {
    const group = dhGroups.find((candidate) => candidate.name === name);
    if (!group?.modp) throw new Error(`No Diffie-Hellman group is called ${name}`);
    const { privateKey, publicKey } = generateKeyPairSync('dh', { group: group.modp });
    this.#private = privateKey;
    this.#public = publicKey;
    this.#bytes = group.bits / 8;
    const { prime, generator, halfKey } = dhNumbers(publicKey);
    const set: DHset = { halfkey: this.#bits(halfKey), modSize: this.#bits(prime), generator: this.#bits(generator) };
    const tokenOID = h235Oid(group.number, group.version);
    this.token = group.bits <= MAX_DHSET_BITS ? { tokenOID, dhkey: set } : { tokenOID, dhkeyext: set };
  }

  /**
   * The secret that this end shares with the one that sent `peer`, as long as the prime. Takes 1 ms of CPU with DH-1024.
   * @throws {Error} the token is of another group, or its half key is not one
   */
  secretWith(peer: ClearToken): Buffer {
    const set = peer.dhkey ?? peer.dhkeyext;
    if (!set || dhGroupOf(peer.tokenOID) !== dhGroupOf(this.token.tokenOID)) throw new Error('The half key is of another group than ours');
    const secret = diffieHellman({ privateKey: this.#private, publicKey: dhPublicKey(this.#public, set.halfkey.bytes) });
    return Buffer.concat([Buffer.alloc(this.#bytes - secret.length), secret]);
  }

  /** All three numbers are as long as the prime, with zeros in front (H.235.0). */
  #bits(number: Buffer): BitString {
    const bytes = Buffer.concat([Buffer.alloc(this.#bytes - number.length), number]);
    return { bytes, length: bytes.length * 8 };
  }
}

/** The clear tokens of a Setup that offers these groups, or of a Connect that answers one. */
export function encryptionTokens(agreements: readonly KeyAgreement[]): readonly ClearToken[] {
  return [versionToken, ...agreements.map(({ token }) => token)];
}

/** The token of `answered` that belongs to one of our half keys, and that half key. */
export function agreedHalfKey(
  ours: readonly KeyAgreement[],
  answered: readonly ClearToken[] | undefined,
): { readonly agreement: KeyAgreement; readonly peer: ClearToken } | undefined {
  for (const agreement of ours) {
    const group = dhGroupOf(agreement.token.tokenOID);
    const peer = answered?.find(({ tokenOID, dhkey, dhkeyext }) => (dhkey ?? dhkeyext) && dhGroupOf(tokenOID) === group);
    if (peer) return { agreement, peer };
  }
  return undefined;
}
