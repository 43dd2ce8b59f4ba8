import type { SipRequest, SipResponse } from '../message/message.js';
import type { Flow, Target } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { type Dialog, type DialogSide, requestWithin } from './dialog.js';
import { addVia } from './forward.js';
import { hopTo } from './hop.js';

/** Sends a request of our own over a hop and tells its final response; undefined: none came, or it could not be sent. */
export async function sendOwn(context: ProxyContext, request: SipRequest, target: DialogSide): Promise<SipResponse | undefined> {
  const out = await openHop(context, target);
  if (!out) return undefined;
  addVia(request, context.here, out, 'own');
  if (request.method === 'ACK') {
    context.transactions.sendStateless(request, out);
    return undefined;
  }
  return new Promise((resolve) => {
    context.transactions.request(request, out, {
      onResponse: (response) => {
        if (response.status >= 200) resolve(response);
      },
      onTimeout: () => resolve(undefined),
      onTransportError: () => resolve(undefined),
    });
  });
}

async function openHop(context: ProxyContext, target: DialogSide): Promise<Flow | undefined> {
  const hop = await hopTo(context, target.contact, target.routeSet[0], target);
  if (!hop) return undefined;
  if ('flow' in hop) return hop.flow;
  return openFirst(context, hop.targets);
}

/** The first of the addresses that can be reached. */
export async function openFirst(context: ProxyContext, targets: readonly Target[]): Promise<Flow | undefined> {
  for (const target of targets) {
    try {
      return await context.transports.flowTo(target);
    } catch {
      // Not this address; RFC 3263 §4.3 goes on to the next. None left: the caller of this function hears undefined.
    }
  }
  return undefined;
}

/** BYE to both ends (RFC 3261 §15), each as if from the other. Answers change nothing any more. */
export function endDialog(context: ProxyContext, dialog: Dialog, text: string): void {
  const reason = `SIP;cause=200;text="${text.replaceAll('"', "'")}"`;
  for (const towards of ['caller', 'callee'] as const) {
    const target = dialog[towards];
    const source = towards === 'caller' ? dialog.callee : dialog.caller;
    const bye = requestWithin(dialog, towards, 'BYE', source.cseq + 1, reason);
    void sendOwn(context, bye, target);
  }
}

/** Takes back an answer that may not stand: ACK, so that its sender stops repeating it, then BYE (RFC 3261 §13.2.2.4, §15). */
export function refuseAnswer(context: ProxyContext, dialog: Dialog, inviteCSeq: number, text: string): void {
  const { callee } = dialog;
  const reason = `SIP;cause=488;text="${text.replaceAll('"', "'")}"`;
  void sendOwn(context, requestWithin(dialog, 'callee', 'ACK', inviteCSeq, undefined), callee);
  const bye = requestWithin(dialog, 'callee', 'BYE', inviteCSeq + 1, reason);
  void sendOwn(context, bye, callee);
}
