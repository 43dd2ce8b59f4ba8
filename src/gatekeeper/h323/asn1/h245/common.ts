/*
 * What the messages of H.245 share: numbers, labels, and the generic capability.
 */

import { integer, octetString, optional, sequence, sequenceOf, UNKNOWN, type ValueOf } from '../schema.js';
import { CapabilityIdentifier, DataProtocolCapability, GenericParameter, NonStandardParameter } from './shared.js';

/** What every extensible sequence may carry, for the types that are written out because they contain themselves. */
export interface Extensible {
  readonly [UNKNOWN]?: readonly (Uint8Array | undefined)[] | undefined;
}

export const SequenceNumber = integer(0, 255);
export type SequenceNumber = ValueOf<typeof SequenceNumber>;

export const LogicalChannelNumber = integer(1, 65535);
export type LogicalChannelNumber = ValueOf<typeof LogicalChannelNumber>;

export const CapabilityTableEntryNumber = integer(1, 65535);
export type CapabilityTableEntryNumber = ValueOf<typeof CapabilityTableEntryNumber>;

export const AlternativeCapabilitySet = sequenceOf(CapabilityTableEntryNumber, 1, 256);
export type AlternativeCapabilitySet = ValueOf<typeof AlternativeCapabilitySet>;

/** In units of 100 bit/s. */
export const MaximumBitRate = integer(0, 4_294_967_295);
export type MaximumBitRate = ValueOf<typeof MaximumBitRate>;

export const MaxRedundancy = integer(1);
export type MaxRedundancy = ValueOf<typeof MaxRedundancy>;

export const McuNumber = integer(0, 192);
export type McuNumber = ValueOf<typeof McuNumber>;

export const TerminalNumber = integer(0, 192);
export type TerminalNumber = ValueOf<typeof TerminalNumber>;

/** A terminal of a conference, by the numbers that its MCUs gave (H.243). */
export const TerminalLabel = sequence({ mcuNumber: McuNumber, terminalNumber: TerminalNumber }, {});
export type TerminalLabel = ValueOf<typeof TerminalLabel>;

export const NonStandardMessage = sequence({ nonStandardData: NonStandardParameter }, {});
export type NonStandardMessage = ValueOf<typeof NonStandardMessage>;

/** `maxBitRate` in units of 100 bit/s. */
export const GenericCapability = sequence(
  {
    capabilityIdentifier: CapabilityIdentifier,
    maxBitRate: optional(integer(0, 4_294_967_295)),
    collapsing: optional(sequenceOf(GenericParameter)),
    nonCollapsing: optional(sequenceOf(GenericParameter)),
    nonCollapsingRaw: optional(octetString()),
    transport: optional(DataProtocolCapability),
  },
  {},
);
export type GenericCapability = ValueOf<typeof GenericCapability>;
