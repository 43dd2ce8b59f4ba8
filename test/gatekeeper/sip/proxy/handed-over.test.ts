import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { sdes } from '../../../support/sdp.js';
import { answering, type SipClient, TestDialog, type Transport } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { type Instance, SipCluster } from './sip-cluster.js';
import { number } from './world.js';

let cluster: SipCluster;
let first: Instance;
let second: Instance;

beforeEach(async () => {
  cluster = await SipCluster.start();
  first = await cluster.join('first');
  second = await cluster.join('second');
}, 60_000);

afterEach(async () => {
  await cluster.stop();
  expect([...first.faults, ...second.faults]).toEqual([]);
});

/** A call that began at the first instance and is the second's by now. */
async function handedOver(transport: Transport = 'udp', headers: Readonly<Record<string, string>> = {}) {
  const caller = await cluster.phone(first, number('norr'), transport, answering());
  const callee = await cluster.phone(first, number('syd'), 'udp', answering());
  const invite = await caller.invite(`${callee.user}@norr.example`, { headers });
  const arrived = await callee.request('INVITE');
  const ok = await caller.response(invite, 200);
  const callerDialog = TestDialog.ofCaller(caller, invite, ok);
  callerDialog.send('ACK');
  await callee.request('ACK');
  // Told with others, a few milliseconds later.
  await until(
    async () => (await first.store.calls.handOver()) === 1,
    () => 'the call to be handed over',
  );
  await until(
    () => first.edge.calls === 0,
    () => 'the first instance to let go of it',
  );
  return { callId: invite.callId, caller, callee, callerDialog, calleeDialog: TestDialog.ofCallee(callee, arrived, ok) };
}

function turn(...clients: SipClient[]): void {
  for (const client of clients) client.turnTo(second.port('udp'));
}

function byes(...clients: SipClient[]): number {
  return clients.flatMap(({ received }) => received).filter((one) => one instanceof SipRequest && one.method === 'BYE').length;
}

describe('a call that another instance carries on', { timeout: 60_000 }, () => {
  it('is changed and ended there, with one record that began at the first', async () => {
    const { callId, caller, callee, callerDialog, calleeDialog } = await handedOver();
    turn(caller, callee);
    for (const [side, other] of [
      [calleeDialog, caller],
      [callerDialog, callee],
    ] as const) {
      const again = side.send('INVITE', { body: sdes('sendonly') });
      expect((await other.request('INVITE')).body).toContain('a=sendonly');
      await side.client.response(again, 200);
      side.send('ACK', { cseq: again.cseq.seq });
      expect((await other.request('ACK')).cseq.seq).toBe(again.cseq.seq);
    }
    await callee.response(calleeDialog.send('BYE'), 200);
    await caller.request('BYE');
    expect(await second.recordOf(callId)).toMatchObject({ reason: 'completed', instance: 'first', callee: { alias: callee.user } });
    expect(second.records).toHaveLength(1);
    expect(first.records).toEqual([]);
  });

  it('is reached through the first, which tells nobody and writes nothing', async () => {
    const { callId, caller, callee, callerDialog } = await handedOver();
    await caller.response(callerDialog.send('INFO'), 200);
    await callee.request('INFO');
    await caller.response(callerDialog.send('BYE'), 200);
    await callee.request('BYE');
    expect((await second.recordOf(callId)).reason).toBe('completed');
    expect(first.records).toEqual([]);
  });

  it('outlives the first instance: nobody is hung up on when that is stopped', async () => {
    const { callId, caller, callee, callerDialog } = await handedOver();
    await first.stop();
    expect([caller.has('BYE'), callee.has('BYE')]).toEqual([false, false]);
    turn(caller);
    await caller.response(callerDialog.send('BYE', { routes: [] }), 200);
    expect((await second.recordOf(callId)).reason).toBe('completed');
  });

  it('finds a phone again that has registered over a new connection', async () => {
    const { callId, caller, callee, calleeDialog } = await handedOver('tcp');
    await first.stop();
    await until(
      () => caller.closed,
      () => 'the connection to break',
    );
    const back = await cluster.client(second, caller.user, 'tcp');
    back.behaviour = answering();
    await cluster.register(back, { Contact: `<${caller.contact}>` });
    turn(callee);
    await callee.response(calleeDialog.send('INFO'), 200);
    await back.request('INFO');
    await callee.response(calleeDialog.send('BYE'), 200);
    expect((await second.recordOf(callId)).reason).toBe('completed');
  });

  it.each([
    ['that was sent before', 'tcp', 1],
    ['by a way that can be read', 'tls', 100],
  ] as const)('moves no party by a message %s', async (_what, transport, cseq) => {
    // Behind a NAT: only a flow leads to it.
    const { caller, callee, callerDialog, calleeDialog } = await handedOver(transport, { Contact: '<sip:inside@192.0.2.50>' });
    await caller.close();
    const posing = await cluster.client(second, caller.user, 'udp');
    posing.behaviour = answering();
    turn(callee);
    const replayed = callerDialog.request('INFO', { cseq });
    replayed.set('via', posing.newVia());
    posing.send(replayed);
    await posing.response(replayed, 200);
    calleeDialog.send('INFO');
    // Whatever is sent to it by then has come.
    for (const client of [callee, posing]) {
      const options = client.make('OPTIONS', `sip:127.0.0.1:${second.port('udp')}`);
      client.send(options);
      await client.response(options, 200);
    }
    expect(posing.has('INFO')).toBe(false);
  });

  it('is over at once for whoever carries it on when the first sees it end', async () => {
    const caller = await cluster.phone(first, number('norr'), 'udp', answering());
    const callee = await cluster.phone(first, number('syd'), 'udp', answering());
    const invite = await caller.invite(`${callee.user}@norr.example`);
    await callee.request('INVITE');
    const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
    dialog.send('ACK');
    await callee.request('ACK');
    callee.behaviour = undefined;
    const bye = dialog.send('BYE');
    const arrived = await callee.request('BYE');
    await until(
      async () => (await first.store.calls.handOver()) === 1,
      () => 'the call to be handed over',
    );
    await until(
      () => first.edge.calls === 0 && second.edge.calls === 1,
      () => 'the second instance to have it',
    );
    callee.reply(arrived, 200);
    await caller.response(bye, 200);
    expect(await second.recordOf(invite.callId)).toMatchObject({ reason: 'completed', status: 200 });
    expect(first.records).toEqual([]);
    expect(second.edge.calls).toBe(0);
    expect(byes(caller, callee)).toBe(1);
  });

  it('is ended by the other instance with a CSeq that is accepted', async () => {
    const { caller, callee, callerDialog } = await handedOver();
    turn(caller);
    const info = callerDialog.send('INFO');
    await caller.response(info, 200);
    await second.edge.close();
    expect((await callee.request('BYE')).cseq.seq).toBeGreaterThan(info.cseq.seq);
    await caller.request('BYE');
  });
});
