import type { SipRequest, SipResponse } from '../message/message.js';
import type { ProxyContext } from './context.js';
import { type Dialog, type DialogSide, requestWithin } from './dialog.js';
import { addVia } from './forward.js';
import { type Hop, openHop, takeHop } from './hop.js';
import { HopRun } from './hop-run.js';
import { reasonValue } from './reason-header.js';

/**
 * Sends a request of our own to one side of a dialog and tells its final response; undefined: none came, or it could not be sent.
 * Never rejects.
 */
export async function sendOwn(context: ProxyContext, request: SipRequest, target: DialogSide): Promise<SipResponse | undefined> {
  try {
    return await send(context, request, target);
  } catch (error) {
    context.observer.fault(error, request.callId);
    return undefined;
  }
}

async function send(context: ProxyContext, request: SipRequest, target: DialogSide): Promise<SipResponse | undefined> {
  const hop = await openHop(context, { uri: target.contact, routes: target.routeSet, callId: request.callId }, target);
  if (!hop) return undefined;
  const prepare = (by: Hop) => {
    const copy = request.clone();
    takeHop(copy, by);
    addVia(copy, context.here, by.flow, 'own');
    return copy;
  };
  if (request.method === 'ACK') {
    context.transactions.sendStateless(prepare(hop), hop.flow);
    return undefined;
  }
  return new Promise((resolve) => {
    new HopRun(context, {
      request,
      prepare,
      onResponse: (response) => {
        if (response.status >= 200) resolve(response);
      },
      onTimeout: () => resolve(undefined),
      onFailure: () => resolve(undefined),
    }).start(hop);
  });
}

/** BYE to both ends (RFC 3261 §15), each as if from the other. Settles when both have answered or cannot be asked; never rejects. */
export async function endDialog(context: ProxyContext, dialog: Dialog, text: string): Promise<void> {
  const bye = (towards: 'caller' | 'callee') => {
    const source = towards === 'caller' ? dialog.callee : dialog.caller;
    return sendOwn(
      context,
      requestWithin(dialog, towards, 'BYE', source.cseq + dialog.unseen + 1, reasonValue(200, text)),
      dialog[towards],
    );
  };
  await Promise.all([bye('caller'), bye('callee')]);
}

/** Stops the sender of a 2xx from repeating it (RFC 3261 §13.2.2.4). */
export function acknowledge(context: ProxyContext, dialog: Dialog, inviteCSeq: number): void {
  void sendOwn(context, requestWithin(dialog, 'callee', 'ACK', inviteCSeq, undefined), dialog.callee);
}

/** Hangs up at the called side alone (RFC 3261 §15): its answer may not stand. */
export function hangUpCallee(context: ProxyContext, dialog: Dialog, inviteCSeq: number, text: string): void {
  void sendOwn(context, requestWithin(dialog, 'callee', 'BYE', inviteCSeq + 1, reasonValue(488, text)), dialog.callee);
}
