import { afterEach, beforeEach, expect, it } from 'vitest';
import { responseTo } from '../../../../src/gatekeeper/sip/message/message.js';
import { sdes } from '../../../support/sdp.js';
import { answering, type Behaviour, TestDialog } from '../../../support/sip-client.js';
import { ClockedWorld } from './aftermath.js';
import { number } from './world.js';

// What would hang for ever but for a deadline of ours.
let world: ClockedWorld;
beforeEach(async () => {
  world = new ClockedWorld();
  await world.start();
});
afterEach(() => world.stop());

const active = () => world.service.service.activeCalls;
const finals = (client: { received: readonly object[] }, cseq: number) =>
  client.received.filter(
    (message) =>
      'status' in message &&
      'cseq' in message &&
      (message.cseq as { seq: number; method: string }).seq === cseq &&
      Number(message.status) >= 200,
  ).length;

const hangsUp: Behaviour = (request, client) => {
  if (request.method === 'BYE' || request.method === 'CANCEL') client.reply(request, 200);
  return false;
};

it('a re-INVITE answered with 100 alone: 408 after the ringing time, and nothing is left after BYE', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const talk = await world.talk(caller, callee);
  callee.behaviour = hangsUp;
  const before = world.clock.now();
  const again = talk.caller.send('INVITE', { body: sdes() });
  callee.send(responseTo(await callee.request('INVITE'), 100));
  await world.pass(() => finals(caller, again.cseq.seq) > 0, 'a final response to the re-INVITE');
  const final = await caller.response(again);
  caller.acknowledge(again, final);
  expect(final.status).toBe(408);
  expect(world.clock.now() - before).toBeGreaterThanOrEqual(180_000);
  expect(active()).toBe(1);
  await world.hangUp(talk.caller);
  expect((await world.record(talk.invite)).reason).toBe('completed');
  await world.expectNothingLeft();
});

it('an early BYE, and the phone says nothing more: timer C ends the INVITE, and nothing is left', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  callee.reply(await callee.request('INVITE'), 180);
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 180));
  callee.behaviour = hangsUp;
  await world.hangUp(dialog);
  expect(active()).toBe(1);
  await world.pass(() => active() === 0, 'the INVITE to be given up');
  caller.acknowledge(invite, await caller.response(invite));
  expect((await world.record(invite)).answer).toBeNull();
  await world.expectNothingLeft();
});

it('an answer with a session timer that is never acknowledged is ended after 32 s as well', async () => {
  const [caller, callee] = [await world.phone(number('norr'), hangsUp), await world.phone(number('syd'))];
  callee.behaviour = (request, client) => {
    if (request.method !== 'INVITE') return hangsUp(request, client);
    client.reply(request, 200, { body: sdes('sendrecv', 40_100), headers: { 'Session-Expires': '86400;refresher=uac' } });
    return false;
  };
  const invite = await caller.invite(`${callee.user}@norr.example`);
  await caller.response(invite, 200);
  const before = world.clock.now();
  await world.pass(() => active() === 0, 'the call to be given up');
  expect(world.clock.now() - before).toBeGreaterThanOrEqual(31_000);
  expect(world.clock.now() - before).toBeLessThanOrEqual(40_000);
  expect((await world.record(invite)).reason).toBe('ackMissing');
  await world.expectNothingLeft();
});

it('a call that ended as it should leaves nothing', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'), answering())];
  const talk = await world.talk(caller, callee);
  await world.hangUp(talk.caller);
  await world.expectNothingLeft();
});
