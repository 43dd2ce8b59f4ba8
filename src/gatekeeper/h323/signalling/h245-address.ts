import { isLoopback } from '../../net/address.js';
import type { Plan, Zone } from '../../plan/plan.js';
import { identify } from '../../plan/source-zone.js';
import type { TransportAddress } from '../asn1/h225.js';
import { socketAddress } from '../ras/transport-address.js';
import type { KnownEndpoint, SignallingContext, SocketAddress } from './context.js';

/** One side of a call, as far as it tells where its H.245 may be. */
export interface H245Party {
  /** As the log names it. */
  readonly name: string;
  readonly zone: Zone;
  /** Its signalling's IP address. */
  readonly remote: string;
  /** What is registered of it here. */
  readonly endpoint: KnownEndpoint | undefined;
}

/** Where a party's H.245 is, or why it is not led there: a sentence. */
export type H245Place = { readonly ok: true; readonly address: SocketAddress } | { readonly ok: false; readonly sentence: string };

/**
 * Judges the H.245 address that a party named. We connect there and pass on what we are sent: it must be the party's own address, or it would
 * be a way through us into any network that we are in.
 */
export function h245Place(
  { plan, isOwn, isOwnMachine }: Pick<SignallingContext, 'plan' | 'isOwn' | 'isOwnMachine'>,
  named: TransportAddress,
  party: H245Party,
): H245Place {
  const { name, zone, remote } = party;
  const address = socketAddress(named);
  if (!address) return refused(`${name} named no IP address and port for H.245 but an ${named.type}`, 'let it tunnel H.245');
  const text = `${name} named ${address.address} port ${address.port} for H.245`;
  if (isOwn(address)) return refused(`${text}, which leads back to this gatekeeper`, 'correct the address there');
  const here = isOwnMachine(address.address) || isLoopback(address.address);
  // Where parties and gatekeeper share a machine, as on a test bench, its addresses are theirs too.
  if (here && address.address !== remote && !(isLoopback(address.address) && isLoopback(remote)))
    return refused(`${text}, an address of this machine`, 'correct the address there');
  if (isAddressOf(plan(), party, address.address)) return { ok: true, address };
  if (zone.kind === 'h323-neighbour')
    return refused(`${text}, which is not among the sources of zone ${zone.id}`, 'add it there, or let the endpoint tunnel H.245');
  return refused(`${text}, but it is at ${remote}`, 'let it use that address, or tunnel H.245');
}

/**
 * Whether a party's H.245 may come from an IP address, or be there: that of its signalling or its registration; of a neighbour, behind whose
 * gatekeeper are many, any of its zone's.
 */
export function isAddressOf(plan: Plan, { zone, remote, endpoint }: H245Party, address: string): boolean {
  if (address === remote || address === endpoint?.signalAddress.address || address === endpoint?.source.address) return true;
  return zone.kind === 'h323-neighbour' && identify(plan, { remote: { address, port: 0 }, certificateNames: NO_NAMES })?.id === zone.id;
}

const NO_NAMES: readonly string[] = Object.freeze([]);

const refused = (what: string, remedy: string): H245Place => ({ ok: false, sentence: `${what}; it was left out: ${remedy}` });
