import type { SipRequest, SipResponse } from '../message/message.js';
import type { Flow } from '../transport/flow.js';

/** Who stands above the transaction layer: the proxy and the registrar (RFC 3261 §17: "TU"). */
export interface TransactionUser {
  /**
   * A new request: not a repetition, not an ACK, not a CANCEL. Nothing is remembered of it until `server()` or `oneShot()` is called
   * for it, so call one of them before anything asynchronous: until then a repetition comes up as a new request.
   */
  onRequest(request: SipRequest, flow: Flow): void;
  /** An ACK that belongs to no INVITE we answered with 300 or more: the ACK for a 2xx, to be passed on. */
  onAck(request: SipRequest, flow: Flow): void;
  /** A CANCEL for an INVITE that has no final response yet. It has been answered with 200; the INVITE still wants its 487. */
  onCancel(transaction: ServerTransaction, cancel: SipRequest): void;
  /** A response that belongs to no client transaction. A proxy drops it (RFC 6026 §7.3). For metrics. */
  onStrayResponse(response: SipResponse, flow: Flow): void;
  /** A new request was answered with 503, as `maxTransactions` were open. For metrics. */
  onOverload?(request: SipRequest, flow: Flow): void;
}

/** A request that came in, until it is answered and nothing of it can come again. */
export interface ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** A final response was given. */
  readonly finalSent: boolean;
  /**
   * Sends a response, its first Via being the request's, on the request's flow. After a 2xx to an INVITE further 2xx are sent too
   * (RFC 6026 §7.1); after any other final response nothing is.
   */
  respond(response: SipResponse): void;
  /** Called once when the transaction is forgotten, but not by `close()`. */
  onEnd?: (() => void) | undefined;
}

/** Hears what becomes of a request sent. At most one of onTimeout and onTransportError is called, once, and nothing after it. */
export interface ClientListener {
  /**
   * Provisional responses, each one: a repeated 1xx is what keeps timer C from running out (§16.7 step 2) and what PRACK answers
   * (RFC 3262). The final response, once; for an INVITE every 2xx, also repeated ones (RFC 6026 §7.2).
   */
  onResponse(response: SipResponse): void;
  /** No final response in time: to be treated as 408 (§8.1.3.1). An INVITE that had a provisional response waits on, unless cancelled. */
  onTimeout(): void;
  /** It could not be sent, or its connection closed before the final response: to be treated as 503 (§8.1.3.1). */
  onTransportError(): void;
}

/** A request sent, until it has its final response and no repetition of that can come. */
export interface ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** A provisional response came. */
  readonly provisional: boolean;
  /** A final response came, or none ever will. */
  readonly done: boolean;
  /**
   * INVITE only: sends a CANCEL, now or as soon as a provisional response came (§9.1), and none after a final response. The INVITE
   * still gets its final response, or a timeout 64*T1 after the CANCEL. Twice is once.
   * @param reason the value of the CANCEL's Reason header (RFC 3326), such as `SIP;cause=200;text="Call completed elsewhere"`
   */
  cancel(reason?: string): void;
  /** Forgets it: nothing is sent any more, not even the ACK for a refusal, and nobody is told anything. */
  abandon(): void;
}
