import type { Licences, OrganisationId, Plan } from '../gatekeeper/plan/plan.js';
import type { StateStore } from '../state/store.js';

export interface LicenceUse {
  readonly licence: 'calls' | 'registrations' | 'meetingPorts';
  /** Absent: the whole service. */
  readonly organisation: OrganisationId | undefined;
  readonly used: number;
  /** Infinity: none is set. */
  readonly limit: number;
}

type Used = {
  readonly licences: Pick<StateStore['licences'], 'callsInUse' | 'portsInUse'>;
  readonly registrations: Pick<StateStore['registrations'], 'count'>;
};

/** Licences in use against what was bought: the whole service first, then each organisation in the plan's order. */
export function licenceUse(plan: Plan, store: Used): LicenceUse[] {
  const use = [...useOf(undefined, plan.licences, store)];
  for (const { id, licences } of plan.organisations.values()) use.push(...useOf(id, licences, store));
  return use;
}

function useOf(organisation: OrganisationId | undefined, bought: Licences, { licences, registrations }: Used): readonly LicenceUse[] {
  const ports = bought.meetingPorts ?? Number.POSITIVE_INFINITY;
  return [
    { licence: 'calls', organisation, used: licences.callsInUse(organisation), limit: bought.calls },
    { licence: 'registrations', organisation, used: registrations.count(organisation), limit: bought.registrations },
    { licence: 'meetingPorts', organisation, used: licences.portsInUse(organisation), limit: ports },
  ];
}
