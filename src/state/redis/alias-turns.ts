/**
 * Changes of one alias made by this instance come one after the other: trying them at the same time would only have the store refuse all but
 * one, again and again.
 */
export class AliasTurns {
  readonly #busy = new Map<string, Turn>();

  /** Has `alias` at once if nobody has it. Undefined: somebody does. */
  takeFree(alias: string): Turn | undefined {
    if (this.#busy.has(alias)) return undefined;
    const turn = new Turn(this.#busy, [alias]);
    this.#busy.set(alias, turn);
    return turn;
  }

  /** Waits until nobody has any of them, and has them all. */
  async take(aliases: readonly string[]): Promise<Turn> {
    for (let busy = this.#firstBusy(aliases); busy; busy = this.#firstBusy(aliases)) await busy.over;
    const turn = new Turn(this.#busy, aliases);
    for (const alias of aliases) this.#busy.set(alias, turn);
    return turn;
  }

  #firstBusy(aliases: readonly string[]): Turn | undefined {
    for (const alias of aliases) {
      const busy = this.#busy.get(alias);
      if (busy) return busy;
    }
    return undefined;
  }
}

export class Turn {
  readonly #busy: Map<string, Turn>;
  readonly #aliases: readonly string[];
  #over: Promise<void> | undefined;
  #tell: (() => void) | undefined;

  constructor(busy: Map<string, Turn>, aliases: readonly string[]) {
    this.#busy = busy;
    this.#aliases = aliases;
  }

  /** Made only when somebody waits: most turns are over before anybody does. */
  get over(): Promise<void> {
    this.#over ??= new Promise<void>((resolve) => {
      this.#tell = resolve;
    });
    return this.#over;
  }

  end(): void {
    for (const alias of this.#aliases) this.#busy.delete(alias);
    this.#tell?.();
  }
}
