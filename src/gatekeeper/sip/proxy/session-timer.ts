import type { SipMessage } from '../message/message.js';

/** The agreed session interval in seconds (RFC 4028 §4), or undefined without one. */
export function sessionExpires(message: SipMessage): number | undefined {
  const value = message.get('session-expires') ?? message.get('x');
  if (value === undefined) return undefined;
  const seconds = Number.parseInt(value, 10);
  // RFC 4028 §4: never below 90 s; a longer one than a day is a day to us.
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(Math.max(seconds, 90), 86_400) : undefined;
}
