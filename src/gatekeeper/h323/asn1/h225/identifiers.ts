/*
 * Numbers and names that identify: messages, calls, conferences, gatekeepers, endpoints (H.225.0 §7.6).
 */

import { bmpString, integer, objectIdentifier, octetString, optional, sequence, type ValueOf } from '../schema.js';

export const GloballyUniqueID = octetString(16, 16);
export type GloballyUniqueID = ValueOf<typeof GloballyUniqueID>;

export const ConferenceIdentifier = GloballyUniqueID;
export type ConferenceIdentifier = ValueOf<typeof ConferenceIdentifier>;

export const RequestSeqNum = integer(1, 65535);
export type RequestSeqNum = ValueOf<typeof RequestSeqNum>;

export const GatekeeperIdentifier = bmpString(1, 128);
export type GatekeeperIdentifier = ValueOf<typeof GatekeeperIdentifier>;

export const EndpointIdentifier = bmpString(1, 128);
export type EndpointIdentifier = ValueOf<typeof EndpointIdentifier>;

export const CallReferenceValue = integer(0, 65535);
export type CallReferenceValue = ValueOf<typeof CallReferenceValue>;

export const ProtocolIdentifier = objectIdentifier;
export type ProtocolIdentifier = ValueOf<typeof ProtocolIdentifier>;

/** In units of 100 bit/s, both directions together. */
export const BandWidth = integer(0, 4_294_967_295);
export type BandWidth = ValueOf<typeof BandWidth>;

/** In seconds. */
export const TimeToLive = integer(1, 4_294_967_295);
export type TimeToLive = ValueOf<typeof TimeToLive>;

export const CallIdentifier = sequence({ guid: GloballyUniqueID }, {});
export type CallIdentifier = ValueOf<typeof CallIdentifier>;

export const CallLinkage = sequence({ globalCallId: optional(GloballyUniqueID), threadId: optional(GloballyUniqueID) }, {});
export type CallLinkage = ValueOf<typeof CallLinkage>;

export const H248PackagesDescriptor = octetString();
export type H248PackagesDescriptor = ValueOf<typeof H248PackagesDescriptor>;

export const H248SignalsDescriptor = octetString();
export type H248SignalsDescriptor = ValueOf<typeof H248SignalsDescriptor>;
