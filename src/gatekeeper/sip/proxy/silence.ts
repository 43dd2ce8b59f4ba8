import { type Arrival, judgeArrival, type Sign } from './arrivals.js';
import type { ProxyContext } from './context.js';
import { requestWithin } from './dialog.js';
import { sendOwn } from './originate.js';
import type { CallSession } from './session.js';

/** RFC 3261 §13.3.1.4: 64*T1, after which an answer that nobody acknowledged is given up. */
const ackWaitMs = 32_000;
/** Longer than any look-up or admission takes: a call that is neither ringing nor answered by then has lost its way. */
const setUpMs = 120_000;

/**
 * What time does to a call, looked at once a second. A session timer that ran out ends it (RFC 4028 §10); without one, long silence is
 * followed by a question to both ends, and silence from both ends the call.
 */
export function watchSession(context: ProxyContext, session: CallSession, now: number): void {
  session.hunt?.checkRinging(now);
  for (const reinvite of session.reinvites) if (now >= reinvite.until) reinvite.giveUp(408);
  if (!session.answered) {
    if (!session.hunt && now - session.startedAt >= setUpMs) session.finish('internalError');
    return;
  }
  if (session.arrival && !context.storeAway()) watchArrival(context, session, session.arrival, now);
  if (!session.acknowledged && now - (session.answeredAt ?? now) >= ackWaitMs) {
    end(session, 'ackMissing', 'The answer was never acknowledged');
  } else if (context.storeAway()) {
    // Its parties may talk to another instance, which has taken the call over.
    return;
  } else if (hasLostMeeting(context, session)) {
    end(session, 'connectionLost', 'The node that held the meeting is lost: call again');
  } else if (session.refreshBy !== undefined) {
    if (now >= session.refreshBy) end(session, 'sessionExpired', 'The session timer ran out');
  } else {
    watchSilence(context, session, now);
  }
}

/** A meeting is made anew at another node, but nobody there knows of this call: the sooner it ends, the sooner the room system is back. */
function hasLostMeeting({ holders }: ProxyContext, { dialog }: CallSession): boolean {
  if (!dialog) return false;
  return [dialog.caller, dialog.callee].some(({ zone, flow }) => zone.kind === 'meetings' && !holders.mayExist(flow.id));
}

function watchSilence(context: ProxyContext, session: CallSession, now: number): void {
  const silence = context.timers.silenceSeconds * 1000;
  if (session.probing || silence === 0 || now - session.lastSeenAt < silence) return;
  if (!context.timers.probe) {
    end(session, 'partiesSilent', 'Nothing was heard of either end');
    return;
  }
  probe(context, session, ([caller, callee]) => {
    if (caller === 'gone' || callee === 'gone' || (caller === 'silent' && callee === 'silent')) noAnswer(session);
  });
}

/** A call that came over: whoever hung up while its instance was being lost was heard by nobody. */
function watchArrival(context: ProxyContext, session: CallSession, arrival: Arrival, now: number): void {
  const { dialog } = session;
  const heard = dialog !== undefined && dialog.caller.seenAt > arrival.at && dialog.callee.seenAt > arrival.at;
  if (heard || !context.timers.probe) session.arrival = undefined;
  if (session.arrival === undefined || session.probing || now < arrival.askAt) return;
  probe(context, session, (signs) => {
    const verdict = judgeArrival(arrival, signs, context.clock.now());
    if (verdict !== 'again') session.arrival = undefined;
    if (verdict === 'over') noAnswer(session);
  });
}

function noAnswer(session: CallSession): void {
  end(session, 'partiesSilent', 'Neither end of the call answered');
}

function end(session: CallSession, reason: 'ackMissing' | 'sessionExpired' | 'partiesSilent' | 'connectionLost', text: string): void {
  // Nobody waits for the parties' answers to our BYE: the record is written, and whoever still listens has heard it.
  void session.terminate(reason, text);
}

/**
 * Asks both ends with OPTIONS inside the dialog. The CSeq number is the last one used in that direction: not lower, which would be
 * refused (RFC 3261 §12.2.2), and not higher, which would get in the way of the party's own next request.
 */
function probe(context: ProxyContext, session: CallSession, told: (signs: readonly [caller: Sign, callee: Sign]) => void): void {
  const { dialog } = session;
  if (!dialog) return;
  session.probing = context.clock.after(60_000, () => {
    session.probing = undefined;
  });
  const ask = async (towards: 'caller' | 'callee'): Promise<Sign> => {
    const source = towards === 'caller' ? dialog.callee : dialog.caller;
    const target = dialog[towards];
    const options = requestWithin(dialog, towards, 'OPTIONS', Math.max(1, source.cseq), undefined);
    const response = await sendOwn(context, options, target);
    if (!response || response.status === 408) return 'silent';
    if (response.status === 481) return 'gone';
    target.seenAt = context.clock.now();
    return 'alive';
  };
  Promise.all([ask('caller'), ask('callee')])
    .then((signs) => {
      session.probing?.cancel();
      session.probing = undefined;
      if (!session.call.ended && !context.storeAway()) told(signs);
    })
    .catch((error: unknown) => context.observer.fault(error, session.callId));
}
