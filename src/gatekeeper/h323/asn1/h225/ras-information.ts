/*
 * IRQ, IRR, IACK, INAK: what are you doing? (H.225.0 §7.15)
 */

import { ClearToken } from '../h235.js';
import { boolean, choice, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AliasAddress, TransportAddress } from './addresses.js';
import { AlternateGK, AltGKInfo } from './alternates.js';
import { CallModel, CallType, UUIEsRequested } from './call.js';
import { CallCapacity, CircuitInfo } from './capacity.js';
import { EndpointType } from './endpoint-type.js';
import { GenericData } from './generic-data.js';
import {
  BandWidth,
  CallIdentifier,
  CallLinkage,
  CallReferenceValue,
  ConferenceIdentifier,
  EndpointIdentifier,
  RequestSeqNum,
} from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { authentication, CryptoH323Token, ICV, SecurityErrors2 } from './security.js';
import { RasUsageInformation, RasUsageInfoTypes, RTPSession, TransportChannelInfo } from './usage.js';
import { H323UUPDU } from './user-information.js';

export const InfoRequest = sequence(
  {
    requestSeqNum: RequestSeqNum,
    callReferenceValue: CallReferenceValue,
    nonStandardData: optional(NonStandardParameter),
    replyAddress: optional(TransportAddress),
  },
  {
    callIdentifier: CallIdentifier,
    ...authentication,
    uuiesRequested: UUIEsRequested,
    callLinkage: CallLinkage,
    usageInfoRequested: RasUsageInfoTypes,
    segmentedResponseSupported: nothing,
    nextSegmentRequested: integer(0, 65535),
    capacityInfoRequested: nothing,
    genericData: sequenceOf(GenericData),
    assignedGatekeeper: AlternateGK,
  },
);
export type InfoRequest = ValueOf<typeof InfoRequest>;

/** One call in an IRR. */
export const PerCallInfo = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    callReferenceValue: CallReferenceValue,
    conferenceID: ConferenceIdentifier,
    originator: optional(boolean),
    audio: optional(sequenceOf(RTPSession)),
    video: optional(sequenceOf(RTPSession)),
    data: optional(sequenceOf(TransportChannelInfo)),
    h245: TransportChannelInfo,
    callSignaling: TransportChannelInfo,
    callType: CallType,
    bandWidth: BandWidth,
    callModel: CallModel,
  },
  {
    callIdentifier: CallIdentifier,
    tokens: sequenceOf(ClearToken),
    cryptoTokens: sequenceOf(CryptoH323Token),
    substituteConfIDs: sequenceOf(ConferenceIdentifier),
    pdu: sequenceOf(sequence({ h323pdu: H323UUPDU, sent: boolean })),
    callLinkage: CallLinkage,
    usageInformation: RasUsageInformation,
    circuitInfo: CircuitInfo,
  },
);
export type PerCallInfo = ValueOf<typeof PerCallInfo>;

export const InfoRequestResponseStatus = choice(
  {
    complete: nothing,
    incomplete: nothing,
    segment: integer(0, 65535),
    invalidCall: nothing,
  },
  {},
);
export type InfoRequestResponseStatus = ValueOf<typeof InfoRequestResponseStatus>;

export const InfoRequestResponse = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    requestSeqNum: RequestSeqNum,
    endpointType: EndpointType,
    endpointIdentifier: EndpointIdentifier,
    rasAddress: TransportAddress,
    callSignalAddress: sequenceOf(TransportAddress),
    endpointAlias: optional(sequenceOf(AliasAddress)),
    perCallInfo: optional(sequenceOf(PerCallInfo)),
  },
  {
    ...authentication,
    needResponse: boolean,
    capacity: CallCapacity,
    irrStatus: InfoRequestResponseStatus,
    unsolicited: boolean,
    genericData: sequenceOf(GenericData),
  },
);
export type InfoRequestResponse = ValueOf<typeof InfoRequestResponse>;

export const InfoRequestAck = sequence(
  {
    requestSeqNum: RequestSeqNum,
    nonStandardData: optional(NonStandardParameter),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    integrityCheckValue: optional(ICV),
  },
  {},
);
export type InfoRequestAck = ValueOf<typeof InfoRequestAck>;

export const InfoRequestNakReason = choice(
  { notRegistered: nothing, securityDenial: nothing, undefinedReason: nothing },
  { securityError: SecurityErrors2 },
);
export type InfoRequestNakReason = ValueOf<typeof InfoRequestNakReason>;

export const InfoRequestNak = sequence(
  {
    requestSeqNum: RequestSeqNum,
    nonStandardData: optional(NonStandardParameter),
    nakReason: InfoRequestNakReason,
    altGKInfo: optional(AltGKInfo),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    integrityCheckValue: optional(ICV),
  },
  {},
);
export type InfoRequestNak = ValueOf<typeof InfoRequestNak>;
