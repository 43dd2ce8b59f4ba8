/*
 * Commands: to be done, not answered. The requests for a new picture and the updates of session keys are among them.
 */

import { choice, each, integer, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { LogicalChannelNumber, SequenceNumber } from './common.js';
import { MultiplePayloadStream } from './data-type.js';
import { EncryptionSync, EncryptionUpdateDirection, EncryptionUpdateRequest } from './security.js';
import { GenericInformation, NonStandardParameter } from './shared.js';

export const EncryptionCommand = choice(
  {
    encryptionSE: octetString(),
    encryptionIVRequest: nothing,
    encryptionAlgorithmID: sequence({ h233AlgorithmIdentifier: SequenceNumber, associatedAlgorithm: NonStandardParameter }),
  },
  {},
);
export type EncryptionCommand = ValueOf<typeof EncryptionCommand>;

/** `disconnect` in H.323; the others tell a gateway what its line shall do next. */
export const EndSessionCommand = choice(
  {
    nonStandard: NonStandardParameter,
    disconnect: nothing,
    gstnOptions: choice(each(nothing, 'telephonyMode', 'v8bis', 'v34DSVD', 'v34DuplexFAX', 'v34H324'), {}),
  },
  { isdnOptions: choice(each(nothing, 'telephonyMode', 'v140', 'terminalOnHold'), {}), genericInformation: sequenceOf(GenericInformation) },
);
export type EndSessionCommand = ValueOf<typeof EndSessionCommand>;

export const PictureReference = choice({ pictureNumber: integer(0, 1023), longTermPictureIndex: integer(0, 255) }, {});
export type PictureReference = ValueOf<typeof PictureReference>;

/** Picture and group of blocks numbers as in H.261 and H.263. `maxH223MUXPDUsize` in octets. */
export const MiscellaneousCommand = sequence(
  {
    logicalChannelNumber: LogicalChannelNumber,
    type: choice(
      {
        ...each(nothing, 'equaliseDelay', 'zeroDelay', 'multipointModeCommand', 'cancelMultipointModeCommand'),
        ...each(nothing, 'videoFreezePicture', 'videoFastUpdatePicture'),
        videoFastUpdateGOB: sequence({ firstGOB: integer(0, 17), numberOfGOBs: integer(1, 18) }),
        videoTemporalSpatialTradeOff: integer(0, 31),
        videoSendSyncEveryGOB: nothing,
        videoSendSyncEveryGOBCancel: nothing,
      },
      {
        videoFastUpdateMB: sequence(
          { firstGOB: optional(integer(0, 255)), firstMB: optional(integer(1, 8192)), numberOfMBs: integer(1, 8192) },
          {},
        ),
        maxH223MUXPDUsize: integer(1, 65535),
        encryptionUpdate: EncryptionSync,
        encryptionUpdateRequest: EncryptionUpdateRequest,
        switchReceiveMediaOff: nothing,
        switchReceiveMediaOn: nothing,
        progressiveRefinementStart: sequence(
          {
            repeatCount: choice(
              {
                ...each(nothing, 'doOneProgression', 'doContinuousProgressions', 'doOneIndependentProgression'),
                doContinuousIndependentProgressions: nothing,
              },
              {},
            ),
          },
          {},
        ),
        progressiveRefinementAbortOne: nothing,
        progressiveRefinementAbortContinuous: nothing,
        videoBadMBs: sequence({ firstMB: integer(1, 9216), numberOfMBs: integer(1, 9216), temporalReference: integer(0, 1023) }, {}),
        lostPicture: sequenceOf(PictureReference),
        lostPartialPicture: sequence({ pictureReference: PictureReference, firstMB: integer(1, 9216), numberOfMBs: integer(1, 9216) }, {}),
        recoveryReferencePicture: sequenceOf(PictureReference),
        encryptionUpdateCommand: sequence({ encryptionSync: EncryptionSync, multiplePayloadStream: optional(MultiplePayloadStream) }, {}),
        encryptionUpdateAck: sequence({ synchFlag: integer(0, 255) }, {}),
      },
    ),
  },
  { direction: EncryptionUpdateDirection },
);
export type MiscellaneousCommand = ValueOf<typeof MiscellaneousCommand>;

export const H223MultiplexReconfiguration = choice(
  {
    h223ModeChange: choice(each(nothing, 'toLevel0', 'toLevel1', 'toLevel2', 'toLevel2withOptionalHeader'), {}),
    h223AnnexADoubleFlag: choice({ start: nothing, stop: nothing }, {}),
  },
  {},
);
export type H223MultiplexReconfiguration = ValueOf<typeof H223MultiplexReconfiguration>;

export const MobileMultilinkReconfigurationCommand = sequence(
  {
    sampleSize: integer(1, 255),
    samplesPerFrame: integer(1, 255),
    status: choice({ synchronized: nothing, reconfiguration: nothing }, {}),
  },
  {},
);
export type MobileMultilinkReconfigurationCommand = ValueOf<typeof MobileMultilinkReconfigurationCommand>;
