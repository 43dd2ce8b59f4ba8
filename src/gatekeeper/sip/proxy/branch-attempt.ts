import type { EpochMs, Timer } from '../../../clock.js';
import type { MemberId } from '../../../state/member-store.js';
import type { SipRequest, SipResponse } from '../message/message.js';
import type { ClientTransaction } from '../transaction/transactions.js';
import type { Flow, Target } from '../transport/flow.js';
import { loopHash } from './branch.js';
import type { ProxyContext } from './context.js';
import { addVia, lowerMaxForwards } from './forward.js';
import { reasonValue } from './reason-header.js';
import type { HopTarget } from './targets.js';

/** An instance without a sign of life for so long after it went from among the living is lost. */
const lateMs = 10_000;

/** How one attempt ended: a response, or nothing at all. */
/** `unanswered`: it rang for as long as timer C allows. */
export type AttemptEnd = { readonly response: SipResponse } | { readonly failure: 'timeout' | 'unreachable' | 'silent' | 'unanswered' };

export interface AttemptListener {
  onResponse(attempt: BranchAttempt, response: SipResponse, flow: Flow): void;
  onEnd(attempt: BranchAttempt, end: AttemptEnd): void;
}

/**
 * One branch of a forwarded request: its copy for one target, the flow to it, the client transaction, and the watch over a peer that
 * says nothing (the "hunt" timer). It ends once; a response after that goes to `onResponse` still, so that a late answer is not lost.
 */
export class BranchAttempt {
  readonly target: HopTarget;
  #client: ClientTransaction | undefined;
  #hunt: Timer | undefined;
  /** Ends the watch over the instance that passes it on. */
  #unwatch: (() => void) | undefined;
  #holderGone: Timer | undefined;
  #rang = false;
  #over = false;
  #cancelled: string | undefined;
  #ringingUntil: EpochMs;
  readonly #context: ProxyContext;
  readonly #listener: AttemptListener;

  constructor(context: ProxyContext, target: HopTarget, listener: AttemptListener) {
    this.#context = context;
    this.target = target;
    this.#listener = listener;
    this.#ringingUntil = context.clock.now() + context.timers.ringingSeconds * 1000;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whether the other side has said anything. */
  get heard(): boolean {
    return this.#client?.provisional ?? false;
  }

  get flow(): Flow | undefined {
    return this.#client?.flow;
  }

  /** `prepare` puts on what depends on the flow (Record-Route). `huntMs`: silence after which it is given up; undefined: the transaction's own. */
  start(original: SipRequest, prepare: (copy: SipRequest, flow: Flow) => void, huntMs: number | undefined): void {
    if (huntMs !== undefined) this.#hunt = this.#context.clock.after(huntMs, () => this.#giveUp());
    const { hop, holder } = this.target;
    if (holder !== undefined) this.#unwatch = this.#context.holders.whenGone(holder, () => this.#onHolderGone(holder));
    if (isFlow(hop)) {
      this.#send(original, prepare, hop);
      return;
    }
    this.#context.transports
      .flowTo(hop)
      .then(
        (flow) => this.#send(original, prepare, flow),
        () => this.#end({ failure: 'unreachable' }),
      )
      .catch((error: unknown) => {
        this.#context.observer.fault(error, original.callId);
        this.#end({ failure: 'unreachable' });
      });
  }

  #send(original: SipRequest, prepare: (copy: SipRequest, flow: Flow) => void, flow: Flow): void {
    if (this.#over) return;
    if (this.#cancelled !== undefined) {
      this.#end({ failure: 'silent' });
      return;
    }
    const copy = original.clone();
    copy.uri = this.target.uri;
    lowerMaxForwards(copy);
    for (let i = this.target.routes.length - 1; i >= 0; i--) copy.prepend('route', this.target.routes[i] ?? '');
    prepare(copy, flow);
    addVia(copy, this.#context.here, flow, loopHash(original));
    this.#client = this.#context.transactions.request(copy, flow, {
      onResponse: (response) => this.#response(response, flow),
      onTimeout: () => this.#end({ failure: 'timeout' }),
      onTransportError: () => this.#end({ failure: 'unreachable' }),
    });
  }

  #response(response: SipResponse, flow: Flow): void {
    this.#hunt?.cancel();
    this.#hunt = undefined;
    if (response.status < 200) {
      if (response.status > 100) {
        this.#rang = true;
        // RFC 3261 §16.7 step 2: every provisional but 100 sets timer C anew.
        this.#ringingUntil = this.#context.clock.now() + this.#context.timers.ringingSeconds * 1000;
      }
      if (!this.#over) this.#listener.onResponse(this, response, flow);
      return;
    }
    // Every 2xx goes up, also repeated ones and those that come after the branch was given up (RFC 3261 §16.7 step 10, RFC 6026).
    if (response.status < 300) this.#listener.onResponse(this, response, flow);
    this.#end({ response });
  }

  /** A phone that rings is given more time: its instance may be no more than late with its signs of life. */
  #onHolderGone(holder: MemberId): void {
    const { clock, holders } = this.#context;
    if (!this.#rang) this.#lose();
    else {
      this.#holderGone ??= clock.after(lateMs, () => {
        this.#holderGone = undefined;
        if (!holders.lives(holder)) this.#lose();
      });
    }
  }

  #lose(): void {
    this.#client?.cancel();
    this.#end({ failure: 'unreachable' });
  }

  #giveUp(): void {
    if (this.#over) return;
    // Should it wake up later, it is told to stop.
    this.#client?.cancel();
    this.#end({ failure: 'silent' });
  }

  #end(end: AttemptEnd): void {
    if (this.#over) return;
    this.abandon();
    this.#listener.onEnd(this, end);
  }

  /** CANCEL (RFC 3261 §9.1): goes out as soon as the other side has been heard, never before. */
  cancel(reason: string | undefined): void {
    this.#cancelled = reason ?? '';
    this.#hunt?.cancel();
    this.#hunt = undefined;
    this.#client?.cancel(reason);
  }

  /** Gives up without a word from the other side: no more `onEnd`. A 2xx that still comes reaches `onResponse`. */
  abandon(): void {
    this.#over = true;
    this.#hunt?.cancel();
    this.#hunt = undefined;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#holderGone?.cancel();
    this.#holderGone = undefined;
  }

  /** Timer C: rings for too long. */
  checkRinging(now: EpochMs): void {
    if (this.#over || now < this.#ringingUntil) return;
    this.#client?.cancel(reasonValue(408, 'Nobody answered in time'));
    this.#end({ failure: this.heard ? 'unanswered' : 'timeout' });
  }
}

function isFlow(hop: Flow | Target): hop is Flow {
  return 'send' in hop;
}
