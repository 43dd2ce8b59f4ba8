import type { Timer } from '../../clock.js';
import type { SipResponse } from '../../gatekeeper/sip/message/message.js';
import type { ServerTransaction } from '../../gatekeeper/sip/transaction/transactions.js';
import type { Agent } from './agent.js';

/**
 * An INVITE that we answered with 2xx: the answer is sent again until its ACK comes (RFC 3261 §13.3.1.4), also over a reliable transport,
 * as a hop further on may not be one.
 */
export class AnsweredInvite {
  /** Its ACK has this number, too. */
  readonly seq: number;
  /** Our answer has an offer: the ACK must bring the answer to it. */
  readonly offered: boolean;
  readonly #agent: Agent;
  readonly #transaction: ServerTransaction;
  readonly #response: SipResponse;
  readonly #onSilence: () => void;
  readonly #end: Timer;
  #repeat: Timer;
  #interval: number;

  /** Sends the answer. @param onSilence no ACK came within 64*T1 */
  constructor(agent: Agent, transaction: ServerTransaction, response: SipResponse, offered: boolean, onSilence: () => void) {
    this.#agent = agent;
    this.#transaction = transaction;
    this.#response = response;
    this.#onSilence = onSilence;
    this.seq = transaction.request.cseq.seq;
    this.offered = offered;
    this.#interval = agent.timing.t1;
    transaction.respond(response);
    this.#repeat = agent.clock.after(this.#interval, () => this.#again());
    this.#end = agent.clock.after(64 * agent.timing.t1, () => {
      this.stop();
      this.#onSilence();
    });
  }

  /** The ACK came, or nobody waits for it any more. */
  stop(): void {
    this.#repeat.cancel();
    this.#end.cancel();
  }

  #again(): void {
    this.#transaction.respond(this.#response);
    this.#interval = Math.min(2 * this.#interval, this.#agent.timing.t2);
    this.#repeat = this.#agent.clock.after(this.#interval, () => this.#again());
  }
}
