import type { EpochMs } from '../../clock.js';
import type { OrganisationId } from '../plan/plan.js';
import { AliasIndex } from './alias-index.js';
import { ExpiryLists } from './expiry-lists.js';
import { FlowIndex } from './flow-index.js';
import { type ChangeCause, judgeChange, judgeChanges, type Update } from './judge-change.js';
import type {
  Binding,
  Registration,
  RegistrationChange,
  RegistrationIndex,
  RegistrationResult,
  RegistrationsResult,
} from './registration.js';
import type { StoredBinding } from './stored-binding.js';
import type { StoredRegistration } from './stored-registration.js';
import { liveBindings } from './update-bindings.js';

export type { ChangeCause } from './judge-change.js';

/** Told after each change, synchronously; undefined: the alias is no longer registered. Must not throw. */
export type RegistrationListener = (alias: string, registration: Registration | undefined, cause: ChangeCause) => void;

export interface RegistryOptions {
  /**
   * Is this flow a connection that can close under its bindings? Those are indexed by flow, for `dropFlow`.
   * Default: every flow whose id does not begin with `udp`; a UDP association has no end to wait for.
   */
  readonly isConnection?: (flow: string) => boolean;
}

/** Registrations one call of `expire` handles at most: some 20 ms' worth. */
const EXPIRY_BUDGET = 10_000;

/**
 * Who is registered in this process: bindings of aliases to contacts (RFC 3261 §10.3), exactly counted against the licences.
 *
 * Pure: no clock and no timer. `expire` is to be called once a second. Until then a binding whose time is up is still found, for one second
 * at most while `expire` keeps up (`expire` says when it does not); `apply` never counts it, neither as a contact nor as a licence in use.
 */
export class Registry implements RegistrationIndex {
  readonly #registrations = new AliasIndex();
  readonly #counts = new Map<OrganisationId, number>();
  readonly #expiry = new ExpiryLists();
  readonly #flows: FlowIndex;
  readonly #listeners = new Set<RegistrationListener>();

  constructor(options: RegistryOptions = {}) {
    this.#flows = new FlowIndex(options.isConnection ?? ((flow) => !flow.startsWith('udp')));
  }

  /** Aliases registered, over all organisations. */
  get size(): number {
    return this.#registrations.size;
  }

  /** Aliases registered by one organisation. */
  count(organisation: OrganisationId): number {
    return this.#counts.get(organisation) ?? 0;
  }

  find(alias: string): Registration | undefined {
    return this.#registrations.get(alias);
  }

  /** Every registration, in no particular order. To be gone through at once: nothing may be applied before the last one was taken. */
  values(): IterableIterator<Registration> {
    return this.#registrations.values();
  }

  /** Tells `listener` of every change from now on. Returns what takes it away again. */
  onChange(listener: RegistrationListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Applies one REGISTER: all of it, or nothing and a refusal. Without contacts it changes nothing and answers what is registered.
   * - `aliasTaken`: the alias is registered with the other protocol, or the change is exclusive and another device has it.
   * - `registrationOutOfOrder`: a binding is newer than the request (RFC 3261 §10.3).
   * - `registrationContactsExhausted`: the alias would have more than `MAX_CONTACTS`.
   * - `registrationLicencesExhausted`: the alias is new to its organisation and would be one too many. A refresh is never refused for this.
   */
  apply(change: RegistrationChange, now: EpochMs): RegistrationResult {
    const update = judgeChange(change, this.#registrations.get(change.alias), now);
    if (typeof update === 'string') return { ok: false, refusal: update };
    if (update.needsLicence && !this.#hasRoom([update], now)) return { ok: false, refusal: 'registrationLicencesExhausted' };
    return { ok: true, registration: this.#commit(update) };
  }

  /**
   * Applies all changes or none, with the refusals of `apply`. Limits are counted once, for what is registered after all of them; a later
   * change of an alias sees what an earlier one made of it.
   */
  applyAll(changes: readonly RegistrationChange[], now: EpochMs): RegistrationsResult {
    const updates = judgeChanges(changes, (alias) => this.#registrations.get(alias), now);
    if ('refusal' in updates) return updates;
    const needsLicence = updates.find((update) => update.needsLicence);
    if (needsLicence && !this.#hasRoom(updates, now)) {
      return { ok: false, refusal: 'registrationLicencesExhausted', alias: needsLicence.change.alias };
    }
    return { ok: true, registrations: updates.map((update) => this.#commit(update)) };
  }

  /** What is registered, as it is kept. For a store that shares registrations with others. */
  stored(alias: string): StoredRegistration | undefined {
    return this.#registrations.get(alias);
  }

  /** Every registration there is now, to be gone through at leisure. */
  list(): readonly StoredRegistration[] {
    return this.#registrations.list();
  }

  /** The aliases that were registered over this connection: what `dropFlow` looks at. */
  aliasesOf(flow: string): readonly string[] {
    return this.#flows.aliasesOf(flow);
  }

  /** Takes over what was decided elsewhere, limits and order included. Undefined: `alias` is no longer registered. */
  put(alias: string, after: StoredRegistration | undefined, cause: ChangeCause): void {
    const before = this.#registrations.get(alias);
    if (before !== after) this.#replace(before, after, cause);
  }

  /**
   * Removes the bindings whose time is up at `now`, of at most `budget` registrations; cheap when there are none.
   * Returns whether more are due: then call it again, after other work had its turn.
   */
  expire(now: EpochMs, budget: number = EXPIRY_BUDGET): boolean {
    const second = Math.floor(now / 1000);
    for (let handled = 0; ; handled++) {
      const due = this.#expiry.firstDue(second);
      if (!due) return false;
      if (handled >= budget) return true;
      this.#keep(due, liveBindings(due.bindings, now), 'expired');
    }
  }

  /**
   * A connection closed: removes the bindings that were reached over it (RFC 5626 §6). Bindings with a Path stay, as they are reached
   * through it over any connection (RFC 3327), and so do those for which `lost` says no. Returns how many were removed.
   */
  dropFlow(flow: string, lost: (binding: Binding) => boolean = () => true): number {
    let dropped = 0;
    for (const alias of this.#flows.aliasesOf(flow)) {
      const registration = this.#registrations.get(alias);
      if (!registration) continue;
      const kept = withoutFlow(registration.bindings, flow, lost);
      if (kept.length === registration.bindings.length) continue;
      dropped += registration.bindings.length - kept.length;
      this.#keep(registration, kept, 'flowClosed');
    }
    return dropped;
  }

  #commit({ change, after, cause }: Update): StoredRegistration | undefined {
    // Looked up again: making room may have swept away what had expired of it.
    const before = this.#registrations.get(change.alias);
    if (before !== after) this.#replace(before, after, cause);
    return after;
  }

  /** A licence whose registration is over but not swept away yet is free: nobody is refused for the sake of a dead binding. */
  #hasRoom(updates: readonly Update[], now: EpochMs): boolean {
    if (this.#fits(updates)) return true;
    this.expire(now);
    return this.#fits(updates);
  }

  /** Whether the limits hold once all of `updates` are made, for each that takes a licence. */
  #fits(updates: readonly Update[]): boolean {
    let total = this.size;
    const own = new Map<OrganisationId | undefined, number>();
    const add = (organisation: OrganisationId | undefined, by: number) => own.set(organisation, (own.get(organisation) ?? 0) + by);
    for (const { change, after, isLast } of updates) {
      if (!isLast) continue;
      const before = this.#registrations.get(change.alias);
      total += Number(after !== undefined) - Number(before !== undefined);
      add(before?.organisation, -1);
      add(after?.organisation, 1);
    }
    return updates.every(({ change: { organisation, limits }, needsLicence }) => {
      return !needsLicence || (this.count(organisation) + (own.get(organisation) ?? 0) <= limits.organisation && total <= limits.total);
    });
  }

  #keep(registration: StoredRegistration, bindings: readonly StoredBinding[], cause: ChangeCause): void {
    this.#replace(registration, bindings.length === 0 ? undefined : registration.with(bindings), cause);
  }

  /** The one place where contents, counts and indexes change. */
  #replace(before: StoredRegistration | undefined, after: StoredRegistration | undefined, cause: ChangeCause): void {
    const alias = after?.alias ?? before?.alias;
    if (alias === undefined) return;
    if (before) this.#expiry.remove(before);
    if (after) {
      this.#expiry.add(after);
      this.#registrations.set(after);
    } else {
      this.#registrations.delete(alias);
    }
    if (before?.organisation !== after?.organisation) {
      if (before) this.#add(before.organisation, -1);
      if (after) this.#add(after.organisation, 1);
    }
    this.#flows.replace(alias, before?.bindings ?? NONE, after?.bindings ?? NONE);
    for (const listener of this.#listeners) listener(alias, after, cause);
  }

  #add(organisation: OrganisationId, by: number): void {
    const count = this.count(organisation) + by;
    if (count === 0) this.#counts.delete(organisation);
    else this.#counts.set(organisation, count);
  }
}

const NONE: readonly StoredBinding[] = Object.freeze([]);

/** What is left when a connection has closed: see `Registry.dropFlow`. */
export function withoutFlow(
  bindings: readonly StoredBinding[],
  flow: string,
  lost: (binding: Binding) => boolean,
): readonly StoredBinding[] {
  return bindings.filter((binding) => binding.flow !== flow || binding.path.length > 0 || !lost(binding));
}
