/*
 * Setup, and the messages on the way to Connect (H.225.0 §7.3): the content of their user-user information element.
 */

import { ClearToken } from '../h235.js';
import { boolean, choice, ia5String, integer, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import {
  AliasAddress,
  DisplayName,
  ExtendedAliasAddress,
  PresentationIndicator,
  ScreeningIndicator,
  TransportAddress,
} from './addresses.js';
import { CallType, QseriesOptions, ScnConnectionAggregation, ScnConnectionType } from './call.js';
import { CallCapacity, CircuitInfo } from './capacity.js';
import { EndpointType, SupportedProtocols } from './endpoint-type.js';
import { FeatureDescriptor, FeatureSet } from './generic-data.js';
import { CallIdentifier, CallReferenceValue, ConferenceIdentifier, EndpointIdentifier, ProtocolIdentifier } from './identifiers.js';
import { CryptoH323Token, H245Security } from './security.js';
import { ServiceControlSession } from './service-control.js';

export const SetupUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    h245Address: optional(TransportAddress),
    sourceAddress: optional(sequenceOf(AliasAddress)),
    sourceInfo: EndpointType,
    destinationAddress: optional(sequenceOf(AliasAddress)),
    destCallSignalAddress: optional(TransportAddress),
    destExtraCallInfo: optional(sequenceOf(AliasAddress)),
    destExtraCRV: optional(sequenceOf(CallReferenceValue)),
    activeMC: boolean,
    conferenceID: ConferenceIdentifier,
    conferenceGoal: choice(
      { create: nothing, join: nothing, invite: nothing },
      { 'capability-negotiation': nothing, callIndependentSupplementaryService: nothing },
    ),
    callServices: optional(QseriesOptions),
    callType: CallType,
  },
  {
    sourceCallSignalAddress: TransportAddress,
    remoteExtensionAddress: AliasAddress,
    callIdentifier: CallIdentifier,
    h245SecurityCapability: sequenceOf(H245Security),
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    fastStart: sequenceOf(octetString()),
    mediaWaitForConnect: boolean,
    canOverlapSend: boolean,
    endpointIdentifier: EndpointIdentifier,
    multipleCalls: boolean,
    maintainConnection: boolean,
    connectionParameters: sequence(
      { connectionType: ScnConnectionType, numberOfScnConnections: integer(0, 65535), connectionAggregation: ScnConnectionAggregation },
      {},
    ),
    language: sequenceOf(ia5String(1, 32)),
    presentationIndicator: PresentationIndicator,
    screeningIndicator: ScreeningIndicator,
    serviceControl: sequenceOf(ServiceControlSession),
    symmetricOperationRequired: nothing,
    capacity: CallCapacity,
    circuitInfo: CircuitInfo,
    desiredProtocols: sequenceOf(SupportedProtocols),
    neededFeatures: sequenceOf(FeatureDescriptor),
    desiredFeatures: sequenceOf(FeatureDescriptor),
    supportedFeatures: sequenceOf(FeatureDescriptor),
    parallelH245Control: sequenceOf(octetString()),
    additionalSourceAddresses: sequenceOf(ExtendedAliasAddress),
    hopCount: integer(1, 31),
    displayName: sequenceOf(DisplayName),
  },
);
export type SetupUUIE = ValueOf<typeof SetupUUIE>;

export const CallProceedingUUIE = sequence(
  { protocolIdentifier: ProtocolIdentifier, destinationInfo: EndpointType, h245Address: optional(TransportAddress) },
  {
    callIdentifier: CallIdentifier,
    h245SecurityMode: H245Security,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    fastStart: sequenceOf(octetString()),
    multipleCalls: boolean,
    maintainConnection: boolean,
    fastConnectRefused: nothing,
    featureSet: FeatureSet,
  },
);
export type CallProceedingUUIE = ValueOf<typeof CallProceedingUUIE>;

export const AlertingUUIE = sequence(
  { protocolIdentifier: ProtocolIdentifier, destinationInfo: EndpointType, h245Address: optional(TransportAddress) },
  {
    callIdentifier: CallIdentifier,
    h245SecurityMode: H245Security,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    fastStart: sequenceOf(octetString()),
    multipleCalls: boolean,
    maintainConnection: boolean,
    alertingAddress: sequenceOf(AliasAddress),
    presentationIndicator: PresentationIndicator,
    screeningIndicator: ScreeningIndicator,
    fastConnectRefused: nothing,
    serviceControl: sequenceOf(ServiceControlSession),
    capacity: CallCapacity,
    featureSet: FeatureSet,
    displayName: sequenceOf(DisplayName),
  },
);
export type AlertingUUIE = ValueOf<typeof AlertingUUIE>;

export const ConnectUUIE = sequence(
  {
    protocolIdentifier: ProtocolIdentifier,
    h245Address: optional(TransportAddress),
    destinationInfo: EndpointType,
    conferenceID: ConferenceIdentifier,
  },
  {
    callIdentifier: CallIdentifier,
    h245SecurityMode: H245Security,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    fastStart: sequenceOf(octetString()),
    multipleCalls: boolean,
    maintainConnection: boolean,
    language: sequenceOf(ia5String(1, 32)),
    connectedAddress: sequenceOf(AliasAddress),
    presentationIndicator: PresentationIndicator,
    screeningIndicator: ScreeningIndicator,
    fastConnectRefused: nothing,
    serviceControl: sequenceOf(ServiceControlSession),
    capacity: CallCapacity,
    featureSet: FeatureSet,
    displayName: sequenceOf(DisplayName),
  },
);
export type ConnectUUIE = ValueOf<typeof ConnectUUIE>;
