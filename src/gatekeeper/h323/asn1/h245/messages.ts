/*
 * The messages of H.245 by their four classes.
 */

import { choice, type ValueOf } from '../schema.js';
import { NewATMVCCommand, NewATMVCIndication } from './atm.js';
import {
  SendTerminalCapabilitySet,
  TerminalCapabilitySet,
  TerminalCapabilitySetAck,
  TerminalCapabilitySetReject,
  TerminalCapabilitySetRelease,
} from './capabilities.js';
import {
  EncryptionCommand,
  EndSessionCommand,
  H223MultiplexReconfiguration,
  MiscellaneousCommand,
  MobileMultilinkReconfigurationCommand,
} from './commands.js';
import { NonStandardMessage } from './common.js';
import { CommunicationModeCommand, CommunicationModeRequest, CommunicationModeResponse } from './communication-mode.js';
import { ConferenceCommand, ConferenceIndication, ConferenceRequest, ConferenceResponse } from './conference.js';
import { FlowControlCommand, FlowControlIndication } from './flow-control.js';
import {
  FunctionNotSupported,
  H223SkewIndication,
  H2250MaximumSkewIndication,
  JitterIndication,
  MCLocationIndication,
  MiscellaneousIndication,
  MobileMultilinkReconfigurationIndication,
  UserInputIndication,
  VendorIdentification,
} from './indications.js';
import {
  CloseLogicalChannel,
  CloseLogicalChannelAck,
  LogicalChannelRateAcknowledge,
  LogicalChannelRateReject,
  LogicalChannelRateRelease,
  LogicalChannelRateRequest,
  OpenLogicalChannel,
  OpenLogicalChannelAck,
  OpenLogicalChannelConfirm,
  OpenLogicalChannelReject,
  RequestChannelClose,
  RequestChannelCloseAck,
  RequestChannelCloseReject,
  RequestChannelCloseRelease,
} from './logical-channel.js';
import {
  MaintenanceLoopAck,
  MaintenanceLoopOffCommand,
  MaintenanceLoopReject,
  MaintenanceLoopRequest,
  RoundTripDelayRequest,
  RoundTripDelayResponse,
} from './maintenance.js';
import {
  MasterSlaveDetermination,
  MasterSlaveDeterminationAck,
  MasterSlaveDeterminationReject,
  MasterSlaveDeterminationRelease,
} from './master-slave.js';
import { RequestMode, RequestModeAck, RequestModeReject, RequestModeRelease } from './modes.js';
import { MultilinkIndication, MultilinkRequest, MultilinkResponse } from './multilink.js';
import {
  MultiplexEntrySend,
  MultiplexEntrySendAck,
  MultiplexEntrySendReject,
  MultiplexEntrySendRelease,
  RequestMultiplexEntry,
  RequestMultiplexEntryAck,
  RequestMultiplexEntryReject,
  RequestMultiplexEntryRelease,
} from './multiplex-table.js';
import { GenericMessage } from './shared.js';

export const RequestMessage = choice(
  {
    nonStandard: NonStandardMessage,
    masterSlaveDetermination: MasterSlaveDetermination,
    terminalCapabilitySet: TerminalCapabilitySet,
    openLogicalChannel: OpenLogicalChannel,
    closeLogicalChannel: CloseLogicalChannel,
    requestChannelClose: RequestChannelClose,
    multiplexEntrySend: MultiplexEntrySend,
    requestMultiplexEntry: RequestMultiplexEntry,
    requestMode: RequestMode,
    roundTripDelayRequest: RoundTripDelayRequest,
    maintenanceLoopRequest: MaintenanceLoopRequest,
  },
  {
    communicationModeRequest: CommunicationModeRequest,
    conferenceRequest: ConferenceRequest,
    multilinkRequest: MultilinkRequest,
    logicalChannelRateRequest: LogicalChannelRateRequest,
    genericRequest: GenericMessage,
  },
);
export type RequestMessage = ValueOf<typeof RequestMessage>;

export const ResponseMessage = choice(
  {
    nonStandard: NonStandardMessage,
    masterSlaveDeterminationAck: MasterSlaveDeterminationAck,
    masterSlaveDeterminationReject: MasterSlaveDeterminationReject,
    terminalCapabilitySetAck: TerminalCapabilitySetAck,
    terminalCapabilitySetReject: TerminalCapabilitySetReject,
    openLogicalChannelAck: OpenLogicalChannelAck,
    openLogicalChannelReject: OpenLogicalChannelReject,
    closeLogicalChannelAck: CloseLogicalChannelAck,
    requestChannelCloseAck: RequestChannelCloseAck,
    requestChannelCloseReject: RequestChannelCloseReject,
    multiplexEntrySendAck: MultiplexEntrySendAck,
    multiplexEntrySendReject: MultiplexEntrySendReject,
    requestMultiplexEntryAck: RequestMultiplexEntryAck,
    requestMultiplexEntryReject: RequestMultiplexEntryReject,
    requestModeAck: RequestModeAck,
    requestModeReject: RequestModeReject,
    roundTripDelayResponse: RoundTripDelayResponse,
    maintenanceLoopAck: MaintenanceLoopAck,
    maintenanceLoopReject: MaintenanceLoopReject,
  },
  {
    communicationModeResponse: CommunicationModeResponse,
    conferenceResponse: ConferenceResponse,
    multilinkResponse: MultilinkResponse,
    logicalChannelRateAcknowledge: LogicalChannelRateAcknowledge,
    logicalChannelRateReject: LogicalChannelRateReject,
    genericResponse: GenericMessage,
  },
);
export type ResponseMessage = ValueOf<typeof ResponseMessage>;

export const CommandMessage = choice(
  {
    nonStandard: NonStandardMessage,
    maintenanceLoopOffCommand: MaintenanceLoopOffCommand,
    sendTerminalCapabilitySet: SendTerminalCapabilitySet,
    encryptionCommand: EncryptionCommand,
    flowControlCommand: FlowControlCommand,
    endSessionCommand: EndSessionCommand,
    miscellaneousCommand: MiscellaneousCommand,
  },
  {
    communicationModeCommand: CommunicationModeCommand,
    conferenceCommand: ConferenceCommand,
    h223MultiplexReconfiguration: H223MultiplexReconfiguration,
    newATMVCCommand: NewATMVCCommand,
    mobileMultilinkReconfigurationCommand: MobileMultilinkReconfigurationCommand,
    genericCommand: GenericMessage,
  },
);
export type CommandMessage = ValueOf<typeof CommandMessage>;

/** Gives back what was not understood. */
export const FunctionNotUnderstood = choice({ request: RequestMessage, response: ResponseMessage, command: CommandMessage });
export type FunctionNotUnderstood = ValueOf<typeof FunctionNotUnderstood>;

export const IndicationMessage = choice(
  {
    nonStandard: NonStandardMessage,
    functionNotUnderstood: FunctionNotUnderstood,
    masterSlaveDeterminationRelease: MasterSlaveDeterminationRelease,
    terminalCapabilitySetRelease: TerminalCapabilitySetRelease,
    openLogicalChannelConfirm: OpenLogicalChannelConfirm,
    requestChannelCloseRelease: RequestChannelCloseRelease,
    multiplexEntrySendRelease: MultiplexEntrySendRelease,
    requestMultiplexEntryRelease: RequestMultiplexEntryRelease,
    requestModeRelease: RequestModeRelease,
    miscellaneousIndication: MiscellaneousIndication,
    jitterIndication: JitterIndication,
    h223SkewIndication: H223SkewIndication,
    newATMVCIndication: NewATMVCIndication,
    userInput: UserInputIndication,
  },
  {
    h2250MaximumSkewIndication: H2250MaximumSkewIndication,
    mcLocationIndication: MCLocationIndication,
    conferenceIndication: ConferenceIndication,
    vendorIdentification: VendorIdentification,
    functionNotSupported: FunctionNotSupported,
    multilinkIndication: MultilinkIndication,
    logicalChannelRateRelease: LogicalChannelRateRelease,
    flowControlIndication: FlowControlIndication,
    mobileMultilinkReconfigurationIndication: MobileMultilinkReconfigurationIndication,
    genericIndication: GenericMessage,
  },
);
export type IndicationMessage = ValueOf<typeof IndicationMessage>;

/** What an H.245 PDU is. */
export const MultimediaSystemControlMessage = choice(
  { request: RequestMessage, response: ResponseMessage, command: CommandMessage, indication: IndicationMessage },
  {},
);
export type MultimediaSystemControlMessage = ValueOf<typeof MultimediaSystemControlMessage>;
