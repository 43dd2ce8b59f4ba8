/*
 * What the user-user information element of every call-signalling message holds (H.225.0 §7.2.2).
 */

import { boolean, choice, integer, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { StimulusControl } from './call.js';
import { TunnelledProtocol } from './endpoint-type.js';
import { GenericData } from './generic-data.js';
import { CallLinkage } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import {
  FacilityUUIE,
  InformationUUIE,
  NotifyUUIE,
  ProgressUUIE,
  ReleaseCompleteUUIE,
  SetupAcknowledgeUUIE,
  StatusInquiryUUIE,
  StatusUUIE,
} from './signalling-call.js';
import { AlertingUUIE, CallProceedingUUIE, ConnectUUIE, SetupUUIE } from './signalling-setup.js';

/** `empty`: a message that only carries H.245 or other control. */
export const H323MessageBody = choice(
  {
    setup: SetupUUIE,
    callProceeding: CallProceedingUUIE,
    connect: ConnectUUIE,
    alerting: AlertingUUIE,
    information: InformationUUIE,
    releaseComplete: ReleaseCompleteUUIE,
    facility: FacilityUUIE,
  },
  {
    progress: ProgressUUIE,
    empty: nothing,
    status: StatusUUIE,
    statusInquiry: StatusInquiryUUIE,
    setupAcknowledge: SetupAcknowledgeUUIE,
    notify: NotifyUUIE,
  },
);
export type H323MessageBody = ValueOf<typeof H323MessageBody>;

/** `h245Control`: tunnelled H.245 messages, each in its encoding. `fastStart` is in the bodies. */
export const H323UUPDU = sequence(
  { 'h323-message-body': H323MessageBody, nonStandardData: optional(NonStandardParameter) },
  {
    h4501SupplementaryService: sequenceOf(octetString()),
    h245Tunneling: boolean,
    h245Control: sequenceOf(octetString()),
    nonStandardControl: sequenceOf(NonStandardParameter),
    callLinkage: CallLinkage,
    tunnelledSignallingMessage: sequence(
      {
        tunnelledProtocolID: TunnelledProtocol,
        messageContent: sequenceOf(octetString()),
        tunnellingRequired: optional(nothing),
        nonStandardData: optional(NonStandardParameter),
      },
      {},
    ),
    provisionalRespToH245Tunneling: nothing,
    stimulusControl: StimulusControl,
    genericData: sequenceOf(GenericData),
  },
);
export type H323UUPDU = ValueOf<typeof H323UUPDU>;

export const H323UserInformation = sequence(
  {
    'h323-uu-pdu': H323UUPDU,
    'user-data': optional(sequence({ 'protocol-discriminator': integer(0, 255), 'user-information': octetString(1, 131) }, {})),
  },
  {},
);
export type H323UserInformation = ValueOf<typeof H323UserInformation>;
