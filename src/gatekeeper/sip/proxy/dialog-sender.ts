import { identify } from '../../plan/source-zone.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import type { DialogSide } from './dialog.js';

/**
 * Whether a request inside a dialog comes from the party that it says. Call-ID and tags are seen by many and prove little; what does:
 * the way the party's messages have come before, the token in the Route that only the parties were given, the zone that the source
 * belongs to, or a registration of the party over just this connection.
 */
export function mayAct(context: Pick<ProxyContext, 'plan' | 'registrations'>, side: DialogSide, flow: Flow, token: boolean): boolean {
  if (token || flow.id === side.flow.id) return true;
  if (side.zone.kind === 'sip-trunk' && identify(context.plan(), flow)?.id === side.zone.id) return true;
  const registration = side.alias === undefined ? undefined : context.registrations.find(side.alias);
  return registration?.bindings.some((binding) => binding.flow === flow.id) ?? false;
}
