import { seriesOfPrefix } from '../../plan/ownership.js';
import { zoneOfUser } from '../../plan/source-zone.js';
import { callAddressFault } from './call-address.js';
import type { Incoming, RasContext } from './context.js';
import type { Endpoint } from './endpoint.js';
import type { EndpointState } from './endpoint-json.js';
import type { Sender } from './same-device.js';
import { readAliases } from './terminal-aliases.js';
import type { SocketAddress } from './transport-address.js';
import { isRegistering, type Newcomer } from './who.js';

export interface Earlier {
  /** The registration that a full RRQ takes the place of; undefined: it is a new one. */
  readonly endpoint: Endpoint | undefined;
  /** What is registered where this endpoint is now, and therefore cannot be there any more. */
  readonly gone: readonly Endpoint[];
  /** The same address is registered in a zone that is not the newcomer's. */
  readonly elsewhere: boolean;
}

/**
 * The registration that a full RRQ takes the place of: the one it names, or the one with the same signalling address from the same source and
 * by the same user. An identifier alone proves nothing; it counts where the address or the password is the same.
 */
export function earlierRegistration(
  context: RasContext,
  identifier: string | undefined,
  { from }: Incoming,
  { proof, zone, tokenTime }: Newcomer & { readonly ok: true },
  signalAddress: SocketAddress,
): Earlier {
  const known = identifier === undefined ? undefined : context.endpoints.find(identifier);
  const named = known && isNamedBy(context, known, { source: from, proof, tokenTime }) ? known : undefined;
  const same = context.endpoints.findSame(signalAddress, from, proof?.user);
  const gone: Endpoint[] = [];
  let endpoint = named ?? same;
  // Two devices do not share one address: what was there before has left, and this one was given it.
  if (named && same && same !== named) gone.push(same);
  if (endpoint && endpoint.zone !== zone.id) {
    if (!isOutdated(context, endpoint)) return { endpoint, gone: [], elsewhere: true };
    gone.push(endpoint);
    endpoint = undefined;
  }
  return { endpoint, gone, elsewhere: false };
}

/** An endpoint that was registered at another instance is taken from there when a full RRQ names it that may take its place. */
export async function arrive(
  context: RasContext,
  identifier: string,
  { from, local }: Incoming,
  { proof, zone, tokenTime }: Newcomer & { readonly ok: true },
): Promise<'here' | 'unknown' | 'busy'> {
  const sender = { source: from, proof, tokenTime };
  const isIt = (there: EndpointState): boolean => there.zone === zone.id && isNamedBy(context, there, sender);
  return context.endpoints.arrive(identifier, { from, local }, isIt, true);
}

function isNamedBy({ endpoints }: RasContext, known: EndpointState, sender: Sender): boolean {
  const { proof, source } = sender;
  if (proof) return known.proof?.user === proof.user && endpoints.mayMove(known, sender);
  return !known.proof && known.source.address === source.address;
}

/** Whether a reload took the endpoint's zone away, or the endpoint out of its zone. */
function isOutdated(context: RasContext, { zone: id, organisation, source, proof }: Endpoint): boolean {
  const plan = context.plan();
  const zone = plan.zones.get(id);
  if (!zone || !isRegistering(zone) || zone.organisation.id !== organisation) return true;
  return (proof ? zoneOfUser(plan, proof.user, undefined)?.zone : context.who.zoneAt(source)) !== zone;
}

/** Whether the plan, as it is now, would let the endpoint register what it has: a reload may have given its numbers to another organisation. */
export function mayStay(context: RasContext, endpoint: Endpoint): boolean {
  const plan = context.plan();
  const zone = plan.zones.get(endpoint.zone);
  if (!zone || !isRegistering(zone) || zone.organisation.id !== endpoint.organisation) return false;
  if (callAddressFault(context, zone, endpoint.signalAddress, endpoint.source) !== undefined) return false;
  const read = readAliases(plan, zone, context.ownHosts, endpoint.written);
  if (!read.ok || !endpoint.aliases.every((key, index) => read.aliases[index]?.key === key)) return false;
  return endpoint.prefixes.every((prefix) => zone.kind === 'h323-gateway' && seriesOfPrefix(plan, prefix)?.zone === zone);
}
