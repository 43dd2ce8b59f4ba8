import type { ServiceControlIndication } from '../asn1/h225.js';
import type { Incoming, RasContext, Reply } from './context.js';

/** SCI: a service session beside calls (H.225.0 §7.19). There are none here, which is said to whoever is registered. */
export function serviceControlIndication(context: RasContext, request: ServiceControlIndication, incoming: Incoming): Reply {
  const known = context.who.known(incoming, request.endpointIdentifier, request);
  if (!known.ok) return undefined;
  const { requestSeqNum } = request;
  return {
    message: { type: 'serviceControlResponse', value: { requestSeqNum, result: { type: 'notAvailable', value: null } } },
    answer: known.answer,
  };
}

/**
 * A message that is not understood is said to be so (H.225.0 §7.18), and handed back. The number of one whose kind we do not know cannot be
 * read, so that the answer carries 1; it is told by what it hands back.
 */
export function notUnderstood(requestSeqNum: number | undefined, { bytes, multicast }: Incoming): Reply {
  if (multicast) return undefined;
  return { message: { type: 'unknownMessageResponse', value: { requestSeqNum: requestSeqNum ?? 1, messageNotUnderstood: bytes } } };
}
