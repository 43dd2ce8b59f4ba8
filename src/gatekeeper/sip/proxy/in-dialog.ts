import type { SipRequest, SipResponse } from '../message/message.js';
import { responseTo } from '../message/message.js';
import { refusalResponse } from '../refusal-response.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import { loopHash } from './branch.js';
import type { ProxyContext } from './context.js';
import { contactOf, type Dialog, type DialogSide } from './dialog.js';
import { addVia, lowerMaxForwards } from './forward.js';
import { hopTo } from './hop.js';
import { judgeMedia, mediaOf } from './media-policy.js';
import { openFirst } from './originate.js';
import type { CallSession } from './session.js';

/** RFC 3261 §12.2: requests that may move a party's remote target. */
const refreshesTarget = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/**
 * A request inside a call that passes through here: on to the other side, by its route set or over its flow, with the same rule for
 * media as at the start. BYE closes the record.
 */
export async function forwardInDialog(
  context: ProxyContext,
  session: CallSession,
  request: SipRequest,
  flow: Flow,
  transaction: ServerTransaction | undefined,
): Promise<void> {
  const found = session.sideOf(request);
  if (!found) {
    transaction?.respond(refusalResponse(request, 'callUnknown'));
    return;
  }
  const { dialog, from } = found;
  const source = dialog[from];
  const target = dialog[from === 'caller' ? 'callee' : 'caller'];
  noteSender(context, source, request, flow);
  if (request.method === 'ACK' && session.answeredTag === dialog.callee.tag) session.acknowledged = true;

  const media = mediaOf(request);
  const unfit = media && (judgeMedia(media, source.zone, flow.transport) ?? judgeMedia(media, target.zone, target.flow.transport));
  if (unfit) {
    // A re-INVITE or UPDATE is refused and the call goes on as it was (RFC 3261 §14.2); an ACK can't be refused, so the call ends.
    if (transaction) transaction.respond(refusalResponse(request, unfit));
    else session.terminate('encryptionLost', 'Media is not encrypted');
    return;
  }

  const out = await openSide(context, target, request);
  if (!out) {
    transaction?.respond(refusalResponse(request, 'callUnknown', 'The other side of the call cannot be reached'));
    if (request.method === 'BYE') session.finish('completed');
    return;
  }
  target.flow = out;
  // A copy: answers of our own are still made from the request as it came.
  const copy = request.clone();
  lowerMaxForwards(copy);
  addVia(copy, context.here, out, loopHash(request));
  if (!transaction) {
    context.transactions.sendStateless(copy, out);
    return;
  }
  const client = context.transactions.request(copy, out, {
    onResponse: (response) => passBack(context, session, dialog, from, request.method, response, transaction),
    onTimeout: () => unanswered(session, dialog, request, transaction, 408),
    onTransportError: () => unanswered(session, dialog, request, transaction, 503),
  });
  if (request.method === 'INVITE') cancellers.set(transaction, (reason) => client.cancel(reason));
}

/** Re-INVITEs under way: where their CANCEL goes. */
const cancellers = new WeakMap<ServerTransaction, (reason: string | undefined) => void>();

export function cancelInDialog(transaction: ServerTransaction, reason: string | undefined): boolean {
  const cancel = cancellers.get(transaction);
  cancel?.(reason);
  return cancel !== undefined;
}

function noteSender(context: ProxyContext, source: DialogSide, request: SipRequest, flow: Flow): void {
  source.seenAt = context.clock.now();
  // A party that changed its network is answered where it is now; behind a proxy of its own (a route set) that is the proxy.
  source.flow = flow;
  if (request.method !== 'ACK' && request.cseq.seq > source.cseq) source.cseq = request.cseq.seq;
  if (refreshesTarget.has(request.method)) source.contact = contactOf(request) ?? source.contact;
}

/** The way on: a Route that is left, else the Request-URI (RFC 3261 §16.5, §16.6 step 7), over the flow that is known to work. */
function openSide(context: ProxyContext, target: DialogSide, request: SipRequest): Flow | undefined | Promise<Flow | undefined> {
  const route = request.list('route')[0];
  const hop = hopTo(context, request.uri, route, target);
  if (!hop) return undefined;
  if (hop instanceof Promise) return hop.then((later) => ('flow' in later ? later.flow : openFirst(context, later.targets)));
  return 'flow' in hop ? hop.flow : openFirst(context, hop.targets);
}

function passBack(
  context: ProxyContext,
  session: CallSession,
  dialog: Dialog,
  from: 'caller' | 'callee',
  method: string,
  response: SipResponse,
  transaction: ServerTransaction,
): void {
  if (response.status === 100) return;
  const answerer = dialog[from === 'caller' ? 'callee' : 'caller'];
  const asker = dialog[from];
  answerer.seenAt = context.clock.now();
  const media = response.status < 300 ? mediaOf(response) : undefined;
  const unfit = media && (judgeMedia(media, answerer.zone, answerer.flow.transport) ?? judgeMedia(media, asker.zone, asker.flow.transport));
  if (unfit) {
    if (!transaction.finalSent) transaction.respond(refusalResponse(transaction.request, 'answerNotEncrypted'));
    session.terminate('encryptionLost', 'The answer is not encrypted');
    return;
  }
  if (response.status >= 200 && response.status < 300) {
    if (method === 'INVITE' || method === 'UPDATE') {
      session.refreshed(response);
      answerer.contact = contactOf(response) ?? answerer.contact;
    }
  }
  response.removeFirst('via');
  transaction.respond(response);
  if (method === 'BYE' && response.status >= 200 && response.status !== 401 && response.status !== 407) hungUp(session, dialog);
}

function unanswered(session: CallSession, dialog: Dialog, request: SipRequest, transaction: ServerTransaction, status: number): void {
  // RFC 4320 §4.1: nobody waits for a 408 to a non-INVITE any more; the party's own transaction has timed out by then.
  if (status !== 408 || request.method === 'INVITE') transaction.respond(responseTo(transaction.request, status === 503 ? 500 : 408));
  if (request.method === 'BYE') hungUp(session, dialog);
}

/** One dialog of the call is over. The record closes with the dialog that was answered first, or when it was the last one. */
function hungUp(session: CallSession, dialog: Dialog): void {
  session.dialogs.delete(dialog.callee.tag);
  if (dialog.callee.tag === session.answeredTag || ![...session.dialogs.values()].some((other) => other.confirmed)) {
    session.finish(session.answered ? 'completed' : 'callerCancelled');
  }
}
