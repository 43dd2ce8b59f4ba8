import { BlockList, isIP, SocketAddress } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { CanonicalAlias } from '../routing/route.js';
import { aliasKey, canonicalDomain, expandExtension, normalise, numberAtDomain } from './normalise.js';
import type { Account, H323GatewayZone, HostedZone, Plan, Zone } from './plan.js';

/** What of a connection, or of a datagram's source, tells who is at its other end. */
export interface PeerIdentity {
  /** An IP literal as sockets report it. */
  readonly remote: { readonly address: string; readonly port: number };
  /** DNS and URI names of the verified certificate, lower case; none without TLS. */
  readonly certificateNames: readonly string[];
}

/**
 * The zone a request comes from, as its source tells: by a name in the peer's verified certificate, else by address and port, else by
 * address, else by the longest block it is in. Undefined: the source does not tell; ask for a password, or it is the Internet.
 */
export function identify(plan: Plan, peer: PeerIdentity): Zone | undefined {
  return tableOf(plan).find(peer);
}

const tables = new WeakMap<Plan, SourceTable>();

function tableOf(plan: Plan): SourceTable {
  let table = tables.get(plan);
  if (!table) {
    table = new SourceTable(plan);
    tables.set(plan, table);
  }
  return table;
}

interface Block {
  readonly list: BlockList;
  readonly family: 'ipv4' | 'ipv6';
  readonly bits: number;
  readonly zone: Zone;
}

/** Addresses in blocks that were looked up are remembered; when there are as many, all are forgotten. */
const MAX_REMEMBERED = 10_000;

class SourceTable {
  readonly #names = new Map<string, Zone>();
  /** `192.0.2.7`, `192.0.2.7 5060`, written as the sockets write it. */
  readonly #addresses = new Map<string, Zone>();
  /** Longest prefix first. */
  readonly #blocks: Block[] = [];
  readonly #remembered = new Map<string, Zone | undefined>();
  #hasPorts = false;

  constructor(plan: Plan) {
    for (const zone of plan.zones.values()) {
      for (const name of zone.sources.certificateNames) setFirst(this.#names, bareName(name), zone);
      for (const address of zone.sources.addresses) this.#add(address, zone);
    }
    this.#blocks.sort((a, b) => b.bits - a.bits);
  }

  find({ remote, certificateNames }: PeerIdentity): Zone | undefined {
    for (const name of certificateNames) {
      const zone = this.#names.get(bareName(name));
      if (zone) return zone;
    }
    const address = plainAddress(remote.address);
    const exact = (this.#hasPorts ? this.#addresses.get(`${address} ${remote.port}`) : undefined) ?? this.#addresses.get(address);
    return exact ?? (this.#blocks.length > 0 ? this.#inBlocks(address) : undefined);
  }

  #inBlocks(address: string): Zone | undefined {
    const remembered = this.#remembered.get(address);
    if (remembered !== undefined || this.#remembered.has(address)) return remembered;
    const family = address.includes(':') ? 'ipv6' : 'ipv4';
    const zone = this.#blocks.find((block) => block.family === family && block.list.check(address, family))?.zone;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(address, zone);
    return zone;
  }

  /** `address`, `address:port`, `[v6]`, `[v6]:port` or `address/bits`, checked when the plan was read. */
  #add(source: string, zone: Zone): void {
    if (source.includes('/')) {
      const [address, bits] = ipaddr.parseCIDR(source);
      const family = address.kind();
      const list = new BlockList();
      list.addSubnet(address.toString(), bits, family);
      this.#blocks.push({ list, family, bits, zone });
      return;
    }
    const bracketed = /^\[([^\]]+)\](?::([0-9]+))?$/.exec(source);
    const withPort = bracketed ?? /^([0-9.]+):([0-9]+)$/.exec(source);
    const host = withPort?.[1] ?? source;
    this.#addExact(host, withPort?.[2] === undefined ? undefined : Number(withPort[2]), zone);
  }

  #addExact(host: string, port: number | undefined, zone: Zone): void {
    // Through the same formatter as the addresses that sockets report, so that equal addresses are equal strings.
    const family = isIP(host) === 6 ? 'ipv6' : 'ipv4';
    const address = plainAddress(new SocketAddress({ address: host, family }).address);
    if (port !== undefined) this.#hasPorts = true;
    setFirst(this.#addresses, port === undefined ? address : `${address} ${port}`, zone);
  }
}

/** The plan's checks refuse one source in two zones; should one get through, the zone written first keeps it. */
function setFirst(map: Map<string, Zone>, key: string, zone: Zone): void {
  if (!map.has(key)) map.set(key, zone);
}

/** RFC 5922 §7.1: a URI name is `sip:domain`; the domain is what identifies. */
function bareName(name: string): string {
  if (name.startsWith('sip:')) return name.slice(4);
  return name.startsWith('sips:') ? name.slice(5) : name;
}

/** Without the interface of a link-local address, and IPv4 as itself where a dual-stack socket shows it mapped (RFC 4291 §2.5.5.2). */
function plainAddress(address: string): string {
  if (!address.includes(':')) return address;
  const scope = address.indexOf('%');
  const bare = scope < 0 ? address : address.slice(0, scope);
  return bare.startsWith('::ffff:') && bare.includes('.') ? bare.slice(7) : bare;
}

/** Who logs on, by the one name it has in the plan. */
export interface ZoneUser<Z extends HostedZone | H323GatewayZone = HostedZone | H323GatewayZone> {
  readonly zone: Z;
  /** `461010001` or `anna@norr.example`; of a gateway also the name that stands in its zone's `users`, such as `gw-vik`. */
  readonly user: string;
  readonly account: Account;
}

/**
 * Who has this user name: a gateway's, as it stands in the `users` of any h323-gateway zone; or what `hostedUser` reads; or a number or URI
 * that a gateway's zone serves and has a shared password for. Undefined: nobody, or there is no password.
 * @param domain a domain of the plan that the request speaks of; undefined: none
 */
export function zoneOfUser(plan: Plan, username: string, domain: string | undefined): ZoneUser | undefined {
  const alias = normalise(username);
  const gateway = alias && gatewayUsersOf(plan).get(aliasKey(alias));
  return gateway ?? (alias && userAs(plan, username, alias, domain));
}

/**
 * The hosted user with this name: a number in any written form, `extension@domain`, `user@domain`, or an extension or URI user alone, which
 * then is one of `domain`. Undefined: no hosted zone has it, or it has no password.
 * @param domain a domain of the plan that the request speaks of (SIP: From, To, Request-URI); undefined: none
 */
export function hostedUser(plan: Plan, username: string, domain: string | undefined): ZoneUser<HostedZone> | undefined {
  const alias = normalise(username);
  const user = alias && userAs(plan, username, alias, domain);
  return user && isHosted(user) ? user : undefined;
}

function isHosted(user: ZoneUser): user is ZoneUser<HostedZone> {
  return user.zone.kind === 'hosted';
}

const gatewayUsers = new WeakMap<Plan, ReadonlyMap<string, ZoneUser<H323GatewayZone>>>();

/** By name. The plan's checks refuse one in two zones; should one get through, the zone written first keeps it. */
function gatewayUsersOf(plan: Plan): ReadonlyMap<string, ZoneUser<H323GatewayZone>> {
  const known = gatewayUsers.get(plan);
  if (known) return known;
  const users = new Map<string, ZoneUser<H323GatewayZone>>();
  for (const zone of plan.zones.values()) {
    if (zone.kind !== 'h323-gateway') continue;
    for (const [user, account] of zone.accounts.users) if (!users.has(user)) users.set(user, { zone, user, account });
  }
  gatewayUsers.set(plan, users);
  return users;
}

function userAs(plan: Plan, username: string, alias: CanonicalAlias, domain: string | undefined): ZoneUser | undefined {
  if (alias.kind === 'number') {
    const series = plan.series.lookup(alias.number);
    if (series?.exact) return userOf(series.series.zone, alias.number, alias.number);
    const organisation = domain === undefined ? undefined : plan.domains.get(domain)?.organisation;
    const number = organisation && expandExtension(alias.number, organisation);
    if (number === undefined || number === 'ambiguous') return undefined;
    return userOf(plan.series.lookup(number)?.series.zone, number, alias.number);
  }
  if (alias.kind === 'uri') {
    const number = numberAtDomain(alias, plan);
    if (number !== undefined) return userOf(plan.series.lookup(number)?.series.zone, number, alias.user);
    return userOf(plan.domains.get(alias.domain)?.zone, `${alias.user}@${alias.domain}`, alias.user);
  }
  // user@192.0.2.1 names this gatekeeper by its address: the user alone counts.
  if (alias.kind === 'address') {
    const user = normalise(alias.user);
    return user && userAs(plan, alias.user, user, domain);
  }
  if (domain === undefined) return undefined;
  // A name alone reads as an H.323-ID; with the domain it is a URI, and normalised as one.
  const uri = normalise(`${username}@${domain}`);
  return uri?.kind === 'uri' ? userOf(plan.domains.get(uri.domain)?.zone, `${uri.user}@${uri.domain}`, uri.user) : undefined;
}

/** Accounts may be written by the whole name or, shorter, by extension or URI user. */
function userOf(zone: Zone | undefined, user: string, short: string): ZoneUser | undefined {
  if (zone?.kind !== 'hosted' && zone?.kind !== 'h323-gateway') return undefined;
  const { users, sharedPassword } = zone.accounts;
  const account = users.get(user) ?? users.get(short);
  if (account) return { zone, user, account };
  return sharedPassword === undefined ? undefined : { zone, user, account: { user, password: sharedPassword } };
}

/** The domain of a host in a URI, when it is one of the plan's. */
export function planDomain(plan: Plan, host: string): string | undefined {
  if (plan.domains.has(host)) return host;
  const domain = canonicalDomain(host);
  return domain !== undefined && plan.domains.has(domain) ? domain : undefined;
}
