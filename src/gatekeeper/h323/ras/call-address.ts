import type { Zone } from '../../plan/plan.js';
import type { RasContext } from './context.js';
import type { SocketAddress } from './transport-address.js';
import type { RegisteringZone } from './who.js';

/**
 * Whether calls may be sent to an address that somebody at `from` tells us: not to groups (multicast, broadcast), and to this computer
 * itself only for who is on it, as other programs listen there. Both are IP literals.
 */
export function canBeCalled(address: string, from: string): boolean {
  if (isLoopback(address)) return isLoopback(from);
  if (address.includes(':')) return address !== '::' && !/^ff/i.test(address);
  const first = Number.parseInt(address, 10);
  // 0/8 is "this network", 224/4 multicast, 240/4 reserved with the broadcast address in it (RFC 6890, RFC 5771).
  return first > 0 && first < 224;
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Why an endpoint of `zone` that registers from `source` cannot be called at this address; undefined: it can. A sentence for the log. */
export function callAddressFault(
  { isOwn, who }: Pick<RasContext, 'isOwn' | 'who'>,
  zone: RegisteringZone,
  address: SocketAddress,
  source: SocketAddress,
): string | undefined {
  const text = `${address.address}:${address.port}`;
  if (isOwn(address)) return `The call-signalling address ${text} in the RRQ is the gatekeeper's own: calls to it would go in a circle`;
  if (!canBeCalled(address.address, source.address)) {
    return `The call-signalling address ${text} in the RRQ is no address of one device on a network: correct the endpoint`;
  }
  const there = who.zoneAt(address);
  if (!there || !isForeign(there, zone)) return undefined;
  return `The call-signalling address ${text} in the RRQ is among the sources of zone ${there.id}: an endpoint of zone ${zone.id} cannot be there`;
}

/** What comes from there counts as the other zone's: nobody else may be looked for at it. */
function isForeign(there: Zone, zone: RegisteringZone): boolean {
  return there.kind === 'h323-neighbour' || there.kind === 'sip-trunk' || there.organisation?.id !== zone.organisation.id;
}
