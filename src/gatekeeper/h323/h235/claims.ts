import { writtenAlias } from '../alias-address.js';
import type { CryptoH323Token } from '../asn1/h225.js';
import type { ClearToken } from '../asn1/h235.js';
import { provesCat } from './cat.js';
import { provesH2351 } from './h2351.js';
import { h235Version, h2351, OID_CAT, OID_MD5 } from './object-identifiers.js';
import { provesPasswordHash } from './password-hash.js';

/** How a sender proves its password, strongest first: only `h235.1` covers the message as well. */
export const authenticationMethods = ['h235.1', 'md5', 'cat'] as const;
export type AuthenticationMethod = (typeof authenticationMethods)[number];

/** As people write them. */
export const methodNames: Readonly<Record<AuthenticationMethod, string>> = { 'h235.1': 'H.235.1', md5: 'MD5', cat: 'CAT' };

/** What a token says, before anybody knows whether it is true. */
export interface Claim {
  readonly method: AuthenticationMethod;
  /** Who it says it is from. Undefined: it does not say. */
  readonly name: string | undefined;
  /** Whom it says it is for (the gatekeeperIdentifier). */
  readonly generalID: string | undefined;
  /** Seconds. Undefined: the token lacks it, or another part that its method cannot do without. */
  readonly timeStamp: number | undefined;
  readonly random: number | undefined;
  /** The version of H.235.0 that the sender writes. */
  readonly version: number;
  proves(password: string): boolean;
}

export interface Claims {
  readonly claims: readonly Claim[];
  /** There were tokens that prove who sends in a way that we do not know (encrypted, signed, of other algorithms). */
  readonly unknown: boolean;
}

type HashedToken = Extract<Extract<CryptoH323Token, { type: 'nestedcryptoToken' }>['value'], { type: 'cryptoHashedToken' }>['value'];

/** A message has one token a method; whoever repeats them by the hundred gets no hundred checks. */
const MAX_CLAIMS = 8;

/** @param message the whole message as it was received, which H.235.1 covers */
export function readClaims(
  tokens: readonly ClearToken[] | undefined,
  cryptoTokens: readonly CryptoH323Token[] | undefined,
  message: Uint8Array,
): Claims {
  const claims: Claim[] = [];
  let unknown = false;
  for (const token of cryptoTokens ?? []) {
    const claim = fromCryptoToken(token, message);
    if (!claim) unknown = true;
    else if (claims.length < MAX_CLAIMS) claims.push(claim);
  }
  for (const token of tokens ?? []) {
    // Other clear tokens carry keys, times and vendors' matters: they prove nothing, and do not try to.
    if (token.tokenOID === OID_CAT && claims.length < MAX_CLAIMS) claims.push(fromCat(token));
  }
  return { claims, unknown };
}

function fromCryptoToken(token: CryptoH323Token, message: Uint8Array): Claim | undefined {
  if (token.type === 'cryptoEPPwdHash') {
    const { alias, timeStamp, token: hashed } = token.value;
    if (hashed.algorithmOID !== OID_MD5) return undefined;
    const name = writtenAlias(alias);
    return {
      method: 'md5',
      name: withoutNul(name),
      generalID: undefined,
      timeStamp: name === undefined ? undefined : timeStamp,
      random: undefined,
      version: 2,
      proves: (password) => provesPasswordHash(hashed.hash, withoutNul(name) ?? '', password, timeStamp),
    };
  }
  if (token.type === 'nestedcryptoToken' && token.value.type === 'cryptoHashedToken') return fromHashedToken(token.value.value, message);
  return undefined;
}

function fromHashedToken({ tokenOID, hashedVals, token }: HashedToken, message: Uint8Array): Claim | undefined {
  // "B" instead of "A" would cover a few fields only (H.235.1 procedure IA), and is not taken.
  const version = h235Version(tokenOID, h2351.A);
  if (!version || !h235Version(hashedVals.tokenOID, h2351.T) || !h235Version(token.algorithmOID, h2351.U)) return undefined;
  const { random } = hashedVals;
  return {
    method: 'h235.1',
    name: withoutNul(hashedVals.sendersID),
    generalID: withoutNul(hashedVals.generalID),
    timeStamp: random === undefined ? undefined : hashedVals.timeStamp,
    random,
    version,
    proves: (password) => provesH2351(message, token.hash, password),
  };
}

function fromCat({ generalID, timeStamp, random, challenge }: ClearToken): Claim {
  const whole = timeStamp !== undefined && challenge !== undefined && random !== undefined && random >= -128 && random <= 255;
  return {
    method: 'cat',
    name: withoutNul(generalID),
    generalID: undefined,
    timeStamp: whole ? timeStamp : undefined,
    // The hash covers the byte alone: -11 and 245 are one token, not two.
    random: random === undefined ? undefined : random & 0xff,
    version: 2,
    proves: (password) => whole && provesCat(challenge, password, timeStamp, random),
  };
}

/** Several stacks end an identifier with the NUL of their own strings. */
function withoutNul(text: string | undefined): string | undefined {
  const own = text?.endsWith('\0') ? text.slice(0, -1) : text;
  return own === '' ? undefined : own;
}
