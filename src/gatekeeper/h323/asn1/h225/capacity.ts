/*
 * How many calls a gateway has room for, and over which circuits (H.225.0 §7.6).
 */

import { boolean, ia5String, integer, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { GenericData } from './generic-data.js';

export const CapacityReportingCapability = sequence({ canReportCallCapacity: boolean }, {});
export type CapacityReportingCapability = ValueOf<typeof CapacityReportingCapability>;

export const CapacityReportingSpecification = sequence(
  { when: sequence({ callStart: optional(nothing), callEnd: optional(nothing) }, {}) },
  {},
);
export type CapacityReportingSpecification = ValueOf<typeof CapacityReportingSpecification>;

export const CarrierInfo = sequence(
  { carrierIdentificationCode: optional(octetString(3, 4)), carrierName: optional(ia5String(1, 128)) },
  {},
);
export type CarrierInfo = ValueOf<typeof CarrierInfo>;

export const CallsAvailable = sequence({ calls: integer(0, 4_294_967_295), group: optional(ia5String(1, 128)) }, { carrier: CarrierInfo });
export type CallsAvailable = ValueOf<typeof CallsAvailable>;

export const CallCapacityInfo = sequence(
  {
    voiceGwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    h310GwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    h320GwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    h321GwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    h322GwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    h323GwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    h324GwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    t120OnlyGwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    t38FaxAnnexbOnlyGwCallsAvailable: optional(sequenceOf(CallsAvailable)),
    terminalCallsAvailable: optional(sequenceOf(CallsAvailable)),
    mcuCallsAvailable: optional(sequenceOf(CallsAvailable)),
  },
  { sipGwCallsAvailable: sequenceOf(CallsAvailable) },
);
export type CallCapacityInfo = ValueOf<typeof CallCapacityInfo>;

export const CallCapacity = sequence(
  { maximumCallCapacity: optional(CallCapacityInfo), currentCallCapacity: optional(CallCapacityInfo) },
  {},
);
export type CallCapacity = ValueOf<typeof CallCapacity>;

export const CicInfo = sequence({ cic: sequenceOf(octetString(2, 4)), pointCode: octetString(2, 5) }, {});
export type CicInfo = ValueOf<typeof CicInfo>;

export const GroupID = sequence({ member: optional(sequenceOf(integer(0, 65535))), group: ia5String(1, 128) }, {});
export type GroupID = ValueOf<typeof GroupID>;

export const CircuitIdentifier = sequence({ cic: optional(CicInfo), group: optional(GroupID) }, { carrier: CarrierInfo });
export type CircuitIdentifier = ValueOf<typeof CircuitIdentifier>;

export const CircuitInfo = sequence(
  {
    sourceCircuitID: optional(CircuitIdentifier),
    destinationCircuitID: optional(CircuitIdentifier),
    genericData: optional(sequenceOf(GenericData)),
  },
  {},
);
export type CircuitInfo = ValueOf<typeof CircuitInfo>;
