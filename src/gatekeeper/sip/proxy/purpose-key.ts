import { createHmac } from 'node:crypto';

/** A key, and the same as text for hashes that take text. */
export interface PurposeKey {
  /** 32 bytes. */
  readonly bytes: Buffer;
  readonly hex: string;
}

/**
 * The key for one purpose, from the secret that all instances have alike: what was signed for one purpose is good for no other.
 *
 * The secret is another one when the shared store has lost it. So the key is looked up at each use, and what the one before signed is still read:
 * calls that stand carry it in their routes.
 */
export class PurposeKeys {
  readonly #secret: () => Buffer;
  readonly #purpose: string;
  #derivedFrom: Buffer;
  #current: PurposeKey;
  #previous: PurposeKey | undefined;

  /** @param purpose `call-routes` */
  constructor(secret: () => Buffer, purpose: string) {
    this.#secret = secret;
    this.#purpose = purpose;
    this.#derivedFrom = secret();
    this.#current = derive(this.#derivedFrom, purpose);
  }

  /** What is signed with from now on. */
  get current(): PurposeKey {
    const secret = this.#secret();
    if (secret !== this.#derivedFrom) this.#renew(secret);
    return this.#current;
  }

  /** What `read` makes of something signed, with the key in force or else the one before. */
  read<T>(read: (key: PurposeKey) => T | undefined): T | undefined {
    const found = read(this.current);
    return found === undefined && this.#previous ? read(this.#previous) : found;
  }

  #renew(secret: Buffer): void {
    if (!secret.equals(this.#derivedFrom)) {
      this.#previous = this.#current;
      this.#current = derive(secret, this.#purpose);
    }
    this.#derivedFrom = secret;
  }
}

function derive(secret: Buffer, purpose: string): PurposeKey {
  const bytes = createHmac('sha256', secret).update(`sip/${purpose}`).digest();
  return { bytes, hex: bytes.toString('hex') };
}
