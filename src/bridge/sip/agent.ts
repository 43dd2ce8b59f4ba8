import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.js';
import type { SipRequest } from '../../gatekeeper/sip/message/message.js';
import type { ClientListener, ClientTransaction, Transactions } from '../../gatekeeper/sip/transaction/transactions.js';
import type { Flow } from '../../gatekeeper/sip/transport/flow.js';

/** T1 and T2 of RFC 3261, in milliseconds. */
export interface AgentTiming {
  readonly t1: number;
  readonly t2: number;
}

export interface AgentParts {
  readonly flow: Flow;
  readonly transactions: Transactions;
  readonly clock: Clock;
  readonly timing: AgentTiming;
  /** Stands in Via and Contact. */
  readonly host: string;
  /** 0 to 1. */
  readonly random: () => number;
  readonly fault: (error: unknown, callId: string) => void;
}

/** What calls need of the user agent that they belong to: its way out, and time. */
export class Agent {
  readonly clock: Clock;
  readonly timing: AgentTiming;
  readonly random: () => number;
  readonly #parts: AgentParts;
  readonly #waiting = new Set<() => void>();

  constructor(parts: AgentParts) {
    this.#parts = parts;
    this.clock = parts.clock;
    this.timing = parts.timing;
    this.random = parts.random;
  }

  /** Sends a request that has no Via yet, and follows it to its final response. */
  request(request: SipRequest, listener: ClientListener): ClientTransaction {
    this.#addVia(request);
    return this.#parts.transactions.request(request, this.#parts.flow, listener);
  }

  /** Calls `giveUp` when the user agent closes, unless what is given back was called before. */
  whenClosed(giveUp: () => void): () => void {
    this.#waiting.add(giveUp);
    return () => this.#waiting.delete(giveUp);
  }

  /** Nobody gets an answer any more. */
  close(): void {
    for (const giveUp of [...this.#waiting]) giveUp();
  }

  /** Sends an ACK for a 2xx, which is a transaction of its own that nobody answers (RFC 3261 §13.2.2.4). */
  acknowledge(ack: SipRequest): void {
    this.#addVia(ack);
    this.#parts.transactions.sendStateless(ack, this.#parts.flow);
  }

  /**
   * The Contact of our end of a dialog: the gatekeeper reaches us by the flow, whatever it says.
   * @param secure who was called as sips answers as sips (RFC 3261 §12.1.1)
   */
  contact(user: string, secure: boolean): readonly [string, string] {
    return ['Contact', secure ? `<sips:${user}@${this.#parts.host}>` : `<sip:${user}@${this.#parts.host};transport=tls>`];
  }

  /** A fault of ours, for the log. */
  fault(error: unknown, callId: string): void {
    this.#parts.fault(error, callId);
  }

  /** Runs what may fail only by a fault of ours. */
  guard(work: Promise<unknown>, callId: string): void {
    work.catch((error: unknown) => this.fault(error, callId));
  }

  #addVia(request: SipRequest): void {
    request.remove('via');
    request.prepend('via', `SIP/2.0/TLS ${this.#parts.host};branch=z9hG4bK${randomBytes(10).toString('hex')}`);
  }
}
