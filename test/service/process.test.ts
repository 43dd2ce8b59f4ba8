import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { testPlan, trunk } from '../support/plan.js';
import { type AsChild, metric, type ServiceSettings, startChild } from '../support/service.js';
import { answering, SipClient, TestDialog } from '../support/sip-client.js';
import { until } from '../support/until.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function child(settings: ServiceSettings = {}): Promise<AsChild> {
  const service = await startChild(settings);
  ends.push(() => service.stop());
  return service;
}

async function phone(service: AsChild, user: string, domain: string): Promise<SipClient> {
  const client = await SipClient.open({ port: service.ports.udp, user, domain });
  ends.push(() => client.close());
  expect((await client.register()).status).toBe(200);
  return client;
}

async function pair(service: AsChild) {
  const [anna, bertil] = [await phone(service, '461010001', 'norr.example'), await phone(service, '461020001', 'syd.example')];
  bertil.behaviour = answering();
  anna.behaviour = answering();
  return { anna, bertil };
}

async function talk(anna: SipClient, bertil: SipClient) {
  const invite = await anna.invite('461020001@norr.example');
  const dialog = TestDialog.ofCaller(anna, invite, await anna.response(invite, 200));
  dialog.send('ACK');
  await bertil.request('ACK');
  return { invite, dialog };
}

it('SIGHUP reads the plan again while calls go on; a plan with errors changes nothing and says where', async () => {
  const service = await child();
  const { anna, bertil } = await pair(service);
  const call = await talk(anna, bertil);

  const port = await freePort();
  const wider = testPlan(({ organisations }) => {
    organisations.trunk = trunk([{ port }]);
  });
  await service.writePlan(wider);
  service.program.signal('SIGHUP');
  await service.program.says(/is in force/);
  const peer = await SipClient.open({ localPort: port, user: 'peer' });
  ends.push(() => peer.close());
  peer.behaviour = answering();
  const toTrunk = await anna.invite('463010001@norr.example');
  const trunkCall = TestDialog.ofCaller(anna, toTrunk, await anna.response(toTrunk, 200));
  trunkCall.send('ACK');

  await service.writePlan('organisations: { norr: { series: 17 } }\n');
  service.program.signal('SIGHUP');
  await service.program.says(/the old one stays in force/);
  expect(service.log()).toMatch(/plan\.yaml:\d+:\d+: /);
  for (const dialog of [call.dialog, trunkCall]) await anna.response(dialog.send('BYE'), 200);
  expect((await service.records(2)).map(({ reason }) => reason)).toEqual(['completed', 'completed']);
}, 60_000);

it('SIGTERM takes no new calls, waits for those in progress, and leaves every record behind', async () => {
  const service = await child({ sip: { timers: { drainSeconds: 30 } } });
  const { anna, bertil } = await pair(service);
  const call = await talk(anna, bertil);
  service.program.signal('SIGTERM');
  await until(
    async () => (await fetch(`${service.url}/readyz`)).status === 503,
    () => 'the instance to say that it is not ready',
  );
  const late = await anna.invite('461020001@norr.example');
  const refused = await anna.response(late, 503);
  anna.acknowledge(late, refused);
  expect(refused.get('warning')).toContain('being stopped');
  await anna.response(call.dialog.send('BYE'), 200);
  await service.program.exits(0);
  const records = await service.records(2);
  expect(records.map(({ reason }) => reason).sort()).toEqual(['completed', 'instanceStopping']);
}, 60_000);

it('a second SIGTERM hangs up on those in progress, with a record each', async () => {
  const service = await child({ sip: { timers: { drainSeconds: 300 } } });
  const { anna, bertil } = await pair(service);
  await talk(anna, bertil);
  service.program.signal('SIGTERM');
  await until(
    async () => (await fetch(`${service.url}/readyz`)).status === 503,
    () => 'the instance to drain',
  );
  service.program.signal('SIGTERM');
  await Promise.all([anna.request('BYE'), bertil.request('BYE')]);
  await service.program.exits(0);
  expect(await service.records(1)).toMatchObject([{ reason: 'instanceStopped' }]);
}, 60_000);

it('killed in the middle of a call: the next start closes its record', async () => {
  const service = await child();
  const { anna, bertil } = await pair(service);
  const { invite } = await talk(anna, bertil);
  await until(
    async () => (await readFile(join(service.directory, 'data/records/open-calls.jsonl'), 'utf8')).includes(invite.callId),
    () => 'the call to stand in the journal',
  );
  service.program.signal('SIGKILL');
  await service.program.exit;
  const again = await service.restart();
  ends.push(() => again.stop());
  expect(await again.recordOf(invite.callId)).toMatchObject({ reason: 'instanceLost' });
  expect(await metric(again, 'portvakt_calls_active')).toBe(0);
}, 60_000);

it('will not start on a plan with errors, and says which', async () => {
  await expect(startChild({ plan: { ...testPlan(), meetings: { prefix: 46101, digits: 4, domain: 'mote.example' } } })).rejects.toThrow(
    /plan\.yaml:\d+:\d+/,
  );
}, 60_000);
