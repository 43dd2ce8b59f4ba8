/*
 * Progress, Information, Facility, Status, Notify and ReleaseComplete (H.225.0 §7.3): the content of their user-user information element.
 */

import { ClearToken } from '../h235.js';
import { boolean, choice, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AliasAddress, DisplayName, PresentationIndicator, ScreeningIndicator, TransportAddress } from './addresses.js';
import { CallCapacity, CircuitInfo } from './capacity.js';
import { EndpointType } from './endpoint-type.js';
import { FeatureSet } from './generic-data.js';
import { CallIdentifier, ConferenceIdentifier, ProtocolIdentifier } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { ReleaseCompleteReason } from './release-reason.js';
import { CryptoH323Token, H245Security } from './security.js';
import { ServiceControlSession } from './service-control.js';

export const ProgressUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    destinationInfo: EndpointType,
    h245Address: optional(TransportAddress),
    callIdentifier: CallIdentifier,
    h245SecurityMode: optional(H245Security),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    fastStart: optional(sequenceOf(octetString())),
  },
  { multipleCalls: boolean, maintainConnection: boolean, fastConnectRefused: nothing },
);
export type ProgressUUIE = ValueOf<typeof ProgressUUIE>;

export const InformationUUIE = sequence(
  { protocolIdentifier: ProtocolIdentifier },
  {
    callIdentifier: CallIdentifier,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    fastStart: sequenceOf(octetString()),
    fastConnectRefused: nothing,
    circuitInfo: CircuitInfo,
  },
);
export type InformationUUIE = ValueOf<typeof InformationUUIE>;

export const ConferenceList = sequence(
  {
    conferenceID: optional(ConferenceIdentifier),
    conferenceAlias: optional(AliasAddress),
    nonStandardData: optional(NonStandardParameter),
  },
  {},
);
export type ConferenceList = ValueOf<typeof ConferenceList>;

export const FacilityReason = choice(
  {
    routeCallToGatekeeper: nothing,
    callForwarded: nothing,
    routeCallToMC: nothing,
    undefinedReason: nothing,
  },
  {
    conferenceListChoice: nothing,
    startH245: nothing,
    noH245: nothing,
    newTokens: nothing,
    featureSetUpdate: nothing,
    forwardedElements: nothing,
    transportedInformation: nothing,
  },
);
export type FacilityReason = ValueOf<typeof FacilityReason>;

export const FacilityUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    alternativeAddress: optional(TransportAddress),
    alternativeAliasAddress: optional(sequenceOf(AliasAddress)),
    conferenceID: optional(ConferenceIdentifier),
    reason: FacilityReason,
  },
  {
    callIdentifier: CallIdentifier,
    destExtraCallInfo: sequenceOf(AliasAddress),
    remoteExtensionAddress: AliasAddress,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    conferences: sequenceOf(ConferenceList),
    h245Address: TransportAddress,
    fastStart: sequenceOf(octetString()),
    multipleCalls: boolean,
    maintainConnection: boolean,
    fastConnectRefused: nothing,
    serviceControl: sequenceOf(ServiceControlSession),
    circuitInfo: CircuitInfo,
    featureSet: FeatureSet,
    destinationInfo: EndpointType,
    h245SecurityMode: H245Security,
  },
);
export type FacilityUUIE = ValueOf<typeof FacilityUUIE>;

export const ReleaseCompleteUUIE = sequence(
  { protocolIdentifier: ProtocolIdentifier, reason: optional(ReleaseCompleteReason) },
  {
    callIdentifier: CallIdentifier,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    busyAddress: sequenceOf(AliasAddress),
    presentationIndicator: PresentationIndicator,
    screeningIndicator: ScreeningIndicator,
    capacity: CallCapacity,
    serviceControl: sequenceOf(ServiceControlSession),
    featureSet: FeatureSet,
    destinationInfo: EndpointType,
    displayName: sequenceOf(DisplayName),
  },
);
export type ReleaseCompleteUUIE = ValueOf<typeof ReleaseCompleteUUIE>;

export const StatusUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    callIdentifier: CallIdentifier,
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
  },
  {},
);
export type StatusUUIE = ValueOf<typeof StatusUUIE>;

export const StatusInquiryUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    callIdentifier: CallIdentifier,
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
  },
  {},
);
export type StatusInquiryUUIE = ValueOf<typeof StatusInquiryUUIE>;

export const SetupAcknowledgeUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    callIdentifier: CallIdentifier,
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
  },
  {},
);
export type SetupAcknowledgeUUIE = ValueOf<typeof SetupAcknowledgeUUIE>;

export const NotifyUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    callIdentifier: CallIdentifier,
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
  },
  {
    connectedAddress: sequenceOf(AliasAddress),
    presentationIndicator: PresentationIndicator,
    screeningIndicator: ScreeningIndicator,
    destinationInfo: EndpointType,
    displayName: sequenceOf(DisplayName),
  },
);
export type NotifyUUIE = ValueOf<typeof NotifyUUIE>;
