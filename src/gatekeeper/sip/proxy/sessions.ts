import type { Clock, Timer } from '../../../clock.js';
import type { SipRequest } from '../message/message.js';
import type { CallSession } from './session.js';

/** Every call that passes through this instance, by the key in its Record-Route and by its Call-ID. */
export class Sessions {
  readonly #byKey = new Map<string, CallSession>();
  /** For endpoints that drop the parameters of a route they were given: Call-ID to the sessions with it (one, but for spirals). */
  readonly #byCallId = new Map<string, CallSession[]>();
  readonly #clock: Clock;
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

  remove(session: CallSession): void {
    if (!this.#byKey.delete(session.key)) return;
    const same = this.#byCallId.get(session.callId)?.filter((other) => other !== session);
    if (same && same.length > 0) this.#byCallId.set(session.callId, same);
    else this.#byCallId.delete(session.callId);
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
  }
}
