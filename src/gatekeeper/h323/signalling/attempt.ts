import type { Timer } from '../../../clock.js';
import type { H323UserInformation } from '../asn1/h225.js';
import type { ClearToken } from '../asn1/h235.js';
import type { H225Message } from '../q931/h225-message.js';
import { causeOf } from '../q931/information-elements.js';
import type { InformationElement } from '../q931/q931-message.js';
import type { SignallingContext } from './context.js';
import type { Leg, LegOwner, LegRelease } from './leg.js';
import type { Release } from './release-reasons.js';
import { type CallTarget, connectTarget } from './targets.js';

/** Why a target did not take the call. */
export type AttemptFailure =
  /** No connection. */
  | { readonly kind: 'unreachable'; readonly why: string }
  /** Connected, but it said nothing in time (T303). */
  | { readonly kind: 'silent' }
  /** The connection broke before the answer. */
  | { readonly kind: 'lost'; readonly why: string }
  /** The far end said no; `message` is how. */
  | { readonly kind: 'released'; readonly release: Release; readonly message: H225Message };

export interface AttemptOwner {
  /** The Setup for this leg. Called when the connection stands: once more where a kept one broke under the first Setup. */
  setupFor(attempt: Attempt, leg: Leg): Promise<OutgoingSetup> | OutgoingSetup;
  /** Setup was sent: what the caller said meanwhile may follow. */
  onSent(attempt: Attempt): void;
  /** Every message but Release Complete. */
  onReply(attempt: Attempt, message: H225Message): void;
  /** Once, and then no more. */
  onFailed(attempt: Attempt, failure: AttemptFailure): void;
  /** The far end's Release Complete, or its connection's end, after it answered. */
  onGone(attempt: Attempt, how: { readonly message: H225Message } | { readonly lost: string }): void;
  onFault(error: unknown): void;
}

export interface OutgoingSetup {
  readonly elements: readonly InformationElement[];
  readonly uuie: H323UserInformation;
}

/** One target that is called: from the connection to its answer, its refusal or its silence; after the answer the called side's leg. */
export class Attempt implements LegOwner {
  readonly target: CallTarget;
  leg: Leg | undefined;
  /** It has the Setup. */
  sent = false;
  /** It said something: from now on it has more time. */
  heard = false;
  /** It said something that the caller now relies on (an H.245 address, a choice of media, that it rings): no other can take its place. */
  committed = false;
  answered = false;
  /** The tokens that it answered with, in whichever message they came. */
  tokens: readonly ClearToken[] | undefined;
  readonly #context: SignallingContext;
  readonly #owner: AttemptOwner;
  #silence: Timer | undefined;
  readonly #callIdentifier: Uint8Array;
  #silentMs = 0;
  #connectMs = 0;
  /** A kept connection failed it once already. */
  #renewed = false;
  #over = false;

  constructor(context: SignallingContext, target: CallTarget, callIdentifier: Uint8Array, owner: AttemptOwner) {
    this.#context = context;
    this.#callIdentifier = callIdentifier;
    this.target = target;
    this.#owner = owner;
  }

  /** `silentMs`: how long it may say nothing once it has the Setup. `connectMs`: how long the connection may take. */
  start(silentMs: number, connectMs: number): void {
    this.#silentMs = silentMs;
    this.#connectMs = connectMs;
    this.#begin();
  }

  #begin(): void {
    this.#run(this.#silentMs).catch((error: unknown) => {
      if (!this.#over) this.#owner.onFault(error);
    });
  }

  async #run(silentMs: number): Promise<void> {
    const { clock, legs } = this.#context;
    let leg: Leg;
    try {
      leg = await legs.open(connectTarget(this.target, this.#connectMs));
    } catch (error) {
      this.#fail({ kind: 'unreachable', why: error instanceof Error ? error.message : String(error) });
      return;
    }
    if (this.#over) {
      legs.close(leg);
      return;
    }
    this.leg = leg;
    leg.owner = this;
    const { elements, uuie } = await this.#owner.setupFor(this, leg);
    // Over, or begun anew on another connection.
    if (this.#over || this.leg !== leg) return;
    if (!leg.send('setup', elements, uuie) && !leg.connection.closed) {
      this.#fail({ kind: 'unreachable', why: 'the Setup is longer than one message can be' });
      return;
    }
    // Sending may find out that the connection is gone, and then this ran already, or runs anew.
    if (this.#over || this.leg !== leg) return;
    this.sent = true;
    this.#silence = clock.after(silentMs, () => {
      if (!this.heard) this.#fail({ kind: 'silent' });
    });
    this.#owner.onSent(this);
  }

  onMessage(_leg: Leg, message: H225Message): void {
    this.heard = true;
    this.#silence?.cancel();
    if (message.q931.type !== 'releaseComplete') {
      this.#owner.onReply(this, message);
      return;
    }
    if (this.answered) {
      this.#close();
      this.#owner.onGone(this, { message });
      return;
    }
    this.#fail({ kind: 'released', release: releaseIn(message), message });
  }

  onLost({ reused }: Leg, why: string): void {
    if (reused && !this.heard && !this.#renewed) {
      this.leg = undefined;
      this.#beginAnew();
      return;
    }
    if (this.answered) {
      this.#close();
      this.#owner.onGone(this, { lost: why });
    } else {
      this.#fail({ kind: 'lost', why });
    }
  }

  /** Ends it, whatever it was at; the owner hears nothing any more. */
  end(release: LegRelease): void {
    if (this.#over) return;
    if (this.sent) this.leg?.release(release);
    this.#close();
  }

  /** The same with the other party's own Release Complete. */
  endWith(elements: readonly InformationElement[], uuie: H323UserInformation | undefined): void {
    if (this.#over) return;
    if (this.sent) this.leg?.send('releaseComplete', elements, uuie);
    this.#close();
  }

  #fail(failure: AttemptFailure): void {
    if (this.#over) return;
    if (this.leg?.reused && !this.#renewed && !this.committed && callsForNewConnection(failure)) {
      this.#context.legs.retire(this.leg);
      this.#context.legs.close(this.leg);
      this.leg = undefined;
      this.#beginAnew();
      return;
    }
    // Q.931 §5.2.5.3: T303 ran out; should the far end wake up after all, it is not to ring for nobody.
    if (failure.kind === 'silent')
      this.leg?.release({ reason: 'undefinedReason', cause: RECOVERY_ON_TIMER, callIdentifier: this.#callIdentifier });
    this.#close();
    this.#owner.onFailed(this, failure);
  }

  /** What a kept connection comes to says nothing of the target: a new one does. */
  #beginAnew(): void {
    this.#renewed = true;
    this.#silence?.cancel();
    this.sent = false;
    this.heard = false;
    this.#begin();
  }

  #close(): void {
    this.#over = true;
    this.#silence?.cancel();
    if (this.leg) this.#context.legs.close(this.leg);
  }
}

/** Silence on a kept connection may be the connection's; `newConnectionNeeded` says so (H.225.0 §7.2.2.8). */
function callsForNewConnection(failure: AttemptFailure): boolean {
  return failure.kind === 'silent' || (failure.kind === 'released' && failure.release.reason === 'newConnectionNeeded');
}

/** Q.850. */
const RECOVERY_ON_TIMER = 102;

export function releaseIn({ q931, uuie }: H225Message): Release {
  const body = uuie?.['h323-uu-pdu']['h323-message-body'];
  const reason = body?.type === 'releaseComplete' ? body.value.reason?.type : undefined;
  return { reason: reason === 'unknown' ? undefined : reason, cause: causeOf(q931)?.value };
}
