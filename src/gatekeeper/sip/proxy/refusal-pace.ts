import type { EpochMs } from '../../../clock.js';

/**
 * How often strangers are told that they may not: so many answers per source and second, none above. A scanner learns nothing more and
 * nobody can aim our answers at a third party. The memory of one second is all there is.
 */
export class RefusalPace {
  readonly #perSecond: number;
  readonly #maxSources: number;
  #second = 0;
  #counts = new Map<string, number>();

  constructor(perSecond: number, maxSources = 10_000) {
    this.#perSecond = perSecond;
    this.#maxSources = maxSources;
  }

  mayAnswer(source: string, now: EpochMs): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#counts.clear();
    }
    const count = (this.#counts.get(source) ?? 0) + 1;
    if (count > this.#perSecond) return false;
    if (this.#counts.size >= this.#maxSources && !this.#counts.has(source)) return false;
    this.#counts.set(source, count);
    return true;
  }
}
