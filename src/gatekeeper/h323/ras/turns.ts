interface Line {
  /** Those at work and those waiting. */
  length: number;
  last: Promise<unknown>;
}

const NOBODY: Promise<unknown> = Promise.resolve();

/** Work on one thing at a time, in the order in which it came; on different things side by side. */
export class Turns<K> {
  readonly #lines = new Map<K, Line>();

  /**
   * Settles as `work` does, which begins at once when nobody is at work on `key`. Undefined: `limit` are in line already, and nothing is done.
   * `work` must not wait for a turn of its own.
   */
  take<T>(key: K, work: () => Promise<T>, limit = Number.POSITIVE_INFINITY): Promise<T> | undefined {
    const line = this.#lines.get(key) ?? { length: 0, last: NOBODY };
    if (line.length >= limit) return undefined;
    if (line.length === 0) this.#lines.set(key, line);
    line.length += 1;
    const begin = () => work();
    const result = line.length === 1 ? begin() : line.last.then(begin, begin);
    line.last = result;
    const leave = (): void => {
      line.length -= 1;
      if (line.length === 0) this.#lines.delete(key);
    };
    result.then(leave, leave);
    return result;
  }

  /** Things that are worked on. */
  get size(): number {
    return this.#lines.size;
  }
}
