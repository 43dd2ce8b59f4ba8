import { aliasKey, normalise } from '../../plan/normalise.js';
import type { Zone } from '../../plan/plan.js';
import { writtenAlias } from '../alias-address.js';
import type { AliasAddress, UnregistrationRequest, UnregRejectReason } from '../asn1/h225.js';
import type { AnswerSigner } from '../h235/answer-signer.js';
import { plain } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';
import type { Endpoint } from './endpoint.js';
import { readAliases } from './terminal-aliases.js';
import { firstSocketAddress } from './transport-address.js';

/** URQ from an endpoint: it leaves, or lets go of some of its aliases (H.225.0 §7.10). Its calls go on. */
export async function unregistrationRequest(context: RasContext, request: UnregistrationRequest, incoming: Incoming): Promise<Reply> {
  const { requestSeqNum } = request;
  const reject = (rejectReason: UnregRejectReason, sentence: string, zone?: Zone, answer?: AnswerSigner): Reply => {
    const endpointId = request.endpointIdentifier;
    context.observer.rejected({
      type: 'unregistrationRequest',
      reason: rejectReason.type,
      sentence,
      source: incoming.from.address,
      endpointId,
      zone: zone?.id,
    });
    return { message: { type: 'unregistrationReject', value: { requestSeqNum, rejectReason } }, answer };
  };
  const id = request.endpointIdentifier ?? bySignalAddress(context, request, incoming)?.id;
  const known = context.who.known(incoming, id, request, 'from its source');
  if (!known.ok) {
    if (known.why === 'unknown') return reject(plain('notCurrentlyRegistered'), 'The endpoint is not registered: nothing is to be done');
    return reject(known.reason.type === 'securityError' ? known.reason : plain('securityDenial'), known.sentence, known.zone);
  }
  const { endpoint, zone, answer } = known;
  // One alias may be written in several ways: it counts once.
  const keys = request.endpointAlias && keysOf(context, endpoint, request.endpointAlias);
  if (keys && !keys.every((key) => endpoint.aliases.includes(key))) {
    return reject(plain('permissionDenied'), 'The URQ names an alias that this endpoint has not registered', zone, answer);
  }
  const some = keys !== undefined && keys.length > 0 && keys.length < endpoint.aliases.length;
  if (some) await context.endpoints.removeAliases(endpoint, keys);
  else await context.endpoints.remove(endpoint);
  context.observer.registered({
    result: some ? 'refreshed' : 'unregistered',
    refusal: undefined,
    reason: request.reason?.type,
    organisation: endpoint.organisation,
    zone: endpoint.zone,
    alias: endpoint.aliases[0] ?? keys?.[0],
    endpointId: endpoint.id,
    vendor: endpoint.vendor,
    source: incoming.from.address,
  });
  return { message: { type: 'unregistrationConfirm', value: { requestSeqNum } }, answer };
}

/** H.323 version 1 has no identifier here. Whoever can prove a password has one: by an address, which is no secret, it is not to be tried. */
function bySignalAddress({ endpoints }: RasContext, request: UnregistrationRequest, { from }: Incoming): Endpoint | undefined {
  const signalAddress = firstSocketAddress(request.callSignalAddress);
  return signalAddress && endpoints.findSame(signalAddress, from, undefined);
}

function keysOf(context: RasContext, { zone: zoneId }: Endpoint, aliases: readonly AliasAddress[]): string[] {
  const zone = context.plan().zones.get(zoneId);
  const keys = aliases.flatMap((alias) => {
    const read =
      zone?.kind === 'hosted' || zone?.kind === 'h323-gateway' ? readAliases(context.plan(), zone, context.ownHosts, [alias]) : undefined;
    if (read?.ok) return read.aliases.map(({ key }) => key);
    const other = normalise(writtenAlias(alias) ?? '');
    return other ? [aliasKey(other)] : [];
  });
  return [...new Set(keys)];
}
