import * as crypto from 'node:crypto';
import { ownedString } from '../registry/owned-string.js';
import { parseSipUri } from './message/uri.js';

/** RFC 8760 §2.1, RFC 7616 §3.3. SHA-512-256 has no users among room systems. */
export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';

/** What a client sent to prove who it is, checked for form alone (RFC 7616 §3.4). Byte strings, quotes taken off. */
export interface DigestCredentials {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly nonce: string;
  readonly uri: string;
  readonly cnonce: string;
  /** As written: 8 hexadecimal digits. */
  readonly nc: string;
  /** The same as a number, 1 to 2^32 - 1. */
  readonly count: number;
  readonly response: string;
}

const algorithms: ReadonlyMap<string, DigestAlgorithm> = new Map([
  ['MD5', 'MD5'],
  ['SHA-256', 'SHA-256'],
  ['md5', 'MD5'],
  ['md5-sess', 'MD5-sess'],
  ['sha-256', 'SHA-256'],
  ['sha-256-sess', 'SHA-256-sess'],
]);

/**
 * Reads the parameters of a `Digest` credential (names in lower case, values without quotes).
 * @returns the credentials, or a sentence that says what is wrong with them
 */
export function readCredentials(params: ReadonlyMap<string, string>): DigestCredentials | string {
  const written = params.get('algorithm') ?? 'MD5';
  const algorithm = algorithms.get(written) ?? algorithms.get(written.toLowerCase());
  if (algorithm === undefined) return 'Digest algorithm must be SHA-256 or MD5, as offered';
  const username = params.get('username');
  const realm = params.get('realm');
  const nonce = params.get('nonce');
  const uri = params.get('uri');
  const response = params.get('response');
  if (!username || realm === undefined || !nonce || !uri || !response) {
    return 'Digest credentials need username, realm, nonce, uri and response';
  }
  // Without qop there is no count, and with it goes the protection against replay: RFC 2069's form is not taken (RFC 7616 §3.4: qop is required).
  const qop = params.get('qop');
  const cnonce = params.get('cnonce');
  const nc = params.get('nc');
  if (qop !== 'auth' && qop?.toLowerCase() !== 'auth') return 'Digest credentials need qop=auth, as offered';
  if (!cnonce || nc === undefined) return 'Digest credentials with qop=auth need cnonce and nc';
  const count = /^[0-9a-f]{8}$/i.test(nc) ? Number.parseInt(nc, 16) : 0;
  if (count === 0) return 'nc in Digest credentials must be 8 hexadecimal digits, from 00000001';
  return { algorithm, username, realm, nonce, uri, cnonce, nc, count, response };
}

/** What a digest is made of besides the password. */
export type DigestInput = Omit<DigestCredentials, 'count' | 'response'>;

/** The `response` a client sends (RFC 7616 §3.4.1 with qop=auth). @param password any text; its UTF-8 bytes count (RFC 7616 §4) */
export function digestResponse(input: DigestInput, method: string, password: string): string {
  const name = hashName(input.algorithm);
  return respond(input, userHash(name, input.username, input.realm, password), requestHash(name, method, input.uri));
}

/** More Request-URIs of REGISTERs than any plan has domains. */
const MAX_REGISTER_URIS = 1000;

/** Checks responses, keeping what a user's checks have in common. */
export class DigestVerifier {
  readonly #maxUsers: number;
  /** H(REGISTER:uri): every endpoint of a domain signs the same. */
  readonly #registers = { md5: new Map<string, string>(), sha256: new Map<string, string>() };
  readonly #users = { md5: new Map<string, UserHash>(), sha256: new Map<string, UserHash>() };
  /** For users that do not exist: their refusal must take the same work as a wrong password's. */
  readonly #nobody = crypto.randomUUID();

  /** @param maxUsers hashes kept per algorithm, about 250 bytes each; when they are as many, all are forgotten and made anew */
  constructor(maxUsers = 50_000) {
    this.#maxUsers = maxUsers;
  }

  /** @param password undefined: there is no such user, and the answer is no */
  verify(credentials: DigestCredentials, method: string, password: string | undefined): boolean {
    const user = this.#userHash(credentials, password ?? this.#nobody, password !== undefined);
    const expected = respond(credentials, user, this.#requestHash(credentials, method));
    return equal(expected, credentials.response) && password !== undefined;
  }

  #requestHash({ algorithm, uri }: DigestCredentials, method: string): string {
    const name = hashName(algorithm);
    if (method !== 'REGISTER') return requestHash(name, method, uri);
    const registers = this.#registers[name];
    let hash = registers.get(uri);
    if (hash === undefined) {
      hash = requestHash(name, method, uri);
      if (registers.size >= MAX_REGISTER_URIS) registers.clear();
      registers.set(ownedString(uri), hash);
    }
    return hash;
  }

  #userHash({ algorithm, username, realm }: DigestCredentials, password: string, keep: boolean): string {
    const name = hashName(algorithm);
    const users = this.#users[name];
    const known = users.get(username);
    // The password is compared too, so that one changed by a reload of the plan counts at once.
    if (known && known.password === password && known.realm === realm) return known.hash;
    const hash = userHash(name, username, realm, password);
    if (keep) {
      if (users.size >= this.#maxUsers) users.clear();
      users.set(ownedString(username), { password, realm: ownedString(realm), hash });
    }
    return hash;
  }
}

interface UserHash {
  readonly password: string;
  readonly realm: string;
  /** H(username:realm:password), RFC 7616 §3.4.2. */
  readonly hash: string;
}

/**
 * Is the `uri` that was signed the one that was asked for? User and host must agree; ports, parameters and case do not matter
 * (RFC 7616 §3.4.6 leaves it to the server, and real endpoints leave them out or add them).
 */
export function sameResource(signed: string, requested: string): boolean {
  if (signed === requested) return true;
  const a = parseSipUri(signed);
  const b = parseSipUri(requested);
  return a !== undefined && b !== undefined && a.host === b.host && a.user.toLowerCase() === b.user.toLowerCase();
}

/** The value of a WWW-Authenticate or Proxy-Authenticate header. `realm` must hold neither `"` nor `\`. */
export function formatDigestChallenge(algorithm: DigestAlgorithm, realm: string, nonce: string, stale: boolean): string {
  return `Digest realm="${realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`;
}

type HashName = 'md5' | 'sha256';

function hashName(algorithm: DigestAlgorithm): HashName {
  return algorithm === 'SHA-256' || algorithm === 'SHA-256-sess' ? 'sha256' : 'md5';
}

function userHash(name: HashName, username: string, realm: string, password: string): string {
  return hash(name, `${username}:${realm}:${byteString(password)}`);
}

/** RFC 7616 §3.4.3. */
function requestHash(name: HashName, method: string, uri: string): string {
  return hash(name, `${method}:${uri}`);
}

function respond(input: DigestInput, user: string, ha2: string): string {
  const name = hashName(input.algorithm);
  const session = input.algorithm === 'MD5-sess' || input.algorithm === 'SHA-256-sess';
  const ha1 = session ? hash(name, `${user}:${input.nonce}:${input.cnonce}`) : user;
  return hash(name, `${ha1}:${input.nonce}:${input.nc}:${input.cnonce}:auth:${ha2}`);
}

/**
 * node-sip's digest is not used: it knows MD5 alone, hashes byte strings as if they were text (a user name with one non-ASCII byte can
 * never log on), counts `nc` itself and refuses a request that comes out of order, and takes 3.5 µs a hash where the one-shot
 * `crypto.hash` takes 1.3 µs (Node 20.20, the same machine).
 */
function hash(name: HashName, bytes: string): string {
  return crypto.hash(name, isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1'));
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false;
  return true;
}

function byteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** Takes the same time wherever the two differ. Upper-case digits are taken, though RFC 7616 §3.4 wants lower. */
function equal(expected: string, given: string): boolean {
  const response = given.toLowerCase();
  if (expected.length !== response.length) return false;
  let difference = 0;
  for (let index = 0; index < expected.length; index++) difference |= expected.charCodeAt(index) ^ response.charCodeAt(index);
  return difference === 0;
}
