import { normalise } from '../../plan/normalise.js';
import { ownerOf } from '../../plan/ownership.js';
import type { Plan, Zone } from '../../plan/plan.js';
import type { SipRequest } from '../message/message.js';
import { parseNameAddr } from '../message/name-addr.js';

/** Phones show these before From. */
const identityHeaders = ['p-asserted-identity', 'remote-party-id'] as const;

/**
 * Takes away what a caller says of itself without being trusted to (RFC 3325 §5): an endpoint and the Internet may assert nothing, a
 * local exchange may for its own callers and for those from elsewhere, but not for another organisation of the plan.
 */
export function dropForeignIdentities(plan: Plan, request: SipRequest, zone: Zone): void {
  for (const name of identityHeaders) {
    if (!request.has(name)) continue;
    const kept = zone.kind === 'sip-trunk' ? request.list(name).filter((value) => mayAssert(plan, value, zone)) : [];
    request.remove(name);
    for (const value of kept) request.add(name, value);
  }
}

function mayAssert(plan: Plan, value: string, zone: Zone): boolean {
  const uri = parseNameAddr(value)?.uri;
  const alias = uri === undefined ? undefined : normalise(uri);
  const owner = alias && ownerOf(plan, alias);
  return alias !== undefined && (owner === undefined || owner.id === zone.organisation?.id);
}
