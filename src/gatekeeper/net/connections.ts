import { sourceKey } from './sources.js';

/** Counts the connections that others opened to us, against two limits: for one source, and for all together. Holds an entry only for sources that have one open. */
export class ConnectionCounter {
  readonly #perSource: number;
  readonly #limit: number;
  readonly #bySource = new Map<string, number>();
  #total = 0;

  constructor(perSource: number, limit: number) {
    this.#perSource = perSource;
    this.#limit = limit;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a place for a connection from `address`. Undefined: there is none; else what gives the place back, once. */
  take(address: string): (() => void) | undefined {
    const key = sourceKey(address);
    const open = this.#bySource.get(key) ?? 0;
    if (open >= this.#perSource || this.#total >= this.#limit) return undefined;
    this.#bySource.set(key, open + 1);
    this.#total++;
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#total--;
      const left = (this.#bySource.get(key) ?? 1) - 1;
      if (left > 0) this.#bySource.set(key, left);
      else this.#bySource.delete(key);
    };
  }
}
