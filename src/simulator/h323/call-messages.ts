import type { H323MessageBody, H323UserInformation } from '../../gatekeeper/h323/asn1/h225.js';
import { element } from '../../gatekeeper/h323/q931/element.js';
import type { H225Message } from '../../gatekeeper/h323/q931/h225-message.js';
import {
  bearerCapability,
  callState,
  cause,
  display,
  emptyFacility,
  videoCallBearer,
} from '../../gatekeeper/h323/q931/information-elements.js';
import { partyNumber } from '../../gatekeeper/h323/q931/party-number.js';
import type { InformationElement, KnownMessageType } from '../../gatekeeper/h323/q931/q931-message.js';

export type SetupBody = Extract<H323MessageBody, { type: 'setup' }>['value'];
export type ConnectBody = Extract<H323MessageBody, { type: 'connect' }>['value'];
export type FacilityBody = Extract<H323MessageBody, { type: 'facility' }>['value'];
export type ReleaseBody = Extract<H323MessageBody, { type: 'releaseComplete' }>['value'];
export type ReleaseReason = NonNullable<ReleaseBody['reason']>;

/** What goes with a body in the same message. */
export interface UserInformationExtras {
  readonly h245Tunneling: boolean;
  readonly h245Control?: readonly Uint8Array[] | undefined;
  readonly h4501SupplementaryService?: readonly Uint8Array[] | undefined;
}

/** Who sends, seen from Q.931. */
export interface Reference {
  readonly callReference: number;
  readonly fromDestination: boolean;
}

function message(reference: Reference, type: KnownMessageType, elements: InformationElement[], uuie: H323UserInformation): H225Message {
  return { q931: { ...reference, type, elements }, uuie };
}

function userInformation(body: H323MessageBody, extras: UserInformationExtras): H323UserInformation {
  return { 'h323-uu-pdu': { 'h323-message-body': body, ...extras } };
}

/** Calling and called number stand in Q.931 as well, where they are digits: so the endpoints in the field do, and some peers read nothing else. */
export function setupMessage(
  reference: Reference,
  body: SetupBody,
  extras: UserInformationExtras,
  from: { readonly displayName: string; readonly e164: string | undefined },
): H225Message {
  const called = body.destinationAddress?.find((alias) => alias.type === 'dialedDigits');
  const elements = [bearerCapability(videoCallBearer), display(from.displayName)];
  if (from.e164 !== undefined) elements.push(partyNumber('callingPartyNumber', { digits: from.e164 }));
  if (called?.type === 'dialedDigits') elements.push(partyNumber('calledPartyNumber', { digits: called.value }));
  return message(reference, 'setup', elements, userInformation({ type: 'setup', value: body }, extras));
}

/** CallProceeding, Alerting, Connect, Progress. */
export function progressMessage(
  reference: Reference,
  body: Extract<H323MessageBody, { type: 'callProceeding' | 'alerting' | 'connect' | 'progress' }>,
  extras: UserInformationExtras,
  displayName: string,
): H225Message {
  return message(reference, body.type, [display(displayName)], userInformation(body, extras));
}

/** `body` undefined: the message carries tunnelled H.245 or services alone. */
export function facilityMessage(reference: Reference, body: FacilityBody | undefined, extras: UserInformationExtras): H225Message {
  const content: H323MessageBody = body ? { type: 'facility', value: body } : { type: 'empty', value: null };
  return message(reference, 'facility', [emptyFacility], userInformation(content, extras));
}

/** `q850`: the cause. H.225.0 §7.3.5 wants a cause or a reason; endpoints in the field send both. */
export function releaseMessage(reference: Reference, body: ReleaseBody, q850: number, extras: UserInformationExtras): H225Message {
  return message(reference, 'releaseComplete', [cause(q850)], userInformation({ type: 'releaseComplete', value: body }, extras));
}

/** The answer to a StatusInquiry (Q.931 §5.8.10): cause 30, and the state. */
export function statusMessage(
  reference: Reference,
  body: Extract<H323MessageBody, { type: 'status' }>,
  state: number,
  extras: UserInformationExtras,
): H225Message {
  return message(reference, 'status', [cause(30), callState(state)], userInformation(body, extras));
}

export function informationMessage(
  reference: Reference,
  body: Extract<H323MessageBody, { type: 'information' | 'notify' | 'statusInquiry' }>,
  extras: UserInformationExtras,
): H225Message {
  const elements = body.type === 'notify' ? [element('notificationIndicator', [0x80])] : [];
  return message(reference, body.type, elements, userInformation(body, extras));
}
