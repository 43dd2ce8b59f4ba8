import type { EpochMs } from '../../../clock.js';

/** Calls a second whose ends are asked. A lost instance may leave a thousand at once: those wait for their turn. */
const askedPerSecond = 25;
/** Parties whose connection went with their instance have this long to make another before they are first asked. */
const graceMs = 5000;
const againMs = 60_000;
/** After so many questions that neither end answered the call is over. */
const maxTries = 5;

/** A call that came from another instance, until it is known whether its parties are still there. */
export interface Arrival {
  readonly at: EpochMs;
  askAt: EpochMs;
  tries: number;
}

export type Sign = 'alive' | 'silent' | 'gone';

/** When the ends of calls that came over are asked: each call soon, and all of them spread out. */
export class Arrivals {
  #next: EpochMs = 0;

  expect(now: EpochMs): Arrival {
    this.#next = Math.max(this.#next + 1000 / askedPerSecond, now + graceMs);
    return { at: now, askAt: this.#next, tries: 0 };
  }
}

/**
 * What the answers of both ends mean for a call that came over. One that says it knows of no call ends it. Silence does not at first: the way
 * to a party may have been lost with the instance, and it will be back.
 */
export function judgeArrival(arrival: Arrival, signs: readonly [Sign, Sign], now: EpochMs): 'over' | 'stands' | 'again' {
  if (signs.includes('gone')) return 'over';
  if (!signs.includes('silent')) return 'stands';
  arrival.tries += 1;
  if (arrival.tries >= maxTries) return signs.includes('alive') ? 'stands' : 'over';
  arrival.askAt = now + againMs;
  return 'again';
}
