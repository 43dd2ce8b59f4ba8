import type { Clock } from '../../../clock.js';
import type { RefusalCode } from '../../calls/reasons.js';
import { normalise } from '../../plan/normalise.js';
import { ownerOf } from '../../plan/ownership.js';
import type { H323GatewayZone, HostedZone, Organisation, Plan, Zone } from '../../plan/plan.js';
import { identify, type ZoneUser, zoneOfUser } from '../../plan/source-zone.js';
import { writtenAlias } from '../alias-address.js';
import { type AliasAddress, type CryptoH323Token, type RasMessage, rasMessage } from '../asn1/h225.js';
import type { ClearToken } from '../asn1/h235.js';
import { AnswerSigner } from '../h235/answer-signer.js';
import { type Account, type AccountLookup, authenticate } from '../h235/authenticate.js';
import type { NotAuthenticated, SecurityReason } from '../h235/authentication-faults.js';
import type { AuthenticationMethod } from '../h235/claims.js';
import { ReplayWindow } from '../h235/replay.js';
import type { Incoming, RasSettings } from './context.js';
import type { Endpoint, Proof } from './endpoint.js';
import { type SocketAddress, sameSocket } from './transport-address.js';

/** A zone whose endpoints register here. */
export type RegisteringZone = HostedZone | H323GatewayZone;

/** What of a request tells who sends it. */
export interface Credentials {
  readonly tokens?: readonly ClearToken[] | undefined;
  readonly cryptoTokens?: readonly CryptoH323Token[] | undefined;
  /** Its names for itself: terminalAlias, endpointAlias. */
  readonly aliases?: readonly AliasAddress[] | undefined;
}

export interface Denied {
  readonly ok: false;
  readonly refusal: RefusalCode;
  /** As the rejects of H.225.0 have it. */
  readonly reason: SecurityReason;
  readonly sentence: string;
  readonly zone: Zone | undefined;
}

export type Newcomer =
  | {
      readonly ok: true;
      readonly zone: RegisteringZone;
      readonly proof: Proof | undefined;
      /** Seconds since 1970, as the token says; 0: without one. */
      readonly tokenTime: number;
      readonly answer: AnswerSigner | undefined;
    }
  | Denied;

export type Known = Sent<Endpoint>;

/** What of an endpoint tells whether a request is its own. */
export type KnownBy = Pick<Endpoint, 'id' | 'zone' | 'organisation' | 'source' | 'proof'>;

export type Sent<E extends KnownBy> =
  | {
      readonly ok: true;
      readonly endpoint: E;
      readonly zone: RegisteringZone;
      /** Seconds since 1970, as the token says; 0: without one. */
      readonly tokenTime: number;
      readonly answer: AnswerSigner | undefined;
    }
  /** The identifier is none of ours, or not any more. */
  | { readonly ok: false; readonly why: 'unknown' }
  | (Denied & { readonly why: 'denied' });

/**
 * A request without a token of an endpoint that registered with one: refused, or taken from exactly the address and port of the last RRQ,
 * which was proven. The second is for MD5 and CAT only, and a token that is there must be right all the same.
 */
export type Unproven = 'refused' | 'from its source';

/** Counts wrong passwords, so that they cannot be tried by the thousand. */
export interface FailureCounter {
  blocks(key: string, now: number): boolean;
  failed(key: string, now: number): void;
  succeeded(key: string): void;
}

export interface WhoOptions {
  readonly plan: () => Plan;
  readonly clock: Clock;
  readonly settings: RasSettings;
  readonly randomBytes: (count: number) => Buffer;
  readonly find: (endpointId: string) => Endpoint | undefined;
  readonly failures: FailureCounter | undefined;
  /** What of an IP address counts as one source of wrong passwords: of IPv6 the network. Left out: the address. */
  readonly sourceOf?: ((address: string) => string) | undefined;
  /** Whether a gatekeeperIdentifier is another's whose endpoints may come to us. Left out: none is. */
  readonly isFellow?: ((gatekeeperId: string) => boolean) | undefined;
}

/**
 * Who sends a RAS request: by the zones' address lists, and by password (H.235).
 *
 * - A zone with `sources` alone takes what comes from there.
 * - A zone with accounts alone wants a password, from anywhere.
 * - Where a zone has both, both must hold.
 * - Whoever registered with a password proves it again, in the same way, with each request: with H.235.1 without exception; with MD5 and
 *   CAT, which many endpoints put into RRQ alone or RRQ and ARQ, see `Unproven`. Whoever registered without is known by its address.
 */
export class Who {
  readonly #options: WhoOptions;
  readonly #replay: ReplayWindow;

  constructor(options: WhoOptions) {
    this.#options = options;
    this.#replay = new ReplayWindow({ windowSeconds: options.settings.password.windowSeconds });
  }

  /** The zone that an address is of, by the plan's address lists. */
  zoneAt(address: SocketAddress): Zone | undefined {
    return identify(this.#options.plan(), { remote: address, certificateNames: NO_NAMES });
  }

  /** Whoever asks to be registered. */
  newcomer(incoming: Incoming, credentials: Credentials): Newcomer {
    const there = this.zoneAt(incoming.from);
    if (there && !isRegistering(there)) {
      return denied(
        'callerUnknown',
        there,
        `${incoming.from.address} is zone ${there.id} (${there.kind}), whose endpoints do not register here`,
      );
    }
    // What an endpoint was set to send elsewhere does not matter where no password is wanted.
    if (!hasTokens(credentials) || (there && !wantsPassword(there))) return this.#withoutPassword(incoming, there);
    const plan = this.#options.plan();
    const domains = domainsOf(plan, credentials.aliases, there);
    const users: ZoneUser[] = [];
    const lookup = (name: string) => {
      const user = userNamed(plan, name, domains);
      if (!user) return undefined;
      users.push(user);
      return { user: user.user, password: user.account.password };
    };
    const result = this.#limited(incoming, lookup, (accounts) => this.#authenticate(incoming, credentials, accounts));
    if (!result.ok) {
      // Tokens that carry keys or a vendor's matters prove nothing and do not try to.
      if (result.why === 'absent') return this.#withoutPassword(incoming, there);
      // Whose account it says it is: the line about a wrong password belongs to that zone, not to a stranger.
      return deniedBy(result, there ?? users[0]?.zone);
    }
    const zone = users.find(({ user }) => user === result.user)?.zone;
    if (!zone) return denied('credentialsWrong', there, 'The account that the token proves is no longer in the address plan');
    if (zone !== there && (there || zone.sources.addresses.length > 0)) {
      return notAmongSources(result.user, incoming, zone);
    }
    return { ok: true, zone, proof: { user: result.user, method: result.method }, tokenTime: result.timeStamp, answer: result.answer };
  }

  /** Whoever says by an endpointIdentifier that it is registered. */
  known(incoming: Incoming, endpointId: string | undefined, credentials: Credentials, unproven: Unproven = 'refused'): Known {
    const endpoint = endpointId === undefined ? undefined : this.#options.find(endpointId);
    return endpoint ? this.sent(endpoint, incoming, credentials, unproven) : UNKNOWN;
  }

  /** Whether a request is this endpoint's. A token in it is spent with that. */
  sent<E extends KnownBy>(endpoint: E, incoming: Incoming, credentials: Credentials, unproven: Unproven = 'refused'): Sent<E> {
    const plan = this.#options.plan();
    const zone = plan.zones.get(endpoint.zone);
    // A reload may have taken the zone out of the plan or given it to another organisation.
    if (!zone || !isRegistering(zone) || zone.organisation.id !== endpoint.organisation) return UNKNOWN;
    const { proof } = endpoint;
    const there = this.zoneAt(incoming.from);
    if (!proof) {
      const { address } = incoming.from;
      // A reload may have taken the address out of the zone, or given the zone accounts.
      if (there !== zone || wantsPassword(zone)) return UNKNOWN;
      if (address === endpoint.source.address) return { ok: true, endpoint, zone, tokenTime: 0, answer: undefined };
      const sentence = `A request of endpoint ${endpoint.id} comes from ${address}, but it registered from ${endpoint.source.address}: let it register anew`;
      return { ...denied('callerUnknown', zone, sentence), why: 'denied' };
    }
    const user = zoneOfUser(plan, proof.user, undefined);
    if (!user || user.zone !== zone) return UNKNOWN;
    if (there !== zone && (there || zone.sources.addresses.length > 0))
      return { ...notAmongSources(user.user, incoming, zone), why: 'denied' };
    const account = { user: user.user, password: user.account.password };
    // Wrong passwords are not counted here: the identifier cannot be guessed, and a forged datagram must not shut out who is registered.
    const result = this.#authenticate(incoming, credentials, () => account, account, proof.method);
    if (result.ok) return { ok: true, endpoint, zone, tokenTime: result.timeStamp, answer: result.answer };
    const canLeaveOut = unproven === 'from its source' && proof.method !== 'h235.1';
    if (canLeaveOut && result.why === 'absent' && sameSocket(endpoint.source, incoming.from)) {
      return { ok: true, endpoint, zone, tokenTime: 0, answer: undefined };
    }
    return { ...deniedBy(result, zone), why: 'denied' };
  }

  /** For what we ask an endpoint that signs with H.235.1: it expects the same of us. */
  signerFor({ id, proof }: Endpoint): AnswerSigner | undefined {
    if (proof?.method !== 'h235.1') return undefined;
    const user = zoneOfUser(this.#options.plan(), proof.user, undefined);
    const identity = { sendersID: this.#options.settings.gatekeeperId, generalID: id, version: 2 };
    return user && new AnswerSigner(user.account.password, identity);
  }

  /** Encodes a message, signed where `answer` says so. */
  seal(message: RasMessage, answer: AnswerSigner | undefined): Buffer {
    if (!answer) return rasMessage.encode(message);
    // 31 bits: older stacks read the random value as a signed number of 32.
    const token = answer.token(this.#options.clock.now(), this.#options.randomBytes(4).readUInt32BE() >>> 1);
    // Every RAS message that we make has this field, so the value stays one of its type.
    const bytes = rasMessage.encode({ ...message, value: { ...message.value, cryptoTokens: [token] } } as RasMessage);
    answer.sign(bytes);
    return bytes;
  }

  #withoutPassword({ from }: Incoming, there: RegisteringZone | undefined): Newcomer {
    if (!there) {
      const sentence = `${from.address} is in no zone's sources and sent no password: add it to the address plan, or switch on H.235 authentication on the endpoint`;
      return denied('callerUnknown', undefined, sentence);
    }
    if (wantsPassword(there)) {
      const sentence = `Zone ${there.id} has accounts, and ${from.address} sent no password: switch on H.235 authentication (H.235.1, MD5 or CAT) on the endpoint`;
      return denied('credentialsMissing', there, sentence);
    }
    return { ok: true, zone: there, proof: undefined, tokenTime: 0, answer: undefined };
  }

  /** `attempt` with no more than so many wrong passwords: by source and user, as behind one address are many endpoints. */
  #limited(
    { from, now }: Incoming,
    lookup: AccountLookup,
    attempt: (lookup: AccountLookup) => ReturnType<typeof authenticate>,
  ): ReturnType<typeof authenticate> {
    const { failures, sourceOf } = this.#options;
    if (!failures) return attempt(lookup);
    const source = sourceOf?.(from.address) ?? from.address;
    const keyOf = (user: string) => `${source} ${user}`;
    const tried = new Set<string>();
    let blocked = false;
    const result = attempt((name) => {
      const found = lookup(name);
      if (!found) return undefined;
      if (failures.blocks(keyOf(found.user), now)) {
        blocked = true;
        return undefined;
      }
      tried.add(found.user);
      return found;
    });
    if (result.ok) failures.succeeded(keyOf(result.user));
    else if (result.why === 'wrongPassword') for (const user of tried) failures.failed(keyOf(user), now);
    else if (blocked && result.why === 'unknownUser') return BLOCKED;
    return result;
  }

  #authenticate(
    { bytes, from, now, wasDropped }: Incoming,
    { tokens, cryptoTokens, aliases = [] }: Credentials,
    lookup: AccountLookup,
    account?: Account,
    method?: AuthenticationMethod,
  ): ReturnType<typeof authenticate> {
    const names = aliases.flatMap((alias) => writtenAlias(alias) ?? []);
    const { gatekeeperId } = this.#options.settings;
    const { isFellow } = this.#options;
    const input = { tokens, cryptoTokens, bytes, gatekeeperId, isFellow, account, aliases: names, source: from.address, now };
    return authenticate(input, lookup, { replay: this.#replay, mayRepeat: wasDropped, ...(method && { methods: [method] }) });
  }
}

const NO_NAMES: readonly string[] = Object.freeze([]);
const UNKNOWN = { ok: false, why: 'unknown' } as const;
const DENIAL: SecurityReason = { type: 'securityDenial', value: null };
const BLOCKED: NotAuthenticated = {
  ok: false,
  why: 'wrongPassword',
  reason: DENIAL,
  name: undefined,
  sentence: 'Too many wrong passwords for this user from this address: correct it and wait two minutes',
};

export function isRegistering(zone: Zone): zone is RegisteringZone {
  return zone.kind === 'hosted' || zone.kind === 'h323-gateway';
}

/** Whether the zone's endpoints must prove a password. */
export function wantsPassword({ accounts }: RegisteringZone): boolean {
  return accounts.sharedPassword !== undefined || accounts.users.size > 0;
}

function denied(refusal: RefusalCode, zone: Zone | undefined, sentence: string): Denied {
  return { ok: false, refusal, reason: DENIAL, sentence, zone };
}

function notAmongSources(user: string, { from }: Incoming, zone: Zone): Denied {
  return denied(
    'callerUnknown',
    zone,
    `"${user}" logs on from ${from.address}, which is not among the sources of its zone ${zone.id}: add it there`,
  );
}

function deniedBy({ why, reason, sentence }: NotAuthenticated, zone: Zone | undefined): Denied {
  const refusal = why === 'absent' ? 'credentialsMissing' : why === 'wrongTime' ? 'clockWrong' : 'credentialsWrong';
  return { ok: false, refusal, reason, sentence, zone };
}

function hasTokens({ tokens, cryptoTokens }: Credentials): boolean {
  return (tokens?.length ?? 0) > 0 || (cryptoTokens?.length ?? 0) > 0;
}

/** A bare name is a user of the domains of whoever's number or address stands beside it, or whose source it is. */
function domainsOf(plan: Plan, aliases: readonly AliasAddress[] = [], there: RegisteringZone | undefined): readonly string[] {
  const organisations = new Set<Organisation>(there ? [there.organisation] : []);
  for (const address of aliases.slice(0, MAX_ALIASES_LOOKED_AT)) {
    const alias = normalise(writtenAlias(address) ?? '');
    const owner = alias && ownerOf(plan, alias);
    if (owner) organisations.add(owner);
  }
  return [...organisations].flatMap(({ domains }) => domains);
}

const MAX_ALIASES_LOOKED_AT = 8;

function userNamed(plan: Plan, name: string, domains: readonly string[]): ZoneUser | undefined {
  const user = zoneOfUser(plan, name, undefined);
  if (user) return user;
  for (const domain of domains) {
    const found = zoneOfUser(plan, name, domain);
    if (found) return found;
  }
  return undefined;
}
