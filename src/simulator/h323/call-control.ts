import type { MultimediaSystemControlMessage } from '../../gatekeeper/h323/asn1/h245.js';
import { readH245, writeH245 } from '../../gatekeeper/h323/asn1/h245.js';
import type { H245Action, H245Session } from './h245/h245-session.js';
import type { SignallingConnection } from './signalling.js';

export interface CallControlOptions {
  readonly session: H245Session;
  /** Sends H.245 messages in the tunnel. */
  readonly tunnel: (pdus: readonly Buffer[]) => void;
  /** What the session says beside messages. */
  readonly act: (action: H245Action) => void;
  readonly trace: (message: MultimediaSystemControlMessage, direction: 'in' | 'out') => void;
}

/** A call's H.245 session and its way to the other side: the tunnel, or a connection of its own once there is one. */
export class CallControl {
  readonly session: H245Session;
  /** H.245 messages that could not be read. */
  unreadable = 0;
  readonly #options: CallControlOptions;
  #connection: SignallingConnection | undefined;
  #ended = false;

  constructor(options: CallControlOptions) {
    this.#options = options;
    this.session = options.session;
  }

  get separate(): boolean {
    return this.#connection !== undefined;
  }

  /** The beginning, as messages for another message to carry along; empty when it has begun. */
  beginTunnelled(): Buffer[] {
    return this.#apply(this.session.begin());
  }

  begin(): void {
    this.#do(this.session.begin());
  }

  /** From now on H.245 goes this way; it begins at once. */
  useConnection(connection: SignallingConnection): void {
    if (this.#ended || this.#connection) {
      connection.destroy();
      return;
    }
    this.#connection = connection;
    connection.onMessage((payload) => this.receive([payload]));
    this.begin();
  }

  /** Answers to several messages of one tunnelling message go together in one, as they came. */
  receive(pdus: readonly Uint8Array[]): void {
    const out: Buffer[] = [];
    for (const bytes of pdus) {
      const { message } = readH245(bytes);
      if (!message) {
        this.unreadable++;
        continue;
      }
      this.#options.trace(message, 'in');
      out.push(...this.#apply(this.session.receive(message)));
    }
    this.#transmit(out);
  }

  sendUserInput(text: string): void {
    this.begin();
    this.#do(this.session.userInput(text));
  }

  /** Sends a message of the caller's making. */
  send(message: MultimediaSystemControlMessage): void {
    this.#do([{ do: 'send', message }]);
  }

  /** endSession, on its own connection now, or for ReleaseComplete to carry (H.323 §8.5). */
  end(): Buffer[] {
    if (this.#ended) return [];
    this.#ended = true;
    const last = this.session.begun ? this.#apply(this.session.end()) : [];
    if (!this.#connection) return last;
    this.#transmit(last);
    this.#connection.end();
    return [];
  }

  drop(): void {
    this.#ended = true;
    this.#connection?.destroy();
  }

  #do(actions: readonly H245Action[]): void {
    this.#transmit(this.#apply(actions));
  }

  #apply(actions: readonly H245Action[]): Buffer[] {
    const out: Buffer[] = [];
    for (const action of actions) {
      if (action.do !== 'send') {
        this.#options.act(action);
        continue;
      }
      this.#options.trace(action.message, 'out');
      out.push(writeH245(action.message));
    }
    return out;
  }

  #transmit(pdus: readonly Buffer[]): void {
    if (pdus.length === 0) return;
    const connection = this.#connection;
    if (!connection) this.#options.tunnel(pdus);
    else for (const pdu of pdus) connection.send(pdu);
  }
}
