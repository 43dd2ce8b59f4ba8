import type { OrganisationId, Plan } from '../gatekeeper/plan/plan.js';
import type { StateStore } from '../state/store.js';

export interface LicenceUse {
  readonly licence: 'calls' | 'registrations';
  /** Absent: the whole service. */
  readonly organisation: OrganisationId | undefined;
  readonly used: number;
  readonly limit: number;
}

type Used = {
  readonly licences: Pick<StateStore['licences'], 'callsInUse'>;
  readonly registrations: Pick<StateStore['registrations'], 'count'>;
};

/** Licences in use against what was bought: the whole service first, then each organisation in the plan's order. */
export function licenceUse(plan: Plan, store: Used): LicenceUse[] {
  const use: LicenceUse[] = [
    { licence: 'calls', organisation: undefined, used: store.licences.callsInUse(), limit: plan.licences.calls },
    { licence: 'registrations', organisation: undefined, used: store.registrations.count(), limit: plan.licences.registrations },
  ];
  for (const { id, licences } of plan.organisations.values()) {
    use.push({ licence: 'calls', organisation: id, used: store.licences.callsInUse(id), limit: licences.calls });
    use.push({ licence: 'registrations', organisation: id, used: store.registrations.count(id), limit: licences.registrations });
  }
  return use;
}
