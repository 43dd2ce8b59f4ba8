/*
 * How a logical channel is multiplexed: `H2250LogicalChannelParameters` in H.323, the others behind gateways.
 */

import { boolean, choice, each, integer, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { TransportAddress } from './addresses.js';
import { TerminalLabel } from './common.js';
import { MultiplePayloadStream, RedundancyEncoding } from './data-type.js';
import { RTPPayloadType, TransportCapability } from './media-transport.js';
import { NonStandardParameter } from './shared.js';

export const H222LogicalChannelParameters = sequence(
  {
    resourceID: integer(0, 65535),
    subChannelID: integer(0, 8191),
    'pcr-pid': optional(integer(0, 8191)),
    programDescriptors: optional(octetString()),
    streamDescriptors: optional(octetString()),
  },
  {},
);
export type H222LogicalChannelParameters = ValueOf<typeof H222LogicalChannelParameters>;

export const H223AnnexCArqParameters = sequence(
  { numberOfRetransmissions: choice({ finite: integer(0, 16), infinite: nothing }, {}), sendBufferSize: integer(0, 16_777_215) },
  {},
);
export type H223AnnexCArqParameters = ValueOf<typeof H223AnnexCArqParameters>;

const arqType = choice({ noArq: nothing, typeIArq: H223AnnexCArqParameters, typeIIArq: H223AnnexCArqParameters }, {});

const crcLength = choice(
  each(nothing, 'crc4bit', 'crc12bit', 'crc20bit', 'crc28bit'),
  each(nothing, 'crc8bit', 'crc16bit', 'crc32bit', 'crcNotUsed'),
);

export const H223AL1MParameters = sequence(
  {
    transferMode: choice({ framed: nothing, unframed: nothing }, {}),
    headerFEC: choice({ 'sebch16-7': nothing, 'golay24-12': nothing }, {}),
    crcLength,
    rcpcCodeRate: integer(8, 32),
    arqType,
    alpduInterleaving: boolean,
    alsduSplitting: boolean,
  },
  { rsCodeCorrection: integer(0, 127) },
);
export type H223AL1MParameters = ValueOf<typeof H223AL1MParameters>;

export const H223AL2MParameters = sequence(
  { headerFEC: choice({ 'sebch16-5': nothing, 'golay24-12': nothing }, {}), alpduInterleaving: boolean },
  {},
);
export type H223AL2MParameters = ValueOf<typeof H223AL2MParameters>;

export const H223AL3MParameters = sequence(
  {
    headerFormat: choice({ 'sebch16-7': nothing, 'golay24-12': nothing }, {}),
    crcLength,
    rcpcCodeRate: integer(8, 32),
    arqType,
    alpduInterleaving: boolean,
  },
  { rsCodeCorrection: integer(0, 127) },
);
export type H223AL3MParameters = ValueOf<typeof H223AL3MParameters>;

/** Has no name of its own in the Recommendation. */
export const H223AdaptationLayerType = choice(
  {
    nonStandard: NonStandardParameter,
    ...each(nothing, 'al1Framed', 'al1NotFramed', 'al2WithoutSequenceNumbers', 'al2WithSequenceNumbers'),
    al3: sequence({ controlFieldOctets: integer(0, 2), sendBufferSize: integer(0, 16_777_215) }),
  },
  { al1M: H223AL1MParameters, al2M: H223AL2MParameters, al3M: H223AL3MParameters },
);
export type H223AdaptationLayerType = ValueOf<typeof H223AdaptationLayerType>;

export const H223LogicalChannelParameters = sequence({ adaptationLayerType: H223AdaptationLayerType, segmentableFlag: boolean }, {});
export type H223LogicalChannelParameters = ValueOf<typeof H223LogicalChannelParameters>;

export const CRCLength = choice(each(nothing, 'crc8bit', 'crc16bit', 'crc32bit'), {});
export type CRCLength = ValueOf<typeof CRCLength>;

export const V76HDLCParameters = sequence({ crcLength: CRCLength, n401: integer(1, 4095), loopbackTestProcedure: boolean }, {});
export type V76HDLCParameters = ValueOf<typeof V76HDLCParameters>;

export const V75Parameters = sequence({ audioHeaderPresent: boolean }, {});
export type V75Parameters = ValueOf<typeof V75Parameters>;

export const V76LogicalChannelParameters = sequence(
  {
    hdlcParameters: V76HDLCParameters,
    suspendResume: choice(each(nothing, 'noSuspendResume', 'suspendResumewAddress', 'suspendResumewoAddress'), {}),
    uIH: boolean,
    mode: choice(
      { eRM: sequence({ windowSize: integer(1, 127), recovery: choice(each(nothing, 'rej', 'sREJ', 'mSREJ'), {}) }, {}), uNERM: nothing },
      {},
    ),
    v75Parameters: V75Parameters,
  },
  {},
);
export type V76LogicalChannelParameters = ValueOf<typeof V76LogicalChannelParameters>;

/** `mediaControlChannel` is where RTCP of the reverse direction goes. `nominalAudioLevel` in -dBov. */
export const H2250LogicalChannelParameters = sequence(
  {
    nonStandard: optional(sequenceOf(NonStandardParameter)),
    sessionID: integer(0, 255),
    associatedSessionID: optional(integer(1, 255)),
    mediaChannel: optional(TransportAddress),
    mediaGuaranteedDelivery: optional(boolean),
    mediaControlChannel: optional(TransportAddress),
    mediaControlGuaranteedDelivery: optional(boolean),
    silenceSuppression: optional(boolean),
    destination: optional(TerminalLabel),
    dynamicRTPPayloadType: optional(integer(96, 127)),
    mediaPacketization: optional(choice({ h261aVideoPacketization: nothing }, { rtpPayloadType: RTPPayloadType })),
  },
  {
    transportCapability: TransportCapability,
    redundancyEncoding: RedundancyEncoding,
    source: TerminalLabel,
    nominalAudioLevel: integer(0, 63),
  },
);
export type H2250LogicalChannelParameters = ValueOf<typeof H2250LogicalChannelParameters>;

/** `mediaChannel` is where the media shall go, `mediaControlChannel` its RTCP. */
export const H2250LogicalChannelAckParameters = sequence(
  {
    nonStandard: optional(sequenceOf(NonStandardParameter)),
    sessionID: optional(integer(1, 255)),
    mediaChannel: optional(TransportAddress),
    mediaControlChannel: optional(TransportAddress),
    dynamicRTPPayloadType: optional(integer(96, 127)),
  },
  { flowControlToZero: boolean, portNumber: integer(0, 65535), multiplePayloadStream: MultiplePayloadStream },
);
export type H2250LogicalChannelAckParameters = ValueOf<typeof H2250LogicalChannelAckParameters>;
