import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StoreStatus } from '../../../../src/gatekeeper/sip/store-status.js';
import { sdes } from '../../../support/sdp.js';
import { answering, type SipClient, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { type Instance, type InstanceOptions, SipCluster } from './sip-cluster.js';
import { number } from './world.js';

let cluster: SipCluster;
const joined: Instance[] = [];

beforeEach(async () => {
  cluster = await SipCluster.start();
}, 60_000);

afterEach(async () => {
  await cluster.stop();
  expect(joined.splice(0).flatMap(({ faults }) => faults)).toEqual([]);
});

async function join(name: string, options: InstanceOptions = {}): Promise<Instance> {
  const instance = await cluster.join(name, options);
  joined.push(instance);
  return instance;
}

async function talk(caller: SipClient, callee: SipClient): Promise<{ callId: string; caller: TestDialog; callee: TestDialog }> {
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  const ok = await caller.response(invite, 200);
  const dialog = TestDialog.ofCaller(caller, invite, ok);
  dialog.send('ACK');
  await callee.request('ACK');
  return { callId: invite.callId, caller: dialog, callee: TestDialog.ofCallee(callee, arrived, ok) };
}

describe('an instance with an endpoint’s connection', { timeout: 60_000 }, () => {
  it('passes on what came by itself to the instance of the call, and back', async () => {
    const [holder, owner] = [await join('holder'), await join('owner')];
    const callee = await cluster.phone(holder, number('syd'), 'tcp', answering());
    const caller = await cluster.phone(owner, number('norr'), 'udp', answering());
    const call = await talk(caller, callee);
    caller.turnTo(holder.port('udp'));
    const info = call.caller.send('INFO');
    await callee.request('INFO');
    await caller.response(info, 200);
    const again = call.caller.send('INVITE', { body: sdes('sendonly') });
    await callee.request('INVITE');
    await caller.response(again, 200);
    call.caller.send('ACK');
    await callee.request('ACK');
    const bye = call.caller.send('BYE');
    await callee.request('BYE');
    await caller.response(bye, 200);
    expect(await owner.recordOf(call.callId)).toMatchObject({ reason: 'completed' });
  });

  it('is stopped while the phone rings: the phone is told to stop, and the caller hears so at once', async () => {
    const [holder, owner] = [await join('holder'), await join('owner')];
    const callee = await cluster.phone(holder, number('syd'), 'tcp');
    const caller = await cluster.phone(owner, number('norr'), 'udp');
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const ringing = await callee.request('INVITE');
    callee.reply(ringing, 180);
    await caller.response(invite, 180);
    expect([holder.edge.underWay, holder.edge.calls, owner.edge.underWay]).toEqual([1, 0, 0]);
    const stopped = holder.stop();
    const cancel = await callee.request('CANCEL');
    expect(cancel.get('reason')).toMatch(/^SIP;cause=503;/);
    callee.reply(cancel, 200);
    callee.reply(ringing, 487);
    // Nobody waits for longer than it takes to say so.
    await callee.request('ACK');
    expect((await caller.response(invite)).status).toBe(480);
    await stopped;
    expect(holder.edge.underWay).toBe(0);
  });

  it('is stopped while the phone thinks about a request: its answer still gets back', async () => {
    const [holder, owner] = [await join('holder'), await join('owner')];
    const callee = await cluster.phone(holder, number('syd'), 'tcp', answering());
    const caller = await cluster.phone(owner, number('norr'), 'udp', answering());
    const call = await talk(caller, callee);
    callee.behaviour = undefined;
    const info = call.caller.send('INFO');
    const asked = await callee.request('INFO');
    expect(holder.edge.underWay).toBe(1);
    const stopped = holder.stop();
    callee.reply(asked, 200);
    await caller.response(info, 200);
    await stopped;
  });
});

describe('both ends of a call are gone without a word', { timeout: 60_000 }, () => {
  const sessions = { maxSilenceSeconds: 1 };

  it('one of them over a connection of another instance: that this one has no connection is no sign of life', async () => {
    const [holder, owner] = [await join('holder'), await join('owner', { sessions })];
    const callee = await cluster.phone(holder, number('syd'), 'tcp', answering());
    const caller = await cluster.phone(owner, number('norr'), 'tcp', answering());
    const call = await talk(caller, callee);
    await caller.close();
    await callee.close();
    expect(await owner.recordOf(call.callId)).toMatchObject({ reason: 'partiesSilent' });
  });

  it('which says nothing while others may have the call, as the store is away', async () => {
    const away: StoreStatus = { state: 'away', since: Date.now() - 11_000 };
    let status = away;
    const [usual, apart] = [await join('usual', { sessions }), await join('apart', { sessions, storeStatus: () => status })];
    const silentCall = async (at: Instance) => {
      const callee = await cluster.phone(at, number('syd'), 'tcp', answering());
      const caller = await cluster.phone(at, number('norr'), 'tcp', answering());
      const { callId } = await talk(caller, callee);
      await caller.close();
      await callee.close();
      return callId;
    };
    const spared = await silentCall(apart);
    // For as long as it takes elsewhere, and once more.
    for (let i = 0; i < 2; i++) expect(await usual.recordOf(await silentCall(usual))).toMatchObject({ reason: 'partiesSilent' });
    expect(apart.edge.calls).toBe(1);
    status = { state: 'connected', since: Date.now() - 11_000 };
    expect(await apart.recordOf(spared)).toMatchObject({ reason: 'partiesSilent' });
  });
});

it('an instance goes from among the living before the phone rings: the caller hears so at once', { timeout: 60_000 }, async () => {
  const [holder, owner] = [await join('holder'), await join('owner')];
  const callee = await cluster.phone(holder, number('syd'), 'tcp');
  const caller = await cluster.phone(owner, number('norr'), 'udp');
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  await until(
    () => owner.edge.transactionCounts.client > 0 && holder.edge.underWay === 1,
    () => 'the call to be on its way',
  );
  await holder.store.close();
  expect((await caller.response(invite)).status).toBe(480);
  // It is there all the same: its phone need not ring.
  callee.reply(arrived, 180);
  await callee.request('CANCEL');
});
