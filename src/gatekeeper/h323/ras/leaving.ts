import { refusals } from '../../calls/reasons.js';
import type { AdmissionReject, AdmissionRequest } from '../asn1/h225.js';
import { plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';

/**
 * ARQ for a new call, while this instance is being stopped: the endpoint is sent to another one for good (H.225.0 §7.6, altGKInfo), and asks
 * there. Undefined: it is to be handled here, as this instance stays, there is no other, or the endpoint knows no alternates.
 */
export function sentElsewhere(context: RasContext, request: AdmissionRequest, incoming: Incoming): Reply {
  const { endpointIdentifier: id, requestSeqNum } = request;
  const altGKInfo =
    request.answerCall || !context.endpoints.find(id)?.supportsAltGk ? undefined : context.alternates.leaving(incoming.local, id);
  if (!altGKInfo) return undefined;
  const known = context.who.known(incoming, id, request, 'from its source');
  if (!known.ok) return undefined;
  const { admission } = refusals.instanceStopping.h323;
  const sentence = 'This instance is being stopped: the endpoint is sent to another';
  tell(context, incoming, { type: 'admissionRequest', reason: admission, sentence, endpointId: id, zone: known.zone });
  const value: AdmissionReject = { requestSeqNum, rejectReason: plain(admission), altGKInfo };
  return { message: { type: 'admissionReject', value }, answer: known.answer };
}
