import type { Clock, EpochMs } from '../../clock.js';

/** Pages that a node gave out are good for so long after it is gone: they go on at another. */
const REMEMBERED_MS = 60 * 60_000;
/** Addresses that are remembered; a network has some ten nodes. */
const MOST = 100;

/** The pages' addresses of the other nodes, and of those that were there lately. */
export class OtherNodes {
  readonly #now: () => readonly string[];
  readonly #clock: Pick<Clock, 'now'>;
  /** When each origin was seen last, by it. */
  readonly #seen = new Map<string, EpochMs>();

  /** @param now those that are there: `https://mote-2.example` */
  constructor(now: () => readonly string[], clock: Pick<Clock, 'now'>) {
    this.#now = now;
    this.#clock = clock;
    this.look();
  }

  /** To be called whenever they may have changed: one that was never looked at is not remembered. */
  look(): void {
    const at = this.#clock.now();
    for (const url of this.#now()) {
      const origin = originOf(url);
      if (origin === undefined) continue;
      this.#seen.delete(origin);
      this.#seen.set(origin, at);
    }
    for (const [origin, seen] of this.#seen) if (at - seen > REMEMBERED_MS || this.#seen.size > MOST) this.#seen.delete(origin);
  }

  /** Those that are there, each once, but for `own`. */
  urls(own: string): readonly string[] {
    return [...new Set(this.#now())].filter((url) => ![undefined, originOf(own)].includes(originOf(url)));
  }

  /** Of those that are there, and those that were. */
  origins(): readonly string[] {
    this.look();
    return [...this.#seen.keys()];
  }
}

/** Undefined: not a web address. */
export function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
