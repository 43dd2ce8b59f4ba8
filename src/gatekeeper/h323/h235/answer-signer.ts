import type { EpochMs } from '../../../clock.js';
import type { CryptoH323Token } from '../asn1/h225.js';
import { type H2351Identity, makeH2351Token, signH2351 } from './h2351.js';

type AnswerIdentity = Pick<H2351Identity, 'sendersID' | 'generalID' | 'version'>;

/** Signs one answer to a message that H.235.1 protected (H.235.1: the answer's generalID is the sendersID of the question). */
export class AnswerSigner {
  readonly #password: string;
  readonly #identity: AnswerIdentity;

  constructor(password: string, identity: AnswerIdentity) {
    this.#password = password;
    this.#identity = identity;
  }

  /** For the answer's `cryptoTokens`. @param random 32 bits, another for every answer */
  token(now: EpochMs, random: number): CryptoH323Token {
    return makeH2351Token({ ...this.#identity, now, random });
  }

  /** Signs the encoded answer in place. @throws {Error} it does not carry `token()` */
  sign(message: Buffer): void {
    signH2351(message, this.#password);
  }
}
