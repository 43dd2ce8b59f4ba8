import type { Clock } from '../../clock.js';
import { type AliasAddress, type CryptoH323Token, type RasMessage, rasMessage } from '../../gatekeeper/h323/asn1/h225.js';
import type { ClearToken } from '../../gatekeeper/h323/asn1/h235.js';
import { makeCatToken } from '../../gatekeeper/h323/h235/cat.js';
import { authenticationOffer } from '../../gatekeeper/h323/h235/choose-authentication.js';
import { makeH2351Token, provesH2351, signH2351 } from '../../gatekeeper/h323/h235/h2351.js';
import { makePasswordHash } from '../../gatekeeper/h323/h235/password-hash.js';
import { dialledAlias } from './addresses.js';

export interface PasswordOptions {
  /** Default: the endpoint's first alias. */
  readonly user?: string;
  readonly password: string;
  readonly method: 'h235.1' | 'md5' | 'cat';
}

export interface Tokens {
  readonly tokens?: readonly ClearToken[];
  readonly cryptoTokens?: readonly CryptoH323Token[];
}

/** To whom a message goes, and as whom we send it, as far as we know yet. */
export interface Parties {
  readonly gatekeeperId: string | undefined;
  readonly endpointId: string | undefined;
}

/** RandomVal has no bounds, but stacks read a signed integer of 32 bits: more does not fit into them. */
const RANDOM_VALUES = 0x8000_0000;

/** An endpoint's password, and what proves it in each RAS message. Every token is made once: a second use of it is a replay. */
export class Credentials {
  readonly #options: Required<PasswordOptions>;
  readonly #clock: Clock;
  #random: number;

  constructor({ user, password, method }: PasswordOptions, firstAlias: string, clock: Clock) {
    this.#options = { user: user ?? firstAlias, password, method };
    this.#clock = clock;
    this.#random = Math.floor(Math.random() * RANDOM_VALUES);
  }

  /** What a GRQ says of it. */
  get offer() {
    return authenticationOffer(this.#options.method);
  }

  tokens({ gatekeeperId, endpointId }: Parties): Tokens {
    const { user, password, method } = this.#options;
    const now = this.#clock.now();
    this.#random = (this.#random + 1) % RANDOM_VALUES;
    switch (method) {
      case 'h235.1':
        // Once registered, the endpointIdentifier is the sender's name (H.235.1 §9).
        return { cryptoTokens: [makeH2351Token({ sendersID: endpointId ?? user, generalID: gatekeeperId, now, random: this.#random })] };
      case 'md5': {
        const alias: AliasAddress = dialledAlias(user);
        return { cryptoTokens: [makePasswordHash({ alias, password, now })] };
      }
      case 'cat':
        return { tokens: [makeCatToken({ generalID: user, password, now, random: this.#random % 256 })] };
    }
  }

  /** Encodes a message that holds `tokens()`, and signs it where the method signs. */
  readonly encode = (message: RasMessage): Buffer => {
    const bytes = rasMessage.encode(message);
    if (this.#options.method === 'h235.1') signH2351(bytes, this.#options.password);
    return bytes;
  };

  /** Whether the gatekeeper's answer proves that it knows the password too: H.235.1 alone can. */
  proves(bytes: Uint8Array, cryptoTokens: readonly CryptoH323Token[] | undefined): boolean {
    for (const token of cryptoTokens ?? []) {
      if (token.type !== 'nestedcryptoToken' || token.value.type !== 'cryptoHashedToken') continue;
      if (provesH2351(bytes, token.value.value.token.hash, this.#options.password)) return true;
    }
    return false;
  }
}
