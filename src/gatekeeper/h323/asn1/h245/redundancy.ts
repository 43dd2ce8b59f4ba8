/*
 * Redundant and error-correcting encodings as capabilities: RFC 2198, RFC 2733, video redundancy coding of H.263.
 */

import { boolean, choice, each, integer, nothing, objectIdentifier, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { CapabilityTableEntryNumber, MaxRedundancy } from './common.js';
import { NonStandardParameter } from './shared.js';

export const RTPH263VideoRedundancyFrameMapping = sequence(
  { threadNumber: integer(0, 15), frameSequence: sequenceOf(integer(0, 255), 1, 256) },
  {},
);
export type RTPH263VideoRedundancyFrameMapping = ValueOf<typeof RTPH263VideoRedundancyFrameMapping>;

export const RTPH263VideoRedundancyEncoding = sequence(
  {
    numberOfThreads: integer(1, 16),
    framesBetweenSyncPoints: integer(1, 256),
    frameToThreadMapping: choice({ roundrobin: nothing, custom: sequenceOf(RTPH263VideoRedundancyFrameMapping, 1, 256) }, {}),
    containedThreads: optional(sequenceOf(integer(0, 15), 1, 256)),
  },
  {},
);
export type RTPH263VideoRedundancyEncoding = ValueOf<typeof RTPH263VideoRedundancyEncoding>;

export const RedundancyEncodingMethod = choice(
  { nonStandard: NonStandardParameter, rtpAudioRedundancyEncoding: nothing },
  { rtpH263VideoRedundancyEncoding: RTPH263VideoRedundancyEncoding },
);
export type RedundancyEncodingMethod = ValueOf<typeof RedundancyEncodingMethod>;

export const RedundancyEncodingCapability = sequence(
  {
    redundancyEncodingMethod: RedundancyEncodingMethod,
    primaryEncoding: CapabilityTableEntryNumber,
    secondaryEncoding: optional(sequenceOf(CapabilityTableEntryNumber, 1, 256)),
  },
  {},
);
export type RedundancyEncodingCapability = ValueOf<typeof RedundancyEncodingCapability>;

/** Deprecated in favour of `FECCapability`. */
export const DepFECCapability = choice(
  { rfc2733: sequence({ redundancyEncoding: boolean, separateStream: sequence({ separatePort: boolean, samePort: boolean }, {}) }, {}) },
  {},
);
export type DepFECCapability = ValueOf<typeof DepFECCapability>;

export const FECCapability = sequence(
  {
    protectedCapability: CapabilityTableEntryNumber,
    fecScheme: optional(objectIdentifier),
    rfc2733Format: optional(choice(each(MaxRedundancy, 'rfc2733rfc2198', 'rfc2733sameport', 'rfc2733diffport'))),
  },
  {},
);
export type FECCapability = ValueOf<typeof FECCapability>;
