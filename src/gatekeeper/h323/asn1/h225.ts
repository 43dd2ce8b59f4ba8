/*
 * H.225.0 version 8: RAS and call signalling, as data. Types go by their ASN.1 names without the hyphens (`Setup-UUIE` is SetupUUIE); fields keep
 * theirs, letter for letter.
 *
 *   rasMessage.decode(datagram)          // { type: 'admissionRequest', value: { requestSeqNum: 7, … } }
 *   userInformation.encode({ 'h323-uu-pdu': { 'h323-message-body': { type: 'empty', value: null }, h245Tunneling: true } })
 */

import { RasMessage } from './h225/ras-message.js';
import { H323UserInformation } from './h225/user-information.js';
import { type Codec, codec } from './per/codec.js';

export * from './h225/addresses.js';
export * from './h225/alternates.js';
export * from './h225/call.js';
export * from './h225/capacity.js';
export * from './h225/endpoint-type.js';
export * from './h225/generic-data.js';
export * from './h225/identifiers.js';
export * from './h225/non-standard.js';
export * from './h225/numbers.js';
export * from './h225/ras-admission.js';
export * from './h225/ras-call.js';
export * from './h225/ras-discovery.js';
export * from './h225/ras-information.js';
export * from './h225/ras-location.js';
export * from './h225/ras-message.js';
export * from './h225/ras-registration.js';
export * from './h225/ras-service.js';
export * from './h225/release-reason.js';
export * from './h225/security.js';
export * from './h225/service-control.js';
export * from './h225/signalling-call.js';
export * from './h225/signalling-setup.js';
export * from './h225/usage.js';
export * from './h225/user-information.js';

/** One RAS datagram. */
export const rasMessage: Codec<RasMessage> = codec(RasMessage, 'RasMessage');

/** What follows the protocol discriminator in a user-user information element. */
export const userInformation: Codec<H323UserInformation> = codec(H323UserInformation, 'H323UserInformation');
