import type { BuiltPlan } from '../gatekeeper/plan/build-plan.js';
import type { H323NeighbourZone, Organisation, Plan, SipTrunkZone, Zone } from '../gatekeeper/plan/plan.js';
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
    ...checkH323IsSpoken(service.service, plan.plan, plan),
    ...checkMeetingsAreHeld(service.service, plan.plan, plan),
  ];
}

function checkDemoPassword({ sip, h323 }: ServiceConfig, plan: Plan, { source }: BuiltPlan): Finding[] {
  const listeners = [...sip.listen, ...(h323.enabled ? [...h323.ras, ...h323.signalling] : [])];
  const open = listeners.find((listener) => !isLoopback(listener.address));
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

/** A name in a certificate tells callers over TLS alone. Call signalling is checked with the same authorities as SIP. */
function checkCertificateNames({ sip, h323 }: ServiceConfig, plan: Plan, service: ReadService, { source }: BuiltPlan): Finding[] {
  const findings: Finding[] = [];
  const asking = [...plan.zones.values()].filter((zone) => zone.kind !== 'internet' && zone.sources.certificateNames.length > 0);
  const nowhere = (path: Path, zone: Zone, hint: string): void => {
    const message = `the zone '${zone.id}' is told by certificate, but nothing listens for TLS`;
    findings.push(service.source.finding('error', path, message, hint));
  };
  const overTls = {
    sip: sip.listen.some(({ transport }) => transport === 'tls'),
    h323: h323.enabled && h323.signalling.some(({ transport }) => transport === 'tls'),
  };
  const bySip = asking.find((zone) => !zone.kind.startsWith('h323-') && !(zone.kind === 'hosted' && overTls.h323));
  if (bySip && !overTls.sip) nowhere(['sip', 'listen'], bySip, "write '- { transport: tls, address: …, port: 5061 }'");
  const byH323 = asking.find((zone) => zone.kind.startsWith('h323-'));
  if (byH323 && h323.enabled && !overTls.h323) {
    nowhere(['h323', 'signalling'], byH323, "write '- { transport: tls, address: …, port: 1300 }'");
  }
  const [first] = asking;
  if (findings.length > 0 || first === undefined || first.kind === 'internet' || sip.tls.ca !== undefined) return findings;
  const message = "this zone's certificates are checked against the public authorities, any of which can issue this name";
  const hint = "write 'ca: FILE.pem' below sip.tls in the service's file";
  return [source.finding('warning', [...pathOf(first), 'sources', 'certificateNames'], message, hint)];
}

/** A call to ourselves comes back to us, and again. */
function checkPeersAreOthers({ sip, h323 }: ServiceConfig, plan: Plan, { source }: BuiltPlan): Finding[] {
  const findings: Finding[] = [];
  const check = (zone: SipTrunkZone | H323NeighbourZone, index: number, isOwn: boolean): void => {
    if (!isOwn) return;
    const hint = "write the address of the organisation's own system";
    findings.push(source.finding('error', [...pathOf(zone), 'peers', index], 'this peer is the service itself: it listens there', hint));
  };
  for (const zone of plan.zones.values()) {
    if (zone.kind === 'sip-trunk') {
      for (const [index, { host, port, transport }] of zone.peers.entries()) {
        check(
          zone,
          index,
          sip.listen.some((own) => own.port === port && own.address === host && own.transport === transport),
        );
      }
    } else if (zone.kind === 'h323-neighbour' && h323.enabled) {
      for (const [index, { host, port }] of zone.peers.entries()) {
        check(
          zone,
          index,
          h323.ras.some((own) => own.port === port && own.address === host),
        );
      }
    }
  }
  return findings;
}

/** A zone that only H.323 reaches is cut off where nothing speaks it. */
function checkH323IsSpoken({ h323 }: ServiceConfig, plan: Plan, { source }: BuiltPlan): Finding[] {
  if (h323.enabled) return [];
  return [...plan.zones.values()].flatMap((zone) => {
    if (zone.kind !== 'h323-neighbour' && zone.kind !== 'h323-gateway') return [];
    const message = `nobody reaches the zone '${zone.id}': H.323 is switched off`;
    return [source.finding('warning', pathOf(zone), message, "write 'enabled: true' below h323 in the service's file", 'key')];
  });
}

function checkMeetingsAreHeld({ bridge }: ServiceConfig, { meetings }: Plan, { source }: BuiltPlan): Finding[] {
  if (bridge.enabled || meetings.permanent.size === 0) return [];
  const message = 'nobody gets into the permanent meetings: the meeting service is switched off';
  const hint = "write 'enabled: true' below bridge in the service's file";
  return [source.finding('warning', ['meetings', 'permanent'], message, hint, 'key')];
}

function pathOf(zone: { readonly id: string; readonly organisation: Organisation }): Path {
  return ['organisations', zone.organisation.id, 'zones', zone.id];
}
