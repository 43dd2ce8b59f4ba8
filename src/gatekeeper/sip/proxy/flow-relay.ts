import type { EpochMs, Timer } from '../../../clock.js';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.js';
import { parseNameAddr } from '../message/name-addr.js';
import { parseSipUri } from '../message/uri.js';
import { refusalResponse } from '../refusal-response.js';
import type { ClientTransaction, ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { flowParam } from './flow-token.js';
import { addVia, lowerMaxForwards } from './forward.js';
import { reasonValue } from './reason-header.js';
import { flowRecordRoute } from './record-route.js';

/** What the top of a request's Route says of flows. `forged`: it says what no instance of ours has said. */
export type FlowRoute = { readonly say: 'nothing' } | { readonly say: 'forged' } | { readonly say: 'pass'; readonly flow: string };

/**
 * In place of the loop hash in our Via: a request may have passed this instance before, on its way from an endpoint to the instance that has its
 * call, and is no loop for that. Rounds without end are for Max-Forwards.
 */
const passed = 'pass';

const nothing: FlowRoute = { say: 'nothing' };
const forged: FlowRoute = { say: 'forged' };

/** As much of the proxy as the relay needs. */
export type RelayContext = Pick<ProxyContext, 'clock' | 'here' | 'transactions' | 'transports' | 'flowTokens' | 'timers'>;

/**
 * The edge proxy of RFC 5626 §5 among several instances. An endpoint's connection ends at one of them; another one that has a request for the
 * endpoint orders the first to pass it on over just that flow. All that is to be decided of a request was decided by whoever ordered it:
 * who is calling, licences, media, the record. This is a stateful proxy (RFC 3261 §16) and no more.
 *
 * A request from the endpoint comes back with the mark that was put into its Route: that is taken off, and the request goes on as any
 * other that reaches an instance which does not have its call.
 */
export class FlowRelay {
  readonly #context: RelayContext;
  readonly #passages = new WeakMap<ServerTransaction, Passage>();
  /** Until when a connection that a request was passed over is needed; whoever still talks after that is asked by the call's own instance. */
  readonly #neededUntil = new WeakMap<Flow, EpochMs>();
  readonly #underWay = new Set<Passage>();
  #stopping: (() => void) | undefined;

  constructor(context: RelayContext) {
    this.#context = context;
  }

  /** Requests on their way over connections of ours that have no final response yet. */
  get underWay(): number {
    return this.#underWay.size;
  }

  /**
   * The connections are about to be closed: nothing more is passed on. Phones that ring are told to stop, and their callers 503. Settles when
   * every endpoint has answered what it was asked; may never settle.
   */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      this.#stopping = resolve;
      for (const passage of this.#underWay) passage.stop();
      if (this.#underWay.size === 0) resolve();
    });
  }

  /** Whoever still waits hears 503. No timer is left. */
  close(): void {
    for (const passage of this.#underWay) passage.close();
    this.#underWay.clear();
  }

  /** Takes orders and marks off the top of Route. */
  take(request: SipRequest): FlowRoute {
    // Marks stand on top of a Route only where the endpoint's connection is not at its call's instance.
    while (request.get('route')?.includes(`;${flowParam}=`)) {
      const top = request.list('route')[0] ?? '';
      const token = flowTokenOf(top);
      if (token === undefined) return nothing;
      const { flowTokens, clock } = this.#context;
      const ordered = flowTokens.readOrder(token, request.callId, clock.now());
      if (ordered === undefined && flowTokens.readMark(token, request.callId) === undefined) return forged;
      request.removeFirst('route');
      if (ordered !== undefined) return { say: 'pass', flow: ordered };
    }
    return nothing;
  }

  /** Passes a request on over this flow of ours. 430 (RFC 5626 §5.3) when it is gone: whoever ordered it may know another way. */
  pass(request: SipRequest, from: Flow, id: string): void {
    const { transactions, here, flowTokens } = this.#context;
    const out = this.#stopping ? undefined : this.#flow(id);
    if (!out) {
      transactions.oneShot(request, from).respond(responseTo(request, 430));
      return;
    }
    this.#note(out);
    this.#note(from);
    const copy = request.clone();
    lowerMaxForwards(copy);
    // Into the dialogs that its instance stays in (RFC 5626 §5.3.2): what the endpoint sends inside them comes by the flow, and on to there.
    if (request.to.tag === undefined && request.has('record-route')) {
      copy.prepend('record-route', flowRecordRoute(request, here, out, flowTokens.mark(id, request.callId)));
    }
    addVia(copy, here, out, passed);
    const transaction = transactions.server(request, from, 'at-once');
    // That it has arrived is told to another instance at once, which may ask elsewhere else; RFC 4320 §4.1 spares clients on UDP that.
    if (request.method !== 'INVITE') transaction.respond(responseTo(request, 100));
    const passage = new Passage(this.#context, transaction, () => {
      this.#underWay.delete(passage);
      if (this.#underWay.size === 0) this.#stopping?.();
    });
    this.#passages.set(transaction, passage);
    this.#underWay.add(passage);
    passage.start(copy, out);
  }

  /** The ACK for a 2xx: nobody answers it, so nothing is remembered (RFC 3261 §16.11). */
  passAck(ack: SipRequest, id: string): void {
    const out = this.#flow(id);
    if (!out) return;
    this.#note(out);
    const copy = ack.clone();
    lowerMaxForwards(copy);
    addVia(copy, this.#context.here, out, passed);
    this.#context.transactions.sendStateless(copy, out);
  }

  /** False: the transaction is none of a request that was passed on. */
  cancel(transaction: ServerTransaction, reason: string | undefined): boolean {
    const passage = this.#passages.get(transaction);
    passage?.cancel(reason);
    return passage !== undefined;
  }

  /** Whether a call was passed on over this connection, or came by it, and may still go on: then quiet is no reason to close it. */
  isPassing(flow: Flow): boolean {
    return (this.#neededUntil.get(flow) ?? 0) > this.#context.clock.now();
  }

  #flow(id: string): Flow | undefined {
    const flow = this.#context.transports.flow(id);
    return flow && !flow.closed ? flow : undefined;
  }

  #note(flow: Flow): void {
    if (!flow.reliable) return;
    const { clock, timers } = this.#context;
    this.#neededUntil.set(flow, clock.now() + (timers.silenceSeconds + timers.ringingSeconds) * 1000);
  }
}

/** The value of `pvf` in a Route; undefined: it has none. */
export function flowTokenOf(route: string): string | undefined {
  const uri = route.includes(`;${flowParam}=`) ? parseSipUri(parseNameAddr(route)?.uri ?? '') : undefined;
  const token = uri?.params.get(flowParam);
  return typeof token === 'string' ? token : undefined;
}

/** One request on its way over a flow, until it has its final response. */
class Passage {
  readonly #context: RelayContext;
  readonly #transaction: ServerTransaction;
  readonly #settled: () => void;
  #client: ClientTransaction | undefined;
  #ringing: Timer | undefined;

  /** @param settled called when the endpoint has answered, or never will */
  constructor(context: RelayContext, transaction: ServerTransaction, settled: () => void) {
    this.#context = context;
    this.#transaction = transaction;
    this.#settled = settled;
  }

  start(copy: SipRequest, out: Flow): void {
    this.#awaitAnswer();
    this.#client = this.#context.transactions.request(copy, out, {
      onResponse: (response) => this.#passBack(response),
      onTimeout: () => this.#fail(408),
      onTransportError: () => this.#fail(430),
    });
  }

  cancel(reason: string | undefined): void {
    this.#client?.cancel(reason);
  }

  /** Others than INVITE get the moment that is left to be answered. */
  stop(): void {
    if (this.#transaction.request.method !== 'INVITE') return;
    this.cancel(reasonValue(503, 'The gatekeeper is being stopped'));
    this.close();
  }

  close(): void {
    this.#ringing?.cancel();
    const { request, finalSent } = this.#transaction;
    if (!finalSent) this.#transaction.respond(refusalResponse(request, 'instanceStopping'));
  }

  #passBack(response: SipResponse): void {
    if (response.status === 100) return;
    if (response.status >= 200) this.#end();
    else if (!this.#transaction.finalSent) this.#awaitAnswer();
    response.removeFirst('via');
    this.#transaction.respond(response);
  }

  #end(): void {
    this.#ringing?.cancel();
    this.#settled();
  }

  #fail(status: 408 | 430): void {
    this.#end();
    const { request, finalSent } = this.#transaction;
    // RFC 4320 §4.1: nobody waits for a 408 to a non-INVITE any more.
    if (!finalSent && (status === 430 || request.method === 'INVITE')) this.#transaction.respond(responseTo(request, status));
  }

  /** Timer C (RFC 3261 §16.6 step 11), for an INVITE whose instance was lost while it rang. That instance's own runs out first. */
  #awaitAnswer(): void {
    if (this.#transaction.request.method !== 'INVITE') return;
    const { clock, timers } = this.#context;
    this.#ringing?.cancel();
    this.#ringing = clock.after((timers.ringingSeconds + 5) * 1000, () => this.cancel(reasonValue(408, 'Nobody answered in time')));
  }
}
