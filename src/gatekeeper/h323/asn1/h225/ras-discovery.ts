/*
 * GRQ, GCF, GRJ: which gatekeeper? (H.225.0 §7.8)
 */

import { AuthenticationMechanism, ClearToken } from '../h235.js';
import { boolean, choice, nothing, objectIdentifier, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AliasAddress, TransportAddress } from './addresses.js';
import { AlternateGK, AltGKInfo, Endpoint, RehomingModel } from './alternates.js';
import { QseriesOptions } from './call.js';
import { EndpointType } from './endpoint-type.js';
import { FeatureSet, GenericData } from './generic-data.js';
import { GatekeeperIdentifier, ProtocolIdentifier, RequestSeqNum } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { authentication, CryptoH323Token, ICV, IntegrityMechanism, SecurityErrors } from './security.js';

export const GatekeeperRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    rasAddress: TransportAddress,
    endpointType: EndpointType,
    gatekeeperIdentifier: optional(GatekeeperIdentifier),
    callServices: optional(QseriesOptions),
    endpointAlias: optional(sequenceOf(AliasAddress)),
  },
  {
    alternateEndpoints: sequenceOf(Endpoint),
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    authenticationCapability: sequenceOf(AuthenticationMechanism),
    algorithmOIDs: sequenceOf(objectIdentifier),
    integrity: sequenceOf(IntegrityMechanism),
    integrityCheckValue: ICV,
    supportsAltGK: nothing,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    supportsAssignedGK: boolean,
    assignedGatekeeper: AlternateGK,
  },
);
export type GatekeeperRequest = ValueOf<typeof GatekeeperRequest>;

export const GatekeeperConfirm = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    gatekeeperIdentifier: optional(GatekeeperIdentifier),
    rasAddress: TransportAddress,
  },
  {
    alternateGatekeeper: sequenceOf(AlternateGK),
    authenticationMode: AuthenticationMechanism,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    algorithmOID: objectIdentifier,
    integrity: sequenceOf(IntegrityMechanism),
    integrityCheckValue: ICV,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
    assignedGatekeeper: AlternateGK,
    rehomingModel: RehomingModel,
  },
);
export type GatekeeperConfirm = ValueOf<typeof GatekeeperConfirm>;

export const GatekeeperRejectReason = choice(
  {
    resourceUnavailable: nothing,
    terminalExcluded: nothing,
    invalidRevision: nothing,
    undefinedReason: nothing,
  },
  {
    securityDenial: nothing,
    genericDataReason: nothing,
    neededFeatureNotSupported: nothing,
    securityError: SecurityErrors,
  },
);
export type GatekeeperRejectReason = ValueOf<typeof GatekeeperRejectReason>;

export const GatekeeperReject = sequence(
  {
    requestSeqNum: RequestSeqNum,
    protocolIdentifier: ProtocolIdentifier,
    nonStandardData: optional(NonStandardParameter),
    gatekeeperIdentifier: optional(GatekeeperIdentifier),
    rejectReason: GatekeeperRejectReason,
  },
  {
    altGKInfo: AltGKInfo,
    ...authentication,
    featureSet: FeatureSet,
    genericData: sequenceOf(GenericData),
  },
);
export type GatekeeperReject = ValueOf<typeof GatekeeperReject>;
