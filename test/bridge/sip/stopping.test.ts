import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { allRecords } from '../../support/calls.js';
import { freePort } from '../../support/free-port.js';
import { testPlan } from '../../support/plan.js';
import { RedisServer } from '../../support/redis.js';
import { type InProcess, metric, startService } from '../../support/service.js';
import { SipClient, TestDialog } from '../../support/sip-client.js';
import { until } from '../../support/until.js';
import { sound } from './offers.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const meeting = '4690010001';
const body = sound('m=video 0 RTP/SAVP 97').replaceAll('192.0.2.1', '127.0.0.1');

/** An instance with meetings, on a Redis that it shares. */
async function instance(name: string, redis: RedisServer): Promise<InProcess> {
  const plan = testPlan(({ meetings }) => {
    Object.assign(meetings, { permanent: [{ id: '10001', title: 'Ronden', organisation: 'norr' }] });
  });
  const from = await freePort();
  const ports = { from, to: Math.min(from + 400, 65_535) };
  const service = await startService({
    instance: name,
    plan,
    state: { redis: { url: `redis://127.0.0.1:${redis.port}` } },
    bridge: { media: { addresses: [{ address: '127.0.0.1' }], ports, workers: 1 } },
  });
  ends.push(() => service.stop());
  await until(
    async () => (await metric(service, 'portvakt_media_workers ')) === 1,
    () => 'a media worker to live',
  );
  return service;
}

async function room(service: InProcess, user: string, domain: string): Promise<{ client: SipClient; dialog: TestDialog; callId: string }> {
  const client = await SipClient.open({ port: service.ports.udp, user, domain });
  ends.push(() => client.close());
  expect((await client.register()).status).toBe(200);
  const invite = await client.invite(`${meeting}@${domain}`, { body });
  const answer = await client.response(invite);
  expect([answer.status, answer.get('warning')]).toEqual([200, undefined]);
  const dialog = TestDialog.ofCaller(client, invite, answer);
  dialog.send('ACK');
  return { client, dialog, callId: invite.callId };
}

it('an instance that is stopped ends its meetings: each participant is hung up and has one record, wherever it called', async () => {
  const redis = await RedisServer.start();
  ends.push(() => redis.remove());
  const [first, second] = [await instance('first', redis), await instance('second', redis)];
  await until(
    async () => (await metric(first, 'portvakt_instances ')) === 2 && (await metric(second, 'portvakt_instances ')) === 2,
    () => 'both to know each other',
  );
  const rooms = [await room(first, '461010001', 'norr.example'), await room(second, '461020001', 'syd.example')];
  const closed = first.service.close();
  for (const { client, dialog } of rooms) {
    const bye = await client.request('BYE');
    client.reply(bye, 200);
    expect(bye.callId).toBe(dialog.callId);
  }
  await closed;
  const written = async () => (await Promise.all([first, second].map((one) => allRecords(join(one.directory, 'data', 'records'))))).flat();
  await until(
    async () => (await written()).length >= 2 && second.service.activeCalls === 0,
    () => 'both calls to be recorded and over',
  );
  await second.service.close();
  const records = await written();
  expect(records.map(({ signallingId }) => signallingId).sort()).toEqual(rooms.map(({ callId }) => callId).sort());
  expect(records.map(({ reason, callee }) => [reason, callee?.organisation])).toEqual(Array(2).fill(['instanceStopped', 'norr']));
}, 60_000);
