import type { ChangeCause, Update } from '../../gatekeeper/registry/judge-change.js';
import type { RegistrationChange } from '../../gatekeeper/registry/registration.js';
import type { StoredRegistration } from '../../gatekeeper/registry/stored-registration.js';
import { pushAlias } from './change-queue.js';
import { fromValue, lastDeadline, toValue, versionOf } from './shared-registration.js';

/** Adds to `args` that `before` becomes `after`. `limits`: it takes a licence. */
export function pushUpdate(
  args: string[],
  alias: string,
  before: StoredRegistration | undefined,
  after: StoredRegistration | undefined,
  limits: RegistrationChange['limits'] | undefined,
): void {
  const version = versionOf(before);
  if (after === before) pushAlias(args, alias, version, 'same', '', 0, undefined);
  else if (after) pushAlias(args, alias, version, 'set', toValue(after), lastDeadline(after), limits);
  else pushAlias(args, alias, version, 'delete', '', 0, undefined);
}

/** What the store said has changed of `aliases`: the stream will tell, but the change under way cannot wait for it. */
export function learn(
  aliases: readonly string[],
  changed: readonly (number | string)[],
  theirs: Map<string, StoredRegistration | undefined>,
): void {
  for (let at = 0; at < changed.length; at += 2) {
    const alias = aliases[Number(changed[at]) - 1];
    const value = String(changed[at + 1]);
    if (alias !== undefined) theirs.set(alias, value === '' ? undefined : fromValue(alias, value));
  }
}

/** An update that no REGISTER asked for. */
export function updateOf(
  alias: string,
  before: StoredRegistration | undefined,
  after: StoredRegistration | undefined,
  now: number,
  cause: ChangeCause = after ? 'refreshed' : 'removed',
): Update {
  const { organisation = '', zone = '', protocol = 'sip' } = after ?? before ?? {};
  const limits = { organisation: 0, total: 0 };
  const change = { alias, organisation, zone, protocol, callId: '', cseq: now, contacts: [], removeAll: false, limits };
  return { change, after, cause, needsLicence: false, isLast: true };
}
