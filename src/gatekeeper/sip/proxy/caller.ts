import type { RefusalCode } from '../../calls/reasons.js';
import { meetingsZone } from '../../plan/meetings-zone.js';
import { aliasKey, normalise, numberAtDomain } from '../../plan/normalise.js';
import { ownerOf } from '../../plan/ownership.js';
import type { Organisation, Plan, Zone } from '../../plan/plan.js';
import { identify } from '../../plan/source-zone.js';
import type { Authenticator } from '../authenticator.js';
import type { Here } from '../here.js';
import type { MeetingDoor } from '../meeting-door.js';
import type { SipRequest, SipResponse } from '../message/message.js';
import { parseSipUri } from '../message/uri.js';
import type { Flow } from '../transport/flow.js';

export type CallerResult =
  | { readonly ok: true; readonly zone: Zone; readonly organisation: Organisation | undefined; readonly alias: string }
  /** `refusal`: it is not the first challenge; what was given was wrong. */
  | { readonly ok: false; readonly challenge: SipResponse; readonly refusal: RefusalCode | undefined }
  | { readonly ok: false; readonly challenge: undefined; readonly refusal: RefusalCode; readonly zone: Zone | undefined };

const refused = (refusal: RefusalCode, zone?: Zone): CallerResult => ({ ok: false, challenge: undefined, refusal, zone });

/**
 * Who makes this request: a zone known by certificate or address, else an endpoint that proves it with digest, else the Internet.
 * A From that claims another organisation's number or domain is refused, whoever sends it.
 */
export function identifyCaller(plan: Plan, here: Here, authenticator: Authenticator, request: SipRequest, flow: Flow): CallerResult {
  const known = identify(plan, flow);
  if (known) return withIdentity(plan, here, request, known);
  if (request.has('proxy-authorization') || claimsHostedAddress(plan, here, request)) {
    const outcome = authenticator.authenticate(request, flow, 'proxy');
    if (!outcome.ok) return { ok: false, challenge: outcome.challenge, refusal: outcome.refusal };
    return withIdentity(plan, here, request, outcome.zone);
  }
  if (!plan.internet) return refused('callerUnknown');
  if (!plan.internet.inbound) return refused('internetInboundOff', plan.internet);
  return withIdentity(plan, here, request, plan.internet);
}

/** Out of which meeting our own meeting service makes this request: From says it. It is the meeting's organisation that calls. */
export function identifyMeeting(plan: Plan, meetings: MeetingDoor, request: SipRequest): CallerResult {
  const alias = normalise(request.from.uri);
  const number = alias && numberAtDomain(alias, plan);
  if (alias?.kind !== 'uri' || alias.domain !== plan.meetings.domain) return refused('callerIdentityForeign', meetingsZone());
  const id = meetings.organisationOf(number ?? alias.user);
  const organisation = id === undefined ? undefined : plan.organisations.get(id);
  if (!organisation) return refused('meetingUnknown', meetingsZone());
  return { ok: true, zone: meetingsZone(organisation), organisation, alias: number ?? aliasKey(alias) };
}

/** A From at our own host or at a hosted domain can only be one of the endpoints that log on here. */
function claimsHostedAddress(plan: Plan, here: Here, request: SipRequest): boolean {
  const uri = parseSipUri(request.from.uri);
  if (!uri) return false;
  return here.is(uri.host, uri.port) || plan.domains.get(uri.host)?.zone?.kind === 'hosted';
}

function withIdentity(plan: Plan, here: Here, request: SipRequest, zone: Zone): CallerResult {
  const organisation = zone.organisation;
  const uri = parseSipUri(request.from.uri);
  const text = uri && here.is(uri.host, uri.port) ? uri.user : request.from.uri;
  const alias = normalise(text);
  // Meetings are nobody's but the meeting service's, which is identified otherwise.
  if (alias?.kind === 'uri' && alias.domain === plan.meetings.domain) return refused('callerIdentityForeign', zone);
  const owner = alias && ownerOf(plan, alias);
  if (owner !== undefined && owner !== organisation) return refused('callerIdentityForeign', zone);
  const number = alias && numberAtDomain(alias, plan);
  return { ok: true, zone, organisation, alias: number ?? (alias ? aliasKey(alias) : text.slice(0, 128)) };
}
