import { parseNameAddr } from '../message/name-addr.js';
import { parseSipUri, type SipUri } from '../message/uri.js';
import type { Flow, Target } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import type { DialogSide } from './dialog.js';

/** The next hop: an open flow to use, or addresses to try in their order. */
export type Hop = { readonly flow: Flow } | { readonly targets: readonly Target[] };

/**
 * Whether a contact is reached over the flow its owner used. A contact on another host than the messages come from is behind a NAT
 * (RFC 3581, RFC 5626 §1): only the flow reaches it. On the same host over UDP its port is its word; a connection always is.
 */
export function reachedOverFlow(contact: SipUri, flow: Flow): boolean {
  if (flow.closed) return false;
  if (flow.reliable) return true;
  if (contact.host !== flow.remote.address) return true;
  return (contact.port ?? 5060) === flow.remote.port && transportOf(contact) === 'udp';
}

function transportOf(uri: SipUri): 'udp' | 'tcp' | 'tls' {
  if (uri.scheme === 'sips') return 'tls';
  const named = uri.params.get('transport');
  const lower = typeof named === 'string' ? named.toLowerCase() : 'udp';
  return lower === 'tcp' || lower === 'tls' ? lower : 'udp';
}

/** As much of a dialog's side as the way to it needs. */
export type HopSide = Pick<DialogSide, 'flow' | 'alias' | 'zone'>;

/** An endpoint whose connection broke during the call and that has registered over a new one is reached there. */
function registeredFlow(context: ProxyContext, alias: string, contact: string): Flow | undefined {
  for (const binding of context.registrations.find(alias)?.bindings ?? []) {
    const flow = binding.contact === contact ? context.transports.flow(binding.flow) : undefined;
    if (flow && !flow.closed) return flow;
  }
  return undefined;
}

/**
 * The way to one side of a dialog: over the first proxy of its route set, else to its contact (RFC 3261 §12.2.1.1, §16.6 step 7).
 * Undefined: the URI cannot be read.
 */
export function hopTo(context: ProxyContext, contact: string, route: string | undefined, side: HopSide): Hop | Promise<Hop> | undefined {
  const text = route === undefined ? contact : parseNameAddr(route)?.uri;
  const uri = text === undefined ? undefined : parseSipUri(text);
  if (!uri) return undefined;
  if (reachedOverFlow(uri, side.flow)) return { flow: side.flow };
  const again = side.flow.closed && side.alias !== undefined ? registeredFlow(context, side.alias, contact) : undefined;
  if (again) return { flow: again };
  const own = context.here.is(uri.host, uri.port) && route !== undefined ? context.here.target(transportOf(uri)) : undefined;
  // The next time round of a spiral: to ourselves, which look-ups refuse.
  if (own) return { targets: [own] };
  // RFC 3261 leaves the remote target to its owner; an owner on the Internet must not lead us into private networks.
  return context.locate(uri, side.zone.kind !== 'internet').then((targets) => ({ targets }));
}
