/*
 * How streams are multiplexed. H.323 uses `h2250Capability` alone; the others belong to H.310, H.324 and V.70, and are there for gateways.
 */

import { boolean, choice, each, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { Q2931Address } from './addresses.js';
import { DataApplicationCapability } from './capabilities-data.js';
import { AlternativeCapabilitySet, GenericCapability } from './common.js';
import { MediaPacketizationCapability, TransportCapability } from './media-transport.js';
import { RedundancyEncodingCapability } from './redundancy.js';
import { NonStandardParameter } from './shared.js';

/** Bit rates in units of 64 kbit/s, sizes in octets. */
export const VCCapability = sequence(
  {
    aal1: optional(
      sequence(
        {
          ...each(boolean, 'nullClockRecovery', 'srtsClockRecovery', 'adaptiveClockRecovery', 'nullErrorCorrection'),
          ...each(boolean, 'longInterleaver', 'shortInterleaver', 'errorCorrectionOnly', 'structuredDataTransfer'),
          partiallyFilledCells: boolean,
        },
        {},
      ),
    ),
    aal5: optional(sequence({ forwardMaximumSDUSize: integer(0, 65535), backwardMaximumSDUSize: integer(0, 65535) }, {})),
    transportStream: boolean,
    programStream: boolean,
    availableBitRates: sequence(
      {
        type: choice({
          singleBitRate: integer(1, 65535),
          rangeOfBitRates: sequence({ lowerBitRate: integer(1, 65535), higherBitRate: integer(1, 65535) }),
        }),
      },
      {},
    ),
  },
  {
    aal1ViaGateway: sequence(
      {
        gatewayAddress: sequenceOf(Q2931Address, 1, 256),
        ...each(boolean, 'nullClockRecovery', 'srtsClockRecovery', 'adaptiveClockRecovery', 'nullErrorCorrection'),
        ...each(boolean, 'longInterleaver', 'shortInterleaver', 'errorCorrectionOnly', 'structuredDataTransfer'),
        partiallyFilledCells: boolean,
      },
      {},
    ),
  },
);
export type VCCapability = ValueOf<typeof VCCapability>;

export const H222Capability = sequence({ numberOfVCs: integer(1, 256), vcCapability: sequenceOf(VCCapability) }, {});
export type H222Capability = ValueOf<typeof H222Capability>;

export const H223AnnexCCapability = sequence(
  {
    ...each(boolean, 'videoWithAL1M', 'videoWithAL2M', 'videoWithAL3M', 'audioWithAL1M', 'audioWithAL2M'),
    ...each(boolean, 'audioWithAL3M', 'dataWithAL1M', 'dataWithAL2M', 'dataWithAL3M', 'alpduInterleaving'),
    ...each(integer(0, 65535), 'maximumAL1MPDUSize', 'maximumAL2MSDUSize', 'maximumAL3MSDUSize'),
  },
  { rsCodeCapability: boolean },
);
export type H223AnnexCCapability = ValueOf<typeof H223AnnexCCapability>;

/** Sizes in octets, jitter in ms, `bitRate` in units of 100 bit/s. */
export const H223Capability = sequence(
  {
    ...each(boolean, 'transportWithI-frames', 'videoWithAL1', 'videoWithAL2', 'videoWithAL3', 'audioWithAL1'),
    ...each(boolean, 'audioWithAL2', 'audioWithAL3', 'dataWithAL1', 'dataWithAL2', 'dataWithAL3'),
    maximumAl2SDUSize: integer(0, 65535),
    maximumAl3SDUSize: integer(0, 65535),
    maximumDelayJitter: integer(0, 1023),
    h223MultiplexTableCapability: choice({
      basic: nothing,
      enhanced: sequence(
        { maximumNestingDepth: integer(1, 15), maximumElementListSize: integer(2, 255), maximumSubElementListSize: integer(2, 255) },
        {},
      ),
    }),
  },
  {
    maxMUXPDUSizeCapability: boolean,
    nsrpSupport: boolean,
    mobileOperationTransmitCapability: sequence(
      {
        ...each(boolean, 'modeChangeCapability', 'h223AnnexA', 'h223AnnexADoubleFlag', 'h223AnnexB'),
        h223AnnexBwithHeader: boolean,
      },
      {},
    ),
    h223AnnexCCapability: H223AnnexCCapability,
    bitRate: integer(1, 19200),
    mobileMultilinkFrameCapability: sequence({ maximumSampleSize: integer(1, 255), maximumPayloadLength: integer(1, 65025) }, {}),
  },
);
export type H223Capability = ValueOf<typeof H223Capability>;

export const V75Capability = sequence({ audioHeader: boolean }, {});
export type V75Capability = ValueOf<typeof V75Capability>;

export const V76Capability = sequence(
  {
    ...each(boolean, 'suspendResumeCapabilitywAddress', 'suspendResumeCapabilitywoAddress', 'rejCapability'),
    ...each(boolean, 'sREJCapability', 'mREJCapability', 'crc8bitCapability', 'crc16bitCapability'),
    ...each(boolean, 'crc32bitCapability', 'uihCapability'),
    numOfDLCS: integer(2, 8191),
    twoOctetAddressFieldCapability: boolean,
    loopBackTestCapability: boolean,
    n401Capability: integer(1, 4095),
    maxWindowSizeCapability: integer(1, 127),
    v75Capability: V75Capability,
  },
  {},
);
export type V76Capability = ValueOf<typeof V76Capability>;

export const MediaDistributionCapability = sequence(
  {
    ...each(boolean, 'centralizedControl', 'distributedControl', 'centralizedAudio', 'distributedAudio'),
    ...each(boolean, 'centralizedVideo', 'distributedVideo'),
    centralizedData: optional(sequenceOf(DataApplicationCapability)),
    distributedData: optional(sequenceOf(DataApplicationCapability)),
  },
  {},
);
export type MediaDistributionCapability = ValueOf<typeof MediaDistributionCapability>;

export const MultipointCapability = sequence(
  { multicastCapability: boolean, multiUniCastConference: boolean, mediaDistributionCapability: sequenceOf(MediaDistributionCapability) },
  {},
);
export type MultipointCapability = ValueOf<typeof MultipointCapability>;

/** `maximumAudioDelayJitter` in ms. */
export const H2250Capability = sequence(
  {
    maximumAudioDelayJitter: integer(0, 1023),
    ...each(MultipointCapability, 'receiveMultipointCapability', 'transmitMultipointCapability'),
    receiveAndTransmitMultipointCapability: MultipointCapability,
    mcCapability: sequence({ centralizedConferenceMC: boolean, decentralizedConferenceMC: boolean }, {}),
    rtcpVideoControlCapability: boolean,
    mediaPacketizationCapability: MediaPacketizationCapability,
  },
  {
    transportCapability: TransportCapability,
    redundancyEncodingCapability: sequenceOf(RedundancyEncodingCapability, 1, 256),
    logicalChannelSwitchingCapability: boolean,
    t120DynamicPortCapability: boolean,
  },
);
export type H2250Capability = ValueOf<typeof H2250Capability>;

export const MultiplexCapability = choice(
  { nonStandard: NonStandardParameter, h222Capability: H222Capability, h223Capability: H223Capability, v76Capability: V76Capability },
  { h2250Capability: H2250Capability, genericMultiplexCapability: GenericCapability },
);
export type MultiplexCapability = ValueOf<typeof MultiplexCapability>;

export const MultiplexFormat = choice(
  { nonStandard: NonStandardParameter, h222Capability: H222Capability, h223Capability: H223Capability },
  {},
);
export type MultiplexFormat = ValueOf<typeof MultiplexFormat>;

export const MultiplexedStreamCapability = sequence(
  {
    multiplexFormat: MultiplexFormat,
    controlOnMuxStream: boolean,
    capabilityOnMuxStream: optional(sequenceOf(AlternativeCapabilitySet, 1, 256)),
  },
  {},
);
export type MultiplexedStreamCapability = ValueOf<typeof MultiplexedStreamCapability>;
