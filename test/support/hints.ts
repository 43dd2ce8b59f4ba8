import type { HintStore } from '../../src/state/member-store.js';

type Listener = Parameters<HintStore['on']>[1];

/** The hints of instances in one process: what one tells the others hear, once the turn that told it is over. */
export class Hints {
  /** Everything that was told, by whom. */
  readonly told: { readonly from: string; readonly kind: string; readonly value: string }[] = [];
  readonly #instances = new Map<string, Map<string, Set<Listener>>>();

  /** The store of one instance. */
  join(name: string): HintStore {
    const kinds = new Map<string, Set<Listener>>();
    this.#instances.set(name, kinds);
    return {
      tell: (kind, value) => {
        this.told.push({ from: name, kind, value });
        queueMicrotask(() => this.tellAll(kind, value, name));
      },
      on: (kind, listener) => {
        const listeners = kinds.get(kind) ?? new Set();
        kinds.set(kind, listeners.add(listener));
        return () => listeners.delete(listener);
      },
    };
  }

  /** As if an instance named `from` had told it. */
  tellAll(kind: string, value: string, from: string): void {
    for (const [name, kinds] of this.#instances) {
      if (name !== from) for (const listener of kinds.get(kind) ?? []) listener(value, from);
    }
  }

  /** Listeners that are still there. */
  get listeners(): number {
    return [...this.#instances.values()].flatMap((kinds) => [...kinds.values()]).reduce((sum, { size }) => sum + size, 0);
  }
}
