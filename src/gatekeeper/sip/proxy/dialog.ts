import type { EpochMs } from '../../../clock.js';
import type { Zone } from '../../plan/plan.js';
import { SipRequest } from '../message/message.js';
import { parseNameAddr } from '../message/name-addr.js';
import type { SdpSecurity } from '../sdp-policy.js';
import type { Flow } from '../transport/flow.js';

/** One party of a dialog, as a proxy that stays in the path knows it (RFC 3261 §12). */
export interface DialogSide {
  readonly zone: Zone;
  /** Its From or To value with its tag, as the other side must write it. */
  address: string;
  tag: string;
  /** Its Contact URI: the remote target. */
  contact: string;
  /** The proxies between us and it, nearest first. */
  readonly routeSet: readonly string[];
  /** Where its last message came from, or ours went to. */
  flow: Flow;
  /** The highest CSeq number it has used. */
  cseq: number;
  seenAt: EpochMs;
  /** What it is registered as, if it is. */
  readonly alias: string | undefined;
}

export interface Dialog {
  readonly callId: string;
  readonly caller: DialogSide;
  readonly callee: DialogSide;
  /** The last session description of the called side during set-up. */
  media: SdpSecurity | undefined;
  confirmed: boolean;
  /** CSeq numbers that a party may have used while another instance had the call, beyond the one that it told of. */
  readonly unseen: number;
}

/** The Contact URI of a message, or undefined when there is none that can be used. */
export function contactOf(message: { get(name: string): string | undefined; list(name: string): readonly string[] }): string | undefined {
  const first = message.list('contact')[0];
  return first === undefined || first === '*' ? undefined : parseNameAddr(first)?.uri;
}

/**
 * A request of our own inside somebody else's dialog, written as if the other party had sent it. A proxy has no dialog of its own;
 * this is how one ends a call whose parties broke its rules or fell silent (the same is done by every call-stateful proxy).
 */
export function requestWithin(
  dialog: Dialog,
  towards: 'caller' | 'callee',
  method: string,
  cseq: number,
  reason: string | undefined,
): SipRequest {
  const target = dialog[towards];
  const source = towards === 'caller' ? dialog.callee : dialog.caller;
  const headers: [string, string][] = [['Max-Forwards', '70']];
  for (const route of target.routeSet) headers.push(['Route', route]);
  headers.push(['From', source.address], ['To', target.address], ['Call-ID', dialog.callId], ['CSeq', `${cseq} ${method}`]);
  if (reason !== undefined) headers.push(['Reason', reason]);
  return SipRequest.create(method, target.contact, headers);
}
