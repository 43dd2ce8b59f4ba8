import { identify } from '../../plan/source-zone.js';
import type { Binding } from '../../registry/registration.js';
import type { SipRequest } from '../message/message.js';
import { parseNameAddr } from '../message/name-addr.js';
import { parseSipUri } from '../message/uri.js';
import { refusalResponse } from '../refusal-response.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import { loopHash } from './branch.js';
import type { ProxyContext } from './context.js';
import { isKnownEndpoint, registeredAs } from './dialog-sender.js';
import { Errand } from './errand.js';
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
  /** Undefined for an ACK. */
  readonly transaction: ServerTransaction | undefined;
}

/**
 * A request with a good token of a call that nobody can tell us about: the store is away, or has forgotten it. It goes on as it says itself, by
 * its Route and its Request-URI (RFC 3261 §16.6), so that a BYE still reaches the other party.
 */
export async function forwardForgotten(context: ProxyContext, asked: ForgottenRequest, errand: Errand | undefined): Promise<void> {
  const { request, flow, transaction } = asked;
  const media = mediaOf(request);
  const unfit = media && judgeMedia(media, strictest, flow.transport);
  if (unfit) {
    if (transaction) errand?.respond(refusalResponse(request, unfit));
    return;
  }
  const hop = await wayOf(context, request, flow);
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
  if (!transaction) {
    context.transactions.sendStateless(copy, hop.flow);
    return;
  }
  (errand ?? new Errand(context, transaction)).send(copy, hop.flow, {
    failed: () => transaction.respond(refusalResponse(request, 'callUnknown', 'The other side of the call cannot be reached')),
    instead: (response) => {
      const { status } = response;
      if (request.method === 'BYE' && ((status >= 200 && status < 300) || status === 481)) context.sessions.noteHungUp(asked.key);
      const answer = response.status < 300 ? mediaOf(response) : undefined;
      const open = answer && (judgeMedia(answer, strictest, hop.endpoint.transport) ?? judgeMedia(answer, strictest, flow.transport));
      return open && refusalResponse(request, 'answerNotEncrypted');
    },
  });
}

async function wayOf(context: ProxyContext, request: SipRequest, sender: Flow): Promise<Hop | undefined> {
  const routes = request.has('route') ? request.list('route') : [];
  const [route] = routes;
  // An endpoint on a connection is reached by that, here or at the instance that has it.
  const bindings = route === undefined ? bindingsOf(context, request) : [];
  const hop = await openByFlow(context, { uri: request.uri, routes, callId: request.callId }, bindings);
  if (hop) return hop;
  const uri = parseSipUri(route === undefined ? request.uri : (parseNameAddr(route)?.uri ?? ''));
  if (!uri || context.here.is(uri.host, uri.port)) return undefined;
  // Whom we do not know may not lead us into private networks.
  const flow = await openFirst(context, await context.locate(uri, isKnownEndpoint(context, request, sender)));
  return flow && { flow, endpoint: flow, drop: 0, route: undefined };
}

/** Those with the Request-URI as their contact. */
function bindingsOf({ plan, registrations }: ProxyContext, request: SipRequest): readonly Binding[] {
  const names = [request.to.uri, parseSipUri(request.uri)?.user ?? ''];
  const known = names.flatMap((name) => {
    const alias = registeredAs(plan(), name);
    return (alias === undefined ? undefined : registrations.find(alias)?.bindings) ?? [];
  });
  return known.filter(({ contact }) => contact === request.uri);
}
