import type { Call, Party } from '../../calls/call.js';
import { type RefusalCode, refusals } from '../../calls/reasons.js';
import { meetingsZoneId } from '../../plan/meetings-zone.js';
import type { Organisation, OrganisationId, Zone } from '../../plan/plan.js';
import { resolve } from '../../routing/resolver.js';
import type { Resolution } from '../../routing/route.js';
import { writeCaller } from '../meeting-door.js';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.js';
import { refusalResponse } from '../refusal-response.js';
import type { SdpSecurity } from '../sdp-policy.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { Hunt, type HuntOwner } from './hunt.js';
import { judgeMedia, mediaOf, ruleForOffer } from './media-policy.js';
import { acknowledge, hangUpCallee } from './originate.js';
import { type AnswerVerdict, CallSession } from './session.js';
import type { HopTarget } from './targets.js';
import { endingOf } from './verdict.js';

export interface Caller {
  readonly zone: Zone;
  readonly organisation: Organisation | undefined;
  /** Canonical, for the record. */
  readonly alias: string;
}

export type Routes = Extract<Resolution, { outcome: 'routes' }>;

/** What is known of a call before anything is remembered of it. */
export type InvitePlan =
  | { readonly ok: true; readonly media: SdpSecurity | undefined; readonly resolution: Routes }
  | { readonly ok: false; readonly refusal: RefusalCode; readonly detail: string | undefined };

/** Whether a new call may be made at all, and where it would go: media policy and resolver, without a trace left behind. */
export function planInvite(context: ProxyContext, request: SipRequest, flow: Flow, caller: Caller): InvitePlan {
  const media = mediaOf(request);
  const from = { zone: caller.zone, organisation: caller.organisation };
  const { plan, registrations, health, here } = context;
  const resolution = resolve(plan(), registrations, health, { dialled: request.uri, from }, { ownHosts: here.hosts });
  const toMeeting = resolution.outcome === 'routes' && resolution.routes[0]?.kind === 'meeting';
  const unfit = media && judgeMedia(media, ruleForOffer(caller.zone, toMeeting ? 'meetings' : undefined), flow.transport);
  if (unfit) return { ok: false, refusal: unfit, detail: undefined };
  if (toMeeting && caller.zone.kind === 'meetings') {
    // It would be mixed into itself, or join two meetings that know nothing of each other.
    return { ok: false, refusal: 'meetingNotForYou', detail: 'A meeting cannot be called into a meeting: call its participants' };
  }
  if (resolution.outcome === 'refused') return { ok: false, refusal: resolution.refusal, detail: resolution.detail };
  return { ok: true, media, resolution };
}

export function partyOf(caller: Caller): Party {
  return { zone: caller.zone.id, organisation: caller.organisation?.id, alias: caller.alias, protocol: 'sip' };
}

/**
 * A new call (an INVITE outside a dialog, its caller known, its routes found): admission, then the hunt over its routes. Every way out
 * of here ends the call's record exactly once.
 */
export class InviteHandler implements HuntOwner {
  readonly #context: ProxyContext;
  readonly #request: SipRequest;
  readonly #transaction: ServerTransaction;
  readonly #call: Call;
  readonly #session: CallSession;
  /** Where a caller from the Internet comes from. */
  readonly #source: string | undefined;
  /** Dialogs whose answer was taken back: a repeated 2xx is acknowledged again, but hung up on once. */
  readonly #takenBack = new Set<string>();
  #cancelled = false;
  /** When the INVITE came, until it is sent on for the first time. */
  #arrived: number | undefined = performance.now();

  constructor(context: ProxyContext, request: SipRequest, flow: Flow, caller: Caller) {
    this.#context = context;
    this.#request = request;
    this.#transaction = context.transactions.server(request, flow, 'at-once');
    this.#call = context.calls.begin({ caller: partyOf(caller), dialled: request.uri, signallingId: request.callId });
    this.#session = CallSession.begin(context, this.#call, request, flow, caller.zone);
    context.sessions.add(this.#session);
    this.#source = caller.zone.kind === 'internet' ? flow.remote.address : undefined;
    openInvites.set(this.#transaction, this);
    this.#transaction.onEnd = () => openInvites.delete(this.#transaction);
  }

  async run(resolution: Routes, media: SdpSecurity | undefined): Promise<void> {
    const context = this.#context;
    const [route] = resolution.routes;
    this.#session.offer = media;
    this.#session.calledAs = resolution.key;
    const refusal = await this.#call.admit({
      zone: route && 'zone' in route ? route.zone.id : meetingsZoneId,
      organisation: this.#calledOrganisation(resolution),
      alias: resolution.key,
      protocol: 'sip',
    });
    if (this.#cancelled || this.#transaction.finalSent) return;
    if (this.#call.ended) {
      this.#transaction.respond(refusalResponse(this.#request, 'overloaded'));
      return;
    }
    if (refusal) {
      this.#refuse(refusal);
      return;
    }
    const hunt = new Hunt(context, {
      request: this.#request,
      transaction: this.#transaction,
      routes: resolution.routes,
      media,
      token: context.tokens.make(this.#session.key, this.#request.callId),
      ...(route?.kind === 'meeting' && { caller: writeCaller(this.#call, this.#source) }),
      owner: this,
    });
    this.#session.hunt = hunt;
    hunt.start();
  }

  /** A meeting's is known where it is held. */
  #calledOrganisation({ organisation, routes: [route] }: Routes): OrganisationId | undefined {
    return route?.kind === 'meeting' ? this.#context.meetings?.organisationOf(route.meeting) : organisation?.id;
  }

  /** The caller's CANCEL (RFC 3261 §16.10). */
  cancel(reason: string | undefined): void {
    this.#cancelled = true;
    const { hunt } = this.#session;
    if (hunt) {
      hunt.cancel(reason);
      return;
    }
    if (this.#transaction.finalSent) return;
    this.#transaction.respond(responseTo(this.#request, 487));
    this.#session.finish('callerCancelled', 487);
  }

  /** A fault of ours: the caller hears 500, the record says so. */
  fail(error: unknown): void {
    this.#context.observer.fault(error, this.#request.callId);
    if (!this.#transaction.finalSent) this.#refuse('internalError');
  }

  #refuse(code: RefusalCode): void {
    this.#transaction.respond(refusalResponse(this.#request, code));
    this.#session.finish(code, refusals[code].sip.status);
  }

  trying(target: HopTarget): void {
    if (this.#arrived !== undefined) this.#context.observer.forwarded(performance.now() - this.#arrived);
    this.#arrived = undefined;
    const { callee } = this.#call;
    // Whose meeting it is may be known only where it was found. It takes no licence of that organisation.
    if (callee && target.organisation !== undefined) this.#call.admitWithoutLicence({ ...callee, organisation: target.organisation });
    this.#call.trying(target.label);
  }

  judge(response: SipResponse, target: HopTarget, flow: Flow): AnswerVerdict {
    if (response.status > 100 && response.status < 200) this.#call.ringing();
    return this.#session.learn(response, target.zone, target.endpoint ?? flow);
  }

  takeBack(response: SipResponse, code: RefusalCode | undefined): void {
    const { tag } = response.to;
    const dialog = tag === undefined ? undefined : this.#session.dialogs.get(tag);
    if (!dialog || tag === undefined) return;
    const { seq } = this.#request.cseq;
    acknowledge(this.#context, dialog, seq);
    if (this.#takenBack.has(tag)) return;
    this.#takenBack.add(tag);
    hangUpCallee(this.#context, dialog, seq, code === undefined ? 'The caller had given up' : refusals[code].sip.warning);
  }

  accepted(response: SipResponse, target: HopTarget): void {
    this.#session.hunt = undefined;
    this.#session.accept(response, target.label);
  }

  failed(status: number, code: RefusalCode | undefined): void {
    const cancelled = this.#session.hunt?.cancelled ?? this.#cancelled;
    this.#session.finish(code ?? endingOf(status, cancelled), status);
  }
}

/** INVITE server transactions whose call is being set up: where a CANCEL finds its call. Entries go with their transaction. */
const openInvites = new WeakMap<ServerTransaction, InviteHandler>();

export function inviteOf(transaction: ServerTransaction): InviteHandler | undefined {
  return openInvites.get(transaction);
}
