import type { EpochMs } from '../../../clock.js';
import type { RefusalCode } from '../../calls/reasons.js';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.js';
import { refusalResponse } from '../refusal-response.js';
import type { SdpSecurity } from '../sdp-policy.js';
import type { ClientTransaction, ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import { loopHash } from './branch.js';
import type { ProxyContext } from './context.js';
import { contactOf, type Dialog, type DialogSide } from './dialog.js';
import { mayAct } from './dialog-sender.js';
import { addVia, lowerMaxForwards } from './forward.js';
import { hopTo } from './hop.js';
import { dropForeignIdentities } from './identity-headers.js';
import { judgeMedia, mediaOf } from './media-policy.js';
import { openFirst } from './originate.js';
import { reasonValue } from './reason-header.js';
import type { CallSession } from './session.js';

/** RFC 3261 §12.2: requests that may move a party's remote target. */
const refreshesTarget = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** A request that reached us inside a call. */
export interface InDialogRequest {
  readonly session: CallSession;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Its Route carried the call's token. */
  readonly token: boolean;
  /** Undefined for an ACK. */
  readonly transaction: ServerTransaction | undefined;
}

/** An INVITE inside a dialog until its final response: the session's sweep ends one that nobody answers (timer C). */
export interface OpenReinvite {
  readonly until: EpochMs;
  /** Cancels it towards the other side and answers it here. */
  giveUp(status: 408 | 487): void;
}

/**
 * A request inside a call that passes through here: on to the other side, by its route set or over its flow, with the same rule for
 * media as at the start. BYE closes the record.
 */
export async function forwardInDialog(context: ProxyContext, asked: InDialogRequest): Promise<void> {
  const { session, request, flow, transaction } = asked;
  const found = session.sideOf(request);
  // Who is not a party learns no more than that there is no such call.
  if (!found || !mayAct(context, found.dialog[found.from], flow, asked.token)) {
    transaction?.respond(refusalResponse(request, 'callUnknown'));
    return;
  }
  const { dialog, from } = found;
  const source = dialog[from];
  const target = dialog[from === 'caller' ? 'callee' : 'caller'];
  noteSender(context, source, request, flow);
  dropForeignIdentities(context.plan(), request, source.zone);
  const media = mediaOf(request);
  if (request.method === 'ACK' && session.answeredTag === dialog.callee.tag) session.acknowledge(media);

  const refuse = (code: RefusalCode, detail?: string) => {
    // A re-INVITE or UPDATE is refused and the call goes on as it was (RFC 3261 §14.2); an ACK can't be refused, so the call ends.
    if (transaction) transaction.respond(refusalResponse(request, code, detail));
    else void session.terminate('encryptionLost', 'Media is not encrypted', 'mediaNotEncrypted');
  };
  const unfit = media && judgeMedia(media, source.zone, flow.transport);
  if (unfit) {
    refuse(unfit);
    return;
  }

  const passage = transaction && request.method === 'INVITE' ? new Reinvite(context, session, transaction) : undefined;
  const out = await openSide(context, target, request);
  if (passage?.over) return;
  if (!out) {
    passage?.close();
    transaction?.respond(refusalResponse(request, 'callUnknown', 'The other side of the call cannot be reached'));
    if (request.method === 'BYE') session.hungUp(dialog);
    return;
  }
  // Judged by the way it really takes, which need not be the one the last message took.
  const exposed = media && judgeMedia(media, target.zone, out.transport);
  if (exposed) {
    passage?.close();
    refuse(exposed);
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
  const way: Way = { context, session, dialog, from, transaction, passage };
  const client = context.transactions.request(copy, out, {
    onResponse: (response) => passBack(way, response),
    onTimeout: () => unanswered(way, 408),
    onTransportError: () => unanswered(way, 503),
  });
  passage?.sent(client);
}

interface Way {
  readonly context: ProxyContext;
  readonly session: CallSession;
  readonly dialog: Dialog;
  readonly from: 'caller' | 'callee';
  readonly transaction: ServerTransaction;
  readonly passage: Reinvite | undefined;
}

/** Re-INVITEs under way: where their CANCEL goes, also while the way to the other side is still being opened. */
const passages = new WeakMap<ServerTransaction, Reinvite>();

class Reinvite implements OpenReinvite {
  readonly until: EpochMs;
  readonly #session: CallSession;
  readonly #transaction: ServerTransaction;
  #client: ClientTransaction | undefined;
  #over = false;

  constructor(context: ProxyContext, session: CallSession, transaction: ServerTransaction) {
    this.until = context.clock.now() + context.timers.ringingSeconds * 1000;
    this.#session = session;
    this.#transaction = transaction;
    session.reinvites.add(this);
    passages.set(transaction, this);
  }

  get over(): boolean {
    return this.#over;
  }

  sent(client: ClientTransaction): void {
    this.#client = client;
  }

  /** The caller's CANCEL: the other side's 487 comes back, where it has been asked. */
  cancel(reason: string | undefined): void {
    if (this.#client) this.#client.cancel(reason);
    else this.giveUp(487);
  }

  giveUp(status: 408 | 487): void {
    if (this.#over) return;
    this.close();
    this.#client?.cancel(reasonValue(status, status === 408 ? 'Nobody answered in time' : 'The call is over'));
    if (!this.#transaction.finalSent) this.#transaction.respond(responseTo(this.#transaction.request, status));
  }

  /** It has its final response. */
  close(): void {
    this.#over = true;
    this.#session.reinvites.delete(this);
  }
}

export function cancelInDialog(transaction: ServerTransaction, reason: string | undefined): void {
  passages.get(transaction)?.cancel(reason);
}

function noteSender(context: ProxyContext, source: DialogSide, request: SipRequest, flow: Flow): void {
  source.seenAt = context.clock.now();
  const newer = request.method !== 'ACK' && request.cseq.seq > source.cseq;
  // A party that changed its network is answered where it is now; but nobody is moved from TLS to a way that can be read.
  if (source.flow.closed || (newer && !(source.flow.transport === 'tls' && flow.transport !== 'tls'))) source.flow = flow;
  if (!newer) return;
  source.cseq = request.cseq.seq;
  if (refreshesTarget.has(request.method)) source.contact = contactOf(request) ?? source.contact;
}

/** The way on: a Route that is left, else the Request-URI (RFC 3261 §16.5, §16.6 step 7), over the flow that is known to work. */
function openSide(context: ProxyContext, target: DialogSide, request: SipRequest): Flow | undefined | Promise<Flow | undefined> {
  const hop = hopTo(context, request.uri, request.list('route')[0], target);
  if (!hop) return undefined;
  if (hop instanceof Promise) return hop.then((later) => ('flow' in later ? later.flow : openFirst(context, later.targets)));
  return 'flow' in hop ? hop.flow : openFirst(context, hop.targets);
}

function passBack(way: Way, response: SipResponse): void {
  if (response.status === 100) return;
  const { context, session, dialog, from, transaction, passage } = way;
  const { method } = transaction.request;
  const answerer = dialog[from === 'caller' ? 'callee' : 'caller'];
  answerer.seenAt = context.clock.now();
  if (response.status >= 200) passage?.close();
  const media = response.status < 300 ? mediaOf(response) : undefined;
  if (media && unfitBetween(media, answerer, dialog[from])) {
    passage?.giveUp(487);
    if (!transaction.finalSent) transaction.respond(refusalResponse(transaction.request, 'answerNotEncrypted'));
    void session.terminate('encryptionLost', 'The answer is not encrypted', 'answerNotEncrypted');
    return;
  }
  if (response.status >= 200 && response.status < 300 && (method === 'INVITE' || method === 'UPDATE')) {
    session.refreshed(response);
    answerer.contact = contactOf(response) ?? answerer.contact;
  }
  response.removeFirst('via');
  transaction.respond(response);
  if (method === 'BYE' && response.status >= 200 && response.status !== 401 && response.status !== 407) session.hungUp(dialog);
}

function unfitBetween(media: SdpSecurity, a: DialogSide, b: DialogSide): RefusalCode | undefined {
  return judgeMedia(media, a.zone, a.flow.transport) ?? judgeMedia(media, b.zone, b.flow.transport);
}

function unanswered({ session, dialog, transaction, passage }: Way, status: 408 | 503): void {
  passage?.close();
  const { request } = transaction;
  // RFC 4320 §4.1: nobody waits for a 408 to a non-INVITE any more; the party's own transaction has timed out by then.
  if (!transaction.finalSent && (status === 503 || request.method === 'INVITE')) {
    transaction.respond(responseTo(request, status === 503 ? 500 : 408));
  }
  if (request.method === 'BYE') session.hungUp(dialog);
}
