/*
 * The options of H.263: enhancement layers, custom pictures, reference pictures, and what may be combined with what.
 */

import { boolean, choice, each, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';

export const CustomPictureClockFrequency = sequence(
  {
    clockConversionCode: integer(1000, 1001),
    clockDivisor: integer(1, 127),
    ...each(optional(integer(1, 2048)), 'sqcifMPI', 'qcifMPI', 'cifMPI', 'cif4MPI', 'cif16MPI'),
  },
  {},
);
export type CustomPictureClockFrequency = ValueOf<typeof CustomPictureClockFrequency>;

export const CustomPictureFormat = sequence(
  {
    ...each(integer(1, 2048), 'maxCustomPictureWidth', 'maxCustomPictureHeight', 'minCustomPictureWidth'),
    minCustomPictureHeight: integer(1, 2048),
    mPI: sequence(
      {
        standardMPI: optional(integer(1, 31)),
        customPCF: optional(
          sequenceOf(
            sequence({ clockConversionCode: integer(1000, 1001), clockDivisor: integer(1, 127), customMPI: integer(1, 2048) }, {}),
            1,
            16,
          ),
        ),
      },
      {},
    ),
    pixelAspectInformation: choice(
      {
        anyPixelAspectRatio: boolean,
        pixelAspectCode: sequenceOf(integer(1, 14), 1, 14),
        extendedPAR: sequenceOf(sequence({ width: integer(1, 255), height: integer(1, 255) }, {}), 1, 256),
      },
      {},
    ),
  },
  {},
);
export type CustomPictureFormat = ValueOf<typeof CustomPictureFormat>;

export const H263Version3Options = sequence(
  {
    ...each(boolean, 'dataPartitionedSlices', 'fixedPointIDCT0', 'interlacedFields', 'currentPictureHeaderRepetition'),
    ...each(boolean, 'previousPictureHeaderRepetition', 'nextPictureHeaderRepetition', 'pictureNumber'),
    spareReferencePictures: boolean,
  },
  {},
);
export type H263Version3Options = ValueOf<typeof H263Version3Options>;

export const H263ModeComboFlags = sequence(
  {
    ...each(boolean, 'unrestrictedVector', 'arithmeticCoding', 'advancedPrediction', 'pbFrames'),
    ...each(boolean, 'advancedIntraCodingMode', 'deblockingFilterMode', 'unlimitedMotionVectors'),
    ...each(boolean, 'slicesInOrder-NonRect', 'slicesInOrder-Rect', 'slicesNoOrder-NonRect', 'slicesNoOrder-Rect'),
    ...each(boolean, 'improvedPBFramesMode', 'referencePicSelect', 'dynamicPictureResizingByFour'),
    ...each(boolean, 'dynamicPictureResizingSixteenthPel', 'dynamicWarpingHalfPel', 'dynamicWarpingSixteenthPel'),
    ...each(boolean, 'reducedResolutionUpdate', 'independentSegmentDecoding', 'alternateInterVLCMode'),
    modifiedQuantizationMode: boolean,
  },
  { enhancedReferencePicSelect: boolean, h263Version3Options: H263Version3Options },
);
export type H263ModeComboFlags = ValueOf<typeof H263ModeComboFlags>;

export const H263VideoModeCombos = sequence(
  { h263VideoUncoupledModes: H263ModeComboFlags, h263VideoCoupledModes: sequenceOf(H263ModeComboFlags, 1, 16) },
  {},
);
export type H263VideoModeCombos = ValueOf<typeof H263VideoModeCombos>;

export const RefPictureSelection = sequence(
  {
    additionalPictureMemory: optional(
      sequence(
        {
          ...each(optional(integer(1, 256)), 'sqcifAdditionalPictureMemory', 'qcifAdditionalPictureMemory'),
          ...each(optional(integer(1, 256)), 'cifAdditionalPictureMemory', 'cif4AdditionalPictureMemory'),
          ...each(optional(integer(1, 256)), 'cif16AdditionalPictureMemory', 'bigCpfAdditionalPictureMemory'),
        },
        {},
      ),
    ),
    videoMux: boolean,
    videoBackChannelSend: choice(
      each(nothing, 'none', 'ackMessageOnly', 'nackMessageOnly', 'ackOrNackMessageOnly', 'ackAndNackMessage'),
      {},
    ),
  },
  {
    enhancedReferencePicSelect: sequence(
      {
        subPictureRemovalParameters: optional(
          sequence({ mpuHorizMBs: integer(1, 128), mpuVertMBs: integer(1, 72), mpuTotalNumber: integer(1, 65536) }, {}),
        ),
      },
      {},
    ),
  },
);
export type RefPictureSelection = ValueOf<typeof RefPictureSelection>;

export const TransparencyParameters = sequence(
  {
    presentationOrder: integer(1, 256),
    'offset-x': integer(-262144, 262143),
    'offset-y': integer(-262144, 262143),
    'scale-x': integer(1, 255),
    'scale-y': integer(1, 255),
  },
  {},
);
export type TransparencyParameters = ValueOf<typeof TransparencyParameters>;

export const H263Options = sequence(
  {
    ...each(boolean, 'advancedIntraCodingMode', 'deblockingFilterMode', 'improvedPBFramesMode'),
    ...each(boolean, 'unlimitedMotionVectors', 'fullPictureFreeze', 'partialPictureFreezeAndRelease'),
    ...each(boolean, 'resizingPartPicFreezeAndRelease', 'fullPictureSnapshot', 'partialPictureSnapshot'),
    ...each(boolean, 'videoSegmentTagging', 'progressiveRefinement', 'dynamicPictureResizingByFour'),
    ...each(boolean, 'dynamicPictureResizingSixteenthPel', 'dynamicWarpingHalfPel', 'dynamicWarpingSixteenthPel'),
    ...each(boolean, 'independentSegmentDecoding', 'slicesInOrder-NonRect', 'slicesInOrder-Rect'),
    ...each(boolean, 'slicesNoOrder-NonRect', 'slicesNoOrder-Rect', 'alternateInterVLCMode'),
    ...each(boolean, 'modifiedQuantizationMode', 'reducedResolutionUpdate'),
    transparencyParameters: optional(TransparencyParameters),
    separateVideoBackChannel: boolean,
    refPictureSelection: optional(RefPictureSelection),
    customPictureClockFrequency: optional(sequenceOf(CustomPictureClockFrequency, 1, 16)),
    customPictureFormat: optional(sequenceOf(CustomPictureFormat, 1, 16)),
    modeCombos: optional(sequenceOf(H263VideoModeCombos, 1, 16)),
  },
  { videoBadMBsCap: boolean, h263Version3Options: H263Version3Options },
);
export type H263Options = ValueOf<typeof H263Options>;

export const EnhancementOptions = sequence(
  {
    ...each(optional(integer(1, 32)), 'sqcifMPI', 'qcifMPI', 'cifMPI', 'cif4MPI', 'cif16MPI'),
    maxBitRate: integer(1, 192400),
    ...each(boolean, 'unrestrictedVector', 'arithmeticCoding', 'temporalSpatialTradeOffCapability'),
    ...each(optional(integer(1, 3600)), 'slowSqcifMPI', 'slowQcifMPI', 'slowCifMPI', 'slowCif4MPI', 'slowCif16MPI'),
    errorCompensation: boolean,
    h263Options: optional(H263Options),
  },
  {},
);
export type EnhancementOptions = ValueOf<typeof EnhancementOptions>;

export const BEnhancementParameters = sequence({ enhancementOptions: EnhancementOptions, numberOfBPictures: integer(1, 64) }, {});
export type BEnhancementParameters = ValueOf<typeof BEnhancementParameters>;

export const EnhancementLayerInfo = sequence(
  {
    baseBitRateConstrained: boolean,
    snrEnhancement: optional(sequenceOf(EnhancementOptions, 1, 14)),
    spatialEnhancement: optional(sequenceOf(EnhancementOptions, 1, 14)),
    bPictureEnhancement: optional(sequenceOf(BEnhancementParameters, 1, 14)),
  },
  {},
);
export type EnhancementLayerInfo = ValueOf<typeof EnhancementLayerInfo>;
