import { isRefusal, type RefusalCode } from '../../gatekeeper/calls/reasons.js';
import { isPublicTarget } from '../../gatekeeper/net/public-address.js';
import type { SipResponse } from '../../gatekeeper/sip/message/message.js';
import { reasonCodeOf } from '../../gatekeeper/sip/proxy/reason-header.js';
import { sdpOf } from '../../gatekeeper/sip/sdp-policy.js';
import type { MeetingId } from '../media/media.js';
import type { Dialer } from '../meetings/dialer.js';
import type { Meetings } from '../meetings/meeting.js';
import type { Rooms } from './rooms.js';
import type { UserAgent } from './user-agent.js';

export interface DialOutOptions {
  readonly agent: UserAgent;
  readonly rooms: Rooms;
  readonly meetings: Pick<Meetings, 'join' | 'find'>;
  /** The meetings' domain: `mote.portvakt.example`. */
  readonly domain: () => string;
  /** Our addresses for media, as offers say them. Where one is public, who answers from a private one is behind a NAT. */
  readonly mediaAddresses: readonly string[];
  /** So long it may ring. Default 60 s. */
  readonly ringMs?: number;
}

/** The zone of calls out of a meeting. */
const meetingsZone = 'meetings';

/**
 * Calls room systems into meetings. Who is called has a seat, and with it a meeting port, from the beginning: nobody is made to answer who
 * then cannot come in.
 */
export class DialOut implements Dialer {
  readonly #options: DialOutOptions;

  constructor(options: DialOutOptions) {
    this.#options = options;
  }

  async invite(meeting: MeetingId, address: string, onRinging: () => void): Promise<RefusalCode | undefined> {
    const { agent, rooms, meetings, domain, mediaAddresses, ringMs } = this.#options;
    const to = uriOf(address);
    if (to === undefined) return 'addressUnreadable';
    const definition = await meetings.find(meeting);
    if (!definition) return 'meetingUnknown';
    const joined = await meetings.join(meeting, {
      kind: 'room',
      protocol: 'sip',
      callId: '',
      name: address,
      alias: address,
      organisation: undefined,
      zone: meetingsZone,
      invited: true,
    });
    if (!joined.ok) return joined.refusal;
    const { seat } = joined;
    const opened = await rooms.open(seat, { seenFrom: undefined, publicOnly: mediaAddresses.some(isPublicTarget) });
    if (typeof opened === 'string') return opened;
    const { leg, session } = opened;
    let sdp: string;
    try {
      sdp = await session.offer();
    } catch {
      leg.abandon('mediaFailed');
      return 'mediaUnavailable';
    }
    if (leg.out !== undefined) return 'calleeUnreachable';
    const call = agent.invite({
      to,
      from: `sip:${encodeURIComponent(meeting)}@${domain()}`,
      display: Buffer.from(definition.title, 'utf8').toString('latin1'),
      contactUser: encodeURIComponent(meeting),
      sdp,
      user: leg,
      ringMs: ringMs ?? 60_000,
      onRinging,
    });
    if (!call) {
      leg.abandon('left');
      return 'overloaded';
    }
    // Put out by a host, or the meeting ended, while it rings.
    seat.onChange((where) => {
      if (where === 'out') call.cancel({ cause: 200, text: 'Call completed elsewhere' });
    });
    const outcome = await call.outcome;
    if (!outcome.ok) {
      leg.abandon('left');
      return refusalOf(outcome.response);
    }
    leg.begin(outcome.call, false);
    const refusal = await leg.onAnswer(sdpOf(outcome.response) ?? '');
    if (refusal !== undefined) outcome.call.hangUp({ cause: 488, text: 'No media could be agreed on' });
    return refusal;
  }
}

/** The Request-URI. A number is a telephone number (RFC 3966) to the gatekeeper: at the meetings' own domain it would be a meeting. */
function uriOf(address: string): string | undefined {
  const text = address.trim().replace(/^sips?:/i, '');
  if (/^\+?\d{2,15}$/.test(text)) return `tel:${text}`;
  return /^[^@\s<>"]{1,64}@[^@\s<>"]{1,255}$/.test(text) ? `sip:${text.replace(/[^\x21-\x7e]+/gu, encodeURIComponent)}` : undefined;
}

/** Why a call out failed, in the words of this service: the gatekeeper's own refusal, or what the called party's status means. */
function refusalOf(response: SipResponse | undefined): RefusalCode {
  if (!response) return 'calleeUnreachable';
  const code = reasonCodeOf(response);
  if (code !== undefined && isRefusal(code)) return code;
  switch (response.status) {
    case 404:
    case 410:
    case 484:
    case 604:
      return 'addressUnknown';
    case 415:
    case 488:
    case 606:
      return 'mediaUnsupported';
    default:
      return response.status < 300 ? 'answerUnusable' : 'calleeUnreachable';
  }
}
