import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { sdes } from '../../../support/sdp.js';
import { answering, type SipClient, TestDialog } from '../../../support/sip-client.js';
import { number, type Talk, useWorld } from './world.js';

// Who may act in a call: Call-ID, tags and Via are seen by every proxy on the way, and prove nothing.
let peerPort = 0;
const world = useWorld(async () => {
  peerPort = await freePort();
  const plan = testPlan((all) => {
    all.organisations.trunk = trunk([{ port: peerPort }], { sources: { addresses: ['127.0.0.1'] } });
  });
  return { plan };
});
// A trunk at 127.0.0.1 would make everybody here a trunk: phones that prove nothing by their address live in a world of their own.
const apart = useWorld();

async function standing(): Promise<Talk & { readonly caller: TestDialog; readonly eve: SipClient }> {
  const [caller, callee] = [await apart.phone(number('norr')), await apart.phone(number('syd'))];
  // Behind a NAT: only the flow reaches it.
  const talk = await apart.talk(caller, callee, undefined, { headers: { Contact: `<sip:${caller.user}@10.1.1.1:5060>` } });
  return { ...talk, eve: await apart.client(number('norr')) };
}

const end = async ({ caller, callee, invite }: Talk) => {
  callee.client.behaviour = answering();
  await apart.hangUp(caller);
  expect((await apart.record(invite)).reason).toBe('completed');
};

it.each(['INFO', 'INVITE', 'UPDATE', 'BYE', 'REFER'])(
  '%s of a stranger with the right Call-ID and tags: 481, and nothing moves',
  async (method) => {
    const talk = await standing();
    const { eve } = talk;
    const forged = talk.caller.request(method, { cseq: 50, routes: [], headers: { Contact: `<${eve.contact}>` }, body: sdes() });
    forged.set('via', eve.newVia());
    eve.send(forged);
    expect((await eve.response(forged)).status).toBe(481);
    expect(talk.callee.client.received.some(({ cseq }) => cseq.seq === 50)).toBe(false);
    talk.caller.client.behaviour = answering();
    const update = talk.callee.send('UPDATE', { body: sdes() });
    expect((await talk.caller.client.request('UPDATE')).body).toContain('RTP/SAVP');
    await talk.callee.client.response(update, 200);
    expect(eve.has('UPDATE')).toBe(false);
    await end(talk);
  },
);

it('an ACK of a stranger is dropped', async () => {
  const [caller, callee] = [await apart.phone(number('norr')), await apart.phone(number('syd'), answering())];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  const eve = await apart.client(number('norr'));
  const forged = dialog.request('ACK', { routes: [] });
  forged.set('via', eve.newVia());
  eve.send(forged);
  const options = eve.make('OPTIONS', `sip:127.0.0.1:${apart.service.ports.udp}`);
  eve.send(options);
  await eve.response(options, 200);
  expect(callee.has('ACK')).toBe(false);
  dialog.send('ACK');
  await callee.request('ACK');
  await apart.hangUp(dialog);
});

it('a party that has moved shows the token that it was given, and is answered where it is now', async () => {
  const talk = await standing();
  const moved = talk.eve;
  const info = talk.caller.request('INFO');
  info.set('via', moved.newVia());
  moved.send(info);
  talk.callee.client.reply(await talk.callee.client.request('INFO'), 200);
  await moved.response(info, 200);
  moved.behaviour = answering();
  const back = talk.callee.send('INFO');
  await moved.request('INFO');
  await talk.callee.client.response(back, 200);
  talk.callee.client.behaviour = answering();
  const bye = talk.caller.request('BYE');
  bye.set('via', moved.newVia());
  moved.send(bye);
  await moved.response(bye, 200);
  expect((await apart.record(talk.invite)).reason).toBe('completed');
});

it('a trunk may go on from another of its addresses', async () => {
  const peer = await world.peer(peerPort, answering(), { port: world.service.ports.udp });
  const other = await world.client('463010002', { domain: 'trunk.example' });
  const invite = await peer.invite('463010001@trunk.example', { headers: { From: '<sip:463010009@trunk.example>;tag=t1' } });
  const arrived = await peer.request('INVITE');
  const ok = await peer.response(invite, 200);
  TestDialog.ofCaller(peer, invite, ok).send('ACK');
  await peer.request('ACK');
  const bye = TestDialog.ofCallee(peer, arrived, ok).request('BYE', { routes: [] });
  bye.set('via', other.newVia());
  other.send(bye);
  await peer.request('BYE');
  await other.response(bye, 200);
  expect((await world.record(invite)).reason).toBe('completed');
});

function cancelOf(invite: SipRequest, headers: Readonly<Record<string, string>> = {}): SipRequest {
  const cancel = SipRequest.create('CANCEL', invite.uri, [['Max-Forwards', '70']]);
  for (const name of ['via', 'from', 'to', 'call-id']) cancel.set(name, invite.get(name) ?? '');
  cancel.set('cseq', `${invite.cseq.seq} CANCEL`);
  for (const [name, value] of Object.entries(headers)) cancel.set(name.toLowerCase(), value);
  return cancel;
}

/** Sends from another host, and gives what comes back there. */
async function sentFrom(address: string, request: SipRequest): Promise<string> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  const answer = new Promise<string>((resolve) => socket.once('message', (datagram) => resolve(datagram.toString('latin1'))));
  socket.send(request.toString(), apart.service.ports.udp, '127.0.0.1');
  return answer.finally(() => socket.close());
}

it.each([
  ['Call-ID', { 'Call-ID': 'another' }],
  ['CSeq number', { CSeq: '999 CANCEL' }],
  ['From tag', { From: '<sip:eve@norr.example>;tag=other' }],
])('a CANCEL with another %s: 481, and the phone rings on', async (_what, headers) => {
  const [caller, callee] = [await apart.phone(number('norr')), await apart.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  callee.reply(arrived, 180);
  await caller.response(invite, 180);
  const eve = await apart.client(number('norr'));
  eve.send(cancelOf(invite, headers));
  await eve.take((message): message is typeof message => 'status' in message && message.status === 481, '481 to CANCEL');
  expect(callee.has('CANCEL')).toBe(false);
  callee.reply(arrived, 200, { body: sdes() });
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  callee.behaviour = answering();
  await apart.hangUp(dialog);
  expect((await apart.record(invite)).reason).toBe('completed');
});

it('a CANCEL right in every word, but from another host: 481, and the phone rings on', async () => {
  const [caller, callee] = [await apart.phone(number('norr')), await apart.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  callee.reply(arrived, 180);
  await caller.response(invite, 180);
  expect(await sentFrom('127.0.0.2', cancelOf(invite))).toMatch(/^SIP\/2\.0 481 /);
  expect(callee.has('CANCEL')).toBe(false);
  callee.reply(arrived, 486);
  caller.acknowledge(invite, await caller.response(invite, 486));
  expect((await apart.record(invite)).reason).toBe('calleeBusy');
});
