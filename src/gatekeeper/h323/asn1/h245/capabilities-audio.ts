/*
 * Audio that a terminal can receive or send. The plain numbers are frames in a packet (H.225.0), in an AL-SDU (H.223) or buffers (H.222).
 */

import {
  type Asn1Type,
  boolean,
  choice,
  each,
  generalString,
  integer,
  lazy,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { type Extensible, GenericCapability } from './common.js';
import { NonStandardParameter } from './shared.js';

export const G729Extensions = sequence(
  { audioUnit: optional(integer(1, 256)), ...each(boolean, 'annexA', 'annexB', 'annexD', 'annexE', 'annexF', 'annexG', 'annexH') },
  {},
);
export type G729Extensions = ValueOf<typeof G729Extensions>;

export const G7231AnnexCCapability = sequence(
  {
    'maxAl-sduAudioFrames': integer(1, 256),
    silenceSuppression: boolean,
    g723AnnexCAudioMode: optional(
      sequence(
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
    ),
  },
  {},
);
export type G7231AnnexCCapability = ValueOf<typeof G7231AnnexCCapability>;

export const IS11172AudioCapability = sequence(
  {
    ...each(boolean, 'audioLayer1', 'audioLayer2', 'audioLayer3', 'audioSampling32k', 'audioSampling44k1'),
    ...each(boolean, 'audioSampling48k', 'singleChannel', 'twoChannels'),
    bitRate: integer(1, 448),
  },
  {},
);
export type IS11172AudioCapability = ValueOf<typeof IS11172AudioCapability>;

export const IS13818AudioCapability = sequence(
  {
    ...each(boolean, 'audioLayer1', 'audioLayer2', 'audioLayer3', 'audioSampling16k', 'audioSampling22k05'),
    ...each(boolean, 'audioSampling24k', 'audioSampling32k', 'audioSampling44k1', 'audioSampling48k', 'singleChannel'),
    ...each(boolean, 'twoChannels', 'threeChannels2-1', 'threeChannels3-0', 'fourChannels2-0-2-0', 'fourChannels2-2'),
    ...each(boolean, 'fourChannels3-1', 'fiveChannels3-0-2-0', 'fiveChannels3-2', 'lowFrequencyEnhancement'),
    multilingual: boolean,
    bitRate: integer(1, 1130),
  },
  {},
);
export type IS13818AudioCapability = ValueOf<typeof IS13818AudioCapability>;

export const GSMAudioCapability = sequence({ audioUnitSize: integer(1, 256), comfortNoise: boolean, scrambled: boolean }, {});
export type GSMAudioCapability = ValueOf<typeof GSMAudioCapability>;

export const NoPTAudioTelephonyEventCapability = sequence({ audioTelephoneEvent: generalString }, {});
export type NoPTAudioTelephonyEventCapability = ValueOf<typeof NoPTAudioTelephonyEventCapability>;

export const NoPTAudioToneCapability = sequence({}, {});
export type NoPTAudioToneCapability = ValueOf<typeof NoPTAudioToneCapability>;

/** Tones as RTP events (RFC 4733), the list of events as there. */
export const AudioTelephonyEventCapability = sequence({ dynamicRTPPayloadType: integer(96, 127), audioTelephoneEvent: generalString }, {});
export type AudioTelephonyEventCapability = ValueOf<typeof AudioTelephonyEventCapability>;

export const AudioToneCapability = sequence({ dynamicRTPPayloadType: integer(96, 127) }, {});
export type AudioToneCapability = ValueOf<typeof AudioToneCapability>;

/** Voice band data: audio of any kind but this one. */
export interface VBDCapability extends Extensible {
  readonly type: AudioCapability;
}
export const VBDCapability: Asn1Type<VBDCapability> = sequence({ type: lazy<AudioCapability>(() => AudioCapability) }, {});

export interface ExtendedAudioCapability extends Extensible {
  readonly audioCapability: readonly AudioCapability[];
  readonly audioCapabilityExtension?: readonly GenericCapability[] | undefined;
}
export const ExtendedAudioCapability: Asn1Type<ExtendedAudioCapability> = sequence(
  {
    audioCapability: sequenceOf(lazy<AudioCapability>(() => AudioCapability)),
    audioCapabilityExtension: optional(sequenceOf(GenericCapability)),
  },
  {},
);

export const AudioCapability = choice(
  {
    nonStandard: NonStandardParameter,
    ...each(integer(1, 256), 'g711Alaw64k', 'g711Alaw56k', 'g711Ulaw64k', 'g711Ulaw56k', 'g722-64k', 'g722-56k'),
    'g722-48k': integer(1, 256),
    g7231: sequence({ 'maxAl-sduAudioFrames': integer(1, 256), silenceSuppression: boolean }),
    ...each(integer(1, 256), 'g728', 'g729', 'g729AnnexA'),
    is11172AudioCapability: IS11172AudioCapability,
    is13818AudioCapability: IS13818AudioCapability,
  },
  {
    g729wAnnexB: integer(1, 256),
    g729AnnexAwAnnexB: integer(1, 256),
    g7231AnnexCCapability: G7231AnnexCCapability,
    ...each(GSMAudioCapability, 'gsmFullRate', 'gsmHalfRate', 'gsmEnhancedFullRate'),
    genericAudioCapability: GenericCapability,
    g729Extensions: G729Extensions,
    vbd: VBDCapability,
    audioTelephonyEvent: NoPTAudioTelephonyEventCapability,
    audioTone: NoPTAudioToneCapability,
    extendedAudioCapability: ExtendedAudioCapability,
  },
);
export type AudioCapability = ValueOf<typeof AudioCapability>;
