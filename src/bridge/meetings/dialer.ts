import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { MeetingId } from '../media/media.js';

/** Calls room systems into meetings: the meeting service's SIP side. Who answers joins as any room system does, as invited. */
export interface Dialer {
  /** @param address a number or `user@domain`. Resolves when it has answered and is in (undefined), or with why not. Never rejects. */
  invite(meeting: MeetingId, address: string, onRinging: () => void): Promise<RefusalCode | undefined>;
}

const NUMBER = /^\+?\d{2,15}$/;
const URI = /^(?:sips?:)?[a-z0-9._~!$&'()*+,;=%-]{1,64}@(?:[a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}$/i;

/** What may be dialled out to, as it was typed: spaces and hyphens in a number are let go. Undefined: nothing that can be called. */
export function dialable(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 128) return undefined;
  const number = trimmed.replace(/[\s()-]/g, '');
  if (NUMBER.test(number)) return number;
  return URI.test(trimmed) ? trimmed : undefined;
}
