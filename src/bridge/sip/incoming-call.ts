import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import { responseTo, type SipRequest } from '../../gatekeeper/sip/message/message.js';
import { parseNameAddr } from '../../gatekeeper/sip/message/name-addr.js';
import { newTag } from '../../gatekeeper/sip/message/tags.js';
import { parseUri, userText } from '../../gatekeeper/sip/message/uri.js';
import { refusalResponse } from '../../gatekeeper/sip/refusal-response.js';
import { sdpOf } from '../../gatekeeper/sip/sdp-policy.js';
import type { ServerTransaction } from '../../gatekeeper/sip/transaction/transactions.js';
import type { Agent } from './agent.js';
import type { Call } from './call.js';
import type { CallUser } from './call-user.js';
import { capabilities } from './capabilities.js';
import { contactOf, type Dialog, dialogOfRequest } from './dialog.js';
import { answerTimer, type SessionTimer } from './session-timer.js';

/** What makes a call of an INVITE that is answered; the user agent's. */
export interface CallMaker {
  open(made: {
    readonly dialog: Dialog;
    readonly contact: readonly [string, string];
    readonly user: CallUser;
    readonly timer: SessionTimer;
    readonly allowsUpdate: boolean;
    readonly outgoing: boolean;
  }): Call;
}

/** An INVITE that wants an answer (RFC 3261 §13.3): `accept` or `refuse` it, once. */
export class IncomingCall {
  readonly request: SipRequest;
  /** Their offer; undefined: they want one from us (a delayed offer). */
  readonly offer: string | undefined;
  /** Called once when the caller gives up before the answer. It has been answered with 487 then. */
  onCancel: (() => void) | undefined;
  readonly #agent: Agent;
  readonly #maker: CallMaker;
  readonly #transaction: ServerTransaction;
  readonly #onDone: () => void;
  readonly #tag = newTag();
  #done = false;

  constructor(agent: Agent, maker: CallMaker, transaction: ServerTransaction, onDone: () => void) {
    this.#agent = agent;
    this.#maker = maker;
    this.#transaction = transaction;
    this.#onDone = onDone;
    this.request = transaction.request;
    this.offer = sdpOf(this.request);
  }

  /** What the Request-URI calls: the user part of a SIP URI, the digits of a telephone number (RFC 3966 §3). Undefined: neither. */
  get called(): string | undefined {
    const { sipUri, uri } = this.request;
    if (sipUri) return sipUri.user === '' ? undefined : userText(sipUri.user);
    const other = parseUri(uri);
    const digits = other?.scheme === 'tel' ? other.opaque.replace(/[-.()]/g, '').replace(/^\+/, '') : '';
    return /^\d{1,32}$/.test(digits) ? digits : undefined;
  }

  /** Nobody waits for an answer any more. */
  get done(): boolean {
    return this.#done;
  }

  refuse(code: RefusalCode, detail?: string, headers: readonly (readonly [string, string])[] = []): void {
    if (!this.#finish()) return;
    const response = refusalResponse(this.request, code, detail);
    for (const [name, value] of headers) response.set(name.toLowerCase(), value);
    this.#transaction.respond(response);
  }

  /**
   * Answers: with the answer to their offer, or with an offer of ours, whose answer `user.onAnswer` gets. Undefined: the caller gave up, or
   * its INVITE makes no dialog; then nothing came about.
   */
  accept(sdp: string, user: CallUser): Call | undefined {
    if (!this.#finish()) return undefined;
    const dialog = dialogOfRequest(this.request, this.#tag);
    const timer = answerTimer(this.request);
    if (!dialog || !timer.ok) {
      this.#transaction.respond(refusalResponse(this.request, 'badRequest', 'The INVITE has no Contact, or more than one'));
      return undefined;
    }
    const contact = this.#agent.contact(this.request.sipUri?.user ?? this.called ?? '', isSecure(this.request));
    const call = this.#maker.open({
      dialog,
      contact,
      user,
      timer: timer.timer,
      allowsUpdate: allowsUpdate(this.request.list('allow')),
      outgoing: false,
    });
    const headers = [contact, ...capabilities, ...timer.headers, ['Content-Type', 'application/sdp'] as const];
    const response = responseTo(this.request, 200, undefined, headers, this.#tag);
    // §12.1.1: the route set is for both ends.
    for (const route of this.request.getAll('record-route')) response.add('record-route', route);
    response.body = sdp;
    call.answer(this.#transaction, response, this.offer === undefined);
    return call;
  }

  /** The caller gave up (§9.2). */
  cancel(): void {
    if (!this.#finish()) return;
    this.#transaction.respond(responseTo(this.request, 487));
    this.onCancel?.();
  }

  #finish(): boolean {
    if (this.#done) return false;
    this.#done = true;
    this.#onDone();
    return true;
  }
}

/** Whether our Contact must be a sips URI (RFC 3261 §12.1.1). */
function isSecure(request: SipRequest): boolean {
  if (request.sipUri?.scheme === 'sips') return true;
  const [top] = request.list('record-route');
  return (top === undefined ? contactOf(request) : parseNameAddr(top)?.uri)?.toLowerCase().startsWith('sips:') === true;
}

/** Whether an Allow says that UPDATE may be sent (RFC 3311 §4). */
export function allowsUpdate(allow: readonly string[]): boolean {
  return allow.some((method) => method.toUpperCase() === 'UPDATE');
}

/** Whether an INVITE asks for a session too short to be kept up (RFC 4028 §9): 422 then, before anything is done about it. */
export function tooBrief(request: SipRequest): number | undefined {
  const timer = answerTimer(request);
  return timer.ok ? undefined : timer.minSeconds;
}
