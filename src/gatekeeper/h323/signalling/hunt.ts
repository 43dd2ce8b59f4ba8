import type { RefusalCode } from '../../calls/reasons.js';
import type { Route } from '../../routing/route.js';
import { Attempt, type AttemptFailure, type AttemptOwner } from './attempt.js';
import type { SignallingContext } from './context.js';
import type { LegRelease } from './leg.js';
import { callsForNextRoute } from './release-reasons.js';
import { type CalledParty, type CallTarget, type Expansion, expandNext } from './targets.js';

export interface HuntOwner extends Pick<AttemptOwner, 'setupFor' | 'onSent' | 'onReply' | 'onGone'> {
  /** A target is about to be tried. */
  trying(target: CallTarget): void;
  /** Whether the call may go to this zone at all. */
  mayGo(target: CallTarget): Refused | undefined;
  /** Nobody took the call. */
  onExhausted(outcome: HuntOutcome): void;
  onFault(error: unknown): void;
}

export interface Refused {
  readonly refusal: RefusalCode;
  readonly detail: string;
}

export type HuntOutcome =
  /** The called side's own no, to be passed on. */
  Extract<AttemptFailure, { kind: 'released' }> | ({ readonly kind: 'refused' } & Refused);

/**
 * One call's way to its routes: in order, one target after the other, until one answers or says no for a reason that no other way would
 * change. What a target has told the caller already (`committed`) binds the call to it.
 */
export class Hunt {
  readonly #context: SignallingContext;
  readonly #callIdentifier: Uint8Array;
  readonly #called: CalledParty;
  readonly #owner: HuntOwner;
  #routes: readonly Route[];
  #targets: readonly CallTarget[] = [];
  #fallen: Extract<HuntOutcome, { kind: 'released' }> | undefined;
  #refused: Refused | undefined;
  #over = false;
  current: Attempt | undefined;

  constructor(
    context: SignallingContext,
    routes: readonly Route[],
    call: { readonly identifier: Uint8Array; readonly called: CalledParty },
    owner: HuntOwner,
  ) {
    this.#context = context;
    this.#routes = routes;
    this.#callIdentifier = call.identifier;
    this.#called = call.called;
    this.#owner = owner;
  }

  start(): void {
    this.#next();
  }

  /** Ends the search and whoever is being called; the owner hears nothing any more. */
  end(release: LegRelease): void {
    this.#over = true;
    this.current?.end(release);
  }

  /** Ends the search for good; the current attempt goes on, and is the owner's business alone. */
  settle(): void {
    this.#over = true;
  }

  #next(): void {
    if (this.#over) return;
    const [target, ...others] = this.#targets;
    if (target) {
      this.#targets = others;
      this.#try(target, others.length > 0 || this.#routes.length > 0);
      return;
    }
    const expanded = expandNext(this.#context, this.#routes, this.#called);
    if (!expanded) {
      this.#finish();
      return;
    }
    this.#routes = this.#routes.slice(expanded.routes);
    const { expansion } = expanded;
    if (!(expansion instanceof Promise)) {
      this.#expanded(expansion);
      return;
    }
    expansion.then((found) => this.#expanded(found)).catch((error: unknown) => this.#fault(error));
  }

  #expanded(found: Expansion): void {
    if ('refusal' in found) {
      this.#refused ??= found;
    } else {
      this.#targets = found.targets;
      // A gatekeeper that knows the number and takes no call: the others of its zone may know it too.
      if (found.others) this.#routes = [...found.others, ...this.#routes];
    }
    this.#next();
  }

  #try(target: CallTarget, more: boolean): void {
    const refused = this.#owner.mayGo(target);
    if (refused) {
      this.#refused ??= refused;
      this.#next();
      return;
    }
    const { timers } = this.#context;
    const attempt = new Attempt(this.#context, target, this.#callIdentifier, {
      setupFor: (made, leg) => this.#owner.setupFor(made, leg),
      onSent: (made) => this.#owner.onSent(made),
      onReply: (made, message) => this.#owner.onReply(made, message),
      onGone: (made, how) => this.#owner.onGone(made, how),
      onFailed: (made, failure) => this.#failed(made, failure),
      onFault: (error) => this.#fault(error),
    });
    this.current = attempt;
    this.#owner.trying(target);
    // Where nobody else is left a lost packet must not end the call.
    if (more) attempt.start(Math.min(timers.huntMs, timers.setupMs), timers.connectMs);
    else attempt.start(timers.setupMs, Math.max(timers.connectMs, timers.setupMs));
  }

  #failed(attempt: Attempt, failure: AttemptFailure): void {
    if (this.#over) return;
    const { question } = attempt.target;
    if (question) this.#context.neighbours.forget(question);
    this.current = undefined;
    if (failure.kind === 'released') {
      if (attempt.committed || !callsForNextRoute(failure.release)) {
        this.#over = true;
        this.#owner.onExhausted(failure);
        return;
      }
      this.#fallen ??= failure;
    } else {
      this.#refused = { refusal: question ? 'zoneUnreachable' : 'calleeUnreachable', detail: failureText(attempt.target, failure) };
      if (attempt.committed) {
        this.#finish();
        return;
      }
    }
    this.#next();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    const refused: Refused = this.#refused ?? { refusal: 'calleeUnreachable', detail: 'No route leads to the called party' };
    this.#owner.onExhausted(this.#fallen ?? { kind: 'refused', ...refused });
  }

  #fault(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.onFault(error);
  }
}

function failureText(target: CallTarget, failure: Exclude<AttemptFailure, { kind: 'released' }>): string {
  const where = `${target.label} at ${target.address.address}:${target.address.port}`;
  switch (failure.kind) {
    case 'unreachable':
      return `${where} takes no connection: ${failure.why}`;
    case 'silent':
      return `${where} did not answer the Setup`;
    case 'lost':
      return `${where} closed the connection: ${failure.why}`;
  }
}
