import type { SipMessage, SipRequest, SipResponse } from '../../gatekeeper/sip/message/message.js';
import { parseParams } from '../../gatekeeper/sip/message/params.js';

/** RFC 4028 §4, §5: what we ask for, and the least that anybody may, in seconds. */
export const sessionSeconds = 1800;
export const leastSeconds = 90;

/** An agreed session timer. */
export interface SessionTimer {
  /** The session ends so long after its last refresh. */
  readonly seconds: number;
  /** Who refreshes it. */
  readonly refresher: 'us' | 'them';
}

interface SessionExpires {
  readonly seconds: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

/** Reads Session-Expires; undefined: there is none that can be used. */
function readSessionExpires(message: SipMessage): SessionExpires | undefined {
  const value = message.get('session-expires');
  if (value === undefined) return undefined;
  const semicolon = value.indexOf(';');
  const digits = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  if (!/^\d{1,9}$/.test(digits)) return undefined;
  const refresher = semicolon < 0 ? undefined : parseParams(value, semicolon)?.get('refresher');
  return { seconds: Number(digits), refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined };
}

/** Whether the message says that its sender knows the extension. */
export function supports(message: SipMessage, extension: string): boolean {
  return [...message.list('supported'), ...message.list('require')].some((tag) => tag.toLowerCase() === extension);
}

/** What the receiver of a request for a session makes of it (RFC 4028 §9). */
export type TimerAnswer =
  | { readonly ok: true; readonly timer: SessionTimer; readonly headers: readonly (readonly [string, string])[] }
  /** 422, with this Min-SE. */
  | { readonly ok: false; readonly minSeconds: number };

/**
 * Answers an INVITE or UPDATE. We always have a timer, so that a session that nobody told us the end of does not stay: where the other side
 * knows nothing of timers, or leaves it to us, we refresh.
 */
export function answerTimer(request: SipRequest): TimerAnswer {
  const asked = readSessionExpires(request);
  const knows = supports(request, 'timer');
  if (asked && asked.seconds < leastSeconds && knows) return { ok: false, minSeconds: leastSeconds };
  const least = Math.max(leastSeconds, minSeOf(request) ?? 0);
  const seconds = Math.max(Math.min(asked?.seconds ?? sessionSeconds, 86_400), least);
  const byThem = knows && asked?.refresher === 'uac';
  const headers: (readonly [string, string])[] = [['Session-Expires', `${seconds};refresher=${byThem ? 'uac' : 'uas'}`]];
  // §9: only where the one who asked is to refresh must he know that he is.
  if (byThem) headers.push(['Require', 'timer']);
  return { ok: true, timer: { seconds, refresher: byThem ? 'them' : 'us' }, headers };
}

/** Headers of a request of ours (§7.1). `refresher` is not said in the first one, so that the other side may choose. */
export function timerHeaders(current?: SessionTimer, minSeconds = leastSeconds): readonly (readonly [string, string])[] {
  const seconds = Math.max(current?.seconds ?? sessionSeconds, minSeconds);
  const refresher = current === undefined ? '' : `;refresher=${current.refresher === 'us' ? 'uac' : 'uas'}`;
  return [
    ['Session-Expires', `${seconds}${refresher}`],
    ['Min-SE', String(minSeconds)],
  ];
}

/** What a 2xx to a request of ours agreed on (§7.2): without Session-Expires the other side knows no timers, and we refresh alone. */
export function agreedTimer(response: SipResponse): SessionTimer {
  const agreed = readSessionExpires(response);
  if (!agreed) return { seconds: sessionSeconds, refresher: 'us' };
  const seconds = Math.min(Math.max(agreed.seconds, leastSeconds), 86_400);
  return { seconds, refresher: agreed.refresher === 'uas' ? 'them' : 'us' };
}

/** In seconds; undefined: none is said. */
export function minSeOf(message: SipMessage): number | undefined {
  const digits = message.get('min-se')?.split(';', 1)[0]?.trim() ?? '';
  return /^\d{1,6}$/.test(digits) ? Math.min(Number(digits), 86_400) : undefined;
}

/** After how long the session is refreshed, or given up (§10), in milliseconds. */
export function timerWait({ seconds, refresher }: SessionTimer): number {
  return refresher === 'us' ? seconds * 500 : (seconds - Math.min(32, Math.floor(seconds / 3))) * 1000;
}
