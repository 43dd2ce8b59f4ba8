import type { SipRequest, SipResponse } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import { ackFor, cancelFor } from './follow-ups.js';
import * as inviteClient from './invite-client.js';
import type { Layer, LayerTimer } from './layer.js';
import { type Action, type ClientEvent, type Machine, run, type Step } from './machine.js';
import * as nonInviteClient from './non-invite-client.js';
import type { TimerOwner } from './timer-queue.js';
import type { ClientListener, ClientTransaction } from './transaction.js';
import { TransactionTimers } from './transaction-timers.js';

/** A client transaction as its user holds it. */
class ClientHandle implements ClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  provisional = false;
  done = false;
  readonly #client: Client;

  constructor(client: Client, request: SipRequest, flow: Flow) {
    this.#client = client;
    this.request = request;
    this.flow = flow;
  }

  cancel(reason?: string): void {
    this.#client.cancel(reason);
  }

  abandon(): void {
    this.#client.end();
  }
}

/**
 * A client transaction as the layer holds it: its machine, its timers and its way out. It outlives the final response by up to 32 s
 * to take repetitions, but lets go of the messages: at 200 calls/s they would be most of the heap.
 */
export class Client implements TimerOwner<LayerTimer> {
  readonly #layer: Layer;
  readonly #key: string;
  readonly #flow: Flow;
  #listener: ClientListener | undefined;
  readonly #timers: TransactionTimers;
  #machine: Machine<ClientEvent> | undefined;
  /** Until the final response. */
  #waiting: ClientHandle | undefined;
  #starting = true;
  #ack = '';
  #reason: string | undefined;
  #unwatch: (() => void) | undefined;

  constructor(layer: Layer, key: string, flow: Flow, listener: ClientListener) {
    this.#layer = layer;
    this.#timers = new TransactionTimers(layer.timers, this);
    this.#key = key;
    this.#flow = flow;
    this.#listener = listener;
  }

  /** Sends the request. The listener hears nothing before this has returned, not even that sending failed. */
  start(request: SipRequest): ClientTransaction {
    const handle = new ClientHandle(this, request, this.#flow);
    this.#waiting = handle;
    const path = { reliable: this.#flow.reliable, timing: this.#layer.timing };
    const text = request.toString();
    if (request.method === 'INVITE') this.#run(inviteClient.start(text, path), inviteClient.step);
    else this.#run(nonInviteClient.start(text, path), nonInviteClient.step);
    if (this.#flow.reliable) this.#unwatch = this.#flow.onClose(() => this.#transportFailed());
    this.#starting = false;
    return handle;
  }

  #run<State>([state, actions]: Step<State>, step: (state: State, event: ClientEvent) => Step<State>): void {
    this.#machine = run(state, step);
    this.#perform(actions);
  }

  receive(response: SipResponse): void {
    const actions = this.#machine?.({ type: 'response', status: response.status });
    if (actions) this.#perform(actions, response);
  }

  cancel(reason: string | undefined): void {
    if (!this.#waiting || !this.#machine) return;
    this.#reason ??= reason;
    this.#perform(this.#machine({ type: 'cancel' }));
  }

  onTimer(name: LayerTimer): void {
    if (name === 'unsent') this.#transportFailed();
    else if (this.#machine) this.#perform(this.#machine({ type: 'timer', timer: name }));
  }

  /** Ends it at once. Nobody is told. */
  end(): void {
    if (!this.#machine) return;
    this.#machine = undefined;
    this.#settle();
    this.#timers.stop();
    this.#layer.forgetClient(this.#key);
  }

  /** The request has got all it will get. */
  #settle(): void {
    if (this.#waiting) this.#waiting.done = true;
    this.#waiting = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
  }

  #transportFailed(): void {
    if (this.#starting) this.#timers.start('unsent', 0);
    else if (this.#machine) this.#perform(this.#machine({ type: 'transportError' }));
  }

  #deliver(response: SipResponse): void {
    const listener = this.#listener;
    if (response.status < 200) {
      if (this.#waiting) this.#waiting.provisional = true;
    } else {
      this.#settle();
      // Only a 2xx to an INVITE may be followed by another that the user must hear of.
      if (response.status >= 300 || response.cseq.method !== 'INVITE') this.#listener = undefined;
    }
    listener?.onResponse(response);
  }

  #perform(actions: readonly Action[], response?: SipResponse): void {
    for (const action of actions) {
      switch (action.do) {
        case 'send':
          if (this.#flow.send(action.text)) break;
          this.#transportFailed();
          return;
        case 'sendAck':
          // A lost ACK is no failure: the final response comes again and is acknowledged again.
          if (this.#ack === '' && response && this.#waiting) this.#ack = ackFor(this.#waiting.request, response).toString();
          if (this.#ack !== '') this.#flow.send(this.#ack);
          break;
        case 'sendCancel':
          if (this.#waiting) this.#layer.sendCancel(cancelFor(this.#waiting.request, this.#reason), this.#flow);
          break;
        case 'deliver':
          if (response) this.#deliver(response);
          break;
        case 'startTimer':
          this.#timers.start(action.timer, action.ms);
          break;
        case 'stopTimers':
          this.#timers.stop();
          break;
        case 'forget':
          this.end();
          break;
        case 'reportTimeout':
          this.#listener?.onTimeout();
          break;
        case 'reportTransportError':
          this.#listener?.onTransportError();
          break;
      }
    }
  }
}
