import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { sdes } from '../../../support/sdp.js';
import { readText } from '../../../support/service.js';
import { answering, SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { number, useWorld } from './world.js';

// What must not go further: identities, routes, credentials and keys, and requests into networks that a stranger names.
let peerPort = 0;
const world = useWorld(async () => {
  peerPort = await freePort();
  const plan = testPlan((all) => {
    all.internet = { inbound: true, outbound: true, encryption: 'preferred', signalling: 'any' };
    all.organisations.trunk = trunk([{ port: peerPort }]);
    Object.assign(all.organisations.syd.zones.syd ?? {}, { signalling: 'secure' });
  });
  return { plan };
});
const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of cleanUp.splice(0)) await step();
});

const overTls = async () => ({ transport: 'tls' as const, tls: { ca: await readText(world.service.certificateFile) } });
const stranger = () => world.client('eve', { domain: 'elsewhere.example' });

/** A place that only listens: how many bytes came. */
async function trap(kind: 'udp' | 'tcp') {
  let bytes = 0;
  const heard = (chunk: Buffer) => {
    bytes += chunk.length;
  };
  if (kind === 'udp') {
    const socket = createSocket('udp4').on('message', heard);
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    cleanUp.push(() => socket.close());
    return { port: socket.address().port, bytes: () => bytes };
  }
  const server = createServer((socket) => {
    bytes++;
    socket.on('data', heard).on('error', () => undefined);
    cleanUp.push(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, bytes: () => bytes };
}

it('keys do not leave by UDP when the TLS connection to the party is gone: 488', async () => {
  const caller = await world.phone(number('syd'), undefined, await overTls());
  const callee = await world.client(number('syd'), await overTls());
  const elsewhere = await trap('udp');
  const Contact = `<sip:${callee.user}@127.0.0.1:${elsewhere.port}>`;
  expect((await callee.register({ headers: { Contact } })).status).toBe(200);
  callee.behaviour = (request, client) => {
    if (request.method === 'INVITE') client.reply(request, 200, { body: sdes('sendrecv', 40_100), headers: { Contact } });
    return false;
  };
  const talk = await world.talk(caller, callee);
  await callee.close();
  // The connection's end may reach the gatekeeper after what comes next; it is over when a call to the phone says so.
  await until(
    async () => {
      const again = talk.caller.send('INVITE', { body: sdes() });
      const response = await caller.response(again, undefined, 500).catch(() => undefined);
      if (response) caller.acknowledge(again, response);
      return response?.status === 488;
    },
    () => '488 to the re-INVITE',
  );
  expect(elsewhere.bytes()).toBe(0);
});

it.each(['P-Asserted-Identity', 'Remote-Party-ID'])('%s of an endpoint or of the Internet goes no further', async (name) => {
  const callee = await world.phone(number('norr'));
  for (const sender of [await world.phone(number('norr')), await stranger()]) {
    const invite = await sender.invite(`sip:${callee.user}@norr.example`, { headers: { [name]: `<sip:${callee.user}@norr.example>` } });
    const arrived = await callee.request('INVITE');
    expect(arrived.has(name.toLowerCase())).toBe(false);
    callee.reply(arrived, 486);
    sender.acknowledge(invite, await sender.response(invite, 486));
  }
});

it("an exchange asserts its own numbers, and not another organisation's", async () => {
  const callee = await world.phone(number('norr'));
  const peer = await world.peer(peerPort, undefined, { port: world.service.ports.udp });
  const headers = {
    From: '<sip:463010009@trunk.example>;tag=t1',
    'P-Asserted-Identity': '"Own" <sip:463010008@trunk.example>, <sip:461020001@syd.example>',
    'Remote-Party-ID': '<sip:461020001@norr.example>;party=calling',
  };
  const invite = await peer.invite(`sip:${callee.user}@norr.example`, { headers });
  const arrived = await callee.request('INVITE');
  expect(arrived.list('p-asserted-identity')).toEqual(['"Own" <sip:463010008@trunk.example>']);
  expect(arrived.has('remote-party-id')).toBe(false);
  callee.reply(arrived, 486);
  peer.acknowledge(invite, await peer.response(invite, 486));
});

it('a Route beyond us is not passed on: where a call goes is for the plan to say', async () => {
  const callee = await world.phone(number('norr'));
  const guest = await stranger();
  const elsewhere = await trap('udp');
  const Route = `<sip:127.0.0.1:${world.service.ports.udp};lr>, <sip:127.0.0.1:${elsewhere.port};lr>`;
  const invite = await guest.invite(`sip:${callee.user}@norr.example`, { headers: { Route } });
  const arrived = await callee.request('INVITE');
  expect(arrived.getAll('route')).toEqual([]);
  callee.reply(arrived, 486);
  guest.acknowledge(invite, await guest.response(invite, 486));
  expect(elsewhere.bytes()).toBe(0);
});

it("a stranger's Contact does not lead our requests into a private network", async () => {
  const callee = await world.phone(number('norr'), answering());
  const inner = await trap('tcp');
  const guest = await world.client('eve', { transport: 'tcp', domain: 'elsewhere.example' });
  const invite = await guest.invite(`sip:${callee.user}@norr.example`, {
    headers: { Contact: `<sip:eve@127.0.0.1:${inner.port};transport=tcp>` },
  });
  const arrived = await callee.request('INVITE');
  const ok = await guest.response(invite, 200);
  TestDialog.ofCaller(guest, invite, ok).send('ACK');
  await callee.request('ACK');
  await guest.close();
  const dialog = TestDialog.ofCallee(callee, arrived, ok);
  await until(
    async () => {
      const info = dialog.send('INFO', { headers: { 'X-Payload': 'whatever' } });
      return (await callee.response(info, undefined, 500).catch(() => undefined))?.status === 481;
    },
    () => '481 to INFO',
  );
  expect(inner.bytes()).toBe(0);
  const bye = dialog.send('BYE');
  await callee.response(bye);
  expect((await world.record(invite)).reason).toBe('completed');
});

it('a call follows the Path when the connection of the registration is gone', async () => {
  const edge = await SipClient.open({ transport: 'tcp', user: 'edge' });
  cleanUp.push(() => edge.close());
  const contact = await trap('udp');
  const callee = number('norr');
  const proxy = await world.client(callee, { transport: 'tcp' });
  const path = `<sip:127.0.0.1:${edge.port};transport=tcp;lr>`;
  const headers = { Path: path, Supported: 'path', Contact: `<sip:${callee}@127.0.0.1:${contact.port}>` };
  expect((await proxy.register({ headers })).status).toBe(200);
  await proxy.close();
  const caller = await world.phone(number('norr'));
  const invite = await caller.invite(`${callee}@norr.example`);
  const arrived = await edge.request('INVITE');
  expect(arrived.list('route')).toEqual([path]);
  expect(contact.bytes()).toBe(0);
  edge.reply(arrived, 486);
  caller.acknowledge(invite, await caller.response(invite, 486));
});

it.each(['sips', 'SIPS', 'Sips'])('%s: stays on TLS', async (scheme) => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('norr'))];
  const invite = await caller.invite(`${scheme}:${callee.user}@norr.example`);
  const refused = await caller.response(invite);
  caller.acknowledge(invite, refused);
  expect(refused.status).toBe(480);
  expect(callee.has('INVITE')).toBe(false);
  expect((await world.record(invite)).reason).toBe('sipsUnreachable');
});

it.each([
  ['as they are', (value: string) => value],
  ['with the scheme in capitals', (value: string) => value.replace('Digest ', 'DIGEST ')],
  ['with the name in capitals', (value: string) => value.replace('realm=', 'REALM=')],
  ['with blanks round the sign', (value: string) => value.replace('realm=', 'realm = ')],
  ['with a needless escape', (value: string) => value.replace('realm="test', 'realm="\\test')],
])('credentials for our realm go no further: %s', async (_what, spell) => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('norr'))];
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  expect(arrived.has('proxy-authorization')).toBe(false);
  callee.reply(arrived, 200, { body: sdes() });
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  const own = spell(invite.get('proxy-authorization') ?? '');
  const info = dialog.request('INFO', { headers: { 'Proxy-Authorization': own } });
  info.add('proxy-authorization', 'Digest username="a", realm="elsewhere.example", nonce="n", uri="sip:x", response="r"');
  caller.send(info);
  const got = await callee.request('INFO');
  expect(got.getAll('proxy-authorization').map((value) => /realm="([^"]*)"/.exec(value)?.[1])).toEqual(['elsewhere.example']);
  callee.behaviour = answering();
  await world.hangUp(dialog);
});

it('an endpoint asserts nothing inside the call either, whichever side it is on', async () => {
  const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('norr'))];
  const talk = await world.talk(caller, callee);
  const headers = { 'P-Asserted-Identity': '<sip:461019999@norr.example>' };
  for (const [from, towards] of [
    [talk.caller, callee],
    [talk.callee, caller],
  ] as const) {
    from.send('INFO', { headers });
    expect((await towards.request('INFO')).has('p-asserted-identity')).toBe(false);
  }
  await world.hangUp(talk.caller);
});
