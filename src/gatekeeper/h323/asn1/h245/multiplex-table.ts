/*
 * The multiplex table of H.223 (H.324 alone).
 */

import { type Asn1Type, choice, integer, lazy, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { SequenceNumber } from './common.js';

export const MultiplexTableEntryNumber = integer(1, 15);
export type MultiplexTableEntryNumber = ValueOf<typeof MultiplexTableEntryNumber>;

/** A multiplex pattern, whose elements may be patterns again. */
export interface MultiplexElement {
  readonly type:
    | { readonly type: 'logicalChannelNumber'; readonly value: number }
    | { readonly type: 'subElementList'; readonly value: readonly MultiplexElement[] };
  readonly repeatCount: { readonly type: 'finite'; readonly value: number } | { readonly type: 'untilClosingFlag'; readonly value: null };
}
export const MultiplexElement: Asn1Type<MultiplexElement> = sequence({
  type: choice({
    logicalChannelNumber: integer(0, 65535),
    subElementList: sequenceOf(
      lazy<MultiplexElement>(() => MultiplexElement),
      2,
      255,
    ),
  }),
  repeatCount: choice({ finite: integer(1, 65535), untilClosingFlag: nothing }),
});

export const MultiplexEntryDescriptor = sequence({
  multiplexTableEntryNumber: MultiplexTableEntryNumber,
  elementList: optional(sequenceOf(MultiplexElement, 1, 256)),
});
export type MultiplexEntryDescriptor = ValueOf<typeof MultiplexEntryDescriptor>;

export const MultiplexEntrySend = sequence(
  { sequenceNumber: SequenceNumber, multiplexEntryDescriptors: sequenceOf(MultiplexEntryDescriptor, 1, 15) },
  {},
);
export type MultiplexEntrySend = ValueOf<typeof MultiplexEntrySend>;

export const MultiplexEntrySendAck = sequence(
  { sequenceNumber: SequenceNumber, multiplexTableEntryNumber: sequenceOf(MultiplexTableEntryNumber, 1, 15) },
  {},
);
export type MultiplexEntrySendAck = ValueOf<typeof MultiplexEntrySendAck>;

export const MultiplexEntryRejectionDescriptions = sequence(
  { multiplexTableEntryNumber: MultiplexTableEntryNumber, cause: choice({ unspecifiedCause: nothing, descriptorTooComplex: nothing }, {}) },
  {},
);
export type MultiplexEntryRejectionDescriptions = ValueOf<typeof MultiplexEntryRejectionDescriptions>;

export const MultiplexEntrySendReject = sequence(
  { sequenceNumber: SequenceNumber, rejectionDescriptions: sequenceOf(MultiplexEntryRejectionDescriptions, 1, 15) },
  {},
);
export type MultiplexEntrySendReject = ValueOf<typeof MultiplexEntrySendReject>;

export const MultiplexEntrySendRelease = sequence({ multiplexTableEntryNumber: sequenceOf(MultiplexTableEntryNumber, 1, 15) }, {});
export type MultiplexEntrySendRelease = ValueOf<typeof MultiplexEntrySendRelease>;

export const RequestMultiplexEntry = sequence({ entryNumbers: sequenceOf(MultiplexTableEntryNumber, 1, 15) }, {});
export type RequestMultiplexEntry = ValueOf<typeof RequestMultiplexEntry>;

export const RequestMultiplexEntryAck = sequence({ entryNumbers: sequenceOf(MultiplexTableEntryNumber, 1, 15) }, {});
export type RequestMultiplexEntryAck = ValueOf<typeof RequestMultiplexEntryAck>;

export const RequestMultiplexEntryRejectionDescriptions = sequence(
  { multiplexTableEntryNumber: MultiplexTableEntryNumber, cause: choice({ unspecifiedCause: nothing }, {}) },
  {},
);
export type RequestMultiplexEntryRejectionDescriptions = ValueOf<typeof RequestMultiplexEntryRejectionDescriptions>;

export const RequestMultiplexEntryReject = sequence(
  {
    entryNumbers: sequenceOf(MultiplexTableEntryNumber, 1, 15),
    rejectionDescriptions: sequenceOf(RequestMultiplexEntryRejectionDescriptions, 1, 15),
  },
  {},
);
export type RequestMultiplexEntryReject = ValueOf<typeof RequestMultiplexEntryReject>;

export const RequestMultiplexEntryRelease = sequence({ entryNumbers: sequenceOf(MultiplexTableEntryNumber, 1, 15) }, {});
export type RequestMultiplexEntryRelease = ValueOf<typeof RequestMultiplexEntryRelease>;
