/*
 * Conference control between a terminal and an MC, after H.230 and H.243.
 */

import { choice, each, integer, nothing, objectIdentifier, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { LogicalChannelNumber, McuNumber, TerminalLabel, TerminalNumber } from './common.js';

export const Criteria = sequence({ field: objectIdentifier, value: octetString(1, 65535) }, {});
export type Criteria = ValueOf<typeof Criteria>;

export const CertSelectionCriteria = sequenceOf(Criteria, 1, 16);
export type CertSelectionCriteria = ValueOf<typeof CertSelectionCriteria>;

export const RemoteMCRequest = choice(each(nothing, 'masterActivate', 'slaveActivate', 'deActivate'), {});
export type RemoteMCRequest = ValueOf<typeof RemoteMCRequest>;

export const ConferenceRequest = choice(
  {
    ...each(nothing, 'terminalListRequest', 'makeMeChair', 'cancelMakeMeChair'),
    dropTerminal: TerminalLabel,
    requestTerminalID: TerminalLabel,
    ...each(nothing, 'enterH243Password', 'enterH243TerminalID', 'enterH243ConferenceID'),
  },
  {
    enterExtensionAddress: nothing,
    requestChairTokenOwner: nothing,
    requestTerminalCertificate: sequence(
      {
        terminalLabel: optional(TerminalLabel),
        certSelectionCriteria: optional(CertSelectionCriteria),
        sRandom: optional(integer(1, 4_294_967_295)),
      },
      {},
    ),
    broadcastMyLogicalChannel: LogicalChannelNumber,
    makeTerminalBroadcaster: TerminalLabel,
    sendThisSource: TerminalLabel,
    requestAllTerminalIDs: nothing,
    remoteMCRequest: RemoteMCRequest,
  },
);
export type ConferenceRequest = ValueOf<typeof ConferenceRequest>;

export const TerminalID = octetString(1, 128);
export type TerminalID = ValueOf<typeof TerminalID>;

export const ConferenceID = octetString(1, 32);
export type ConferenceID = ValueOf<typeof ConferenceID>;

export const Password = octetString(1, 32);
export type Password = ValueOf<typeof Password>;

export const TerminalInformation = sequence({ terminalLabel: TerminalLabel, terminalID: TerminalID }, {});
export type TerminalInformation = ValueOf<typeof TerminalInformation>;

export const RequestAllTerminalIDsResponse = sequence({ terminalInformation: sequenceOf(TerminalInformation) }, {});
export type RequestAllTerminalIDsResponse = ValueOf<typeof RequestAllTerminalIDsResponse>;

export const RemoteMCResponse = choice(
  { accept: nothing, reject: choice({ unspecified: nothing, functionNotSupported: nothing }, {}) },
  {},
);
export type RemoteMCResponse = ValueOf<typeof RemoteMCResponse>;

export const ConferenceResponse = choice(
  {
    mCTerminalIDResponse: sequence({ terminalLabel: TerminalLabel, terminalID: TerminalID }, {}),
    terminalIDResponse: sequence({ terminalLabel: TerminalLabel, terminalID: TerminalID }, {}),
    conferenceIDResponse: sequence({ terminalLabel: TerminalLabel, conferenceID: ConferenceID }, {}),
    passwordResponse: sequence({ terminalLabel: TerminalLabel, password: Password }, {}),
    terminalListResponse: sequenceOf(TerminalLabel, 1, 256),
    videoCommandReject: nothing,
    terminalDropReject: nothing,
    makeMeChairResponse: choice({ grantedChairToken: nothing, deniedChairToken: nothing }, {}),
  },
  {
    extensionAddressResponse: sequence({ extensionAddress: TerminalID }, {}),
    chairTokenOwnerResponse: sequence({ terminalLabel: TerminalLabel, terminalID: TerminalID }, {}),
    terminalCertificateResponse: sequence(
      { terminalLabel: optional(TerminalLabel), certificateResponse: optional(octetString(1, 65535)) },
      {},
    ),
    broadcastMyLogicalChannelResponse: choice({ grantedBroadcastMyLogicalChannel: nothing, deniedBroadcastMyLogicalChannel: nothing }, {}),
    makeTerminalBroadcasterResponse: choice({ grantedMakeTerminalBroadcaster: nothing, deniedMakeTerminalBroadcaster: nothing }, {}),
    sendThisSourceResponse: choice({ grantedSendThisSource: nothing, deniedSendThisSource: nothing }, {}),
    requestAllTerminalIDsResponse: RequestAllTerminalIDsResponse,
    remoteMCResponse: RemoteMCResponse,
  },
);
export type ConferenceResponse = ValueOf<typeof ConferenceResponse>;

export const SubstituteConferenceIDCommand = sequence({ conferenceIdentifier: octetString(16, 16) }, {});
export type SubstituteConferenceIDCommand = ValueOf<typeof SubstituteConferenceIDCommand>;

export const ConferenceCommand = choice(
  {
    broadcastMyLogicalChannel: LogicalChannelNumber,
    cancelBroadcastMyLogicalChannel: LogicalChannelNumber,
    makeTerminalBroadcaster: TerminalLabel,
    cancelMakeTerminalBroadcaster: nothing,
    sendThisSource: TerminalLabel,
    cancelSendThisSource: nothing,
    dropConference: nothing,
  },
  { substituteConferenceIDCommand: SubstituteConferenceIDCommand },
);
export type ConferenceCommand = ValueOf<typeof ConferenceCommand>;

export const TerminalYouAreSeeingInSubPictureNumber = sequence(
  { terminalNumber: TerminalNumber, subPictureNumber: integer(0, 255) },
  { mcuNumber: McuNumber },
);
export type TerminalYouAreSeeingInSubPictureNumber = ValueOf<typeof TerminalYouAreSeeingInSubPictureNumber>;

export const VideoIndicateCompose = sequence({ compositionNumber: integer(0, 255) }, {});
export type VideoIndicateCompose = ValueOf<typeof VideoIndicateCompose>;

export const ConferenceIndication = choice(
  {
    sbeNumber: integer(0, 9),
    ...each(TerminalLabel, 'terminalNumberAssign', 'terminalJoinedConference', 'terminalLeftConference'),
    ...each(nothing, 'seenByAtLeastOneOther', 'cancelSeenByAtLeastOneOther', 'seenByAll', 'cancelSeenByAll'),
    terminalYouAreSeeing: TerminalLabel,
    requestForFloor: nothing,
  },
  {
    withdrawChairToken: nothing,
    floorRequested: TerminalLabel,
    terminalYouAreSeeingInSubPictureNumber: TerminalYouAreSeeingInSubPictureNumber,
    videoIndicateCompose: VideoIndicateCompose,
    masterMCU: nothing,
    cancelMasterMCU: nothing,
  },
);
export type ConferenceIndication = ValueOf<typeof ConferenceIndication>;
