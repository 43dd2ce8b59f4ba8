/**
 * The keys of a map from its oldest on, for bounded maps whose oldest entry makes room for the newest. Each key that was given must be
 * deleted before the next is asked for.
 *
 * A new iterator walks over every entry that was deleted before the first living one: in a full map of 20,000 that is 16 µs for each entry
 * put in. This one goes on from where it was.
 */
export class OldestFirst<K> {
  readonly #map: ReadonlyMap<K, unknown>;
  #keys: Iterator<K>;

  constructor(map: ReadonlyMap<K, unknown>) {
    this.#map = map;
    this.#keys = map.keys();
  }

  /** Undefined: the map is empty. */
  next(): K | undefined {
    const next = this.#keys.next();
    if (next.done !== true) return next.value;
    // It had come to the end once, and what was put in since then it does not see.
    this.#keys = this.#map.keys();
    const first = this.#keys.next();
    return first.done === true ? undefined : first.value;
  }
}
