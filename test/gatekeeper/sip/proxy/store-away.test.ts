import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { sdes } from '../../../support/sdp.js';
import { answering, type SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { type Instance, SipCluster } from './sip-cluster.js';
import { number } from './world.js';

let cluster: SipCluster;
let bystander: Instance;
let owner: Instance;
let other: Instance;

beforeEach(async () => {
  cluster = await SipCluster.start();
  bystander = await cluster.join('bystander');
  owner = await cluster.join('owner');
  other = await cluster.join('other');
}, 60_000);

afterEach(async () => {
  await cluster.stop();
  expect([bystander, owner, other].flatMap(({ faults }) => faults)).toEqual([]);
});

/** A call that the owner has; what both ends send from now on goes to the other instance, which can ask nobody for it. */
async function talk() {
  const caller = await cluster.phone(owner, number('norr'), 'udp', answering());
  const callee = await cluster.phone(owner, number('syd'), 'udp', answering());
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  const ok = await caller.response(invite, 200);
  const callerDialog = TestDialog.ofCaller(caller, invite, ok);
  callerDialog.send('ACK');
  await callee.request('ACK');
  await until(
    async () => typeof (await other.store.calls.find({ signallingId: invite.callId, take: false })) === 'object',
    () => 'the call to be told of',
  );
  for (const client of [caller, callee]) client.turnTo(other.port('udp'));
  return { callId: invite.callId, caller, callee, callerDialog, calleeDialog: TestDialog.ofCallee(callee, arrived, ok) };
}

async function loseStore(): Promise<void> {
  await cluster.redis.stop('SIGKILL');
  await until(
    async () => {
      const asked = [bystander, owner, other].filter(({ alive }) => alive).map(({ store }) => store.calls.find({ signallingId: 'x' }));
      return (await Promise.all(asked)).every((place) => place === 'away');
    },
    () => 'every instance to see that the store is away',
  );
}

const requests = ({ received }: SipClient, method: string) => received.filter((one) => one instanceof SipRequest && one.method === method);

describe('a request inside a call of another instance, while the store is away', { timeout: 60_000 }, () => {
  it('reaches the instance that has it: INFO, re-INVITE with its ACK, BYE', async () => {
    const { callId, caller, callee, callerDialog } = await talk();
    await loseStore();
    await caller.response(callerDialog.send('INFO'), 200);
    await callee.request('INFO');
    const again = callerDialog.send('INVITE', { body: sdes('sendonly') });
    await callee.request('INVITE');
    await caller.response(again, 200);
    callerDialog.send('ACK', { cseq: again.cseq.seq });
    await callee.request('ACK');
    const bye = callerDialog.send('BYE');
    await callee.request('BYE');
    await caller.response(bye, 200);
    await until(
      () => owner.edge.calls === 0,
      () => 'the owner to end it',
    );
    expect(requests(callee, 'BYE')).toHaveLength(1);
    await cluster.redis.startAgain();
    expect(await owner.recordOf(callId)).toMatchObject({ reason: 'completed' });
    expect([...other.records, ...bystander.records]).toEqual([]);
  });

  it('is found at whichever instance has it where the route tells none', async () => {
    const { caller, callee, callerDialog } = await talk();
    await loseStore();
    const routes = callerDialog.routes.map((route) => route.replace(`127.0.0.1:${owner.port('udp')}`, 'sip.example'));
    await caller.response(callerDialog.send('INFO', { routes }), 200);
    await callee.request('INFO');
    const again = callerDialog.send('INVITE', { body: sdes('sendonly'), routes });
    await caller.response(again, 200);
    callerDialog.send('ACK', { cseq: again.cseq.seq, routes });
    expect((await callee.request('ACK')).cseq.seq).toBe(again.cseq.seq);
    expect(requests(callee, 'INVITE')).toHaveLength(2);
    await caller.response(callerDialog.send('BYE', { routes }), 200);
    await until(
      () => owner.edge.calls === 0,
      () => 'the owner to end it',
    );
    expect(requests(callee, 'BYE')).toHaveLength(1);
  });

  it('goes no further than a BYE where none has it that can be reached; whoever has it hears of the end when the store is back', async () => {
    // Nobody listens there.
    owner = await cluster.join('unreachable', {
      announce: ({ flows }) => ({ sip: [{ transport: 'tcp', host: '127.0.0.1', port: 1 }], flows }),
    });
    const { callId, caller, callee, callerDialog } = await talk();
    const third = await cluster.phone(bystander, number('syd'), 'udp', answering());
    await loseStore();
    const before = [third.received.length, callee.received.length];
    for (const method of ['INFO', 'INVITE', 'MESSAGE', 'REFER']) {
      const own = callerDialog.send(method);
      const forged = callerDialog.request(method);
      forged.uri = third.contact;
      caller.send(forged);
      for (const request of [own, forged]) {
        const response = await caller.response(request);
        expect([response.status, response.has('retry-after')]).toEqual([503, true]);
      }
    }
    expect((await caller.response(callerDialog.send('BYE', { routes: [] }))).status).toBe(503);
    expect([third.received.length, callee.received.length]).toEqual(before);
    const bye = callerDialog.send('BYE');
    await callee.request('BYE');
    await caller.response(bye, 200);
    expect(owner.edge.calls).toBe(1);
    await cluster.redis.startAgain();
    expect(await owner.recordOf(callId)).toMatchObject({ reason: 'completed', status: 200 });
    expect(requests(callee, 'BYE')).toHaveLength(1);
    expect(requests(caller, 'BYE')).toEqual([]);
    expect(other.records).toEqual([]);
  });

  it('is cancelled by its CANCEL', async () => {
    const { caller, callee, callerDialog } = await talk();
    await loseStore();
    callee.behaviour = undefined;
    const again = callerDialog.send('INVITE', { body: sdes('sendonly') });
    const ringing = await callee.request('INVITE');
    callee.reply(ringing, 180);
    await caller.response(again, 180);
    caller.cancel(again);
    callee.reply(await callee.request('CANCEL'), 200);
    callee.reply(ringing, 487);
    await caller.response(again, 487);
  });
});
