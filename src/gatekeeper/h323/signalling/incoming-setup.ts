import { randomBytes } from 'node:crypto';
import type { RefusalCode } from '../../calls/reasons.js';
import type { Zone } from '../../plan/plan.js';
import { resolve } from '../../routing/resolver.js';
import type { Resolution } from '../../routing/route.js';
import { writtenAlias } from '../alias-address.js';
import type { SetupUUIE } from '../asn1/h225.js';
import { hexOf } from '../call-identifier.js';
import type { H225Message } from '../q931/h225-message.js';
import { partyNumberOf } from '../q931/party-number.js';
import { socketAddress } from '../ras/transport-address.js';
import { type Caller, identifyCaller } from './caller.js';
import type { SignallingConnection, SignallingContext } from './context.js';
import { mediaDemand } from './media-policy.js';

export type Routes = Extract<Resolution, { outcome: 'routes' }>;

/** A Setup as far as it could be read. */
export interface IncomingSetup {
  readonly setup: SetupUUIE;
  /** The callIdentifier, 16 octets; made here for an endpoint of version 1, which has none. */
  readonly identifier: Uint8Array;
  /** The same as 32 hex digits. */
  readonly callId: string;
  /** What its ARQ called it: the callIdentifier, or of an endpoint of version 1 the conferenceID (which other calls may have too). */
  readonly admissionId: string;
}

/** What is known of a call before anything is remembered of it. */
export type SetupPlan =
  | { readonly ok: true; readonly caller: Caller; readonly dialled: string; readonly resolution: Routes }
  | {
      readonly ok: false;
      readonly refusal: RefusalCode;
      readonly detail: string;
      readonly dialled: string;
      /** Whose attempt it was; undefined: a stranger's. */
      readonly zone: Zone | undefined;
      readonly caller: Caller | undefined;
    };

export function readSetup({ uuie }: H225Message): IncomingSetup | undefined {
  const body = uuie?.['h323-uu-pdu']['h323-message-body'];
  if (body?.type !== 'setup') return undefined;
  const given = body.value.callIdentifier?.guid;
  // A view of the message would keep the whole of it in memory as long as the call lasts.
  const identifier = given ? Uint8Array.from(given) : randomBytes(16);
  const setup = given ? body.value : { ...body.value, callIdentifier: { guid: identifier } };
  return { setup, identifier, callId: hexOf(identifier), admissionId: hexOf(given ?? setup.conferenceID) };
}

/** Whether a new call may be made at all, and where it would go: caller, hops, media and resolver, without a trace left behind. */
export function planSetup(
  context: SignallingContext,
  message: H225Message,
  { setup, callId, admissionId }: IncomingSetup,
  connection: SignallingConnection,
): SetupPlan {
  const plan = context.plan();
  const records = { plan, endpoints: context.endpoints, admissions: context.admissions };
  const admitted = context.admissions.find(admissionId)?.dialled;
  const candidates = dialledIn(context, message, setup, admitted);
  const dialled = candidates[0] ?? '';
  const who = identifyCaller(records, setup, admissionId, partyNumberOf(message.q931, 'callingPartyNumber')?.digits, connection);
  if (!who.ok) return { ...who, dialled, caller: undefined };
  const { caller } = who;
  const refused = (refusal: RefusalCode, detail: string): SetupPlan => ({ ok: false, refusal, detail, dialled, zone: caller.zone, caller });
  const loop = loopIn(context, callId, setup);
  if (loop !== undefined) return refused('loopDetected', loop);
  if (setup.hopCount === 1) return refused('tooManyHops', 'The hopCount of the Setup is used up');
  const insecure = mediaDemand(caller.zone, setup, caller.alias || connection.remote.address);
  if (insecure !== undefined) return refused('mediaNotEncrypted', insecure);
  if (dialled === '')
    return refused('addressUnreadable', 'The Setup names nobody: no destinationAddress, no called party number, no other address');
  const from = { zone: caller.zone, organisation: caller.organisation };
  let first: Extract<Resolution, { outcome: 'refused' }> | undefined;
  // An endpoint may name its callee in several ways (H.225.0 §7.3.10): the first that leads somewhere counts.
  for (const text of candidates) {
    const resolution = resolve(plan, context.registrations, context.health, { dialled: text, from }, { ownHosts: context.ownHosts });
    if (resolution.outcome === 'routes') return { ok: true, caller, dialled: text, resolution };
    first ??= resolution;
  }
  return refused(first?.refusal ?? 'addressUnreadable', first?.detail ?? 'The Setup names nobody');
}

/** How often a call may come back through us, each time with fewer hops left. */
const MAX_RETURNS = 4;

/**
 * Whether this Setup goes in a circle. A neighbour may lead a call back to us on purpose (a forwarding there), and passes our hop count on;
 * who passes none on could do so for ever.
 */
function loopIn({ sessions }: SignallingContext, callId: string, { hopCount }: SetupUUIE): string | undefined {
  const earlier = sessions.all(callId);
  if (earlier.length === 0) return undefined;
  const fewer = hopCount !== undefined && earlier.every((session) => hopCount < session.hopsLeft);
  if (fewer && earlier.length < MAX_RETURNS) return undefined;
  return 'A call with this callIdentifier is in progress: the Setup came back to us';
}

/** Ways of naming the callee that are looked at. */
const MAX_CANDIDATES = 8;

function dialledIn(context: SignallingContext, message: H225Message, setup: SetupUUIE, admitted: string | undefined): string[] {
  const candidates: string[] = [];
  const add = (text: string | undefined) => {
    if (text !== undefined && text !== '' && candidates.length < MAX_CANDIDATES && !candidates.includes(text)) candidates.push(text);
  };
  for (const alias of setup.destinationAddress ?? []) add(writtenAlias(alias));
  add(partyNumberOf(message.q931, 'calledPartyNumber')?.digits);
  add(admitted);
  const target = setup.destCallSignalAddress && socketAddress(setup.destCallSignalAddress);
  // Whom the endpoint wants at an address of its own choice; ours only says that it calls through us.
  if (candidates.length === 0 && target && !context.isOwn(target)) {
    // One that is registered there is called as itself, with the rules that hold for it.
    add(context.endpoints.findBySignalAddress(target)?.aliases[0]);
    add(target.address.includes(':') ? `@[${target.address}]:${target.port}` : `@${target.address}:${target.port}`);
  }
  return candidates;
}
