import type { CanonicalAlias } from '../routing/route.js';
import { matchNumber, numberAtDomain } from './normalise.js';
import type { Organisation, Plan } from './plan.js';

/** The organisation whose series or domain an alias lies in; undefined: nobody's, or the meeting service's. */
export function ownerOf(plan: Plan, alias: CanonicalAlias): Organisation | undefined {
  switch (alias.kind) {
    case 'number':
      return matchNumber(alias.number, plan)?.series.organisation;
    case 'uri': {
      const number = numberAtDomain(alias, plan);
      return number === undefined ? plan.domains.get(alias.domain)?.organisation : matchNumber(number, plan)?.series.organisation;
    }
    case 'h323Id':
    case 'address':
      return undefined;
  }
}
