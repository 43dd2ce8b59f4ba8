import type { Timer } from '../../../clock.js';
import type { Call } from '../../calls/call.js';
import type { ReasonCode, RefusalCode } from '../../calls/reasons.js';
import type { Zone } from '../../plan/plan.js';
import type { SipRequest, SipResponse } from '../message/message.js';
import type { SdpSecurity } from '../sdp-policy.js';
import { judgeAnswer } from '../sdp-policy.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import { contactOf, type Dialog, type DialogSide } from './dialog.js';
import type { Hunt } from './hunt.js';
import { judgeMedia, mediaOf } from './media-policy.js';
import { endDialog } from './originate.js';
import { isOwnRoute } from './record-route.js';
import { sessionExpires } from './session-timer.js';

/** RFC 4028 §10: the BYE for a session that nobody refreshed is due before its expiry; this much later it is over for us. */
const expiryGraceMs = 32_000;

/**
 * One call that passes through: the record's `Call`, the dialogs that its INVITE made (several where it forked), and the time by which
 * something must have been heard. It has no timers of its own: `Sessions` looks at the deadlines once a second.
 */
export class CallSession {
  readonly key: string;
  readonly call: Call;
  readonly callId: string;
  readonly caller: DialogSide;
  /** By the callee's tag. */
  readonly dialogs = new Map<string, Dialog>();
  /** The INVITE's way to the routes; gone once it has a final answer. */
  hunt: Hunt | undefined;
  /** The session description of the INVITE; undefined: a delayed offer. */
  offer: SdpSecurity | undefined;
  /** The tag that answered first: the dialog whose BYE ends the call. */
  answeredTag: string | undefined;
  acknowledged = false;
  /** Epoch ms by which the session must be refreshed (RFC 4028); undefined: no session timer was agreed. */
  refreshBy: number | undefined;
  probing: Timer | undefined;
  readonly #context: ProxyContext;

  constructor(context: ProxyContext, key: string, call: Call, invite: SipRequest, flow: Flow, zone: Zone) {
    this.#context = context;
    this.key = key;
    this.call = call;
    this.callId = invite.callId;
    this.caller = {
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
  }

  get answered(): boolean {
    return this.answeredTag !== undefined;
  }

  /** The dialog that carries the call. */
  get dialog(): Dialog | undefined {
    return this.answeredTag === undefined ? undefined : this.dialogs.get(this.answeredTag);
  }

  /** Whether one of the parties is reached over this flow. */
  uses(flow: Flow): boolean {
    if (this.caller.flow === flow) return true;
    for (const { callee } of this.dialogs.values()) if (callee.flow === flow) return true;
    return false;
  }

  get lastSeenAt(): number {
    let last = this.caller.seenAt;
    for (const dialog of this.dialogs.values()) last = Math.max(last, dialog.callee.seenAt);
    return last;
  }

  /**
   * A 1xx or 2xx to the INVITE from the called side, before it goes on to the caller. Tells why it may not: media that is not
   * encrypted well enough on either side.
   */
  learn(response: SipResponse, zone: Zone, flow: Flow): RefusalCode | undefined {
    const tag = response.to.tag;
    if (tag === undefined) return undefined;
    const dialog = this.dialogs.get(tag) ?? this.#early(tag, response, zone, flow);
    if (!dialog) return undefined;
    dialog.callee.seenAt = this.#context.clock.now();
    dialog.callee.flow = flow;
    const contact = contactOf(response);
    if (contact !== undefined) dialog.callee.contact = contact;
    const media = mediaOf(response);
    if (media === undefined) return undefined;
    dialog.media = media;
    const verdict = judgeMedia(media, zone, flow.transport) ?? judgeMedia(media, this.caller.zone, this.caller.flow.transport);
    return verdict === 'mediaNotEncrypted' ? 'answerNotEncrypted' : verdict;
  }

  #early(tag: string, response: SipResponse, zone: Zone, flow: Flow): Dialog | undefined {
    // A response with ever new tags must not fill the memory: no phone forks this far.
    if (this.dialogs.size >= 16) return undefined;
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
    };
    this.dialogs.set(tag, dialog);
    return dialog;
  }

  /** A 2xx that is going on to the caller. */
  accept(response: SipResponse): void {
    const tag = response.to.tag;
    const dialog = tag === undefined ? undefined : this.dialogs.get(tag);
    if (!dialog || tag === undefined) return;
    dialog.confirmed = true;
    if (this.answeredTag === undefined) {
      this.answeredTag = tag;
      this.call.answered(dialog.media === undefined ? 'none' : this.#cipher(dialog.media));
    }
    this.refreshed(response);
  }

  #cipher(answer: SdpSecurity): string {
    return judgeAnswer(this.offer ?? answer, answer).cipher;
  }

  /** A session refresh: a 2xx to INVITE or UPDATE (RFC 4028 §8.2). */
  refreshed(response: SipResponse): void {
    const interval = sessionExpires(response);
    this.refreshBy = interval === undefined ? undefined : this.#context.clock.now() + interval * 1000 + expiryGraceMs;
  }

  /** Ends the call for its record and forgets it; the parties are told by whoever calls this. */
  finish(reason: ReasonCode, status?: number): void {
    this.probing?.cancel();
    this.probing = undefined;
    this.hunt = undefined;
    if (!this.call.ended) this.call.end(reason, status);
    this.#context.sessions.remove(this);
  }

  /** Hangs up at both ends and writes the record: the gatekeeper ends the call. */
  terminate(reason: ReasonCode, text: string): void {
    const hunt = this.hunt;
    if (hunt) {
      hunt.cancel(text);
    }
    for (const dialog of this.dialogs.values()) if (dialog.confirmed) endDialog(this.#context, dialog, text);
    this.finish(reason);
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

  /** The alias that is called, once it is resolved. */
  calledAs: string | undefined;
}
