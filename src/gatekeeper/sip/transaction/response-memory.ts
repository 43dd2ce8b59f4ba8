export interface ResponseMemoryLimits {
  /** Answers remembered at most, over both generations. */
  readonly entries: number;
  /** Their keys and texts together, in bytes (one character of a latin1 string is one byte). */
  readonly bytes: number;
}

export const defaultResponseMemoryLimits: ResponseMemoryLimits = { entries: 200_000, bytes: 64 * 1024 * 1024 };

/**
 * Answers to requests that have no transaction of their own, so that a repeated request gets the same answer again.
 *
 * Two generations: new answers go into the young one. `rotate()`, or a young one that is half of the limits, drops the old one and
 * makes the young one old. An answer is kept for one to two rotations, for less under a flood: then a repetition is handled anew,
 * which costs work but is correct. Forgetting a whole generation at once needs no timer and no list per answer.
 */
export class ResponseMemory {
  readonly #entries: number;
  readonly #bytes: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();
  #youngBytes = 0;
  #oldBytes = 0;

  constructor(limits: ResponseMemoryLimits = defaultResponseMemoryLimits) {
    this.#entries = Math.max(1, Math.floor(limits.entries / 2));
    this.#bytes = Math.max(1, Math.floor(limits.bytes / 2));
  }

  /** Answers remembered; one that was remembered in both generations counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  /** The empty text stands for a request whose answer is still being made: repetitions are absorbed without one. */
  remember(key: string, text: string): void {
    const before = this.#young.get(key);
    const grown = this.#youngBytes + text.length + (before === undefined ? key.length : -before.length);
    const full = grown > this.#bytes || (before === undefined && this.#young.size >= this.#entries);
    if (full && this.#young.size > 0) {
      this.rotate();
      this.#youngBytes = key.length + text.length;
    } else {
      this.#youngBytes = grown;
    }
    this.#young.set(key, text);
  }

  recall(key: string): string | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  rotate(): void {
    this.#old = this.#young;
    this.#oldBytes = this.#youngBytes;
    this.#young = new Map();
    this.#youngBytes = 0;
  }

  clear(): void {
    this.rotate();
    this.rotate();
  }
}
