import type { Licences, NumberSeries, Organisation, Plan, PlanZone, SipTrunkZone } from '../src/gatekeeper/plan/plan.js';
import { SeriesTrie } from '../src/gatekeeper/plan/series-trie.js';
import { Transforms } from '../src/gatekeeper/plan/transforms.js';
import type { RegistrationIndex } from '../src/gatekeeper/registry/registration.js';
import { Registry } from '../src/gatekeeper/registry/registry.js';
import { resolve } from '../src/gatekeeper/routing/resolver.js';
import type { PeerHealthView, Resolution, ResolveRequest } from '../src/gatekeeper/routing/route.js';
import { changeOf } from './changes.js';
import { atLeast, cpuSeconds, plain, print, type Row } from './row.js';

const SERIES = 10_000;
const PER_SERIES = 100;
const MANY: Licences = { registrations: SERIES * PER_SERIES, calls: SERIES };
const EVERY_PEER_IS_UP: PeerHealthView = { isUp: () => true };

/** One organisation a series: 46 1nnnn + 4 digits, hosted, and its domain; the last one is a trunk with two peers. */
function plan(): Plan {
  const organisations = new Map<string, Organisation>();
  const zones = new Map<string, PlanZone>();
  const all: NumberSeries[] = [];
  const domains = new Map<string, Plan['domains'] extends ReadonlyMap<string, infer Owner> ? Owner : never>();
  for (let index = 0; index < SERIES; index++) {
    const id = `organisation-${index}`;
    const series: NumberSeries[] = [];
    const ownZones: PlanZone[] = [];
    const contact = { role: 'Video desk', address: 'video@portvakt.example' };
    const organisation: Organisation = {
      id,
      name: id,
      contact,
      licences: MANY,
      zones: ownZones,
      series,
      domains: [`${id}.example`],
      transforms: Transforms.none,
    };
    const zone = index === SERIES - 1 ? trunk(organisation) : hosted(organisation);
    ownZones.push(zone);
    series.push({ prefix: prefixOf(index), digits: 4, organisation, zone, meeting: false });
    organisations.set(id, organisation);
    zones.set(zone.id, zone);
    all.push(...series);
    domains.set(`${id}.example`, { domain: `${id}.example`, organisation, zone, meeting: false });
  }
  const meetings = { prefix: '46900', digits: 5, domain: 'mote.portvakt.example', permanent: new Map(), names: new Map() };
  return {
    revision: 'bench',
    networkPrefix: '46',
    organisations,
    zones,
    series: SeriesTrie.build([...all, { ...meetings, organisation: undefined, zone: undefined, meeting: true }]),
    domains,
    meetings,
    transforms: Transforms.none,
    internet: undefined,
    licences: MANY,
  };
}

function prefixOf(index: number): string {
  return `461${String(index).padStart(4, '0')}`;
}

const COMMON = { encryption: 'required', signalling: 'secure', sources: { addresses: [], certificateNames: [] } } as const;

function hosted(organisation: Organisation): PlanZone {
  const accounts = { sharedPassword: undefined, users: new Map() };
  const bandwidth = { callKbps: undefined, totalKbps: undefined };
  return { kind: 'hosted', id: `zone-${organisation.id}`, organisation, ...COMMON, accounts, bandwidth, unregistered: false };
}

function trunk(organisation: Organisation): SipTrunkZone {
  const peer = (port: number) => ({ id: `peer-${port}`, host: '192.0.2.1', port, transport: 'tls', priority: 10, weight: 1 }) as const;
  const ping = { intervalSeconds: 10, missesUntilDown: 2, answersUntilUp: 1 };
  return { kind: 'sip-trunk', id: `zone-${organisation.id}`, organisation, ...COMMON, peers: [peer(5061), peer(5062)], ping };
}

function numberOf(index: number): string {
  return `${prefixOf(Math.floor(index / PER_SERIES))}${String(index % PER_SERIES).padStart(4, '0')}`;
}

function registerAll(in_: Plan): Registry {
  const registry = new Registry();
  for (let index = 0; index < SERIES * PER_SERIES; index++) {
    const organisation = in_.organisations.get(`organisation-${Math.floor(index / PER_SERIES)}`);
    const zone = organisation?.zones[0];
    if (!organisation || !zone) throw new Error('The plan of the benchmark lost an organisation');
    registry.apply({ ...changeOf(index, 1, 'udp'), alias: numberOf(index), organisation: organisation.id, zone: zone.id }, 0);
  }
  return registry;
}

/** Resolves in a second of CPU time, the best of five rounds, over and over through texts in an order that no cache foresees. */
function perSecond(context: Plan, registry: RegistrationIndex, texts: readonly string[], expected: Resolution['outcome']): number {
  const organisation = context.organisations.get('organisation-0');
  const zone = organisation?.zones[0];
  if (!organisation || !zone) throw new Error('The plan of the benchmark has no caller');
  const from: ResolveRequest['from'] = { zone, organisation };
  let best = 0;
  for (let round = 0; round < 5; round++) {
    let wrong = 0;
    const seconds = cpuSeconds(() => {
      for (const dialled of texts) if (resolve(context, registry, EVERY_PEER_IS_UP, { dialled, from }).outcome !== expected) wrong++;
    });
    if (wrong > 0) throw new Error(`${wrong} of ${texts.length} resolves did not end in ${expected}`);
    best = Math.max(best, texts.length / seconds);
  }
  return best;
}

/** `count` numbers all over the plan, each a string of its own as it would come from a message. */
function spread(count: number, of: (index: number) => string): string[] {
  let state = 1;
  return Array.from({ length: count }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return Buffer.from(of(state % ((SERIES - 1) * PER_SERIES)), 'latin1').toString('latin1');
  });
}

export function main(): Row[] {
  const snapshot = plan();
  const registry = registerAll(snapshot);
  const count = 300_000;
  const run = (texts: readonly string[], expected: Resolution['outcome'] = 'routes') => perSecond(snapshot, registry, texts, expected);
  const anywhere = 'resolver: 10,000 series, 1,000,000 registrations';
  return [
    atLeast(`${anywhere}, a whole number`, run(spread(count, numberOf)), 'resolves/s', 1_000_000),
    plain(`${anywhere}, one busy switchboard`, run(spread(count, (index) => numberOf(index % 50))), 'resolves/s'),
    plain(`${anywhere}, +46 with separators`, run(spread(count, (index) => `+${numberOf(index).replace(/(....)/g, '$1 ')}`)), 'resolves/s'),
    plain(
      `${anywhere}, number@domain`,
      run(spread(count, (index) => `sip:${numberOf(index)}@organisation-${Math.floor(index / PER_SERIES)}.example`)),
      'resolves/s',
    ),
    plain(
      `${anywhere}, trunk of two peers`,
      run(spread(count, (index) => numberOf((SERIES - 1) * PER_SERIES + (index % PER_SERIES)))),
      'resolves/s',
    ),
    plain(`${anywhere}, an extension`, run(spread(count, (index) => String(index % PER_SERIES).padStart(4, '0'))), 'resolves/s'),
    plain(
      `${anywhere}, nobody registered`,
      run(
        spread(count, (index) => `${numberOf(index).slice(0, -4)}9999`),
        'refused',
      ),
      'resolves/s',
    ),
  ];
}

if (import.meta.filename === process.argv[1]) print(main());
