import type { Clock, Timer } from '../../../clock.js';
import type { SipRequest } from '../message/message.js';
import type { CallSession } from './session.js';

/** Calls that are over are remembered, so that what still comes for them is not taken for another instance's. */
const maxOver = 5000;

/** Every call that passes through this instance, by the key in its Record-Route and by its Call-ID. */
export class Sessions {
  readonly #byKey = new Map<string, CallSession>();
  /** For endpoints that drop the parameters of a route they were given: Call-ID to the sessions with it (one, but for spirals). */
  readonly #byCallId = new Map<string, CallSession[]>();
  readonly #clock: Clock;
  readonly #over = new Set<string>();
  readonly #hungUp = new Set<string>();
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byKey.size;
  }

  [Symbol.iterator](): IterableIterator<CallSession> {
    return this.#byKey.values();
  }

  add(session: CallSession): void {
    this.#byKey.set(session.key, session);
    const same = this.#byCallId.get(session.callId);
    if (same) same.push(session);
    else this.#byCallId.set(session.callId, [session]);
  }

  /** @param over false: it goes on at another instance */
  remove(session: CallSession, over: boolean): void {
    if (!this.#byKey.delete(session.key)) return;
    if (over) remember(this.#over, session.key);
    const same = this.#byCallId.get(session.callId)?.filter((other) => other !== session);
    if (same && same.length > 0) this.#byCallId.set(session.callId, same);
    else this.#byCallId.delete(session.callId);
  }

  /** Whether it was here, and is over since not long ago. */
  wasHere(key: string): boolean {
    return this.#over.has(key);
  }

  /** A BYE for a call that was nowhere to be found has reached the other party. Should the call come over after all, it is over. */
  noteHungUp(key: string): void {
    remember(this.#hungUp, key);
  }

  wasHungUp(key: string): boolean {
    return this.#hungUp.has(key);
  }

  byKey(key: string): CallSession | undefined {
    return this.#byKey.get(key);
  }

  /** The session whose dialog the request names by Call-ID and both tags (RFC 3261 §12). */
  byDialog(request: SipRequest): CallSession | undefined {
    return this.#byCallId.get(request.callId)?.find((session) => session.sideOf(request) !== undefined);
  }

  /** Looks at every session once a second: deadlines of a second's precision need no timer each. */
  startSweep(look: (session: CallSession, now: number) => void): void {
    const sweep = () => {
      const now = this.#clock.now();
      for (const session of this.#byKey.values()) look(session, now);
      this.#timer = this.#clock.after(1000, sweep);
    };
    this.#timer = this.#clock.after(1000, sweep);
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#byKey.clear();
    this.#byCallId.clear();
    this.#over.clear();
    this.#hungUp.clear();
  }
}

function remember(keys: Set<string>, key: string): void {
  keys.add(key);
  if (keys.size <= maxOver) return;
  const [oldest] = keys;
  if (oldest !== undefined) keys.delete(oldest);
}
