import type { EpochMs } from '../../../clock.js';
import type { RefusalCode } from '../../calls/reasons.js';
import type { Zone } from '../../plan/plan.js';
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
import { type Hop, openHop, takeHop } from './hop.js';
import { HopRun } from './hop-run.js';
import { dropForeignIdentities } from './identity-headers.js';
import { judgeMedia, type MediaRule, mediaOf, ruleForOffer } from './media-policy.js';
import { reasonCodeOf, reasonValue } from './reason-header.js';
import type { CallSession } from './session.js';

/** RFC 3261 §12.2: requests that may move a party's remote target. */
const refreshesTarget = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE', 'NOTIFY', 'REFER']);

/** A request that reached us inside a call. */
export interface InDialogRequest {
  readonly session: CallSession;
  readonly request: SipRequest;
  /** How it came from its sender: to here, or to the instance that passed it on. */
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
  if (noteSender(context, source, request, flow) && session.dialog === dialog && request.method !== 'BYE') session.carry();
  dropForeignIdentities(context.plan(), request, source.zone);
  const media = mediaOf(request);
  if (request.method === 'ACK' && session.answeredTag === dialog.callee.tag) session.acknowledge(media);

  const passage = transaction && request.method === 'INVITE' ? new Reinvite(context, session, transaction) : undefined;
  const way: Way = { context, session, dialog, from, request, media, flow, transaction, passage };
  const unfit = media && judgeMedia(media, ruleIn(request, source.zone, target.zone), flow.transport);
  if (unfit) refuse(way, unfit);
  else sendBy(way, await openSide(context, target, request));
}

/** What an ACK carries is the answer to a late offer; INVITE and UPDATE carry offers. */
function ruleIn({ method }: SipRequest, zone: Zone, target: Zone): MediaRule {
  return ruleForOffer(zone, method === 'ACK' ? undefined : target.kind);
}

/** A re-INVITE or UPDATE is refused and the call goes on as it was (RFC 3261 §14.2); an ACK can't be refused, so the call ends. */
function refuse({ session, request, transaction, passage }: Way, code: RefusalCode): void {
  passage?.close();
  if (transaction) transaction.respond(refusalResponse(request, code));
  else void session.terminate('encryptionLost', 'Media is not encrypted', 'mediaNotEncrypted');
}

/** On by this hop, or by those that may follow it. */
function sendBy(way: Way, hop: Hop | undefined): void {
  const { context, request, transaction, passage } = way;
  if (passage?.over) return;
  if (!hop) {
    unreachable(way);
    return;
  }
  if (!transaction) {
    const ack = copyFor(way, hop);
    if (ack) context.transactions.sendStateless(ack, hop.flow);
    return;
  }
  new HopRun(context, {
    request,
    prepare: (by) => copyFor(way, by),
    sent: (client) => passage?.sent(client),
    onResponse: (response) => passBack(way, response),
    onTimeout: () => unanswered(way, 408),
    onFailure: (why) => (why === 'none' ? unreachable(way) : unanswered(way, 503)),
    over: () => transaction.finalSent,
  }).start(hop);
}

/** A copy, as answers of our own are still made from the request as it came. Undefined: it may not go by this hop, and is refused. */
function copyFor(way: Way, hop: Hop): SipRequest | undefined {
  const { context, session, dialog, from, request, media } = way;
  const target = dialog[from === 'caller' ? 'callee' : 'caller'];
  // Judged by the way it really takes, which need not be the one the last message took.
  const exposed = media && judgeMedia(media, ruleIn(request, target.zone, target.zone), hop.endpoint.transport);
  if (exposed) {
    refuse(way, exposed);
    return undefined;
  }
  const moved = target.flow.id !== hop.endpoint.id;
  target.flow = hop.endpoint;
  if (moved && session.dialog === dialog && request.method !== 'BYE') session.carry();
  const copy = request.clone();
  lowerMaxForwards(copy);
  takeHop(copy, hop);
  addVia(copy, context.here, hop.flow, loopHash(request));
  return copy;
}

function unreachable(way: Way): void {
  const { request, transaction, passage } = way;
  passage?.close();
  if (transaction?.finalSent === false) {
    transaction.respond(refusalResponse(request, 'callUnknown', 'The other side of the call cannot be reached'));
  }
  if (request.method === 'BYE') hungUp(way);
}

/** Our own meeting service says why; of others a Reason proves nothing. */
function hungUp({ session, dialog, from, request }: Way): void {
  session.hungUp(dialog, dialog[from].zone.kind === 'meetings' ? reasonCodeOf(request) : undefined);
}

interface Way {
  readonly context: ProxyContext;
  readonly session: CallSession;
  readonly dialog: Dialog;
  readonly from: 'caller' | 'callee';
  readonly request: SipRequest;
  readonly media: SdpSecurity | undefined;
  /** What the answer takes back to who asked. */
  readonly flow: Flow;
  /** Undefined for an ACK. */
  readonly transaction: ServerTransaction | undefined;
  readonly passage: Reinvite | undefined;
}

/** Re-INVITEs under way: where their CANCEL goes, also while the way to the other side is still being opened. */
const passages = new WeakMap<ServerTransaction, Reinvite>();

class Reinvite implements OpenReinvite {
  readonly until: EpochMs;
  readonly #session: CallSession;
  readonly #transaction: ServerTransaction;
  #client: ClientTransaction | undefined;
  #cancelled: { readonly reason: string | undefined } | undefined;
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

  /** To the other side, or by the next way where the first led nowhere: a CANCEL that came between goes after it. */
  sent(client: ClientTransaction): void {
    this.#client = client;
    if (this.#cancelled) client.cancel(this.#cancelled.reason);
  }

  /** The caller's CANCEL: the other side's 487 comes back, where it has been asked. */
  cancel(reason: string | undefined): void {
    this.#cancelled = { reason };
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

/** False: it is no re-INVITE that passes through here. */
export function cancelInDialog(transaction: ServerTransaction, reason: string | undefined): boolean {
  const passage = passages.get(transaction);
  passage?.cancel(reason);
  return passage !== undefined;
}

/** So often a party's CSeq number is told to the other instances, where nothing else of it has changed; less than `unseenCSeqs`. */
const cseqStep = 500;

/** True: something has changed that another instance must know to carry the call on. */
function noteSender(context: ProxyContext, source: DialogSide, request: SipRequest, flow: Flow): boolean {
  source.seenAt = context.clock.now();
  const newer = request.method !== 'ACK' && request.cseq.seq > source.cseq;
  let changed = false;
  // A party that changed its network is answered where it is now; but nobody is moved from TLS to a way that can be read, nor from a way
  // of ours to one that leads through another instance and is lost with it.
  const readable = source.flow.transport === 'tls' && flow.transport !== 'tls';
  // What was sent before something that is known already says nothing of where the party is now.
  const late = request.cseq.seq < source.cseq;
  if (source.flow.closed ? !late && !readable : newer && !flow.closed && !readable) {
    changed = source.flow.id !== flow.id;
    source.flow = flow;
  }
  if (!newer) return changed;
  const { seq } = request.cseq;
  if (source.cseq === 0 || Math.floor(source.cseq / cseqStep) !== Math.floor(seq / cseqStep)) changed = true;
  source.cseq = seq;
  const contact = refreshesTarget.has(request.method) ? contactOf(request) : undefined;
  if (contact !== undefined && contact !== source.contact) {
    source.contact = contact;
    changed = true;
  }
  return changed;
}

/** The way on: a Route that is left, else the Request-URI (RFC 3261 §16.5, §16.6 step 7), over the flow that is known to work. */
function openSide(context: ProxyContext, target: DialogSide, request: SipRequest): Hop | undefined | Promise<Hop | undefined> {
  const routes = request.has('route') ? request.list('route') : [];
  return openHop(context, { uri: request.uri, routes, callId: request.callId }, target);
}

function passBack(way: Way, response: SipResponse): void {
  if (response.status === 100) return;
  const { context, session, dialog, from, flow, request, transaction, passage } = way;
  const { method } = request;
  const answerer = dialog[from === 'caller' ? 'callee' : 'caller'];
  answerer.seenAt = context.clock.now();
  if (response.status >= 200) passage?.close();
  const media = response.status < 300 ? mediaOf(response) : undefined;
  // Back to the sender it goes by the way that its request took.
  if (media && (judgeMedia(media, answerer.zone, answerer.flow.transport) ?? judgeMedia(media, dialog[from].zone, flow.transport))) {
    passage?.giveUp(487);
    if (transaction?.finalSent === false) transaction.respond(refusalResponse(request, 'answerNotEncrypted'));
    void session.terminate('encryptionLost', 'The answer is not encrypted', 'answerNotEncrypted');
    return;
  }
  if (response.status >= 200 && response.status < 300 && (method === 'INVITE' || method === 'UPDATE')) {
    const { refreshBy } = session;
    const { contact } = answerer;
    session.refreshed(response);
    answerer.contact = contactOf(response) ?? contact;
    if ((session.refreshBy !== refreshBy || answerer.contact !== contact) && session.dialog === dialog) session.carry();
  }
  response.removeFirst('via');
  transaction?.respond(response);
  if (method === 'BYE' && response.status >= 200 && response.status !== 401 && response.status !== 407) hungUp(way);
}

function unanswered(way: Way, status: 408 | 503): void {
  const { request, transaction, passage } = way;
  passage?.close();
  // RFC 4320 §4.1: nobody waits for a 408 to a non-INVITE any more; the party's own transaction has timed out by then.
  if (transaction?.finalSent === false && (status === 503 || request.method === 'INVITE')) {
    transaction.respond(responseTo(request, status === 503 ? 500 : 408));
  }
  if (request.method === 'BYE') hungUp(way);
}
