import type { RasMessage } from '../../gatekeeper/h323/asn1/h225.js';
import { type SocketAddress, transportAddress } from './addresses.js';
import type { Call } from './call.js';
import type { H323Endpoint } from './endpoint.js';

type InfoRequestResponse = Extract<RasMessage, { type: 'infoRequestResponse' }>['value'];

/** What an endpoint says to a gatekeeper that asks: IRQ, URQ, BRQ, DRQ, SCI (H.225.0 §7.10 to §7.16). */
export function answerGatekeeper(endpoint: H323Endpoint, message: RasMessage, from: SocketAddress): void {
  const { registration } = endpoint;
  // RCF of a gatekeeper that we left may still be on its way: only our own may end what we have.
  if (!registration.registered) return;
  const { tokens, encode } = registration;
  const answer = (reply: RasMessage) => endpoint.ras.send(reply, from, encode);
  switch (message.type) {
    case 'infoRequest':
      answer({
        type: 'infoRequestResponse',
        value: { ...status(endpoint, message.value.callIdentifier?.guid), requestSeqNum: message.value.requestSeqNum, ...tokens },
      });
      return;
    case 'unregistrationRequest':
      answer({ type: 'unregistrationConfirm', value: { requestSeqNum: message.value.requestSeqNum, ...tokens } });
      registration.ended(message.value.alternateGatekeeper);
      return;
    case 'bandwidthRequest':
      answer({
        type: 'bandwidthConfirm',
        value: { requestSeqNum: message.value.requestSeqNum, bandWidth: message.value.bandWidth, ...tokens },
      });
      return;
    case 'disengageRequest': {
      answer({ type: 'disengageConfirm', value: { requestSeqNum: message.value.requestSeqNum, ...tokens } });
      const guid = message.value.callIdentifier?.guid;
      if (guid) endpoint.callWith(guid)?.disengaged();
      return;
    }
    case 'serviceControlIndication':
      answer({ type: 'serviceControlResponse', value: { requestSeqNum: message.value.requestSeqNum, ...tokens } });
      return;
    default:
      return;
  }
}

function status(endpoint: H323Endpoint, asked: Uint8Array | undefined): Omit<InfoRequestResponse, 'requestSeqNum'> {
  const call = asked && endpoint.callWith(asked);
  const calls = asked ? (call ? [call] : []) : endpoint.calls;
  return {
    endpointType: endpoint.identity.endpointType,
    endpointIdentifier: endpoint.endpointIdentifier ?? '?',
    rasAddress: transportAddress(endpoint.ras.local),
    callSignalAddress: [transportAddress(endpoint.signalAddress)],
    endpointAlias: endpoint.identity.aliases,
    perCallInfo: calls.length > 0 ? calls.slice(0, 50).map(callInfo) : undefined,
    needResponse: false,
    irrStatus: asked && !call ? { type: 'invalidCall', value: null } : { type: 'complete', value: null },
    unsolicited: false,
  };
}

function callInfo(call: Call): NonNullable<InfoRequestResponse['perCallInfo']>[number] {
  return {
    callReferenceValue: call.callReference,
    conferenceID: call.conferenceId,
    originator: call.originated,
    h245: {},
    callSignaling: {},
    callType: { type: 'pointToPoint', value: null },
    bandWidth: 0,
    callModel: { type: 'gatekeeperRouted', value: null },
    callIdentifier: { guid: call.callIdentifier },
    substituteConfIDs: [],
  };
}
