import type { Clock } from '../../clock.js';
import { type RefusalCode, refusals } from '../calls/reasons.js';
import { FailureLimit, type FailureLimitOptions } from '../net/failure-limit.js';
import type { HostedZone, Organisation, Plan } from '../plan/plan.js';
import { hostedUser, planDomain, type ZoneUser } from '../plan/source-zone.js';
import { type DigestCredentials, DigestVerifier, formatDigestChallenge, readCredentials, sameResource } from './digest.js';
import { parseCredentials } from './message/auth-header.js';
import { responseTo, type SipRequest, type SipResponse } from './message/message.js';
import { parseSipUri } from './message/uri.js';
import type { Nonces } from './nonces.js';
import { refusalResponse, warning } from './refusal-response.js';
import { algorithmsFor, type OfferedAlgorithm } from './registrar/offered-algorithms.js';
import type { Flow } from './transport/flow.js';

/** `registrar`: WWW-Authenticate and 401 (RFC 3261 §22.2). `proxy`: Proxy-Authenticate and 407 (§22.3). */
export type AuthenticatorRole = 'registrar' | 'proxy';

export type Authentication =
  | {
      readonly ok: true;
      readonly zone: HostedZone;
      readonly organisation: Organisation;
      /** Canonical: `461010001` or `anna@norr.example`. */
      readonly user: string;
    }
  | {
      readonly ok: false;
      /** What to answer: mostly a challenge, but a 400 to malformed credentials and a 403 to too many wrong ones. */
      readonly challenge: SipResponse;
      readonly why: 'unproven' | 'stale' | 'wrong' | 'malformed' | 'blocked';
      readonly refusal: RefusalCode | undefined;
    };

export interface AuthenticatorOptions {
  readonly plan: () => Plan;
  readonly nonces: Nonces;
  /** What the user sees and what the password is hashed with. No quotes, backslashes or controls. */
  readonly realm: string;
  /** What passwords may be proved with, the best first. Left out: SHA-256 and MD5. */
  readonly algorithms?: readonly OfferedAlgorithm[];
  /** Whether a host means this gatekeeper. Left out: none does. */
  readonly isHere?: (host: string, port: number | undefined) => boolean;
  readonly clock: Clock;
  readonly failures?: FailureLimitOptions;
}

/**
 * Who is asking, proved by digest (RFC 3261 §22, RFC 8760): the registrar and the proxy share it, and with it one memory of used
 * nonces and of failures. Synchronous: an answer is there before the next message is read.
 */
export class Authenticator {
  readonly #plan: () => Plan;
  readonly #nonces: Nonces;
  readonly #realm: string;
  readonly #algorithms: readonly OfferedAlgorithm[];
  readonly #isHere: (host: string, port: number | undefined) => boolean;
  readonly #clock: Clock;
  readonly #verifier = new DigestVerifier();
  readonly #failures: FailureLimit;

  constructor(options: AuthenticatorOptions) {
    if (!/^[^"\\\p{Cc}]+$/u.test(options.realm))
      throw new RangeError('The realm must not be empty or hold quotes, backslashes or controls');
    this.#plan = options.plan;
    this.#nonces = options.nonces;
    this.#realm = Buffer.from(options.realm, 'utf8').toString('latin1');
    this.#algorithms = options.algorithms ?? ['SHA-256', 'MD5'];
    if (this.#algorithms.length === 0) throw new RangeError('No digest algorithm is allowed, so nobody could log on: name SHA-256 or MD5');
    this.#isHere = options.isHere ?? (() => false);
    this.#clock = options.clock;
    this.#failures = new FailureLimit(options.failures);
  }

  authenticate(request: SipRequest, flow: Pick<Flow, 'remote'>, role: AuthenticatorRole): Authentication {
    const credentials = this.#credentialsFor(request, role);
    if (credentials === undefined) return this.#challenge(request, role, 'unproven');
    if (typeof credentials === 'string') return malformed(request, credentials);
    // MD5 stands for MD5-sess too: the name offered is how the other begins.
    if (!this.#algorithms.some((offered) => credentials.algorithm.startsWith(offered))) return this.#challenge(request, role, 'unproven');
    if (!sameResource(credentials.uri, request.uri) && !this.#isOurs(credentials.uri)) {
      return malformed(request, 'The uri in the Digest credentials must be the Request-URI (RFC 7616 §3.4.6)');
    }
    const now = this.#clock.now();
    const user = this.#userOf(utf8(credentials.username), request, role);
    const key = `${flow.remote.address} ${user?.user ?? credentials.username}`;
    if (this.#failures.blocks(key, now)) {
      const refusal = 'credentialsWrong';
      const challenge = refusalResponse(request, refusal, 'Too many wrong passwords from this address: correct it and wait two minutes');
      return { ok: false, challenge, why: 'blocked', refusal };
    }
    if (!this.#verifier.verify(credentials, request.method, user?.account.password) || user === undefined) {
      this.#failures.failed(key, now);
      return this.#challenge(request, role, 'wrong');
    }
    this.#failures.succeeded(key);
    if (this.#nonces.accept(credentials.nonce, credentials.count, now) === 'stale') return this.#challenge(request, role, 'stale');
    return accepted(user);
  }

  /** Some clients sign the address they send to. It names this gatekeeper, and the nonce lets nobody use it a second time. */
  #isOurs(signed: string): boolean {
    const uri = parseSipUri(signed);
    return uri !== undefined && this.#isHere(uri.host, uri.port);
  }

  /** Ours are told by the realm; a request on its way through several proxies carries others too (RFC 3261 §22.3). */
  #credentialsFor(request: SipRequest, role: AuthenticatorRole): DigestCredentials | string | undefined {
    let wrong: string | undefined;
    for (const line of request.getAll(role === 'proxy' ? 'proxy-authorization' : 'authorization')) {
      const header = parseCredentials(line);
      if (header === undefined) wrong ??= 'The Authorization header could not be understood';
      if (header?.scheme !== 'digest' || header.params.get('realm') !== this.#realm) continue;
      const credentials = readCredentials(header.params);
      if (typeof credentials !== 'string') return credentials;
      wrong ??= credentials;
    }
    return wrong;
  }

  #userOf(username: string, request: SipRequest, role: AuthenticatorRole): ZoneUser<HostedZone> | undefined {
    const plan = this.#plan();
    const user = hostedUser(plan, username, undefined);
    if (user) return user;
    const domain = this.#domainHint(plan, request, role);
    return domain === undefined ? undefined : hostedUser(plan, username, domain);
  }

  /** Which domain a bare `anna` or `0001` belongs to: who the request says it is from, and to whom it registers. */
  #domainHint(plan: Plan, request: SipRequest, role: AuthenticatorRole): string | undefined {
    const from = domainOf(plan, request.from.uri);
    return from ?? (role === 'registrar' ? (domainOf(plan, request.to.uri) ?? domainOf(plan, request.uri)) : undefined);
  }

  /** RFC 8760 §2.4: one challenge a line, the best first; a client takes the first that it knows. */
  #challenge(request: SipRequest, role: AuthenticatorRole, why: 'unproven' | 'stale' | 'wrong'): Authentication {
    const proxy = role === 'proxy';
    const challenge = responseTo(request, proxy ? 407 : 401);
    const name = proxy ? 'proxy-authenticate' : 'www-authenticate';
    // One nonce serves all: its counts are used up together whichever algorithm takes it.
    const nonce = this.#nonces.issue(this.#clock.now());
    const algorithms = algorithmsFor(this.#algorithms, request.get('user-agent'));
    for (const algorithm of algorithms) challenge.add(name, formatDigestChallenge(algorithm, this.#realm, nonce, why === 'stale'));
    if (why === 'wrong') challenge.add('warning', warning(refusals.credentialsWrong.sip.warning));
    return { ok: false, challenge, why, refusal: why === 'wrong' ? 'credentialsWrong' : undefined };
  }
}

function accepted({ zone, user }: ZoneUser<HostedZone>): Authentication {
  return { ok: true, zone, organisation: zone.organisation, user };
}

function malformed(request: SipRequest, sentence: string): Authentication {
  return { ok: false, challenge: refusalResponse(request, 'badRequest', sentence), why: 'malformed', refusal: 'badRequest' };
}

function domainOf(plan: Plan, uri: string): string | undefined {
  const host = parseSipUri(uri)?.host;
  return host === undefined ? undefined : planDomain(plan, host);
}

/** The plan is text, a message is bytes; a user name is UTF-8 (RFC 7616 §4, the charset offered or not). */
function utf8(bytes: string): string {
  for (let index = 0; index < bytes.length; index++) {
    if (bytes.charCodeAt(index) > 0x7f) return Buffer.from(bytes, 'latin1').toString('utf8');
  }
  return bytes;
}
