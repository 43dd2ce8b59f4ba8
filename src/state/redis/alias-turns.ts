/**
 * Changes of one alias made by this instance come one after the other: trying them at the same time would only have the store refuse all but
 * one, again and again.
 */
export class AliasTurns {
  readonly #busy = new Map<string, Promise<void>>();

  /** Waits until nobody has any of them, and has them all. Returns what ends it. */
  async take(aliases: readonly string[]): Promise<() => void> {
    for (let busy = this.#firstBusy(aliases); busy; busy = this.#firstBusy(aliases)) await busy;
    let end = () => {};
    const turn = new Promise<void>((resolve) => {
      end = resolve;
    });
    for (const alias of aliases) this.#busy.set(alias, turn);
    return () => {
      for (const alias of aliases) this.#busy.delete(alias);
      end();
    };
  }

  #firstBusy(aliases: readonly string[]): Promise<void> | undefined {
    for (const alias of aliases) {
      const busy = this.#busy.get(alias);
      if (busy) return busy;
    }
    return undefined;
  }
}
