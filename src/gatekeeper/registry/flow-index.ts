import type { StoredBinding } from './stored-binding.js';

/** Which aliases have bindings over which connection. Most connections carry one alias: only more cost a set. */
export class FlowIndex {
  readonly #aliases = new Map<string, string | Set<string>>();
  readonly #isConnection: (flow: string) => boolean;

  constructor(isConnection: (flow: string) => boolean) {
    this.#isConnection = isConnection;
  }

  /** A copy: the index may be changed while it is gone through. */
  aliasesOf(flow: string): readonly string[] {
    const aliases = this.#aliases.get(flow);
    if (aliases === undefined) return [];
    return typeof aliases === 'string' ? [aliases] : [...aliases];
  }

  /** The bindings of `alias` were `before` and are `after`. */
  replace(alias: string, before: readonly StoredBinding[], after: readonly StoredBinding[]): void {
    for (const { flow } of after) if (!uses(before, flow) && this.#isConnection(flow)) this.#add(flow, alias);
    for (const { flow } of before) if (!uses(after, flow) && this.#isConnection(flow)) this.#delete(flow, alias);
  }

  #add(flow: string, alias: string): void {
    const aliases = this.#aliases.get(flow);
    if (aliases === undefined || aliases === alias) this.#aliases.set(flow, alias);
    else if (typeof aliases === 'string') this.#aliases.set(flow, new Set([aliases, alias]));
    else aliases.add(alias);
  }

  #delete(flow: string, alias: string): void {
    const aliases = this.#aliases.get(flow);
    if (aliases === alias) this.#aliases.delete(flow);
    else if (typeof aliases === 'object' && aliases.delete(alias) && aliases.size === 0) this.#aliases.delete(flow);
  }
}

function uses(bindings: readonly StoredBinding[], flow: string): boolean {
  return bindings.some((binding) => binding.flow === flow);
}
