import { type RefusalCode, refusals } from '../../calls/reasons.js';
import { aliasAddressOf, writtenAlias } from '../alias-address.js';
import type {
  AliasAddress,
  AltGKInfo,
  EndpointType,
  RegistrationReject,
  RegistrationRejectReason,
  RegistrationRequest,
  VendorIdentifier,
} from '../asn1/h225.js';
import type { AnswerSigner } from '../h235/answer-signer.js';
import { callAddressFault } from './call-address.js';
import { isH225, PROTOCOL_IDENTIFIER, plain, tell } from './common.js';
import type { Incoming, RasContext, Reply } from './context.js';
import { arrive, earlierRegistration } from './earlier-registration.js';
import type { Endpoint, EndpointKind } from './endpoint.js';
import { type EndpointResult, MAX_ALIASES } from './endpoint-request.js';
import type { EndpointAddresses } from './endpoint-table.js';
import type { RegistrationOutcome } from './observer.js';
import { type AliasesResult, readAliases, readPrefixes } from './terminal-aliases.js';
import { firstSocketAddress, type SocketAddress, sameSocket, socketAddress, transportAddress } from './transport-address.js';
import { type Denied, isRegistering, type Newcomer, type RegisteringZone } from './who.js';

/** One RRQ and what is known of it so far. */
interface Attempt {
  readonly context: RasContext;
  readonly request: RegistrationRequest;
  readonly incoming: Incoming;
  endpoint: Endpoint | undefined;
  zone: Denied['zone'];
  answer: AnswerSigner | undefined;
}

/** RRQ: a full registration, more aliases for one, or a keep-alive (H.225.0 §7.9). */
export function registrationRequest(context: RasContext, request: RegistrationRequest, incoming: Incoming): Reply | Promise<Reply> {
  const attempt: Attempt = { context, request, incoming, endpoint: undefined, zone: undefined, answer: undefined };
  if (!isH225(request.protocolIdentifier)) {
    return reject(
      attempt,
      plain('invalidRevision'),
      `The protocol identifier ${request.protocolIdentifier} is none of H.225.0: the endpoint speaks something else`,
    );
  }
  if (request.keepAlive === true) return keepAlive(attempt);
  return request.additiveRegistration === undefined ? fullRegistration(attempt) : additiveRegistration(attempt);
}

/** H.225.0 §7.9.1: everything but the identifier, the tokens and the time to live counts for nothing. */
async function keepAlive(attempt: Attempt): Promise<Reply> {
  const { context, request, incoming } = attempt;
  const known = context.who.known(incoming, request.endpointIdentifier, request);
  if (!known.ok) {
    if (known.why === 'unknown') return refuse(attempt, 'endpointNotRegistered');
    attempt.zone = known.zone;
    // One that is known by its address alone and got another is told to register anew, which it can do by itself.
    return known.refusal === 'callerUnknown' ? refuse(attempt, 'endpointNotRegistered', known.sentence) : deny(attempt, known);
  }
  const { endpoint, tokenTime } = known;
  attempt.endpoint = endpoint;
  attempt.zone = known.zone;
  attempt.answer = known.answer;
  if (!context.endpoints.mayMove(endpoint, { source: incoming.from, proof: endpoint.proof, tokenTime })) {
    return refuse(
      attempt,
      'endpointNotRegistered',
      `The keep-alive of endpoint ${endpoint.id} comes from another address with a token that may not be new`,
    );
  }
  const leaving = endpoint.supportsAltGk ? context.alternates.leaving(incoming.local, endpoint.id) : undefined;
  if (leaving) return redirect(attempt, leaving);
  const timeToLive = request.timeToLive === undefined ? endpoint.timeToLive : timeToLiveOf(context, request.timeToLive);
  const moved = !sameSocket(endpoint.source, incoming.from);
  const addresses = moved ? { ...addressesOf(endpoint), source: incoming.from, local: incoming.local } : undefined;
  const result = await context.endpoints.renew(endpoint, timeToLive, { addresses, tokenTime });
  return settled(attempt, result, 'refreshed', undefined);
}

function addressesOf({ rasAddress, signalAddress, source, local }: Endpoint): EndpointAddresses {
  return { rasAddress, signalAddress, source, local };
}

async function fullRegistration(attempt: Attempt): Promise<Reply> {
  const { context, request, incoming } = attempt;
  const { settings, who, endpoints, features } = context;
  const named = request.gatekeeperIdentifier;
  if (named !== undefined && named !== settings.gatekeeperId && !context.alternates.isFellow(named)) {
    const sentence = `The endpoint registers with gatekeeper "${named}", and this one is "${settings.gatekeeperId}": correct it there, or leave it empty`;
    return refuse(attempt, 'gatekeeperForeign', sentence);
  }
  const newcomer = who.newcomer(incoming, { tokens: request.tokens, cryptoTokens: request.cryptoTokens, aliases: request.terminalAlias });
  if (!newcomer.ok) {
    attempt.zone = newcomer.zone;
    return deny(attempt, newcomer);
  }
  const { zone, proof, tokenTime } = newcomer;
  attempt.zone = zone;
  attempt.answer = newcomer.answer;
  const leaving = request.supportsAltGK === undefined ? undefined : context.alternates.leaving(incoming.local, request.endpointIdentifier);
  if (leaving) return redirect(attempt, leaving);
  const kind = kindOf(request.terminalType);
  if (kind === undefined)
    return reject(
      attempt,
      plain('invalidTerminalType'),
      'A gatekeeper cannot register: make its zone an h323-neighbour, or let it register as a gateway',
    );
  if (request.featureSet && features && !features.hasNeeded(request.featureSet)) {
    return reject(
      attempt,
      plain('neededFeatureNotSupported'),
      'The endpoint needs a feature (H.460) that this gatekeeper does not have: switch it off there',
    );
  }
  const rasAddress = firstSocketAddress(request.rasAddress);
  if (!rasAddress)
    return reject(attempt, plain('invalidRASAddress'), 'The rasAddress in the RRQ holds no IP address and port: correct the endpoint');
  const call = callAddresses(attempt, zone);
  if (!call.ok) return reject(attempt, plain('invalidCallSignalAddress'), call.sentence);
  const { signalAddress, tlsAddress } = call;
  const id = request.endpointIdentifier;
  if (id !== undefined && endpoints.mayBeElsewhere(id)) {
    // Too much else is being asked of the store: it is not answered, and sent again.
    if ((await arrive(context, id, incoming, newcomer)) === 'busy') return undefined;
  }
  const {
    endpoint: earlier,
    gone,
    elsewhere,
  } = earlierRegistration(context, request.endpointIdentifier, incoming, newcomer, signalAddress);
  if (elsewhere) {
    const sentence = `${signalAddress.address}:${signalAddress.port} is registered in another zone: unregister it there, or wait until that has run out`;
    return reject(attempt, plain('invalidCallSignalAddress'), sentence);
  }
  attempt.endpoint = earlier;
  const plan = context.plan();
  const read = readAliases(plan, zone, context.ownHosts, request.terminalAlias ?? []);
  if (!read.ok) return refuse(attempt, 'aliasForeign', read.sentence);
  const prefixes = readPrefixes(plan, zone, request.terminalType);
  if (!prefixes.ok) return refuse(attempt, 'aliasForeign', prefixes.sentence);
  const aliases = read.aliases.length > 0 || prefixes.prefixes.length > 0 ? read : ownAlias(attempt, newcomer);
  if (!aliases.ok) return refuse(attempt, 'aliasForeign', aliases.sentence);
  if (aliases.aliases.length === 0 && prefixes.prefixes.length === 0) {
    return reject(attempt, plain('invalidAlias'), 'The endpoint registers no alias: set its number (E.164) or its name there');
  }
  for (const endpoint of gone) await endpoints.remove(endpoint);
  const result = await endpoints.register(
    {
      zone: zone.id,
      organisation: zone.organisation,
      kind,
      aliases: aliases.aliases,
      prefixes: prefixes.prefixes,
      addresses: { rasAddress, signalAddress, source: incoming.from, local: incoming.local },
      tlsAddress,
      proof,
      tokenTime,
      timeToLive: timeToLiveOf(context, request.timeToLive),
      vendor: vendorOf(request.endpointVendor),
      supportsAltGk: request.supportsAltGK !== undefined,
    },
    earlier,
  );
  return settled(attempt, result, result.ok && !result.isNew ? 'refreshed' : 'registered', 'all');
}

/** H.323 §7.2.2.1: aliases and prefixes that come on top of those that are registered. */
async function additiveRegistration(attempt: Attempt): Promise<Reply> {
  const { context, request, incoming } = attempt;
  const known = context.who.known(incoming, request.endpointIdentifier, request);
  if (!known.ok) {
    if (known.why === 'unknown') return refuse(attempt, 'endpointNotRegistered');
    attempt.zone = known.zone;
    return deny(attempt, known);
  }
  attempt.endpoint = known.endpoint;
  attempt.zone = known.zone;
  attempt.answer = known.answer;
  const plan = context.plan();
  const aliases = readAliases(plan, known.zone, context.ownHosts, request.terminalAlias ?? []);
  if (!aliases.ok) return refuse(attempt, 'aliasForeign', aliases.sentence);
  const prefixes = readPrefixes(plan, known.zone, request.terminalType);
  if (!prefixes.ok) return refuse(attempt, 'aliasForeign', prefixes.sentence);
  const result = await context.endpoints.extend(known.endpoint, aliases.aliases, prefixes.prefixes);
  return settled(attempt, result, 'registered', { keys: aliases.aliases.map(({ key }) => key), prefixes: prefixes.prefixes });
}

type CallAddresses =
  | { readonly ok: true; readonly signalAddress: SocketAddress; readonly tlsAddress: SocketAddress | undefined }
  | { readonly ok: false; readonly sentence: string };

/** Where the endpoint is called, over TCP and over TLS (H.460.22). Of several addresses the first counts at which it can be. */
function callAddresses({ context, request, incoming }: Attempt, zone: RegisteringZone): CallAddresses {
  const fault = (address: SocketAddress): string | undefined => callAddressFault(context, zone, address, incoming.from);
  let sentence = 'The callSignalAddress in the RRQ holds no IP address and port: correct the endpoint';
  let signalAddress: SocketAddress | undefined;
  for (const address of request.callSignalAddress.map(socketAddress)) {
    if (!address) continue;
    const wrong = fault(address);
    if (wrong === undefined) {
      signalAddress = address;
      break;
    }
    sentence = wrong;
  }
  if (!signalAddress) return { ok: false, sentence };
  const tlsAddress = request.featureSet && context.features?.tlsAddress(request.featureSet);
  const wrong = tlsAddress && fault(tlsAddress);
  return wrong === undefined ? { ok: true, signalAddress, tlsAddress } : { ok: false, sentence: wrong };
}

/** Nothing registered by name: then it is called what it logs on as. */
function ownAlias({ context }: Attempt, { zone, proof }: Newcomer & { readonly ok: true }): AliasesResult {
  return proof ? readAliases(context.plan(), zone, context.ownHosts, [aliasAddressOf(proof.user)]) : { ok: true, aliases: [] };
}

function timeToLiveOf({ settings }: RasContext, asked: number | undefined): number {
  const { min, max, default: usual } = settings.timeToLiveSeconds;
  return asked === undefined ? usual : Math.min(max, Math.max(min, asked));
}

function kindOf(type: EndpointType): EndpointKind | undefined {
  if (type.gateway) return 'gateway';
  if (type.mcu) return 'mcu';
  if (type.terminal) return 'terminal';
  return type.gatekeeper ? undefined : 'other';
}

/** Text of at most 64 characters, for the log: `Room system 4.2`. */
function vendorOf({ productId, versionId }: VendorIdentifier): string {
  const text = `${latin1(productId)} ${latin1(versionId)}`.trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters must not reach a log
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, '').slice(0, 64);
}

function latin1(text: Uint8Array | undefined): string {
  return text === undefined ? '' : Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString('latin1');
}

/** What an RCF says that the endpoint has: all of it, or what an additive RRQ asked for, as all of it might not fit. */
type Told = 'all' | { readonly keys: readonly string[]; readonly prefixes: readonly string[] } | undefined;

function settled(attempt: Attempt, result: EndpointResult, outcome: 'registered' | 'refreshed', told: Told): Reply {
  if (result.ok) {
    attempt.endpoint = result.endpoint;
    report(attempt, { result: outcome });
    return { message: { type: 'registrationConfirm', value: confirm(attempt, result.endpoint, told) }, answer: attempt.answer };
  }
  switch (result.refusal) {
    // Too many earlier requests of the same endpoint are with the store: this one is not answered, and sent again.
    case 'busy':
      return undefined;
    case 'gone':
      return refuse(attempt, 'endpointNotRegistered');
    case 'tooMany':
      return refuse(attempt, 'aliasForeign', `An endpoint may have ${MAX_ALIASES} aliases and prefixes in all: register fewer`);
  }
  if (result.refusal === 'aliasTaken') {
    const sentence = `${result.alias} is registered already, over SIP or by another endpoint: unregister it there, or take another`;
    return reject(attempt, { type: 'duplicateAlias', value: duplicates(attempt, result.alias) }, sentence, 'aliasTaken');
  }
  return refuse(attempt, result.refusal);
}

/** The alias that is taken, as the endpoint wrote it. */
function duplicates({ context, request, zone }: Attempt, key: string): readonly AliasAddress[] {
  const plan = context.plan();
  const written = (request.terminalAlias ?? []).filter((alias) => {
    if (!zone || !isRegistering(zone)) return false;
    const read = readAliases(plan, zone, context.ownHosts, [alias]);
    return read.ok && read.aliases[0]?.key === key;
  });
  return written.length > 0 ? written : [aliasAddressOf(key)];
}

function confirm({ context, request, incoming }: Attempt, endpoint: Endpoint, told: Told) {
  const { settings, features } = context;
  const alternateGatekeeper = context.alternates.list(incoming.local, endpoint.id);
  const featureSet = told ? features?.answer(request.featureSet, incoming.local) : undefined;
  const { written, prefixes } = toldOf(endpoint, told);
  return {
    requestSeqNum: request.requestSeqNum,
    protocolIdentifier: PROTOCOL_IDENTIFIER,
    callSignalAddress: [transportAddress(context.signalAddress(incoming.local))],
    ...(written.length > 0 && { terminalAlias: written }),
    gatekeeperIdentifier: settings.gatekeeperId,
    endpointIdentifier: endpoint.id,
    ...(alternateGatekeeper && { alternateGatekeeper }),
    timeToLive: endpoint.timeToLive,
    willRespondToIRR: true,
    maintainConnection: false,
    supportsAdditiveRegistration: null,
    ...(prefixes.length > 0 && { supportedPrefixes: prefixes.map((prefix) => ({ prefix: aliasAddressOf(prefix) })) }),
    ...(featureSet && { featureSet }),
  };
}

function toldOf({ aliases, written, prefixes }: Endpoint, told: Told): Pick<Endpoint, 'written' | 'prefixes'> {
  if (told === undefined) return { written: [], prefixes: [] };
  if (told === 'all') return { written, prefixes };
  return {
    written: written.filter((_, index) => told.keys.includes(aliases[index] ?? '')),
    prefixes: prefixes.filter((prefix) => told.prefixes.includes(prefix)),
  };
}

function deny(attempt: Attempt, { refusal, reason, sentence }: Denied): Reply {
  return reject(attempt, reason, sentence, refusal);
}

function refuse(attempt: Attempt, code: RefusalCode, sentence: string = refusals[code].sip.warning): Reply {
  const { registration } = refusals[code].h323;
  const reason: RegistrationRejectReason =
    registration === 'duplicateAlias' ? { type: registration, value: [] } : { type: registration, value: null };
  return reject(attempt, reason, sentence, code);
}

/** The registration stays as it is: the instance that the endpoint goes to takes it over, so that a keep-alive is enough there. */
function redirect(attempt: Attempt, leaving: AltGKInfo): Reply {
  return reject(
    attempt,
    plain('resourceUnavailable'),
    'This instance is being stopped: the endpoint is sent to another',
    'instanceStopping',
    leaving,
  );
}

function reject(attempt: Attempt, reason: RegistrationRejectReason, sentence: string, refusal?: RefusalCode, leaving?: AltGKInfo): Reply {
  const { context, request, incoming, endpoint, zone, answer } = attempt;
  report(attempt, { result: 'refused', refusal, reason: reason.type });
  tell(context, incoming, {
    type: 'registrationRequest',
    reason: reason.type,
    sentence,
    endpointId: endpoint?.id ?? request.endpointIdentifier,
    zone,
  });
  const alternateGatekeeper = reason.type === 'resourceUnavailable' ? context.alternates.list(incoming.local, endpoint?.id) : undefined;
  const altGKInfo = leaving ?? (alternateGatekeeper && { alternateGatekeeper, altGKisPermanent: false });
  const value: RegistrationReject = {
    requestSeqNum: request.requestSeqNum,
    protocolIdentifier: PROTOCOL_IDENTIFIER,
    rejectReason: reason,
    gatekeeperIdentifier: context.settings.gatekeeperId,
    ...(altGKInfo && { altGKInfo }),
  };
  return { message: { type: 'registrationReject', value }, answer };
}

function report(
  { context, request, incoming, endpoint, zone }: Attempt,
  outcome: Pick<RegistrationOutcome, 'result'> & Partial<Pick<RegistrationOutcome, 'refusal' | 'reason'>>,
): void {
  const [first] = request.terminalAlias ?? [];
  context.observer.registered({
    refusal: undefined,
    reason: undefined,
    ...outcome,
    organisation: endpoint?.organisation ?? zone?.organisation?.id,
    zone: endpoint?.zone ?? zone?.id,
    alias: endpoint?.aliases[0] ?? (first && writtenAlias(first)),
    endpointId: endpoint?.id,
    vendor: endpoint?.vendor,
    source: incoming.from.address,
  });
}
