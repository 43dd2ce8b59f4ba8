/** A key frame is some ten times as large as another picture: room systems that lose packets at once must not ask for one each. */
const defaultGapMs = 500;

/**
 * Many wishes for a key frame become few requests: the first at once, further ones together at the end of the gap, and not at all where a
 * key frame has begun after they were uttered.
 */
export class KeyFramePace {
  readonly #gapMs: number;
  #askedAt = Number.NEGATIVE_INFINITY;
  #wanted = false;

  constructor(gapMs = defaultGapMs) {
    this.#gapMs = gapMs;
  }

  /** True: ask for a key frame now. */
  want(now: number): boolean {
    this.#wanted = true;
    return this.due(now);
  }

  /** True: ask for a key frame now, as the gap is over and one is still wanted. */
  due(now: number): boolean {
    if (!this.#wanted || now - this.#askedAt < this.#gapMs) return false;
    this.asked(now);
    return true;
  }

  /** It was asked for, whatever the pace says. */
  asked(now: number): void {
    this.#askedAt = now;
    this.#wanted = false;
  }

  /** A key frame has begun. */
  came(): void {
    this.#wanted = false;
  }
}
