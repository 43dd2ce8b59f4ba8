import type { AliasAddress } from '../../gatekeeper/h323/asn1/h225.js';
import { type SocketAddress, socketAddress, transportAddress } from './addresses.js';
import { H225_VERSION, tlsAddressOf, tlsFeature } from './identity.js';
import type { RasAnswer } from './ras-client.js';
import type { Registration } from './registration.js';

/** What RAS knows a call by. */
export interface CallNames {
  readonly callReference: number;
  readonly callIdentifier: Uint8Array;
  readonly conferenceId: Uint8Array;
  /** Whether we answer it. */
  readonly answer: boolean;
}

export interface AdmissionQuestion extends CallNames {
  readonly destination: readonly AliasAddress[];
  /** Of ourselves when we call, of the caller when we answer. */
  readonly source: readonly AliasAddress[];
  readonly sourceAddress?: SocketAddress | undefined;
  readonly destinationAddress?: SocketAddress | undefined;
  /** In 100 bit/s, both directions summed (H.225.0 §7.11.1). */
  readonly bandwidth: number;
  readonly tlsAddress?: SocketAddress | undefined;
}

/** `reason`: of AdmissionRejectReason, or of the answer that was no answer; `silent`: nobody answered. */
export type Admission =
  | {
      readonly admitted: true;
      readonly to: SocketAddress;
      readonly tlsTo: SocketAddress | undefined;
      readonly destination: readonly AliasAddress[] | undefined;
      readonly bandwidth: number;
      readonly gatekeeperRouted: boolean;
    }
  | { readonly admitted: false; readonly reason: string };

export type BandwidthAnswer =
  | { readonly granted: true; readonly bandwidth: number }
  | { readonly granted: false; readonly reason: string; readonly allowed: number };

/** May this call be? (ARQ, H.225.0 §7.11) */
export async function askAdmission(registration: Registration, question: AdmissionQuestion): Promise<Admission> {
  const answer = await registration.ask((requestSeqNum) => ({
    type: 'admissionRequest',
    value: {
      requestSeqNum,
      callType: { type: 'pointToPoint', value: null },
      endpointIdentifier: registration.endpointIdentifier ?? '?',
      destinationInfo: question.destination.length > 0 ? question.destination : undefined,
      destCallSignalAddress: question.destinationAddress && transportAddress(question.destinationAddress),
      srcInfo: question.source,
      srcCallSignalAddress: question.sourceAddress && transportAddress(question.sourceAddress),
      bandWidth: question.bandwidth,
      callReferenceValue: question.callReference,
      conferenceID: question.conferenceId,
      activeMC: false,
      answerCall: question.answer,
      canMapAlias: true,
      callIdentifier: { guid: question.callIdentifier },
      gatekeeperIdentifier: registration.gatekeeperIdentifier,
      ...registration.tokens,
      willSupplyUUIEs: false,
      featureSet: question.tlsAddress && tlsFeature(question.tlsAddress),
      canMapSrcAlias: false,
    },
  }));
  if (answer.outcome !== 'answered') return { admitted: false, reason: answer.outcome };
  const { message } = answer;
  if (message.type === 'admissionConfirm') {
    const { destCallSignalAddress, destinationInfo, bandWidth, callModel, featureSet } = message.value;
    const to = socketAddress(destCallSignalAddress);
    if (!to) return { admitted: false, reason: 'noAddress' };
    const tlsTo = socketAddress(tlsAddressOf(featureSet));
    const gatekeeperRouted = callModel.type === 'gatekeeperRouted';
    return { admitted: true, to, tlsTo, destination: destinationInfo, bandwidth: bandWidth, gatekeeperRouted };
  }
  return { admitted: false, reason: message.type === 'admissionReject' ? message.value.rejectReason.type : message.type };
}

/** The call is over (DRQ, H.225.0 §7.13). */
export function disengage(registration: Registration, call: CallNames): Promise<RasAnswer> {
  return registration.ask((requestSeqNum) => ({
    type: 'disengageRequest',
    value: {
      requestSeqNum,
      endpointIdentifier: registration.endpointIdentifier ?? '?',
      conferenceID: call.conferenceId,
      callReferenceValue: call.callReference,
      disengageReason: { type: 'normalDrop', value: null },
      callIdentifier: { guid: call.callIdentifier },
      gatekeeperIdentifier: registration.gatekeeperIdentifier,
      ...registration.tokens,
      answeredCall: call.answer,
    },
  }));
}

/** Room for calls, or hardly any (RAI, H.225.0 §7.18). */
export function reportResources(registration: Registration, almostOutOfResources: boolean): Promise<RasAnswer> {
  return registration.ask((requestSeqNum) => ({
    type: 'resourcesAvailableIndicate',
    value: {
      requestSeqNum,
      protocolIdentifier: H225_VERSION,
      endpointIdentifier: registration.endpointIdentifier ?? '?',
      protocols: [{ type: 'voice', value: {} }],
      almostOutOfResources,
      ...registration.tokens,
    },
  }));
}

/** More bandwidth, or less (BRQ, H.225.0 §7.12). In 100 bit/s. */
export async function askBandwidth(registration: Registration, call: CallNames, bandWidth: number): Promise<BandwidthAnswer> {
  const answer = await registration.ask((requestSeqNum) => ({
    type: 'bandwidthRequest',
    value: {
      requestSeqNum,
      endpointIdentifier: registration.endpointIdentifier ?? '?',
      conferenceID: call.conferenceId,
      callReferenceValue: call.callReference,
      callType: { type: 'pointToPoint', value: null },
      bandWidth,
      callIdentifier: { guid: call.callIdentifier },
      gatekeeperIdentifier: registration.gatekeeperIdentifier,
      ...registration.tokens,
      answeredCall: call.answer,
    },
  }));
  if (answer.outcome !== 'answered') return { granted: false, reason: answer.outcome, allowed: 0 };
  const { message } = answer;
  if (message.type === 'bandwidthConfirm') return { granted: true, bandwidth: message.value.bandWidth };
  if (message.type !== 'bandwidthReject') return { granted: false, reason: message.type, allowed: 0 };
  return { granted: false, reason: message.value.rejectReason.type, allowed: message.value.allowedBandWidth };
}
