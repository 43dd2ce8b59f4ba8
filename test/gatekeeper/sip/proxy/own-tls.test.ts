import { afterAll, beforeAll, expect, it } from 'vitest';
import { type SipMessage, SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { answering, SipClient, TestDialog } from '../../../support/sip-client.js';
import { type Instance, SipCluster } from './sip-cluster.js';
import { number } from './world.js';

let cluster: SipCluster;
let instance: Instance;
let exchange: SipClient;
let back: SipClient;

// A call that an exchange, which stays out of its dialog, sends back to us by TLS. What follows goes from us to ourselves, by TLS as well.
beforeAll(async () => {
  const port = await freePort();
  const plan = testPlan((all) => {
    all.internet = { inbound: true, outbound: false, encryption: 'preferred', signalling: 'any' };
    all.organisations.trunk = trunk([{ port }], { sources: { addresses: [`127.0.0.1:${port}`] } });
  });
  cluster = await SipCluster.start();
  instance = await cluster.join('only', { plan });
  exchange = await SipClient.open({ localPort: port, user: 'peer', domain: 'trunk.example', port: instance.port('udp') });
  back = await cluster.client(instance, 'peer', 'tls');
}, 60_000);

afterAll(async () => {
  await exchange.close();
  await cluster.stop();
  expect(instance.faults).toEqual([]);
});

/** INVITEs to the exchange go on to this user by TLS; what is answered goes the same way back. */
function passOnTo(user: string): void {
  exchange.behaviour = (request) => {
    if (request.method !== 'INVITE') return false;
    const on = request.clone();
    on.uri = `sip:${user}@syd.example`;
    on.prepend('via', back.newVia());
    back.send(on);
    return true;
  };
  const passBack = (message: SipMessage): number => {
    if (!(message instanceof SipRequest) && message.list('via').length > 1) {
      const response = message.clone();
      response.removeFirst('via');
      exchange.send(response);
    }
    return Array.prototype.push.call(back.received, message);
  };
  Object.defineProperty(back.received, 'push', { value: passBack });
}

it('both turns of a call that came back by TLS end with it', async () => {
  const callee = await cluster.phone(instance, number('syd'), 'udp', answering());
  passOnTo(callee.user);
  const caller = await cluster.client(instance, 'guest', 'udp', { domain: 'elsewhere.example' });
  const invite = await caller.invite('463010001@trunk.example');
  await callee.request('INVITE');
  const ok = await caller.response(invite, 200);
  expect(ok.list('record-route').some((route) => route.includes(';transport=tls;'))).toBe(true);
  const dialog = TestDialog.ofCaller(caller, invite, ok);
  dialog.send('ACK');
  await callee.request('ACK');
  expect(instance.edge.calls).toBe(2);
  const bye = dialog.send('BYE');
  await callee.request('BYE');
  await caller.response(bye, 200);
  expect(instance.edge.calls).toBe(0);
});
