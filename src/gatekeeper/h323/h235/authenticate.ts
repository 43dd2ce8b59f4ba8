import { randomUUID } from 'node:crypto';
import type { EpochMs } from '../../../clock.js';
import type { CryptoH323Token } from '../asn1/h225.js';
import type { ClearToken } from '../asn1/h235.js';
import { AnswerSigner } from './answer-signer.js';
import {
  absent,
  malformed,
  type NotAuthenticated,
  replayed,
  unknownUser,
  unsupported,
  wrongGatekeeper,
  wrongPassword,
  wrongTime,
} from './authentication-faults.js';
import { type AuthenticationMethod, authenticationMethods, type Claim, readClaims } from './claims.js';
import type { ReplayWindow } from './replay.js';

/** A user of the address plan who may log on. */
export interface Account {
  /** One name for one account, however the endpoint writes it: a token counts once for it. */
  readonly user: string;
  readonly password: string;
}

/** The account that goes by this name, as an endpoint writes it (digits, an H.323-ID, a URL). */
export type AccountLookup = (name: string) => Account | undefined;

export interface AuthenticationInput {
  readonly tokens: readonly ClearToken[] | undefined;
  readonly cryptoTokens: readonly CryptoH323Token[] | undefined;
  /** The whole message, byte for byte as it was received. */
  readonly bytes: Uint8Array;
  /** Ours: a token for another gatekeeper is not taken. */
  readonly gatekeeperId: string;
  /** Whether this is another gatekeeper's that shares its registrations with us: an endpoint that comes to us may still name it. */
  readonly isFellow?: ((gatekeeperId: string) => boolean) | undefined;
  /** The account of the registration that the message says it is from: the token must prove this one, by whatever name it goes. */
  readonly account?: Account | undefined;
  /** Other names of the sender in the message (terminalAlias, srcInfo), tried when the token's own is no account's. */
  readonly aliases: readonly string[];
  /** The IP address that the message came from. */
  readonly source: string;
  readonly now: EpochMs;
}

export interface AuthenticationOptions {
  /** Tokens seen: one for all messages of the gatekeeper. */
  readonly replay: ReplayWindow;
  /** What is taken at all. Default: every method. */
  readonly methods?: readonly AuthenticationMethod[];
  /** The message is a retransmission of one that was found good and then left unanswered: its token may have been seen. */
  readonly mayRepeat?: boolean;
}

export interface Authenticated {
  readonly ok: true;
  /** The account's own name. */
  readonly user: string;
  readonly method: AuthenticationMethod;
  /** When the token was made, by the sender's clock: seconds since 1970. */
  readonly timeStamp: number;
  /** For our answer, which an H.235.1 endpoint expects to be signed too. Undefined with the other methods. */
  readonly answer: AnswerSigner | undefined;
}

export type Authentication = Authenticated | NotAuthenticated;

/** Accounts tried for one token: its own name, and the first aliases that have one. */
const MAX_ACCOUNTS = 4;

/** Whoever has no account costs as much as a wrong password, so that an answer's time does not tell which names exist. */
const nobody: Account = { user: '', password: randomUUID() };

/**
 * Who sent this message? Takes the strongest token in it that `options.methods` allows, and only that: a message whose H.235.1 token is
 * wrong is not saved by its CAT. (Whoever can change a message can also take its H.235.1 token away: where that matters, allow no other
 * method.)
 *
 * A retransmission must be answered from memory before it comes here, as its token was seen; or come with `mayRepeat`.
 */
export function authenticate(input: AuthenticationInput, lookup: AccountLookup, options: AuthenticationOptions): Authentication {
  const { claims, unknown } = readClaims(input.tokens, input.cryptoTokens, input.bytes);
  const methods = options.methods ?? authenticationMethods;
  const claim = strongest(claims, methods);
  if (!claim) return claims.length > 0 || unknown ? unsupported(claims, methods) : absent(methods);
  const { name, timeStamp } = claim;
  if (timeStamp === undefined) return malformed(claim);
  if (claim.generalID !== undefined && claim.generalID !== input.gatekeeperId && input.isFellow?.(claim.generalID) !== true) {
    return wrongGatekeeper(claim, input.gatekeeperId);
  }
  if (!options.replay.timely(timeStamp, input.now)) return wrongTime(claim, timeStamp, input.now, options.replay.windowSeconds);

  const accounts = accountsOf(claim, input, lookup);
  const account = (accounts.length > 0 ? accounts : [nobody]).find(({ password }) => claim.proves(password));
  if (accounts.length === 0) return unknownUser(claim);
  if (!account) return wrongPassword(claim);

  const fresh = admit(claim, account, options.replay, input.now, claim.method === 'cat' ? input.source : undefined);
  // The weaker tokens beside it are spent with it: nobody shall cut one out and use it alone.
  for (const other of claims) if (other !== claim && other.name === name) admit(other, account, options.replay, input.now);
  if (!fresh && options.mayRepeat !== true) return replayed(claim);
  return { ok: true, user: account.user, method: claim.method, timeStamp, answer: answerTo(claim, account, input.gatekeeperId) };
}

function strongest(claims: readonly Claim[], methods: readonly AuthenticationMethod[]): Claim | undefined {
  for (const method of authenticationMethods) {
    const claim = methods.includes(method) ? claims.find((candidate) => candidate.method === method) : undefined;
    if (claim) return claim;
  }
  return undefined;
}

function accountsOf(claim: Claim, { account, aliases }: AuthenticationInput, lookup: AccountLookup): readonly Account[] {
  if (account) return [account];
  // Some endpoints sign with their first alias, some with a user name, and one that lost its gatekeeper with the endpointIdentifier it had
  // there.
  const accounts: Account[] = [];
  for (const name of claim.name === undefined ? aliases : [claim.name, ...aliases]) {
    const found = lookup(name);
    if (!found || accounts.some(({ user }) => user === found.user)) continue;
    accounts.push(found);
    if (accounts.length === MAX_ACCOUNTS) break;
  }
  return accounts;
}

/** `source`: for whom a token may come again, as its random value is too short to tell its requests apart. */
function admit(claim: Claim, account: Account, replay: ReplayWindow, now: EpochMs, source?: string): boolean {
  if (claim.timeStamp === undefined) return false;
  // The account, not the name in the token: the hash of a CAT does not cover the name, so another name must not make it new.
  return replay.admit({ sender: `${claim.method} ${account.user}`, timeStamp: claim.timeStamp, random: claim.random, source }, now);
}

function answerTo(claim: Claim, account: Account, gatekeeperId: string): AnswerSigner | undefined {
  if (claim.method !== 'h235.1') return undefined;
  return new AnswerSigner(account.password, { sendersID: gatekeeperId, generalID: claim.name, version: claim.version });
}
