import type { EpochMs } from '../../../clock.js';
import type { PeerHealthView } from '../../routing/route.js';

/** A peer that went silent is asked again this soon, then after twice as long each time. */
const FIRST_PROBE_MS = 1000;
const LAST_PROBE_MS = 30_000;
/** Down peers remembered at most: a plan has far fewer. */
const MAX_DOWN = 10_000;

interface Down<Q> {
  /** What it left unanswered: asked again to find out whether it is back. */
  readonly question: Q;
  silences: number;
  probeAt: EpochMs;
}

/** Why a neighbour went up or down, for logs and metrics. */
export type NeighbourChange = (peerId: string, up: boolean) => void;

/**
 * Which neighbour gatekeepers are up: one that left a question unanswered, repetitions and all, is down at once, so that the next caller
 * does not wait for it as well. Any answer brings it back. Pure: it says what is to be asked again, and does not ask.
 */
export class NeighbourHealth<Q> implements PeerHealthView {
  readonly #down = new Map<string, Down<Q>>();
  readonly #onChange: NeighbourChange;

  constructor(onChange: NeighbourChange = () => undefined) {
    this.#onChange = onChange;
  }

  isUp(peerId: string): boolean {
    return !this.#down.has(peerId);
  }

  answered(peerId: string): void {
    if (this.#down.delete(peerId)) this.#onChange(peerId, true);
  }

  silent(peerId: string, question: Q, now: EpochMs): void {
    const down = this.#down.get(peerId);
    if (down) {
      down.silences += 1;
      down.probeAt = now + Math.min(LAST_PROBE_MS, FIRST_PROBE_MS * 2 ** Math.min(down.silences, 10));
      return;
    }
    if (this.#down.size >= MAX_DOWN) return;
    this.#down.set(peerId, { question, silences: 0, probeAt: now + FIRST_PROBE_MS });
    this.#onChange(peerId, false);
  }

  /** A call to a place that the peer named got no answer there: that says nothing of the peer's RAS, but it may be gone. */
  suspect(peerId: string, question: Q, now: EpochMs): void {
    if (this.isUp(peerId)) this.silent(peerId, question, now);
  }

  /** Questions for down peers that it is time to ask again; each is given once, until the next `silent`. */
  *due(now: EpochMs): IterableIterator<Q> {
    for (const down of this.#down.values()) {
      if (down.probeAt > now) continue;
      down.probeAt = Number.POSITIVE_INFINITY;
      yield down.question;
    }
  }

  /** Forgets peers that are no longer in the plan. */
  keep(isThere: (peerId: string) => boolean): void {
    for (const peerId of this.#down.keys()) if (!isThere(peerId)) this.#down.delete(peerId);
  }
}
