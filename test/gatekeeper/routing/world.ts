import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';
import type { Plan } from '../../../src/gatekeeper/plan/plan.js';
import type { ContactChange } from '../../../src/gatekeeper/registry/registration.js';
import { Registry } from '../../../src/gatekeeper/registry/registry.js';
import { callerIn } from '../../../src/gatekeeper/routing/explain.js';
import { type ResolveOptions, resolve } from '../../../src/gatekeeper/routing/resolver.js';
import type { PeerHealthView, Resolution, Route } from '../../../src/gatekeeper/routing/route.js';

const CONTACT = '{ role: Video desk, address: video@portvakt.example }';
const LICENCES = '{ registrations: 100, calls: 20 }';

/** Two hosted regions, a trunk with peers in two priorities, a neighbour, a gateway, meetings and transforms. */
export function planText(internet = '{ inbound: true, outbound: true }'): string {
  return `
network: { prefix: '46' }
licences: { registrations: 1000, calls: 100 }
meetings: { prefix: '46900', digits: 5, domain: mote.portvakt.example }
${internet === '' ? '' : `internet: ${internet}`}
transforms:
  - { prefix: '112', replace: '461010112', comment: Emergency desk }
  - { regex: '7(\\d)', replace: '8$1' }
  - { regex: '8(\\d)', replace: '7$1' }
organisations:
  region-norr:
    name: Region Norr
    contact: ${CONTACT}
    licences: ${LICENCES}
    series: [{ prefix: '46101', digits: 4 }]
    domains: [norr.example]
    zones: { norr: { kind: hosted, accounts: { sharedPassword: a } } }
    transforms:
      - { prefix: '*', replace: '46102', comment: Speed dial to Syd }
      - { regex: '461010999', replace: '461010001', comment: Moved }
  region-syd:
    name: Region Syd
    contact: ${CONTACT}
    licences: ${LICENCES}
    series: [{ prefix: '46102', digits: 4 }, { prefix: '46103', digits: 4 }]
    domains: [syd.example]
    zones: { syd: { kind: hosted, accounts: { sharedPassword: b } } }
  vardbolaget:
    name: Vardbolaget
    contact: ${CONTACT}
    licences: ${LICENCES}
    series: [{ prefix: '46301', digits: 4 }]
    domains: [vardbolaget.example]
    zones:
      vardbolaget:
        kind: sip-trunk
        peers:
          - { host: 127.0.0.1, port: 5071, transport: udp, priority: 10, weight: 1 }
          - { host: 192.0.2.72, port: 5072, transport: udp, priority: 20, weight: 3 }
          - { host: '2001:db8::72', port: 5073, transport: udp, priority: 20, weight: 1 }
  kommun-ost:
    name: Kommun Ost
    contact: ${CONTACT}
    licences: ${LICENCES}
    series: [{ prefix: '46401', digits: 3 }]
    domains: [ost.example]
    zones: { ost: { kind: h323-neighbour, peers: [{ host: 192.0.2.40 }] } }
  kommun-vast:
    name: Kommun Vast
    contact: ${CONTACT}
    licences: ${LICENCES}
    series: [{ prefix: '46402', digits: 3 }]
    zones: { vast: { kind: h323-gateway, accounts: { sharedPassword: c } } }
`;
}

export function buildWorldPlan(internet?: string): Plan {
  const { plan, findings } = buildPlan({ file: 'plan.yaml', text: planText(internet) });
  if (!plan) throw new Error(findings.map(({ line, message }) => `${line}: ${message}`).join('\n'));
  return plan;
}

/** A plan with registrations and peer states, and calls into it. */
export class World {
  readonly registry = new Registry();
  readonly down = new Set<string>();
  readonly health: PeerHealthView = { isUp: (id) => !this.down.has(id) };
  readonly plan: Plan;
  #cseq = 0;

  constructor(internet?: string) {
    this.plan = buildWorldPlan(internet);
  }

  register(alias: string, organisation: string, zone: string, protocol: 'sip' | 'h323' = 'sip'): this {
    const contact: ContactChange = {
      contact: `<sip:${alias}@192.0.2.1>`,
      key: alias,
      expires: 3600,
      q: 1000,
      instance: '',
      regId: 0,
      path: [],
      flow: 'udp',
    };
    const limits = { organisation: 100, total: 100 };
    const change = {
      alias,
      organisation,
      zone,
      protocol,
      callId: 'test',
      cseq: ++this.#cseq,
      contacts: [contact],
      removeAll: false,
      limits,
    };
    const result = this.registry.apply(change, 0);
    if (!result.ok) throw new Error(`${alias} was refused: ${result.refusal}`);
    return this;
  }

  call(dialled: string, from = 'region-norr', options?: ResolveOptions): Resolution {
    const caller = callerIn(this.plan, from);
    if (!caller) throw new Error(`The plan has no ${from}`);
    return resolve(this.plan, this.registry, this.health, { dialled, from: caller }, options);
  }
}

/** The kinds and targets of a resolution's routes, or its refusal: what most tests compare. */
export function summary(resolution: Resolution): string {
  if (resolution.outcome === 'refused') return `refused ${resolution.refusal}`;
  return resolution.routes.map(routeSummary).join(', ');
}

function routeSummary(route: Route): string {
  switch (route.kind) {
    case 'registration':
      return `registration ${route.registration.alias} in ${route.zone.id}`;
    case 'peer':
    case 'neighbour':
      return `${route.kind} ${route.alias} at ${route.peer.host}`;
    case 'meeting':
      return `meeting ${route.meeting}`;
    case 'internet':
      return `internet ${route.uri}`;
  }
}
