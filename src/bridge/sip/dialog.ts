import type { SipMessage, SipRequest, SipResponse } from '../../gatekeeper/sip/message/message.js';
import { SipRequest as Request } from '../../gatekeeper/sip/message/message.js';

/** A dialog as one of its two ends knows it (RFC 3261 §12). */
export interface Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** From and To as we write them: ours with its tag, theirs with its. */
  readonly local: string;
  readonly remote: string;
  /** Proxies between, nearest first (§12.1). The first of them is always the gatekeeper, which is a loose router. */
  readonly routeSet: readonly string[];
  /** Their Contact; a target refresh (§12.2.2) changes it. */
  remoteTarget: string;
  /** The number of our last request. */
  localSeq: number;
  /** The number of their last request; -1 before the first. */
  remoteSeq: number;
}

/** What names a dialog to the one who receives (§12: Call-ID, its own tag, the other's). */
export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}\n${localTag}\n${remoteTag}`;
}

/** As the one who is called: from the INVITE and the tag that our answer has (§12.1.1). Undefined: it has no Contact that can be used. */
export function dialogOfRequest(request: SipRequest, localTag: string): Dialog | undefined {
  const remoteTarget = contactOf(request);
  if (remoteTarget === undefined) return undefined;
  const to = request.get('to') ?? '';
  return {
    callId: request.callId,
    localTag,
    remoteTag: request.from.tag ?? '',
    local: request.to.tag === undefined ? `${to};tag=${localTag}` : to,
    remote: request.get('from') ?? '',
    routeSet: request.list('record-route'),
    remoteTarget,
    localSeq: 0,
    remoteSeq: request.cseq.seq,
  };
}

/** As the one who calls: from our INVITE and its answer (§12.1.2). Undefined: the answer has no To tag or no Contact. */
export function dialogOfResponse(request: SipRequest, response: SipResponse): Dialog | undefined {
  const remoteTarget = contactOf(response);
  const remoteTag = response.to.tag;
  if (remoteTarget === undefined || remoteTag === undefined) return undefined;
  return {
    callId: request.callId,
    localTag: request.from.tag ?? '',
    remoteTag,
    local: request.get('from') ?? '',
    remote: response.get('to') ?? '',
    routeSet: [...response.list('record-route')].reverse(),
    remoteTarget,
    localSeq: request.cseq.seq,
    remoteSeq: -1,
  };
}

/**
 * A request inside the dialog (§12.2.1.1), but for its Via.
 * @param seq its number; an ACK has that of its INVITE
 */
export function requestIn(
  dialog: Dialog,
  method: string,
  seq: number,
  headers: Iterable<readonly [string, string]> = [],
  body = '',
): SipRequest {
  const lines: [string, string][] = [['Max-Forwards', '70']];
  for (const route of dialog.routeSet) lines.push(['Route', route]);
  lines.push(['From', dialog.local], ['To', dialog.remote], ['Call-ID', dialog.callId], ['CSeq', `${seq} ${method}`]);
  for (const [name, value] of headers) lines.push([name, value]);
  return Request.create(method, dialog.remoteTarget, lines, body);
}

/** The Contact URI of a message that makes or refreshes a dialog; undefined: it has none, or more than one (§8.1.1.8). */
export function contactOf(message: SipMessage): string | undefined {
  try {
    const { contacts } = message;
    return contacts === '*' || contacts.length !== 1 ? undefined : contacts[0]?.uri;
  } catch {
    // Malformed: `contacts` is the one header that reading a message does not look at.
    return undefined;
  }
}
