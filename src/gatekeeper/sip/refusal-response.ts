import { type RefusalCode, refusals } from '../calls/reasons.js';
import { responseTo, type SipRequest, type SipResponse } from './message/message.js';
import { quote } from './message/params.js';

/** A pseudonym (RFC 3261 §20.43 allows one): which machine of the care network answered is nobody's business outside it. */
const WARN_AGENT = 'portvakt';

/** Short, as a limit is free again as soon as somebody hangs up, and many clients stay away from the whole server meanwhile (§21.5.4). */
const RETRY_AFTER_SECONDS = 5;

/**
 * Says no to a request, so that a person and a machine can see why: the status and phrase of the reason, a Warning with a sentence for
 * whoever has to fix it (RFC 3261 §20.43), a Reason with the code itself and its Q.850 cause (RFC 3326, RFC 6432), Retry-After with 503.
 * @param detail a sentence that says it more exactly than the reason's own; it takes its place
 */
export function refusalResponse(request: SipRequest, code: RefusalCode, detail?: string): SipResponse {
  const { status, phrase } = refusals[code].sip;
  const headers = headersOf(code);
  const response = responseTo(request, status, phrase);
  response.add('warning', detail === undefined ? headers.warning : warning(detail));
  response.add('reason', headers.reason);
  if (status === 503) response.add('retry-after', String(RETRY_AFTER_SECONDS));
  return response;
}

/** The value of a Warning header; 399 is "miscellaneous", the only code that fits what no standard lists. */
export function warning(sentence: string): string {
  return `399 ${WARN_AGENT} ${quote(headerText(sentence))}`;
}

interface RefusalHeaders {
  readonly warning: string;
  readonly reason: string;
}

const known = new Map<RefusalCode, RefusalHeaders>();

function headersOf(code: RefusalCode): RefusalHeaders {
  let headers = known.get(code);
  if (!headers) {
    const { sip, h323, metric } = refusals[code];
    headers = {
      warning: warning(sip.warning),
      reason: `SIP;cause=${sip.status};text=${quote(metric)}, Q.850;cause=${h323.q850}`,
    };
    known.set(code, headers);
  }
  return headers;
}

/** As UTF-8 bytes, on one line: RFC 3261 §25.1, quoted-string. */
function headerText(text: string): string {
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  let line = '';
  for (const char of bytes) {
    const code = char.charCodeAt(0);
    line += code < 0x20 || code === 0x7f ? ' ' : char;
  }
  return line;
}
