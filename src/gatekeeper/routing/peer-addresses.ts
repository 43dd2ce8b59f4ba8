import { canonicalHost } from '../plan/host.js';
import type { H323NeighbourZone, Plan, SipTrunkZone } from '../plan/plan.js';

type PeerZone = SipTrunkZone | H323NeighbourZone;

/** Made once for each snapshot of the plan, and gone with it. */
const indexes = new WeakMap<Plan, ReadonlyMap<string, PeerZone>>();

/** The zone that has a peer at this address, for `alias@ip`. With a port, only a peer at that port is meant. */
export function zoneOfPeer(plan: Plan, host: string, port: number | undefined): PeerZone | undefined {
  let index = indexes.get(plan);
  if (!index) {
    index = indexPeers(plan);
    indexes.set(plan, index);
  }
  return index.get(port === undefined ? host : `${host} ${port}`);
}

function indexPeers(plan: Plan): ReadonlyMap<string, PeerZone> {
  const index = new Map<string, PeerZone>();
  for (const zone of plan.zones.values()) {
    if (zone.kind !== 'sip-trunk' && zone.kind !== 'h323-neighbour') continue;
    for (const peer of zone.peers) {
      const host = canonicalHost(peer.host.toLowerCase());
      // Two zones behind one address are told apart by port alone: without one, the zone that the plan names first is meant.
      for (const key of [host, `${host} ${peer.port}`]) if (!index.has(key)) index.set(key, zone);
    }
  }
  return index;
}
