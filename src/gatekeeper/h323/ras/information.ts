import { refusals } from '../../calls/reasons.js';
import type { InfoRequestNakReason, InfoRequestResponse, RasMessage } from '../asn1/h225.js';
import { plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';

/** IRR: the answer to an IRQ of ours, or what an endpoint tells without being asked (H.225.0 §7.15). */
export function infoRequestResponse(
  context: RasContext,
  message: RasMessage & { readonly type: 'infoRequestResponse' },
  incoming: Incoming,
): Reply {
  const response: InfoRequestResponse = message.value;
  const { requestSeqNum, endpointIdentifier: endpointId, needResponse } = response;
  const asked = context.endpoints.asked(endpointId);
  const known = asked
    ? context.who.sent(asked, incoming, response, 'from its source')
    : context.who.known(incoming, endpointId, response, 'from its source');
  if (known.ok) {
    if (response.unsolicited !== true) context.requests.receive(message, incoming.from);
    return needResponse === true ? { message: { type: 'infoRequestAck', value: { requestSeqNum } }, answer: known.answer } : undefined;
  }
  const nakReason: InfoRequestNakReason = known.why === 'unknown' ? plain('notRegistered') : known.reason;
  const sentence = known.why === 'unknown' ? refusals.endpointNotRegistered.sip.warning : known.sentence;
  tell(context, incoming, { type: 'infoRequestResponse', reason: nakReason.type, sentence, endpointId });
  return needResponse === true ? { message: { type: 'infoRequestNak', value: { requestSeqNum, nakReason } } } : undefined;
}
