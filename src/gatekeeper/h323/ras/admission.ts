import { type RefusalCode, refusals } from '../../calls/reasons.js';
import { aliasKey, expandExtension, normalise } from '../../plan/normalise.js';
import type { Zone } from '../../plan/plan.js';
import { resolve } from '../../routing/resolver.js';
import type { Resolution } from '../../routing/route.js';
import { aliasAddressOf, writtenAlias } from '../alias-address.js';
import type { AdmissionConfirm, AdmissionRejectReason, AdmissionRequest, AliasAddress } from '../asn1/h225.js';
import type { BandwidthResult } from './bandwidth.js';
import { callIdOf, plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';
import { socketAddress, transportAddress } from './transport-address.js';
import type { Known } from './who.js';

/** ARQ: may I make, or answer, this call? (H.225.0 §7.11). Every call goes through us, so that the answer to where is always ourselves. */
export function admissionRequest(context: RasContext, request: AdmissionRequest, incoming: Incoming): Reply | Promise<Reply> {
  const known = context.who.known(incoming, request.endpointIdentifier, request, 'from its source');
  if (!known.ok) {
    if (known.why === 'unknown') return rejectUnknown(context, request, incoming);
    const { reason, sentence, zone } = known;
    tell(context, incoming, { type: 'admissionRequest', reason: reason.type, sentence, endpointId: request.endpointIdentifier, zone });
    // SecurityErrors2, which ARJ has, holds all that a token can be rejected for.
    return { message: { type: 'admissionReject', value: { requestSeqNum: request.requestSeqNum, rejectReason: reason } } };
  }
  return request.answerCall ? answering(context, request, incoming, known) : calling(context, request, incoming, known);
}

type Asker = Known & { readonly ok: true };

/** H.225.0 §7.11.3: callerNotRegistered is what makes an endpoint register again. */
function rejectUnknown(context: RasContext, request: AdmissionRequest, incoming: Incoming): Reply {
  const reason = plain<AdmissionRejectReason>('callerNotRegistered');
  const sentence = refusals.endpointNotRegistered.sip.warning;
  tell(context, incoming, { type: 'admissionRequest', reason: reason.type, sentence, endpointId: request.endpointIdentifier });
  return { message: { type: 'admissionReject', value: { requestSeqNum: request.requestSeqNum, rejectReason: reason } } };
}

function calling(context: RasContext, request: AdmissionRequest, incoming: Incoming, asker: Asker): Reply | Promise<Reply> {
  const { endpoint, zone } = asker;
  const callIdentifier = callIdOf(request);
  if (isOfOthers(context, callIdentifier, endpoint.id)) return rejectTaken(context, request, incoming, asker);
  const found = destination(context, request, zone);
  if (found.resolution === undefined) {
    return refuse(
      context,
      request,
      incoming,
      asker,
      'addressUnreadable',
      found.dialled,
      'The ARQ names nobody to call: destinationInfo is empty',
    );
  }
  if (found.resolution.outcome === 'refused') {
    return refuse(context, request, incoming, asker, found.resolution.refusal, found.dialled, found.resolution.detail);
  }
  const { dialled, resolution } = found;
  const admitted = (bandwidth: BandwidthResult): Reply => {
    if (!bandwidth.ok) {
      if (bandwidth.over) return rejectOver(context, request, incoming, asker);
      return refuse(context, request, incoming, asker, 'bandwidthExhausted', dialled);
    }
    // Another may have come with the same identifier while the store was asked.
    if (isOfOthers(context, callIdentifier, endpoint.id)) {
      context.bandwidth.release(callIdentifier, endpoint.id);
      return rejectTaken(context, request, incoming, asker);
    }
    const { granted } = bandwidth;
    // Once the call is there its end gives the bandwidth back; an admission beside it would lapse, and do so while the call goes on.
    if (!context.callDirectory.find(callIdentifier))
      context.admissions.put({ callIdentifier, endpointId: endpoint.id, dialled, bandwidth: granted, at: incoming.now });
    const mapped = request.canMapAlias === true ? mappedAlias(dialled, resolution, zone) : undefined;
    return confirm(context, request, incoming, asker, granted, mapped);
  };
  const asked = context.bandwidth.ask({ callIdentifier, party: endpoint.id, zone: zone.id, bandwidth: request.bandWidth });
  return asked instanceof Promise ? asked.then(admitted) : admitted(asked);
}

function isOfOthers({ admissions, callDirectory }: RasContext, callIdentifier: string, endpointId: string): boolean {
  const call = callDirectory.find(callIdentifier);
  if (call) return !call.endpoints.includes(endpointId);
  const admission = admissions.find(callIdentifier);
  return admission !== undefined && admission.endpointId !== endpointId;
}

/** The one who is called asks as well. Its call came through us: if it did not, somebody called it past us, which we do not allow. */
function answering(context: RasContext, request: AdmissionRequest, incoming: Incoming, asker: Asker): Reply | Promise<Reply> {
  const { endpoint, zone } = asker;
  const callIdentifier = callIdOf(request);
  const call = context.callDirectory.find(callIdentifier);
  if (!call?.endpoints.includes(endpoint.id)) {
    const sentence = 'The endpoint was called past the gatekeeper, or the call is over: let the caller call through the gatekeeper';
    return reject(context, request, incoming, asker, plain('requestDenied'), sentence);
  }
  const admitted = (bandwidth: BandwidthResult): Reply => {
    if (bandwidth.ok) return confirm(context, request, incoming, asker, bandwidth.granted, undefined);
    if (bandwidth.over) return rejectOver(context, request, incoming, asker);
    return reject(context, request, incoming, asker, plain('requestDenied'), refusals.bandwidthExhausted.sip.warning);
  };
  const asked = context.bandwidth.ask({ callIdentifier, party: endpoint.id, zone: zone.id, bandwidth: request.bandWidth });
  return asked instanceof Promise ? asked.then(admitted) : admitted(asked);
}

function rejectTaken(context: RasContext, request: AdmissionRequest, incoming: Incoming, asker: Asker): Reply {
  const sentence = 'The callIdentifier is that of a call of another endpoint: each call needs an identifier of its own';
  return reject(context, request, incoming, asker, plain('requestDenied'), sentence);
}

/** It hung up before it was answered. As one that hangs up after the answer and before its Setup, it leaves no record. */
function rejectOver(context: RasContext, request: AdmissionRequest, incoming: Incoming, asker: Asker): Reply {
  return reject(context, request, incoming, asker, plain('requestDenied'), 'The call was over before its bandwidth was decided');
}

interface Destination {
  readonly dialled: string;
  readonly resolution: Resolution | undefined;
}

/** H.225.0 §7.11.1: several aliases name the same destination; the first that leads somewhere counts, otherwise what became of the first. */
function destination(context: RasContext, request: AdmissionRequest, zone: Zone): Destination {
  let first: Destination | undefined;
  for (const dialled of dialledIn(context, request)) {
    const from = { zone, organisation: zone.organisation };
    const resolution = resolve(context.plan(), context.registrations, context.health, { dialled, from }, { ownHosts: context.ownHosts });
    if (resolution.outcome === 'routes') return { dialled, resolution };
    first ??= { dialled, resolution };
  }
  return first ?? { dialled: '', resolution: undefined };
}

/** Aliases of one request that are looked up. */
const MAX_ALIASES = 8;

function* dialledIn(
  { endpoints, isOwn }: RasContext,
  { destinationInfo = [], destCallSignalAddress }: AdmissionRequest,
): IterableIterator<string> {
  let named = false;
  for (const alias of destinationInfo.slice(0, MAX_ALIASES)) {
    const text = writtenAlias(alias);
    if (text === undefined) continue;
    named = true;
    yield text;
  }
  const address = destCallSignalAddress && socketAddress(destCallSignalAddress);
  if (named || !address || isOwn(address)) return;
  // An address that is an endpoint's own means that endpoint, with the rules that hold for it; any other is `alias@ip` without an alias.
  const [alias] = endpoints.findBySignalAddress(address)?.aliases ?? [];
  yield alias ?? `[${address.address}]:${address.port}`;
}

/** What was dialled after the plan's transforms, for an endpoint that takes another alias into its Setup; an extension stays as it is. */
function mappedAlias(dialled: string, resolution: Resolution & { readonly outcome: 'routes' }, zone: Zone): AliasAddress | undefined {
  if (resolution.alias.kind === 'address') return undefined;
  const alias = normalise(dialled);
  const key = alias && aliasKey(alias);
  if (key === resolution.key) return undefined;
  if (alias?.kind === 'number' && zone.organisation && expandExtension(alias.number, zone.organisation) === resolution.key)
    return undefined;
  return aliasAddressOf(resolution.key);
}

function confirm(
  context: RasContext,
  request: AdmissionRequest,
  { local }: Incoming,
  { answer }: Asker,
  bandWidth: number,
  mapped: AliasAddress | undefined,
): Reply {
  const featureSet = context.features?.answer(request.featureSet, local);
  const value: AdmissionConfirm = {
    requestSeqNum: request.requestSeqNum,
    bandWidth,
    callModel: { type: 'gatekeeperRouted', value: null },
    destCallSignalAddress: transportAddress(context.signalAddress(local)),
    ...(mapped && { destinationInfo: [mapped] }),
    willRespondToIRR: true,
    uuiesRequested: NO_UUIES,
    ...(featureSet && { featureSet }),
  };
  return { message: { type: 'admissionConfirm', value }, answer };
}

/** All call signalling goes through us: no copies of it are wanted in IRRs. */
const NO_UUIES = {
  setup: false,
  callProceeding: false,
  connect: false,
  alerting: false,
  information: false,
  releaseComplete: false,
  facility: false,
  progress: false,
  empty: false,
  status: false,
  statusInquiry: false,
  setupAcknowledge: false,
  notify: false,
} as const;

/** A call that ends before it begins has its record all the same, as over SIP. */
function refuse(
  context: RasContext,
  request: AdmissionRequest,
  incoming: Incoming,
  asker: Asker,
  code: RefusalCode,
  dialled: string,
  detail?: string,
): Reply {
  const { endpoint, zone } = asker;
  const caller = { zone: zone.id, organisation: zone.organisation.id, alias: endpoint.aliases[0] ?? '', protocol: 'h323' } as const;
  const { h323, sip } = refusals[code];
  context.calls.begin({ caller, dialled, signallingId: callIdOf(request) }).end(code, h323.q850, detail);
  return reject(context, request, incoming, asker, plain(h323.admission), detail ?? sip.warning);
}

function reject(
  context: RasContext,
  { requestSeqNum }: AdmissionRequest,
  incoming: Incoming,
  { endpoint, zone, answer }: Asker,
  rejectReason: AdmissionRejectReason,
  sentence: string,
): Reply {
  tell(context, incoming, { type: 'admissionRequest', reason: rejectReason.type, sentence, endpointId: endpoint.id, zone });
  return { message: { type: 'admissionReject', value: { requestSeqNum, rejectReason } }, answer };
}
