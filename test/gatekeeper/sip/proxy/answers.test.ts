import { afterAll, expect, it } from 'vitest';
import { responseTo, SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { plain, sdes } from '../../../support/sdp.js';
import { answering, type SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { expectNoCalls } from './aftermath.js';
import { number, useWorld } from './world.js';

// Answers to an INVITE that come twice, from several, too late, or in no dialog.
let ports: readonly number[] = [];
const world = useWorld(async () => {
  ports = [await freePort(), await freePort()];
  const plan = testPlan((all) => {
    all.organisations.trunk = trunk(ports.map((port, index) => ({ port, priority: index + 1 })));
  });
  return { plan };
});
afterAll(() => {
  ports = [];
});

async function ringing() {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  return { caller, callee, invite, arrived: await callee.request('INVITE') };
}

function answerWithoutTag(callee: SipClient, invite: SipRequest, status: number, body: string): void {
  const response = responseTo(invite, status);
  response.set('to', invite.get('to') ?? '');
  for (const value of invite.getAll('record-route')) response.add('record-route', value);
  response.add('contact', `<${callee.contact}>`);
  response.set('content-type', 'application/sdp');
  response.body = body;
  callee.send(response);
}

const sentTo = (client: SipClient, method: string) =>
  client.received.filter((message) => message instanceof SipRequest && message.method === method);

it.each([
  [sdes(), 502, 'answerUnusable'],
  [plain(), 488, 'answerNotEncrypted'],
])('a 2xx without a To tag makes no dialog: %#', async (body, status, reason) => {
  const { caller, callee, invite, arrived } = await ringing();
  answerWithoutTag(callee, arrived, 200, body);
  const refused = await caller.response(invite);
  caller.acknowledge(invite, refused);
  expect(refused.status).toBe(status);
  expect(refused.body).toBe('');
  expect(await world.record(invite)).toMatchObject({ reason, status, answer: null });
  await expectNoCalls(world);
});

it('a 1xx without a To tag that is not encrypted does not reach the caller, and ends the call', async () => {
  const { caller, callee, invite, arrived } = await ringing();
  answerWithoutTag(callee, arrived, 183, plain());
  callee.reply(await callee.request('CANCEL'), 200);
  callee.reply(arrived, 487);
  caller.acknowledge(invite, await caller.response(invite, 488));
  expect(caller.received.filter(({ body }) => body.includes('RTP/AVP'))).toEqual([]);
  expect(await world.record(invite)).toMatchObject({ reason: 'answerNotEncrypted', answer: null });
});

it('the seventeenth answer of a fork is judged like the first', async () => {
  const { caller, callee, invite, arrived } = await ringing();
  for (let fork = 0; fork < 16; fork++) callee.reply(arrived, 180, { tag: `fork${fork}` });
  await until(
    () => caller.received.filter((message) => 'status' in message && message.status === 180).length === 16,
    () => '16 times 180',
  );
  callee.reply(arrived, 200, { tag: 'fork16', body: plain() });
  callee.reply(await callee.request('BYE'), 200);
  const refused = await caller.response(invite);
  caller.acknowledge(invite, refused);
  expect(refused.status).toBe(488);
  expect(caller.received.filter(({ body }) => body.includes('RTP/AVP'))).toEqual([]);
  expect((await world.record(invite)).reason).toBe('answerNotEncrypted');
  await expectNoCalls(world);
});

it('the seventeenth answer of a fork, if it may stand, is a call like any other', async () => {
  const { caller, callee, invite, arrived } = await ringing();
  for (let fork = 0; fork < 16; fork++) callee.reply(arrived, 180, { tag: `fork${fork}` });
  callee.reply(arrived, 200, { tag: 'fork16', body: sdes('sendrecv', 40_100) });
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  await callee.request('ACK');
  callee.behaviour = answering();
  await world.hangUp(dialog);
  expect((await world.record(invite)).reason).toBe('completed');
});

it('a refused 2xx is acknowledged each time it comes, and hung up on once', async () => {
  const { caller, callee, invite, arrived } = await ringing();
  for (let time = 0; time < 4; time++) callee.reply(arrived, 200, { body: plain() });
  await until(
    () => sentTo(callee, 'ACK').length === 4,
    () => `4 ACKs, not ${sentTo(callee, 'ACK').length}`,
  );
  callee.reply(await callee.request('BYE'), 200);
  caller.acknowledge(invite, await caller.response(invite, 488));
  await expectNoCalls(world);
  // Whatever was sent before the answer to this has arrived.
  const options = callee.make('OPTIONS', `sip:127.0.0.1:${world.service.ports.udp}`);
  callee.send(options);
  await callee.response(options, 200);
  expect(sentTo(callee, 'BYE')).toHaveLength(1);
});

it('two phones behind one answer: BYE to one leaves the other, and the call is recorded once, at its end', async () => {
  const { caller, callee, invite, arrived } = await ringing();
  callee.reply(arrived, 200, { tag: 'one', body: sdes('sendrecv', 40_100) });
  const one = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  callee.reply(arrived, 200, { tag: 'two', body: sdes('sendrecv', 40_102) });
  const two = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  one.send('ACK');
  two.send('ACK');
  await callee.request('ACK');
  await callee.request('ACK');
  callee.behaviour = answering();
  await world.hangUp(one);
  expect(world.service.service.activeCalls).toBe(1);
  const info = two.send('INFO');
  await caller.response(info, 200);
  await world.hangUp(two);
  expect(await world.record(invite)).toMatchObject({ reason: 'completed', routesTried: 1 });
  await expectNoCalls(world);
});

it('the route in the record is the one that answered, though another was tried after it', async () => {
  const caller = await world.phone(number('norr'));
  const [first, second] = [await world.peer(ports[0] ?? 0), await world.peer(ports[1] ?? 0)];
  const invite = await caller.invite('463010001@trunk.example');
  const slow = await first.request('INVITE');
  second.reply(await second.request('INVITE'), 180);
  await caller.response(invite, 180);
  first.reply(slow, 200, { body: sdes('sendrecv', 40_100) });
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  await first.request('ACK');
  second.reply(await second.request('CANCEL'), 200);
  first.behaviour = answering();
  await world.hangUp(dialog);
  expect(await world.record(invite)).toMatchObject({ reason: 'completed', routesTried: 2, route: `peer trunk/127.0.0.1:${ports[0]};udp` });
});

it('a delayed offer is recorded with the cipher that the ACK chose', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const strong = `a=crypto:2 AEAD_AES_256_GCM inline:${'A'.repeat(59)}=`;
  callee.behaviour = answering({ body: sdes('sendrecv', 40_100).replace('a=sendrecv', `${strong}\r\na=sendrecv`) });
  const invite = await caller.invite(`${callee.user}@norr.example`, { body: '' });
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK', { body: sdes() });
  await callee.request('ACK');
  await world.hangUp(dialog);
  expect((await world.record(invite)).cipher).toBe('AES_CM_128_HMAC_SHA1_80');
});
