import type { RasCall } from '../ras/call-directory.js';
import type { CallSession } from './call-session.js';

/**
 * Calls in progress, by callIdentifier. A call that a neighbour led back to us is here twice under one identifier: each is a session of its
 * own.
 */
export class CallSessions implements Iterable<CallSession> {
  readonly #byId = new Map<string, readonly CallSession[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Those with this callIdentifier (32 hex digits), oldest first. */
  all(callId: string): readonly CallSession[] {
    return this.#byId.get(callId) ?? NONE;
  }

  add(session: CallSession): void {
    this.#byId.set(session.callId, [...this.all(session.callId), session]);
    this.#size += 1;
  }

  /** Whether it was the last with its identifier. */
  remove(session: CallSession): boolean {
    const before = this.all(session.callId);
    const left = before.filter((other) => other !== session);
    this.#size -= before.length - left.length;
    if (left.length > 0) this.#byId.set(session.callId, left);
    else this.#byId.delete(session.callId);
    return left.length === 0;
  }

  /** For RAS: the call as its endpoints know it. */
  find(callId: string): RasCall | undefined {
    const sessions = this.all(callId);
    if (sessions.length === 0) return undefined;
    return {
      endpoints: sessions.flatMap(({ endpoints }) => endpoints),
      disengaged: (endpointId) => {
        for (const session of sessions) session.disengaged(endpointId);
      },
    };
  }

  *[Symbol.iterator](): Iterator<CallSession> {
    for (const sessions of [...this.#byId.values()]) yield* sessions;
  }
}

const NONE: readonly CallSession[] = Object.freeze([]);
