import type { Timer } from '../../clock.js';
import { SipRequest, type SipResponse } from '../../gatekeeper/sip/message/message.js';
import { newTag } from '../../gatekeeper/sip/message/tags.js';
import { sdpOf } from '../../gatekeeper/sip/sdp-policy.js';
import type { ClientTransaction } from '../../gatekeeper/sip/transaction/transactions.js';
import type { Agent } from './agent.js';
import type { Call } from './call.js';
import type { CallUser } from './call-user.js';
import { capabilities } from './capabilities.js';
import { dialogOfResponse, requestIn } from './dialog.js';
import { exchange } from './exchange.js';
import { allowsUpdate, type CallMaker } from './incoming-call.js';
import { type HangUpReason, reasonHeader } from './reason-header.js';
import { agreedTimer, minSeOf, timerHeaders } from './session-timer.js';

export interface OutgoingOptions {
  /** Request-URI and To. */
  readonly to: string;
  /** From's URI. */
  readonly from: string;
  /** From's display name; empty: none. */
  readonly display: string;
  readonly contactUser: string;
  /** Our offer. */
  readonly sdp: string;
  readonly user: CallUser;
  /** So long it may ring. */
  readonly ringMs: number;
  /** It rings (180), once. */
  readonly onRinging: () => void;
}

/** What became of a call out. */
export type OutgoingOutcome =
  | { readonly ok: true; readonly call: Call; readonly response: SipResponse }
  /** The final response; undefined: none came, or we gave up. */
  | { readonly ok: false; readonly response: SipResponse | undefined };

const notWanted: HangUpReason = { cause: 200, text: 'Call completed elsewhere' };
const gaveUp: HangUpReason = { cause: 487, text: 'No answer in time' };

/** An INVITE of ours (RFC 3261 §13.2), until it is answered. */
export class OutgoingCall {
  /** Settles once; never rejects. */
  readonly outcome: Promise<OutgoingOutcome>;
  readonly #agent: Agent;
  readonly #maker: CallMaker;
  readonly #options: OutgoingOptions;
  readonly #callId: string;
  readonly #contact: readonly [string, string];
  readonly #tag = newTag();
  #settle: (outcome: OutgoingOutcome) => void = () => {};
  #settled = false;
  #transaction: ClientTransaction | undefined;
  #ring: Timer | undefined;
  /** Tag of the answer that counts. */
  #answeredBy: string | undefined;
  #minSeconds: number | undefined;
  #seq = 1;
  #rang = false;

  constructor(agent: Agent, maker: CallMaker, options: OutgoingOptions) {
    this.#agent = agent;
    this.#maker = maker;
    this.#options = options;
    this.#contact = agent.contact(options.contactUser, /^sips:/i.test(options.to));
    this.#callId = `${newTag()}${newTag()}`;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    this.#ring = agent.clock.after(options.ringMs, () => this.cancel(gaveUp));
    this.#send();
  }

  /** Gives up (§9.1). An answer that comes nevertheless is acknowledged and ended. */
  cancel(reason: HangUpReason): void {
    this.#transaction?.cancel(reasonHeader(reason)[1]);
    this.#done({ ok: false, response: undefined });
  }

  #send(): void {
    const { to, from, display, sdp } = this.#options;
    const name = display === '' ? '' : `"${display.replace(/["\\]/g, "'")}" `;
    const request = SipRequest.create(
      'INVITE',
      to,
      [
        ['Max-Forwards', '70'],
        ['From', `${name}<${from}>;tag=${this.#tag}`],
        ['To', `<${to}>`],
        ['Call-ID', this.#callId],
        ['CSeq', `${this.#seq} INVITE`],
        this.#contact,
        ...capabilities,
        ...timerHeaders(undefined, this.#minSeconds),
        ['Content-Type', 'application/sdp'],
      ],
      sdp,
    );
    this.#transaction = this.#agent.request(request, {
      onResponse: (response) => this.#receive(request, response),
      onTimeout: () => this.#done({ ok: false, response: undefined }),
      onTransportError: () => this.#done({ ok: false, response: undefined }),
    });
  }

  #receive(request: SipRequest, response: SipResponse): void {
    if (response.status < 200) {
      if (response.status === 180 && !this.#rang && !this.#settled) this.#options.onRinging();
      this.#rang ||= response.status === 180;
      return;
    }
    if (response.status < 300) {
      this.#answered(request, response);
      return;
    }
    const least = minSeOf(response);
    if (response.status === 422 && least !== undefined && this.#minSeconds === undefined && !this.#settled) {
      // RFC 4028 §7.4: once more, with as long a session as they want.
      this.#minSeconds = least;
      this.#seq++;
      this.#send();
      return;
    }
    this.#done({ ok: false, response });
  }

  /** §13.2.2.4: each 2xx is acknowledged, also when it is repeated. Of several, from a call that was forked, one counts. */
  #answered(request: SipRequest, response: SipResponse): void {
    const dialog = dialogOfResponse(request, response);
    // Nothing can be sent to who gives no address: its answer runs out.
    if (!dialog) {
      this.#done({ ok: false, response });
      return;
    }
    this.#agent.acknowledge(requestIn(dialog, 'ACK', request.cseq.seq));
    if (dialog.remoteTag === this.#answeredBy) return;
    if (this.#settled || sdpOf(response) === undefined) {
      const bye = requestIn(dialog, 'BYE', dialog.localSeq + 1, [reasonHeader(notWanted)]);
      this.#agent.guard(exchange(this.#agent, bye), this.#callId);
      this.#done({ ok: false, response });
      return;
    }
    this.#answeredBy = dialog.remoteTag;
    const call = this.#maker.open({
      dialog,
      contact: this.#contact,
      user: this.#options.user,
      timer: agreedTimer(response),
      allowsUpdate: allowsUpdate(response.list('allow')),
      outgoing: true,
    });
    this.#done({ ok: true, call, response });
  }

  #done(outcome: OutgoingOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#ring?.cancel();
    this.#ring = undefined;
    this.#settle(outcome);
  }
}
