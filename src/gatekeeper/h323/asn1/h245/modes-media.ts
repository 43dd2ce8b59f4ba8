/*
 * Modes of video, audio and data: what one terminal asks another to send.
 */

import { type Asn1Type, boolean, choice, each, integer, lazy, nothing, octetString, optional, sequence, type ValueOf } from '../schema.js';
import { G729Extensions, GSMAudioCapability } from './capabilities-audio.js';
import { DataChannel } from './capabilities-data.js';
import { type Extensible, GenericCapability } from './common.js';
import { EnhancementLayerInfo, H263Options } from './h263-options.js';
import { DataProtocolCapability, NonStandardParameter, T38FaxProfile } from './shared.js';

/** `bitRate` in units of 100 bit/s, as in H.263. */
export const H261VideoMode = sequence(
  { resolution: choice({ qcif: nothing, cif: nothing }), bitRate: integer(1, 19200), stillImageTransmission: boolean },
  {},
);
export type H261VideoMode = ValueOf<typeof H261VideoMode>;

export const H262VideoMode = sequence(
  {
    profileAndLevel: choice(
      {
        ...each(nothing, 'profileAndLevel-SPatML', 'profileAndLevel-MPatLL', 'profileAndLevel-MPatML'),
        ...each(nothing, 'profileAndLevel-MPatH-14', 'profileAndLevel-MPatHL', 'profileAndLevel-SNRatLL'),
        ...each(nothing, 'profileAndLevel-SNRatML', 'profileAndLevel-SpatialatH-14', 'profileAndLevel-HPatML'),
        ...each(nothing, 'profileAndLevel-HPatH-14', 'profileAndLevel-HPatHL'),
      },
      {},
    ),
    videoBitRate: optional(integer(0, 1_073_741_823)),
    vbvBufferSize: optional(integer(0, 262143)),
    samplesPerLine: optional(integer(0, 16383)),
    linesPerFrame: optional(integer(0, 16383)),
    framesPerSecond: optional(integer(0, 15)),
    luminanceSampleRate: optional(integer(0, 4_294_967_295)),
  },
  {},
);
export type H262VideoMode = ValueOf<typeof H262VideoMode>;

export const H263VideoMode = sequence(
  {
    resolution: choice(each(nothing, 'sqcif', 'qcif', 'cif', 'cif4', 'cif16'), { custom: nothing }),
    bitRate: integer(1, 19200),
    ...each(boolean, 'unrestrictedVector', 'arithmeticCoding', 'advancedPrediction', 'pbFrames'),
  },
  { errorCompensation: boolean, enhancementLayerInfo: EnhancementLayerInfo, h263Options: H263Options },
);
export type H263VideoMode = ValueOf<typeof H263VideoMode>;

export const IS11172VideoMode = sequence(
  {
    constrainedBitstream: boolean,
    videoBitRate: optional(integer(0, 1_073_741_823)),
    vbvBufferSize: optional(integer(0, 262143)),
    samplesPerLine: optional(integer(0, 16383)),
    linesPerFrame: optional(integer(0, 16383)),
    pictureRate: optional(integer(0, 15)),
    luminanceSampleRate: optional(integer(0, 4_294_967_295)),
  },
  {},
);
export type IS11172VideoMode = ValueOf<typeof IS11172VideoMode>;

export const VideoMode = choice(
  {
    nonStandard: NonStandardParameter,
    h261VideoMode: H261VideoMode,
    h262VideoMode: H262VideoMode,
    h263VideoMode: H263VideoMode,
    is11172VideoMode: IS11172VideoMode,
  },
  { genericVideoMode: GenericCapability },
);
export type VideoMode = ValueOf<typeof VideoMode>;

export const IS11172AudioMode = sequence(
  {
    audioLayer: choice(each(nothing, 'audioLayer1', 'audioLayer2', 'audioLayer3')),
    audioSampling: choice(each(nothing, 'audioSampling32k', 'audioSampling44k1', 'audioSampling48k')),
    multichannelType: choice(each(nothing, 'singleChannel', 'twoChannelStereo', 'twoChannelDual')),
    bitRate: integer(1, 448),
  },
  {},
);
export type IS11172AudioMode = ValueOf<typeof IS11172AudioMode>;

export const IS13818AudioMode = sequence(
  {
    audioLayer: choice(each(nothing, 'audioLayer1', 'audioLayer2', 'audioLayer3')),
    audioSampling: choice({
      ...each(nothing, 'audioSampling16k', 'audioSampling22k05', 'audioSampling24k', 'audioSampling32k'),
      ...each(nothing, 'audioSampling44k1', 'audioSampling48k'),
    }),
    multichannelType: choice({
      ...each(nothing, 'singleChannel', 'twoChannelStereo', 'twoChannelDual', 'threeChannels2-1', 'threeChannels3-0'),
      ...each(nothing, 'fourChannels2-0-2-0', 'fourChannels2-2', 'fourChannels3-1', 'fiveChannels3-0-2-0'),
      'fiveChannels3-2': nothing,
    }),
    lowFrequencyEnhancement: boolean,
    multilingual: boolean,
    bitRate: integer(1, 1130),
  },
  {},
);
export type IS13818AudioMode = ValueOf<typeof IS13818AudioMode>;

export const G7231AnnexCMode = sequence(
  {
    'maxAl-sduAudioFrames': integer(1, 256),
    silenceSuppression: boolean,
    g723AnnexCAudioMode: sequence(
      {
        highRateMode0: integer(27, 78),
        highRateMode1: integer(27, 78),
        lowRateMode0: integer(23, 66),
        lowRateMode1: integer(23, 66),
        sidMode0: integer(6, 17),
        sidMode1: integer(6, 17),
      },
      {},
    ),
  },
  {},
);
export type G7231AnnexCMode = ValueOf<typeof G7231AnnexCMode>;

export interface VBDMode extends Extensible {
  readonly type: AudioMode;
}
export const VBDMode: Asn1Type<VBDMode> = sequence({ type: lazy<AudioMode>(() => AudioMode) }, {});

export const AudioMode = choice(
  {
    nonStandard: NonStandardParameter,
    ...each(nothing, 'g711Alaw64k', 'g711Alaw56k', 'g711Ulaw64k', 'g711Ulaw56k', 'g722-64k', 'g722-56k', 'g722-48k'),
    ...each(nothing, 'g728', 'g729', 'g729AnnexA'),
    g7231: choice({
      ...each(nothing, 'noSilenceSuppressionLowRate', 'noSilenceSuppressionHighRate', 'silenceSuppressionLowRate'),
      silenceSuppressionHighRate: nothing,
    }),
    is11172AudioMode: IS11172AudioMode,
    is13818AudioMode: IS13818AudioMode,
  },
  {
    g729wAnnexB: integer(1, 256),
    g729AnnexAwAnnexB: integer(1, 256),
    g7231AnnexCMode: G7231AnnexCMode,
    ...each(GSMAudioCapability, 'gsmFullRate', 'gsmHalfRate', 'gsmEnhancedFullRate'),
    genericAudioMode: GenericCapability,
    g729Extensions: G729Extensions,
    vbd: VBDMode,
  },
);
export type AudioMode = ValueOf<typeof AudioMode>;

/** `bitRate` in units of 100 bit/s. */
export const DataMode = sequence(
  {
    application: choice(
      {
        nonStandard: NonStandardParameter,
        ...each(DataProtocolCapability, 't120', 'dsm-cc', 'userData', 't84', 't434', 'h224'),
        nlpid: sequence({ nlpidProtocol: DataProtocolCapability, nlpidData: octetString() }),
        dsvdControl: nothing,
        h222DataPartitioning: DataProtocolCapability,
      },
      {
        t30fax: DataProtocolCapability,
        t140: DataProtocolCapability,
        t38fax: sequence({ t38FaxProtocol: DataProtocolCapability, t38FaxProfile: T38FaxProfile }),
        genericDataMode: GenericCapability,
        dataChannel: DataChannel,
      },
    ),
    bitRate: integer(0, 4_294_967_295),
  },
  {},
);
export type DataMode = ValueOf<typeof DataMode>;
