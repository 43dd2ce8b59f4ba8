import type { Timer } from '../../clock.js';
import { responseTo, type SipRequest, type SipResponse } from '../../gatekeeper/sip/message/message.js';
import { refusalResponse } from '../../gatekeeper/sip/refusal-response.js';
import { sdpOf } from '../../gatekeeper/sip/sdp-policy.js';
import type { ServerTransaction } from '../../gatekeeper/sip/transaction/transactions.js';
import type { Agent } from './agent.js';
import { AnsweredInvite } from './answered-invite.js';
import type { CallEnd, CallUser, SdpAnswer } from './call-user.js';
import { allow, capabilities, refuseByBody, supported } from './capabilities.js';
import { contactOf, type Dialog, requestIn } from './dialog.js';
import { type Exchange, exchange } from './exchange.js';
import { fastUpdate, readInfo } from './info.js';
import { type HangUpReason, reasonHeader, reasonOf } from './reason-header.js';
import { agreedTimer, answerTimer, leastSeconds, minSeOf, type SessionTimer, timerHeaders, timerWait } from './session-timer.js';

export interface CallOptions {
  readonly dialog: Dialog;
  /** Our Contact. */
  readonly contact: readonly [string, string];
  readonly user: CallUser;
  readonly timer: SessionTimer;
  /** Their Allow names UPDATE (RFC 3311). */
  readonly allowsUpdate: boolean;
  /** We made the call: decides who waits longer after glare (RFC 3261 §14.1). */
  readonly outgoing: boolean;
  /** Nothing more comes or goes in its dialog. */
  readonly onGone: (call: Call) => void;
}

/** So long an offer is tried while the other side has one of its own under way: as long as an answer may take (64 T1). */
const patienceMs = 32_000;
const sdpType: readonly [string, string] = ['Content-Type', 'application/sdp'];
const mediaLost: HangUpReason = { cause: 488, text: 'No media could be agreed on' };

/**
 * A call that was answered: the dialog (RFC 3261 §12) with the session in it (§14 re-INVITE, RFC 3311 UPDATE, §15 BYE), and its timer
 * (RFC 4028). Who calls whom makes no difference any more.
 */
export class Call {
  readonly dialog: Dialog;
  readonly #agent: Agent;
  readonly #options: CallOptions;
  readonly #user: CallUser;
  /** Our 2xx that has no ACK yet. */
  #answered: AnsweredInvite | undefined;
  /** Their re-INVITE or UPDATE that we are still at. */
  #answering: ServerTransaction | undefined;
  #cancelled = false;
  /** Our re-INVITE or UPDATE is under way. */
  #asking = false;
  /** Our INFO is under way. */
  #wanting = false;
  #ended = false;
  /** A BYE of ours waits for the ACK (§15). */
  #parting: (() => void) | undefined;
  #timer: SessionTimer;
  #session: Timer | undefined;
  readonly #pauses = new Set<() => void>();

  constructor(agent: Agent, options: CallOptions) {
    this.#agent = agent;
    this.#options = options;
    this.#user = options.user;
    this.dialog = options.dialog;
    this.#timer = options.timer;
    this.#startSession(options.timer);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends the 2xx to an INVITE, and again until its ACK comes. */
  answer(transaction: ServerTransaction, response: SipResponse, offered: boolean): void {
    this.#answered?.stop();
    this.#answered = new AnsweredInvite(this.#agent, transaction, response, offered, () => {
      this.#answered = undefined;
      // §13.3.1.4: the dialog is there, but the session is to be ended.
      if (this.#parting) this.#parting();
      else this.#end({ by: 'lost', reason: undefined }, { cause: 408, text: 'The answer was never acknowledged' });
    });
  }

  /** A request inside the dialog, but ACK and CANCEL. */
  receive(request: SipRequest, transaction: ServerTransaction): void {
    const { seq } = request.cseq;
    if (this.#ended && request.method !== 'BYE') transaction.respond(refusalResponse(request, 'callUnknown'));
    // §12.2.2: out of order.
    else if (seq <= this.dialog.remoteSeq) transaction.respond(responseTo(request, 500, 'Request Out Of Order'));
    else {
      this.dialog.remoteSeq = seq;
      this.#dispatch(request, transaction);
    }
  }

  receiveAck(ack: SipRequest): void {
    const answered = this.#answered;
    if (!answered || ack.cseq.seq !== answered.seq) return;
    answered.stop();
    this.#answered = undefined;
    const part = this.#parting;
    if (part) part();
    else if (answered.offered) this.#agent.guard(this.#learnAnswer(sdpOf(ack)), this.dialog.callId);
  }

  /** A CANCEL for their re-INVITE came in time: the session stays as it is, if it has not changed yet. */
  receiveCancel(transaction: ServerTransaction): void {
    if (this.#answering !== transaction) return;
    this.#cancelled = true;
  }

  /**
   * Offers the session anew by re-INVITE, also when they were about to do the same. False: they refused, or the call is over.
   */
  async reoffer(): Promise<boolean> {
    const { clock } = this.#agent;
    for (const until = clock.now() + patienceMs; !this.#ended && clock.now() < until; ) {
      if (this.#asking || this.#answering || this.#answered) {
        await this.#pause(2 * this.#agent.timing.t1);
        continue;
      }
      const response = await this.#invite();
      if (!response) return false;
      if (response.status < 300) return this.#learnAnswer(sdpOf(response));
      if (response.status !== 491) return false;
      // §14.1: the one who made the call waits 2.1 to 4 s, the other up to 2 s.
      const random = this.#agent.random();
      await this.#pause(this.#options.outgoing ? 2100 + 1900 * random : 2000 * random);
    }
    return false;
  }

  /** Asks them for a whole picture by INFO (RFC 5168); one request at a time. */
  askKeyFrame(): void {
    if (this.#ended || this.#wanting) return;
    this.#wanting = true;
    const info = requestIn(this.dialog, 'INFO', ++this.dialog.localSeq, [['Content-Type', 'application/media_control+xml']], fastUpdate);
    this.#agent.guard(
      exchange(this.#agent, info).then((outcome) => {
        this.#wanting = false;
        // One that does not know it is no reason to end the call; one that does not know the call is (§12.2.1.2).
        if (outcome.response?.status === 481) this.#judge(outcome);
      }),
      this.dialog.callId,
    );
  }

  /** Ends the call (§15). The user is told at once. */
  hangUp(reason?: HangUpReason): void {
    this.#end({ by: 'us', reason: undefined }, reason);
  }

  /** Stops its timers. Nobody is told. */
  dispose(): void {
    this.#ended = true;
    this.#session?.cancel();
    for (const done of [...this.#pauses]) done();
    this.#answered?.stop();
  }

  #dispatch(request: SipRequest, transaction: ServerTransaction): void {
    switch (request.method) {
      case 'INVITE':
      case 'UPDATE':
        this.#agent.guard(this.#change(request, transaction), this.dialog.callId);
        return;
      case 'BYE':
        transaction.respond(responseTo(request, 200));
        this.#finish({ by: 'them', reason: reasonOf(request) });
        this.#leave();
        return;
      case 'INFO':
        this.#inform(request, transaction);
        return;
      case 'OPTIONS':
        transaction.respond(responseTo(request, 200, undefined, capabilities));
        return;
      default:
        transaction.respond(responseTo(request, 405, undefined, [allow]));
    }
  }

  #inform(request: SipRequest, transaction: ServerTransaction): void {
    const info = readInfo(request);
    if (info.kind === 'unsupported') {
      transaction.respond(responseTo(request, 415, undefined, [['Accept', 'application/media_control+xml, application/dtmf-relay']]));
      return;
    }
    transaction.respond(responseTo(request, 200));
    if (info.kind === 'key-frame') this.#user.onKeyFrame();
    else if (info.kind === 'digit') this.#user.onDigit(info.digit);
  }

  /** Their re-INVITE or UPDATE. */
  async #change(request: SipRequest, transaction: ServerTransaction): Promise<void> {
    const invite = request.method === 'INVITE';
    const sdp = sdpOf(request);
    // An UPDATE without an offer only keeps the session alive, and touches nothing of a re-INVITE that we are still at.
    const offers = invite || sdp !== undefined;
    const refused = this.#refuseChange(request, offers) ?? refuseByBody(request);
    if (refused) {
      transaction.respond(refused);
      return;
    }
    const timer = answerTimer(request);
    if (!timer.ok) {
      transaction.respond(responseTo(request, 422, undefined, [['Min-SE', String(timer.minSeconds)]]));
      return;
    }
    if (offers) {
      this.#answering = transaction;
      this.#cancelled = false;
    }
    let body: SdpAnswer | undefined;
    try {
      if (sdp !== undefined) body = await this.#user.onOffer(sdp);
      else if (invite) body = { ok: true, sdp: await this.#user.makeOffer() };
    } catch (error) {
      this.#agent.fault(error, this.dialog.callId);
      body = { ok: false, refusal: 'internalError' };
    }
    if (offers) this.#answering = undefined;
    if (this.#ended || (invite && this.#cancelled && sdp === undefined)) transaction.respond(responseTo(request, 487));
    else if (body && !body.ok) transaction.respond(refusalResponse(request, body.refusal, body.detail));
    else {
      this.#startSession(timer.timer);
      this.#accept(request, transaction, body?.sdp ?? '', timer.headers, sdp === undefined);
    }
  }

  #accept(
    request: SipRequest,
    transaction: ServerTransaction,
    body: string,
    timer: readonly (readonly [string, string])[],
    offered: boolean,
  ): void {
    this.dialog.remoteTarget = contactOf(request) ?? this.dialog.remoteTarget;
    const headers = [this.#options.contact, allow, supported, ...timer, ...(body === '' ? [] : [sdpType])];
    const response = responseTo(request, 200, undefined, headers);
    response.body = body;
    if (request.method === 'INVITE') this.answer(transaction, response, offered);
    else transaction.respond(response);
  }

  /** RFC 3261 §14.2, RFC 3311 §5.2: one offer at a time. */
  #refuseChange(request: SipRequest, offers: boolean): SipResponse | undefined {
    if (!offers) return undefined;
    if (this.#asking || this.#answered?.offered) return responseTo(request, 491);
    if (this.#answering) return responseTo(request, 500, undefined, [['Retry-After', String(Math.floor(this.#agent.random() * 10))]]);
    return undefined;
  }

  /** True: the answer can be used. Otherwise the call is ended. */
  async #learnAnswer(sdp: string | undefined): Promise<boolean> {
    if (this.#ended) return false;
    const refusal = sdp === undefined ? 'mediaUnsupported' : await this.#user.onAnswer(sdp);
    if (refusal !== undefined) this.hangUp(mediaLost);
    return refusal === undefined;
  }

  /** Sends a re-INVITE; its final response. Undefined: the call is over. */
  async #invite(): Promise<SipResponse | undefined> {
    this.#asking = true;
    try {
      const sdp = await this.#user.makeOffer();
      if (this.#ended) return undefined;
      return await this.#ask('INVITE', [sdpType], sdp);
    } finally {
      this.#asking = false;
    }
  }

  async #ask(method: 'INVITE' | 'UPDATE', more: readonly (readonly [string, string])[], body: string): Promise<SipResponse | undefined> {
    const seq = ++this.dialog.localSeq;
    const headers = [this.#options.contact, allow, supported, ...timerHeaders(this.#timer), ...more];
    const request = requestIn(this.dialog, method, seq, headers, body);
    const outcome = await exchange(this.#agent, request, () => this.#agent.acknowledge(requestIn(this.dialog, 'ACK', seq)));
    return this.#judge(outcome);
  }

  /** What a final response means for the dialog (§12.2.1.2) and the session timer. */
  #judge(outcome: Exchange): SipResponse | undefined {
    if (this.#ended) return undefined;
    const status = outcome.response?.status ?? 408;
    if (status === 408 || status === 481) {
      this.#end({ by: 'lost', reason: undefined }, { cause: 408, text: 'No answer inside the call' });
      return undefined;
    }
    const { response } = outcome;
    if (response && status < 300) {
      this.dialog.remoteTarget = contactOf(response) ?? this.dialog.remoteTarget;
      this.#startSession(agreedTimer(response));
    } else if (response && status === 422) {
      // RFC 4028 §7.4: a session that is longer is to be asked for.
      this.#timer = { ...this.#timer, seconds: Math.max(this.#timer.seconds, minSeOf(response) ?? leastSeconds) };
    }
    return response;
  }

  #startSession(timer: SessionTimer): void {
    this.#timer = timer;
    this.#session?.cancel();
    this.#session = this.#agent.clock.after(timerWait(timer), () => {
      if (timer.refresher === 'us') this.#agent.guard(this.#refresh(), this.dialog.callId);
      else this.#end({ by: 'lost', reason: undefined }, { cause: 408, text: 'Session timer expired' });
    });
  }

  async #refresh(): Promise<void> {
    // Should it fail without ending the call, the next is tried.
    this.#startSession(this.#timer);
    if (!this.#options.allowsUpdate) await this.reoffer();
    else if (!this.#asking) {
      this.#asking = true;
      try {
        await this.#ask('UPDATE', [], '');
      } finally {
        this.#asking = false;
      }
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        this.#pauses.delete(done);
        resolve();
      };
      const timer = this.#agent.clock.after(ms, done);
      this.#pauses.add(done);
    });
  }

  #end(end: CallEnd, reason: HangUpReason | undefined): void {
    if (this.#ended) return;
    this.#finish(end);
    const bye = () => {
      this.#parting = undefined;
      const request = requestIn(this.dialog, 'BYE', ++this.dialog.localSeq, reason ? [reasonHeader(reason)] : []);
      this.#agent.guard(
        exchange(this.#agent, request).then(() => this.#leave()),
        this.dialog.callId,
      );
    };
    // §15: who was called sends no BYE before the ACK, as it could overtake the answer.
    if (this.#answered) this.#parting = bye;
    else bye();
  }

  #finish(end: CallEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#session?.cancel();
    for (const done of [...this.#pauses]) done();
    this.#user.onEnd(end);
  }

  #leave(): void {
    this.#answered?.stop();
    this.#answered = undefined;
    this.#parting = undefined;
    this.#options.onGone(this);
  }
}
