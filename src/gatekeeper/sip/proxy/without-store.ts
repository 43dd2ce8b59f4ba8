import type { Member } from '../../../state/member-store.js';
import { refusalResponse } from '../refusal-response.js';
import { Bell } from './bell.js';
import type { ProxyContext } from './context.js';
import type { Errand } from './errand.js';
import { forwardForgotten } from './forgotten-call.js';
import { type AskedElsewhere, relayTo } from './relay.js';

/** So many other instances are asked. */
const maxAsked = 4;
/** Silence after which the instance that the token came from is given up: the party behind it may take its time. */
const namedMs = 2000;
/** The same, of one that most likely has nothing to do with the call. */
const otherMs = 500;

/** What became of it. `nobody`: it is the caller's to answer. */
export type WithoutStore = 'done' | 'nobody';

/**
 * A request with the token of a call that this instance does not have, while the store cannot be asked. The instance that has it may well be alive:
 * those that are known are asked one after the other, first the one that the token came from. If none of them has it, a BYE goes on as it says itself,
 * and nothing else does.
 * @param errand undefined for an ACK
 */
export async function goOnWithoutStore(
  context: ProxyContext,
  asked: AskedElsewhere,
  key: string,
  errand: Errand | undefined,
): Promise<WithoutStore> {
  const { from } = asked.routes;
  const named = from && context.fellows.at(from.host, from.port);
  const members = context.fellows.some(maxAsked, named);
  if (!errand) {
    await spreadAck(context, asked, key, members);
    return 'done';
  }
  for (const member of members) {
    await ask(context, asked, key, { errand, member, waitMs: member === named ? namedMs : otherMs });
    if (errand.over || errand.sent) return 'done';
  }
  if (asked.request.method !== 'BYE') return 'nobody';
  await forwardForgotten(context, { request: asked.request, flow: asked.sender.flow, key }, errand);
  return 'done';
}

interface Attempt {
  readonly errand: Errand;
  readonly member: Member;
  readonly waitMs: number;
}

/** Afterwards the errand is with that instance, or with nobody. */
async function ask(context: ProxyContext, asked: AskedElsewhere, key: string, { errand, member, waitMs }: Attempt): Promise<void> {
  const relay = await relayTo(context, asked, key, member);
  if (!relay || errand.over) return;
  const { request } = asked;
  if (relay === 'exposed') {
    errand.respond(refusalResponse(request, 'keysInClear'));
    return;
  }
  const bell = new Bell();
  const turn = bell.anew();
  bell.onFailure = () => errand.respond(refusalResponse(request, 'overloaded', unreachable));
  let isTrying = false;
  let isItsOwn = false;
  errand.send(relay.copy, relay.flow, {
    heard: ({ status }) => {
      // To an INVITE everybody says 100 first.
      isTrying = true;
      if (status > 100) turn.ring('heard');
    },
    failed: () => turn.ring('failed'),
    declines: ({ status }) => {
      if (isItsOwn || status !== 481) return false;
      turn.ring('declined');
      return true;
    },
  });
  const rang = await bell.wait(context.clock, waitMs);
  isItsOwn = true;
  if (rang === 'silent' && !isTrying) errand.takeBack();
}

export const unreachable = 'The instance that has this call does not answer: try again in a moment';

/** Nobody tells whether an ACK has arrived, and one that comes twice does no harm: it goes to all, and on. */
async function spreadAck(context: ProxyContext, asked: AskedElsewhere, key: string, members: readonly Member[]): Promise<void> {
  for (const member of members) {
    const relay = await relayTo(context, asked, key, member);
    if (relay && relay !== 'exposed') context.transactions.sendStateless(relay.copy, relay.flow);
  }
  await forwardForgotten(context, { request: asked.request, flow: asked.sender.flow, key }, undefined);
}
