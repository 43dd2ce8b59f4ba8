/*
 * What a logical channel carries. These types contain one another: an encrypted, redundant or multiple stream is made of data types again.
 */

import {
  type Asn1Type,
  boolean,
  choice,
  integer,
  lazy,
  nothing,
  objectIdentifier,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { AudioCapability } from './capabilities-audio.js';
import { DataApplicationCapability } from './capabilities-data.js';
import { MultiplexFormat } from './capabilities-multiplex.js';
import { VideoCapability } from './capabilities-video.js';
import { type Extensible, LogicalChannelNumber } from './common.js';
import { RedundancyEncodingMethod } from './redundancy.js';
import { EncryptionAuthenticationAndIntegrity, EncryptionMode } from './security.js';
import { NonStandardParameter } from './shared.js';

export const MultiplexedStreamParameter = sequence({ multiplexFormat: MultiplexFormat, controlOnMuxStream: boolean }, {});
export type MultiplexedStreamParameter = ValueOf<typeof MultiplexedStreamParameter>;

export interface RedundancyEncodingElement extends Extensible {
  readonly dataType: DataType;
  readonly payloadType?: number | undefined;
}
export const RedundancyEncodingElement: Asn1Type<RedundancyEncodingElement> = sequence(
  { dataType: lazy<DataType>(() => DataType), payloadType: optional(integer(0, 127)) },
  {},
);

export const RtpRedundancyEncoding = sequence(
  { primary: optional(RedundancyEncodingElement), secondary: optional(sequenceOf(RedundancyEncodingElement)) },
  {},
);
export type RtpRedundancyEncoding = ValueOf<typeof RtpRedundancyEncoding>;

/** `rtpRedundancyEncoding` stands in the place of `secondaryEncoding` where both ends know it. */
export interface RedundancyEncoding extends Extensible {
  readonly redundancyEncodingMethod: RedundancyEncodingMethod;
  readonly secondaryEncoding?: DataType | undefined;
  readonly rtpRedundancyEncoding?: RtpRedundancyEncoding | undefined;
}
export const RedundancyEncoding: Asn1Type<RedundancyEncoding> = sequence(
  { redundancyEncodingMethod: RedundancyEncodingMethod, secondaryEncoding: optional(lazy<DataType>(() => DataType)) },
  { rtpRedundancyEncoding: RtpRedundancyEncoding },
);

export interface MultiplePayloadStreamElement extends Extensible {
  readonly dataType: DataType;
  readonly payloadType?: number | undefined;
}
export const MultiplePayloadStreamElement: Asn1Type<MultiplePayloadStreamElement> = sequence(
  { dataType: lazy<DataType>(() => DataType), payloadType: optional(integer(0, 127)) },
  {},
);

export const MultiplePayloadStream = sequence({ elements: sequenceOf(MultiplePayloadStreamElement) }, {});
export type MultiplePayloadStream = ValueOf<typeof MultiplePayloadStream>;

/** Deprecated in favour of `FECData`. */
export const DepFECData = choice({
  rfc2733: sequence(
    {
      mode: choice(
        {
          redundancyEncoding: nothing,
          separateStream: choice(
            {
              differentPort: sequence({ protectedSessionID: integer(1, 255), protectedPayloadType: optional(integer(0, 127)) }, {}),
              samePort: sequence({ protectedPayloadType: integer(0, 127) }, {}),
            },
            {},
          ),
        },
        {},
      ),
    },
    {},
  ),
});
export type DepFECData = ValueOf<typeof DepFECData>;

export const FECData = choice(
  {
    rfc2733: sequence(
      {
        protectedPayloadType: integer(0, 127),
        fecScheme: optional(objectIdentifier),
        pktMode: choice(
          {
            rfc2198coding: nothing,
            rfc2733sameport: sequence({}, {}),
            rfc2733diffport: sequence({ protectedChannel: LogicalChannelNumber }, {}),
          },
          {},
        ),
      },
      {},
    ),
  },
  {},
);
export type FECData = ValueOf<typeof FECData>;

/** Encrypted media: the algorithm, and what is encrypted. */
export const H235Media = sequence(
  {
    encryptionAuthenticationAndIntegrity: EncryptionAuthenticationAndIntegrity,
    mediaType: choice(
      { nonStandard: NonStandardParameter, videoData: VideoCapability, audioData: AudioCapability, data: DataApplicationCapability },
      { redundancyEncoding: RedundancyEncoding, multiplePayloadStream: MultiplePayloadStream, depFec: DepFECData, fec: FECData },
    ),
  },
  {},
);
export type H235Media = ValueOf<typeof H235Media>;

export const DataType = choice(
  {
    nonStandard: NonStandardParameter,
    nullData: nothing,
    videoData: VideoCapability,
    audioData: AudioCapability,
    data: DataApplicationCapability,
    encryptionData: EncryptionMode,
  },
  {
    h235Control: NonStandardParameter,
    h235Media: H235Media,
    multiplexedStream: MultiplexedStreamParameter,
    redundancyEncoding: RedundancyEncoding,
    multiplePayloadStream: MultiplePayloadStream,
    depFec: DepFECData,
    fec: FECData,
  },
);
export type DataType = ValueOf<typeof DataType>;
