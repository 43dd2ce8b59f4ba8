import type { MemberId } from '../../../state/member-store.js';
import type { RefusalCode } from '../../calls/reasons.js';
import type { OrganisationId, Zone } from '../../plan/plan.js';
import type { Binding } from '../../registry/registration.js';
import type { InternetRoute, PeerRoute, RegistrationRoute, Route } from '../../routing/route.js';
import { formatHostPort } from '../message/host.js';
import type { SipRequest } from '../message/message.js';
import { parseNameAddr } from '../message/name-addr.js';
import { formatSipUri, parseSipUri, type SipUri } from '../message/uri.js';
import type { Flow, Target } from '../transport/flow.js';
import { transportOfFlow, udpRemote } from '../transport/flow-id.js';
import type { ProxyContext } from './context.js';
import { weaker } from './flow-holders.js';
import { distantEnd, reachedOverFlow } from './hop.js';
import { expandMeeting } from './meeting-target.js';
import { uriText } from './uri-text.js';

/** One place to send a request to. */
export interface HopTarget {
  readonly zone: Zone;
  /** The Request-URI there. */
  readonly uri: string;
  /** Route values there (RFC 3327 §5: a registration's Path). */
  readonly routes: readonly string[];
  readonly hop: Flow | Target;
  /** The endpoint's own flow, where `hop` is the instance that has it: media are judged by it. Undefined: nothing stands between. */
  readonly endpoint: Flow | undefined;
  /** The instance that `hop` is, then. */
  readonly holder?: MemberId | undefined;
  /** For logs and records: never more than what the plan or the registration says. */
  readonly label: string;
  /** Of a meeting: whose it is. */
  readonly organisation?: OrganisationId | undefined;
  /** Set: silence means this peer is down. */
  readonly peerId: string | undefined;
}

/** Targets of one group are tried at the same time, groups one after another. */
export type TargetGroup = readonly HopTarget[];

export type Expansion =
  | {
      readonly groups: readonly TargetGroup[];
      /** Where to turn when nobody there took the request; `answered`: but said why. */
      readonly again?: (answered: boolean) => Promise<Expansion>;
    }
  | { readonly refusal: RefusalCode };

/**
 * Where one route leads. Waits only where a name must be looked up (RFC 3263), or a meeting. `over`: whether nobody waits for it any more.
 */
export function expandRoute(
  context: ProxyContext,
  route: Route,
  { uri: requestUri, callId }: Pick<SipRequest, 'uri' | 'callId'>,
  over: () => boolean,
): Expansion | Promise<Expansion> {
  switch (route.kind) {
    case 'registration':
      return expandRegistration(context, route, callId);
    case 'peer':
      return expandPeer(context, route);
    case 'internet':
      return expandInternet(context, route, requestUri);
    case 'meeting':
      return expandMeeting(context, route, callId, over);
    case 'neighbour':
      return { refusal: 'interworkingUnavailable' };
  }
}

/** Contacts of equal preference ring together; the next preference follows (RFC 3261 §16.6, "q"). */
async function expandRegistration(context: ProxyContext, route: RegistrationRoute, callId: string): Promise<Expansion> {
  if (route.registration.protocol !== 'sip') return { refusal: 'interworkingUnavailable' };
  const groups = new Map<number, HopTarget[]>();
  for (const binding of route.registration.bindings) {
    const way = await wayToBinding(context, binding, callId);
    if (!way) continue;
    const target: HopTarget = {
      zone: route.zone,
      uri: binding.contact,
      routes: way.route === undefined ? binding.path : [way.route, ...binding.path],
      hop: way.hop,
      endpoint: way.endpoint,
      holder: way.holder,
      label: `registration ${route.registration.alias}`,
      peerId: undefined,
    };
    const group = groups.get(binding.q);
    if (group) group.push(target);
    else groups.set(binding.q, [target]);
  }
  if (groups.size === 0) return { refusal: 'calleeUnreachable' };
  return { groups: [...groups.entries()].sort(([a], [b]) => b - a).map(([, group]) => group) };
}

interface BindingWay {
  readonly hop: Flow | Target;
  /** Above the Path. */
  readonly route?: string;
  readonly endpoint: Flow | undefined;
  readonly holder?: MemberId;
}

async function wayToBinding(context: ProxyContext, binding: Binding, callId: string): Promise<BindingWay | undefined> {
  const contact = parseSipUri(binding.contact);
  if (!contact) return undefined;
  const own = context.transports.flow(binding.flow);
  // With a Path the flow leads to the proxy that the REGISTER came through, which is the Path's top value.
  if (own && !own.closed && (binding.path.length > 0 || reachedOverFlow(contact, own))) return { hop: own, endpoint: undefined };
  if (!own && onlyByFlow(binding, contact)) {
    const way = await context.holders.wayOver(binding.flow, callId);
    if (way?.at === 'there') {
      const { target, route, over, holder } = way;
      return { hop: target, route, holder, endpoint: distantEnd(binding.flow, weaker(target.transport, over)) };
    }
    const remote = udpRemote(binding.flow);
    // Its instance is gone: datagrams can be sent from here as well, and its NAT may let them through.
    if (remote) return { hop: { transport: 'udp', ...remote }, endpoint: undefined };
    if (binding.path.length === 0 && isClientPort(contact.port)) return undefined;
  }
  // RFC 5626 §5.3: an outbound binding lives and dies with its flow.
  if (binding.instance !== '' && binding.regId > 0) return undefined;
  // RFC 3327 §5: without the flow it still goes by the Path, whose first proxy knows the way.
  const first = binding.path[0];
  const next = first === undefined ? contact : parseSipUri(parseNameAddr(first)?.uri ?? '');
  const target = next && (await context.locate(next, true))[0];
  return target && { hop: target, endpoint: undefined };
}

/** Whether a flow that is not ours is the way: a connection is; an association, where it leads to what the contact says or to a NAT before it. */
function onlyByFlow({ flow, path }: Binding, contact: SipUri): boolean {
  const remote = udpRemote(flow);
  return remote ? path.length > 0 || reachedOverFlow(contact, { closed: false, reliable: false, remote }) : transportOfFlow(flow) !== 'udp';
}

/**
 * Whether the contact is but the client's end of the connection it made: nobody listens at a port that the system gave (Linux begins at
 * 32,768, RFC 6335 §6 at 49,152), and a call need not wait until that shows.
 */
function isClientPort(port: number | undefined): boolean {
  return port !== undefined && port >= 32_768;
}

function expandPeer(context: ProxyContext, route: PeerRoute): Expansion | Promise<Expansion> {
  const { peer, zone } = route;
  const transport = peer.transport === 'udp' ? '' : `;transport=${peer.transport}`;
  const hostPort = formatHostPort(peer.host, peer.port);
  const alias = uriText(route.alias);
  const uri = alias.includes('@') ? `sip:${alias}` : `sip:${alias}@${hostPort}${transport}`;
  const group = (hop: Target): TargetGroup => [
    { zone, uri, routes: [], hop, endpoint: undefined, label: `peer ${peer.id}`, peerId: peer.id },
  ];
  const located: SipUri | undefined = parseSipUri(`sip:${hostPort};transport=${peer.transport}`);
  if (!located) return { refusal: 'zoneUnreachable' };
  return context
    .locate(located, true)
    .then((targets) => (targets.length === 0 ? { refusal: 'zoneUnreachable' } : { groups: targets.slice(0, 4).map(group) }));
}

/** The Request-URI as it came, with its port, its parameters and its sips, unless a transform led somewhere else. */
async function expandInternet(context: ProxyContext, route: InternetRoute, requestUri: string): Promise<Expansion> {
  const dialled = parseSipUri(requestUri);
  const routed = parseSipUri(uriText(route.uri));
  const same = dialled && routed && dialled.host === routed.host && dialled.user.toLowerCase() === routed.user.toLowerCase();
  const uri = same ? dialled : routed;
  const targets = uri ? await context.locate(uri, false) : [];
  if (targets.length === 0) return { refusal: 'addressUnknown' };
  const label = `internet ${uri?.host ?? ''}`;
  return {
    groups: targets.map((hop) => [
      { zone: route.zone, uri: uri ? formatSipUri(uri) : route.uri, routes: [], hop, endpoint: undefined, label, peerId: undefined },
    ]),
  };
}
