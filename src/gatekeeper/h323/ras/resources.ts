import { refusals } from '../../calls/reasons.js';
import type { ResourcesAvailableIndicate } from '../asn1/h225.js';
import { PROTOCOL_IDENTIFIER, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';

/** RAI: a gateway says whether it has room for more calls (H.225.0 §7.16). One that has not is tried last. There is no reject. */
export function resourcesAvailableIndicate(context: RasContext, request: ResourcesAvailableIndicate, incoming: Incoming): Reply {
  const { requestSeqNum, endpointIdentifier: endpointId } = request;
  const known = context.who.known(incoming, endpointId, request, 'from its source');
  if (!known.ok) {
    const sentence = known.why === 'unknown' ? refusals.endpointNotRegistered.sip.warning : known.sentence;
    tell(context, incoming, { type: 'resourcesAvailableIndicate', reason: 'unanswered', sentence, endpointId });
    return undefined;
  }
  context.endpoints.setResources(known.endpoint, request.almostOutOfResources);
  return {
    message: { type: 'resourcesAvailableConfirm', value: { requestSeqNum, protocolIdentifier: PROTOCOL_IDENTIFIER } },
    answer: known.answer,
  };
}
