import { expect, it } from 'vitest';
import { type NameAddr, responseTo, type SipMessage, SipRequest, SipResponse } from '../../../../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../../../../src/gatekeeper/sip/message/parse.js';

/** One message and what must come of it. The names are those of RFC 4475 and RFC 5118; the messages are ours, made from their descriptions. */
export interface TortureCase {
  readonly name: string;
  readonly message: string;
  readonly stream?: boolean;
  /** What must be read. */
  readonly request?: (request: SipRequest) => void;
  readonly response?: (response: SipResponse) => void;
  /** Refused with this status, which can be sent. */
  readonly refused?: number;
  /** Dropped: nothing may be answered. */
  readonly dropped?: true;
}

/** Joins lines with CRLF and adds the empty line and the body. */
export function message(lines: readonly string[], body = ''): string {
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A latin1 byte string of UTF-8 text. */
export function utf8(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The headers that every request needs; those given replace or follow them. */
export function headers(method: string, more: Readonly<Record<string, string | readonly string[] | undefined>> = {}): string[] {
  const all: Record<string, string | readonly string[] | undefined> = {
    Via: `SIP/2.0/UDP host1.example.com;branch=z9hG4bK${method.length}`,
    'Max-Forwards': '70',
    From: '<sip:caller@example.net>;tag=1',
    To: '<sip:callee@example.com>',
    'Call-ID': 'torture@example.net',
    CSeq: `1 ${method}`,
    ...more,
  };
  return Object.entries(all).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return (typeof value === 'string' ? [value] : value).map((line) => `${name}: ${line}`);
  });
}

export function firstContact(message: SipMessage): NameAddr {
  const { contacts } = message;
  const first = contacts === '*' ? undefined : contacts[0];
  if (!first) throw new Error('no Contact was read');
  return first;
}

/** Makes a test of each case, and for those that are read one more: that they go on unchanged but for folding and Content-Length. */
export function torture(cases: readonly TortureCase[]): void {
  for (const each of cases) {
    it(each.name, () => {
      const result = parseMessage(each.message, { stream: each.stream ?? false });
      if (each.dropped) {
        expect(result).toMatchObject({ ok: false });
        expect(result.ok ? undefined : result.answerable).toBeUndefined();
      } else if (each.refused !== undefined) {
        if (result.ok) throw new Error('it was read');
        expect(result.status).toBe(each.refused);
        if (!result.answerable) throw new Error(`it cannot be answered: ${result.error.message}`);
        const again = parseMessage(responseTo(result.answerable, result.status).toString());
        if (again.ok) expect(again.message).toMatchObject({ status: each.refused });
      } else {
        if (!result.ok) throw result.error;
        check(each, result.message);
        const again = parseMessage(result.message.toString(), { stream: true });
        if (!again.ok) throw again.error;
        check(each, again.message);
      }
    });
  }
}

function check(each: TortureCase, read: SipRequest | SipResponse): void {
  if (read instanceof SipRequest) {
    expect(each.request, 'a request was read').toBeDefined();
    each.request?.(read);
  }
  if (read instanceof SipResponse) {
    expect(each.response, 'a response was read').toBeDefined();
    each.response?.(read);
  }
}
