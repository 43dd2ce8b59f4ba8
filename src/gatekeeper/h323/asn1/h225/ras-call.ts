/*
 * Of an admitted call: BRQ, BCF, BRJ (bandwidth, H.225.0 §7.12); DRQ, DCF, DRJ (it ended, §7.14).
 */

import { boolean, choice, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AlternateGK, AltGKInfo } from './alternates.js';
import { CallType, TransportQOS } from './call.js';
import { CallCapacity, CircuitInfo } from './capacity.js';
import { GenericData } from './generic-data.js';
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
import { authentication, SecurityErrors2 } from './security.js';
import { ServiceControlSession } from './service-control.js';
import { BandwidthDetails, CallTerminationCause, RasUsageInformation } from './usage.js';

export const BandwidthRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    endpointIdentifier: EndpointIdentifier,
    conferenceID: ConferenceIdentifier,
    callReferenceValue: CallReferenceValue,
    callType: optional(CallType),
    bandWidth: BandWidth,
    nonStandardData: optional(NonStandardParameter),
  },
  {
    callIdentifier: CallIdentifier,
    gatekeeperIdentifier: GatekeeperIdentifier,
    ...authentication,
    answeredCall: boolean,
    callLinkage: CallLinkage,
    capacity: CallCapacity,
    usageInformation: RasUsageInformation,
    bandwidthDetails: sequenceOf(BandwidthDetails),
    genericData: sequenceOf(GenericData),
    transportQOS: TransportQOS,
  },
);
export type BandwidthRequest = ValueOf<typeof BandwidthRequest>;

export const BandwidthConfirm = sequence(
  { requestSeqNum: RequestSeqNum, bandWidth: BandWidth, nonStandardData: optional(NonStandardParameter) },
  {
    ...authentication,
    capacity: CallCapacity,
    genericData: sequenceOf(GenericData),
    transportQOS: TransportQOS,
  },
);
export type BandwidthConfirm = ValueOf<typeof BandwidthConfirm>;

export const BandRejectReason = choice(
  {
    notBound: nothing,
    invalidConferenceID: nothing,
    invalidPermission: nothing,
    insufficientResources: nothing,
    invalidRevision: nothing,
    undefinedReason: nothing,
  },
  { securityDenial: nothing, securityError: SecurityErrors2 },
);
export type BandRejectReason = ValueOf<typeof BandRejectReason>;

export const BandwidthReject = sequence(
  {
    requestSeqNum: RequestSeqNum,
    rejectReason: BandRejectReason,
    allowedBandWidth: BandWidth,
    nonStandardData: optional(NonStandardParameter),
  },
  { altGKInfo: AltGKInfo, ...authentication, genericData: sequenceOf(GenericData) },
);
export type BandwidthReject = ValueOf<typeof BandwidthReject>;

export const DisengageReason = choice({ forcedDrop: nothing, normalDrop: nothing, undefinedReason: nothing }, {});
export type DisengageReason = ValueOf<typeof DisengageReason>;

export const DisengageRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    endpointIdentifier: EndpointIdentifier,
    conferenceID: ConferenceIdentifier,
    callReferenceValue: CallReferenceValue,
    disengageReason: DisengageReason,
    nonStandardData: optional(NonStandardParameter),
  },
  {
    callIdentifier: CallIdentifier,
    gatekeeperIdentifier: GatekeeperIdentifier,
    ...authentication,
    answeredCall: boolean,
    callLinkage: CallLinkage,
    capacity: CallCapacity,
    circuitInfo: CircuitInfo,
    usageInformation: RasUsageInformation,
    terminationCause: CallTerminationCause,
    serviceControl: sequenceOf(ServiceControlSession),
    genericData: sequenceOf(GenericData),
  },
);
export type DisengageRequest = ValueOf<typeof DisengageRequest>;

export const DisengageConfirm = sequence(
  { requestSeqNum: RequestSeqNum, nonStandardData: optional(NonStandardParameter) },
  {
    ...authentication,
    capacity: CallCapacity,
    circuitInfo: CircuitInfo,
    usageInformation: RasUsageInformation,
    genericData: sequenceOf(GenericData),
    assignedGatekeeper: AlternateGK,
  },
);
export type DisengageConfirm = ValueOf<typeof DisengageConfirm>;

export const DisengageRejectReason = choice(
  { notRegistered: nothing, requestToDropOther: nothing },
  { securityDenial: nothing, securityError: SecurityErrors2 },
);
export type DisengageRejectReason = ValueOf<typeof DisengageRejectReason>;

export const DisengageReject = sequence(
  { requestSeqNum: RequestSeqNum, rejectReason: DisengageRejectReason, nonStandardData: optional(NonStandardParameter) },
  { altGKInfo: AltGKInfo, ...authentication, genericData: sequenceOf(GenericData) },
);
export type DisengageReject = ValueOf<typeof DisengageReject>;
