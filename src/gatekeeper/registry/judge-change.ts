import type { EpochMs } from '../../clock.js';
import type { RefusalCode } from '../calls/reasons.js';
import { ownedString } from './owned-string.js';
import type { RegistrationChange } from './registration.js';
import type { StoredBinding } from './stored-binding.js';
import { StoredRegistration } from './stored-registration.js';
import { liveBindings, updateBindings } from './update-bindings.js';

/** Why a registration changed. `refreshed`: it was there before and still is. */
export type ChangeCause = 'registered' | 'refreshed' | 'removed' | 'expired' | 'flowClosed';

/** One change, judged but not made yet. */
export interface Update {
  readonly change: RegistrationChange;
  /** What the alias becomes: the very object that was there when nothing changes. Undefined: nothing is left of it. */
  readonly after: StoredRegistration | undefined;
  readonly cause: ChangeCause;
  /** The alias is new to its organisation. */
  readonly needsLicence: boolean;
  /** Of several changes to one alias the last says what is left of it. */
  isLast: boolean;
}

/** Why a change must not be, and which alias it was about. */
export interface JudgedRefusal {
  readonly ok: false;
  readonly refusal: RefusalCode;
  readonly alias: string;
}

/**
 * What `change` makes of `current`, or why it must not; everything but the limits, which are a matter of all registrations together.
 * Pure: every store, whether it keeps registrations itself or shares them, has its rules from here.
 */
export function judgeChange(change: RegistrationChange, current: StoredRegistration | undefined, now: EpochMs): Update | RefusalCode {
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

/** The same for several changes that are made all or none: a later change of an alias sees what an earlier one made of it. */
export function judgeChanges(
  changes: readonly RegistrationChange[],
  stored: (alias: string) => StoredRegistration | undefined,
  now: EpochMs,
): Update[] | JudgedRefusal {
  const updates: Update[] = [];
  const latest = new Map<string, Update>();
  for (const change of changes) {
    const { alias } = change;
    const earlier = latest.get(alias);
    const update = judgeChange(change, earlier ? earlier.after : stored(alias), now);
    if (typeof update === 'string') return { ok: false, refusal: update, alias };
    if (earlier) earlier.isLast = false;
    latest.set(alias, update);
    updates.push(update);
  }
  return updates;
}

const NONE: readonly StoredBinding[] = Object.freeze([]);

/** An exclusive alias belongs to the device that has it, until it lets go or its time is up. */
function isTaken(before: readonly StoredBinding[], { exclusive, contacts }: RegistrationChange): boolean {
  if (!exclusive) return false;
  return contacts.some((contact) => contact.expires > 0 && before.some((binding) => binding.instance !== contact.instance));
}
