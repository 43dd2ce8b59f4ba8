import type { MemberId } from '../../../state/member-store.js';
import type { Binding } from '../../registry/registration.js';
import type { SipRequest } from '../message/message.js';
import { parseNameAddr } from '../message/name-addr.js';
import { parseSipUri, type SipUri } from '../message/uri.js';
import type { Flow } from '../transport/flow.js';
import { udpRemote } from '../transport/flow-id.js';
import type { ProxyContext } from './context.js';
import type { DialogSide } from './dialog.js';
import { DistantFlow } from './distant-flow.js';
import { weaker } from './flow-holders.js';
import { flowTokenOf } from './flow-relay.js';
import { turnOfLost } from './lost-route.js';
import { openFirst } from './open-first.js';

/** The way to one side of a dialog, open. */
export interface Hop {
  /** What the request is sent on. */
  readonly flow: Flow;
  /** The endpoint's own flow, by which media are judged and its next messages known: `flow`, but where another instance has it. */
  readonly endpoint: Flow;
  /** So many of the Route's first values are of no use on this way. */
  readonly drop: number;
  /** To be put on top of Route then. */
  readonly route: string | undefined;
  /** The instance at the end of `flow`, where it is to pass the request on. */
  readonly holder?: MemberId;
  /** Where to turn when that instance has the endpoint's connection no more, or is lost (`HopRun`). */
  readonly otherwise?: Next;
}

type Next = () => Promise<Hop | undefined>;

/** As much of a dialog's side as the way to it needs. */
export type HopSide = Pick<DialogSide, 'flow' | 'alias' | 'zone'>;

/** Where a request inside a dialog goes. */
export interface HopRequest {
  /** The Request-URI. */
  readonly uri: string;
  /** Route values that are left. */
  readonly routes: readonly string[];
  readonly callId: string;
}

/**
 * Whether a contact is reached over the flow its owner used. A contact on another host than the messages come from is behind a NAT
 * (RFC 3581, RFC 5626 §1): only the flow reaches it. On the same host over UDP its port is its word; a connection always is.
 */
export function reachedOverFlow(contact: SipUri, flow: Pick<Flow, 'closed' | 'reliable' | 'remote'>): boolean {
  if (flow.closed) return false;
  if (flow.reliable) return true;
  if (contact.host !== flow.remote.address) return true;
  return (contact.port ?? 5060) === flow.remote.port && transportOf(contact) === 'udp';
}

function transportOf(uri: SipUri): 'udp' | 'tcp' | 'tls' {
  if (uri.scheme === 'sips') return 'tls';
  const named = uri.params.get('transport');
  const lower = typeof named === 'string' ? named.toLowerCase() : 'udp';
  return lower === 'tcp' || lower === 'tls' ? lower : 'udp';
}

/**
 * Opens the way to one side of a dialog: over the first proxy of its route set, else to its contact (RFC 3261 §12.2.1.1, §16.6 step 7); over the
 * flow that is known to work, or the one that the endpoint has registered again over, at whichever instance that is.
 * Undefined: it cannot be reached.
 */
export function openHop(context: ProxyContext, request: HopRequest, side: HopSide): Hop | undefined | Promise<Hop | undefined> {
  const { routes } = request;
  const marks = flowMarks(context, request);
  const drop = marks?.count ?? 0;
  const route = routes[drop];
  const turn = route === undefined || marks ? undefined : turnOfLost(context, route, request.callId);
  if (turn) return openFirst(context, [turn]).then((flow) => flow && direct(flow));
  const text = route === undefined ? request.uri : parseNameAddr(route)?.uri;
  const uri = text === undefined ? undefined : parseSipUri(text);
  // A meeting service is where its flow leads, and nowhere else: its contact says no more than the meeting.
  const last = async () => (uri && side.zone.kind !== 'meetings' ? toUri(context, uri, route, side, drop) : undefined);
  if (marks) return overFlow(context, request, side, marks, last);
  if (!uri) return undefined;
  if (reachedOverFlow(uri, side.flow)) return direct(side.flow);
  return side.flow.closed ? overFlow(context, request, side, undefined, last) : last();
}

/** Changes a request's Route to what the way wants. */
export function takeHop(request: SipRequest, { drop, route }: Hop): void {
  for (let i = 0; i < drop; i++) request.removeFirst('route');
  if (route !== undefined) request.prepend('route', route);
}

function direct(flow: Flow, drop = 0): Hop {
  return { flow, endpoint: flow, drop, route: undefined };
}

async function toUri(context: ProxyContext, uri: SipUri, route: string | undefined, side: HopSide, drop: number): Promise<Hop | undefined> {
  const own = context.here.is(uri.host, uri.port) && route !== undefined ? context.here.target(transportOf(uri)) : undefined;
  // The next time round of a spiral: to ourselves, which look-ups refuse.
  // RFC 3261 leaves the remote target to its owner; an owner on the Internet must not lead us into private networks.
  const flow = await openFirst(context, own ? [own] : await context.locate(uri, side.zone.kind !== 'internet'));
  return flow && direct(flow, drop);
}

interface Marks {
  /** The flow by which the endpoint was reached when its dialog began. */
  readonly flow: string;
  readonly count: number;
}

/** The marks of flow relays on top of the Route. */
function flowMarks({ flowTokens }: ProxyContext, { routes, callId }: HopRequest): Marks | undefined {
  let marks: Marks | undefined;
  for (const route of routes) {
    const token = flowTokenOf(route);
    const flow = token === undefined ? undefined : flowTokens.readMark(token, callId);
    if (flow === undefined) break;
    marks = { flow, count: (marks?.count ?? 0) + 1 };
  }
  return marks;
}

function overFlow(
  context: ProxyContext,
  request: HopRequest,
  side: HopSide,
  marks: Marks | undefined,
  last: Next,
): Promise<Hop | undefined> {
  const bindings = (side.alias === undefined ? undefined : context.registrations.find(side.alias)?.bindings) ?? [];
  return openByFlow(context, request, bindings, [side.flow.id], marks, last);
}

/**
 * Over the endpoint's own flow, at whichever instance that is: the one that it was last known by while its registration still names that; else the
 * one that it has registered over since. Undefined: none of them is there.
 * @param known names of its flows, the latest first; those in the marks on top of the Route follow
 * @param last where to turn when none of them is there
 */
export function openByFlow(
  context: ProxyContext,
  request: HopRequest,
  bindings: readonly Binding[],
  known: readonly string[] = [],
  marks = flowMarks(context, request),
  last?: Next,
): Promise<Hop | undefined> {
  const before = marks ? [...known, marks.flow] : known;
  const named = before.filter((id) => bindings.some(({ flow }) => flow === id));
  const ids = [...new Set([...named, ...sameDevice(bindings, request.uri).map(({ flow }) => flow), ...before])];
  return firstOpen(context, { ids, before, callId: request.callId, drop: marks?.count ?? 0, last });
}

interface Candidates {
  /** Flows, the likeliest first. */
  readonly ids: readonly string[];
  /** Those that the dialog knows of itself. */
  readonly before: readonly string[];
  readonly callId: string;
  readonly drop: number;
  readonly last: Next | undefined;
}

async function firstOpen(context: ProxyContext, candidates: Candidates): Promise<Hop | undefined> {
  const { ids, before, callId, drop, last } = candidates;
  for (const [index, id] of ids.entries()) {
    const way = await context.holders.wayOver(id, callId);
    if (way?.at === 'here') return direct(way.flow, drop);
    const flow = way && (await openFirst(context, [way.target]));
    if (!way || !flow) continue;
    const otherwise = () => firstOpen(context, { ...candidates, ids: ids.slice(index + 1) });
    return { flow, endpoint: distantEnd(id, weaker(flow.transport, way.over)), drop, route: way.route, holder: way.holder, otherwise };
  }
  for (const id of before) {
    // Its instance is lost; datagrams can be sent from here as well, and a NAT may let them through.
    const remote = udpRemote(id);
    const flow = remote && context.transports.udpFlow(remote);
    if (flow) return direct(flow, drop);
  }
  return last?.();
}

/** The flow with this id at another instance; a message to it passes a link that may be less secure than it. */
export function distantEnd(id: string, transport: Flow['transport']): Flow {
  return new DistantFlow({ id, transport, remote: udpRemote(id) ?? { address: '', port: 0 }, certificateNames: [] });
}

/**
 * The bindings of the device with this contact, the likeliest first. A new connection often brings a new contact: then the device is told by its
 * instance (RFC 5626 §4.1), else by its address, and one that is the only one needs no telling.
 */
function sameDevice(bindings: readonly Binding[], contact: string): readonly Binding[] {
  const exact = bindings.filter((binding) => binding.contact === contact);
  if (bindings.length === 1) return bindings;
  const instance = exact.find((binding) => binding.instance !== '')?.instance;
  const host = parseSipUri(contact)?.host;
  const others = bindings.filter((binding) =>
    instance === undefined ? parseSipUri(binding.contact)?.host === host : binding.instance === instance,
  );
  return [...exact, ...others];
}
