/*
 * The terminal capability set: numbered capabilities, and which of them go together.
 */

import { boolean, choice, each, integer, nothing, objectIdentifier, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AudioCapability, AudioTelephonyEventCapability, AudioToneCapability } from './capabilities-audio.js';
import { DataApplicationCapability } from './capabilities-data.js';
import { MultiplexCapability, MultiplexedStreamCapability } from './capabilities-multiplex.js';
import { VideoCapability } from './capabilities-video.js';
import { AlternativeCapabilitySet, CapabilityTableEntryNumber, GenericCapability, SequenceNumber } from './common.js';
import { DepFECCapability, FECCapability, RedundancyEncodingCapability } from './redundancy.js';
import { H235SecurityCapability } from './security.js';
import { GenericInformation, NonStandardParameter } from './shared.js';

export const UserInputCapability = choice(
  {
    nonStandard: sequenceOf(NonStandardParameter, 1, 16),
    ...each(nothing, 'basicString', 'iA5String', 'generalString', 'dtmf', 'hookflash'),
  },
  {
    ...each(nothing, 'extendedAlphanumeric', 'encryptedBasicString', 'encryptedIA5String', 'encryptedGeneralString'),
    secureDTMF: nothing,
    genericUserInputCapability: GenericCapability,
  },
);
export type UserInputCapability = ValueOf<typeof UserInputCapability>;

export const ConferenceCapability = sequence(
  { nonStandardData: optional(sequenceOf(NonStandardParameter)), chairControlCapability: boolean },
  { videoIndicateMixingCapability: boolean, multipointVisualizationCapability: boolean },
);
export type ConferenceCapability = ValueOf<typeof ConferenceCapability>;

export const MultiplePayloadStreamCapability = sequence({ capabilities: sequenceOf(AlternativeCapabilitySet, 1, 256) }, {});
export type MultiplePayloadStreamCapability = ValueOf<typeof MultiplePayloadStreamCapability>;

export const Capability = choice(
  {
    nonStandard: NonStandardParameter,
    ...each(VideoCapability, 'receiveVideoCapability', 'transmitVideoCapability', 'receiveAndTransmitVideoCapability'),
    ...each(AudioCapability, 'receiveAudioCapability', 'transmitAudioCapability', 'receiveAndTransmitAudioCapability'),
    ...each(DataApplicationCapability, 'receiveDataApplicationCapability', 'transmitDataApplicationCapability'),
    receiveAndTransmitDataApplicationCapability: DataApplicationCapability,
    h233EncryptionTransmitCapability: boolean,
    h233EncryptionReceiveCapability: sequence({ h233IVResponseTime: integer(0, 255) }, {}),
  },
  {
    conferenceCapability: ConferenceCapability,
    h235SecurityCapability: H235SecurityCapability,
    maxPendingReplacementFor: integer(0, 255),
    ...each(UserInputCapability, 'receiveUserInputCapability', 'transmitUserInputCapability'),
    receiveAndTransmitUserInputCapability: UserInputCapability,
    genericControlCapability: GenericCapability,
    ...each(MultiplexedStreamCapability, 'receiveMultiplexedStreamCapability', 'transmitMultiplexedStreamCapability'),
    receiveAndTransmitMultiplexedStreamCapability: MultiplexedStreamCapability,
    receiveRTPAudioTelephonyEventCapability: AudioTelephonyEventCapability,
    receiveRTPAudioToneCapability: AudioToneCapability,
    depFecCapability: DepFECCapability,
    multiplePayloadStreamCapability: MultiplePayloadStreamCapability,
    fecCapability: FECCapability,
    redundancyEncodingCap: RedundancyEncodingCapability,
    oneOfCapabilities: AlternativeCapabilitySet,
  },
);
export type Capability = ValueOf<typeof Capability>;

/** Without `capability` the entry is withdrawn. */
export const CapabilityTableEntry = sequence({ capabilityTableEntryNumber: CapabilityTableEntryNumber, capability: optional(Capability) });
export type CapabilityTableEntry = ValueOf<typeof CapabilityTableEntry>;

export const CapabilityDescriptorNumber = integer(0, 255);
export type CapabilityDescriptorNumber = ValueOf<typeof CapabilityDescriptorNumber>;

/** One of each alternative set can be used at the same time. Without `simultaneousCapabilities` the descriptor is withdrawn. */
export const CapabilityDescriptor = sequence({
  capabilityDescriptorNumber: CapabilityDescriptorNumber,
  simultaneousCapabilities: optional(sequenceOf(AlternativeCapabilitySet, 1, 256)),
});
export type CapabilityDescriptor = ValueOf<typeof CapabilityDescriptor>;

export const TerminalCapabilitySet = sequence(
  {
    sequenceNumber: SequenceNumber,
    protocolIdentifier: objectIdentifier,
    multiplexCapability: optional(MultiplexCapability),
    capabilityTable: optional(sequenceOf(CapabilityTableEntry, 1, 256)),
    capabilityDescriptors: optional(sequenceOf(CapabilityDescriptor, 1, 256)),
  },
  { genericInformation: sequenceOf(GenericInformation) },
);
export type TerminalCapabilitySet = ValueOf<typeof TerminalCapabilitySet>;

export const TerminalCapabilitySetAck = sequence(
  { sequenceNumber: SequenceNumber },
  { genericInformation: sequenceOf(GenericInformation) },
);
export type TerminalCapabilitySetAck = ValueOf<typeof TerminalCapabilitySetAck>;

export const TerminalCapabilitySetReject = sequence(
  {
    sequenceNumber: SequenceNumber,
    cause: choice(
      {
        ...each(nothing, 'unspecified', 'undefinedTableEntryUsed', 'descriptorCapacityExceeded'),
        tableEntryCapacityExceeded: choice({ highestEntryNumberProcessed: CapabilityTableEntryNumber, noneProcessed: nothing }),
      },
      {},
    ),
  },
  { genericInformation: sequenceOf(GenericInformation) },
);
export type TerminalCapabilitySetReject = ValueOf<typeof TerminalCapabilitySetReject>;

export const TerminalCapabilitySetRelease = sequence({}, { genericInformation: sequenceOf(GenericInformation) });
export type TerminalCapabilitySetRelease = ValueOf<typeof TerminalCapabilitySetRelease>;

export const SendTerminalCapabilitySet = choice(
  {
    specificRequest: sequence(
      {
        multiplexCapability: boolean,
        capabilityTableEntryNumbers: optional(sequenceOf(CapabilityTableEntryNumber, 1, 65535)),
        capabilityDescriptorNumbers: optional(sequenceOf(CapabilityDescriptorNumber, 1, 256)),
      },
      {},
    ),
    genericRequest: nothing,
  },
  {},
);
export type SendTerminalCapabilitySet = ValueOf<typeof SendTerminalCapabilitySet>;
