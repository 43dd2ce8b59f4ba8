import { refusals } from '../../calls/reasons.js';
import type { DisengageRejectReason, DisengageRequest } from '../asn1/h225.js';
import { callIdOf, plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';

/** DRQ: the call is over for this endpoint (H.225.0 §7.14). A call that we know nothing of any more is over as well: that is confirmed. */
export function disengageRequest(context: RasContext, request: DisengageRequest, incoming: Incoming): Reply {
  const { requestSeqNum, endpointIdentifier: endpointId } = request;
  const known = context.who.known(incoming, endpointId, request, 'from its source');
  const reject = (rejectReason: DisengageRejectReason, sentence: string): Reply => {
    tell(context, incoming, { type: 'disengageRequest', reason: rejectReason.type, sentence, endpointId });
    return { message: { type: 'disengageReject', value: { requestSeqNum, rejectReason } }, answer: known.ok ? known.answer : undefined };
  };
  if (!known.ok) {
    return known.why === 'unknown'
      ? reject(plain('notRegistered'), refusals.endpointNotRegistered.sip.warning)
      : reject(known.reason, known.sentence);
  }
  const callIdentifier = callIdOf(request);
  const call = context.callDirectory.find(callIdentifier);
  if (call && !call.endpoints.includes(endpointId)) {
    return reject(plain('requestToDropOther'), 'The endpoint takes no part in this call, and may not end it');
  }
  context.admissions.cancel(callIdentifier, endpointId);
  context.bandwidth.release(callIdentifier, endpointId);
  call?.disengaged(endpointId, request.disengageReason.type);
  return { message: { type: 'disengageConfirm', value: { requestSeqNum } }, answer: known.answer };
}
