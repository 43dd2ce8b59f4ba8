import type { RefusalCode } from '../calls/reasons.js';
import { phoneDigits } from '../plan/dialled.js';
import { hostPort } from '../plan/host.js';
import { aliasKey, expandExtension, normalise, numberAtDomain, prefixKey } from '../plan/normalise.js';
import type { DomainOwner, E164, NumberSeries, Organisation, Plan, PlanZone, Zone } from '../plan/plan.js';
import { transformAll } from '../plan/transforms.js';
import type { Registration, RegistrationIndex } from '../registry/registration.js';
import { zoneOfPeer } from './peer-addresses.js';
import { orderPeers } from './peer-order.js';
import type { CanonicalAlias, PeerHealthView, Resolution, ResolveRequest, Route, Step } from './route.js';
import * as steps from './steps.js';

export interface ResolveOptions {
  /** Told each step, in order, as a sentence and as data. Without it no sentence is made. */
  readonly trace?: (step: Step) => void;
  /** From 0 up to but not including 1: draws among peers of one priority (RFC 2782). Default `Math.random`. */
  readonly random?: () => number;
  /**
   * Names and IP literals of this service, in lower case: `461010001@<one of these>` means what 461010001 means to the caller. IPv6 in the
   * form of RFC 5952, without brackets. A domain of the plan, or a peer's address with its port, goes before these.
   */
  readonly ownHosts?: ReadonlySet<string>;
}

interface Context {
  readonly trace: ((step: Step) => void) | undefined;
  readonly random: () => number;
  readonly ownHosts: ReadonlySet<string> | undefined;
  readonly plan: Plan;
  readonly registrations: RegistrationIndex;
  readonly health: PeerHealthView;
  readonly from: ResolveRequest['from'];
}

/**
 * Where a call goes: the routes in the order in which they are to be tried, never none of them, or one refusal. Pure (but for `random`),
 * total for every string that can be dialled, and synchronous: it waits for nothing.
 *
 * 1. *Who asks*: what comes from the Internet is refused at once where the plan says so, and learns nothing about who exists.
 * 2. *What was dialled*: one canonical form for every way of writing it (`normalise`); `number@domain` is that number.
 * 3. *Transforms*: the caller's organisation's, then those for all.
 * 4. *Short form*: what is no whole number is tried as an extension inside the caller's organisation; a whole number always goes first.
 * 5. *Whose it is*: by number series, domain, registered H.323-ID, or the address itself (`alias@ip`).
 * 6. *Which way*: the registration, the zone's peers that are not known to be down, the meeting service, or the Internet.
 */
export function resolve(
  plan: Plan,
  registrations: RegistrationIndex,
  health: PeerHealthView,
  request: ResolveRequest,
  options: ResolveOptions = {},
): Resolution {
  const { trace, random = Math.random, ownHosts } = options;
  const context: Context = { trace, random, ownHosts, plan, registrations, health, from: request.from };
  if (request.from.zone.kind === 'internet' && !request.from.zone.inbound) {
    return refuse(context, 'internetInboundOff', undefined, undefined, 'The plan lets no call in from the Internet');
  }
  const dialled = canonical(context, request.dialled);
  if (dialled === undefined) {
    return refuse(context, 'addressUnreadable', undefined, undefined, 'It is no number, no name@domain, no H.323-ID and no alias@address');
  }
  return afterTransforms(context, dialled, true);
}

/** One alias for all ways to write it, as far as plan and own hosts know them. */
function canonical(context: Context, text: string): CanonicalAlias | undefined {
  const read = normalise(text);
  if (read === undefined) return undefined;
  context.trace?.(steps.normalised(text, read));
  const alias = withoutOwnHost(context, read);
  if (alias?.kind !== 'uri') return alias;
  const number = numberAtDomain(alias, context.plan);
  if (number === undefined) return dialledAtHome(context, alias) ?? alias;
  context.trace?.(steps.numberOfUri(aliasKey(alias), number));
  return { kind: 'number', number };
}

/**
 * A phone puts its own domain behind whatever is dialled: from region-norr `461020001@norr.example` is somebody who dialled 461020001, and
 * means region-syd. Unless just that address is registered: then it is a name made of digits. The meeting service's domain is its own.
 */
function dialledAtHome(context: Context, alias: UriAlias): CanonicalAlias | undefined {
  const { plan, from, registrations, trace } = context;
  const owner = plan.domains.get(alias.domain);
  const home = owner?.meeting
    ? from.zone.kind === 'meetings'
    : owner?.organisation !== undefined && owner.organisation === from.organisation;
  if (!home) return undefined;
  const digits = phoneDigits(alias.user);
  if (digits === undefined || registrations.find(aliasKey(alias))) return undefined;
  trace?.(steps.dialledAtHome(alias.domain, digits));
  return { kind: 'number', number: digits as E164 };
}

function withoutOwnHost(context: Context, alias: CanonicalAlias): CanonicalAlias | undefined {
  const { plan, ownHosts, trace } = context;
  if (ownHosts === undefined || (alias.kind !== 'uri' && alias.kind !== 'address')) return alias;
  const host = alias.kind === 'uri' ? alias.domain : alias.host;
  if (!ownHosts.has(host)) return alias;
  const claimed =
    alias.kind === 'uri' ? plan.domains.has(host) : alias.port !== undefined && zoneOfPeer(plan, host, alias.port) !== undefined;
  if (claimed) return alias;
  trace?.(steps.ownHost(host, alias.user));
  // As a URI's user part: its escapes are to be undone. An empty one is unreadable, and so is one that says an address once more.
  const user = normalise(`sip:${alias.user}`);
  return user?.kind === 'number' || user?.kind === 'h323Id' ? user : undefined;
}

/** `first`: what a short form stands for has transforms too, once. */
function afterTransforms(context: Context, dialled: CanonicalAlias, first: boolean): Resolution {
  const { plan, from, trace } = context;
  const own = from.organisation?.transforms;
  if (plan.transforms.isEmpty && (own === undefined || own.isEmpty)) return byKind(context, dialled, first);

  const { applied, text, loop } = transformAll(aliasKey(dialled), own, plan.transforms);
  if (applied.length === 0) return byKind(context, dialled, first);
  if (trace) for (const transform of applied) trace(steps.transformed(transform));
  if (loop)
    return refuse(context, 'transformLoop', dialled, undefined, `The transforms for ${aliasKey(dialled)} lead in a circle, at ${text}`);
  const alias = canonical(context, text);
  if (alias === undefined) {
    return refuse(
      context,
      'addressUnreadable',
      undefined,
      undefined,
      `The transforms made ${aliasKey(dialled)} into what cannot be read: "${text}"`,
    );
  }
  return byKind(context, alias, false);
}

function byKind(context: Context, alias: CanonicalAlias, transformExpanded: boolean): Resolution {
  switch (alias.kind) {
    case 'number':
      return byNumber(context, alias, transformExpanded);
    case 'uri':
      return byDomain(context, alias);
    case 'h323Id':
      return byName(context, alias);
    case 'address':
      return byAddress(context, alias);
  }
}

type NumberAlias = CanonicalAlias & { readonly kind: 'number' };
type UriAlias = CanonicalAlias & { readonly kind: 'uri' };

function byNumber(context: Context, alias: NumberAlias, transformExpanded: boolean): Resolution {
  const { plan, registrations, from, trace } = context;
  const { number } = alias;
  // Asked for before it is known to be needed: with 1,000,000 registrations both lookups mostly wait for memory, and so they wait for it at
  // the same time (measured: a quarter less than one after the other).
  const registration = registrations.find(number);
  const match = plan.series.lookup(number);
  if (match?.exact) return inSeries(context, alias, match.series, registration);

  const caller = from.organisation;
  const whole = caller === undefined ? undefined : expandExtension(number, caller);
  if (caller !== undefined && whole === 'ambiguous') {
    const detail = `Several series of ${caller.id} have ${number.length} digits after their prefix: dial the whole number`;
    return refuse(context, 'addressIncomplete', alias, caller, detail);
  }
  if (caller !== undefined && whole !== undefined && whole !== 'ambiguous') {
    trace?.(steps.expanded(number, whole, caller));
    const expanded: NumberAlias = { kind: 'number', number: whole };
    if (transformExpanded) return afterTransforms(context, expanded, false);
    const series = plan.series.lookup(whole)?.series;
    if (series) return inSeries(context, expanded, series, registrations.find(whole));
  }
  if (match === undefined) {
    return refuse(context, 'addressUnknown', alias, undefined, `No number series of the plan begins like ${number}`);
  }
  return refuse(context, 'addressIncomplete', alias, match.series.organisation, lengthAdvice(number, match.series));
}

function lengthAdvice(number: E164, { prefix, digits }: NumberSeries): string {
  const right = prefix.length + digits;
  const wrong = number.length < right ? `${right - number.length} too few` : `${number.length - right} too many`;
  return `${number} has ${number.length} digits, ${wrong}: numbers that begin with ${prefix} have ${right}`;
}

function inSeries(context: Context, alias: NumberAlias, series: NumberSeries, registration: Registration | undefined): Resolution {
  context.trace?.(steps.matched(series));
  if (series.meeting) return toMeeting(context, alias, alias.number);
  const { organisation, zone } = series;
  if (zone?.kind !== 'h323-gateway' || registration) return toZone(context, alias, organisation, zone, registration);
  return toZone(context, alias, organisation, zone, byPrefix(context, alias.number, series));
}

/** A gateway registers the prefixes that it serves, and gets the calls to every number behind them (H.323 §7.2.2): the longest one wins. */
function byPrefix({ registrations, trace }: Context, number: E164, series: NumberSeries): Registration | undefined {
  for (let length = number.length; length >= series.prefix.length; length--) {
    const prefix = number.slice(0, length);
    const registration = registrations.find(prefixKey(prefix));
    if (registration === undefined) continue;
    trace?.(steps.behindPrefix(number, prefix));
    return registration;
  }
  return undefined;
}

function byDomain(context: Context, alias: UriAlias): Resolution {
  const owner = context.plan.domains.get(alias.domain);
  if (owner === undefined) return toInternet(context, alias, alias.user, alias.domain);
  context.trace?.(steps.owned(owner));
  if (owner.meeting) return toMeeting(context, alias, alias.user);
  return toZone(context, alias, owner.organisation, owner.zone, context.registrations.find(aliasKey(alias)));
}

/** An H.323-ID is whatever an endpoint registered, in any organisation; otherwise a user of the caller's own domains (`sip:anna@here`). */
function byName(context: Context, alias: CanonicalAlias & { readonly kind: 'h323Id' }): Resolution {
  const { plan, registrations, from, trace } = context;
  const registration = registrations.find(alias.id);
  const zone = registration && plan.zones.get(registration.zone);
  if (registration && zone && zone.organisation?.id === registration.organisation) {
    return toZone(context, alias, zone.organisation, zone, registration);
  }
  for (const domain of from.organisation?.domains ?? []) {
    const owner: DomainOwner | undefined = plan.domains.get(domain);
    const key = `${alias.id}@${domain}`;
    const user = registrations.find(key);
    if (owner === undefined || user === undefined) continue;
    if (from.organisation) trace?.(steps.expandedName(alias.id, key, from.organisation));
    return toZone(context, { kind: 'uri', user: alias.id, domain }, owner.organisation, owner.zone, user);
  }
  return refuse(context, 'addressUnknown', alias, undefined, `Nobody is registered as "${alias.id}": dial a number or name@domain`);
}

/** `alias@ip`: the address decides, not the plan; but a peer's address is the zone's, and goes its way with its rules. */
function byAddress(context: Context, alias: CanonicalAlias & { readonly kind: 'address' }): Resolution {
  const { plan, trace } = context;
  const zone = zoneOfPeer(plan, alias.host, alias.port);
  if (zone === undefined) return toInternet(context, alias, alias.user, hostPort(alias.host, alias.port));
  trace?.(steps.peerAddress(alias.host, zone));
  if (alias.user === '') {
    return refuse(
      context,
      'addressIncomplete',
      alias,
      zone.organisation,
      `Say whom to call at ${alias.host}: number@${alias.host} or name@${alias.host}`,
    );
  }
  return toZone(context, alias, zone.organisation, zone, undefined);
}

/** `registration`: what is registered under the alias, if anything is. */
function toZone(
  context: Context,
  alias: CanonicalAlias,
  organisation: Organisation | undefined,
  zone: PlanZone | undefined,
  registration: Registration | undefined,
): Resolution {
  // Series and domains without a zone are refused when the plan is read; a plan that was made otherwise must not break a call.
  if (zone === undefined || zone.kind === 'internet') {
    return refuse(context, 'addressUnknown', alias, organisation, `No zone of the plan serves ${aliasKey(alias)}`);
  }
  switch (zone.kind) {
    case 'hosted':
    case 'h323-gateway':
      return toRegistration(context, alias, organisation, zone, registration);
    case 'sip-trunk':
      return toPeers(context, alias, zone, zone.peers, (peer) => ({ kind: 'peer', zone, peer, alias: peerAlias(alias) }));
    case 'h323-neighbour':
      return toPeers(context, alias, zone, zone.peers, (peer) => ({ kind: 'neighbour', zone, peer, alias: peerAlias(alias) }));
  }
}

function toRegistration(
  context: Context,
  alias: CanonicalAlias,
  organisation: Organisation | undefined,
  zone: Zone,
  registration: Registration | undefined,
): Resolution {
  const key = aliasKey(alias);
  const here = registration?.zone === zone.id;
  // A registration from before the plan gave the number to somebody else must not get the calls of its new owner.
  if (registration === undefined || !(here || registration.organisation === organisation?.id)) {
    return refuse(context, 'calleeNotRegistered', alias, organisation, `No endpoint is registered as ${key} in zone ${zone.id}`);
  }
  context.trace?.(steps.registered(registration));
  const through = here ? zone : (context.plan.zones.get(registration.zone) ?? zone);
  return { outcome: 'routes', alias, key, organisation, routes: [{ kind: 'registration', zone: through, registration }] };
}

interface Peer {
  readonly id: string;
  readonly priority: number;
  readonly weight: number;
}

/** Peers known to be down are left out, so that they cost a caller nothing; when all are, the answer is there at once. */
function toPeers<T extends Peer>(
  context: Context,
  alias: CanonicalAlias,
  zone: Zone,
  peers: readonly T[],
  route: (peer: T) => Route,
): Resolution {
  const { health, trace, random } = context;
  const up = peers.filter((peer) => health.isUp(peer.id));
  if (trace) for (const peer of peers) if (!up.includes(peer)) trace(steps.peerDown(peer.id));
  if (up.length === 0) {
    return refuse(context, 'zoneUnreachable', alias, zone.organisation, allDown(zone, peers.length));
  }
  const ordered = orderPeers(up, random);
  if (trace) for (const [index, peer] of ordered.entries()) trace(steps.peerOffered(peer.id, index + 1));
  return { outcome: 'routes', alias, key: aliasKey(alias), organisation: zone.organisation, routes: ordered.map(route) };
}

function allDown(zone: Zone, peers: number): string {
  const contact = zone.organisation?.contact.address;
  const what =
    peers === 1 ? `The one peer of zone ${zone.id} is known to be down` : `All ${peers} peers of zone ${zone.id} are known to be down`;
  return contact === undefined ? what : `${what}: ask ${contact}`;
}

/** To a peer that was named by its address, the user part alone is what it is to look for. */
function peerAlias(alias: CanonicalAlias): string {
  return alias.kind === 'address' ? alias.user : aliasKey(alias);
}

function toMeeting(context: Context, alias: CanonicalAlias, meeting: string): Resolution {
  context.trace?.(steps.meeting(meeting));
  const route = { kind: 'meeting', series: context.plan.meetings, meeting } as const;
  return { outcome: 'routes', alias, key: aliasKey(alias), organisation: undefined, routes: [route] };
}

function toInternet(context: Context, alias: CanonicalAlias, user: string, host: string): Resolution {
  const { plan, from, trace } = context;
  const zone = plan.internet;
  if (zone === undefined || !zone.outbound) {
    return refuse(
      context,
      'internetOutboundOff',
      alias,
      undefined,
      `${host} belongs to no connected organisation, and the plan lets no call out to the Internet`,
    );
  }
  if (from.zone.kind === 'internet') {
    // Otherwise anybody could send calls anywhere through us: an open relay.
    return refuse(
      context,
      'internetOutboundOff',
      alias,
      undefined,
      `A caller from the Internet may call connected organisations, not ${host}`,
    );
  }
  const uri = user === '' ? `sip:${host}` : `sip:${escapeNonAscii(user)}@${host}`;
  trace?.(steps.internet(uri));
  return { outcome: 'routes', alias, key: aliasKey(alias), organisation: undefined, routes: [{ kind: 'internet', zone, uri }] };
}

/** A URI is ASCII; anything else is escaped as UTF-8 (RFC 3986 §2.5). Halves of surrogate pairs, which have no UTF-8, cannot get here. */
function escapeNonAscii(user: string): string {
  return user.replace(/[^\x21-\x7e\p{Cs}]+/gu, encodeURIComponent);
}

function refuse(
  context: Context,
  refusal: RefusalCode,
  alias: CanonicalAlias | undefined,
  organisation: Organisation | undefined,
  detail: string,
): Resolution {
  context.trace?.(steps.refused(refusal, detail));
  return { outcome: 'refused', alias, organisation, refusal, detail };
}
