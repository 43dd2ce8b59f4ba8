import { refusals } from '../../calls/reasons.js';
import type { BandRejectReason, BandwidthRequest } from '../asn1/h225.js';
import type { BandwidthResult } from './bandwidth.js';
import { callIdOf, plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';
import type { Known } from './who.js';

/** BRQ: more or less bandwidth in a call (H.225.0 §7.12). */
export function bandwidthRequest(context: RasContext, request: BandwidthRequest, incoming: Incoming): Reply | Promise<Reply> {
  const { requestSeqNum } = request;
  const known = context.who.known(incoming, request.endpointIdentifier, request, 'from its source');
  const reject = (rejectReason: BandRejectReason, allowedBandWidth: number, sentence: string): Reply => {
    const zone = known.ok || known.why === 'denied' ? known.zone : undefined;
    tell(context, incoming, {
      type: 'bandwidthRequest',
      reason: rejectReason.type,
      sentence,
      endpointId: request.endpointIdentifier,
      zone,
    });
    const answer = known.ok ? known.answer : undefined;
    return { message: { type: 'bandwidthReject', value: { requestSeqNum, rejectReason, allowedBandWidth } }, answer };
  };
  if (!known.ok) {
    if (known.why === 'unknown') return reject(plain('notBound'), 0, refusals.endpointNotRegistered.sip.warning);
    return reject(known.reason, 0, known.sentence);
  }
  const callIdentifier = callIdOf(request);
  if (!takesPart(context, callIdentifier, known)) {
    return reject(plain('invalidConferenceID'), 0, 'The endpoint is in no such call: it was never admitted, or is over');
  }
  const { endpoint, zone, answer } = known;
  const share = { callIdentifier, party: endpoint.id, zone: zone.id, bandwidth: request.bandWidth };
  const limit = context.bandwidth.callLimit(zone.id);
  const held = context.bandwidth.held(callIdentifier, endpoint.id);
  if (request.bandWidth > limit) {
    return reject(
      plain('insufficientResources'),
      limit,
      `One call of zone ${zone.id} may have ${limit / 10} kbit/s (bandwidth.call in the address plan): call with less`,
    );
  }
  const answerTo = (result: BandwidthResult): Reply => {
    if (result.ok) return { message: { type: 'bandwidthConfirm', value: { requestSeqNum, bandWidth: result.granted } }, answer };
    if (result.over) return reject(plain('invalidConferenceID'), 0, 'The call was over before its bandwidth was decided');
    return reject(plain('insufficientResources'), Math.max(held, result.allowed), refusals.bandwidthExhausted.sip.warning);
  };
  const result = context.bandwidth.ask(share);
  return result instanceof Promise ? result.then(answerTo) : answerTo(result);
}

function takesPart(context: RasContext, callIdentifier: string, { endpoint }: Known & { readonly ok: true }): boolean {
  if (context.admissions.find(callIdentifier)?.endpointId === endpoint.id) return true;
  return context.callDirectory.find(callIdentifier)?.endpoints.includes(endpoint.id) === true;
}
