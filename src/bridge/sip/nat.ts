import type { SipMessage } from '../../gatekeeper/sip/message/message.js';
import { parseVia } from '../../gatekeeper/sip/message/via.js';
import type { Surroundings } from './sdp/read-section.js';

/**
 * Where a request's sender stands, as its first hop saw it: the last Via is its own, and has `received` where it came from elsewhere
 * than it says (RFC 3261 §18.2.1): then a NAT is between.
 */
export function surroundingsOf(request: SipMessage): Surroundings {
  const own = request.list('via').at(-1);
  const via = own === undefined ? undefined : parseVia(own);
  const elsewhere = via?.received !== undefined && via.received !== via.host;
  return { seenFrom: elsewhere ? via.received : undefined };
}
