import type { EpochMs } from '../../clock.js';
import type { RefusalCode } from '../calls/reasons.js';
import type { RegistrationChange } from './registration.js';
import { StoredBinding } from './stored-binding.js';

/** Contacts an alias may have at the same time; a further one takes the place of the oldest. */
export const MAX_CONTACTS = 10;

type UpdateRefusal = Extract<RefusalCode, 'registrationOutOfOrder' | 'registrationContactsExhausted'>;

/**
 * What the bindings of an alias become by one REGISTER (RFC 3261 §10.3 steps 6 and 7, RFC 5626 §6): all of the change or, as a refusal,
 * nothing of it. Pure: `current` is not touched, and comes back itself when nothing changes. Bindings that ended before `now` are left out.
 * The order is that in which the contacts are to be tried: highest q first, then most recently refreshed.
 */
export function updateBindings(
  current: readonly StoredBinding[],
  change: RegistrationChange,
  now: EpochMs,
): readonly StoredBinding[] | UpdateRefusal {
  const live = liveBindings(current, now);
  if (change.removeAll) return live.some((binding) => binding.isNewerThan(change)) ? 'registrationOutOfOrder' : [];
  if (change.contacts.length === 0) return live;

  const next = live.slice();
  for (const contact of change.contacts) {
    let replaced: StoredBinding | undefined;
    for (let at = next.length - 1; at >= 0; at--) {
      const binding = next[at];
      if (!binding?.isNamedBy(contact)) continue;
      // Only what stood before this request can be newer than it: a contact named twice in one request counts as named last.
      if (binding.isNewerThan(change) && live.includes(binding)) return 'registrationOutOfOrder';
      next.splice(at, 1);
      replaced = binding;
    }
    if (contact.expires === 0) continue;
    if (next.length >= MAX_CONTACTS && !dropOldest(next, live)) return 'registrationContactsExhausted';
    insertByPreference(next, new StoredBinding(change, contact, now, replaced));
  }
  // An array that grew by splicing has room for sixteen more: with a million registrations that is memory worth giving back.
  return next.slice();
}

/** The bindings whose time is not up; `bindings` itself when that is all of them. */
export function liveBindings(bindings: readonly StoredBinding[], now: EpochMs): readonly StoredBinding[] {
  return bindings.every((binding) => binding.expiresAt > now) ? bindings : bindings.filter((binding) => binding.expiresAt > now);
}

/**
 * Makes room for a new contact: the one that was refreshed longest ago goes, as an endpoint that takes a new port at each restart would
 * otherwise lock itself out until the old ones have run out. Contacts of the request itself stay.
 */
function dropOldest(next: StoredBinding[], live: readonly StoredBinding[]): boolean {
  let oldest: StoredBinding | undefined;
  for (const binding of next) {
    if (live.includes(binding) && (oldest === undefined || binding.expiresAt < oldest.expiresAt)) oldest = binding;
  }
  if (oldest === undefined) return false;
  next.splice(next.indexOf(oldest), 1);
  return true;
}

function insertByPreference(bindings: StoredBinding[], binding: StoredBinding): void {
  let at = 0;
  for (let other = bindings[at]; other && other.q > binding.q; other = bindings[at]) at++;
  bindings.splice(at, 0, binding);
}
