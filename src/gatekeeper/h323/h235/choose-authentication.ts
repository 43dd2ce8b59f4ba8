import type { EpochMs } from '../../../clock.js';
import type { GatekeeperRequest } from '../asn1/h225.js';
import type { AuthenticationMechanism, ClearToken } from '../asn1/h235.js';
import { type AuthenticationMethod, authenticationMethods } from './claims.js';
import { h235Version, h2351, OID_CAT, OID_MD5 } from './object-identifiers.js';
import { secondsOf } from './time-stamp.js';

/** What a GCF tells the endpoint to use. */
export interface AuthenticationChoice {
  readonly method: AuthenticationMethod;
  readonly authenticationMode: AuthenticationMechanism;
  readonly algorithmOID: string;
}

type Offer = Pick<GatekeeperRequest, 'authenticationCapability' | 'algorithmOIDs'>;

/**
 * The strongest method that a GRQ offers and we take (H.225.0 §7.8); undefined: it offers none of them, or none at all.
 * The algorithm is given back as it was offered, in the version of H.235.0 that the endpoint knows.
 */
export function chooseAuthentication(
  offer: Offer,
  methods: readonly AuthenticationMethod[] = authenticationMethods,
): AuthenticationChoice | undefined {
  const mechanisms = offer.authenticationCapability ?? [];
  for (const method of authenticationMethods) {
    if (!methods.includes(method)) continue;
    const algorithmOID = offer.algorithmOIDs?.find((oid) => isAlgorithmOf(method, oid));
    const authenticationMode = mechanisms.find((mechanism) => isMechanismOf(method, mechanism));
    if (algorithmOID !== undefined && authenticationMode) return { method, authenticationMode, algorithmOID };
  }
  return undefined;
}

/** What our own endpoint offers in a GRQ. */
export function authenticationOffer(method: AuthenticationMethod): Required<Offer> {
  const mechanism: AuthenticationMechanism =
    method === 'cat' ? { type: 'authenticationBES', value: { type: 'radius', value: null } } : { type: 'pwdHash', value: null };
  const algorithm = { 'h235.1': '0.0.8.235.0.2.6', md5: OID_MD5, cat: OID_CAT }[method];
  return { authenticationCapability: [mechanism], algorithmOIDs: [algorithm] };
}

/** Time synchronisation, of H323Plus: the capability in a GRQ, and the ClearToken in the GCF that answers it. */
const OID_TIME = '0.0.8.235.0.4.79';

/**
 * The token that tells an endpoint our time, when its GRQ says that it wants to know: room systems whose clock is wrong can then log on
 * all the same.
 */
export function timeToken(offer: Offer, now: EpochMs): ClearToken | undefined {
  const wanted = offer.authenticationCapability?.some((mechanism) => mechanism.type === 'keyExch' && mechanism.value === OID_TIME);
  return wanted ? { tokenOID: OID_TIME, timeStamp: secondsOf(now) } : undefined;
}

function isAlgorithmOf(method: AuthenticationMethod, oid: string): boolean {
  if (method === 'h235.1') return h235Version(oid, h2351.U) !== undefined;
  return oid === (method === 'md5' ? OID_MD5 : OID_CAT);
}

function isMechanismOf(method: AuthenticationMethod, mechanism: AuthenticationMechanism): boolean {
  if (method !== 'cat') return mechanism.type === 'pwdHash';
  return mechanism.type === 'authenticationBES' && mechanism.value.type === 'radius';
}
