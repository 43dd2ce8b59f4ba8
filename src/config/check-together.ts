import type { BuiltPlan } from '../gatekeeper/plan/build-plan.js';
import type { HostedZone, Plan, SipTrunkZone } from '../gatekeeper/plan/plan.js';
import { isLoopback } from '../gatekeeper/plan/source-address.js';
import type { Finding } from './finding.js';
import type { ReadService, ServiceConfig } from './service-config.js';
import type { Path } from './yaml-source.js';

/** The shipped plan's password. Everybody knows it. */
const DEMO_PASSWORD = 'portvakt-demo';

/** What can only be said when both files are known. Nothing where one of them has errors of its own. Pure. */
export function checkTogether(service: ReadService, plan: BuiltPlan): Finding[] {
  if (service.service === undefined || plan.plan === undefined) return [];
  return [
    ...checkDemoPassword(service.service, plan.plan, plan),
    ...checkCertificateNames(service.service, plan.plan, service, plan),
    ...checkPeersAreOthers(service.service, plan.plan, plan),
  ];
}

function checkDemoPassword({ sip }: ServiceConfig, plan: Plan, { source }: BuiltPlan): Finding[] {
  const open = sip.listen.find((listener) => !isLoopback(listener.address));
  if (open === undefined) return [];
  const findings: Finding[] = [];
  for (const zone of plan.zones.values()) {
    if (zone.kind !== 'hosted' && zone.kind !== 'h323-gateway') continue;
    const path = [...pathOf(zone), 'accounts'];
    const users = [...zone.accounts.users.values()].filter((account) => account.password === DEMO_PASSWORD);
    const places: Path[] = users.map(({ user }) => [...path, 'users', user]);
    if (zone.accounts.sharedPassword === DEMO_PASSWORD) places.unshift([...path, 'sharedPassword']);
    for (const place of places) {
      const message = `the demonstration's password may be used on loopback only, and the service listens on ${open.address}`;
      findings.push(source.finding('error', place, message, "write a password of your own, or one for each user below 'users:'"));
    }
  }
  return findings;
}

function checkCertificateNames({ sip }: ServiceConfig, plan: Plan, service: ReadService, { source }: BuiltPlan): Finding[] {
  const asking = [...plan.zones.values()].find((zone) => zone.sources.certificateNames.length > 0);
  if (asking === undefined || asking.kind === 'internet') return [];
  if (!sip.listen.some((listener) => listener.transport === 'tls')) {
    const message = `the zone '${asking.id}' is told by certificate, but nothing listens for TLS`;
    return [service.source.finding('error', ['sip', 'listen'], message, "write '- { transport: tls, address: …, port: 5061 }'")];
  }
  if (sip.tls.ca !== undefined) return [];
  const message = "this zone's certificates are checked against the public authorities, any of which can issue this name";
  const hint = "write 'ca: FILE.pem' below sip.tls in the service's file";
  return [source.finding('warning', [...pathOf(asking), 'sources', 'certificateNames'], message, hint)];
}

/** A call to ourselves comes back to us, and again. */
function checkPeersAreOthers({ sip }: ServiceConfig, plan: Plan, { source }: BuiltPlan): Finding[] {
  const findings: Finding[] = [];
  for (const zone of plan.zones.values()) {
    if (zone.kind !== 'sip-trunk') continue;
    for (const [index, peer] of zone.peers.entries()) {
      if (!sip.listen.some((own) => own.port === peer.port && own.address === peer.host && own.transport === peer.transport)) continue;
      const path = [...pathOf(zone), 'peers', index];
      findings.push(
        source.finding(
          'error',
          path,
          'this peer is the service itself: it listens there',
          "write the address of the organisation's own system",
        ),
      );
    }
  }
  return findings;
}

function pathOf(zone: Pick<HostedZone | SipTrunkZone, 'id' | 'organisation'>): Path {
  return ['organisations', zone.organisation.id, 'zones', zone.id];
}
