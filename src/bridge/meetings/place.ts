import type { OrganisationId } from '../../gatekeeper/plan/plan.js';
import type { Member, MemberId } from '../../state/member-store.js';

/** Where a meeting is held, or is to be, and whose it is. */
export type Place = ({ readonly at: 'here' } | { readonly at: 'there'; readonly member: MemberId }) & {
  readonly organisation: OrganisationId;
};

/** A meeting begins elsewhere only where there is that much less to do: moving has a price, and loads are two seconds old. */
const MARGIN = 25;

/**
 * Which node is to hold a meeting that nobody holds: this one, unless it is being stopped or another carries clearly less. Loads are the media
 * pool's: legs, room systems counted twice.
 */
export function chooseNode(self: { readonly load: number; readonly draining: boolean }, others: readonly Member[]): MemberId | 'here' {
  let best: Member | undefined;
  for (const member of others) {
    if (!member.bridge || member.state !== 'serving') continue;
    if (!best?.bridge || member.bridge.load < best.bridge.load) best = member;
  }
  if (!best?.bridge) return 'here';
  return self.draining || best.bridge.load + MARGIN < self.load ? best.id : 'here';
}
