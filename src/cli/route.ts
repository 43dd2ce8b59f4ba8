import { formatFinding } from '../config/finding.js';
import { loadConfiguration } from '../config/load.js';
import { nearest } from '../config/suggest.js';
import { isPublicTarget } from '../gatekeeper/net/public-address.js';
import { callerIn, explainRoute, formatExplanation, pretendRegistered } from '../gatekeeper/routing/explain.js';

export interface RouteOptions {
  readonly from: string;
  readonly register?: readonly string[];
  readonly protocol?: 'sip' | 'h323';
  readonly json?: boolean;
  readonly config: string;
}

/** `portvakt route`: where a call would go by the plan alone, and why. 0: somewhere; 1: it would be refused. */
export async function route(dialled: string, options: RouteOptions): Promise<number> {
  const { service, plan, findings } = await loadConfiguration(options.config);
  if (!service || !plan) {
    for (const finding of findings) console.error(formatFinding(finding));
    return 1;
  }
  const { index, rejected } = pretendRegistered(plan, options.register ?? [], options.protocol);
  if (rejected.length > 0) {
    console.error(`--register takes numbers and addresses of the plan that endpoints register: not ${rejected.join(', ')}`);
    return 2;
  }
  if (callerIn(plan, options.from) === undefined) {
    const known = [...plan.organisations.keys(), ...(plan.internet ? ['internet'] : [])];
    const near = nearest(options.from, known);
    const hint = near === undefined ? `it has: ${known.join(', ')}` : `did you mean ${near}?`;
    console.error(`--from ${options.from}: the plan has no such organisation; ${hint}`);
    return 2;
  }
  const isReachable = (address: string) => service.sip.dns.allowPrivateTargets || isPublicTarget(address);
  // Offline nobody has asked the peers: all count as up.
  const how = { isReachable, meetings: service.bridge.enabled, ...(options.protocol && { protocol: options.protocol }) };
  const explanation = explainRoute(plan, index, { isUp: () => true }, { dialled, fromOrganisation: options.from }, how);
  console.log(options.json ? JSON.stringify(explanation, undefined, 2) : formatExplanation(explanation));
  return explanation.outcome === 'routes' ? 0 : 1;
}
