import { SipRequest, type SipResponse } from '../message/message.js';

/** The ACK for a final response of 300 or more (RFC 3261 §17.1.1.3). The ACK for a 2xx is the caller's, end to end. */
export function ackFor(invite: SipRequest, response: SipResponse): SipRequest {
  const headers = sameHop(invite, response.get('to') ?? '');
  headers.push(['CSeq', `${invite.cseq.seq} ACK`]);
  return SipRequest.create('ACK', invite.uri, headers);
}

/**
 * The CANCEL for an INVITE (RFC 3261 §9.1).
 * @param reason the value of a Reason header (RFC 3326)
 */
export function cancelFor(invite: SipRequest, reason?: string): SipRequest {
  const headers = sameHop(invite, invite.get('to') ?? '');
  headers.push(['CSeq', `${invite.cseq.seq} CANCEL`]);
  if (reason !== undefined) headers.push(['Reason', reason]);
  return SipRequest.create('CANCEL', invite.uri, headers);
}

/** What makes the next hop take a request for one about the INVITE: the same branch, route, dialog identifiers. */
function sameHop(invite: SipRequest, to: string): [string, string][] {
  const headers: [string, string][] = [['Via', invite.list('via')[0] ?? '']];
  for (const route of invite.getAll('route')) headers.push(['Route', route]);
  headers.push(['Max-Forwards', '70'], ['From', invite.get('from') ?? ''], ['To', to], ['Call-ID', invite.callId]);
  return headers;
}
