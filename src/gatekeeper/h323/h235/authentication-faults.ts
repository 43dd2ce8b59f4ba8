import type { EpochMs } from '../../../clock.js';
import { type AuthenticationMethod, type Claim, methodNames } from './claims.js';
import { secondsOf } from './time-stamp.js';

export type AuthenticationFault = 'absent' | 'unknownUser' | 'wrongPassword' | 'wrongTime' | 'replay' | 'malformed' | 'unsupported';

type SecurityError = 'securityWrongSyncTime' | 'securityReplay' | 'securityWrongGeneralID' | 'securityWrongOID';

/** As every reject of H.225.0 that has a security reason spells it (GRJ, RRJ, URJ, ARJ, BRJ, DRJ, LRJ). */
export type SecurityReason =
  | { readonly type: 'securityDenial'; readonly value: null }
  | { readonly type: 'securityError'; readonly value: { readonly type: SecurityError; readonly value: null } };

export interface NotAuthenticated {
  readonly ok: false;
  readonly why: AuthenticationFault;
  readonly reason: SecurityReason;
  /** Who it says it is, when it says so: for the log and for the limit on failures. */
  readonly name: string | undefined;
  /** For the person who has to fix it. */
  readonly sentence: string;
}

const denial: SecurityReason = { type: 'securityDenial', value: null };

const error = (type: SecurityError): SecurityReason => ({ type: 'securityError', value: { type, value: null } });

const list = (methods: readonly AuthenticationMethod[]): string => methods.map((method) => methodNames[method]).join(' or ');

const quoted = (name: string | undefined): string => (name === undefined ? 'the sender' : `"${name.slice(0, 64)}"`);

export function absent(methods: readonly AuthenticationMethod[]): NotAuthenticated {
  const sentence = `The message carries no password token: switch on H.235 authentication (${list(methods)}) on the endpoint and set its user name and password`;
  return { ok: false, why: 'absent', reason: denial, name: undefined, sentence };
}

export function unsupported(claims: readonly Claim[], methods: readonly AuthenticationMethod[]): NotAuthenticated {
  const came = claims.length > 0 ? list([...new Set(claims.map(({ method }) => method))]) : 'a kind that this gatekeeper does not know';
  const sentence = `The password token is of ${came}: set the endpoint's H.235 authentication to ${list(methods)}`;
  return { ok: false, why: 'unsupported', reason: error('securityWrongOID'), name: claims[0]?.name, sentence };
}

export function malformed({ method, name }: Claim): NotAuthenticated {
  const parts = {
    'h235.1': 'timeStamp and random',
    md5: 'an alias that is written down',
    cat: 'timeStamp, challenge and a random of one byte',
  }[method];
  const sentence = `The ${methodNames[method]} token of ${quoted(name)} is incomplete: it needs ${parts}`;
  return { ok: false, why: 'malformed', reason: denial, name, sentence };
}

export function wrongGatekeeper({ name, generalID }: Claim, gatekeeperId: string): NotAuthenticated {
  const sentence = `The token of ${quoted(name)} is for the gatekeeper ${quoted(generalID)}, and this one is "${gatekeeperId}": correct the gatekeeper identifier on the endpoint`;
  return { ok: false, why: 'malformed', reason: error('securityWrongGeneralID'), name, sentence };
}

export function wrongTime({ name }: Claim, timeStamp: number, now: EpochMs, windowSeconds: number): NotAuthenticated {
  const off = timeStamp - secondsOf(now);
  const sentence = `The clock of ${quoted(name)} is ${Math.abs(off)} seconds ${off < 0 ? 'slow' : 'fast'} (at most ${windowSeconds} are allowed): let the endpoint set its clock by NTP`;
  return { ok: false, why: 'wrongTime', reason: error('securityWrongSyncTime'), name, sentence };
}

export function unknownUser({ name }: Claim): NotAuthenticated {
  const sentence = `No account goes by ${quoted(name)}: add it to the users of its zone in the address plan, or correct the user name on the endpoint`;
  return { ok: false, why: 'unknownUser', reason: denial, name, sentence };
}

export function wrongPassword({ name, method }: Claim): NotAuthenticated {
  const changed = method === 'h235.1' ? ' (or something on the way changed the message, as a NAT or firewall that helps H.323 does)' : '';
  const sentence = `The password of ${quoted(name)} is wrong${changed}: set the one of the address plan on the endpoint`;
  return { ok: false, why: 'wrongPassword', reason: denial, name, sentence };
}

export function replayed({ name }: Claim): NotAuthenticated {
  const sentence = `A token of ${quoted(name)} came a second time, in another request: somebody repeats what it sent, or the endpoint does not change the random value of its tokens`;
  return { ok: false, why: 'replay', reason: error('securityReplay'), name, sentence };
}
