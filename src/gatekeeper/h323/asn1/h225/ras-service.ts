/*
 * The other RAS messages: non-standard, not understood (XRS), in progress (RIP), resources (RAI, RAC), service control (SCI, SCR) (H.225.0 §7.16 on).
 */

import { ClearToken } from '../h235.js';
import { boolean, choice, integer, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { CallCapacity } from './capacity.js';
import { SupportedProtocols } from './endpoint-type.js';
import { FeatureSet, GenericData } from './generic-data.js';
import { CallIdentifier, ConferenceIdentifier, EndpointIdentifier, ProtocolIdentifier, RequestSeqNum } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { authentication, CryptoH323Token, ICV } from './security.js';
import { ServiceControlSession } from './service-control.js';

export const NonStandardMessage = sequence(
  { requestSeqNum: RequestSeqNum, nonStandardData: NonStandardParameter },
  { ...authentication, featureSet: FeatureSet, genericData: sequenceOf(GenericData) },
);
export type NonStandardMessage = ValueOf<typeof NonStandardMessage>;

export const UnknownMessageResponse = sequence(
  { requestSeqNum: RequestSeqNum },
  { ...authentication, messageNotUnderstood: octetString() },
);
export type UnknownMessageResponse = ValueOf<typeof UnknownMessageResponse>;

/** `delay`: wait so many milliseconds more. */
export const RequestInProgress = sequence(
  {
    requestSeqNum: RequestSeqNum,
    nonStandardData: optional(NonStandardParameter),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    integrityCheckValue: optional(ICV),
    delay: integer(1, 65535),
  },
  {},
);
export type RequestInProgress = ValueOf<typeof RequestInProgress>;

export const ResourcesAvailableIndicate = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    endpointIdentifier: EndpointIdentifier,
    protocols: sequenceOf(SupportedProtocols),
    almostOutOfResources: boolean,
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    integrityCheckValue: optional(ICV),
  },
  { capacity: CallCapacity, genericData: sequenceOf(GenericData) },
);
export type ResourcesAvailableIndicate = ValueOf<typeof ResourcesAvailableIndicate>;

export const ResourcesAvailableConfirm = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    integrityCheckValue: optional(ICV),
  },
  { genericData: sequenceOf(GenericData) },
);
export type ResourcesAvailableConfirm = ValueOf<typeof ResourcesAvailableConfirm>;

export const ServiceControlIndication = sequence(
  {
    requestSeqNum: RequestSeqNum,
    nonStandardData: optional(NonStandardParameter),
    serviceControl: sequenceOf(ServiceControlSession),
    endpointIdentifier: optional(EndpointIdentifier),
    callSpecific: optional(sequence({ callIdentifier: CallIdentifier, conferenceID: ConferenceIdentifier, answeredCall: boolean }, {})),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    integrityCheckValue: optional(ICV),
    featureSet: optional(FeatureSet),
    genericData: optional(sequenceOf(GenericData)),
  },
  {},
);
export type ServiceControlIndication = ValueOf<typeof ServiceControlIndication>;

export const ServiceControlResponse = sequence(
  {
    requestSeqNum: RequestSeqNum,
    result: optional(
      choice(
        {
          started: nothing,
          failed: nothing,
          stopped: nothing,
          notAvailable: nothing,
          neededFeatureNotSupported: nothing,
        },
        {},
      ),
    ),
    nonStandardData: optional(NonStandardParameter),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    integrityCheckValue: optional(ICV),
    featureSet: optional(FeatureSet),
    genericData: optional(sequenceOf(GenericData)),
  },
  {},
);
export type ServiceControlResponse = ValueOf<typeof ServiceControlResponse>;
