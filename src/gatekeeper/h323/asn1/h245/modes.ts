/*
 * Requests for a mode of transmission.
 */

import {
  type Asn1Type,
  boolean,
  choice,
  each,
  integer,
  lazy,
  nothing,
  objectIdentifier,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { H223AdaptationLayerType } from './channel-parameters.js';
import { type Extensible, GenericCapability, LogicalChannelNumber, MaxRedundancy, SequenceNumber } from './common.js';
import { MultiplexedStreamParameter } from './data-type.js';
import { AudioMode, DataMode, VideoMode } from './modes-media.js';
import { RedundancyEncodingMethod } from './redundancy.js';
import { EncryptionAuthenticationAndIntegrity, EncryptionMode } from './security.js';
import { NonStandardParameter } from './shared.js';

export const H235Mode = sequence(
  {
    encryptionAuthenticationAndIntegrity: EncryptionAuthenticationAndIntegrity,
    mediaMode: choice({ nonStandard: NonStandardParameter, videoMode: VideoMode, audioMode: AudioMode, dataMode: DataMode }, {}),
  },
  {},
);
export type H235Mode = ValueOf<typeof H235Mode>;

const rfc2733Format = choice(each(MaxRedundancy, 'rfc2733rfc2198', 'rfc2733sameport', 'rfc2733diffport'));

export interface FECMode extends Extensible {
  readonly protectedElement: ModeElementType;
  readonly fecScheme?: string | undefined;
  readonly rfc2733Format?: ValueOf<typeof rfc2733Format> | undefined;
}
export const FECMode: Asn1Type<FECMode> = sequence(
  {
    protectedElement: lazy<ModeElementType>(() => ModeElementType),
    fecScheme: optional(objectIdentifier),
    rfc2733Format: optional(rfc2733Format),
  },
  {},
);

export const RedundancyEncodingDTModeElement = sequence(
  {
    type: choice(
      {
        nonStandard: NonStandardParameter,
        videoMode: VideoMode,
        audioMode: AudioMode,
        dataMode: DataMode,
        encryptionMode: EncryptionMode,
        h235Mode: H235Mode,
      },
      { fecMode: FECMode },
    ),
  },
  {},
);
export type RedundancyEncodingDTModeElement = ValueOf<typeof RedundancyEncodingDTModeElement>;

export const RedundancyEncodingDTMode = sequence(
  {
    redundancyEncodingMethod: RedundancyEncodingMethod,
    primary: RedundancyEncodingDTModeElement,
    secondary: sequenceOf(RedundancyEncodingDTModeElement),
  },
  {},
);
export type RedundancyEncodingDTMode = ValueOf<typeof RedundancyEncodingDTMode>;

export interface MultiplePayloadStreamElementMode extends Extensible {
  readonly type: ModeElementType;
}
export const MultiplePayloadStreamElementMode: Asn1Type<MultiplePayloadStreamElementMode> = sequence(
  { type: lazy<ModeElementType>(() => ModeElementType) },
  {},
);

export const MultiplePayloadStreamMode = sequence({ elements: sequenceOf(MultiplePayloadStreamElementMode) }, {});
export type MultiplePayloadStreamMode = ValueOf<typeof MultiplePayloadStreamMode>;

interface ProtectedType extends Extensible {
  readonly protectedType: ModeElementType;
}
const ProtectedType: Asn1Type<ProtectedType> = sequence({ protectedType: lazy<ModeElementType>(() => ModeElementType) }, {});

/** Deprecated in favour of `FECMode`. */
export const DepFECMode = choice(
  {
    rfc2733Mode: sequence(
      {
        mode: choice(
          {
            redundancyEncoding: nothing,
            separateStream: choice(
              {
                differentPort: sequence({ protectedSessionID: integer(1, 255), protectedPayloadType: optional(integer(0, 127)) }, {}),
                samePort: ProtectedType,
              },
              {},
            ),
          },
          {},
        ),
      },
      {},
    ),
  },
  {},
);
export type DepFECMode = ValueOf<typeof DepFECMode>;

export const ModeElementType = choice(
  { nonStandard: NonStandardParameter, videoMode: VideoMode, audioMode: AudioMode, dataMode: DataMode, encryptionMode: EncryptionMode },
  {
    h235Mode: H235Mode,
    multiplexedStreamMode: MultiplexedStreamParameter,
    redundancyEncodingDTMode: RedundancyEncodingDTMode,
    multiplePayloadStreamMode: MultiplePayloadStreamMode,
    depFecMode: DepFECMode,
    fecMode: FECMode,
  },
);
export type ModeElementType = ValueOf<typeof ModeElementType>;

export const H223ModeParameters = sequence({ adaptationLayerType: H223AdaptationLayerType, segmentableFlag: boolean }, {});
export type H223ModeParameters = ValueOf<typeof H223ModeParameters>;

export const V76ModeParameters = choice({ suspendResumewAddress: nothing, suspendResumewoAddress: nothing }, {});
export type V76ModeParameters = ValueOf<typeof V76ModeParameters>;

export const RedundancyEncodingMode = sequence(
  {
    redundancyEncodingMethod: RedundancyEncodingMethod,
    secondaryEncoding: optional(choice({ nonStandard: NonStandardParameter, audioData: AudioMode }, {})),
  },
  {},
);
export type RedundancyEncodingMode = ValueOf<typeof RedundancyEncodingMode>;

export const H2250ModeParameters = sequence({ redundancyEncodingMode: optional(RedundancyEncodingMode) }, {});
export type H2250ModeParameters = ValueOf<typeof H2250ModeParameters>;

export const MultiplexedStreamModeParameters = sequence({ logicalChannelNumber: LogicalChannelNumber }, {});
export type MultiplexedStreamModeParameters = ValueOf<typeof MultiplexedStreamModeParameters>;

export const ModeElement = sequence(
  { type: ModeElementType, h223ModeParameters: optional(H223ModeParameters) },
  {
    v76ModeParameters: V76ModeParameters,
    h2250ModeParameters: H2250ModeParameters,
    genericModeParameters: GenericCapability,
    multiplexedStreamModeParameters: MultiplexedStreamModeParameters,
    logicalChannelNumber: LogicalChannelNumber,
  },
);
export type ModeElement = ValueOf<typeof ModeElement>;

/** Modes that are to be sent at the same time. */
export const ModeDescription = sequenceOf(ModeElement, 1, 256);
export type ModeDescription = ValueOf<typeof ModeDescription>;

/** The descriptions in order of preference. */
export const RequestMode = sequence({ sequenceNumber: SequenceNumber, requestedModes: sequenceOf(ModeDescription, 1, 256) }, {});
export type RequestMode = ValueOf<typeof RequestMode>;

export const RequestModeAck = sequence(
  {
    sequenceNumber: SequenceNumber,
    response: choice({ willTransmitMostPreferredMode: nothing, willTransmitLessPreferredMode: nothing }, {}),
  },
  {},
);
export type RequestModeAck = ValueOf<typeof RequestModeAck>;

export const RequestModeReject = sequence(
  { sequenceNumber: SequenceNumber, cause: choice(each(nothing, 'modeUnavailable', 'multipointConstraint', 'requestDenied'), {}) },
  {},
);
export type RequestModeReject = ValueOf<typeof RequestModeReject>;

export const RequestModeRelease = sequence({}, {});
export type RequestModeRelease = ValueOf<typeof RequestModeRelease>;
