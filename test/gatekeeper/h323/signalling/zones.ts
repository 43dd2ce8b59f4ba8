import { gateway, neighbour, type TestOrganisation, type TestPlan, testPlan, trunk } from '../../../support/plan.js';

export const PEER_A = '10.4.0.1';
export const PEER_B = '10.4.0.2';

/**
 * norr and syd: hosted, encryption required. vik: a gateway zone. ost: behind two neighbour gatekeepers. trunk: speaks SIP. fri: hosted,
 * encryption preferred. oreg: endpoints that need not register. Each zone's addresses: 10.<n>.0.0/16.
 */
export function signallingPlan(change: (plan: TestPlan) => void = () => undefined): TestPlan {
  return testPlan((plan) => {
    const { norr, syd } = plan.organisations;
    sources(norr, 'norr', 1);
    sources(syd, 'syd', 2);
    const vik = gateway();
    sources(vik, 'vik', 7);
    const preferred = { kind: 'hosted', encryption: 'preferred' } as const;
    plan.organisations = {
      norr,
      syd,
      vik,
      ost: neighbour(
        [
          { host: PEER_A, port: 1719 },
          { host: PEER_B, port: 1719 },
        ],
        { encryption: 'preferred' },
      ),
      trunk: trunk([{ host: '10.3.0.1', port: 5060 }]),
      fri: { ...structuredClone(norr), series: [{ prefix: 46501, digits: 4 }], domains: ['fri.example'], zones: { fri: { ...preferred } } },
      oreg: {
        ...structuredClone(norr),
        series: [{ prefix: 46601, digits: 4 }],
        domains: ['oreg.example'],
        zones: { oreg: { ...preferred, unregistered: true } },
      },
    };
    for (const [id, subnet] of [
      ['fri', 5],
      ['oreg', 6],
    ] as const) {
      const organisation = plan.organisations[id];
      if (organisation) sources(organisation, id, subnet);
    }
    change(plan);
  });
}

function sources(organisation: TestOrganisation, zone: string, subnet: number): void {
  const found = organisation.zones[zone];
  if (!found) throw new Error(`No zone ${zone}`);
  delete found.accounts;
  found.sources = { addresses: [`10.${subnet}.0.0/16`] };
}
