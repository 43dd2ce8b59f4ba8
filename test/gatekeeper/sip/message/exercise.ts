import { parseCredentials } from '../../../../src/gatekeeper/sip/message/auth-header.js';
import { responseTo, type SipMessage, SipRequest, SipSyntaxError } from '../../../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';
import { parseUri, uriKey } from '../../../../src/gatekeeper/sip/message/uri.js';
import { inspectSdp, judgeOffer, sdpOf } from '../../../../src/gatekeeper/sip/sdp-policy.js';

/** What came of a message, for counting. */
export type Outcome = 'read' | 'answered' | 'dropped';

/**
 * Does with bytes what the service does with a message, and checks what must hold for every input: nothing throws but the views that say
 * so; what was read is read again from what is written, the same; no header is made that was not there.
 */
export function exercise(bytes: string): Outcome {
  const result = parseMessage(bytes);
  if (!result.ok) {
    if (!result.answerable) return 'dropped';
    assertWhole(responseTo(result.answerable, result.status).toString());
    return 'answered';
  }
  const { message } = result;
  const text = message.toString();
  assertWhole(text);
  const again = parseMessage(text, { stream: true });
  if (!again.ok) throw new Error(`written, it cannot be read: ${again.error.message}`);
  if (again.message.toString() !== text) throw new Error('written again, it is not the same');
  if (describe(again.message) !== describe(message)) throw new Error('read again, it says something else');
  if (message instanceof SipRequest) {
    assertWhole(responseTo(message, 404).toString());
    uriKey(message.uri);
    parseUri(message.uri);
  }
  for (const value of message.getAll('authorization')) parseCredentials(value);
  judgeOffer(inspectSdp(sdpOf(message) ?? ''));
  try {
    void message.contacts;
  } catch (error) {
    if (!(error instanceof SipSyntaxError)) throw error;
  }
  return 'read';
}

/** A message that goes out has whole lines only, whatever came in. */
function assertWhole(text: string): void {
  const head = text.slice(0, text.indexOf('\r\n\r\n'));
  if (/[^\r]\n|\r[^\n]|\r\n[ \t]/.test(head)) throw new Error('a line of what is sent has a bare CR or LF in it');
}

function describe(message: SipMessage): string {
  const { via, from, to, callId, cseq, maxForwards } = message;
  return JSON.stringify([
    via.host,
    via.port,
    via.branch,
    via.received,
    via.rport,
    from.uri,
    from.tag,
    to.uri,
    to.tag,
    callId,
    cseq,
    maxForwards,
    message.body,
  ]);
}
