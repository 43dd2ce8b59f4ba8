/*
 * ARQ, ACF, ARJ: may this call be? (H.225.0 §7.11)
 */

import { ClearToken } from '../h235.js';
import { boolean, choice, ia5String, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AliasAddress, AlternateTransportAddresses, TransportAddress, UseSpecifiedTransport } from './addresses.js';
import { AlternateGK, AltGKInfo, Endpoint } from './alternates.js';
import { CallModel, CallType, QseriesOptions, TransportQOS, UUIEsRequested } from './call.js';
import { CallCapacity, CircuitInfo } from './capacity.js';
import { DataRate, EndpointType, SupportedProtocols, TunnelledProtocol } from './endpoint-type.js';
import { FeatureSet, GenericData } from './generic-data.js';
import {
  BandWidth,
  CallIdentifier,
  CallLinkage,
  CallReferenceValue,
  ConferenceIdentifier,
  EndpointIdentifier,
  GatekeeperIdentifier,
  RequestSeqNum,
} from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { PartyNumber } from './numbers.js';
import { authentication, CryptoH323Token, ICV, SecurityErrors2 } from './security.js';
import { ServiceControlSession } from './service-control.js';
import { RasUsageSpecification } from './usage.js';

export const AdmissionRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    callType: CallType,
    callModel: optional(CallModel),
    endpointIdentifier: EndpointIdentifier,
    destinationInfo: optional(sequenceOf(AliasAddress)),
    destCallSignalAddress: optional(TransportAddress),
    destExtraCallInfo: optional(sequenceOf(AliasAddress)),
    srcInfo: sequenceOf(AliasAddress),
    srcCallSignalAddress: optional(TransportAddress),
    bandWidth: BandWidth,
    callReferenceValue: CallReferenceValue,
    nonStandardData: optional(NonStandardParameter),
    callServices: optional(QseriesOptions),
    conferenceID: ConferenceIdentifier,
    activeMC: boolean,
    answerCall: boolean,
  },
  {
    canMapAlias: boolean,
    callIdentifier: CallIdentifier,
    srcAlternatives: sequenceOf(Endpoint),
    destAlternatives: sequenceOf(Endpoint),
    gatekeeperIdentifier: GatekeeperIdentifier,
    ...authentication,
    transportQOS: TransportQOS,
    willSupplyUUIEs: boolean,
    callLinkage: CallLinkage,
    gatewayDataRate: DataRate,
    capacity: CallCapacity,
    circuitInfo: CircuitInfo,
    desiredProtocols: sequenceOf(SupportedProtocols),
    desiredTunnelledProtocol: TunnelledProtocol,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    canMapSrcAlias: boolean,
  },
);
export type AdmissionRequest = ValueOf<typeof AdmissionRequest>;

export const AdmissionConfirm = sequence(
  {
    requestSeqNum: RequestSeqNum,
    bandWidth: BandWidth,
    callModel: CallModel,
    destCallSignalAddress: TransportAddress,
    irrFrequency: optional(integer(1, 65535)),
    nonStandardData: optional(NonStandardParameter),
  },
  {
    destinationInfo: sequenceOf(AliasAddress),
    destExtraCallInfo: sequenceOf(AliasAddress),
    destinationType: EndpointType,
    remoteExtensionAddress: sequenceOf(AliasAddress),
    alternateEndpoints: sequenceOf(Endpoint),
    ...authentication,
    transportQOS: TransportQOS,
    willRespondToIRR: boolean,
    uuiesRequested: UUIEsRequested,
    language: sequenceOf(ia5String(1, 32)),
    alternateTransportAddresses: AlternateTransportAddresses,
    useSpecifiedTransport: UseSpecifiedTransport,
    circuitInfo: CircuitInfo,
    usageSpec: sequenceOf(RasUsageSpecification),
    supportedProtocols: sequenceOf(SupportedProtocols),
    serviceControl: sequenceOf(ServiceControlSession),
    multipleCalls: boolean,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    modifiedSrcInfo: sequenceOf(AliasAddress),
    assignedGatekeeper: AlternateGK,
  },
);
export type AdmissionConfirm = ValueOf<typeof AdmissionConfirm>;

export const AdmissionRejectReason = choice(
  {
    calledPartyNotRegistered: nothing,
    invalidPermission: nothing,
    requestDenied: nothing,
    undefinedReason: nothing,
    callerNotRegistered: nothing,
    routeCallToGatekeeper: nothing,
    invalidEndpointIdentifier: nothing,
    resourceUnavailable: nothing,
  },
  {
    securityDenial: nothing,
    qosControlNotSupported: nothing,
    incompleteAddress: nothing,
    aliasesInconsistent: nothing,
    routeCallToSCN: sequenceOf(PartyNumber),
    exceedsCallCapacity: nothing,
    collectDestination: nothing,
    collectPIN: nothing,
    genericDataReason: nothing,
    neededFeatureNotSupported: nothing,
    securityError: SecurityErrors2,
    securityDHmismatch: nothing,
    noRouteToDestination: nothing,
    unallocatedNumber: nothing,
    registerWithAssignedGK: nothing,
  },
);
export type AdmissionRejectReason = ValueOf<typeof AdmissionRejectReason>;

export const AdmissionReject = sequence(
  { requestSeqNum: RequestSeqNum, rejectReason: AdmissionRejectReason, nonStandardData: optional(NonStandardParameter) },
  {
    altGKInfo: AltGKInfo,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    callSignalAddress: sequenceOf(TransportAddress),
    integrityCheckValue: ICV,
    serviceControl: sequenceOf(ServiceControlSession),
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    assignedGatekeeper: AlternateGK,
  },
);
export type AdmissionReject = ValueOf<typeof AdmissionReject>;
