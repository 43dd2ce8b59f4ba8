/** What stands in a `DueLists`: it carries the links of its list itself, so that a hundred thousand of them cost no entry or timer each. */
export interface Due<T> {
  /** The whole second, since 1970, in which something of it falls due. Changed by `DueLists` alone. */
  dueSecond: number;
  nextDue: T | undefined;
  previousDue: T | undefined;
}

/** Things by the second in which they fall due: adding, removing and finding cost the same whatever the size. */
export class DueLists<T extends Due<T>> {
  readonly #heads = new Map<number, T>();
  /** No list of an earlier second than this exists. */
  #cursor = Number.POSITIVE_INFINITY;

  /** `item` must stand in no list. */
  add(item: T, second: number): void {
    const head = this.#heads.get(second);
    item.dueSecond = second;
    item.nextDue = head;
    item.previousDue = undefined;
    if (head) head.previousDue = item;
    this.#heads.set(second, item);
    // A clock set back: what is added may fall due before what was handled last.
    if (second < this.#cursor) this.#cursor = second;
  }

  remove(item: T): void {
    const { nextDue, previousDue } = item;
    if (nextDue) nextDue.previousDue = previousDue;
    if (previousDue) previousDue.nextDue = nextDue;
    else if (this.#heads.get(item.dueSecond) === item) {
      if (nextDue) this.#heads.set(item.dueSecond, nextDue);
      else this.#heads.delete(item.dueSecond);
    }
    item.nextDue = undefined;
    item.previousDue = undefined;
  }

  /** One that is due by `second`; it stays in its list. Undefined: none is. */
  first(second: number): T | undefined {
    while (this.#cursor <= second) {
      const head = this.#heads.get(this.#cursor);
      if (head) return head;
      // After a long pause, or a clock set forward, there are fewer lists than seconds to look at.
      this.#cursor =
        second - this.#cursor > this.#heads.size ? Math.min(Number.POSITIVE_INFINITY, ...this.#heads.keys()) : this.#cursor + 1;
    }
    return undefined;
  }
}
