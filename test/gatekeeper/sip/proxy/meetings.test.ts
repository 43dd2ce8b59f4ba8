import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { metricOf } from '../../../../src/gatekeeper/calls/reasons.js';
import { callerHeader, readCaller } from '../../../../src/gatekeeper/sip/meeting-door.js';
import { reasonValue } from '../../../../src/gatekeeper/sip/proxy/reason-header.js';
import { refusalResponse } from '../../../../src/gatekeeper/sip/refusal-response.js';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { plain, sdes } from '../../../support/sdp.js';
import { answering, SipClient, TestDialog } from '../../../support/sip-client.js';
import { type Instance, SipCluster, TestMeetings } from './sip-cluster.js';
import { number } from './world.js';

const meeting = '4690012345';
let cluster: SipCluster;
let here: Instance;
let without: Instance;
let exempt: SipClient;
const meetings = new TestMeetings();

beforeAll(async () => {
  cluster = await SipCluster.start();
  const port = await freePort();
  const plan = testPlan((all) => {
    all.internet = { inbound: true, signalling: 'any' };
    all.organisations.trunk = trunk([{ port }], { encryption: 'preferred' });
    all.organisations.syd.licences.calls = 1;
  });
  here = await cluster.join('here', { meetings, plan });
  without = await cluster.join('without', { plan });
  exempt = await SipClient.open({ localPort: port, port: here.port('udp'), user: '463010001', domain: 'trunk.example' });
}, 60_000);

beforeEach(() => {
  meetings.place = (id) => (id === meeting ? { at: 'here' } : undefined);
  meetings.organisations.set(meeting, 'syd');
  meetings.agent.behaviour = answering();
});

afterAll(async () => {
  await exempt.close();
  await cluster.stop();
  expect([...here.faults, ...without.faults]).toEqual([]);
});

async function join(caller: SipClient, to = `${meeting}@norr.example`, headers: Record<string, string> = {}) {
  const invite = await caller.invite(to, { headers });
  const arrived = await meetings.agent.request('INVITE');
  const ok = await caller.response(invite, 200);
  const dialog = TestDialog.ofCaller(caller, invite, ok);
  dialog.send('ACK');
  await meetings.agent.request('ACK');
  return { invite, arrived, caller: dialog, callee: TestDialog.ofCallee(meetings.agent, arrived, ok) };
}

async function hangUp(dialog: TestDialog, headers: Record<string, string> = {}): Promise<void> {
  await dialog.client.response(dialog.send('BYE', { headers }), 200);
}

describe('a call into a meeting', () => {
  it.each([`${meeting}@norr.example`, '12345@mote.example', `sip:+${meeting}@mote.example`])(
    '%s reaches it, and the meeting service is told who calls',
    async (to) => {
      const caller = await cluster.phone(here, number('norr'), 'tls');
      const { invite, arrived, caller: dialog } = await join(caller, to);
      expect(arrived.uri).toBe(`sip:${meeting}@mote.example`);
      await hangUp(dialog);
      const record = await here.recordOf(invite.callId);
      expect(record).toMatchObject({
        caller: { organisation: 'norr', zone: 'norr', alias: caller.user },
        callee: { organisation: 'syd', zone: 'meetings', alias: meeting, protocol: 'sip' },
        route: `meeting ${meeting}`,
        reason: 'completed',
        cipher: 'AES_CM_128_HMAC_SHA1_80',
      });
      const told = { callId: record.id, organisation: 'norr', zone: 'norr', alias: caller.user };
      expect(readCaller(arrived.get(callerHeader) ?? '')).toEqual(told);
    },
  );

  it('from the Internet reaches it, and the meeting service is told from where', async () => {
    const guest = await SipClient.open({ port: here.port('udp'), user: 'guest', domain: 'elsewhere.example' });
    const { arrived, caller } = await join(guest, `${meeting}@mote.example`);
    const told = readCaller(arrived.get(callerHeader) ?? '');
    expect(told).toMatchObject({ organisation: undefined, alias: 'guest@elsewhere.example', source: '127.0.0.1' });
    await hangUp(caller);
    await guest.close();
  });

  it('that is not held yet has its organisation in the record, too', async () => {
    meetings.organisations.clear();
    meetings.place = () => ({ at: 'here', organisation: 'syd' });
    const { invite, caller } = await join(await cluster.phone(here, number('norr'), 'udp'));
    expect(here.store.licences.callsInUse('syd')).toBe(0);
    await hangUp(caller);
    expect(await here.recordOf(invite.callId)).toMatchObject({ callee: { organisation: 'syd', zone: 'meetings', alias: meeting } });
  });

  it('is changed by either side', async () => {
    const caller = await cluster.phone(here, number('norr'), 'udp', answering());
    const { caller: one, callee: other } = await join(caller);
    for (const [side, far] of [
      [one, meetings.agent],
      [other, caller],
    ] as const) {
      const again = side.send('INVITE', { body: sdes('sendonly') });
      await far.request('INVITE');
      await side.client.response(again, 200);
      side.send('ACK');
      await far.request('ACK');
    }
    await hangUp(one);
  });

  it('tells the meeting service nothing that the caller says of itself, at the start and later', async () => {
    const caller = await cluster.phone(here, number('norr'), 'udp');
    const forged = { [callerHeader]: 'x;organisation=syd;zone=syd;alias=461020001' };
    const { arrived, caller: dialog } = await join(caller, undefined, forged);
    expect(arrived.getAll(callerHeader)).toHaveLength(1);
    expect(readCaller(arrived.get(callerHeader) ?? '')).toMatchObject({ organisation: 'norr', alias: caller.user });
    const info = dialog.send('INFO', { headers: forged });
    expect((await meetings.agent.request('INFO')).has(callerHeader)).toBe(false);
    await caller.response(info, 200);
    await hangUp(dialog);
    // Nor anybody else: a phone is no meeting service.
    const phone = await cluster.phone(here, number('syd'), 'udp');
    const invite = await caller.invite(`${phone.user}@norr.example`, { headers: forged });
    const atPhone = await phone.request('INVITE');
    expect(atPhone.has(callerHeader)).toBe(false);
    phone.reply(atPhone, 486);
    await caller.response(invite, 486);
  });

  it('that nobody knows is refused', async () => {
    const caller = await cluster.phone(here, number('norr'), 'udp');
    const invite = await caller.invite('4690054321@norr.example');
    expect((await caller.response(invite, 404)).get('warning')).toContain('no meeting of this number');
    expect(await here.recordOf(invite.callId)).toMatchObject({ reason: 'meetingUnknown', status: 404 });
  });

  it('is refused where there is no meeting service', async () => {
    const caller = await cluster.phone(without, number('norr'), 'udp');
    const invite = await caller.invite(`${meeting}@norr.example`);
    expect((await caller.response(invite, 503)).get('warning')).toContain('no meeting service');
    expect(await without.recordOf(invite.callId)).toMatchObject({ reason: 'meetingsUnavailable' });
  });

  it.each(['meetingFull', 'portLicencesExhausted', 'mediaUnavailable'] as const)(
    'that the meeting service refuses as %s is recorded so',
    async (code) => {
      meetings.agent.behaviour = (request, agent) => {
        if (request.method === 'INVITE') agent.send(refusalResponse(request, code));
        return false;
      };
      const caller = await cluster.phone(here, number('norr'), 'udp');
      const invite = await caller.invite(`${meeting}@norr.example`);
      const response = await caller.response(invite);
      await meetings.agent.request('INVITE');
      const wanted = refusalResponse(invite, code);
      expect([response.status, response.get('warning')]).toEqual([wanted.status, wanted.get('warning')]);
      expect(await here.recordOf(invite.callId)).toMatchObject({ reason: code, status: wanted.status, routesTried: 1 });
    },
  );

  it('takes no call licence of the organisation whose meeting it is', async () => {
    const callers = [await cluster.phone(here, number('norr'), 'udp'), await cluster.phone(here, number('norr'), 'udp')];
    const calls = [];
    for (const caller of callers) calls.push(await join(caller));
    expect(here.store.licences.callsInUse('syd')).toBe(0);
    expect(here.store.licences.callsInUse('norr')).toBeGreaterThanOrEqual(2);
    for (const { caller } of calls) await hangUp(caller);
  });

  it('without encryption goes on from a zone that is exempt, and the meeting service says no', async () => {
    meetings.agent.behaviour = (request, agent) => {
      if (request.method === 'INVITE') agent.send(refusalResponse(request, 'mediaNotEncrypted', 'Everybody in a meeting is encrypted'));
      return false;
    };
    const invite = await exempt.invite(`${meeting}@trunk.example`, { body: plain() });
    await meetings.agent.request('INVITE');
    expect((await exempt.response(invite, 488)).get('warning')).toContain('Everybody in a meeting');
    expect(await here.recordOf(invite.callId)).toMatchObject({ reason: 'mediaNotEncrypted' });
  });

  it('is never answered without encryption', async () => {
    meetings.agent.behaviour = answering({ body: plain() });
    const invite = await exempt.invite(`${meeting}@trunk.example`, { body: plain() });
    await exempt.response(invite, 488);
    for (const method of ['INVITE', 'ACK', 'BYE']) await meetings.agent.request(method);
    expect(await here.recordOf(invite.callId)).toMatchObject({ reason: 'answerNotEncrypted' });
  });

  it('ends with the reason that the meeting service gives; a caller can give none', async () => {
    const caller = await cluster.phone(here, number('norr'), 'udp', answering());
    const expelled = { Reason: reasonValue(200, metricOf('expelled')) };
    const first = await join(caller);
    await hangUp(first.callee, expelled);
    expect(await here.recordOf(first.invite.callId)).toMatchObject({ reason: 'expelled', status: 200 });
    const second = await join(caller);
    await hangUp(second.caller, expelled);
    expect(await here.recordOf(second.invite.callId)).toMatchObject({ reason: 'completed' });
  });
});

describe('a call out of a meeting', () => {
  const from = { From: `"Rond" <sip:${meeting}@mote.example>;tag=out` };

  it("is the meeting's organisation's, and takes one of its call licences", async () => {
    const phone = await cluster.phone(here, number('norr'), 'udp', answering());
    const invite = await meetings.agent.invite(`${phone.user}@mote.example`, { headers: from });
    const ok = await meetings.agent.response(invite, 200);
    const arrived = await phone.request('INVITE');
    expect(arrived.get('from')).toContain('"Rond"');
    const dialog = TestDialog.ofCaller(meetings.agent, invite, ok);
    dialog.send('ACK');
    await phone.request('ACK');
    expect(here.store.licences.callsInUse('syd')).toBe(1);
    // Its organisation has one.
    const more = await meetings.agent.invite(`${phone.user}@mote.example`, { headers: from });
    expect((await meetings.agent.response(more, 403)).get('reason')).toContain('caller_licences_exhausted');
    const back = TestDialog.ofCallee(phone, arrived, ok);
    await hangUp(back);
    expect(await here.recordOf(invite.callId)).toMatchObject({
      caller: { organisation: 'syd', zone: 'meetings', alias: meeting, protocol: 'sip' },
      callee: { organisation: 'norr', alias: phone.user },
      reason: 'completed',
    });
  });

  it.each([
    ['callerIdentityForeign', '<sip:461020001@syd.example>;tag=out'],
    ['meetingUnknown', '<sip:4690099999@mote.example>;tag=out'],
  ] as const)('is refused as %s with From: %s', async (reason, value) => {
    const invite = await meetings.agent.invite('461010001@mote.example', { headers: { From: value } });
    await meetings.agent.response(invite);
    expect(await here.recordOf(invite.callId)).toMatchObject({ reason, caller: { zone: 'meetings' } });
  });

  it.each([meeting, '4690012346'])('into the meeting %s is refused', async (called) => {
    const invite = await meetings.agent.invite(`${called}@mote.example`, { headers: from });
    expect((await meetings.agent.response(invite, 403)).get('warning')).toContain('cannot be called into a meeting');
    expect(await here.recordOf(invite.callId)).toMatchObject({ reason: 'meetingNotForYou', caller: { zone: 'meetings' } });
  });

  it('is made by the meeting service alone', async () => {
    const phone = await cluster.phone(here, number('norr'), 'udp');
    const invite = await phone.invite(`${phone.user}@norr.example`, { headers: from });
    expect((await phone.response(invite)).status).toBe(403);
  });
});
