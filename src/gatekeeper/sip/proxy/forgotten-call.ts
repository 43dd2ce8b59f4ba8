import { isIP } from 'node:net';
import type { Plan } from '../../plan/plan.js';
import { identify } from '../../plan/source-zone.js';
import type { Binding } from '../../registry/registration.js';
import type { SipRequest } from '../message/message.js';
import { parseNameAddr } from '../message/name-addr.js';
import { parseSipUri, type SipUri } from '../message/uri.js';
import { refusalResponse } from '../refusal-response.js';
import type { Flow } from '../transport/flow.js';
import { loopHash } from './branch.js';
import type { ProxyContext } from './context.js';
import { registeredAs } from './dialog-sender.js';
import type { Errand } from './errand.js';
import { addVia, lowerMaxForwards } from './forward.js';
import { type Hop, openByFlow, takeHop } from './hop.js';
import { dropForeignIdentities } from './identity-headers.js';
import { judgeMedia, type MediaRule, mediaOf } from './media-policy.js';
import { openFirst } from './open-first.js';

/** Whose zones the parties are is not known: what passes any zone may pass. */
const strictest: MediaRule = { encryption: 'required', signalling: 'secure' };

export interface ForgottenRequest {
  readonly request: SipRequest;
  readonly flow: Flow;
  /** The call, by the token. */
  readonly key: string;
}

/**
 * A BYE or ACK with a good token of a call that nobody can tell us about while the store is away. It goes on as it says itself, by its Route and
 * its Request-URI (RFC 3261 §16.6), so that the other party still hears of the end. Nothing that would do more than end a call goes on so: a token
 * is good for as long as its call is remembered by anybody.
 * @param errand undefined for an ACK
 */
export async function forwardForgotten(context: ProxyContext, asked: ForgottenRequest, errand: Errand | undefined): Promise<void> {
  const { request, flow } = asked;
  const media = mediaOf(request);
  const unfit = media && judgeMedia(media, strictest, flow.transport);
  if (unfit) {
    errand?.respond(refusalResponse(request, unfit));
    return;
  }
  const hop = await wayOf(context, request);
  if (errand?.over) return;
  const exposed = media && hop && judgeMedia(media, strictest, hop.endpoint.transport);
  if (!hop || exposed) {
    errand?.respond(refusalResponse(request, exposed ?? 'callUnknown'));
    return;
  }
  const copy = request.clone();
  const sender = identify(context.plan(), flow) ?? context.plan().zones.get('internet');
  if (sender) dropForeignIdentities(context.plan(), copy, sender);
  lowerMaxForwards(copy);
  takeHop(copy, hop);
  addVia(copy, context.here, hop.flow, loopHash(request));
  if (!errand) {
    context.transactions.sendStateless(copy, hop.flow);
    return;
  }
  errand.send(copy, hop.flow, {
    failed: () => errand.respond(refusalResponse(request, 'callUnknown', 'The other side of the call cannot be reached')),
    instead: (response) => {
      const { status } = response;
      // Whoever has the call hears of it when the store is back. Not by a 481: the tags are the sender's word, and nobody has looked at them.
      if (request.method === 'BYE' && status >= 200 && status < 300) {
        context.sessions.noteHungUp(asked.key);
        context.over(asked.key);
      }
      const answer = response.status < 300 ? mediaOf(response) : undefined;
      const open = answer && (judgeMedia(answer, strictest, hop.endpoint.transport) ?? judgeMedia(answer, strictest, flow.transport));
      return open && refusalResponse(request, 'answerNotEncrypted');
    },
  });
}

async function wayOf(context: ProxyContext, request: SipRequest): Promise<Hop | undefined> {
  const routes = request.has('route') ? request.list('route') : [];
  const [route] = routes;
  const bindings = bindingsOf(context, request, route);
  // An endpoint on a connection is reached by that, here or at the instance that has it.
  const hop = await openByFlow(context, { uri: request.uri, routes, callId: request.callId }, route === undefined ? bindings : []);
  if (hop) return hop;
  const uri = parseSipUri(route === undefined ? request.uri : (parseNameAddr(route)?.uri ?? ''));
  if (!uri || context.here.is(uri.host, uri.port)) return undefined;
  // Into private networks it leads only whom it led before: to what somebody has registered, or what the plan names.
  const flow = await openFirst(context, await context.locate(uri, bindings.length > 0 || isTrunk(context.plan(), uri)));
  return flow && { flow, endpoint: flow, drop: 0, route: undefined };
}

/** Those with the Request-URI as their contact; with a Route, those that are reached by way of it (RFC 3327 §5). */
function bindingsOf({ plan, registrations }: ProxyContext, request: SipRequest, route: string | undefined): readonly Binding[] {
  const names = [request.to.uri, parseSipUri(request.uri)?.user ?? ''];
  const known = names.flatMap((name) => {
    const alias = registeredAs(plan(), name);
    return (alias === undefined ? undefined : registrations.find(alias)?.bindings) ?? [];
  });
  return known.filter(({ contact, path }) => contact === request.uri && (route === undefined || path.includes(route)));
}

function isTrunk(plan: Plan, { host, port = 5060 }: SipUri): boolean {
  if (isIP(host) !== 0) return identify(plan, { remote: { address: host, port }, certificateNames: [] })?.kind === 'sip-trunk';
  for (const zone of plan.zones.values()) if (zone.kind === 'sip-trunk' && zone.peers.some((peer) => peer.host === host)) return true;
  return false;
}
