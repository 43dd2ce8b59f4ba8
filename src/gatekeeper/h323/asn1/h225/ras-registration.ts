/*
 * RRQ, RCF, RRJ: here I am (H.225.0 §7.9). URQ, UCF, URJ: no longer (§7.10).
 */

import { boolean, choice, ia5String, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AddressPattern, AliasAddress, AlternateTransportAddresses, TransportAddress, UseSpecifiedTransport } from './addresses.js';
import { AlternateGK, AltGKInfo, Endpoint, RehomingModel } from './alternates.js';
import { TransportQOS } from './call.js';
import { CallCapacity, CapacityReportingCapability, CapacityReportingSpecification } from './capacity.js';
import { EndpointType, SupportedPrefix, VendorIdentifier } from './endpoint-type.js';
import { FeatureSet, GenericData } from './generic-data.js';
import {
  BandWidth,
  EndpointIdentifier,
  GatekeeperIdentifier,
  H248PackagesDescriptor,
  ProtocolIdentifier,
  RequestSeqNum,
  TimeToLive,
} from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { authentication, SecurityErrors, SecurityErrors2 } from './security.js';
import { CallCreditCapability, ServiceControlSession } from './service-control.js';
import { RasUsageInfoTypes, RasUsageSpecification } from './usage.js';

/** Light-weight with `keepAlive`: the rest of the message then counts for nothing (§7.9.1). */
export const RegistrationRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    discoveryComplete: boolean,
    callSignalAddress: sequenceOf(TransportAddress),
    rasAddress: sequenceOf(TransportAddress),
    terminalType: EndpointType,
    terminalAlias: optional(sequenceOf(AliasAddress)),
    gatekeeperIdentifier: optional(GatekeeperIdentifier),
    endpointVendor: VendorIdentifier,
  },
  {
    alternateEndpoints: sequenceOf(Endpoint),
    timeToLive: TimeToLive,
    ...authentication,
    keepAlive: boolean,
    endpointIdentifier: EndpointIdentifier,
    willSupplyUUIEs: boolean,
    maintainConnection: boolean,
    alternateTransportAddresses: AlternateTransportAddresses,
    additiveRegistration: nothing,
    terminalAliasPattern: sequenceOf(AddressPattern),
    supportsAltGK: nothing,
    usageReportingCapability: RasUsageInfoTypes,
    multipleCalls: boolean,
    supportedH248Packages: sequenceOf(H248PackagesDescriptor),
    callCreditCapability: CallCreditCapability,
    capacityReportingCapability: CapacityReportingCapability,
    capacity: CallCapacity,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    restart: nothing,
    supportsACFSequences: nothing,
    supportsAssignedGK: boolean,
    assignedGatekeeper: AlternateGK,
    transportQOS: TransportQOS,
    language: sequenceOf(ia5String(1, 32)),
  },
);
export type RegistrationRequest = ValueOf<typeof RegistrationRequest>;

/** Admission without ARQ (§7.9.2). */
export const PreGrantedARQ = sequence(
  {
    makeCall: boolean,
    useGKCallSignalAddressToMakeCall: boolean,
    answerCall: boolean,
    useGKCallSignalAddressToAnswer: boolean,
  },
  {
    irrFrequencyInCall: integer(1, 65535),
    totalBandwidthRestriction: BandWidth,
    alternateTransportAddresses: AlternateTransportAddresses,
    useSpecifiedTransport: UseSpecifiedTransport,
  },
);
export type PreGrantedARQ = ValueOf<typeof PreGrantedARQ>;

export const RegistrationConfirm = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    callSignalAddress: sequenceOf(TransportAddress),
    terminalAlias: optional(sequenceOf(AliasAddress)),
    gatekeeperIdentifier: optional(GatekeeperIdentifier),
    endpointIdentifier: EndpointIdentifier,
  },
  {
    alternateGatekeeper: sequenceOf(AlternateGK),
    timeToLive: TimeToLive,
    ...authentication,
    willRespondToIRR: boolean,
    preGrantedARQ: PreGrantedARQ,
    maintainConnection: boolean,
    serviceControl: sequenceOf(ServiceControlSession),
    supportsAdditiveRegistration: nothing,
    terminalAliasPattern: sequenceOf(AddressPattern),
    supportedPrefixes: sequenceOf(SupportedPrefix),
    usageSpec: sequenceOf(RasUsageSpecification),
    featureServerAlias: AliasAddress,
    capacityReportingSpec: CapacityReportingSpecification,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    assignedGatekeeper: AlternateGK,
    rehomingModel: RehomingModel,
    transportQOS: TransportQOS,
    language: sequenceOf(ia5String(1, 32)),
  },
);
export type RegistrationConfirm = ValueOf<typeof RegistrationConfirm>;

export const RegistrationRejectReason = choice(
  {
    discoveryRequired: nothing,
    invalidRevision: nothing,
    invalidCallSignalAddress: nothing,
    invalidRASAddress: nothing,
    duplicateAlias: sequenceOf(AliasAddress),
    invalidTerminalType: nothing,
    undefinedReason: nothing,
    transportNotSupported: nothing,
  },
  {
    transportQOSNotSupported: nothing,
    resourceUnavailable: nothing,
    invalidAlias: nothing,
    securityDenial: nothing,
    fullRegistrationRequired: nothing,
    additiveRegistrationNotSupported: nothing,
    invalidTerminalAliases: sequence(
      {
        terminalAlias: optional(sequenceOf(AliasAddress)),
        terminalAliasPattern: optional(sequenceOf(AddressPattern)),
        supportedPrefixes: optional(sequenceOf(SupportedPrefix)),
      },
      {},
    ),
    genericDataReason: nothing,
    neededFeatureNotSupported: nothing,
    securityError: SecurityErrors,
    registerWithAssignedGK: nothing,
  },
);
export type RegistrationRejectReason = ValueOf<typeof RegistrationRejectReason>;

export const RegistrationReject = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    rejectReason: RegistrationRejectReason,
    gatekeeperIdentifier: optional(GatekeeperIdentifier),
  },
  {
    altGKInfo: AltGKInfo,
    ...authentication,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    assignedGatekeeper: AlternateGK,
  },
);
export type RegistrationReject = ValueOf<typeof RegistrationReject>;

export const UnregRequestReason = choice(
  {
    reregistrationRequired: nothing,
    ttlExpired: nothing,
    securityDenial: nothing,
    undefinedReason: nothing,
  },
  { maintenance: nothing, securityError: SecurityErrors2, registerWithAssignedGK: nothing },
);
export type UnregRequestReason = ValueOf<typeof UnregRequestReason>;

export const UnregistrationRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    callSignalAddress: sequenceOf(TransportAddress),
    endpointAlias: optional(sequenceOf(AliasAddress)),
    nonStandardData: optional(NonStandardParameter),
    endpointIdentifier: optional(EndpointIdentifier),
  },
  {
    alternateEndpoints: sequenceOf(Endpoint),
    gatekeeperIdentifier: GatekeeperIdentifier,
    ...authentication,
    reason: UnregRequestReason,
    endpointAliasPattern: sequenceOf(AddressPattern),
    supportedPrefixes: sequenceOf(SupportedPrefix),
    alternateGatekeeper: sequenceOf(AlternateGK),
    genericData: sequenceOf(GenericData),
    assignedGatekeeper: AlternateGK,
  },
);
export type UnregistrationRequest = ValueOf<typeof UnregistrationRequest>;

export const UnregistrationConfirm = sequence(
  { requestSeqNum: RequestSeqNum, nonStandardData: optional(NonStandardParameter) },
  { ...authentication, genericData: sequenceOf(GenericData), assignedGatekeeper: AlternateGK },
);
export type UnregistrationConfirm = ValueOf<typeof UnregistrationConfirm>;

export const UnregRejectReason = choice(
  { notCurrentlyRegistered: nothing, callInProgress: nothing, undefinedReason: nothing },
  { permissionDenied: nothing, securityDenial: nothing, securityError: SecurityErrors2 },
);
export type UnregRejectReason = ValueOf<typeof UnregRejectReason>;

export const UnregistrationReject = sequence(
  { requestSeqNum: RequestSeqNum, rejectReason: UnregRejectReason, nonStandardData: optional(NonStandardParameter) },
  { altGKInfo: AltGKInfo, ...authentication, genericData: sequenceOf(GenericData) },
);
export type UnregistrationReject = ValueOf<typeof UnregistrationReject>;
