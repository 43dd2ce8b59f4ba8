/*
 * The communication mode of a conference: which sessions there are, told by its MC.
 */

import { bmpString, boolean, choice, integer, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { TransportAddress } from './addresses.js';
import { AudioCapability } from './capabilities-audio.js';
import { DataApplicationCapability } from './capabilities-data.js';
import { VideoCapability } from './capabilities-video.js';
import { TerminalLabel } from './common.js';
import { RedundancyEncoding } from './data-type.js';
import { NonStandardParameter } from './shared.js';

/** Without `terminalLabel` the entry holds for all participants. */
export const CommunicationModeTableEntry = sequence(
  {
    nonStandard: optional(sequenceOf(NonStandardParameter)),
    sessionID: integer(1, 255),
    associatedSessionID: optional(integer(1, 255)),
    terminalLabel: optional(TerminalLabel),
    sessionDescription: bmpString(1, 128),
    dataType: choice({ videoData: VideoCapability, audioData: AudioCapability, data: DataApplicationCapability }, {}),
    mediaChannel: optional(TransportAddress),
    mediaGuaranteedDelivery: optional(boolean),
    mediaControlChannel: optional(TransportAddress),
    mediaControlGuaranteedDelivery: optional(boolean),
  },
  { redundancyEncoding: RedundancyEncoding, sessionDependency: integer(1, 255), destination: TerminalLabel },
);
export type CommunicationModeTableEntry = ValueOf<typeof CommunicationModeTableEntry>;

export const CommunicationModeCommand = sequence({ communicationModeTable: sequenceOf(CommunicationModeTableEntry, 1, 256) }, {});
export type CommunicationModeCommand = ValueOf<typeof CommunicationModeCommand>;

export const CommunicationModeRequest = sequence({}, {});
export type CommunicationModeRequest = ValueOf<typeof CommunicationModeRequest>;

export const CommunicationModeResponse = choice({ communicationModeTable: sequenceOf(CommunicationModeTableEntry, 1, 256) }, {});
export type CommunicationModeResponse = ValueOf<typeof CommunicationModeResponse>;
