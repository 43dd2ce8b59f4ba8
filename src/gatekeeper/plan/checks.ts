import type { Path } from '../../config/yaml-source.js';
import { normalise } from './normalise.js';
import type { DomainOwner, Licences, NumberSeries, Organisation, PlanZone } from './plan.js';
import type { Report } from './report.js';
import { reservedZones } from './reserved-zones.js';
import { peerSource } from './source-address.js';

/** A part of the plan and where it stands in the file. */
export interface Placed<T> {
  readonly it: T;
  readonly path: Path;
}

/** Longest international number (ITU-T E.164 §6.2.1). */
const E164_DIGITS = 15;
const LICENCES = [
  ['registrations', 'registrations'],
  ['calls', 'calls'],
  ['meetingPorts', 'meeting ports'],
] as const;
/** Ids become metric labels, fields of records and parts of peers' ids. */
const ID = /^[a-z][a-z0-9-]{0,62}$/;

export function checkOrganisations(organisations: readonly Organisation[], report: Report): void {
  if (organisations.length === 0 && report.complete)
    report.error(['organisations'], 'the plan has no organisation', "write at least one below 'organisations:'");
  for (const { id, series, domains } of organisations) {
    checkId('organisation', id, ['organisations', id], report);
    if (series.length === 0 && domains.length === 0 && report.complete) {
      report.warning(
        ['organisations', id],
        `nobody can call ${id}: it has neither a series nor a domain`,
        "write 'series:' or 'domains:'",
        'key',
      );
    }
  }
}

function checkId(what: string, id: string, path: Path, report: Report): void {
  if (ID.test(id)) return;
  report.error(
    path,
    `'${id}' cannot be the id of ${what === 'organisation' ? 'an organisation' : 'a zone'}`,
    'write a small letter, then small letters, digits and hyphens, at most 63',
    'key',
  );
}

export function checkLicences(total: Licences, organisations: readonly Organisation[], report: Report): void {
  if (!report.complete) return;
  for (const { id, licences } of organisations) {
    for (const [what, name] of LICENCES) {
      const [has, most] = [licences[what], total[what]];
      if (has === undefined || most === undefined || has <= most) continue;
      report.warning(
        ['organisations', id, 'licences', what],
        `${id} has more licences for ${name} (${has}) than the whole service (${most})`,
        `write at most ${most}, or raise licences.${what}`,
      );
    }
  }
}

/** Lengths, the network's prefix, and overlaps: no number may fall into two series, nor a series lie inside another. */
export function checkSeries(networkPrefix: string, series: readonly Placed<NumberSeries>[], report: Report): void {
  const foreign = networkPrefix.startsWith('0');
  if (report.complete && foreign) {
    const hint = "write it as it is dialled from abroad, without 00, for example 'prefix: 46'";
    report.error(
      ['network', 'prefix'],
      `the network's prefix ${networkPrefix} begins with 0, and no international number does (ITU-T E.164)`,
      hint,
    );
  }
  for (const { it, path } of series) {
    const length = it.prefix.length + it.digits;
    if (length > E164_DIGITS) {
      const most = E164_DIGITS - it.prefix.length;
      report.error(
        [...path.slice(0, -1), 'digits'],
        `numbers of the series ${it.prefix} would have ${length} digits, and E.164 allows ${E164_DIGITS}`,
        `write 'digits: ${most}' or less`,
      );
    }
    const national = /^0+/.exec(it.prefix)?.[0] ?? '';
    if (report.complete && national !== '') {
      const rest = it.prefix.slice(national.length);
      report.error(
        path,
        `the series ${it.prefix} begins with 0, and no international number does (ITU-T E.164)`,
        rest === '' || foreign ? `write it as one from abroad would dial it, without 00` : `write '${networkPrefix}${rest}'`,
      );
    } else if (report.complete && !foreign && !it.prefix.startsWith(networkPrefix)) {
      report.warning(
        path,
        `the series ${it.prefix} does not begin with the network's prefix ${networkPrefix}`,
        `write '${networkPrefix}${it.prefix}' if that was meant`,
      );
    }
  }
  // In the order of their digits, whatever a series lies inside comes before it, and nothing else comes in between.
  const sorted = series.toSorted((a, b) => (a.it.prefix < b.it.prefix ? -1 : a.it.prefix > b.it.prefix ? 1 : 0));
  const around: Placed<NumberSeries>[] = [];
  for (const one of sorted) {
    while (around.length > 0 && !one.it.prefix.startsWith(around.at(-1)?.it.prefix ?? '')) around.pop();
    const outer = around.at(-1);
    if (outer !== undefined) reportOverlap(outer, one, report);
    around.push(one);
  }
}

function reportOverlap(outer: Placed<NumberSeries>, inner: Placed<NumberSeries>, report: Report): void {
  // The finding stands at the one further down: the one that was probably added last.
  const innerLast = report.line(inner.path) >= report.line(outer.path);
  const [first, second] = innerLast ? [outer, inner] : [inner, outer];
  const relation = outer.it.prefix === inner.it.prefix ? 'is the same as' : innerLast ? 'lies inside' : 'lies around';
  report.error(
    second.path,
    `${describe(second.it)} ${relation} ${describe(first.it)} (line ${report.line(first.path)})`,
    'give one of them a prefix that neither begins nor continues the other',
  );
}

function describe(series: NumberSeries): string {
  return series.meeting ? `the meeting series ${series.prefix}` : `the series ${series.prefix} of ${series.organisation?.id ?? 'nobody'}`;
}

export function checkDomains(domains: readonly Placed<DomainOwner>[], report: Report): void {
  const seen = new Map<string, Placed<DomainOwner>>();
  for (const one of domains) {
    const { domain } = one.it;
    const earlier = seen.get(domain);
    if (earlier === undefined) {
      seen.set(domain, one);
      continue;
    }
    const [first, second] = report.line(one.path) >= report.line(earlier.path) ? [earlier, one] : [one, earlier];
    const owner = first.it.meeting ? 'the meetings' : (first.it.organisation?.id ?? 'nobody');
    report.error(second.path, `the domain ${domain} belongs to ${owner} already (line ${report.line(first.path)})`, 'keep it in one place');
  }
}

interface Served {
  readonly series: readonly Placed<NumberSeries>[];
  readonly domains: readonly Placed<DomainOwner>[];
}

/** What zones must not share: ids, peers, and ways of telling who calls. And whether a zone serves anything. */
export function checkZones(zones: readonly Placed<PlanZone>[], served: Served, report: Report): void {
  const used = new Set([...served.series, ...served.domains].map(({ it }) => it.zone));
  const ids = new Map<string, Path>();
  const peers = new Map<string, Path>();
  const sources = new Map<string, { zone: PlanZone; path: Path }>();
  const gatewayUsers = new Map<string, { zone: PlanZone; path: Path }>();
  for (const { it: zone, path } of zones) {
    if (zone.kind === 'internet') continue;
    checkId('zone', zone.id, path, report);
    const earlier = ids.get(zone.id);
    const reserved = reservedZones.get(zone.id);
    if (reserved !== undefined) report.error(path, `'${zone.id}' is the id of ${reserved}`, 'give this zone another id', 'key');
    else if (earlier !== undefined)
      report.error(
        path,
        `the zone '${zone.id}' stands in the plan already (line ${report.line(earlier)})`,
        'give every zone of the plan an id of its own',
        'key',
      );
    else ids.set(zone.id, path);
    if (!used.has(zone) && zone.organisation.zones.length > 1 && report.complete) {
      report.warning(
        path,
        `the zone '${zone.id}' serves no series and no domain`,
        `write 'zone: ${zone.id}' at a series or domain of ${zone.organisation.id}`,
        'key',
      );
    }
    checkPeers(zone, path, peers, report);
    checkSources(zone, path, sources, report);
    checkUsers(zone, path, report);
    checkGatewayUsers(zone, path, gatewayUsers, report);
  }
}

function checkPeers(zone: PlanZone, path: Path, seen: Map<string, Path>, report: Report): void {
  if (zone.kind !== 'sip-trunk' && zone.kind !== 'h323-neighbour') return;
  for (const [index, peer] of zone.peers.entries()) {
    const at = [...path, 'peers', index];
    // The same host and port over another transport is the same machine, but can fail alone.
    const key = peer.id.slice(zone.id.length);
    const earlier = seen.get(`${zone.kind}${key}`);
    if (earlier !== undefined)
      report.error(at, `the peer ${key.slice(1)} stands in the plan already (line ${report.line(earlier)})`, 'keep it in one zone, once');
    else seen.set(`${zone.kind}${key}`, at);
  }
}

function checkSources(zone: PlanZone, path: Path, seen: Map<string, { zone: PlanZone; path: Path }>, report: Report): void {
  const own = new Set(
    zone.kind === 'sip-trunk' || zone.kind === 'h323-neighbour' ? zone.peers.map((peer) => peerSource(zone.kind, peer)) : [],
  );
  for (const kind of ['addresses', 'certificateNames'] as const) {
    for (const [index, source] of zone.sources[kind].entries()) {
      const written = [...path, 'sources', kind, index];
      const key = `${kind} ${source}`;
      const earlier = seen.get(key);
      if (earlier === undefined) {
        seen.set(key, { zone, path: written });
      } else if (earlier.zone !== zone) {
        const at = own.has(source) ? [...path, 'peers'] : written;
        report.error(
          at,
          `'${source}' tells callers of the zone '${earlier.zone.id}' already`,
          'keep it in one zone: a caller must belong to exactly one',
        );
      }
    }
  }
}

/** A user of a zone must be a number or address that its organisation has. */
function checkUsers(zone: PlanZone, path: Path, report: Report): void {
  if (zone.kind !== 'hosted' && zone.kind !== 'h323-gateway') return;
  const { id, series, domains } = zone.organisation;
  for (const user of zone.accounts.users.keys()) {
    const alias = normalise(user);
    const foreign =
      (alias?.kind === 'uri' && !domains.includes(alias.domain)) ||
      (alias?.kind === 'number' && !series.some((one) => one.digits === alias.number.length || isWithin(alias.number, one)));
    if (!foreign || !report.complete) continue;
    const hint = `write a number or an address of ${id}, or add its series or domain`;
    report.error([...path, 'accounts', 'users', user], `the user '${user}' is not one of ${id}'s numbers or domains`, hint, 'key');
  }
}

/** A gateway logs on with a name alone, which must tell its zone. */
function checkGatewayUsers(zone: PlanZone, path: Path, seen: Map<string, { zone: PlanZone; path: Path }>, report: Report): void {
  if (zone.kind !== 'h323-gateway') return;
  for (const user of zone.accounts.users.keys()) {
    const at = [...path, 'accounts', 'users', user];
    const earlier = seen.get(user);
    if (earlier === undefined) seen.set(user, { zone, path: at });
    else
      report.error(at, `the user '${user}' logs on to the zone '${earlier.zone.id}' already`, 'give each gateway a name of its own', 'key');
  }
}

function isWithin(number: string, series: NumberSeries): boolean {
  return number.startsWith(series.prefix) && number.length === series.prefix.length + series.digits;
}
