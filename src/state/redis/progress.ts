import type { Version } from './shared-registration.js';

/** How far the stream of changes was followed, and what shows here before it tells of it. */
export class Progress {
  /** Aliases that are here as a later step left them than the stream has told of: until it does. */
  readonly #ahead = new Map<string, Version>();
  /** The aliases that a step of ours changed, until the stream tells of it: nothing of it need be read then. */
  readonly #own = new Map<Version, string[]>();
  #position: Version = 0;

  /** The latest step that is known here with all before it. */
  get position(): Version {
    return this.#position;
  }

  /** From here on the stream is followed; everything up to this step is known. */
  startAt(position: Version): void {
    this.#position = position;
    this.#ahead.clear();
    this.#own.clear();
  }

  /** `alias` is here as step `version` left it. */
  know(alias: string, version: Version): void {
    if (version > this.#position) this.#ahead.set(alias, version);
  }

  /** The same, and the step was ours. */
  knowOwn(alias: string, version: Version): void {
    if (version <= this.#position) return;
    this.#ahead.set(alias, version);
    const own = this.#own.get(version);
    if (own) own.push(alias);
    else this.#own.set(version, [alias]);
  }

  /** The stream tells of a step of so many aliases. True: it was ours, and all of it shows here. */
  reach(version: Version, size: number): boolean {
    this.#position = version;
    const own = this.#own.get(version);
    if (!own) return false;
    this.#own.delete(version);
    for (const alias of own) this.#pass(alias, version);
    return own.length === size;
  }

  /** Whether `alias` is here as this step, which was reached, or a later one left it. */
  isKnown(alias: string, version: Version): boolean {
    const ahead = this.#ahead.get(alias);
    if (ahead === undefined) return false;
    this.#pass(alias, version);
    return ahead >= version;
  }

  #pass(alias: string, version: Version): void {
    const ahead = this.#ahead.get(alias);
    if (ahead !== undefined && ahead <= version) this.#ahead.delete(alias);
  }
}
