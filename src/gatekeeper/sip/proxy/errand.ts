import type { Timer } from '../../../clock.js';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.js';
import type { ClientTransaction, ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { reasonValue } from './reason-header.js';

/** The instance that has the call ends a re-INVITE by its timer C; should it be lost meanwhile, this much later we do. */
const graceMs = 5000;

export interface ErrandListener {
  /** Something was heard of the next hop. */
  heard?(response: SipResponse): void;
  /** The connection broke, or could not be used, before the final response. */
  failed(): void;
  /** True: this response is not for whoever asked, and what was sent is over; another place may be tried. */
  declines?(response: SipResponse): boolean;
  /** In place of the response that came; undefined: it may go on. */
  instead?(response: SipResponse): SipResponse | undefined;
}

/** As much of the proxy as an errand needs. */
export type ErrandContext = Pick<ProxyContext, 'clock' | 'timers' | 'transactions'>;

/**
 * A request of a call that this instance does not have, on its way to whoever does: its response comes back, its CANCEL goes after it. It may
 * be sent again to another place, as long as the one before has said nothing final.
 */
export class Errand {
  readonly #context: ErrandContext;
  readonly #transaction: ServerTransaction;
  readonly #left: () => void;
  #client: ClientTransaction | undefined;
  #isLeft = false;
  #cancelled: { readonly reason: string | undefined } | undefined;
  #ringing: Timer | undefined;

  /** @param left called once it is answered, or somebody else's to answer */
  constructor(context: ErrandContext, transaction: ServerTransaction, left: () => void) {
    this.#context = context;
    this.#left = left;
    this.#transaction = transaction;
    errands.set(transaction, this);
    if (transaction.request.method !== 'INVITE') return;
    this.#ringing = context.clock.after(context.timers.ringingSeconds * 1000 + graceMs, () => {
      this.#client?.cancel(reasonValue(408, 'Nobody answered in time'));
      this.respond(responseTo(transaction.request, 408));
    });
  }

  /** It has its final response, or nobody here is to give it one any more. */
  get over(): boolean {
    return this.#isLeft || this.#transaction.finalSent;
  }

  /** It is on its way, and the way has not broken. */
  get sent(): boolean {
    return this.#client !== undefined;
  }

  /** `copy` has our Via. What was sent before is forgotten. Once it is cancelled nothing is sent any more. */
  send(copy: SipRequest, out: Flow, listener: ErrandListener): void {
    this.takeBack();
    if (this.over) return;
    const client = this.#context.transactions.request(copy, out, {
      onResponse: (response) => {
        if (this.#client !== client) return;
        if (response.status >= 300 && listener.declines?.(response)) {
          this.#client = undefined;
          return;
        }
        listener.heard?.(response);
        if (response.status === 100) return;
        const instead = listener.instead?.(response);
        if (!instead) response.removeFirst('via');
        else if (response.status < 200) client.cancel();
        this.respond(instead ?? response);
      },
      onTimeout: () => {
        if (this.#client !== client) return;
        // RFC 4320 §4.1: nobody waits for a 408 to a non-INVITE any more.
        if (this.#transaction.request.method === 'INVITE') this.respond(responseTo(this.#transaction.request, 408));
        else this.leave();
      },
      onTransportError: () => {
        if (this.#client !== client) return;
        this.#client = undefined;
        listener.failed();
      },
    });
    this.#client = client;
  }

  /** Whoever it was sent to is not to be waited for; so the CANCEL that went after it is answered here. */
  takeBack(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.abandon();
    if (this.#cancelled && !this.over) this.respond(responseTo(this.#transaction.request, 487));
  }

  respond(response: SipResponse): void {
    if (response.status >= 200) this.leave();
    // A repeated 2xx to an INVITE goes through (RFC 6026 §7.1); else the transaction takes one final response.
    this.#transaction.respond(response);
  }

  /** From now on somebody else answers it, or nobody. */
  leave(): void {
    this.#isLeft = true;
    this.#ringing?.cancel();
    this.#ringing = undefined;
    errands.delete(this.#transaction);
    this.#left();
  }

  cancel(reason: string | undefined): void {
    this.#cancelled = { reason };
    if (this.#client) this.#client.cancel(reason);
    else if (!this.over) this.respond(responseTo(this.#transaction.request, 487));
  }
}

/** By the transaction that they answer: where a CANCEL finds them. */
const errands = new WeakMap<ServerTransaction, Errand>();

export function cancelErrand(transaction: ServerTransaction, reason: string | undefined): void {
  errands.get(transaction)?.cancel(reason);
}
