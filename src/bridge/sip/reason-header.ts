import type { SipMessage } from '../../gatekeeper/sip/message/message.js';
import { quote } from '../../gatekeeper/sip/message/params.js';

/** Why a call is ended: a SIP status, and a sentence for the person at the other end. */
export interface HangUpReason {
  readonly cause: number;
  readonly text: string;
}

/** As a header (RFC 3326). */
export function reasonHeader({ cause, text }: HangUpReason): readonly [string, string] {
  return ['Reason', `SIP;cause=${cause};text=${quote(text)}`];
}

/** What a BYE or CANCEL says of its reason, for the log; undefined: nothing. */
export function reasonOf(message: SipMessage): string | undefined {
  return message.get('reason')?.slice(0, 256);
}
