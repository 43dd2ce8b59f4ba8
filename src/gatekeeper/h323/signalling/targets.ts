import type { RefusalCode } from '../../calls/reasons.js';
import { isLoopback } from '../../net/address.js';
import { noMeetingsInH323 } from '../../plan/meetings-zone.js';
import { prefixOfKey } from '../../plan/normalise.js';
import type { H323NeighbourZone, Zone } from '../../plan/plan.js';
import { identify } from '../../plan/source-zone.js';
import type { Binding } from '../../registry/registration.js';
import type { NeighbourRoute, RegistrationRoute, Route } from '../../routing/route.js';
import { aliasAddressOf } from '../alias-address.js';
import type { ConnectTarget, KnownEndpoint, LocateQuestion, SignallingContext, SocketAddress } from './context.js';
import { CALL_SIGNALLING_PORT } from './protocol.js';

/** One place to send a Setup to. */
export interface CallTarget {
  readonly zone: Zone;
  readonly address: SocketAddress;
  readonly secure: boolean;
  /** Whom to call there, canonical. */
  readonly alias: string;
  /** For logs and records: never more than what the plan or the registration says. */
  readonly label: string;
  /** The registered endpoint that is called. */
  readonly endpointId: string | undefined;
  /** The same, where another instance has it. */
  readonly endpoint?: KnownEndpoint | undefined;
  /** What led here, when it was asked of a neighbour. */
  readonly question: LocateQuestion | undefined;
}

export type Expansion =
  /** `others`: the routes of the same zone that are left should the targets take no call. */
  | { readonly targets: readonly CallTarget[]; readonly others?: readonly Route[] }
  | { readonly refusal: RefusalCode; readonly detail: string };

export interface Expanded {
  readonly expansion: Expansion | Promise<Expansion>;
  /** How many of the routes it covers: those of a neighbour zone are asked together. */
  readonly routes: number;
}

/** Whose routes they are. */
export interface CalledParty {
  /** Canonical: a gateway is called for it under a prefix. */
  readonly alias: string;
  /** 32 hex digits. */
  readonly callIdentifier: string;
}

/** Where the next of these routes leads; undefined: there is none left. */
export function expandNext(
  context: SignallingContext,
  routes: readonly Route[],
  { alias, callIdentifier }: CalledParty,
): Expanded | undefined {
  const [route] = routes;
  switch (route?.kind) {
    case undefined:
      return undefined;
    case 'registration':
      return { expansion: expandRegistration(context, route, alias), routes: 1 };
    case 'neighbour': {
      const together = sameZone(routes, route.zone.id);
      return { expansion: expandNeighbour(context, together, callIdentifier), routes: together.length };
    }
    case 'internet':
      return { expansion: expandInternet(context, route.zone, route.uri), routes: 1 };
    case 'peer':
      return { expansion: { refusal: 'interworkingUnavailable', detail: `${route.peer.id} is a SIP peer` }, routes: 1 };
    case 'meeting':
      return { expansion: { refusal: 'meetingsUnavailable', detail: noMeetingsInH323 }, routes: 1 };
  }
}

function sameZone(routes: readonly Route[], zone: string): NeighbourRoute[] {
  const together: NeighbourRoute[] = [];
  for (const route of routes) {
    if (route.kind !== 'neighbour' || route.zone.id !== zone) break;
    together.push(route);
  }
  return together;
}

/** The endpoints that registered the alias, those with resources to spare first (H.225.0 §7.16). */
function expandRegistration(context: SignallingContext, route: RegistrationRoute, alias: string): Expansion | Promise<Expansion> {
  const { registration } = route;
  if (registration.protocol !== 'h323') return { refusal: 'interworkingUnavailable', detail: `${alias} is registered over SIP` };
  const here: KnownEndpoint[] = [];
  const others: Binding[] = [];
  for (const binding of registration.bindings) {
    const endpoint = context.endpoints.find(binding.instance);
    if (endpoint) here.push(endpoint);
    else others.push(binding);
  }
  if (others.length === 0) return targetsOf(here, [], route, alias);
  return Promise.all(others.map((binding) => context.endpoints.elsewhere(registration, binding))).then((there) =>
    targetsOf(
      here,
      there.flatMap((endpoint) => endpoint ?? []),
      route,
      alias,
    ),
  );
}

function targetsOf(
  here: readonly KnownEndpoint[],
  there: readonly KnownEndpoint[],
  { registration, zone }: RegistrationRoute,
  alias: string,
): Expansion {
  const endpoints = [...here, ...there].sort((a, b) => Number(a.almostOutOfResources) - Number(b.almostOutOfResources));
  if (endpoints.length === 0) return { refusal: 'calleeUnreachable', detail: `Where the endpoint of ${alias} is called is not known` };
  const prefix = prefixOfKey(registration.alias);
  const label = prefix === undefined ? `registration ${registration.alias}` : `prefix ${prefix}`;
  return {
    targets: endpoints.map((endpoint) => ({
      ...targetOf(endpoint, { zone, alias, label }),
      ...(there.includes(endpoint) && { endpoint }),
    })),
  };
}

function targetOf(endpoint: KnownEndpoint, called: Pick<CallTarget, 'zone' | 'alias' | 'label'>): CallTarget {
  const { tlsAddress, signalAddress, id } = endpoint;
  const address = tlsAddress ?? signalAddress;
  return { ...called, address, secure: tlsAddress !== undefined, endpointId: id, question: undefined };
}

async function expandNeighbour(context: SignallingContext, routes: readonly NeighbourRoute[], callIdentifier: string): Promise<Expansion> {
  const [first] = routes;
  if (first?.zone.kind !== 'h323-neighbour') return { refusal: 'zoneUnreachable', detail: 'The route has no neighbour' };
  const zone: H323NeighbourZone = first.zone;
  const question: LocateQuestion = {
    zone,
    peers: routes.map(({ peer }) => peer),
    alias: aliasAddressOf(first.alias),
    callIdentifier,
    hopCount: undefined,
  };
  const located = await context.neighbours.locate(question);
  switch (located.outcome) {
    case 'found': {
      const { signalAddress: address, secure, peerId } = located;
      if (context.isOwn(address)) {
        return { refusal: 'loopDetected', detail: `${peerId} answered the LRQ for ${first.alias} with our own address` };
      }
      const foreign = foreignZone(context, zone, address);
      if (foreign !== undefined) {
        return { refusal: 'zoneUnreachable', detail: `${peerId} answered the LRQ for ${first.alias} with ${address.address}, ${foreign}` };
      }
      // An answer that others of the same zone were asked for; those that are left are asked by themselves.
      if (!routes.some(({ peer }) => peer.id === peerId)) {
        return { refusal: 'zoneUnreachable', detail: `${peerId} took no call for ${first.alias}` };
      }
      const target = { zone, address, secure, alias: first.alias, label: `neighbour ${peerId}`, endpointId: undefined, question };
      return { targets: [target], others: routes.filter(({ peer }) => peer.id !== peerId) };
    }
    case 'rejected':
      return {
        refusal: 'calleeNotRegistered',
        detail: `The gatekeeper of zone ${zone.id} does not know ${first.alias} (LRJ ${located.reason})`,
      };
    case 'silent':
      return { refusal: 'zoneUnreachable', detail: `No gatekeeper of zone ${zone.id} answered the LRQ for ${first.alias}` };
  }
}

/** An address that was dialled as it is; a name would be the domain of somebody who speaks SIP, as far as anybody can tell. */
function expandInternet(context: SignallingContext, zone: Zone, uri: string): Expansion {
  const [, user = '', host = '', port] = /^sip:(?:([^@]*)@)?(\[[0-9a-f:]+\]|[0-9.]+)(?::([0-9]+))?$/.exec(uri) ?? [];
  if (host === '') return { refusal: 'interworkingUnavailable', detail: `${uri} is reached over SIP` };
  const address = { address: host.replace(/^\[|\]$/g, ''), port: port === undefined ? CALL_SIGNALLING_PORT : Number(port) };
  const owner = ownerOfAddress(context, address);
  if (owner !== undefined) {
    // It would get round that zone's rules: its encryption, its licences, its record.
    return { refusal: 'internetOutboundOff', detail: `${host} is not on the Internet: ${owner}. Dial the number or name of who is there` };
  }
  return {
    targets: [{ zone, address, secure: false, alias: user, label: `internet ${host}`, endpointId: undefined, question: undefined }],
  };
}

/** Why a neighbour may not send a call to this address: it is another zone's, whose rules hold there. Undefined: it may. */
function foreignZone(context: SignallingContext, zone: H323NeighbourZone, { address, port }: SocketAddress): string | undefined {
  const there = identify(context.plan(), { remote: { address, port }, certificateNames: [] });
  if (there && there.id !== zone.id) return `which belongs to zone ${there.id}`;
  const [endpoint] = context.endpoints.atAddress(address);
  if (endpoint && endpoint.zone !== zone.id) return `where an endpoint of zone ${endpoint.zone} is registered`;
  const local = isLoopback(address) && !zone.peers.some(({ host }) => isLoopback(host));
  return local ? 'which is loopback' : undefined;
}

/** Whose an address is that was dialled or named; undefined: somebody's out on the Internet. */
function ownerOfAddress(context: SignallingContext, { address, port }: SocketAddress): string | undefined {
  if (context.isOwn({ address, port })) return 'it is this gatekeeper';
  const [endpoint] = context.endpoints.atAddress(address);
  if (endpoint) return `an endpoint of zone ${endpoint.zone} is registered from there`;
  const zone = identify(context.plan(), { remote: { address, port }, certificateNames: [] });
  if (zone) return `it belongs to zone ${zone.id}`;
  return context.isPublic(address) ? undefined : 'it is an address of a private network';
}

export function connectTarget(target: CallTarget, timeoutMs: number): ConnectTarget {
  return { ...target.address, secure: target.secure, timeoutMs };
}
