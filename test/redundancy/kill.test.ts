import { afterEach, expect, test } from 'vitest';
import { metric } from '../support/service.js';
import { SipClient } from '../support/sip-client.js';
import { until } from '../support/until.js';
import { Cluster, call, each, hangUp } from './cluster.js';

let cluster: Cluster;
afterEach(() => cluster.close());

test('kill -9 of an instance with 1,000 registrations and 40 calls: calls go on at the other, each has one record', async () => {
  cluster = await Cluster.start(['first', 'second']);
  const [first, second] = [cluster.at(0), cluster.at(1)];
  const room = await SipClient.open({ port: first.ports.udp, user: '461020000', domain: 'syd.example' });
  await each(1000, 20, async (index) => {
    const aor = `sip:46102${String(index).padStart(4, '0')}@syd.example`;
    const registered = await room.register({ aor, headers: { 'Call-ID': `registration-${index}` } });
    expect(registered.status).toBe(200);
  });
  const caller = await cluster.phone(0, '461010001');
  const callee = await cluster.phone(0, '461021001');
  const dialogs = await each(40, 4, () => call(caller, callee));
  // One that rings only: nobody can carry it on.
  callee.behaviour = (request, client) => {
    client.reply(request, request.method === 'INVITE' ? 180 : 200);
    return false;
  };
  const ringing = await caller.invite('461021001@syd.example');
  await caller.response(ringing, 180);
  await until(
    async () => (await metric(second, 'portvakt_service_licences_used{licence="calls"}')) === 41,
    () => 'the other instance to count the calls',
  );

  await cluster.kill(0);
  const died = performance.now();
  caller.turnTo(second.ports.udp);
  const waits = await each(20, 20, async (index) => {
    const dialog = dialogs[index];
    if (!dialog) throw new Error('no such call');
    return hangUp(dialog);
  });
  const takeOver = performance.now() - died;
  // Those that say nothing for a while are carried on as well.
  await until(
    async () => (await metric(second, 'portvakt_calls_active')) === 20,
    () => '20 calls to be carried on',
    20_000,
  );
  const swept = performance.now() - died;
  for (const dialog of dialogs.slice(20)) await hangUp(dialog);

  expect(await metric(second, 'portvakt_service_licences_used{licence="registrations"}')).toBe(1002);
  room.behaviour = (request, client) => {
    if (request.method === 'INVITE') client.reply(request, 486);
    return false;
  };
  for (const number of ['461020000', '461020500', '461020999']) {
    const invite = await caller.invite(`${number}@syd.example`);
    expect((await caller.response(invite)).status).toBe(486);
  }

  const records = await cluster.records(44);
  const reasons = records.map(({ reason }) => reason).sort();
  expect(reasons).toEqual([...Array(3).fill('calleeBusy'), ...Array(40).fill('completed'), 'instanceLost']);
  expect(records.filter(({ instance, reason }) => instance === 'first' && reason === 'completed')).toHaveLength(40);
  await cluster.idle();

  await cluster.restart(0);
  await cluster.records(44);
  await cluster.idle();
  await room.close();
  console.log(
    `kill -9: calls lost 0 of 40 (1 that rang), records lost 0, doubled 0; the first 20 BYEs answered in ${Math.max(...waits).toFixed(0)} ms ` +
      `at most, ${(takeOver / 1000).toFixed(1)} s after the kill; all others carried on after ${(swept / 1000).toFixed(1)} s`,
  );
  expect(takeOver).toBeLessThan(10_000);
}, 120_000);
