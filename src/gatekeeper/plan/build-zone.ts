import { isIP } from 'node:net';
import type { Path } from '../../config/yaml-source.js';
import { canonicalHost, hostPort } from './host.js';
import { aliasKey, normalise } from './normalise.js';
import type {
  Account,
  Accounts,
  Bandwidth,
  H323NeighbourZone,
  H323Peer,
  Organisation,
  PlanZone,
  SipPeer,
  SipTrunkZone,
  ZoneSources,
} from './plan.js';
import type { AccountsSource, BandwidthSource, PeerSource, SourcesSource, ZoneSource } from './plan-schema.js';
import { entriesOf, type Report } from './report.js';
import { formatSource, isLoopback, parseSource, peerSource } from './source-address.js';

/** OPTIONS pings where the plan says nothing: a dead peer is known after 20 s at most, unless a call finds out first. */
const PING = { intervalSeconds: 10, missesUntilDown: 2, answersUntilUp: 1 } as const;
const SIP_PORT = 5060;
const SIPS_PORT = 5061;
/** RAS (H.225.0 §7.3). */
const RAS_PORT = 1719;
/** LRQ.hopCount: a national network of gatekeepers has no longer chains. */
const HOP_COUNT = 7;

/** Makes one zone and checks it by itself. What zones have in common is `checkZones`' business. */
export function buildZone(id: string, source: ZoneSource, organisation: Organisation, path: Path, report: Report): PlanZone {
  const base = {
    id,
    organisation,
    encryption: source.encryption ?? 'required',
    signalling: source.signalling ?? 'secure',
    sources: buildSources(source.sources, [...path, 'sources'], report),
  } as const;
  switch (source.kind) {
    case 'hosted':
    case 'h323-gateway': {
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
      const bandwidth = buildBandwidth(source.bandwidth, [...path, 'bandwidth'], report);
      const unregistered = mayCallUnregistered(source, base.sources, path, report);
      return { kind: source.kind, ...base, accounts, bandwidth, unregistered };
    }
    case 'sip-trunk': {
      const peers = entriesOf(source.peers).map(([index, peer]) => buildSipPeer(id, peer, [...path, 'peers', index], report));
      checkTrunk(id, peers, base, path, report);
      const ping = {
        intervalSeconds: source.ping?.intervalSeconds ?? PING.intervalSeconds,
        missesUntilDown: source.ping?.missesUntilDown ?? PING.missesUntilDown,
        answersUntilUp: source.ping?.answersUntilUp ?? PING.answersUntilUp,
      };
      return { kind: 'sip-trunk', ...base, sources: withPeers('sip-trunk', base.sources, peers), peers, ping } satisfies SipTrunkZone;
    }
    case 'h323-neighbour': {
      const peers = entriesOf(source.peers).map(([index, peer]) => buildH323Peer(id, peer, [...path, 'peers', index], report));
      const sources = withPeers('h323-neighbour', base.sources, peers);
      checkNeighbour(id, peers, sources, path, report);
      const { search = 'parallel', hopCount = HOP_COUNT } = source;
      return { kind: 'h323-neighbour', ...base, sources, peers, search, hopCount } satisfies H323NeighbourZone;
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

function buildH323Peer(
  zone: string,
  source: Pick<PeerSource, 'host' | 'port' | 'priority' | 'weight'>,
  path: Path,
  report: Report,
): H323Peer {
  const host = peerHost(source.host, [...path, 'host'], report);
  const port = source.port ?? RAS_PORT;
  return { id: `${zone}/${hostPort(host, port)}`, host, port, priority: source.priority ?? 0, weight: source.weight ?? 1 };
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
 * A peer's own address tells it without being written down (`peerSource`). Not where the zone wants a certificate: then an address alone
 * must not do. Nor where the zone's sources have the address already, exactly with a port: then the other ports are not meant.
 */
function withPeers(
  kind: 'sip-trunk' | 'h323-neighbour',
  sources: ZoneSources,
  peers: readonly { readonly host: string; readonly port: number }[],
): ZoneSources {
  if (sources.certificateNames.length > 0) return sources;
  const written = sources.addresses.map(parseSource);
  const exact = new Set(written.flatMap((source) => (source?.kind === 'address' && source.port !== undefined ? [source.address] : [])));
  const own = peers.flatMap((peer) => (kind === 'h323-neighbour' && exact.has(peer.host) ? [] : (peerSource(kind, peer) ?? [])));
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

function checkTrunk(
  id: string,
  peers: readonly SipPeer[],
  base: Pick<PlanZone, 'signalling' | 'sources'>,
  path: Path,
  report: Report,
): void {
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

function checkNeighbour(id: string, peers: readonly H323Peer[], sources: ZoneSources, path: Path, report: Report): void {
  if (peers.length === 0) noPeers(id, path, report);
  for (const [index, { host }] of peers.entries()) {
    const at = [...path, 'peers', index];
    if (isLoopback(host) && sources.addresses.includes(host)) {
      report.warning(
        at,
        `'${host}' takes in every caller on this machine, also those who would log on`,
        `write address and port as the zone's sources, for example 'sources: { addresses: ["${hostPort(host, RAS_PORT)}"] }'`,
      );
    }
    if (isIP(host) === 0 && nobody(sources)) {
      report.warning(
        at,
        "calls from this peer cannot be told to be the zone's: it is known by name only",
        "write 'sources: { addresses: [192.0.2.10] }' or 'sources: { certificateNames: […] }' in the zone",
      );
    }
  }
}

function buildBandwidth(source: BandwidthSource, path: Path, report: Report): Bandwidth {
  const { call: callKbps, total: totalKbps } = source ?? {};
  if (callKbps !== undefined && totalKbps !== undefined && callKbps > totalKbps) {
    report.error(
      [...path, 'call'],
      `one call may have more (${callKbps} kbit/s) than all calls of the zone together (${totalKbps} kbit/s)`,
      `write at most ${totalKbps}, or raise 'total'`,
    );
  }
  return { callKbps, totalKbps };
}

/** Without a source nobody could be told to be of the zone: the key would open nothing. */
function mayCallUnregistered(
  source: { readonly unregistered?: boolean | undefined },
  sources: ZoneSources,
  path: Path,
  report: Report,
): boolean {
  const wanted = source.unregistered ?? false;
  if (wanted && nobody(sources) && report.complete) {
    report.error(
      [...path, 'unregistered'],
      'calls without a registration are told by their source, and this zone has none',
      "write 'sources: { addresses: [192.0.2.10] }' in the zone, or take 'unregistered' away",
    );
  }
  return wanted;
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
