import { aliasAddressOf } from '../alias-address.js';
import type {
  CryptoH323Token,
  FeatureDescriptor,
  FeatureSet,
  H323MessageBody,
  H323UserInformation,
  SetupUUIE,
  TransportAddress,
} from '../asn1/h225.js';
import type { ClearToken } from '../asn1/h235.js';
import { OID_CAT } from '../h235/object-identifiers.js';
import { isStandard, SIGNALLING_SECURITY } from '../h460/signalling-security.js';

/*
 * What a gatekeeper changes in the messages of a call that it passes on, and nothing else: what concerns one hop alone (its connection, its
 * passwords, its addresses). All other fields, those that we do not know among them, go on as they came; so do the tokens with the parties'
 * keys.
 */

/** What of a message concerns the hop. */
interface HopFields {
  readonly tokens?: readonly ClearToken[] | undefined;
  readonly cryptoTokens?: readonly CryptoH323Token[] | undefined;
  readonly multipleCalls?: boolean | undefined;
  readonly maintainConnection?: boolean | undefined;
  readonly featureSet?: FeatureSet | undefined;
}

/** What takes the place of a message's H.245 address; undefined: it is left out. */
export interface InPlace {
  readonly h245Address: TransportAddress | undefined;
}

/** A message inside a call as it goes on. `inPlace` undefined: its H.245 address stays. */
export function passedOn(uuie: H323UserInformation, inPlace: InPlace | undefined): H323UserInformation {
  const pdu = uuie['h323-uu-pdu'];
  return { ...uuie, 'h323-uu-pdu': { ...pdu, 'h323-message-body': passedOnBody(pdu['h323-message-body'], inPlace) } };
}

function passedOnBody(body: H323MessageBody, address: InPlace | undefined): H323MessageBody {
  switch (body.type) {
    case 'callProceeding':
      return { type: body.type, value: { ...hop(body.value), ...address } };
    case 'alerting':
      return { type: body.type, value: { ...hop(body.value), ...address } };
    case 'connect':
      return { type: body.type, value: { ...hop(body.value), ...address } };
    case 'facility':
      return { type: body.type, value: { ...hop(body.value), ...address } };
    case 'progress':
      return { type: body.type, value: { ...hop(body.value), ...address } };
    case 'information':
      return { type: body.type, value: hop(body.value) };
    case 'releaseComplete':
      return { type: body.type, value: hop(body.value) };
    case 'status':
      return { type: body.type, value: hop(body.value) };
    case 'statusInquiry':
      return { type: body.type, value: hop(body.value) };
    case 'setupAcknowledge':
      return { type: body.type, value: hop(body.value) };
    case 'notify':
      return { type: body.type, value: hop(body.value) };
    default:
      return body;
  }
}

function hop<T extends HopFields>(value: T): T {
  return {
    ...value,
    ...(value.tokens && { tokens: keysAlone(value.tokens) }),
    cryptoTokens: undefined,
    // Our own terms, where the message has any: we take several calls on a connection and keep it as long as the far end does.
    ...(value.multipleCalls !== undefined && { multipleCalls: true }),
    ...(value.maintainConnection !== undefined && { maintainConnection: true }),
    ...(value.featureSet && { featureSet: withoutHopFeatures(value.featureSet) }),
  };
}

function keysAlone(tokens: readonly ClearToken[]): readonly ClearToken[] | undefined {
  const keys = tokens.filter(({ tokenOID }) => tokenOID !== OID_CAT);
  return keys.length === 0 ? undefined : keys;
}

function withoutHopFeatures(set: FeatureSet): FeatureSet {
  return {
    ...set,
    neededFeatures: othersOf(set.neededFeatures),
    desiredFeatures: othersOf(set.desiredFeatures),
    supportedFeatures: othersOf(set.supportedFeatures),
  };
}

function othersOf(features: readonly FeatureDescriptor[] | undefined): readonly FeatureDescriptor[] | undefined {
  const others = features?.filter(({ id }) => !isStandard(id, SIGNALLING_SECURITY));
  return others?.length === 0 ? undefined : others;
}

export interface SetupTerms {
  /** Whom to call there: canonical, as the plan or the registration has it. Empty: whoever answers at that address. */
  readonly alias: string;
  /** What was dialled says the same already: the caller's own writing stays. */
  readonly keepDestination: boolean;
  readonly target: TransportAddress;
  /** Where the called side finds us. */
  readonly own: TransportAddress;
  /** Undefined: the Setup goes without one. */
  readonly h245Address: TransportAddress | undefined;
}

/** The caller's Setup as it goes to one target. */
export function passedOnSetup(uuie: H323UserInformation, setup: SetupUUIE, terms: SetupTerms): H323UserInformation {
  const value: SetupUUIE = {
    ...hop(setup),
    ...(terms.keepDestination ? {} : { destinationAddress: terms.alias === '' ? undefined : [aliasAddressOf(terms.alias)] }),
    h245Address: terms.h245Address,
    destCallSignalAddress: terms.target,
    sourceCallSignalAddress: terms.own,
    // The caller's registration is between it and us: whoever knows the identifier could call as it.
    endpointIdentifier: undefined,
    multipleCalls: true,
    maintainConnection: true,
    neededFeatures: othersOf(setup.neededFeatures),
    desiredFeatures: othersOf(setup.desiredFeatures),
    supportedFeatures: othersOf(setup.supportedFeatures),
    // H.225.0 §7.3.11: one gatekeeper more is on the way.
    hopCount: (setup.hopCount ?? MAX_HOPS) - 1,
  };
  return { ...uuie, 'h323-uu-pdu': { ...uuie['h323-uu-pdu'], 'h323-message-body': { type: 'setup', value } } };
}

/** What a Setup without a hop count is given: the most that the field holds. */
export const MAX_HOPS = 31;

/** The H.245 address that a message carries. */
export function h245AddressOf(body: H323MessageBody): TransportAddress | undefined {
  switch (body.type) {
    case 'setup':
    case 'callProceeding':
    case 'alerting':
    case 'connect':
    case 'facility':
    case 'progress':
      return body.value.h245Address;
    default:
      return undefined;
  }
}

/** The tokens that a message of the called side carries: its half of the key agreement. */
export function tokensOf(body: H323MessageBody): readonly ClearToken[] | undefined {
  return bodyFields(body).tokens;
}

/** Offers and choices of fast start (H.323 §8.1.7). */
export function fastStartOf(body: H323MessageBody): readonly Uint8Array[] | undefined {
  return bodyFields(body).fastStart;
}

/** What the far end says of its connection (H.225.0 §7.3). */
export function termsOf(body: H323MessageBody): {
  readonly multipleCalls?: boolean | undefined;
  readonly maintainConnection?: boolean | undefined;
} {
  return bodyFields(body);
}

interface BodyFields {
  readonly tokens?: readonly ClearToken[] | undefined;
  readonly fastStart?: readonly Uint8Array[] | undefined;
  readonly multipleCalls?: boolean | undefined;
  readonly maintainConnection?: boolean | undefined;
}

const NO_FIELDS: BodyFields = {};

function bodyFields(body: H323MessageBody): BodyFields {
  switch (body.type) {
    case 'empty':
    case 'unknown':
      return NO_FIELDS;
    default:
      return body.value;
  }
}
