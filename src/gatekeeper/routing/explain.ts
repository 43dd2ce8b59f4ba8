import { type RefusalCode, refusals } from '../calls/reasons.js';
import { phoneDigits } from '../plan/dialled.js';
import { parseHostPort } from '../plan/host.js';
import { meetingsZone, noMeetingsInH323 } from '../plan/meetings-zone.js';
import { aliasKey, normalise, numberAtDomain, prefixKey, prefixOfKey } from '../plan/normalise.js';
import { seriesOfPrefix } from '../plan/ownership.js';
import type { E164, H323GatewayZone, HostedZone, OrganisationId, PermanentMeeting, Plan, Zone } from '../plan/plan.js';
import type { Registration, RegistrationIndex } from '../registry/registration.js';
import { type ResolveOptions, resolve } from './resolver.js';
import type { CanonicalAlias, MeetingRoute, PeerHealthView, Resolution, ResolveRequest, Route, Step } from './route.js';
import * as steps from './steps.js';

type Protocol = Registration['protocol'];

export interface ExplainRequest {
  readonly dialled: string;
  /** Who calls: an organisation's id, or `internet` for a caller from outside (when no organisation is called so). */
  readonly fromOrganisation: OrganisationId;
}

export interface ExplainOptions extends Omit<ResolveOptions, 'trace'> {
  /** What the caller speaks. Default: SIP. */
  readonly protocol?: Protocol;
  /** Whether the internet zone may lead to this IP literal. Default: to any. */
  readonly isReachable?: (address: string) => boolean;
  /** Whether there is a meeting service. Default: none. */
  readonly meetings?: boolean;
}

/** Why a call goes where it goes: plain data, ready for JSON. */
export interface Explanation {
  readonly dialled: string;
  readonly from: string;
  /** The canonical alias that was looked up at last; null: what was dialled cannot be read. */
  readonly alias: string | null;
  readonly organisation: OrganisationId | null;
  readonly steps: readonly Step[];
  readonly outcome: 'routes' | 'refused';
  /** In the order in which they are tried. Empty: refused. */
  readonly routes: readonly ExplainedRoute[];
  readonly refusal: ExplainedRefusal | null;
  /** The address is right and would reach an endpoint that registers this alias in this zone; null when that is not what is missing. */
  readonly wouldReach: { readonly alias: string; readonly zone: string } | null;
  /** Callers that would be refused where this one is not, or for another reason, dialling the same address in full. */
  readonly refusedCallers: readonly { readonly from: string; readonly refusal: RefusalCode; readonly text: string }[];
  /** What the zones on the way ask of the call itself, and how a call without it is refused. */
  readonly conditions: readonly { readonly zone: string; readonly refusal: RefusalCode; readonly text: string }[];
}

export interface ExplainedRoute {
  readonly kind: Route['kind'];
  readonly zone: string | null;
  /** Where the request goes: contacts, peer, meeting or URI. */
  readonly target: readonly string[];
  readonly text: string;
}

export interface ExplainedRefusal {
  readonly code: RefusalCode;
  readonly status: number;
  readonly text: string;
}

/**
 * Resolves and tells every step. Pure, if `options.random` is. Throws a RangeError, whose message lists the organisations there are, when
 * the plan has no such caller.
 */
export function explainRoute(
  plan: Plan,
  index: RegistrationIndex,
  health: PeerHealthView,
  request: ExplainRequest,
  options: ExplainOptions = {},
): Explanation {
  const from = callerIn(plan, request.fromOrganisation);
  if (from === undefined) {
    const known = [...plan.organisations.keys(), ...(plan.internet ? ['internet'] : [])].join(', ');
    throw new RangeError(`The plan has no organisation ${JSON.stringify(request.fromOrganisation)}; it has: ${known}`);
  }
  const trace: Step[] = [];
  const secure = /^(?:[^<]*<)?\s*sips:/i.test(request.dialled);
  const { protocol = 'sip', isReachable = () => true, meetings = false } = options;
  const policy: CallPolicy = { secure, protocol, isReachable, meetings };
  const callTo = (dialled: string, caller: ResolveRequest['from'], tell?: (step: Step) => void): Resolution =>
    whatACallGets(
      resolve(plan, index, health, { dialled, from: caller }, { ...options, ...(tell && { trace: tell }) }),
      caller,
      policy,
      tell,
    );
  const resolution = callTo(request.dialled, from, (step) => trace.push(step));
  const alias = resolution.outcome === 'routes' ? resolution.key : resolution.alias && aliasKey(resolution.alias);
  return {
    dialled: request.dialled,
    from: request.fromOrganisation,
    alias: alias ?? null,
    organisation: resolution.organisation?.id ?? null,
    steps: trace,
    outcome: resolution.outcome,
    routes: resolution.outcome === 'routes' ? resolution.routes.map((route) => explainedRoute(route, secure)) : [],
    refusal: resolution.outcome === 'refused' ? explainedRefusal(resolution.refusal, resolution.detail) : null,
    wouldReach: wouldReach(plan, resolution),
    refusedCallers:
      alias === undefined ? [] : refusedCallers(plan, request.fromOrganisation, resolution, (caller) => callTo(alias, caller)),
    conditions: conditions(from.zone, resolution, policy),
  };
}

interface CallPolicy {
  /** What was dialled is a `sips:` URI: it goes over TLS or nowhere (RFC 5630 §3.1.3). */
  readonly secure: boolean;
  readonly protocol: Protocol;
  readonly isReachable: (address: string) => boolean;
  readonly meetings: boolean;
}

/** Routes that a call could not take in this version, or may not, become the refusal that the caller would get. */
function whatACallGets(
  resolution: Resolution,
  caller: ResolveRequest['from'],
  policy: CallPolicy,
  tell?: (step: Step) => void,
): Resolution {
  if (resolution.outcome === 'refused') return resolution;
  const { alias, organisation } = resolution;
  const refused = resolution.routes.map((route) => refusalOf(route, caller, policy));
  const [first] = refused;
  if (first === undefined || refused.includes(undefined)) return resolution;
  tell?.(steps.refused(first.refusal, first.detail));
  return { outcome: 'refused', alias, organisation, ...first };
}

function refusalOf(
  route: Route,
  caller: ResolveRequest['from'],
  policy: CallPolicy,
): { refusal: RefusalCode; detail: string | undefined } | undefined {
  const spoken = protocolOf(route);
  if (spoken !== undefined && spoken !== policy.protocol) return { refusal: 'interworkingUnavailable', detail: undefined };
  switch (route.kind) {
    case 'meeting':
      if (policy.protocol === 'h323') return { refusal: 'meetingsUnavailable', detail: noMeetingsInH323 };
      if (!policy.meetings) return { refusal: 'meetingsUnavailable', detail: undefined };
      return mayJoin(permanentOf(route), caller) ? undefined : { refusal: 'meetingNotForYou', detail: undefined };
    case 'internet': {
      const where = parseHostPort(route.uri.replace(/^sips?:(?:.*@)?/, ''));
      if (where?.kind !== 'address' || policy.isReachable(where.host)) return undefined;
      return { refusal: 'addressUnknown', detail: `${where.host} is no public address, and calls to the Internet go to no other` };
    }
    case 'peer':
      return policy.secure && route.peer.transport !== 'tls' ? { refusal: 'sipsUnreachable', detail: undefined } : undefined;
    case 'registration':
    case 'neighbour':
      return undefined;
  }
}

/** Undefined: it was made through the API, or is not there at all. */
function permanentOf({ series, meeting }: MeetingRoute): PermanentMeeting | undefined {
  return series.permanent.get(meeting as E164);
}

function mayJoin(meeting: PermanentMeeting | undefined, { organisation }: ResolveRequest['from']): boolean {
  if (!meeting) return true;
  if (!meeting.roomSystems || (meeting.admits !== 'everybody' && organisation === undefined)) return false;
  return meeting.admits !== 'organisation' || organisation?.id === meeting.organisation;
}

/** What is spoken at a route's end; what a meeting takes is its own business. */
function protocolOf(route: Route): Protocol | undefined {
  switch (route.kind) {
    case 'meeting':
      return undefined;
    case 'registration':
      return route.registration.protocol;
    case 'neighbour':
      return 'h323';
    case 'peer':
    case 'internet':
      return 'sip';
  }
}

/** A caller of this organisation, in its first zone; `internet`: one from outside. Undefined: the plan knows none. */
export function callerIn(plan: Plan, id: OrganisationId): ResolveRequest['from'] | undefined {
  const organisation = plan.organisations.get(id);
  const zone = organisation?.zones[0];
  if (zone) return { zone, organisation };
  return id === 'internet' && plan.internet ? { zone: plan.internet, organisation: undefined } : undefined;
}

/**
 * An index in which these aliases are registered, each as one made-up contact in the zone that the plan gives it: what
 * `portvakt route --register` needs where no service runs. A prefix with a star (`46201*`) is a gateway's. `rejected`: texts that are no
 * alias of a zone in which endpoints register.
 * @param protocol what endpoints in hosted zones registered with; gateways speak H.323
 */
export function pretendRegistered(
  plan: Plan,
  aliases: readonly string[],
  protocol: Protocol = 'sip',
): { readonly index: RegistrationIndex; readonly rejected: readonly string[] } {
  const registrations = new Map<string, Registration>();
  const rejected: string[] = [];
  for (const text of aliases) {
    const registration = pretended(plan, text, protocol);
    if (registration) registrations.set(registration.alias, registration);
    else rejected.push(text);
  }
  return { index: registrationIndex(registrations), rejected };
}

function registrationIndex(registrations: ReadonlyMap<string, Registration>): RegistrationIndex {
  return { find: (alias) => registrations.get(alias), size: registrations.size };
}

function pretended(plan: Plan, text: string, spoken: Protocol): Registration | undefined {
  const prefix = text.endsWith('*') ? phoneDigits(text.slice(0, -1)) : undefined;
  if (prefix !== undefined) {
    const zone = seriesOfPrefix(plan, prefix)?.zone;
    return zone?.kind === 'h323-gateway' ? registrationIn(zone, prefixKey(prefix), 'h323') : undefined;
  }
  const read = normalise(text);
  if (read === undefined) return undefined;
  const number = numberAtDomain(read, plan);
  const zone = zoneOf(plan, number === undefined ? read : { kind: 'number', number });
  if (zone?.kind === 'h323-gateway') return registrationIn(zone, number ?? aliasKey(read), 'h323');
  return zone?.kind === 'hosted' ? registrationIn(zone, number ?? aliasKey(read), spoken) : undefined;
}

function registrationIn(zone: HostedZone | H323GatewayZone, alias: string, protocol: Protocol): Registration {
  const contact = protocol === 'sip' ? `<sip:${alias.replace(/@.*$/, '')}@endpoint.invalid>` : 'h323:endpoint.invalid:1720';
  const binding = { contact, expiresAt: Number.MAX_SAFE_INTEGER, q: 1000, callId: '', cseq: 0, instance: '', regId: 0, path: [], flow: '' };
  return { alias, organisation: zone.organisation.id, zone: zone.id, protocol, bindings: [binding] };
}

/** `secure`: it was dialled as `sips:`, and stays that (RFC 3261 §19.1). */
function explainedRoute(route: Route, secure: boolean): ExplainedRoute {
  switch (route.kind) {
    case 'registration': {
      const { alias, bindings } = route.registration;
      const target = bindings.map((binding) => binding.contact);
      const prefix = prefixOfKey(alias);
      const who = prefix === undefined ? `the endpoint registered as ${alias}` : `the gateway registered for the prefix ${prefix}`;
      return { kind: route.kind, zone: route.zone.id, target, text: `to ${who}: ${target.join(', ')}` };
    }
    case 'peer':
    case 'neighbour':
      return { kind: route.kind, zone: route.zone.id, target: [route.peer.id], text: `to ${route.alias} at peer ${route.peer.id}` };
    case 'meeting':
      return { kind: route.kind, zone: null, target: [route.meeting], text: meetingText(route) };
    case 'internet': {
      const uri = secure ? route.uri.replace(/^sip:/, 'sips:') : route.uri;
      return { kind: route.kind, zone: route.zone.id, target: [uri], text: `out to the Internet: ${uri}` };
    }
  }
}

function meetingText(route: MeetingRoute): string {
  const permanent = permanentOf(route);
  if (!permanent) return `into meeting ${route.meeting}, if it is there: the plan has no permanent meeting of this number`;
  return `into meeting ${route.meeting}, "${permanent.title}", of ${permanent.organisation}`;
}

function explainedRefusal(code: RefusalCode, detail: string | undefined): ExplainedRefusal {
  return { code, status: refusals[code].sip.status, text: detail ?? refusals[code].sip.warning };
}

function wouldReach(plan: Plan, resolution: Resolution): Explanation['wouldReach'] {
  if (resolution.outcome === 'routes' || resolution.refusal !== 'calleeNotRegistered' || !resolution.alias) return null;
  const zone = zoneOf(plan, resolution.alias);
  return zone ? { alias: aliasKey(resolution.alias), zone: zone.id } : null;
}

/** The zone that the plan gives the alias to; a number only when it is whole. */
function zoneOf(plan: Plan, alias: CanonicalAlias): Zone | undefined {
  const match = alias.kind === 'number' ? plan.series.lookup(alias.number) : undefined;
  if (alias.kind === 'uri') return plan.domains.get(alias.domain)?.zone;
  return match?.exact ? match.series.zone : undefined;
}

function refusedCallers(
  plan: Plan,
  asked: string,
  resolution: Resolution,
  callFrom: (caller: ResolveRequest['from']) => Resolution,
): Explanation['refusedCallers'] {
  const refusal = resolution.outcome === 'refused' ? resolution.refusal : undefined;
  const refused: { from: string; refusal: RefusalCode; text: string }[] = [];
  for (const id of new Set([...plan.organisations.keys(), 'internet'])) {
    const from = id === asked ? undefined : callerIn(plan, id);
    const other = from && callFrom(from);
    if (other?.outcome !== 'refused' || other.refusal === refusal) continue;
    refused.push({ from: id, refusal: other.refusal, text: other.detail ?? refusals[other.refusal].sip.warning });
  }
  // A plan without an internet zone has no such caller to ask for: whoever matches no zone is nobody.
  if (!plan.internet) refused.push({ from: 'internet', refusal: 'callerUnknown', text: refusals.callerUnknown.sip.warning });
  return refused;
}

function conditions(from: Zone, resolution: Resolution, { secure, protocol }: CallPolicy): Explanation['conditions'] {
  const zones = new Set<Zone>([from]);
  if (resolution.outcome === 'routes') {
    for (const route of resolution.routes) zones.add(route.kind === 'meeting' ? meetingsZone() : route.zone);
  }
  const found: { zone: string; refusal: RefusalCode; text: string }[] = [];
  if (secure && resolution.outcome === 'routes')
    found.push({ zone: from.id, refusal: 'sipsUnreachable', text: refusals.sipsUnreachable.sip.warning });
  for (const { id, kind, encryption, signalling } of zones) {
    const add = (refusal: RefusalCode): void => void found.push({ zone: id, refusal, text: refusals[refusal].sip.warning });
    if (encryption === 'required') add('mediaNotEncrypted');
    // Nothing that goes to the meeting service can be read on its way.
    if (signalling === 'secure' && protocol === 'sip' && kind !== 'meetings') add('keysInClear');
  }
  return found;
}

/** The explanation as numbered sentences, a line each, for a terminal. */
export function formatExplanation(explanation: Explanation): string {
  const { dialled, from, steps, routes, refusal, wouldReach: missing, refusedCallers: others, conditions: asked } = explanation;
  const lines = [`${JSON.stringify(dialled)} dialled from ${from}:`];
  steps.forEach((step, index) => {
    lines.push(`${String(index + 1).padStart(3)}. ${step.text}`);
  });
  if (refusal) {
    lines.push('', `Result: refused (${refusal.code}, SIP ${refusal.status}).`);
    if (missing) lines.push(`It would reach an endpoint registered as ${missing.alias} in zone ${missing.zone}.`);
  } else {
    lines.push('', `Result: ${routes.length} route${routes.length === 1 ? '' : 's'}, tried in this order:`);
    routes.forEach((route, index) => {
      lines.push(`${String(index + 1).padStart(3)}. ${route.text}${route.zone === null ? '' : ` (zone ${route.zone})`}`);
    });
  }
  if (asked.length > 0)
    lines.push(
      '',
      'What the zones ask of such a call, or refuse it:',
      ...asked.map(({ zone, refusal: code, text }) => `  - zone ${zone}, ${code}: ${text}.`),
    );
  if (others.length > 0)
    lines.push('', 'Other callers that would be refused:', ...others.map((other) => `  - ${other.from}, ${other.refusal}: ${other.text}.`));
  return `${lines.join('\n')}\n`;
}
