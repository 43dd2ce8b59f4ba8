import { expect, it } from 'vitest';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { until } from '../../../support/until.js';
import { ClockedWorld, expectNoCalls } from './aftermath.js';
import { useWorld } from './world.js';

// Who is known hears every refusal, and each has its record; strangers hear so many a second.
let peerPort = 0;
const world = useWorld(async () => {
  peerPort = await freePort();
  const plan = testPlan((all) => {
    all.internet = { inbound: true, outbound: false, encryption: 'preferred', signalling: 'any' };
    all.organisations.trunk = trunk([{ port: peerPort }]);
  });
  return { plan };
});

const attempts = 40;

it('every refused INVITE of a known zone is answered and recorded, however fast they come', async () => {
  const peer = await world.peer(peerPort, undefined, { port: world.service.ports.udp });
  const invites = Array.from({ length: attempts }, (_, index) =>
    peer.make('INVITE', `sip:4610299${String(index).padStart(2, '0')}@syd.example`, { From: '<sip:463010009@trunk.example>;tag=t1' }),
  );
  for (const invite of invites) peer.send(invite);
  for (const invite of invites) peer.acknowledge(invite, await peer.response(invite));
  const records = await Promise.all(invites.map((invite) => world.record(invite)));
  expect(new Set(records.map(({ reason }) => reason)).size).toBe(1);
  expect(records[0]).toMatchObject({ caller: { organisation: 'trunk', alias: '463010009' }, answer: null });
  await expectNoCalls(world);
});

it('strangers are answered ten times a second', async () => {
  const stopped = new ClockedWorld();
  await stopped.start();
  try {
    const stranger = await stopped.client('eve', { domain: 'elsewhere.example' });
    const invites = Array.from({ length: attempts }, (_, index) => stranger.make('INVITE', `sip:4610299${index}@syd.example`));
    for (const invite of invites) stranger.send(invite);
    const options = stranger.make('OPTIONS', `sip:127.0.0.1:${stopped.service.ports.udp}`);
    stranger.send(options);
    await stranger.response(options, 200);
    expect(new Set(stranger.received.map(({ callId }) => callId)).size).toBe(10 + 1);
    stopped.clock.advance(1000);
    const later = stranger.make('INVITE', 'sip:461029900@syd.example');
    stranger.send(later);
    expect((await stranger.response(later)).status).toBe(403);
  } finally {
    await stopped.stop();
  }
});

it('an INVITE without a From tag is no call: 400', async () => {
  const stranger = await world.client('eve', { domain: 'elsewhere.example' });
  const invite = stranger.make('INVITE', 'sip:461020001@syd.example', { From: '<sip:eve@elsewhere.example>' });
  stranger.send(invite);
  expect((await stranger.response(invite)).status).toBe(400);
  await expectNoCalls(world);
});

it('a request for nobody is refused without a transaction of ours', async () => {
  const stranger = await world.client('eve', { domain: 'elsewhere.example' });
  const bye = stranger.make('BYE', 'sip:461020001@syd.example', { To: '<sip:461020001@syd.example>;tag=none' });
  stranger.send(bye);
  expect((await stranger.response(bye)).status).toBe(481);
  await until(
    async () => (await (await fetch(`${world.service.url}/metrics`)).text()).includes('portvakt_sip_transactions{side="server"} 0'),
    () => 'no server transaction to be open',
  );
});
