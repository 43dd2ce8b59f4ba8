import type { SipRequest, SipResponse } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import * as inviteServer from './invite-server.js';
import type { Layer, LayerTimer } from './layer.js';
import { type Action, type Machine, run, type ServerEvent, type Step } from './machine.js';
import * as nonInviteServer from './non-invite-server.js';
import type { TimerOwner } from './timer-queue.js';
import type { ServerTransaction } from './transaction.js';
import { TransactionTimers } from './transaction-timers.js';

/** A server transaction as its user holds it. */
class ServerHandle implements ServerTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  finalSent = false;
  readonly #server: Server;

  constructor(server: Server, request: SipRequest, flow: Flow) {
    this.#server = server;
    this.request = request;
    this.flow = flow;
  }

  get onEnd(): (() => void) | undefined {
    return this.#server.onEnd;
  }

  set onEnd(listener: (() => void) | undefined) {
    this.#server.onEnd = listener;
  }

  respond(response: SipResponse): void {
    this.#server.respond(response);
  }
}

/**
 * A server transaction as the layer holds it: its machine, its timers and its way back. It outlives the final response by up to
 * 32 s to take repetitions, but lets go of the request.
 */
export class Server implements TimerOwner<LayerTimer> {
  onEnd: (() => void) | undefined;
  readonly #layer: Layer;
  readonly #key: string;
  readonly #flow: Flow;
  readonly #timers: TransactionTimers;
  #machine: Machine<ServerEvent> | undefined;
  /** Until the final response. */
  #open: ServerHandle | undefined;

  constructor(layer: Layer, key: string, flow: Flow) {
    this.#layer = layer;
    this.#timers = new TransactionTimers(layer.timers, this);
    this.#key = key;
    this.#flow = flow;
  }

  /** Undefined as soon as the final response was given. */
  get open(): ServerTransaction | undefined {
    return this.#open;
  }

  start(request: SipRequest): ServerTransaction {
    const handle = new ServerHandle(this, request, this.#flow);
    this.#open = handle;
    const path = { reliable: this.#flow.reliable, timing: this.#layer.timing };
    if (request.method === 'INVITE') this.#run(inviteServer.start(path), inviteServer.step);
    else this.#run(nonInviteServer.start(path), nonInviteServer.step);
    return handle;
  }

  /** The request came again. */
  repeat(): void {
    if (this.#machine) this.#perform(this.#machine({ type: 'request' }));
  }

  /** True: the ACK is one for a 2xx, and the user's. */
  acknowledge(): boolean {
    if (!this.#machine) return false;
    const actions = this.#machine({ type: 'ack' });
    this.#perform(actions);
    return actions.some((action) => action.do === 'deliver');
  }

  respond(response: SipResponse): void {
    if (!this.#machine) return;
    const { status } = response;
    const text = response.toString();
    const actions = this.#machine({ type: 'response', status, text });
    const handle = this.#open;
    if (status >= 200 && handle) {
      handle.finalSent = true;
      this.#open = undefined;
    }
    this.#perform(actions, handle?.request);
  }

  onTimer(name: LayerTimer): void {
    if (name !== 'unsent' && this.#machine) this.#perform(this.#machine({ type: 'timer', timer: name }));
  }

  /** Ends it at once. Nobody is told. */
  end(): void {
    if (!this.#machine) return;
    this.#machine = undefined;
    this.#open = undefined;
    this.#timers.stop();
    this.#layer.forgetServer(this.#key);
  }

  #run<State>([state, actions]: Step<State>, step: (state: State, event: ServerEvent) => Step<State>): void {
    this.#machine = run(state, step);
    this.#perform(actions);
  }

  #perform(actions: readonly Action[], answered?: SipRequest): void {
    for (const action of actions) {
      switch (action.do) {
        case 'send':
          if (!this.#flow.send(action.text) && this.#flow.closed) this.#lost(action.text, answered);
          break;
        case 'startTimer':
          this.#timers.start(action.timer, action.ms);
          break;
        case 'stopTimers':
          this.#timers.stop();
          break;
        case 'forget':
          this.end();
          this.onEnd?.();
          break;
        default:
          // The rest is for clients; `deliver` is acknowledge()'s.
          break;
      }
    }
  }

  /** The connection that the request came on has closed: a final response may still find another way (§18.2.2). */
  #lost(text: string, request: SipRequest | undefined): void {
    const { reopen } = this.#layer;
    if (!reopen) {
      if (this.#machine) this.#perform(this.#machine({ type: 'transportError' }));
    } else if (request && !this.#open) {
      reopen(request, (flow) => flow.send(text));
    }
  }
}
