import type { Timer } from '../../../clock.js';
import { refusals } from '../../calls/reasons.js';
import type { H323NeighbourZone, Zone } from '../../plan/plan.js';
import { resolve } from '../../routing/resolver.js';
import type { NeighbourRoute, Resolution } from '../../routing/route.js';
import { aliasAddressOf, writtenAlias } from '../alias-address.js';
import type { LocationConfirm, LocationRejectReason, LocationRequest, RequestInProgress } from '../asn1/h225.js';
import { hexOf } from '../call-identifier.js';
import type { AnswerSigner } from '../h235/answer-signer.js';
import { plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';
import { type SocketAddress, socketAddress, transportAddress } from './transport-address.js';

/** Aliases of one request that are looked up. */
const MAX_ALIASES = 8;

/** Sends an answer in progress (RIP), to where the answer goes as well. */
export type Progress = (message: RequestInProgress, to: SocketAddress) => void;

interface Asker {
  readonly zone: Zone;
  readonly answer: AnswerSigner | undefined;
}

type Routes = Resolution & { readonly outcome: 'routes' };

/**
 * LRQ: where is this alias? (H.225.0 §7.13). Neighbours may ask, registered endpoints and gateways, and the Internet where the plan lets its
 * calls in. Calls go through us, so that the answer is always our own call-signalling address.
 */
export function locationRequest(
  context: RasContext,
  request: LocationRequest,
  incoming: Incoming,
  progress: Progress,
): Reply | Promise<Reply> {
  const asker = whoAsks(context, request, incoming);
  if (!asker.ok) return reject(context, request, incoming, undefined, asker.reason, asker.sentence);
  const { zone } = asker;
  let refused: (Resolution & { readonly outcome: 'refused' }) | undefined;
  for (const alias of request.destinationInfo.slice(0, MAX_ALIASES)) {
    const dialled = writtenAlias(alias);
    if (dialled === undefined) continue;
    const from = { zone, organisation: zone.organisation };
    const resolution = resolve(context.plan(), context.registrations, context.health, { dialled, from }, { ownHosts: context.ownHosts });
    if (resolution.outcome === 'routes') return routed(context, request, incoming, asker, resolution, progress);
    refused ??= resolution;
  }
  if (!refused)
    return reject(
      context,
      request,
      incoming,
      asker,
      plain('incompleteAddress'),
      'The LRQ names nobody: destinationInfo holds no alias that can be dialled',
    );
  const { h323, sip } = refusals[refused.refusal];
  return reject(context, request, incoming, asker, plain(h323.location), refused.detail ?? sip.warning);
}

type WhoAsks = (Asker & { readonly ok: true }) | { readonly ok: false; readonly reason: LocationRejectReason; readonly sentence: string };

function whoAsks(context: RasContext, request: LocationRequest, incoming: Incoming): WhoAsks {
  if (request.endpointIdentifier !== undefined) {
    const known = context.who.known(incoming, request.endpointIdentifier, request);
    if (known.ok) return { ok: true, zone: known.zone, answer: known.answer };
    if (known.why === 'denied') return { ok: false, reason: known.reason, sentence: known.sentence };
  }
  const there = context.who.zoneAt(incoming.from);
  if (there?.kind === 'h323-neighbour') return { ok: true, zone: there, answer: undefined };
  const { internet } = context.plan();
  if (!there && internet?.inbound) return { ok: true, zone: internet, answer: undefined };
  const sentence = `${incoming.from.address} is no neighbour and not registered: make it a peer of an h323-neighbour zone in the address plan`;
  return { ok: false, reason: plain('invalidPermission'), sentence };
}

function routed(
  context: RasContext,
  request: LocationRequest,
  incoming: Incoming,
  asker: Asker,
  resolution: Routes,
  progress: Progress,
): Reply | Promise<Reply> {
  const neighbours = resolution.routes.filter((route): route is NeighbourRoute => route.kind === 'neighbour');
  const [first] = neighbours;
  if (first?.zone.kind !== 'h323-neighbour') return confirm(context, request, incoming, asker, resolution);
  if (first.zone === asker.zone) {
    return reject(
      context,
      request,
      incoming,
      asker,
      plain('notRegistered'),
      `${resolution.key} is of zone ${first.zone.id}, which asks for it: it is nowhere else`,
    );
  }
  // H.225.0 §7.13.1: how many gatekeepers the question may still pass, the next one included.
  const hopCount = request.hopCount === undefined ? undefined : request.hopCount - 1;
  if (hopCount === 0) return reject(context, request, incoming, asker, plain('hopCountExceeded'), refusals.tooManyHops.sip.warning);
  return askOn(context, request, incoming, asker, resolution, first.zone, neighbours, hopCount, progress);
}

async function askOn(
  context: RasContext,
  request: LocationRequest,
  incoming: Incoming,
  asker: Asker,
  resolution: Routes,
  zone: H323NeighbourZone,
  routes: readonly NeighbourRoute[],
  hopCount: number | undefined,
  progress: Progress,
): Promise<Reply> {
  const { timeoutMs } = context.settings.lrq;
  const atMost = zone.search === 'parallel' ? timeoutMs : timeoutMs * routes.length;
  // Before the one who asks gives up, who may be as impatient as we are (H.225.0 §7.17).
  const waiting: Timer = context.clock.after(timeoutMs / 2, () =>
    progress(
      { requestSeqNum: request.requestSeqNum, delay: Math.min(65_535, Math.max(1, Math.ceil(atMost))) },
      replyAddress(context, request, incoming),
    ),
  );
  const alias = aliasAddressOf(routes[0]?.alias ?? resolution.key);
  const callIdentifier = request.callIdentifier && hexOf(request.callIdentifier.guid);
  const peers = routes.map(({ peer }) => peer);
  const located = await context.neighbours.locate({ zone, peers, alias, callIdentifier, hopCount, sourceInfo: request.sourceInfo });
  waiting.cancel();
  switch (located.outcome) {
    case 'found':
      return confirm(context, request, incoming, asker, resolution);
    case 'rejected':
      return reject(
        context,
        request,
        incoming,
        asker,
        plain('notRegistered'),
        `${zone.id} (${located.peerId}) does not know ${resolution.key}: ${located.reason}`,
      );
    case 'silent':
      return reject(
        context,
        request,
        incoming,
        asker,
        plain(refusals.zoneUnreachable.h323.location),
        `No peer of zone ${zone.id} answers: ask ${zone.organisation.contact.address}`,
      );
  }
}

function confirm(context: RasContext, request: LocationRequest, incoming: Incoming, { answer }: Asker, { key, alias }: Routes): Reply {
  const { local } = incoming;
  const featureSet = context.features?.answer(request.featureSet, local);
  const mapped = request.canMapAlias === true && alias.kind !== 'address' ? [aliasAddressOf(key)] : request.destinationInfo;
  const value: LocationConfirm = {
    requestSeqNum: request.requestSeqNum,
    callSignalAddress: transportAddress(context.signalAddress(local)),
    rasAddress: transportAddress(context.rasAddress(local)),
    destinationInfo: mapped,
    ...(featureSet && { featureSet }),
  };
  return { message: { type: 'locationConfirm', value }, answer, to: replyAddress(context, request, incoming) };
}

function reject(
  context: RasContext,
  request: LocationRequest,
  incoming: Incoming,
  asker: Asker | undefined,
  rejectReason: LocationRejectReason,
  sentence: string,
): Reply {
  // To all at once the question was only whether somebody knows it.
  if (incoming.multicast) return undefined;
  tell(context, incoming, {
    type: 'locationRequest',
    reason: rejectReason.type,
    sentence,
    endpointId: request.endpointIdentifier,
    zone: asker?.zone,
  });
  const { requestSeqNum } = request;
  return {
    message: { type: 'locationReject', value: { requestSeqNum, rejectReason } },
    answer: asker?.answer,
    to: replyAddress(context, request, incoming),
  };
}

/**
 * H.225.0 §7.13.1: answers go to replyAddress, which is not always where the LRQ came from. An address of another host is followed only
 * within one neighbour: nobody shall make us send to others, and no stranger shall make us answer a question that a neighbour never asked.
 */
export function replyAddress({ who }: RasContext, request: LocationRequest, { from }: Incoming): SocketAddress {
  const told = socketAddress(request.replyAddress);
  if (!told) return from;
  if (told.address === from.address) return told;
  const zone = who.zoneAt(told);
  return zone?.kind === 'h323-neighbour' && who.zoneAt(from) === zone ? told : from;
}
