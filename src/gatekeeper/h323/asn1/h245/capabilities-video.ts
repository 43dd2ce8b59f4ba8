/*
 * Video that a terminal can receive or send. Newer codecs (H.264 in H.241, H.265) come as generic capabilities.
 */

import { type Asn1Type, boolean, choice, each, integer, lazy, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { type Extensible, GenericCapability } from './common.js';
import { EnhancementLayerInfo, H263Options } from './h263-options.js';
import { NonStandardParameter } from './shared.js';

/** MPI: the least interval between pictures, in units of 1/29.97 s. `maxBitRate` in units of 100 bit/s. */
export const H261VideoCapability = sequence(
  {
    qcifMPI: optional(integer(1, 4)),
    cifMPI: optional(integer(1, 4)),
    temporalSpatialTradeOffCapability: boolean,
    maxBitRate: integer(1, 19200),
    stillImageTransmission: boolean,
  },
  { videoBadMBsCap: boolean },
);
export type H261VideoCapability = ValueOf<typeof H261VideoCapability>;

/** `videoBitRate` in units of 400 bit/s, `vbvBufferSize` of 16,384 bits. */
export const H262VideoCapability = sequence(
  {
    ...each(boolean, 'profileAndLevel-SPatML', 'profileAndLevel-MPatLL', 'profileAndLevel-MPatML'),
    ...each(boolean, 'profileAndLevel-MPatH-14', 'profileAndLevel-MPatHL', 'profileAndLevel-SNRatLL'),
    ...each(boolean, 'profileAndLevel-SNRatML', 'profileAndLevel-SpatialatH-14', 'profileAndLevel-HPatML'),
    ...each(boolean, 'profileAndLevel-HPatH-14', 'profileAndLevel-HPatHL'),
    videoBitRate: optional(integer(0, 1_073_741_823)),
    vbvBufferSize: optional(integer(0, 262143)),
    samplesPerLine: optional(integer(0, 16383)),
    linesPerFrame: optional(integer(0, 16383)),
    framesPerSecond: optional(integer(0, 15)),
    luminanceSampleRate: optional(integer(0, 4_294_967_295)),
  },
  { videoBadMBsCap: boolean },
);
export type H262VideoCapability = ValueOf<typeof H262VideoCapability>;

/** MPI in units of 1/29.97 s, slow ones in s; `maxBitRate` in units of 100 bit/s; `hrd-B` of 128 bits, `bppMaxKb` of 1024 bits. */
export const H263VideoCapability = sequence(
  {
    ...each(optional(integer(1, 32)), 'sqcifMPI', 'qcifMPI', 'cifMPI', 'cif4MPI', 'cif16MPI'),
    maxBitRate: integer(1, 192400),
    ...each(boolean, 'unrestrictedVector', 'arithmeticCoding', 'advancedPrediction', 'pbFrames'),
    temporalSpatialTradeOffCapability: boolean,
    'hrd-B': optional(integer(0, 524287)),
    bppMaxKb: optional(integer(0, 65535)),
  },
  {
    ...each(integer(1, 3600), 'slowSqcifMPI', 'slowQcifMPI', 'slowCifMPI', 'slowCif4MPI', 'slowCif16MPI'),
    errorCompensation: boolean,
    enhancementLayerInfo: EnhancementLayerInfo,
    h263Options: H263Options,
  },
);
export type H263VideoCapability = ValueOf<typeof H263VideoCapability>;

export const IS11172VideoCapability = sequence(
  {
    constrainedBitstream: boolean,
    videoBitRate: optional(integer(0, 1_073_741_823)),
    vbvBufferSize: optional(integer(0, 262143)),
    samplesPerLine: optional(integer(0, 16383)),
    linesPerFrame: optional(integer(0, 16383)),
    pictureRate: optional(integer(0, 15)),
    luminanceSampleRate: optional(integer(0, 4_294_967_295)),
  },
  { videoBadMBsCap: boolean },
);
export type IS11172VideoCapability = ValueOf<typeof IS11172VideoCapability>;

export interface ExtendedVideoCapability extends Extensible {
  readonly videoCapability: readonly VideoCapability[];
  readonly videoCapabilityExtension?: readonly GenericCapability[] | undefined;
}
export const ExtendedVideoCapability: Asn1Type<ExtendedVideoCapability> = sequence(
  {
    videoCapability: sequenceOf(lazy<VideoCapability>(() => VideoCapability)),
    videoCapabilityExtension: optional(sequenceOf(GenericCapability)),
  },
  {},
);

export const VideoCapability = choice(
  {
    nonStandard: NonStandardParameter,
    h261VideoCapability: H261VideoCapability,
    h262VideoCapability: H262VideoCapability,
    h263VideoCapability: H263VideoCapability,
    is11172VideoCapability: IS11172VideoCapability,
  },
  { genericVideoCapability: GenericCapability, extendedVideoCapability: ExtendedVideoCapability },
);
export type VideoCapability = ValueOf<typeof VideoCapability>;
