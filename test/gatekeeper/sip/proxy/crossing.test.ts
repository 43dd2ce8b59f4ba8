import { expect, it } from 'vitest';
import { plain, sdes } from '../../../support/sdp.js';
import { answering, SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { expectNoCalls } from './aftermath.js';
import { number, useWorld } from './world.js';

// Messages that cross on the way: a call that ends while its INVITE, or an INVITE inside it, has no final response yet.
const world = useWorld();

async function early(status = 180) {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  callee.reply(arrived, status);
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, status));
  return { caller, callee, invite, arrived, dialog };
}

async function earlyBye() {
  const all = await early();
  const bye = all.dialog.send('BYE');
  all.callee.reply(await all.callee.request('BYE'), 200);
  await all.caller.response(bye, 200);
  return all;
}

it('a BYE before the answer does not close the record while the INVITE is under way', async () => {
  const { caller, callee, invite, arrived } = await earlyBye();
  expect(world.service.service.activeCalls).toBe(1);
  callee.reply(arrived, 487);
  caller.acknowledge(invite, await caller.response(invite, 487));
  expect(await world.record(invite)).toMatchObject({ answer: null, status: 487 });
  await expectNoCalls(world);
});

it('a 200 that comes after an early BYE is a call like any other, until somebody hangs up', async () => {
  const { caller, callee, invite, arrived } = await earlyBye();
  callee.reply(arrived, 200, { body: sdes('sendrecv', 40_100) });
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  await callee.request('ACK');
  callee.behaviour = answering();
  await world.hangUp(dialog);
  const record = await world.record(invite);
  expect(record.reason).toBe('completed');
  expect(record.answer).not.toBeNull();
  await expectNoCalls(world);
});

it('an early BYE and then CANCEL: 487, and nothing is left', async () => {
  const { caller, callee, invite, arrived } = await earlyBye();
  caller.cancel(invite);
  callee.reply(await callee.request('CANCEL'), 200);
  callee.reply(arrived, 487);
  caller.acknowledge(invite, await caller.response(invite, 487));
  expect((await world.record(invite)).reason).toBe('callerCancelled');
  await expectNoCalls(world);
});

it('UPDATE answered in plain before the answer: the caller hears 488, and the crossing 200 is taken back', async () => {
  const { caller, callee, invite, arrived, dialog } = await early(183);
  const update = dialog.send('UPDATE', { body: sdes() });
  callee.reply(await callee.request('UPDATE'), 200, { body: plain() });
  await caller.response(update, 488);
  callee.reply(arrived, 200, { body: sdes('sendrecv', 40_100) });
  await callee.request('ACK');
  callee.reply(await callee.request('BYE'), 200);
  caller.acknowledge(invite, await caller.response(invite, 488));
  expect(caller.received.filter(({ body }) => body !== '')).toEqual([]);
  expect(await world.record(invite)).toMatchObject({ reason: 'encryptionLost', answer: null });
  await expectNoCalls(world);
});

it('UPDATE answered in plain before the answer, and the phone heeds CANCEL', async () => {
  const { caller, callee, invite, arrived, dialog } = await early(183);
  const update = dialog.send('UPDATE', { body: sdes() });
  callee.reply(await callee.request('UPDATE'), 200, { body: plain() });
  await caller.response(update, 488);
  callee.reply(await callee.request('CANCEL'), 200);
  callee.reply(arrived, 487);
  await callee.request('ACK');
  caller.acknowledge(invite, await caller.response(invite, 488));
  expect((await world.record(invite)).reason).toBe('encryptionLost');
  await expectNoCalls(world);
});

it('CANCEL of a re-INVITE passes on, and its 487 comes back; the call goes on', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const talk = await world.talk(caller, callee);
  callee.behaviour = undefined;
  const again = talk.caller.send('INVITE', { body: sdes() });
  const arrived = await callee.request('INVITE');
  callee.reply(arrived, 180);
  await caller.response(again, 180);
  caller.cancel(again);
  callee.reply(await callee.request('CANCEL'), 200);
  callee.reply(arrived, 487);
  caller.acknowledge(again, await caller.response(again, 487));
  callee.behaviour = answering();
  await world.hangUp(talk.caller);
  expect((await world.record(talk.invite)).reason).toBe('completed');
});

it('CANCEL of a re-INVITE while its way is being opened: 487, and it never leaves', async () => {
  const caller = await world.phone(number('norr'));
  const callee = await world.phone(number('syd'), undefined, { transport: 'tcp' });
  const other = await SipClient.open({ transport: 'tcp', user: callee.user });
  callee.behaviour = (request, client) => {
    if (request.method === 'INVITE') {
      client.reply(request, 200, { body: sdes('sendrecv', 40_100), headers: { Contact: `<sip:${other.hostPort};transport=tcp>` } });
    }
    return false;
  };
  const talk = await world.talk(caller, callee);
  await callee.close();
  await until(
    async () => (await (await fetch(`${world.service.url}/metrics`)).text()).includes('portvakt_sip_connections{direction="in"} 0'),
    () => 'the connection to be gone',
  );
  const again = talk.caller.request('INVITE', { body: sdes() });
  // Both in one go: the CANCEL is there before the connection is.
  caller.send(again);
  caller.cancel(again);
  const final = await caller.response(again);
  caller.acknowledge(again, final);
  expect(final.status).toBe(487);
  other.behaviour = answering();
  await world.hangUp(talk.caller);
  expect(other.has('INVITE')).toBe(false);
  expect((await world.record(talk.invite)).reason).toBe('completed');
  await other.close();
});

it('hanging up while a re-INVITE has no answer ends that as well', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const talk = await world.talk(caller, callee);
  callee.behaviour = undefined;
  const again = talk.caller.send('INVITE', { body: sdes() });
  await callee.request('INVITE');
  callee.behaviour = answering();
  await world.hangUp(talk.caller);
  const final = await caller.response(again);
  caller.acknowledge(again, final);
  expect(final.status).toBe(487);
  expect((await world.record(talk.invite)).reason).toBe('completed');
  await expectNoCalls(world);
});
