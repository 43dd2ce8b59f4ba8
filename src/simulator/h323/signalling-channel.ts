import { type H225Message, readH225, writeH225 } from '../../gatekeeper/h323/q931/h225-message.js';
import type { SignallingConnection } from './signalling.js';

/** A call, as its connection sees it. */
export interface ChannelCall {
  readonly callReference: number;
  /** Whether we chose the call reference. */
  readonly originated: boolean;
  received(message: H225Message): void;
  connectionLost(): void;
}

/** A connection of call signalling, and the calls on it: told apart by call reference, and by who chose it (H.225.0 §7.2.2.2). */
export class SignallingChannel {
  readonly connection: SignallingConnection;
  /** Messages that were none, or belonged to no call. */
  strays = 0;
  readonly #calls = new Map<string, ChannelCall>();
  readonly #onSetup: (message: H225Message, channel: SignallingChannel) => void;
  /** We opened the connection, so we close it after its last call. */
  readonly #ours: boolean;

  constructor(connection: SignallingConnection, ours: boolean, onSetup: (message: H225Message, channel: SignallingChannel) => void) {
    this.connection = connection;
    this.#ours = ours;
    this.#onSetup = onSetup;
    connection.onMessage((payload) => this.#received(payload));
    connection.whenClosed(() => this.#lost());
  }

  get calls(): number {
    return this.#calls.size;
  }

  add(call: ChannelCall): void {
    this.#calls.set(keyOf(call.callReference, call.originated), call);
  }

  remove(call: ChannelCall): void {
    const key = keyOf(call.callReference, call.originated);
    if (this.#calls.get(key) !== call) return;
    this.#calls.delete(key);
    if (this.#calls.size === 0 && this.#ours) this.connection.end();
  }

  send(message: H225Message): void {
    this.connection.send(writeH225(message));
  }

  #received(payload: Buffer): void {
    const read = readH225(payload);
    if (!read.ok) {
      this.strays++;
      return;
    }
    const { callReference, fromDestination, type } = read.message.q931;
    const call = this.#calls.get(keyOf(callReference, fromDestination));
    if (call) call.received(read.message);
    else if (type === 'setup') this.#onSetup(read.message, this);
    else this.strays++;
  }

  #lost(): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const call of calls) call.connectionLost();
  }
}

function keyOf(callReference: number, originated: boolean): string {
  return `${callReference} ${originated}`;
}
