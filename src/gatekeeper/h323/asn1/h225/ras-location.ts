/*
 * LRQ, LCF, LRJ: where is this alias? (H.225.0 §7.13)
 */

import { boolean, choice, ia5String, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AliasAddress, AlternateTransportAddresses, TransportAddress } from './addresses.js';
import { AltGKInfo, Endpoint } from './alternates.js';
import { CircuitInfo } from './capacity.js';
import { EndpointType, SupportedProtocols, TunnelledProtocol } from './endpoint-type.js';
import { FeatureSet, GenericData } from './generic-data.js';
import { BandWidth, CallIdentifier, EndpointIdentifier, GatekeeperIdentifier, RequestSeqNum } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { PartyNumber } from './numbers.js';
import { authentication, SecurityErrors2 } from './security.js';
import { ServiceControlSession } from './service-control.js';

export const LocationRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    endpointIdentifier: optional(EndpointIdentifier),
    destinationInfo: sequenceOf(AliasAddress),
    nonStandardData: optional(NonStandardParameter),
    replyAddress: TransportAddress,
  },
  {
    sourceInfo: sequenceOf(AliasAddress),
    canMapAlias: boolean,
    gatekeeperIdentifier: GatekeeperIdentifier,
    ...authentication,
    desiredProtocols: sequenceOf(SupportedProtocols),
    desiredTunnelledProtocol: TunnelledProtocol,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    hopCount: integer(1, 255),
    circuitInfo: CircuitInfo,
    callIdentifier: CallIdentifier,
    bandWidth: BandWidth,
    sourceEndpointInfo: sequenceOf(AliasAddress),
    canMapSrcAlias: boolean,
    language: sequenceOf(ia5String(1, 32)),
  },
);
export type LocationRequest = ValueOf<typeof LocationRequest>;

export const LocationConfirm = sequence(
  {
    requestSeqNum: RequestSeqNum,
    callSignalAddress: TransportAddress,
    rasAddress: TransportAddress,
    nonStandardData: optional(NonStandardParameter),
  },
  {
    destinationInfo: sequenceOf(AliasAddress),
    destExtraCallInfo: sequenceOf(AliasAddress),
    destinationType: EndpointType,
    remoteExtensionAddress: sequenceOf(AliasAddress),
    alternateEndpoints: sequenceOf(Endpoint),
    ...authentication,
    alternateTransportAddresses: AlternateTransportAddresses,
    supportedProtocols: sequenceOf(SupportedProtocols),
    multipleCalls: boolean,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    circuitInfo: CircuitInfo,
    serviceControl: sequenceOf(ServiceControlSession),
    modifiedSrcInfo: sequenceOf(AliasAddress),
    bandWidth: BandWidth,
    language: sequenceOf(ia5String(1, 32)),
  },
);
export type LocationConfirm = ValueOf<typeof LocationConfirm>;

export const LocationRejectReason = choice(
  {
    notRegistered: nothing,
    invalidPermission: nothing,
    requestDenied: nothing,
    undefinedReason: nothing,
  },
  {
    securityDenial: nothing,
    aliasesInconsistent: nothing,
    routeCalltoSCN: sequenceOf(PartyNumber),
    resourceUnavailable: nothing,
    genericDataReason: nothing,
    neededFeatureNotSupported: nothing,
    hopCountExceeded: nothing,
    incompleteAddress: nothing,
    securityError: SecurityErrors2,
    securityDHmismatch: nothing,
    noRouteToDestination: nothing,
    unallocatedNumber: nothing,
  },
);
export type LocationRejectReason = ValueOf<typeof LocationRejectReason>;

export const LocationReject = sequence(
  { requestSeqNum: RequestSeqNum, rejectReason: LocationRejectReason, nonStandardData: optional(NonStandardParameter) },
  {
    altGKInfo: AltGKInfo,
    ...authentication,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    serviceControl: sequenceOf(ServiceControlSession),
  },
);
export type LocationReject = ValueOf<typeof LocationReject>;
