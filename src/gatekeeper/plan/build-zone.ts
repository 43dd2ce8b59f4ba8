import { isIP } from 'node:net';
import type { Path } from '../../config/yaml-source.js';
import { canonicalHost, hostPort } from './host.js';
import { aliasKey, normalise } from './normalise.js';
import type { Account, Accounts, H323NeighbourZone, Organisation, SipPeer, SipTrunkZone, Zone, ZoneSources } from './plan.js';
import type { AccountsSource, PeerSource, SourcesSource, ZoneSource } from './plan-schema.js';
import { entriesOf, type Report } from './report.js';
import { formatSource, isLoopback, parseSource } from './source-address.js';

/** OPTIONS pings where the plan says nothing: a dead peer is known after 20 s at most, unless a call finds out first. */
const PING = { intervalSeconds: 10, missesUntilDown: 2, answersUntilUp: 1 } as const;
const SIP_PORT = 5060;
const SIPS_PORT = 5061;
/** RAS (H.225.0 §7.3). */
const RAS_PORT = 1719;

/** Makes one zone and checks it by itself. What zones have in common is `checkZones`' business. */
export function buildZone(id: string, source: ZoneSource, organisation: Organisation, path: Path, report: Report): Zone {
  const base = {
    id,
    organisation,
    encryption: source.encryption ?? 'required',
    signalling: source.signalling ?? 'secure',
    sources: buildSources(source.sources, [...path, 'sources'], report),
  } as const;
  switch (source.kind) {
    case 'hosted': {
      const accounts = buildAccounts(source.accounts, [...path, 'accounts'], report);
      const { sharedPassword, users = {} } = source.accounts ?? {};
      const closed = sharedPassword === undefined && Object.keys(users).length === 0 && nobody(base.sources);
      if (closed && report.complete) {
        report.warning(
          path,
          `nobody can log on to the zone '${id}'`,
          "write 'accounts:' with a sharedPassword or users, or 'sources:'",
          'key',
        );
      }
      return { kind: 'hosted', ...base, accounts };
    }
    case 'h323-gateway':
      return { kind: 'h323-gateway', ...base, accounts: buildAccounts(source.accounts, [...path, 'accounts'], report) };
    case 'sip-trunk': {
      const peers = entriesOf(source.peers).map(([index, peer]) => buildSipPeer(id, peer, [...path, 'peers', index], report));
      checkTrunk(id, peers, base, path, report);
      const ping = {
        intervalSeconds: source.ping?.intervalSeconds ?? PING.intervalSeconds,
        missesUntilDown: source.ping?.missesUntilDown ?? PING.missesUntilDown,
        answersUntilUp: source.ping?.answersUntilUp ?? PING.answersUntilUp,
      };
      return { kind: 'sip-trunk', ...base, sources: withPeers(base.sources, peers), peers, ping } satisfies SipTrunkZone;
    }
    case 'h323-neighbour': {
      const peers = entriesOf(source.peers).map(([index, peer]) => {
        const { host, port } = { host: peerHost(peer.host, [...path, 'peers', index, 'host'], report), port: peer.port ?? RAS_PORT };
        return { id: `${id}/${hostPort(host, port)}`, host, port, priority: peer.priority ?? 0, weight: peer.weight ?? 1 };
      });
      if (peers.length === 0) noPeers(id, path, report);
      return { kind: 'h323-neighbour', ...base, peers } satisfies H323NeighbourZone;
    }
  }
}

function buildSipPeer(zone: string, source: Omit<PeerSource, never>, path: Path, report: Report): SipPeer {
  const transport = source.transport ?? 'tls';
  const host = peerHost(source.host, [...path, 'host'], report);
  const port = source.port ?? (transport === 'tls' ? SIPS_PORT : SIP_PORT);
  const id = `${zone}/${hostPort(host, port)};${transport}`;
  return { id, host, port, transport, priority: source.priority ?? 0, weight: source.weight ?? 1 };
}

function peerHost(written: string, path: Path, report: Report): string {
  const host = canonicalHost(written.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, ''));
  const name = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?$/.test(host) && !/^[0-9.]+$/.test(host);
  if (isIP(host) === 0 && !name)
    report.error(
      path,
      `'${written}' is neither an IP address nor a host name`,
      "write for example 'host: sbc.norr.example', and the port as 'port: 5061'",
    );
  return host;
}

function buildSources(source: SourcesSource, path: Path, report: Report): ZoneSources {
  const addresses: string[] = [];
  for (const [index, written] of entriesOf(source?.addresses)) {
    const at = [...path, 'addresses', index];
    const parsed = parseSource(written);
    if (parsed === undefined) {
      report.error(
        at,
        `'${written}' is not an address to know a caller by`,
        "write '192.0.2.10', '192.0.2.0/28', '192.0.2.10:5060' or '[2001:db8::7]:5060'",
      );
      continue;
    }
    if (isLoopback(parsed.address) && (parsed.kind === 'block' || parsed.port === undefined)) {
      report.warning(
        at,
        `'${written}' takes in every caller on this machine, also those who would log on`,
        `write address and port, for example '${hostPort(parsed.address, 5071)}'`,
      );
    }
    addresses.push(formatSource(parsed));
  }
  const certificateNames = entriesOf(source?.certificateNames).map(([, name]) => name.toLowerCase());
  return { addresses, certificateNames };
}

/**
 * A peer sends from where it listens, over UDP at least: its own address and port tell it without being written down. Not where the zone
 * wants a certificate: then an address alone must not do.
 */
function withPeers(sources: ZoneSources, peers: readonly SipPeer[]): ZoneSources {
  if (sources.certificateNames.length > 0) return sources;
  const own = peers.filter((peer) => isIP(peer.host) !== 0).map((peer) => hostPort(peer.host, peer.port));
  return { ...sources, addresses: [...new Set([...sources.addresses, ...own])] };
}

const nobody = (sources: ZoneSources): boolean => sources.addresses.length === 0 && sources.certificateNames.length === 0;

function noPeers(id: string, path: Path, report: Report): void {
  if (report.complete)
    report.error(
      [...path, 'peers'],
      `the zone '${id}' has no peer, so no call can reach it`,
      "write 'peers:' with at least one '- host: …'",
    );
}

function checkTrunk(id: string, peers: readonly SipPeer[], base: Pick<Zone, 'signalling' | 'sources'>, path: Path, report: Report): void {
  if (peers.length === 0) noPeers(id, path, report);
  for (const [index, peer] of peers.entries()) {
    const at = [...path, 'peers', index];
    if (peer.transport !== 'tls' && base.signalling === 'secure') {
      report.warning(
        at,
        `the peer speaks ${peer.transport}, but the zone lets SRTP keys (SDES) travel over TLS only: calls that use them will be refused`,
        "write 'transport: tls', or 'signalling: any' in the zone",
      );
    }
    if (nobody(base.sources) && (peer.transport !== 'udp' || isIP(peer.host) === 0)) {
      const why =
        isIP(peer.host) === 0 ? 'is known by name only' : `calls from another port than ${peer.port}, as all do over ${peer.transport}`;
      const address = isIP(peer.host) === 0 ? '192.0.2.10' : peer.host;
      report.warning(
        at,
        `calls from this peer cannot be told to be the zone's: it ${why}`,
        `write 'sources: { addresses: [${address}] }' or 'sources: { certificateNames: […] }' in the zone`,
      );
    }
  }
}

function buildAccounts(source: AccountsSource, path: Path, report: Report): Accounts {
  const users = new Map<string, Account>();
  for (const [written, password] of Object.entries(source?.users ?? {})) {
    const alias = normalise(written);
    const user = alias === undefined || alias.kind === 'address' ? undefined : aliasKey(alias);
    if (user === undefined) {
      report.error(
        [...path, 'users', written],
        `'${written}' cannot be a user name`,
        "write a number ('461010001'), a name ('anna') or 'anna@norr.example'",
        'key',
      );
    } else if (users.has(user)) {
      report.error(
        [...path, 'users', written],
        `'${written}' is the user '${user}', who stands here already`,
        'keep one of the two',
        'key',
      );
    } else {
      users.set(user, { user, password });
    }
  }
  return { sharedPassword: source?.sharedPassword, users };
}
