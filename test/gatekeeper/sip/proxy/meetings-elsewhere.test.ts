import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { MeetingPlace } from '../../../../src/gatekeeper/sip/meeting-door.js';
import { callerHeader, readCaller } from '../../../../src/gatekeeper/sip/meeting-door.js';
import { FlowTokens } from '../../../../src/gatekeeper/sip/proxy/flow-token.js';
import { PurposeKeys } from '../../../../src/gatekeeper/sip/proxy/purpose-key.js';
import { refusalResponse } from '../../../../src/gatekeeper/sip/refusal-response.js';
import { meetingsFlow } from '../../../../src/gatekeeper/sip/transport/flow-id.js';
import { sdes } from '../../../support/sdp.js';
import { answering, type SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { type Instance, SipCluster, TestMeetings } from './sip-cluster.js';
import { number } from './world.js';

const meeting = '4690012345';

let cluster: SipCluster;
let north: Instance;
let south: Instance;
const inNorth = new TestMeetings();
const inSouth = new TestMeetings();
let atSouth: MeetingPlace;

beforeAll(async () => {
  cluster = await SipCluster.start();
  north = await cluster.join('north', { meetings: inNorth });
  south = await cluster.join('south', { meetings: inSouth });
  atSouth = { at: 'there', member: south.store.members.self };
}, 60_000);

beforeEach(() => {
  for (const meetings of [inNorth, inSouth]) {
    meetings.place = () => undefined;
    meetings.agent.behaviour = answering();
    meetings.finds = 0;
  }
});

afterAll(async () => {
  await cluster.stop();
  expect([...north.faults, ...south.faults]).toEqual([]);
});

/** A call from a phone at the northern instance. */
async function join(caller: SipClient, agent: SipClient) {
  const invite = await caller.invite(`${meeting}@norr.example`);
  const arrived = await agent.request('INVITE');
  const ok = await caller.response(invite, 200);
  const dialog = TestDialog.ofCaller(caller, invite, ok);
  dialog.send('ACK');
  await agent.request('ACK');
  return { invite, arrived, caller: dialog, callee: TestDialog.ofCallee(agent, arrived, ok) };
}

it.each(['udp', 'tls'] as const)('a meeting at another instance is reached over %s, and both sides change the call', async (transport) => {
  inNorth.place = () => atSouth;
  const { agent } = inSouth;
  const caller = await cluster.phone(north, number('norr'), transport, answering());
  const call = await join(caller, agent);
  expect(readCaller(call.arrived.get(callerHeader) ?? '')).toMatchObject({ organisation: 'norr', zone: 'norr', alias: caller.user });
  expect(call.arrived.has('route')).toBe(false);
  for (const [side, far] of [
    [call.caller, agent],
    [call.callee, caller],
  ] as const) {
    const again = side.send('INVITE', { body: sdes('sendonly') });
    await far.request('INVITE');
    await side.client.response(again, 200);
    side.send('ACK');
    await far.request('ACK');
  }
  await agent.response(call.callee.send('BYE'), 200);
  await caller.request('BYE');
  expect(await north.recordOf(call.invite.callId)).toMatchObject({
    callee: { zone: 'meetings', alias: meeting },
    route: `meeting ${meeting}`,
    reason: 'completed',
  });
  expect(south.records.some(({ signallingId }) => signallingId === call.invite.callId)).toBe(false);
});

it('what a phone says of itself is not believed there either, whatever Route it writes', async () => {
  const caller = await cluster.phone(south, number('norr'), 'tls');
  const others = new FlowTokens(new PurposeKeys(() => Buffer.alloc(32, 7), 'flow-routes'));
  const flow = meetingsFlow(south.store.members.self);
  const forge = (route: string) =>
    caller.make('INVITE', `sip:${meeting}@mote.example`, { [callerHeader]: 'x;zone=syd;alias=461020001', Route: route }, sdes());
  const port = south.port('tls');
  const invite = forge('');
  invite.set('route', `<sip:127.0.0.1:${port};transport=tls;lr;pvf=${others.order(flow, invite.callId, Date.now())}>`);
  caller.send(invite);
  expect((await caller.response(invite)).status).toBe(403);
  expect(inSouth.agent.received.some((message) => message.callId === invite.callId)).toBe(false);
});

it('a meeting that is found at a lost instance is looked for again, until another has it', async () => {
  const lost: MeetingPlace = { at: 'there', member: 'gone/000000000000' };
  inNorth.place = (_meeting, finds) => (finds < 3 ? lost : { at: 'here' });
  const caller = await cluster.phone(north, number('norr'), 'udp');
  const call = await join(caller, inNorth.agent);
  expect(inNorth.finds).toBe(3);
  await caller.response(call.caller.send('BYE'), 200);
});

it('a meeting that has just moved is followed', async () => {
  inNorth.place = (_meeting, finds) => (finds === 1 ? atSouth : { at: 'here' });
  inSouth.agent.behaviour = (request, agent) => {
    if (request.method === 'INVITE') agent.send(refusalResponse(request, 'meetingElsewhere'));
    return false;
  };
  const caller = await cluster.phone(north, number('norr'), 'udp');
  const call = await join(caller, inNorth.agent);
  await inSouth.agent.request('INVITE');
  await caller.response(call.caller.send('BYE'), 200);
  expect(await north.recordOf(call.invite.callId)).toMatchObject({ reason: 'completed', routesTried: 2 });
});

it('is not asked twice when it says why it does not take the call', async () => {
  inNorth.place = () => atSouth;
  inSouth.agent.behaviour = (request, agent) => {
    if (request.method === 'INVITE') agent.send(refusalResponse(request, 'mediaUnavailable'));
    return false;
  };
  const caller = await cluster.phone(north, number('norr'), 'udp');
  const invite = await caller.invite(`${meeting}@norr.example`);
  expect((await caller.response(invite, 503)).get('reason')).toContain('media_unavailable');
  await inSouth.agent.request('INVITE');
  expect(await north.recordOf(invite.callId)).toMatchObject({ reason: 'mediaUnavailable', routesTried: 1 });
});

it('whoever gives up while the meeting is looked for hears it at once', async () => {
  inNorth.place = () => ({ at: 'there', member: 'gone/000000000000' });
  const caller = await cluster.phone(north, number('norr'), 'udp');
  const invite = await caller.invite(`${meeting}@norr.example`);
  await until(
    () => inNorth.finds > 1,
    () => 'a second look-up',
  );
  caller.cancel(invite);
  await caller.response(invite, 487);
  const { finds } = inNorth;
  expect(await north.recordOf(invite.callId)).toMatchObject({ reason: 'callerCancelled' });
  expect(inNorth.finds - finds).toBeLessThanOrEqual(1);
});

it('a call that comes over to another instance goes on in its meeting', async () => {
  inNorth.place = () => atSouth;
  const east = await cluster.join('east');
  inNorth.place = () => atSouth;
  const caller = await cluster.phone(north, number('norr'), 'udp', answering());
  const call = await join(caller, inSouth.agent);
  // Told with others, a few milliseconds later.
  await until(
    async () => (await north.store.calls.handOver()) === 1,
    () => 'the call to be handed over',
  );
  await until(
    () => north.edge.calls === 0,
    () => 'the first instance to let go of it',
  );
  caller.turnTo(east.port('udp'));
  await caller.response(call.caller.send('BYE'), 200);
  await inSouth.agent.request('BYE');
  const records = () => [...south.records, ...east.records].filter(({ signallingId }) => signallingId === call.invite.callId);
  await until(
    () => records().length === 1,
    () => 'one record',
  );
  expect(records()[0]).toMatchObject({ reason: 'completed', callee: { zone: 'meetings' } });
});

it('when the instance of a meeting is lost, its callers are hung up on, so that they can call again', async () => {
  const west = new TestMeetings();
  const lost = await cluster.join('west', { meetings: west });
  west.agent.behaviour = answering();
  inNorth.place = () => ({ at: 'there', member: lost.store.members.self });
  const caller = await cluster.phone(north, number('norr'), 'tls', answering());
  const call = await join(caller, west.agent);
  await lost.stop();
  await caller.request('BYE', 5000);
  expect(await north.recordOf(call.invite.callId)).toMatchObject({ reason: 'connectionLost' });
});
