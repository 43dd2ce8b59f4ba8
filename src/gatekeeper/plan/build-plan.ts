import { createHash } from 'node:crypto';
import { type Finding, hasErrors, sortFindings } from '../../config/finding.js';
import { readShape } from '../../config/schema.js';
import { type Path, readYaml, type YamlSource } from '../../config/yaml-source.js';
import { buildMeetings } from './build-meetings.js';
import { buildTransforms, RulePlaces } from './build-transforms.js';
import { buildZone } from './build-zone.js';
import { checkSamples } from './check-samples.js';
import { checkDomains, checkLicences, checkOrganisations, checkSeries, checkZones, type Placed } from './checks.js';
import type { DomainOwner, InternetZone, NumberSeries, Organisation, Plan, PlanZone } from './plan.js';
import { type OrganisationSource, type PlanSource, planSchema } from './plan-schema.js';
import { entriesOf, Report } from './report.js';
import { INTERNET } from './reserved-zones.js';
import { SeriesTrie } from './series-trie.js';

/** The text of an address plan and what to call it in findings. */
export interface PlanText {
  readonly file: string;
  readonly text: string;
}

export interface BuiltPlan {
  /** Absent when any finding is an error. */
  readonly plan: Plan | undefined;
  /** All of them, in the order of the text. */
  readonly findings: readonly Finding[];
  /** For findings that need another file besides (`checkTogether`). */
  readonly source: YamlSource;
}

/**
 * Reads and checks an address plan. Pure; never throws. Everything that can be found is found at once: errors of shape leave out what
 * they are about, and the rest is still checked for what it means.
 */
export function buildPlan({ file, text }: PlanText): BuiltPlan {
  const source = readYaml(file, text);
  const shaped = readShape(planSchema, source);
  const report = new Report(source, shaped.complete && source.findings.length === 0);
  const revision = createHash('sha256').update(text).digest('hex').slice(0, 12);
  const plan = shaped.value === undefined ? undefined : assemble(shaped.value, revision, report);
  const findings = sortFindings([...source.findings, ...shaped.findings, ...report.findings]);
  return { plan: hasErrors(findings) ? undefined : plan, findings, source };
}

type Building<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

function assemble(source: PlanSource, revision: string, report: Report): Plan {
  const organisations = new Map<string, Organisation>();
  const zones: Placed<PlanZone>[] = [];
  const series: Placed<NumberSeries>[] = [];
  const domains: Placed<DomainOwner>[] = [];
  const rules = new RulePlaces();

  const { meetings } = source;
  series.push({
    it: { prefix: meetings.prefix, digits: meetings.digits, organisation: undefined, zone: undefined, meeting: true },
    path: ['meetings', 'prefix'],
  });
  domains.push({ it: { domain: meetings.domain, organisation: undefined, zone: undefined, meeting: true }, path: ['meetings', 'domain'] });

  for (const [id, written] of Object.entries(source.organisations)) {
    const path: Path = ['organisations', id];
    const organisation: Building<Organisation> = {
      id,
      name: written.name,
      contact: written.contact,
      licences: written.licences,
      zones: [],
      series: [],
      domains: [],
      transforms: buildTransforms(written.transforms, [...path, 'transforms'], rules, report),
    };
    organisations.set(id, organisation);
    for (const [zoneId, zoneSource] of Object.entries(written.zones)) {
      const at = [...path, 'zones', zoneId];
      const zone = buildZone(zoneId, zoneSource, organisation, at, report);
      organisation.zones.push(zone);
      zones.push({ it: zone, path: at });
    }
    for (const one of seriesOf(organisation, written, path, report)) {
      organisation.series.push(one.it);
      series.push(one);
    }
    for (const one of domainsOf(organisation, written, path, report)) {
      organisation.domains.push(one.it.domain);
      domains.push(one);
    }
  }

  const internet = internetOf(source);
  if (internet !== undefined) zones.push({ it: internet, path: ['internet'] });
  const transforms = buildTransforms(source.transforms, ['transforms'], rules, report);

  checkOrganisations([...organisations.values()], report);
  checkLicences(source.licences, [...organisations.values()], report);
  checkSeries(source.network.prefix, series, report);
  checkDomains(domains, report);
  checkZones(zones, { series, domains }, report);

  const plan: Plan = {
    revision,
    networkPrefix: source.network.prefix,
    organisations,
    zones: new Map(zones.map(({ it }) => [it.id, it])),
    series: SeriesTrie.build(series.map(({ it }) => it)),
    domains: new Map(domains.map(({ it }) => [it.domain, it])),
    meetings: buildMeetings(meetings, organisations, report),
    transforms,
    internet,
    licences: source.licences,
  };
  checkSamples(plan, rules, report);
  return plan;
}

function internetOf({ internet }: PlanSource): InternetZone | undefined {
  if (internet === undefined) return undefined;
  return {
    kind: 'internet',
    id: INTERNET,
    organisation: undefined,
    encryption: internet.encryption ?? 'required',
    signalling: internet.signalling ?? 'secure',
    sources: { addresses: [], certificateNames: [] },
    inbound: internet.inbound ?? false,
    outbound: internet.outbound ?? false,
  };
}

function* seriesOf(organisation: Organisation, written: OrganisationSource, path: Path, report: Report): Generator<Placed<NumberSeries>> {
  for (const [index, { prefix, digits, zone }] of entriesOf(written.series)) {
    const at = [...path, 'series', index];
    const served = zoneFor(organisation, zone, `the series ${prefix}`, at, report);
    yield { it: { prefix, digits, organisation, zone: served, meeting: false }, path: [...at, 'prefix'] };
  }
}

function* domainsOf(organisation: Organisation, written: OrganisationSource, path: Path, report: Report): Generator<Placed<DomainOwner>> {
  for (const [index, { name, zone }] of entriesOf(written.domains)) {
    const at = [...path, 'domains', index];
    const served = zoneFor(organisation, zone, `the domain ${name}`, at, report);
    yield { it: { domain: name, organisation, zone: served, meeting: false }, path: [...at, 'name'] };
  }
}

/** One zone serves everything; of several, the one that is named. */
function zoneFor(organisation: Organisation, named: string | undefined, what: string, path: Path, report: Report): PlanZone | undefined {
  const { zones } = organisation;
  const ids = zones.map((zone) => zone.id).join(', ');
  if (named !== undefined) {
    const found = zones.find((zone) => zone.id === named);
    if (found === undefined && report.complete) {
      report.error(
        [...path, 'zone'],
        `no zone serves ${what}: ${organisation.id} has no zone '${named}'`,
        ids === '' ? 'add the zone' : `write one of its zones: ${ids}`,
      );
    }
    return found;
  }
  if (zones.length > 1) {
    report.error(path, `no zone serves ${what}: ${organisation.id} has several, and none is named`, `write 'zone: ' and one of ${ids}`);
  } else if (zones.length === 0 && report.complete) {
    report.error(path, `no zone serves ${what}: ${organisation.id} has none`, `write 'zones:' with one in ${organisation.id}`);
  }
  return zones.length === 1 ? zones[0] : undefined;
}
