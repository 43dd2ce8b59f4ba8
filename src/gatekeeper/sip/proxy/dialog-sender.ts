import { aliasKey, normalise, numberAtDomain } from '../../plan/normalise.js';
import type { Plan } from '../../plan/plan.js';
import { identify } from '../../plan/source-zone.js';
import type { SipRequest } from '../message/message.js';
import type { Flow } from '../transport/flow.js';
import { udpRemote } from '../transport/flow-id.js';
import type { ProxyContext } from './context.js';
import type { DialogSide } from './dialog.js';

/**
 * Whether a request inside a dialog comes from the party that it says. Call-ID and tags are seen by many and prove little; what does:
 * the way the party's messages have come before, the token in the Route that only the parties were given, the zone that the source
 * belongs to, or a registration of the party over just this connection.
 */
export function mayAct(context: Pick<ProxyContext, 'plan' | 'registrations'>, side: DialogSide, flow: Flow, token: boolean): boolean {
  if (token || flow.id === side.flow.id || isSameAssociation(flow, side.flow)) return true;
  if (side.zone.kind === 'sip-trunk' && identify(context.plan(), flow)?.id === side.zone.id) return true;
  const registration = side.alias === undefined ? undefined : context.registrations.find(side.alias);
  return registration?.bindings.some((binding) => binding.flow === flow.id) ?? false;
}

/** Datagrams of one party to one instance and to another. */
function isSameAssociation(flow: Flow, before: Flow): boolean {
  if (flow.transport !== 'udp' || before.transport !== 'udp' || !(flow.closed || before.closed)) return false;
  return flow.remote.address === before.remote.address && flow.remote.port === before.remote.port;
}

/** Whether a message comes from a zone of the plan, or from an endpoint that is registered over just this flow. */
export function isKnownEndpoint(context: Pick<ProxyContext, 'plan' | 'registrations'>, request: SipRequest, flow: Flow): boolean {
  const zone = identify(context.plan(), flow);
  if (zone !== undefined && zone.kind !== 'internet') return true;
  const alias = registeredAs(context.plan(), request.from.uri);
  const registration = alias === undefined ? undefined : context.registrations.find(alias);
  return registration?.bindings.some((binding) => binding.flow === flow.id || leadsTo(binding.flow, flow)) ?? false;
}

/** What an endpoint that calls itself so is registered as, if it is; undefined: that is nobody's name. */
export function registeredAs(plan: Plan, uri: string): string | undefined {
  const alias = normalise(uri);
  return alias && (numberAtDomain(alias, plan) ?? aliasKey(alias));
}

/** Whether the id is of an association with the same party, at another instance. */
function leadsTo(id: string, flow: Flow): boolean {
  const remote = flow.transport === 'udp' ? udpRemote(id) : undefined;
  return remote !== undefined && remote.address === flow.remote.address && remote.port === flow.remote.port;
}
