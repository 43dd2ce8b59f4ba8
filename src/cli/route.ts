import { formatFinding } from '../config/finding.js';
import { loadConfiguration } from '../config/load.js';
import { callerIn, explainRoute, formatExplanation, pretendRegistered } from '../gatekeeper/routing/explain.js';

export interface RouteOptions {
  readonly from: string;
  readonly register?: readonly string[];
  readonly json?: boolean;
  readonly config: string;
}

/** `portvakt route`: where a call would go by the plan alone, and why. 0: somewhere; 1: it would be refused. */
export async function route(dialled: string, options: RouteOptions): Promise<number> {
  const { plan, findings } = await loadConfiguration(options.config);
  if (!plan) {
    for (const finding of findings) console.error(formatFinding(finding));
    return 1;
  }
  const { index, rejected } = pretendRegistered(plan, options.register ?? []);
  if (rejected.length > 0) {
    console.error(`--register takes numbers and addresses of the plan that endpoints register: not ${rejected.join(', ')}`);
    return 2;
  }
  if (callerIn(plan, options.from) === undefined) {
    console.error(
      `--from takes an organisation of the plan (${[...plan.organisations.keys()].join(', ')}) or internet: not ${options.from}`,
    );
    return 2;
  }
  // Offline nobody has asked the peers: all count as up.
  const explanation = explainRoute(plan, index, { isUp: () => true }, { dialled, fromOrganisation: options.from });
  console.log(options.json ? JSON.stringify(explanation, undefined, 2) : formatExplanation(explanation));
  return explanation.outcome === 'routes' ? 0 : 1;
}
