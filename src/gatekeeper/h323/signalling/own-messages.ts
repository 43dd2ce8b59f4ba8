import type { CallProceedingUUIE, EndpointType, H323UserInformation } from '../asn1/h225.js';
import { protocolIdentifier } from './protocol.js';

/* The messages that we make ourselves while the called side has said nothing yet. */

const gatekeeper: EndpointType = { gatekeeper: {}, mc: false, undefinedNode: false };

/**
 * Keeps the caller's T303 from running out while routes are tried. Whether H.245 is tunnelled is for the called side to say
 * (H.225.0 §7.3, provisionalRespToH245Tunneling).
 */
export function ownProceeding(callIdentifier: Uint8Array, tunnelling: boolean): H323UserInformation {
  const value: CallProceedingUUIE = {
    protocolIdentifier,
    destinationInfo: gatekeeper,
    callIdentifier: { guid: callIdentifier },
    multipleCalls: true,
    maintainConnection: true,
  };
  return {
    'h323-uu-pdu': {
      'h323-message-body': { type: 'callProceeding', value },
      h245Tunneling: tunnelling,
      provisionalRespToH245Tunneling: null,
    },
  };
}

export function ownStatus(callIdentifier: Uint8Array): H323UserInformation {
  const value = { protocolIdentifier, callIdentifier: { guid: callIdentifier } };
  return { 'h323-uu-pdu': { 'h323-message-body': { type: 'status', value } } };
}

/** A second Call Proceeding would be an error (Q.931 §5.2.5.3): what it carries goes on as Progress. */
export function progressOf(uuie: H323UserInformation, proceeding: CallProceedingUUIE, callIdentifier: Uint8Array): H323UserInformation {
  const { protocolIdentifier: version, destinationInfo, h245Address, h245SecurityMode, tokens, fastStart, fastConnectRefused } = proceeding;
  const value = {
    protocolIdentifier: version,
    destinationInfo,
    h245Address,
    callIdentifier: { guid: callIdentifier },
    h245SecurityMode,
    tokens,
    fastStart,
    fastConnectRefused,
    multipleCalls: true,
    maintainConnection: true,
  };
  return { ...uuie, 'h323-uu-pdu': { ...uuie['h323-uu-pdu'], 'h323-message-body': { type: 'progress', value } } };
}
