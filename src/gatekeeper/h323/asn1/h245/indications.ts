/*
 * Indications: to be known, neither done nor answered. User input (DTMF) is among them.
 */

import {
  choice,
  each,
  generalString,
  ia5String,
  integer,
  nothing,
  objectIdentifier,
  octetString,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { TransportAddress } from './addresses.js';
import { LogicalChannelNumber } from './common.js';
import { TransportCapability } from './media-transport.js';
import { Params } from './security.js';
import { GenericInformation, NonStandardIdentifier, NonStandardParameter } from './shared.js';

/** `returnedFunction` holds the whole message that was not understood, encoded. */
export const FunctionNotSupported = sequence(
  { cause: choice(each(nothing, 'syntaxError', 'semanticError', 'unknownFunction'), {}), returnedFunction: optional(octetString()) },
  {},
);
export type FunctionNotSupported = ValueOf<typeof FunctionNotSupported>;

export const MiscellaneousIndication = sequence(
  {
    logicalChannelNumber: LogicalChannelNumber,
    type: choice(
      {
        ...each(nothing, 'logicalChannelActive', 'logicalChannelInactive', 'multipointConference'),
        ...each(nothing, 'cancelMultipointConference', 'multipointZeroComm', 'cancelMultipointZeroComm'),
        ...each(nothing, 'multipointSecondaryStatus', 'cancelMultipointSecondaryStatus', 'videoIndicateReadyToActivate'),
        videoTemporalSpatialTradeOff: integer(0, 31),
      },
      {
        videoNotDecodedMBs: sequence({ firstMB: integer(1, 8192), numberOfMBs: integer(1, 8192), temporalReference: integer(0, 255) }, {}),
        transportCapability: TransportCapability,
      },
    ),
  },
  {},
);
export type MiscellaneousIndication = ValueOf<typeof MiscellaneousIndication>;

/** Mantissa and exponent as H.245 defines them; `additionalDecoderBuffer` in octets. */
export const JitterIndication = sequence(
  {
    scope: choice({ logicalChannelNumber: LogicalChannelNumber, resourceID: integer(0, 65535), wholeMultiplex: nothing }),
    estimatedReceivedJitterMantissa: integer(0, 3),
    estimatedReceivedJitterExponent: integer(0, 7),
    skippedFrameCount: optional(integer(0, 15)),
    additionalDecoderBuffer: optional(integer(0, 262143)),
  },
  {},
);
export type JitterIndication = ValueOf<typeof JitterIndication>;

/** In ms. */
export const H223SkewIndication = sequence(
  { logicalChannelNumber1: LogicalChannelNumber, logicalChannelNumber2: LogicalChannelNumber, skew: integer(0, 4095) },
  {},
);
export type H223SkewIndication = ValueOf<typeof H223SkewIndication>;

/** In ms. */
export const H2250MaximumSkewIndication = sequence(
  { logicalChannelNumber1: LogicalChannelNumber, logicalChannelNumber2: LogicalChannelNumber, maximumSkew: integer(0, 4095) },
  {},
);
export type H2250MaximumSkewIndication = ValueOf<typeof H2250MaximumSkewIndication>;

/** `signalAddress` is the call signalling address of the entity with the MC. */
export const MCLocationIndication = sequence({ signalAddress: TransportAddress }, {});
export type MCLocationIndication = ValueOf<typeof MCLocationIndication>;

export const VendorIdentification = sequence(
  { vendor: NonStandardIdentifier, productNumber: optional(octetString(1, 256)), versionNumber: optional(octetString(1, 256)) },
  {},
);
export type VendorIdentification = ValueOf<typeof VendorIdentification>;

export const MobileMultilinkReconfigurationIndication = sequence({ sampleSize: integer(1, 255), samplesPerFrame: integer(1, 255) }, {});
export type MobileMultilinkReconfigurationIndication = ValueOf<typeof MobileMultilinkReconfigurationIndication>;

/** `duration` in ms. Where the signal is encrypted, `signalType` holds an `!`, and `alphanumeric` nothing. */
export const UserInputIndication = choice(
  { nonStandard: NonStandardParameter, alphanumeric: generalString },
  {
    userInputSupportIndication: choice(
      { nonStandard: NonStandardParameter, ...each(nothing, 'basicString', 'iA5String', 'generalString') },
      each(nothing, 'encryptedBasicString', 'encryptedIA5String', 'encryptedGeneralString'),
    ),
    signal: sequence(
      {
        signalType: ia5String(1, 1, '123_456_789#*ABCD!'),
        duration: optional(integer(1, 65535)),
        rtp: optional(
          sequence(
            {
              timestamp: optional(integer(0, 4_294_967_295)),
              expirationTime: optional(integer(0, 4_294_967_295)),
              logicalChannelNumber: LogicalChannelNumber,
            },
            {},
          ),
        ),
      },
      { rtpPayloadIndication: nothing, paramS: Params, encryptedSignalType: octetString(1, 1), algorithmOID: objectIdentifier },
    ),
    signalUpdate: sequence(
      { duration: integer(1, 65535), rtp: optional(sequence({ logicalChannelNumber: LogicalChannelNumber }, {})) },
      {},
    ),
    extendedAlphanumeric: sequence(
      { alphanumeric: generalString, rtpPayloadIndication: optional(nothing) },
      { encryptedAlphanumeric: sequence({ algorithmOID: objectIdentifier, paramS: optional(Params), encrypted: octetString() }, {}) },
    ),
    encryptedAlphanumeric: sequence({ algorithmOID: objectIdentifier, paramS: optional(Params), encrypted: octetString() }, {}),
    genericInformation: sequenceOf(GenericInformation),
  },
);
export type UserInputIndication = ValueOf<typeof UserInputIndication>;
