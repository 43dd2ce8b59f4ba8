/** Bounds of the delay that is kept ready against jitter. */
const LEAST_MS = 10;
const MOST_MS = 180;
/** Before the first packets have shown what the network is like: one frame. */
const FIRST_MS = 20;
/** Beyond this, the sender's clock has jumped: nothing that went before says anything about it. */
const JUMP_MS = 1000;
/** The fastest packet of so long counts, so that two clocks may drift apart. */
const WINDOW_MS = 5000;
/** How fast an outlier is forgotten. */
const FORGET_MS = 4000;

/**
 * How late packets come, and so how long after the fastest of them a sound should be played (RFC 3550 §6.4.1's jitter is a mean; what has to
 * be waited for is the worst of late).
 */
export class PlayoutDelay {
  /** Arrival minus timestamp of the fastest packet, in ms, of this window and the one before. */
  #fastest = Number.POSITIVE_INFINITY;
  #fastestBefore = Number.POSITIVE_INFINITY;
  #windowEnds = 0;
  #peak = FIRST_MS - LEAST_MS;
  #at = 0;

  /** @param sentMs the packet's timestamp in ms @returns false when the sender's clock has jumped */
  observe(sentMs: number, now: number): boolean {
    const offset = now - sentMs;
    const known = Math.min(this.#fastest, this.#fastestBefore);
    const hasJumped = known !== Number.POSITIVE_INFINITY && Math.abs(offset - known) > JUMP_MS;
    if (hasJumped) this.reset();
    if (now >= this.#windowEnds) {
      this.#fastestBefore = now - this.#windowEnds > WINDOW_MS ? Number.POSITIVE_INFINITY : this.#fastest;
      this.#fastest = offset;
      this.#windowEnds = now + WINDOW_MS;
    } else if (offset < this.#fastest) this.#fastest = offset;
    const late = offset - this.#base;
    if (late > this.#peak) this.#peak = Math.min(MOST_MS, late);
    else this.#peak += (late - this.#peak) * Math.min(1, Math.max(0, now - this.#at) / FORGET_MS);
    this.#at = now;
    return !hasJumped;
  }

  /** How long a sound should wait after the fastest packet would have brought it. */
  get targetMs(): number {
    return LEAST_MS + this.#peak;
  }

  /** How long it has waited when it is played `now`. */
  waitedMs(sentMs: number, now: number): number {
    return now - sentMs - this.#base;
  }

  reset(): void {
    this.#fastest = Number.POSITIVE_INFINITY;
    this.#fastestBefore = Number.POSITIVE_INFINITY;
    this.#windowEnds = 0;
    this.#peak = FIRST_MS - LEAST_MS;
  }

  get #base(): number {
    return Math.min(this.#fastest, this.#fastestBefore);
  }
}
