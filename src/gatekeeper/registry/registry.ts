import type { EpochMs } from '../../clock.js';
import type { RefusalCode } from '../calls/reasons.js';
import type { OrganisationId } from '../plan/plan.js';
import { AliasIndex } from './alias-index.js';
import { ExpiryLists } from './expiry-lists.js';
import { FlowIndex } from './flow-index.js';
import { ownedString } from './owned-string.js';
import type {
  Binding,
  Registration,
  RegistrationChange,
  RegistrationIndex,
  RegistrationResult,
  RegistrationsResult,
} from './registration.js';
import type { StoredBinding } from './stored-binding.js';
import { StoredRegistration } from './stored-registration.js';
import { liveBindings, updateBindings } from './update-bindings.js';

/** Why a registration changed. `refreshed`: it was there before and still is. */
export type ChangeCause = 'registered' | 'refreshed' | 'removed' | 'expired' | 'flowClosed';

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
    const update = this.#judge(change, this.#registrations.get(change.alias), now);
    if (typeof update === 'string') return { ok: false, refusal: update };
    if (update.needsLicence && !this.#hasRoom([update], now)) return { ok: false, refusal: 'registrationLicencesExhausted' };
    return { ok: true, registration: this.#commit(update) };
  }

  /**
   * Applies all changes or none, with the refusals of `apply`. Limits are counted once, for what is registered after all of them; a later
   * change of an alias sees what an earlier one made of it.
   */
  applyAll(changes: readonly RegistrationChange[], now: EpochMs): RegistrationsResult {
    const updates: Update[] = [];
    const latest = new Map<string, Update>();
    let needsLicence: Update | undefined;
    for (const change of changes) {
      const { alias } = change;
      const earlier = latest.get(alias);
      const update = this.#judge(change, earlier ? earlier.after : this.#registrations.get(alias), now);
      if (typeof update === 'string') return { ok: false, refusal: update, alias };
      if (update.needsLicence) needsLicence ??= update;
      if (earlier) earlier.isLast = false;
      latest.set(alias, update);
      updates.push(update);
    }
    if (needsLicence && !this.#hasRoom(updates, now)) {
      return { ok: false, refusal: 'registrationLicencesExhausted', alias: needsLicence.change.alias };
    }
    return { ok: true, registrations: updates.map((update) => this.#commit(update)) };
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
      const kept = registration.bindings.filter((binding) => binding.flow !== flow || binding.path.length > 0 || !lost(binding));
      if (kept.length === registration.bindings.length) continue;
      dropped += registration.bindings.length - kept.length;
      this.#keep(registration, kept, 'flowClosed');
    }
    return dropped;
  }

  /** What `change` makes of what is registered, or why it must not. Changes nothing. */
  #judge(change: RegistrationChange, current: StoredRegistration | undefined, now: EpochMs): Update | RefusalCode {
    const before = current ? liveBindings(current.bindings, now) : NONE;
    if (current && before.length > 0 && (current.protocol !== change.protocol || isTaken(before, change))) return 'aliasTaken';
    const bindings = updateBindings(before, change, now);
    if (typeof bindings === 'string') return bindings;
    const { alias, organisation, zone, protocol } = change;
    const wasThere = before.length > 0;
    const cause = wasThere ? (bindings.length > 0 ? 'refreshed' : 'removed') : bindings.length > 0 ? 'registered' : 'expired';
    if (current && bindings === current.bindings) return { change, after: current, cause, needsLicence: false, isLast: true };
    if (bindings.length === 0) return { change, after: undefined, cause, needsLicence: false, isLast: true };
    const after = new StoredRegistration(current?.alias ?? ownedString(alias), organisation, zone, protocol, bindings);
    return { change, after, cause, needsLicence: !wasThere || current?.organisation !== organisation, isLast: true };
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
    const { alias, organisation, zone, protocol } = registration;
    const next = bindings.length === 0 ? undefined : new StoredRegistration(alias, organisation, zone, protocol, bindings);
    this.#replace(registration, next, cause);
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

/** One change, judged but not made yet. */
interface Update {
  readonly change: RegistrationChange;
  readonly after: StoredRegistration | undefined;
  readonly cause: ChangeCause;
  /** The alias is new to its organisation. */
  readonly needsLicence: boolean;
  /** Of several changes to one alias the last says what is left of it. */
  isLast: boolean;
}

/** An exclusive alias belongs to the device that has it, until it lets go or its time is up. */
function isTaken(before: readonly StoredBinding[], { exclusive, contacts }: RegistrationChange): boolean {
  if (!exclusive) return false;
  return contacts.some((contact) => contact.expires > 0 && before.some((binding) => binding.instance !== contact.instance));
}
