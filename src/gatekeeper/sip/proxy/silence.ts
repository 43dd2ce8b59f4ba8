import type { ProxyContext } from './context.js';
import { requestWithin } from './dialog.js';
import { sendOwn } from './originate.js';
import type { CallSession } from './session.js';

/** RFC 3261 table 4: 64*T1, after which an answer that nobody acknowledged is given up (§13.3.1.4). */
const ackWaitMs = 32_000;

/**
 * What time does to a call, looked at once a second. A session timer that ran out ends it (RFC 4028 §10); without one, long silence is
 * followed by a question to both ends, and silence from both ends the call.
 */
export function watchSession(context: ProxyContext, session: CallSession, now: number): void {
  session.hunt?.checkRinging(now);
  if (!session.answered || session.probing) return;
  if (session.refreshBy !== undefined) {
    if (now >= session.refreshBy) session.terminate('sessionExpired', 'The session timer ran out');
    return;
  }
  if (!session.acknowledged && now - session.lastSeenAt >= ackWaitMs) {
    session.terminate('ackMissing', 'The answer was never acknowledged');
    return;
  }
  const silence = context.timers.silenceSeconds * 1000;
  if (silence === 0 || now - session.lastSeenAt < silence) return;
  if (context.timers.probe) probe(context, session);
  else session.terminate('partiesSilent', 'Nothing was heard of either end');
}

/**
 * Asks both ends with OPTIONS inside the dialog. The CSeq number is the last one used in that direction: not lower, which would be
 * refused (RFC 3261 §12.2.2), and not higher, which would get in the way of the party's own next request.
 */
function probe(context: ProxyContext, session: CallSession): void {
  const dialog = session.dialog;
  if (!dialog) return;
  session.probing = context.clock.after(60_000, () => {
    session.probing = undefined;
  });
  const ask = async (towards: 'caller' | 'callee'): Promise<'alive' | 'silent' | 'gone'> => {
    const source = towards === 'caller' ? dialog.callee : dialog.caller;
    const target = dialog[towards];
    const options = requestWithin(dialog, towards, 'OPTIONS', Math.max(1, source.cseq), undefined);
    const response = await sendOwn(context, options, target);
    if (!response || response.status === 408) return 'silent';
    if (response.status === 481) return 'gone';
    target.seenAt = context.clock.now();
    return 'alive';
  };
  void Promise.all([ask('caller'), ask('callee')]).then(([caller, callee]) => {
    session.probing?.cancel();
    session.probing = undefined;
    if (session.call.ended) return;
    if (caller === 'gone' || callee === 'gone' || (caller === 'silent' && callee === 'silent')) {
      session.terminate('partiesSilent', 'Neither end of the call answered');
    }
  });
}
