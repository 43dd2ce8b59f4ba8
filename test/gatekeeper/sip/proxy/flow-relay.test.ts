import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { FlowTokens } from '../../../../src/gatekeeper/sip/proxy/flow-token.js';
import { PurposeKeys } from '../../../../src/gatekeeper/sip/proxy/purpose-key.js';
import { password, testPlan } from '../../../support/plan.js';
import { sdes } from '../../../support/sdp.js';
import { answerChallenge, answering, newId, type SipClient, TestDialog, type Transport } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { type Instance, type InstanceOptions, SipCluster } from './sip-cluster.js';
import { number } from './world.js';

let cluster: SipCluster;
let north: Instance;
let south: Instance;

beforeAll(async () => {
  cluster = await SipCluster.start();
  north = await cluster.join('north');
  south = await cluster.join('south');
}, 60_000);

afterAll(async () => {
  await cluster.stop();
  expect([...north.faults, ...south.faults]).toEqual([]);
});

async function talk(
  caller: SipClient,
  callee: SipClient,
): Promise<{ caller: TestDialog; callee: TestDialog; invite: SipRequest; arrived: SipRequest }> {
  const invite = await caller.invite(`${callee.user}@${callee.domain}`);
  const arrived = await callee.request('INVITE');
  await caller.response(invite, 180);
  const ok = await caller.response(invite, 200);
  const dialog = TestDialog.ofCaller(caller, invite, ok);
  dialog.send('ACK');
  await callee.request('ACK');
  return { invite, arrived, caller: dialog, callee: TestDialog.ofCallee(callee, arrived, ok) };
}

const outbound = (phone: SipClient) => ({
  Supported: 'outbound, path',
  Contact: `<${phone.contact}>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-${newId().slice(0, 12)}>";reg-id=1`,
});

describe('an endpoint whose connection is at another instance', () => {
  it.each([
    ['tcp' as Transport, 'udp' as Transport, 'caller' as const],
    ['tcp' as Transport, 'tcp' as Transport, 'callee' as const],
    ['tls' as Transport, 'tls' as Transport, 'callee' as const],
    ['udp' as Transport, 'tcp' as Transport, 'caller' as const],
  ])('over %s is called from %s, and both sides change the call; the %s hangs up', async (over, from, last) => {
    const callee = await cluster.phone(north, number('norr'), over, answering());
    const caller = await cluster.phone(south, number('syd'), from, answering());
    const call = await talk(caller, callee);
    // By way of the other instance: its Via stands above that of the call's own.
    expect(call.arrived.list('via')).toHaveLength(3);
    for (const [side, other] of [
      [call.caller, callee],
      [call.callee, caller],
    ] as const) {
      const again = side.send('INVITE', { body: sdes('sendonly') });
      await other.request('INVITE');
      await side.client.response(again, 200);
      side.send('ACK');
      await other.request('ACK');
    }
    const bye = call[last].send('BYE');
    await (last === 'caller' ? callee : caller).request('BYE');
    await call[last].client.response(bye, 200);
    expect(await south.recordOf(call.invite.callId)).toMatchObject({ reason: 'completed', status: 200 });
    expect(north.records.some(({ signallingId }) => signallingId === call.invite.callId)).toBe(false);
  });

  it('registered with outbound (RFC 5626) is called all the same', async () => {
    const callee = await cluster.client(north, number('norr'), 'tls');
    callee.behaviour = answering();
    await cluster.register(callee, outbound(callee));
    const caller = await cluster.phone(south, number('syd'), 'udp', answering());
    const call = await talk(caller, callee);
    const bye = call.callee.send('BYE');
    await caller.request('BYE');
    await callee.response(bye, 200);
  });

  it('is told when the caller gives up', async () => {
    const callee = await cluster.phone(north, number('norr'), 'tcp', (request, client) => {
      if (request.method === 'INVITE') client.reply(request, 180);
      return false;
    });
    const caller = await cluster.phone(south, number('syd'), 'udp');
    const invite = await caller.invite(`${callee.user}@${callee.domain}`);
    const arrived = await callee.request('INVITE');
    await caller.response(invite, 180);
    caller.cancel(invite);
    const cancel = await callee.request('CANCEL');
    callee.reply(cancel, 200);
    callee.reply(arrived, 487);
    expect((await caller.response(invite, 487)).status).toBe(487);
    expect(await south.recordOf(invite.callId)).toMatchObject({ reason: 'callerCancelled' });
  });

  it('gets messages outside calls', async () => {
    const callee = await cluster.phone(north, number('norr'), 'tls', (request, client) => {
      client.reply(request, 200);
      return false;
    });
    const sender = await cluster.phone(south, number('syd'), 'udp');
    const message = await sendWithDigest(sender, 'MESSAGE', `sip:${callee.user}@norr.example`);
    expect((await sender.response(message)).status).toBe(200);
    expect((await callee.request('MESSAGE')).list('via')).toHaveLength(3);
  });

  it('moved to another instance during the call: it is found there', async () => {
    const first = await cluster.phone(south, number('syd'), 'tcp', answering());
    const callee = await cluster.phone(south, number('norr'), 'udp', answering());
    const call = await talk(first, callee);
    await first.close();
    const again = await cluster.phone(north, first.user, 'tls', answering());
    const bye = call.callee.send('BYE');
    expect((await again.request('BYE')).callId).toBe(call.invite.callId);
    await callee.response(bye, 200);
    expect(await south.recordOf(call.invite.callId)).toMatchObject({ reason: 'completed' });
  });

  it('moved to the instance of the call, where it also is found', async () => {
    const first = await cluster.phone(north, number('norr'), 'tcp', answering());
    const caller = await cluster.phone(south, number('syd'), 'udp', answering());
    const call = await talk(caller, first);
    await first.close();
    const again = await cluster.phone(south, first.user, 'tcp', answering());
    const bye = call.caller.send('BYE');
    expect((await again.request('BYE')).list('route')).toEqual([]);
    await caller.response(bye, 200);
  });

  it('has gone without a word: the caller hears it at once', async () => {
    const connections = north.edge.transportStats.inboundConnections;
    const callee = await cluster.phone(north, number('norr'), 'tcp');
    const caller = await cluster.phone(south, number('syd'), 'udp');
    await callee.close();
    await until(
      () => north.edge.transportStats.inboundConnections <= connections,
      () => 'the connection to be closed',
    );
    const invite = await caller.invite(`${callee.user}@norr.example`);
    expect((await caller.response(invite)).status).toBe(480);
  });
});

describe('whom an instance passes requests on for', () => {
  const orderAt = (to: Instance, token: string) => `<sip:127.0.0.1:${to.port('udp')};lr;pvf=${token}>`;

  it('not for one who made the order up', async () => {
    const callee = await cluster.phone(north, number('norr'), 'tcp');
    const stranger = await cluster.client(north, number('syd'), 'udp');
    const flow = north.store.registrations.index.find(callee.user)?.bindings[0]?.flow ?? '';
    const forger = new FlowTokens(new PurposeKeys(() => Buffer.alloc(32), 'flow-routes'));
    const invite = stranger.make('INVITE', `sip:${callee.user}@norr.example`, {}, sdes());
    invite.set('route', orderAt(north, forger.order(flow, invite.callId, Date.now())));
    stranger.send(invite);
    expect((await stranger.response(invite)).status).toBe(403);
    expect(callee.has('INVITE')).toBe(false);
  });

  it('not for a party that shows the mark of a call as if it were an order', async () => {
    const callee = await cluster.phone(north, number('norr'), 'tcp', answering());
    const caller = await cluster.phone(south, number('syd'), 'udp', answering());
    const call = await talk(caller, callee);
    const mark = call.caller.routes.find((route) => route.includes(';pvf=')) ?? '';
    expect(mark).toContain(';pvf=m.');
    callee.behaviour = undefined;
    const before = callee.received.length;
    const stranger = await cluster.client(north, caller.user, 'udp');
    const start = stranger.make('INVITE', callee.contact, { 'Call-ID': call.invite.callId, Route: mark }, sdes());
    stranger.send(start);
    expect((await stranger.response(start)).status).toBe(407);
    const inside = call.caller.request('INFO', { routes: [mark] });
    inside.set('via', stranger.newVia());
    stranger.send(inside);
    // It goes where every request of the call goes: to its instance, which takes it for what it is.
    await stranger.response(inside, 481);
    expect(callee.received).toHaveLength(before);
    callee.behaviour = answering();
    const bye = call.caller.send('BYE');
    await caller.response(bye, 200);
  });
});

describe('keys in the signalling', () => {
  const secure = testPlan((plan) => {
    plan.organisations.norr.zones = { norr: { ...plan.organisations.norr.zones.norr, kind: 'hosted', signalling: 'secure' } };
  });
  const withoutTls: InstanceOptions['announce'] = ({ sip, flows }) => ({ sip: sip.filter(({ transport }) => transport !== 'tls'), flows });
  const anotherCertificate: InstanceOptions['announce'] = ({ sip, flows }) => ({
    sip: sip.map((listener) => ({
      ...listener,
      ...(listener.fingerprint && { fingerprint: listener.fingerprint.replace(/^../, (byte) => (byte === '00' ? '01' : '00')) }),
    })),
    flows,
  });

  it.each([
    ['over TLS all the way', 'tls' as const, undefined, 200],
    ['not over the endpoint’s TCP', 'tcp' as const, undefined, 488],
    ['not over a TCP link between instances', 'tls' as const, withoutTls, 488],
    ['not to an instance with another certificate than it said', 'tls' as const, anotherCertificate, 480],
  ])('pass %s', async (_name, over, announce, status) => {
    const own = await SipCluster.start();
    try {
      const one = await own.join('one', { plan: secure, ...(announce && { announce }) });
      const other = await own.join('other', { plan: secure });
      const callee = await own.phone(one, number('norr'), over, answering());
      const caller = await own.phone(other, number('syd'), 'udp');
      const invite = await caller.invite(`${callee.user}@norr.example`);
      const response = await caller.response(invite);
      expect(response.status).toBe(status);
      expect(callee.has('INVITE')).toBe(status === 200);
      if (status !== 200) return;
      const dialog = TestDialog.ofCaller(caller, invite, response);
      dialog.send('ACK');
      const bye = dialog.send('BYE');
      await caller.response(bye, 200);
    } finally {
      await own.stop();
    }
  });
});

describe('an instance that is lost', () => {
  it('leaves names of connections behind: nobody waits for those', async () => {
    const alias = number('norr');
    const binding = (flow: string, port: number) => ({
      contact: `sip:${alias}@127.0.0.1:${port};transport=tcp`,
      key: `sip:${alias}@127.0.0.1:${port};transport=tcp`,
      expires: 600,
      q: 1000,
      path: [],
      flow,
    });
    const limits = { organisation: 100, total: 100 };
    const registered = await south.store.registrations.apply({
      ...{ alias, organisation: 'norr', zone: 'norr', protocol: 'sip', callId: 'earlier', cseq: 1, removeAll: false, limits },
      contacts: [
        { ...binding('tcp:nobodys:1', 45_061), instance: 'urn:uuid:1', regId: 1 },
        { ...binding('tls:nobodys:7', 45_062), instance: '', regId: 0 },
      ],
    });
    expect(registered.ok).toBe(true);
    const { outboundConnections } = south.edge.transportStats;
    const caller = await cluster.phone(south, number('syd'), 'udp');
    const invite = await caller.invite(`${alias}@norr.example`);
    expect((await caller.response(invite)).status).toBe(480);
    expect(south.edge.transportStats.outboundConnections).toBe(outboundConnections);
  });

  it('takes connections with it, and calls find their endpoints where they registered again', async () => {
    const lost = await cluster.join('lost');
    const callee = await cluster.client(lost, number('norr'), 'tcp');
    callee.behaviour = answering();
    await cluster.register(callee, outbound(callee));
    const caller = await cluster.phone(south, number('syd'), 'udp', answering());
    const call = await talk(caller, callee);
    await lost.stop();
    await until(
      () => !south.store.members.others().some(({ instance }) => instance === 'lost'),
      () => 'the others to notice',
    );
    const again = await cluster.client(south, callee.user, 'tcp');
    again.behaviour = answering();
    await cluster.register(again, outbound(again));
    const bye = call.caller.send('BYE');
    expect((await again.request('BYE')).callId).toBe(call.invite.callId);
    await caller.response(bye, 200);
  });
});

/** Sends a request, answers the challenge, and gives the request that counts. */
async function sendWithDigest(client: SipClient, method: string, uri: string): Promise<SipRequest> {
  const first = client.make(method, uri);
  client.send(first);
  const challenge = (await client.response(first, 407)).getAll('proxy-authenticate').find((line) => line.includes('SHA-256')) ?? '';
  const second = first.clone();
  second.set('via', client.newVia());
  second.set('cseq', `2 ${method}`);
  second.set('proxy-authorization', answerChallenge(challenge, method, uri, client.user, password));
  client.send(second);
  return second;
}
