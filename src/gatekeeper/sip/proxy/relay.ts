import type { Member } from '../../../state/member-store.js';
import type { SipRequest } from '../message/message.js';
import { usesSdes } from '../sdp-policy.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { type FellowLink, linkTo } from './fellow-link.js';
import { addVia, lowerMaxForwards } from './forward.js';
import { mediaOf } from './media-policy.js';
import { type OwnRoutes, tokenParam } from './record-route.js';
import { type RelayedSender, relayParam } from './relayed-sender.js';

/** A request inside a call that this instance does not have. */
export interface AskedElsewhere {
  readonly request: SipRequest;
  readonly routes: OwnRoutes;
  readonly sender: RelayedSender;
  /** Undefined for an ACK. */
  readonly transaction: ServerTransaction | undefined;
}

/** A request as another instance is to get it, and the way there. */
export interface Relay {
  readonly copy: SipRequest;
  readonly flow: Flow;
}

/** Marks our Via on what is passed on to another instance: it may come back, with the order to pass it on over a connection of ours. */
const relayHash = 'relay';

/**
 * Prepares a request of this call for the instance that has it. Undefined: that one is gone or cannot be reached. `exposed`: keys that came by TLS
 * would leave in clear, be it to another instance.
 */
export async function relayTo(
  context: ProxyContext,
  asked: AskedElsewhere,
  id: string,
  member: Member | undefined,
): Promise<Relay | 'exposed' | undefined> {
  const link = member && (await linkTo(context, member, asked.sender.flow.transport));
  if (!link) return undefined;
  return exposes(asked, link) ? 'exposed' : { copy: copyFor(context, asked, id, link), flow: link.flow };
}

function exposes({ request, sender }: AskedElsewhere, link: FellowLink): boolean {
  if (sender.flow.transport !== 'tls' || link.flow.transport === 'tls') return false;
  const media = mediaOf(request);
  return media !== undefined && (usesSdes(media) || media.problem !== undefined);
}

function copyFor(
  { here, tokens, relayed }: ProxyContext,
  { request, routes, sender }: AskedElsewhere,
  id: string,
  link: FellowLink,
): SipRequest {
  const copy = request.clone();
  lowerMaxForwards(copy);
  // A token proves something of its own call alone, and this one was found by its Call-ID perhaps.
  const told = relayed.write(request, { flow: sender.flow, token: sender.token && routes.key === id });
  copy.prepend('route', `<${link.uri};lr;${tokenParam}=${tokens.make(id, request.callId)};${relayParam}=${told}>`);
  addVia(copy, here, link.flow, relayHash);
  return copy;
}
