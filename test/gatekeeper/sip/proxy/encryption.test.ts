import { expect, it } from 'vitest';
import { testPlan } from '../../../support/plan.js';
import { dtls, plain, sdes, sdesKey } from '../../../support/sdp.js';
import { readText } from '../../../support/service.js';
import { answering, TestDialog } from '../../../support/sip-client.js';
import { number, useWorld } from './world.js';

// norr lets keys travel in clear, syd does not.
const world = useWorld(() => ({
  plan: testPlan(({ organisations }) => {
    Object.assign(organisations.syd.zones.syd ?? {}, { signalling: 'secure' });
  }),
}));

it('an offer without SRTP is refused, and the sentence says what to switch on', async () => {
  const caller = await world.phone(number('norr'));
  const invite = await caller.invite('461010099@norr.example', { body: plain() });
  const response = await caller.response(invite, 488);
  caller.acknowledge(invite, response);
  expect(response.get('warning')).toContain('switch on SRTP');
  expect(await world.record(invite)).toMatchObject({ reason: 'mediaNotEncrypted', status: 488 });
});

it('keys in clear signalling are refused by the zone of the called party, fingerprints are not', async () => {
  const caller = await world.phone(number('norr'));
  const callee = await world.phone(number('syd'), answering({ body: dtls() }));
  const keys = await caller.invite(`${callee.user}@norr.example`, { body: sdes() });
  const refused = await caller.response(keys, 488);
  caller.acknowledge(keys, refused);
  expect(refused.get('warning')).toContain('SIP over TLS');
  expect((await world.record(keys)).reason).toBe('keysInClear');
  expect(callee.has('INVITE')).toBe(false);
  const fingerprints = await caller.invite(`${callee.user}@norr.example`, { body: dtls() });
  const dialog = TestDialog.ofCaller(caller, fingerprints, await caller.response(fingerprints, 200));
  dialog.send('ACK');
  await world.hangUp(dialog);
  expect(await world.record(fingerprints)).toMatchObject({ reason: 'completed', cipher: 'DTLS-SRTP' });
});

it('keys go to that zone over TLS', async () => {
  const caller = await world.phone(number('norr'));
  const ca = await readText(world.service.certificateFile);
  const callee = await world.phone(number('syd'), answering(), { transport: 'tls', tls: { ca } });
  const talk = await world.talk(caller, callee);
  await world.hangUp(talk.caller);
  expect((await world.record(talk.invite)).reason).toBe('completed');
});

it('an answer without SRTP ends the call: ACK and BYE to who answered, 488 to the caller', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('norr'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  callee.reply(await callee.request('INVITE'), 200, { body: plain() });
  await callee.request('ACK');
  const bye = await callee.request('BYE');
  expect(bye.get('reason')).toContain('cause=488');
  callee.reply(bye, 200);
  caller.acknowledge(invite, await caller.response(invite, 488));
  expect(await world.record(invite)).toMatchObject({ reason: 'answerNotEncrypted', answer: null });
});

it.each(['INVITE', 'UPDATE'])('%s inside a call that would drop SRTP is refused, and the call goes on', async (method) => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('norr'))];
  const talk = await world.talk(caller, callee);
  const change = talk.caller.send(method, { body: plain() });
  const refused = await caller.response(change, 488);
  if (method === 'INVITE') caller.acknowledge(change, refused);
  expect(callee.received.filter((message) => message.body.includes('RTP/AVP'))).toEqual([]);
  await world.hangUp(talk.caller);
  expect((await world.record(talk.invite)).reason).toBe('completed');
});

it('an ACK that answers a delayed offer without SRTP ends the call at both ends', async () => {
  const [caller, callee] = [await world.phone(number('norr'), answering()), await world.phone(number('norr'), answering())];
  const invite = await caller.invite(`${callee.user}@norr.example`, { body: '' });
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK', { body: plain() });
  await callee.request('BYE');
  await caller.request('BYE');
  expect((await world.record(invite)).reason).toBe('encryptionLost');
});

it('a failed call logs one line that says why, and no key, password or digest is ever logged', async () => {
  const caller = await world.phone(number('norr'));
  const invite = await caller.invite('461010098@norr.example', { body: plain() + sdes().slice(sdes().indexOf('m=audio')) });
  caller.acknowledge(invite, await caller.response(invite, 488));
  await world.record(invite);
  const lines = world.service
    .log()
    .split('\n')
    .filter((line) => line.includes(invite.callId));
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    msg: 'call',
    reason: 'mediaNotEncrypted',
    status: 488,
    refused: true,
    fromOrganisation: 'norr',
  });
  const digest = /response="([0-9a-f]+)"/.exec(invite.get('proxy-authorization') ?? '')?.[1] ?? 'none';
  for (const secret of [sdesKey, 'password-of-the-tests', digest, 'inline:']) expect(world.service.log()).not.toContain(secret);
});
