import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type CertificateAuthority, makeCertificateAuthority } from '../../../support/certificates.js';
import { DnsServer } from '../../../support/dns-server.js';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { answering, TestDialog } from '../../../support/sip-client.js';
import { number, useWorld } from './world.js';

let authority: CertificateAuthority;
let dns: DnsServer;
let directory = '';
let peerPort = 0;
afterAll(async () => {
  await dns.close();
  await rm(directory, { recursive: true, force: true });
});

// A trunk known by its certificate, and the Internet open both ways with a name server of our own.
const world = useWorld(async () => {
  authority = await makeCertificateAuthority();
  dns = await DnsServer.open();
  peerPort = await freePort();
  directory = await mkdtemp(join(tmpdir(), 'portvakt-zones-'));
  const own = await authority.issue({ dns: ['localhost'], addresses: ['127.0.0.1'] });
  const file = async (name: string, text: string) => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  const listen = [
    ...(['udp', 'tcp', 'tls'] as const).map((transport) => ({ transport, address: '127.0.0.1', port: 0 })),
    { transport: 'udp', address: '::1', port: 0 },
  ];
  return {
    plan: testPlan((plan) => {
      plan.internet = { inbound: true, outbound: true, signalling: 'any' };
      plan.organisations.trunk = trunk([{ port: peerPort }], { sources: { certificateNames: ['sbc.trunk.example'] } });
    }),
    sip: {
      listen,
      tls: {
        certificate: await file('own.pem', own.certificate),
        key: await file('own.key', own.key),
        ca: await file('authorities.pem', authority.certificate),
      },
      dns: { servers: [dns.address], allowPrivateTargets: true },
    },
  };
});

const tls = async (name: string) => {
  const issued = await authority.issue({ dns: [name] });
  return { transport: 'tls', tls: { ca: authority.certificate, ...issued } } as const;
};

it('a trunk is known by the name in its certificate', async () => {
  const callee = await world.phone(number('norr'), answering());
  const sbc = await world.client('463010001', { ...(await tls('sbc.trunk.example')), domain: 'trunk.example' });
  const invite = await sbc.invite(`${callee.user}@norr.example`);
  const dialog = TestDialog.ofCaller(sbc, invite, await sbc.response(invite, 200));
  dialog.send('ACK');
  await world.hangUp(dialog);
  expect(await world.record(invite)).toMatchObject({ caller: { zone: 'trunk', organisation: 'trunk', alias: '463010001' } });
});

it('another name of the same authority is not that trunk', async () => {
  const other = await world.client('463010001', { ...(await tls('sbc.other.example')), domain: 'trunk.example' });
  const invite = await other.invite('461010001@norr.example');
  expect((await other.response(invite)).status).toBe(403);
});

it('a call from the Internet comes in where the plan lets it, and may not show a number of ours', async () => {
  const callee = await world.phone(number('norr'), answering());
  const guest = await world.client('guest', { domain: 'elsewhere.example' });
  const invite = await guest.invite(`${callee.user}@norr.example`);
  const dialog = TestDialog.ofCaller(guest, invite, await guest.response(invite, 200));
  dialog.send('ACK');
  await world.hangUp(dialog);
  expect(await world.record(invite)).toMatchObject({ caller: { zone: 'internet', alias: 'guest@elsewhere.example' } });
  const liar = await world.client('463010001', { domain: 'trunk.example' });
  const lie = await liar.invite(`${callee.user}@norr.example`);
  expect((await liar.response(lie)).status).toBe(403);
});

it('a call to the Internet goes where DNS says: SRV, and on to the next host when one is away', async () => {
  const far = await world.peer(0, answering(), { user: 'doctor', transport: 'tcp' });
  const gone = await freePort();
  dns.zone.set('far.example', []);
  dns.zone.set('_sip._tcp.far.example', [
    { type: 'SRV', priority: 10, weight: 1, port: gone, target: 'gone.far.example' },
    { type: 'SRV', priority: 20, weight: 1, port: far.port, target: 'sip.far.example' },
  ]);
  dns.zone.set('gone.far.example', [{ type: 'A', address: '127.0.0.1' }]);
  dns.zone.set('sip.far.example', [{ type: 'A', address: '127.0.0.1' }]);
  const caller = await world.phone(number('norr'));
  const invite = await caller.invite('sip:doctor@far.example');
  const arrived = await far.request('INVITE', 20_000);
  expect(arrived.uri).toBe('sip:doctor@far.example');
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  await world.hangUp(dialog);
  expect(await world.record(invite)).toMatchObject({
    callee: { zone: 'internet', alias: 'doctor@far.example' },
    route: 'internet far.example',
  });
}, 45_000);

it('a name that leads nowhere is said to be unknown', async () => {
  const caller = await world.phone(number('norr'));
  const invite = await caller.invite('sip:doctor@nowhere.example');
  const response = await caller.response(invite);
  caller.acknowledge(invite, response);
  expect(response.status).toBe(404);
  expect((await world.record(invite)).reason).toBe('addressUnknown');
});

it('phones on IPv6 and IPv4 call each other', async () => {
  const port = Number(/\[::1\]:(\d+)/.exec(world.service.service.listeners.join(' '))?.[1]);
  const six = await world.phone(number('norr'), undefined, { host: '::1', port });
  const four = await world.phone(number('syd'), answering());
  const talk = await world.talk(six, four);
  expect(talk.ok.list('record-route')).toHaveLength(2);
  await world.hangUp(talk.caller);
  six.behaviour = answering();
  const back = await world.talk(four, six);
  await world.hangUp(back.callee);
  expect((await world.record(back.invite)).reason).toBe('completed');
});
