import type { SipRequest, SipResponse } from '../message/message.js';

/** Branches that begin so are unique for each transaction (RFC 3261 §8.1.1.7). */
const magicCookie = 'z9hG4bK';

/**
 * Two requests with the same key belong to one server transaction (RFC 3261 §17.2.3). Taking `INVITE` for the method of an ACK or
 * CANCEL gives the key of the INVITE it belongs to (§9.2).
 *
 * Without the magic cookie the client speaks RFC 2543 and the whole request has to match. To is left out there: the ACK's has the
 * tag that our response gave it, and the rest tells an INVITE from another by its CSeq.
 */
export function serverKey(request: SipRequest, method: string): string {
  const { via } = request;
  if (via.branch.startsWith(magicCookie)) return `${method} ${via.branch} ${via.host}:${via.port ?? ''}`;
  const sentBy = `${via.host}:${via.port ?? ''};${via.branch}`;
  return `2543 ${method} ${sentBy} ${request.uri} ${request.from.tag ?? ''} ${request.callId} ${request.cseq.seq}`;
}

/** A response belongs to the request whose branch and method it carries (RFC 3261 §17.1.3). A CANCEL has the branch of its INVITE. */
export function clientKey(message: SipRequest | SipResponse): string | undefined {
  const { via } = message;
  return via.branch !== '' ? `${message.cseq.method} ${via.branch}` : undefined;
}
