import { afterEach, beforeEach, expect, it } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import type { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { sdes } from '../../../support/sdp.js';
import { answering, type Behaviour } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { number, World } from './world.js';

let clock: VirtualClock;
let world: World;

beforeEach(async () => {
  clock = new VirtualClock(Date.UTC(2026, 10, 22, 8));
  world = new World();
  await world.start({ clock, sip: { sessions: { maxSilenceSeconds: 60 } } });
});
afterEach(() => world.stop());

/** Moves time on second by second until this comes true, with a turn of the real world between. */
async function pass(done: () => boolean, what: string, seconds = 400): Promise<void> {
  let left = seconds;
  await until(
    () => {
      if (done()) return true;
      if (left-- > 0) clock.advance(1000);
      return false;
    },
    () => what,
  );
}

/** Records are written in batches, after a moment of the same clock. */
const record = (invite: SipRequest) => {
  clock.advance(2000);
  return world.record(invite);
};

const active = () => world.service.service.activeCalls;
const answerBody = sdes('sendrecv', 40_100);
const silent: Behaviour = (request, client) => {
  if (request.method === 'INVITE') client.reply(request, 200, { body: answerBody });
  return false;
};

it('a call whose both ends fell silent is asked after, ended and recorded', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'), silent)];
  const talk = await world.talk(caller, callee);
  caller.behaviour = () => true;
  callee.behaviour = () => true;
  await pass(() => callee.has('OPTIONS') && caller.has('OPTIONS'), 'both ends to be asked');
  await pass(() => active() === 0, 'the call to be ended');
  await until(
    () => caller.has('BYE') && callee.has('BYE'),
    () => 'BYE at both ends',
  );
  expect((await record(talk.invite)).reason).toBe('partiesSilent');
});

it('a call whose ends answer when asked goes on', async () => {
  const alive: Behaviour = (request, client) => {
    if (request.method === 'OPTIONS') client.reply(request, 200);
    return silent(request, client);
  };
  const [caller, callee] = [await world.phone(number('norr'), alive), await world.phone(number('syd'), alive)];
  const talk = await world.talk(caller, callee);
  const asked = () => callee.received.filter((message) => message.cseq.method === 'OPTIONS').length;
  await pass(() => asked() >= 3, 'the callee to be asked three times');
  expect(active()).toBe(1);
  callee.behaviour = answering();
  await world.hangUp(talk.caller);
  expect((await record(talk.invite)).reason).toBe('completed');
});

it('a session timer passes through, and a session that nobody refreshes is ended', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  callee.behaviour = (request, client) => {
    if (request.method === 'INVITE') client.reply(request, 200, { body: answerBody, headers: { 'Session-Expires': '90;refresher=uac' } });
    return false;
  };
  const talk = await world.talk(caller, callee, undefined, { headers: { Supported: 'timer', 'Session-Expires': '90', 'Min-SE': '90' } });
  expect(talk.arrived.get('session-expires')).toBe('90');
  expect(talk.ok.get('session-expires')).toBe('90;refresher=uac');
  await pass(() => active() === 0, 'the session to run out');
  expect((await record(talk.invite)).reason).toBe('sessionExpired');
  expect(clock.now() - Date.UTC(2026, 10, 22, 8)).toBeGreaterThan(90_000);
});

it('an answer that is never acknowledged ends the call', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'), silent)];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  await caller.response(invite, 200);
  await pass(() => active() === 0, 'the call to be given up');
  expect((await record(invite)).reason).toBe('ackMissing');
});

it('a phone that rings and rings is cancelled by timer C, and the caller hears 408', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  callee.reply(arrived, 180);
  await caller.response(invite, 180);
  await pass(() => callee.has('CANCEL'), 'the phone to be cancelled');
  const response = await caller.response(invite);
  expect([408, 480]).toContain(response.status);
  expect((await record(invite)).answer).toBeNull();
});

it('a phone that says nothing at all: 64*T1, then the caller hears that it is away', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  await callee.request('INVITE');
  await pass(() => active() === 0, 'the call to be given up', 60);
  expect((await caller.response(invite)).status).toBe(480);
  expect(callee.repeated).toBeGreaterThan(3);
  expect(await record(invite)).toMatchObject({ answer: null, status: 480 });
});
