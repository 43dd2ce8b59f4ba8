import type { Clock } from '../../clock.js';
import { responseTo, type SipRequest, type SipResponse } from '../../gatekeeper/sip/message/message.js';
import { parseMessage } from '../../gatekeeper/sip/message/parse.js';
import { sipSchemeEnd } from '../../gatekeeper/sip/message/uri.js';
import { refusalResponse } from '../../gatekeeper/sip/refusal-response.js';
import { type ServerTransaction, Transactions } from '../../gatekeeper/sip/transaction/transactions.js';
import type { Flow } from '../../gatekeeper/sip/transport/flow.js';
import type { MemoryFlow } from '../../gatekeeper/sip/transport/memory-flow.js';
import { Agent, type AgentTiming } from './agent.js';
import { Call } from './call.js';
import { capabilities, refuseByBody, refuseByKind } from './capabilities.js';
import { dialogKey } from './dialog.js';
import { type CallMaker, IncomingCall, tooBrief } from './incoming-call.js';
import { OutgoingCall, type OutgoingOptions } from './outgoing-call.js';
import type { HangUpReason } from './reason-header.js';

export interface UserAgentOptions {
  /** Our end of the flow to the gatekeeper. Its `onMessage` is ours from now on. */
  readonly flow: MemoryFlow;
  readonly clock: Clock;
  /** Host in Via and Contact: the meetings' domain. */
  readonly host: string;
  /** A call comes in. To be accepted or refused, at some time. */
  readonly onCall: (call: IncomingCall) => void;
  /** A fault of ours. */
  readonly onFault: (error: unknown, callId: string) => void;
  /** Calls that are there or begin; more are refused. Default 10,000. */
  readonly maxCalls?: number;
  /** Default: RFC 3261's 500 and 4000. */
  readonly timing?: Partial<AgentTiming>;
  /** 0 to 1. Default Math.random: spreads the waits after glare. */
  readonly random?: () => number;
}

const byeReason: HangUpReason = { cause: 503, text: 'The meeting service is being stopped' };
const closeMs = 2000;

/**
 * The SIP user agent of the meeting service (RFC 3261 §8, §12 to §15). It has no socket: all it says and hears goes over one flow to the
 * gatekeeper of the same process, which proxies.
 */
export class UserAgent implements CallMaker {
  readonly #options: UserAgentOptions;
  readonly #transactions: Transactions;
  readonly #agent: Agent;
  readonly #limit: number;
  /** By what names their dialogs to us. */
  readonly #calls = new Map<string, Call>();
  readonly #incoming = new Map<ServerTransaction, IncomingCall>();
  /** INVITEs not answered yet, by Call-ID, From tag and CSeq: the same one by another way (RFC 3261 §8.2.2.2) is known by it. */
  readonly #merged = new Set<string>();
  readonly #outgoing = new Set<OutgoingCall>();
  #draining = false;
  #closed = false;
  #onEmpty: (() => void) | undefined;

  constructor(options: UserAgentOptions) {
    this.#options = options;
    this.#limit = options.maxCalls ?? 10_000;
    const timing = { t1: 500, t2: 4000, ...options.timing };
    this.#transactions = new Transactions({
      clock: options.clock,
      timers: timing,
      user: {
        onRequest: (request, flow) => this.#receive(request, flow),
        onAck: (ack) => this.#calls.get(keyOf(ack))?.receiveAck(ack),
        onCancel: (transaction) => this.#cancel(transaction),
        onStrayResponse: () => undefined,
      },
    });
    this.#agent = new Agent({
      flow: options.flow,
      transactions: this.#transactions,
      clock: options.clock,
      timing,
      host: options.host,
      random: options.random ?? Math.random,
      fault: options.onFault,
    });
    options.flow.onMessage = (text, flow) => this.#parse(text, flow);
  }

  /** Calls that are there, or begin. */
  get calls(): number {
    return this.#calls.size + this.#incoming.size + this.#outgoing.size;
  }

  /** Calls somebody. Undefined: there are as many calls as may be. */
  invite(options: OutgoingOptions): OutgoingCall | undefined {
    if (this.#draining || this.calls >= this.#limit) return undefined;
    const call = new OutgoingCall(this.#agent, this, options);
    this.#outgoing.add(call);
    this.#agent.guard(
      call.outcome.then(() => {
        this.#outgoing.delete(call);
        this.#look();
      }),
      '',
    );
    return call;
  }

  /** New calls are refused from now on. */
  drain(): void {
    this.#draining = true;
  }

  /** Ends every call, waits for that at most two seconds, and forgets everything. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.drain();
    for (const call of [...this.#incoming.values()]) call.refuse('instanceStopping');
    for (const call of [...this.#outgoing]) call.cancel(byeReason);
    for (const call of [...this.#calls.values()]) call.hangUp(byeReason);
    await new Promise<void>((resolve) => {
      const limit = this.#options.clock.after(closeMs, resolve);
      this.#onEmpty = () => {
        limit.cancel();
        resolve();
      };
      this.#look();
    });
    this.#options.flow.onMessage = undefined;
    this.#transactions.close();
    for (const call of this.#calls.values()) call.dispose();
    this.#agent.close();
    this.#calls.clear();
  }

  /** For incoming and outgoing calls that were answered. */
  open(made: Parameters<CallMaker['open']>[0]): Call {
    const { callId, localTag, remoteTag } = made.dialog;
    const key = dialogKey(callId, localTag, remoteTag);
    const call = new Call(this.#agent, {
      ...made,
      onGone: (gone) => {
        if (this.#calls.get(key) === gone) this.#calls.delete(key);
        this.#look();
      },
    });
    this.#calls.set(key, call);
    return call;
  }

  #look(): void {
    if (this.calls === 0) this.#onEmpty?.();
  }

  #parse(text: string, flow: Flow): void {
    try {
      const parsed = parseMessage(text, { stream: true });
      if (parsed.ok) this.#transactions.receive(parsed.message, flow);
      else if (parsed.answerable) flow.send(responseTo(parsed.answerable, parsed.status, parsed.error.message).toString());
    } catch (error) {
      // One message must not take the flow of all calls with it.
      this.#options.onFault(error, '');
    }
  }

  #receive(request: SipRequest, flow: Flow): void {
    const refusal = refuseByKind(request);
    if (refusal) this.#transactions.oneShot(request, flow).respond(refusal);
    else if (request.to.tag !== undefined) this.#receiveInside(request, flow);
    else if (request.method === 'INVITE') this.#receiveInvite(request, flow);
    else if (request.method === 'OPTIONS') this.#answer(request, flow, responseTo(request, 200, undefined, capabilities));
    else this.#answer(request, flow, refusalResponse(request, 'callUnknown'));
  }

  #receiveInside(request: SipRequest, flow: Flow): void {
    const call = this.#calls.get(keyOf(request));
    if (call) call.receive(request, this.#transactions.server(request, flow, 'at-once'));
    else this.#answer(request, flow, refusalResponse(request, 'callUnknown'));
  }

  #receiveInvite(request: SipRequest, flow: Flow): void {
    const refusal = this.#refuse(request);
    if (refusal) {
      this.#answer(request, flow, refusal);
      return;
    }
    const merged = `${request.callId}\n${request.from.tag ?? ''}\n${request.cseq.seq}`;
    if (this.#merged.has(merged)) {
      this.#answer(request, flow, responseTo(request, 482));
      return;
    }
    const transaction = this.#transactions.server(request, flow, 'at-once');
    const call = new IncomingCall(this.#agent, this, transaction, () => {
      this.#incoming.delete(transaction);
      this.#merged.delete(merged);
      this.#look();
    });
    this.#incoming.set(transaction, call);
    this.#merged.add(merged);
    try {
      this.#options.onCall(call);
    } catch (error) {
      this.#options.onFault(error, request.callId);
      call.refuse('internalError');
    }
  }

  /** What an INVITE is refused for before anybody asks for the meeting. */
  #refuse(request: SipRequest): SipResponse | undefined {
    if (this.#draining) return refusalResponse(request, 'instanceStopping');
    if (this.calls >= this.#limit) return refusalResponse(request, 'overloaded');
    if (sipSchemeEnd(request.uri) === 0 && !/^tel:/i.test(request.uri)) return refusalResponse(request, 'uriSchemeUnsupported');
    const least = tooBrief(request);
    if (least !== undefined) return responseTo(request, 422, undefined, [['Min-SE', String(least)]]);
    return refuseByBody(request);
  }

  #answer(request: SipRequest, flow: Flow, response: SipResponse): void {
    this.#transactions.oneShot(request, flow).respond(response);
  }

  #cancel(transaction: ServerTransaction): void {
    const incoming = this.#incoming.get(transaction);
    if (incoming) incoming.cancel();
    else this.#calls.get(keyOf(transaction.request))?.receiveCancel(transaction);
  }
}

/** Which of our dialogs a request of theirs belongs to: its To is us. */
function keyOf(request: SipRequest): string {
  return dialogKey(request.callId, request.to.tag ?? '', request.from.tag ?? '');
}
