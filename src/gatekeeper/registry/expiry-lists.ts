import type { StoredRegistration } from './stored-registration.js';

/**
 * Registrations by the second in which something of theirs falls due: one linked list a second. Adding, removing and finding what is due
 * cost the same whatever the size, and nothing is left behind by an endpoint that registers and unregisters over and over.
 */
export class ExpiryLists {
  readonly #heads = new Map<number, StoredRegistration>();
  /** No list of an earlier second than this exists. */
  #cursor = Number.POSITIVE_INFINITY;

  add(registration: StoredRegistration): void {
    const second = registration.dueSecond();
    registration.linkBefore(this.#heads.get(second));
    this.#heads.set(second, registration);
    // Wall clocks are set back at times: then what is added may fall due before what was handled last.
    if (second < this.#cursor) this.#cursor = second;
  }

  remove(registration: StoredRegistration): void {
    const { wasFirst, next } = registration.unlink();
    if (!wasFirst) return;
    if (next) this.#heads.set(registration.dueSecond(), next);
    else this.#heads.delete(registration.dueSecond());
  }

  /** One registration of which something is due by `second`; it stays in its list. Undefined: none is. */
  firstDue(second: number): StoredRegistration | undefined {
    while (this.#cursor <= second) {
      const head = this.#heads.get(this.#cursor);
      if (head) return head;
      // After a long pause, or a clock set forward, there are fewer lists than seconds to look at.
      this.#cursor = second - this.#cursor > this.#heads.size ? this.#earliest() : this.#cursor + 1;
    }
    return undefined;
  }

  #earliest(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const second of this.#heads.keys()) earliest = Math.min(earliest, second);
    return earliest;
  }
}
