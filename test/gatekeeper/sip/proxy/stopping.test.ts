import { afterEach, beforeEach, expect, it } from 'vitest';
import { answering, type SipClient } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { number, World } from './world.js';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.start({});
});
afterEach(() => world.stop());

/** RFC 3326 §2: protocol, then parameters; the text is a quoted string. */
const wellFormed = /^SIP;cause=\d{3};text="(?:[^"\\]|\\.)*"$/;

async function ringing(): Promise<{ caller: SipClient; callee: SipClient; invite: Awaited<ReturnType<SipClient['invite']>> }> {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  return { caller, callee, invite };
}

it('a call that stands is hung up at both ends', async () => {
  const [caller, callee] = [await world.phone(number('norr'), answering()), await world.phone(number('syd'), answering())];
  const talk = await world.talk(caller, callee);
  await world.service.service.close();
  for (const client of [caller, callee]) {
    const bye = await client.request('BYE');
    expect(bye.get('reason')).toMatch(wellFormed);
    expect(bye.callId).toBe(talk.invite.callId);
  }
  const record = await world.record(talk.invite);
  expect(record.reason).toBe('instanceStopped');
  expect(record.answer).not.toBeNull();
});

it('a phone that rings is told to stop, and the caller hears 503', async () => {
  const { caller, callee, invite } = await ringing();
  callee.reply(await callee.request('INVITE'), 180);
  await caller.response(invite, 180);
  const closed = world.service.service.close();
  const cancel = await callee.request('CANCEL');
  expect(cancel.get('reason')).toMatch(wellFormed);
  const refused = await caller.response(invite);
  expect(refused.status).toBe(503);
  expect(refused.get('warning')).toMatch(/^399 portvakt "/);
  await closed;
  expect(await world.record(invite)).toMatchObject({ reason: 'instanceStopped', answer: null });
});

it('a call that nobody has answered in any way is recorded too, and the caller hears 503', async () => {
  const { caller, callee, invite } = await ringing();
  await callee.request('INVITE');
  await world.service.service.close();
  expect((await caller.response(invite)).status).toBe(503);
  expect(await world.record(invite)).toMatchObject({ reason: 'instanceStopped', answer: null });
});

it('a new call while the last ones end hears 503, and has a record', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'), answering())];
  const talk = await world.talk(caller, callee);
  const drained = world.service.service.drain(60_000);
  const refused = await caller.invite(`${callee.user}@norr.example`);
  caller.acknowledge(refused, await caller.response(refused, 503));
  expect((await world.record(refused)).reason).toBe('instanceStopping');
  await world.hangUp(talk.caller);
  await drained;
  expect((await world.record(talk.invite)).reason).toBe('completed');
});

it('a cancelled branch hears a Reason that can be read', async () => {
  const user = number('syd');
  const [caller, first, second] = [await world.phone(number('norr')), await world.phone(user), await world.phone(user)];
  const invite = await caller.invite(`${user}@norr.example`);
  first.reply(await first.request('INVITE'), 180);
  const at = await second.request('INVITE');
  await caller.response(invite, 180);
  second.reply(at, 200, { body: at.body });
  const cancel = await first.request('CANCEL');
  expect(cancel.get('reason')).toMatch(wellFormed);
  expect(cancel.get('reason')).toContain('cause=200');
  await until(
    () => world.service.service.activeCalls === 1,
    () => 'the call to stand',
  );
});
