import type { AltGKInfo, GatekeeperRejectReason, GatekeeperRequest } from '../asn1/h225.js';
import { chooseAuthentication, timeToken } from '../h235/choose-authentication.js';
import { isH225, PROTOCOL_IDENTIFIER, plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';
import { socketAddress, transportAddress } from './transport-address.js';
import { isRegistering, wantsPassword } from './who.js';

/** GRQ: is there a gatekeeper for me? (H.225.0 §7.8). Nothing is remembered of it: who it is for good, RRQ shows. */
export function gatekeeperRequest(context: RasContext, request: GatekeeperRequest, incoming: Incoming): Reply {
  const { settings } = context;
  const to = replyAddress(request, incoming);
  const reject = (reason: GatekeeperRejectReason, sentence: string, altGKInfo?: AltGKInfo): Reply => {
    // To all at once the question was only whether somebody serves it: others may, and say so.
    if (incoming.multicast) return undefined;
    tell(context, incoming, { type: 'gatekeeperRequest', reason: reason.type, sentence });
    const { requestSeqNum } = request;
    const value = {
      requestSeqNum,
      protocolIdentifier: PROTOCOL_IDENTIFIER,
      gatekeeperIdentifier: settings.gatekeeperId,
      rejectReason: reason,
      ...(altGKInfo && { altGKInfo }),
    };
    return { message: { type: 'gatekeeperReject', value }, to };
  };

  if (!isH225(request.protocolIdentifier)) {
    return reject(
      plain('invalidRevision'),
      `The protocol identifier ${request.protocolIdentifier} is none of H.225.0: the endpoint speaks something else`,
    );
  }
  const asked = request.gatekeeperIdentifier;
  const isAsked = asked === undefined || asked === settings.gatekeeperId || (!incoming.multicast && context.alternates.isFellow(asked));
  if (!isAsked) {
    return reject(
      plain('terminalExcluded'),
      `The endpoint asks for gatekeeper "${asked}", and this one is "${settings.gatekeeperId}": correct it there, or leave it empty`,
    );
  }
  if (request.featureSet && context.features && !context.features.hasNeeded(request.featureSet)) {
    return reject(
      plain('neededFeatureNotSupported'),
      'The endpoint needs a feature (H.460) that this gatekeeper does not have: switch it off there',
    );
  }
  const there = context.who.zoneAt(incoming.from);
  if (there && !isRegistering(there)) {
    return reject(
      plain('terminalExcluded'),
      `${incoming.from.address} is zone ${there.id} (${there.kind}), whose endpoints do not register here`,
    );
  }
  const byPassword = there
    ? wantsPassword(there)
    : [...context.plan().zones.values()].some((zone) => isRegistering(zone) && wantsPassword(zone));
  if (!there && !byPassword) {
    return reject(plain('terminalExcluded'), `${incoming.from.address} is in no zone's sources: add it to the address plan`);
  }
  const choice = byPassword ? chooseAuthentication(request) : undefined;
  if (byPassword && !choice) {
    return reject(
      plain('securityDenial'),
      'The endpoint offers no authentication that is taken here: switch on H.235.1, MD5 or CAT there, and set its user name and password',
    );
  }
  const leaving = request.supportsAltGK === undefined ? undefined : context.alternates.leaving(incoming.local);
  if (leaving) return reject(plain('resourceUnavailable'), 'This instance is being stopped: the endpoint is sent to another', leaving);
  const time = timeToken(request, incoming.now);
  const alternateGatekeeper = context.alternates.list(incoming.local);
  const featureSet = context.features?.answer(request.featureSet, incoming.local);
  return {
    message: {
      type: 'gatekeeperConfirm',
      value: {
        requestSeqNum: request.requestSeqNum,
        protocolIdentifier: PROTOCOL_IDENTIFIER,
        gatekeeperIdentifier: settings.gatekeeperId,
        rasAddress: transportAddress(context.rasAddress(incoming.local)),
        ...(alternateGatekeeper && { alternateGatekeeper }),
        ...(choice && { authenticationMode: choice.authenticationMode, algorithmOID: choice.algorithmOID }),
        ...(time && { tokens: [time] }),
        ...(featureSet && { featureSet }),
      },
    },
    to,
  };
}

/** H.225.0 §7.8.1 has the answer go to rasAddress; one with another host's address in it (a NAT, or a forger) is not followed. */
function replyAddress(request: GatekeeperRequest, { from }: Incoming): { readonly address: string; readonly port: number } {
  const told = socketAddress(request.rasAddress);
  return told?.address === from.address ? told : from;
}
