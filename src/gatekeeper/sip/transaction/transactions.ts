import type { Clock, Timer } from '../../../clock.js';
import { responseTo, SipRequest, type SipResponse } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import { Client } from './client.js';
import type { Layer, LayerTimer, Reopen } from './layer.js';
import { defaultTiming, lifetime, type Timing } from './machine.js';
import { clientKey, serverKey } from './matching.js';
import { ResponseMemory, type ResponseMemoryLimits } from './response-memory.js';
import { Server } from './server.js';
import { TimerQueue } from './timer-queue.js';
import type { ClientListener, ClientTransaction, ServerTransaction, TransactionUser } from './transaction.js';

export type { Reopen } from './layer.js';
export type { Timing } from './machine.js';
export type { ResponseMemoryLimits } from './response-memory.js';
export type { ClientListener, ClientTransaction, ServerTransaction, TransactionUser } from './transaction.js';

export interface TransactionsOptions {
  readonly clock: Clock;
  readonly user: TransactionUser;
  /** T1, T2 and T4 of RFC 3261, in milliseconds. Default 500, 4000, 5000. */
  readonly timers?: Partial<Timing>;
  /** Client and server transactions together; new requests beyond get 503. Default 100,000. */
  readonly maxTransactions?: number;
  /** Bounds of what is remembered for `oneShot()`. Default 200,000 answers or 64 MiB. */
  readonly memory?: ResponseMemoryLimits;
  /** Without it, a response whose connection has closed is dropped. */
  readonly reopen?: Reopen;
}

/** Seconds that a client shall leave us alone for when too many transactions are open (RFC 3261 §20.33). */
const retryAfterSeconds = 5;

/** For a CANCEL: what counts is the final response to its INVITE. */
const deaf: ClientListener = { onResponse: () => {}, onTimeout: () => {}, onTransportError: () => {} };

/**
 * The transaction layer (RFC 3261 §17 with RFC 6026): which messages belong together, what is sent again and until when.
 * The four machines decide; this class matches messages to them and owns their timers.
 *
 * `onStrayResponse` is where a response goes that belongs to nothing; a malformed message must not get here at all.
 */
export class Transactions {
  readonly #clock: Clock;
  readonly #user: TransactionUser;
  readonly #limit: number;
  readonly #layer: Layer;
  readonly #clients = new Map<string, Client>();
  readonly #servers = new Map<string, Server>();
  readonly #memory: ResponseMemory;
  #rotation: Timer | undefined;
  /** The key of the request that came last: the user asks for it again at once. */
  #lastRequest: SipRequest | undefined;
  #lastKey = '';

  constructor(options: TransactionsOptions) {
    this.#clock = options.clock;
    this.#user = options.user;
    this.#limit = options.maxTransactions ?? 100_000;
    this.#memory = new ResponseMemory(options.memory);
    this.#layer = {
      timers: new TimerQueue<LayerTimer>(options.clock),
      timing: { ...defaultTiming, ...options.timers },
      reopen: options.reopen,
      forgetClient: (key) => this.#clients.delete(key),
      forgetServer: (key) => this.#servers.delete(key),
      sendCancel: (cancel, flow) => this.request(cancel, flow, deaf),
    };
  }

  /** Open transactions, and answers remembered. */
  get size(): { client: number; server: number; remembered: number } {
    return { client: this.#clients.size, server: this.#servers.size, remembered: this.#memory.size };
  }

  /** Takes a message that came in on a flow. */
  receive(message: SipRequest | SipResponse, flow: Flow): void {
    if (message instanceof SipRequest) this.#receiveRequest(message, flow);
    else this.#receiveResponse(message, flow);
  }

  /**
   * Opens a server transaction for a request from `onRequest`. An INVITE must be answered in the end; any other request need not be
   * (RFC 4320 §4.2) and is forgotten after 64*T1. Asked again for the same request it gives the same transaction while that is open.
   * @param trying `at-once`: answers an INVITE with 100, which stops its repetitions (§17.2.1)
   */
  server(request: SipRequest, flow: Flow, trying: 'at-once' | 'none' = 'none'): ServerTransaction {
    const key = this.#keyOf(request);
    const existing = this.#servers.get(key);
    if (existing?.open) return existing.open;
    existing?.end();
    const server = new Server(this.#layer, key, flow);
    this.#servers.set(key, server);
    const transaction = server.start(request);
    if (trying === 'at-once' && request.method === 'INVITE') transaction.respond(responseTo(request, 100));
    return transaction;
  }

  /**
   * For a request that we answer ourselves, once and with a final response: costs no transaction and no timer. A repetition, which
   * UDP may bring, gets the same answer from memory or, before there is one, none. Fit for refusing an INVITE too (its ACK is
   * absorbed, and it is the client that repeats: RFC 3261 §8.2.7), not for accepting one.
   */
  oneShot(request: SipRequest, flow: Flow): { respond(response: SipResponse): void } {
    const invite = request.method === 'INVITE';
    const key = flow.reliable && !invite ? undefined : `${this.#keyOf(request)} ${flow.id}`;
    if (key !== undefined) this.#remember(key, '');
    let answered = false;
    return {
      respond: (response) => {
        if (answered) return;
        answered = response.status >= 200;
        const text = response.toString();
        if (key !== undefined && !flow.reliable) this.#remember(key, text);
        if (!flow.send(text) && answered && flow.closed) this.#layer.reopen?.(request, (other) => other.send(text));
      },
    };
  }

  /**
   * Sends a request and follows it to its final response. Its first Via has a branch of its own, ours.
   * @throws Error when the request has no such branch: a fault of the caller
   */
  request(request: SipRequest, flow: Flow, listener: ClientListener): ClientTransaction {
    const key = clientKey(request);
    if (key === undefined) throw new Error(`A ${request.method} needs a Via with a branch before it is sent`);
    if (this.#clients.has(key)) throw new Error(`A ${request.method} is under way with the same Via branch: each needs its own (${key})`);
    const client = new Client(this.#layer, key, flow, listener);
    this.#clients.set(key, client);
    return client.start(request);
  }

  /** Sends an ACK for a 2xx, or anything else that nobody waits on. False: it could not be sent. */
  sendStateless(message: SipRequest | SipResponse, flow: Flow): boolean {
    return flow.send(message.toString());
  }

  /** Forgets everything. Nobody is told, and no timer is left. */
  close(): void {
    for (const client of this.#clients.values()) client.end();
    for (const server of this.#servers.values()) server.end();
    this.#layer.timers.close();
    this.#rotation?.cancel();
    this.#rotation = undefined;
    this.#memory.clear();
    this.#lastRequest = undefined;
  }

  #receiveResponse(response: SipResponse, flow: Flow): void {
    const key = clientKey(response);
    const client = key === undefined ? undefined : this.#clients.get(key);
    if (client) client.receive(response);
    else this.#user.onStrayResponse(response, flow);
  }

  #receiveRequest(request: SipRequest, flow: Flow): void {
    const key = this.#keyOf(request);
    if (request.method === 'ACK') {
      this.#receiveAck(request, flow, key);
      return;
    }
    const server = this.#servers.get(key);
    if (server) {
      server.repeat();
      return;
    }
    const remembered = flow.reliable ? undefined : this.#memory.recall(`${key} ${flow.id}`);
    if (remembered !== undefined) {
      if (remembered !== '') flow.send(remembered);
    } else if (request.method === 'CANCEL') {
      this.#receiveCancel(request, flow);
    } else if (this.#clients.size + this.#servers.size >= this.#limitFor(request)) {
      this.oneShot(request, flow).respond(responseTo(request, 503, undefined, [['Retry-After', String(retryAfterSeconds)]]));
      this.#user.onOverload?.(request, flow);
    } else {
      this.#user.onRequest(request, flow);
    }
  }

  #receiveAck(ack: SipRequest, flow: Flow, key: string): void {
    const server = this.#servers.get(key);
    if (server) {
      if (server.acknowledge()) this.#user.onAck(ack, flow);
    } else if (this.#memory.recall(`${key} ${flow.id}`) === undefined) {
      this.#user.onAck(ack, flow);
    }
  }

  /** §9.2, §16.10: a CANCEL is answered here, whatever becomes of its INVITE. */
  #receiveCancel(cancel: SipRequest, flow: Flow): void {
    const server = this.#servers.get(serverKey(cancel, 'INVITE'));
    const meant = server !== undefined && (server.open === undefined || cancels(cancel, flow, server.open));
    this.oneShot(cancel, flow).respond(responseTo(cancel, meant ? 200 : 481));
    if (meant && server.open) this.#user.onCancel(server.open, cancel);
  }

  /** A BYE frees more than it takes, so a full house lets a tenth more of them in. */
  #limitFor(request: SipRequest): number {
    return request.method === 'BYE' ? this.#limit * 1.1 : this.#limit;
  }

  /** An ACK is looked up as the INVITE it ends. */
  #keyOf(request: SipRequest): string {
    if (request !== this.#lastRequest) {
      this.#lastRequest = request;
      this.#lastKey = serverKey(request, request.method === 'ACK' ? 'INVITE' : request.method);
    }
    return this.#lastKey;
  }

  #remember(key: string, text: string): void {
    this.#memory.remember(key, text);
    this.#rotation ??= this.#clock.after(lifetime(this.#layer.timing), () => this.#rotate());
  }

  /** An answer is kept for 64*T1 at least, which is as long as a client repeats a request (timer F). */
  #rotate(): void {
    this.#memory.rotate();
    this.#rotation = this.#memory.size === 0 ? undefined : this.#clock.after(lifetime(this.#layer.timing), () => this.#rotate());
  }
}

/**
 * Everybody downstream has seen the caller's Via, which is all that matches a CANCEL to its INVITE. §9.1: its Call-ID, From and CSeq number
 * are the INVITE's; and it comes from where that came from.
 */
function cancels(cancel: SipRequest, flow: Flow, { request, flow: origin }: ServerTransaction): boolean {
  return (
    cancel.callId === request.callId &&
    cancel.cseq.seq === request.cseq.seq &&
    cancel.from.tag === request.from.tag &&
    flow.remote.address === origin.remote.address
  );
}
