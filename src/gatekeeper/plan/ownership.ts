import type { CanonicalAlias } from '../routing/route.js';
import { phoneDigits } from './dialled.js';
import { matchNumber, numberAtDomain } from './normalise.js';
import type { NumberSeries, Organisation, Plan } from './plan.js';

/** The organisation whose series or domain an alias lies in; undefined: nobody's, or the meeting service's. */
export function ownerOf(plan: Plan, alias: CanonicalAlias): Organisation | undefined {
  switch (alias.kind) {
    case 'number':
      return matchNumber(alias.number, plan)?.series.organisation;
    case 'uri': {
      if (numberAtDomain(alias, plan) === undefined) {
        // 461020001@norr.example shows region-syd's number, whatever domain stands behind it.
        const digits = phoneDigits(alias.user);
        const match = digits === undefined ? undefined : matchNumber(digits, plan);
        if (match?.exact) return match.series.organisation;
      }
      return plan.domains.get(alias.domain)?.organisation;
    }
    case 'h323Id':
    case 'address':
      return undefined;
  }
}

/**
 * The series that all numbers with this prefix lie in, which is what a gateway must show to register it: the whole series (`46301`) or
 * digits inside it (`4630100`). Undefined: no series, or numbers outside it would be meant as well.
 */
export function seriesOfPrefix(plan: Plan, prefix: string): NumberSeries | undefined {
  const match = matchNumber(prefix, plan);
  return match === undefined || match.tooLong ? undefined : match.series;
}
