import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type SipMessage, SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { allRecords } from '../../../support/calls.js';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { answering, type SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { expectNoCalls } from './aftermath.js';
import { number, useWorld } from './world.js';

// A call that comes back to us on its way (RFC 5393): once to another address, or for ever.
let peerPort = 0;
const world = useWorld(async () => {
  peerPort = await freePort();
  const plan = testPlan((all) => {
    all.internet = { inbound: true, outbound: false, encryption: 'preferred', signalling: 'any' };
    // Its address alone does not make the phones here part of it: the port does.
    all.organisations.trunk = trunk([{ port: peerPort }], { sources: { addresses: [`127.0.0.1:${peerPort}`] } });
  });
  return { plan };
});
afterEach(() => expectNoCalls(world));

/** An exchange in the middle: calls to it go back to the gatekeeper for `user`, responses go on. Without a Record-Route of its own. */
async function exchange(user: string): Promise<SipClient> {
  const peer = await world.peer(peerPort, undefined, { port: world.service.ports.udp });
  peer.behaviour = (request, client) => {
    if (request.method !== 'INVITE') return false;
    const on = request.clone();
    on.uri = `sip:${user}@syd.example`;
    on.prepend('via', client.newVia());
    client.send(on);
    return true;
  };
  const passBack = (message: SipMessage): number => {
    if (!(message instanceof SipRequest) && message.list('via').length > 1) {
      const back = message.clone();
      back.removeFirst('via');
      peer.send(back);
    }
    return Array.prototype.push.call(peer.received, message);
  };
  Object.defineProperty(peer.received, 'push', { value: passBack });
  return peer;
}

it.each(['caller', 'callee'] as const)('both turns of a spiral are recorded, and none is left when the %s hangs up', async (who) => {
  const user = number('syd');
  await exchange(user);
  const callee = await world.phone(user, answering());
  // From outside: an exchange that came with a number of norr would be turned away.
  const caller = await world.client('guest', { domain: 'elsewhere.example' });
  caller.behaviour = answering();
  const invite = await caller.invite('463010001@trunk.example');
  const arrived = await callee.request('INVITE');
  const ok = await caller.response(invite, 200);
  expect(ok.list('record-route')).toHaveLength(2);
  const dialog = TestDialog.ofCaller(caller, invite, ok);
  dialog.send('ACK');
  await callee.request('ACK');
  expect(world.service.service.activeCalls).toBe(2);
  await world.hangUp(who === 'caller' ? dialog : TestDialog.ofCallee(callee, arrived, ok));
  await (who === 'caller' ? callee : caller).request('BYE');
  await expectNoCalls(world);
  const written = async () => {
    const all = await allRecords(join(world.service.directory, 'data', 'records'));
    return all.filter(({ signallingId }) => signallingId === invite.callId);
  };
  await until(
    async () => (await written()).length === 2,
    () => 'two records',
  );
  expect((await written()).map(({ reason }) => reason)).toEqual(['completed', 'completed']);
});

it('a request inside a call that comes back as it went is in a loop, and the call goes on', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'), answering())];
  const talk = await world.talk(caller, callee);
  callee.behaviour = undefined;
  const info = talk.caller.send('INFO');
  const arrived = await callee.request('INFO');
  const back = arrived.clone();
  back.prepend('via', callee.newVia());
  callee.send(back);
  expect((await callee.response(back)).status).toBe(482);
  callee.reply(arrived, 200);
  await caller.response(info, 200);
  callee.behaviour = answering();
  await world.hangUp(talk.caller);
});

it.each([
  ['by address', (port: number) => `127.0.0.1:${port}`],
  ['by name', (port: number) => `localhost:${port}`],
  ['by realm', (port: number) => `test.example:${port}`],
])('a Contact that names the gatekeeper %s is refused: 400', async (_what, host) => {
  const phone = await world.client(number('syd'));
  const target = host(world.service.ports.udp);
  for (const Contact of [`<sip:${phone.user}@${target}>`, `<sip:${phone.contact.slice(4)}>, <sip:+${phone.user}@${target};user=phone>`]) {
    const response = await phone.register({ headers: { Contact } });
    expect(response.status).toBe(400);
    expect(response.get('warning')).toContain('gatekeeper');
  }
});
