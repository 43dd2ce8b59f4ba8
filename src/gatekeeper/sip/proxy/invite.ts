import type { Call, Party } from '../../calls/call.js';
import type { RefusalCode } from '../../calls/reasons.js';
import { refusals } from '../../calls/reasons.js';
import type { Organisation, Zone } from '../../plan/plan.js';
import { resolve } from '../../routing/resolver.js';
import { responseTo, type SipRequest, type SipResponse } from '../message/message.js';
import { refusalResponse } from '../refusal-response.js';
import type { ServerTransaction } from '../transaction/transactions.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { Hunt, type HuntOwner } from './hunt.js';
import { judgeMedia, mediaOf } from './media-policy.js';
import { refuseAnswer } from './originate.js';
import { CallSession } from './session.js';
import type { HopTarget } from './targets.js';
import { endingOf } from './verdict.js';

export interface Caller {
  readonly zone: Zone;
  readonly organisation: Organisation | undefined;
  /** Canonical, for the record. */
  readonly alias: string;
}

/**
 * A new call (an INVITE outside a dialog, its caller known): media policy, resolving, admission, then the hunt over its routes. Every
 * way out of here ends the call's record exactly once.
 */
export class InviteHandler implements HuntOwner {
  readonly #context: ProxyContext;
  readonly #request: SipRequest;
  readonly #transaction: ServerTransaction;
  readonly #call: Call;
  readonly #session: CallSession;
  #cancelled = false;
  /** When the INVITE came, until it is sent on for the first time. */
  #arrived: number | undefined;

  constructor(context: ProxyContext, request: SipRequest, flow: Flow, caller: Caller) {
    this.#context = context;
    this.#request = request;
    this.#arrived = performance.now();
    const party: Party = { zone: caller.zone.id, organisation: caller.organisation?.id, alias: caller.alias, protocol: 'sip' };
    this.#transaction = context.transactions.server(request, flow, 'at-once');
    this.#call = context.calls.begin({ caller: party, dialled: request.uri, signallingId: request.callId });
    this.#session = new CallSession(context, this.#call.id, this.#call, request, flow, caller.zone);
    context.sessions.add(this.#session);
    openInvites.set(this.#transaction, this);
    this.#transaction.onEnd = () => openInvites.delete(this.#transaction);
  }

  async run(caller: Caller): Promise<void> {
    const context = this.#context;
    const media = mediaOf(this.#request);
    this.#session.offer = media;
    const unfit = media && judgeMedia(media, caller.zone, this.#session.caller.flow.transport);
    if (unfit) return this.#refuse(unfit, undefined);
    const from = { zone: caller.zone, organisation: caller.organisation };
    const { plan, registrations, health, here } = context;
    const resolution = resolve(plan(), registrations, health, { dialled: this.#request.uri, from }, { ownHosts: here.hosts });
    if (resolution.outcome === 'refused') return this.#refuse(resolution.refusal, resolution.detail);
    const zone = resolution.routes[0] && 'zone' in resolution.routes[0] ? resolution.routes[0].zone : undefined;
    this.#session.calledAs = resolution.key;
    const refusal = await this.#call.admit({
      zone: zone?.id ?? 'meetings',
      organisation: resolution.organisation?.id,
      alias: resolution.key,
      protocol: 'sip',
    });
    if (this.#cancelled || this.#transaction.finalSent) return;
    if (refusal) return this.#refuse(refusal, undefined);
    const hunt = new Hunt(context, {
      request: this.#request,
      transaction: this.#transaction,
      routes: resolution.routes,
      media,
      token: context.tokens.make(this.#session.key, this.#request.callId),
      owner: this,
    });
    this.#session.hunt = hunt;
    hunt.start();
  }

  /** The caller's CANCEL (RFC 3261 §16.10). */
  cancel(reason: string | undefined): void {
    this.#cancelled = true;
    const hunt = this.#session.hunt;
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
    if (!this.#transaction.finalSent) this.#refuse('internalError', undefined);
  }

  #refuse(code: RefusalCode, detail: string | undefined): void {
    this.#transaction.respond(refusalResponse(this.#request, code, detail));
    this.#session.finish(code, refusals[code].sip.status);
  }

  trying(target: HopTarget): void {
    if (this.#arrived !== undefined) this.#context.observer.forwarded(performance.now() - this.#arrived);
    this.#arrived = undefined;
    this.#call.trying(target.label);
  }

  judge(response: SipResponse, target: HopTarget, flow: Flow): RefusalCode | undefined {
    if (response.status > 100 && response.status < 200) this.#call.ringing();
    return this.#session.learn(response, target.zone, flow);
  }

  takeBack(response: SipResponse, code: RefusalCode | undefined): void {
    const dialog = response.to.tag === undefined ? undefined : this.#session.dialogs.get(response.to.tag);
    if (!dialog) return;
    const text = code === undefined ? 'The caller had given up' : refusals[code].sip.warning;
    refuseAnswer(this.#context, dialog, this.#request.cseq.seq, text);
  }

  accepted(response: SipResponse): void {
    this.#session.hunt = undefined;
    this.#session.accept(response);
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
