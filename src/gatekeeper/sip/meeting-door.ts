import type { MemberId } from '../../state/member-store.js';
import type { Call, Party } from '../calls/call.js';
import type { RefusalCode } from '../calls/reasons.js';
import type { OrganisationId } from '../plan/plan.js';
import type { Flow } from './transport/flow.js';

/**
 * The meeting service as the SIP edge sees it: one more kind of target. It speaks SIP over a flow inside the process, as a user agent that
 * the edge proxies to, and calls out through the edge by the same flow.
 *
 * What the edge knows of a refusal (`refusalResponse`) or of an end it reads in the Reason header: a BYE with
 * `reasonValue(200, metricOf('expelled'))` ends the call's record with that reason.
 */
export interface MeetingDoor {
  /**
   * Both ways: what the edge sends on it reaches the meeting service; what that sends is given to `SipEdge.receive` with this flow. Its id is
   * `meetingsFlow(members.self)`, its transport `tls`: what does not leave the process is as safe, and is never sent again.
   */
  readonly flow: Flow;
  /** Where a meeting is held, or, if it is not held yet, is to be. A refusal: `meetingUnknown`, and whatever else keeps everybody out. */
  find(meeting: string): Promise<MeetingPlace | { readonly refusal: RefusalCode }>;
  /** To whom a call out of a meeting is charged; undefined: the meeting is not here. */
  organisationOf(meeting: string): OrganisationId | undefined;
}

export type MeetingPlace = ({ readonly at: 'here' } | { readonly at: 'there'; readonly member: MemberId }) & {
  /** Whose meeting it is, for the call's record. */
  readonly organisation?: OrganisationId;
};

/**
 * Header in requests from the edge to the meeting service: who calls, as the gatekeeper knows it. Taken off everything that comes from outside.
 * `<call id>;organisation=region-norr;zone=norr;alias=461010001`, values percent-encoded; `organisation` is absent for the Internet, whose
 * callers alone have `source=203.0.113.7`: their alias is whatever they say.
 */
export const callerHeader = 'x-portvakt-caller';

/** Who calls a meeting. */
export interface MeetingCaller extends Omit<Party, 'protocol'> {
  /** The gatekeeper's id of the call, which has the call record. */
  readonly callId: string;
  /** The address that a caller from the Internet comes from; undefined: it is not from there. */
  readonly source: string | undefined;
}

/** The value of `callerHeader`. `source`: see `MeetingCaller`. */
export function writeCaller({ id, attempt: { caller } }: Pick<Call, 'id' | 'attempt'>, source?: string): string {
  const organisation = caller.organisation === undefined ? '' : `;organisation=${encoded(caller.organisation)}`;
  const from = source === undefined ? '' : `;source=${encoded(source)}`;
  return `${encoded(id)}${organisation};zone=${encoded(caller.zone)};alias=${encoded(caller.alias)}${from}`;
}

/** Undefined: it is not what `writeCaller` writes. Never throws. */
export function readCaller(value: string): MeetingCaller | undefined {
  const [callId, ...params] = value.split(';').map(decoded);
  const named = new Map(params.map((param) => [param?.slice(0, param.indexOf('=')), param?.slice(param.indexOf('=') + 1)]));
  const [organisation, zone, alias] = [named.get('organisation'), named.get('zone'), named.get('alias')];
  return callId === undefined || callId === '' || zone === undefined || alias === undefined
    ? undefined
    : { callId, organisation, zone, alias, source: named.get('source') };
}

/** By way of UTF-8, which has no half of a character: a text that was cut may end in one. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'));
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    // Half an escape: told by undefined, as all that cannot be read.
    return undefined;
  }
}
