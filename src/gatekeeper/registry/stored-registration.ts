import type { Registration } from './registration.js';
import type { StoredBinding } from './stored-binding.js';

/**
 * A registration as the registry keeps it. To everyone else it is an immutable snapshot: each change makes a new one.
 *
 * It carries the links of the expiry list it stands in (`expiry-lists.ts`), privately: they show neither in JSON nor in comparisons. A set
 * entry or a timer per registration would cost as much memory again as the registration does.
 */
export class StoredRegistration implements Registration {
  readonly alias: string;
  readonly organisation: string;
  readonly zone: string;
  readonly protocol: 'sip' | 'h323';
  readonly bindings: readonly StoredBinding[];
  #next: StoredRegistration | undefined = undefined;
  #previous: StoredRegistration | undefined = undefined;

  constructor(alias: string, organisation: string, zone: string, protocol: 'sip' | 'h323', bindings: readonly StoredBinding[]) {
    this.alias = alias;
    this.organisation = organisation;
    this.zone = zone;
    this.protocol = protocol;
    this.bindings = bindings;
  }

  /** The same with other bindings. */
  with(bindings: readonly StoredBinding[]): StoredRegistration {
    return new StoredRegistration(this.alias, this.organisation, this.zone, this.protocol, bindings);
  }

  /** The first whole second (since 1970) at which one of the bindings is over. */
  dueSecond(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (const binding of this.bindings) earliest = Math.min(earliest, binding.expiresAt);
    return Math.ceil(earliest / 1000);
  }

  /** Becomes the first of a list that began with `head`. */
  linkBefore(head: StoredRegistration | undefined): void {
    this.#next = head;
    if (head) head.#previous = this;
  }

  /** Leaves its list. When it was the first, the list begins with `next` from now on. */
  unlink(): { readonly wasFirst: boolean; readonly next: StoredRegistration | undefined } {
    const next = this.#next;
    const previous = this.#previous;
    if (next) next.#previous = previous;
    if (previous) previous.#next = next;
    // A snapshot that somebody still holds must not keep its former neighbours in memory.
    this.#next = undefined;
    this.#previous = undefined;
    return { wasFirst: previous === undefined, next };
  }
}
