import type { Timer } from '../../../clock.js';
import type { Call } from '../../calls/call.js';
import type { ReasonCode, RefusalCode } from '../../calls/reasons.js';
import type { Zone } from '../../plan/plan.js';
import type { SipRequest, SipResponse } from '../message/message.js';
import { judgeAnswer, type SdpSecurity } from '../sdp-policy.js';
import type { Flow } from '../transport/flow.js';
import type { Arrival } from './arrivals.js';
import type { ProxyContext } from './context.js';
import { contactOf, type Dialog, type DialogSide } from './dialog.js';
import type { Hunt } from './hunt.js';
import type { OpenReinvite } from './in-dialog.js';
import { judgeMedia, mediaOf } from './media-policy.js';
import { endDialog } from './originate.js';
import { isOwnRoute } from './record-route.js';
import { sessionExpires } from './session-timer.js';
import { writeDialog } from './stored-dialog.js';

/** RFC 4028 §10: the BYE for a session that nobody refreshed is due before its expiry; this much later it is over for us. */
const expiryGraceMs = 32_000;
/** Answers of one INVITE that are kept apart: no phone forks this far. The oldest that was not accepted makes room. */
const maxDialogs = 16;

export interface SessionParts {
  /** What its Record-Route and its call are known by. */
  readonly key: string;
  readonly call: Call;
  readonly callId: string;
  readonly caller: DialogSide;
}

/** What is to become of a 1xx or 2xx of the called side. `unusable`: it names no dialog, so nothing could follow it. */
export type AnswerVerdict = RefusalCode | 'unusable' | undefined;

/**
 * One call that passes through: the record's `Call`, the dialogs that its INVITE made (several where it forked), and the time by which
 * something must have been heard. It has no timers of its own: `Sessions` looks at the deadlines once a second.
 *
 * It lives until `finish`, which writes the record; whoever ends it while the INVITE is still under way ends the hunt as well.
 */
export class CallSession {
  readonly key: string;
  readonly call: Call;
  readonly callId: string;
  readonly caller: DialogSide;
  readonly startedAt: number;
  /** By the callee's tag. */
  readonly dialogs = new Map<string, Dialog>();
  /** The INVITE's way to the routes; gone once it has a final answer. */
  hunt: Hunt | undefined;
  /** The session description of the INVITE; undefined: a delayed offer. */
  offer: SdpSecurity | undefined;
  /** The alias that is called, once it is resolved. */
  calledAs: string | undefined;
  /** The tag of the dialog that carries the call. */
  answeredTag: string | undefined;
  answeredAt: number | undefined;
  acknowledged = false;
  /** Epoch ms by which the session must be refreshed (RFC 4028); undefined: no session timer was agreed. */
  refreshBy: number | undefined;
  probing: Timer | undefined;
  /** Came from another instance, and which of the parties is still there is to be found out; undefined: known, or nothing to find out. */
  arrival: Arrival | undefined;
  /** INVITEs inside the dialog that have no final response yet. */
  readonly reinvites = new Set<OpenReinvite>();
  readonly #context: ProxyContext;
  #gone = false;

  constructor(context: ProxyContext, { key, call, callId, caller }: SessionParts) {
    this.#context = context;
    this.key = key;
    this.call = call;
    this.callId = callId;
    this.caller = caller;
    this.startedAt = context.clock.now();
    call.onCarriedOnElsewhere(() => this.#forget());
  }

  /** The session of a call that begins here. */
  static begin(context: ProxyContext, call: Call, invite: SipRequest, flow: Flow, zone: Zone): CallSession {
    const caller: DialogSide = {
      zone,
      address: invite.get('from') ?? '',
      tag: invite.from.tag ?? '',
      contact: contactOf(invite) ?? '',
      routeSet: invite.list('record-route'),
      flow,
      cseq: invite.cseq.seq,
      seenAt: context.clock.now(),
      alias: call.attempt.caller.alias,
    };
    return new CallSession(context, { key: call.id, call, callId: invite.callId, caller });
  }

  get answered(): boolean {
    return this.answeredTag !== undefined;
  }

  /** The dialog that carries the call. */
  get dialog(): Dialog | undefined {
    return this.answeredTag === undefined ? undefined : this.dialogs.get(this.answeredTag);
  }

  get lastSeenAt(): number {
    let last = this.caller.seenAt;
    for (const dialog of this.dialogs.values()) last = Math.max(last, dialog.callee.seenAt);
    return last;
  }

  /** Whether one of the parties is reached over this flow. */
  uses(flow: Flow): boolean {
    if (this.caller.flow === flow) return true;
    for (const { callee } of this.dialogs.values()) if (callee.flow === flow) return true;
    return false;
  }

  /** A 1xx or 2xx to the INVITE from the called side, before it goes on to the caller: may it? */
  learn(response: SipResponse, zone: Zone, flow: Flow): AnswerVerdict {
    const media = mediaOf(response);
    const verdict = media && (judgeMedia(media, zone, flow.transport) ?? judgeMedia(media, this.caller.zone, this.caller.flow.transport));
    const tag = response.to.tag;
    const dialog = tag === undefined ? undefined : (this.dialogs.get(tag) ?? this.#early(tag, response, zone, flow));
    if (dialog) {
      dialog.callee.seenAt = this.#context.clock.now();
      dialog.callee.flow = flow;
      dialog.callee.contact = contactOf(response) ?? dialog.callee.contact;
      if (media) dialog.media = media;
    }
    if (verdict) return verdict === 'mediaNotEncrypted' ? 'answerNotEncrypted' : verdict;
    return dialog ? undefined : 'unusable';
  }

  #early(tag: string, response: SipResponse, zone: Zone, flow: Flow): Dialog | undefined {
    if (this.dialogs.size >= maxDialogs && !this.#dropEarly()) return undefined;
    const routes = response.list('record-route');
    // The values above ours lead to the callee, nearest last (RFC 3261 §12.1.2). An answer without ours lost its route set.
    const ours = routes.findIndex((route) => isOwnRoute(route, this.key));
    const beyondUs = routes.slice(0, Math.max(0, ours)).reverse();
    const dialog: Dialog = {
      callId: this.callId,
      caller: this.caller,
      callee: {
        zone,
        address: response.get('to') ?? '',
        tag,
        contact: contactOf(response) ?? '',
        routeSet: beyondUs,
        flow,
        cseq: 0,
        seenAt: this.#context.clock.now(),
        alias: this.calledAs,
      },
      media: undefined,
      confirmed: false,
      unseen: 0,
    };
    this.dialogs.set(tag, dialog);
    return dialog;
  }

  #dropEarly(): boolean {
    for (const [tag, { confirmed }] of this.dialogs) if (!confirmed) return this.dialogs.delete(tag);
    return false;
  }

  /** A 2xx that is going on to the caller, and the route that it came by. */
  accept(response: SipResponse, route: string): void {
    const tag = response.to.tag;
    const dialog = tag === undefined ? undefined : this.dialogs.get(tag);
    if (!dialog || tag === undefined || this.call.ended) return;
    dialog.confirmed = true;
    if (this.answeredTag === undefined) {
      this.answeredTag = tag;
      this.answeredAt = this.#context.clock.now();
      this.call.answered(dialog.media === undefined ? 'none' : this.#cipher(dialog.media), route);
    }
    this.refreshed(response);
    this.carry();
  }

  /** Tells other instances what they need to carry the call on, after something of that has changed. */
  carry(): void {
    if (this.#gone || this.call.ended) return;
    const dialog = writeDialog(this);
    if (dialog !== undefined) this.call.carry(dialog);
  }

  #cipher(answer: SdpSecurity): string {
    return judgeAnswer(this.offer ?? answer, answer).cipher;
  }

  /** The called side's offer came in the 2xx; the caller's ACK chooses from it. */
  acknowledge(answer: SdpSecurity | undefined): void {
    const first = !this.acknowledged;
    this.acknowledged = true;
    if (answer && this.offer === undefined) this.call.secured(this.#cipher(answer));
    if (first) this.carry();
  }

  /** A session refresh: a 2xx to INVITE or UPDATE (RFC 4028 §8.2). */
  refreshed(response: SipResponse): void {
    const interval = sessionExpires(response);
    this.refreshBy = interval === undefined ? undefined : this.#context.clock.now() + interval * 1000 + expiryGraceMs;
  }

  /** One dialog of the call is over. The call goes on in another that was accepted, or while the INVITE still rings elsewhere. */
  hungUp(dialog: Dialog, reason: ReasonCode = 'completed'): void {
    this.dialogs.delete(dialog.callee.tag);
    if (this.hunt) return;
    for (const [tag, { confirmed }] of this.dialogs) {
      if (!confirmed) continue;
      this.answeredTag = tag;
      this.carry();
      return;
    }
    // It has gone to another instance meanwhile, which cannot have seen this.
    if (this.#gone) this.#context.over(this.key);
    else if (this.answered) this.finish(reason, 200);
    else this.finish('callerCancelled', 487);
  }

  /** Ends the call for its record and forgets it; the parties are told by whoever calls this. */
  finish(reason: ReasonCode, status?: number): void {
    this.#letGo();
    if (!this.#gone && !this.call.ended) this.call.end(reason, status);
  }

  /** Another instance carries the call on: it is not ours to end, and what comes for it goes there. */
  #forget(): void {
    this.#gone = true;
    this.#letGo();
  }

  #letGo(): void {
    this.probing?.cancel();
    this.probing = undefined;
    this.arrival = undefined;
    this.hunt = undefined;
    for (const reinvite of [...this.reinvites]) reinvite.giveUp(487);
    this.#context.sessions.remove(this, !this.#gone);
  }

  /**
   * Hangs up at both ends and writes the record: the gatekeeper ends the call. `code`: what the caller hears if it still waits for an
   * answer. Settles when the parties have answered, or cannot be asked.
   */
  async terminate(reason: ReasonCode, text: string, code: RefusalCode = 'calleeUnreachable'): Promise<void> {
    // Whoever ends it was late: it is another instance's by now, and the parties go on talking.
    if (this.#gone) return;
    const { hunt } = this;
    const accepted = [...this.dialogs.values()].filter(({ confirmed }) => confirmed);
    this.finish(reason);
    hunt?.end(code, text);
    await Promise.all(accepted.map((dialog) => endDialog(this.#context, dialog, text)));
  }

  /** Which side a request inside the dialog comes from, and the dialog it belongs to. */
  sideOf(request: SipRequest): { dialog: Dialog; from: 'caller' | 'callee' } | undefined {
    const fromTag = request.from.tag;
    const toTag = request.to.tag;
    if (fromTag === undefined) return undefined;
    if (fromTag === this.caller.tag) {
      const dialog = toTag === undefined ? undefined : this.dialogs.get(toTag);
      if (dialog) return { dialog, from: 'caller' };
    }
    const dialog = this.dialogs.get(fromTag);
    return dialog && toTag === this.caller.tag ? { dialog, from: 'callee' } : undefined;
  }
}
