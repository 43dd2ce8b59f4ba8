import type { Call } from '../../calls/call.js';
import { meetingsZone, meetingsZoneId } from '../../plan/meetings-zone.js';
import type { Plan, Zone } from '../../plan/plan.js';
import { parseSipUri } from '../message/uri.js';
import type { Flow } from '../transport/flow.js';
import type { ProxyContext } from './context.js';
import type { Dialog, DialogSide } from './dialog.js';
import { DistantFlow } from './distant-flow.js';
import { CallSession } from './session.js';
import { readDialog, type StoredSide, unseenCSeqs } from './stored-dialog.js';

/** What the INVITE offered is not asked again once the ACK has come, or was in the INVITE. */
const forgottenOffer = { problem: undefined, media: [] };

/**
 * The session of an answered call that came over from another instance. Undefined: what was stored cannot be read here, or a zone of it is
 * no longer in the plan; then nothing has changed.
 */
export function resumeSession(context: ProxyContext, call: Call, json: string): CallSession | undefined {
  const stored = readDialog(json);
  const caller = stored && sideAgain(context, stored.caller);
  const callee = stored && sideAgain(context, stored.callee);
  if (!caller || !callee) return undefined;
  const { callId, acknowledged, answeredAt, refreshBy, delayedOffer } = stored;
  const session = new CallSession(context, { key: call.id, call, callId, caller });
  const dialog: Dialog = { callId, caller, callee, media: undefined, confirmed: true, unseen: unseenCSeqs };
  session.dialogs.set(callee.tag, dialog);
  session.offer = delayedOffer ? undefined : forgottenOffer;
  session.calledAs = callee.alias;
  session.answeredTag = callee.tag;
  session.answeredAt = answeredAt;
  session.acknowledged = acknowledged;
  session.refreshBy = refreshBy;
  session.arrival = context.arrivals.expect(context.clock.now());
  context.sessions.add(session);
  if (context.sessions.wasHungUp(call.id)) session.finish('completed', 200);
  return session;
}

function sideAgain(context: ProxyContext, stored: StoredSide): DialogSide | undefined {
  const { address, tag, contact, routes, cseq, alias } = stored;
  const zone = zoneAgain(context.plan(), stored.zone);
  if (!zone) return undefined;
  const flow = flowAgain(context, stored);
  return { zone, address, tag, contact, routeSet: routes, flow, cseq, seenAt: context.clock.now(), alias };
}

function zoneAgain(plan: Plan, id: string): Zone | undefined {
  return id === meetingsZoneId ? meetingsZone() : plan.zones.get(id);
}

/**
 * A connection went with its instance, or is another's: the way to the party is found when there is something to be sent (`hop.ts`). That holds
 * for datagrams to whoever is behind a NAT, too, which shows in a contact on another host; others are reached from here as well.
 */
function flowAgain({ transports }: ProxyContext, { contact, flow: { transport, address, port, id } }: StoredSide): Flow {
  const remote = { address, port };
  const direct = transport === 'udp' && parseSipUri(contact)?.host === address;
  return (direct ? transports.udpFlow(remote) : undefined) ?? new DistantFlow({ id, transport, remote, certificateNames: [] });
}
