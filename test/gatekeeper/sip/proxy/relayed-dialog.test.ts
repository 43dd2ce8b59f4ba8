import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SipRequest } from '../../../../src/gatekeeper/sip/message/message.js';
import { sdes } from '../../../support/sdp.js';
import { answering, TestDialog, type Transport } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { type Instance, SipCluster } from './sip-cluster.js';
import { number } from './world.js';

let cluster: SipCluster;
let owner: Instance;
let other: Instance;

beforeAll(async () => {
  cluster = await SipCluster.start();
  owner = await cluster.join('owner');
  other = await cluster.join('other');
}, 60_000);

afterAll(async () => {
  await cluster.stop();
  expect([...owner.faults, ...other.faults]).toEqual([]);
});

/** A call that the owner has; what the caller sends from now on goes to the other instance. */
async function talk(transport: Transport = 'udp') {
  const caller = await cluster.phone(owner, number('norr'), 'udp', answering());
  const callee = await cluster.phone(owner, number('syd'), transport, answering());
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const arrived = await callee.request('INVITE');
  const ok = await caller.response(invite, 200);
  const callerDialog = TestDialog.ofCaller(caller, invite, ok);
  callerDialog.send('ACK');
  await callee.request('ACK');
  caller.turnTo(other.port('udp'));
  return { callId: invite.callId, caller, callee, callerDialog, calleeDialog: TestDialog.ofCallee(callee, arrived, ok) };
}

/** The store knows nothing of the call any more. */
function forgotten(callId: string) {
  return until(
    async () => (await other.store.calls.find({ signallingId: callId })) === undefined,
    () => `the store to forget ${callId}`,
  );
}

describe('a request inside a call that comes to an instance which does not have it', () => {
  it('goes to the one that has it, and its response back: INFO, re-INVITE with its ACK, BYE', async () => {
    const { callId, caller, callee, callerDialog } = await talk();
    const info = callerDialog.send('INFO');
    await callee.request('INFO');
    expect((await caller.response(info, 200)).list('via')).toHaveLength(1);
    const again = callerDialog.send('INVITE', { body: sdes('sendonly') });
    const arrived = await callee.request('INVITE');
    expect(arrived.body).toContain('a=sendonly');
    expect(arrived.has('route')).toBe(false);
    await caller.response(again, 200);
    callerDialog.send('ACK', { cseq: again.cseq.seq });
    expect((await callee.request('ACK')).cseq.seq).toBe(again.cseq.seq);
    const bye = callerDialog.send('BYE');
    await callee.request('BYE');
    await caller.response(bye, 200);
    expect(await owner.recordOf(callId)).toMatchObject({ reason: 'completed', status: 200 });
    expect(other.edge.calls).toBe(0);
    expect(other.records).toEqual([]);
  });

  it('moves nobody: what the owner sends goes where the phone is', async () => {
    const { caller, callee, callerDialog, calleeDialog } = await talk();
    const info = callerDialog.send('INFO');
    await caller.response(info, 200);
    await callee.request('INFO');
    const back = calleeDialog.send('INFO');
    const arrived = await caller.request('INFO');
    // The owner's Via is the only one above the callee's: the other instance is not on the way.
    expect(arrived.list('via')).toHaveLength(2);
    await callee.response(back, 200);
    const bye = calleeDialog.send('BYE');
    await callee.response(bye, 200);
  });

  it('is cancelled by its CANCEL', async () => {
    const { caller, callee, callerDialog } = await talk();
    callee.behaviour = undefined;
    const again = callerDialog.send('INVITE', { body: sdes('sendonly') });
    const ringing = await callee.request('INVITE');
    callee.reply(ringing, 180);
    await caller.response(again, 180);
    caller.cancel(again);
    callee.reply(await callee.request('CANCEL'), 200);
    callee.reply(ringing, 487);
    await caller.response(again, 487);
    callee.behaviour = answering();
    await caller.response(callerDialog.send('BYE'), 200);
  });

  it('is known by its Call-ID where the phone has dropped the token, if the phone is known', async () => {
    const { callId, caller, callee, callerDialog } = await talk();
    const info = callerDialog.send('INFO', { routes: [`<sip:127.0.0.1:${owner.port('udp')};lr>`] });
    await callee.request('INFO');
    await caller.response(info, 200);
    await caller.response(callerDialog.send('BYE', { routes: [] }), 200);
    expect((await owner.recordOf(callId)).reason).toBe('completed');
  });

  it('is refused with 481 when a stranger sends it, with the right Call-ID and tags, and nothing moves', async () => {
    const { caller, callee, callerDialog } = await talk();
    const stranger = await cluster.client(other, '461019999', 'udp');
    const forged = callerDialog.request('BYE', { routes: [] });
    forged.set('via', stranger.newVia());
    forged.set('from', (forged.get('from') ?? '').replace(caller.user, stranger.user));
    stranger.send(forged);
    expect((await stranger.response(forged)).status).toBe(481);
    // As the caller, too: an address is not enough, it must be the caller's own.
    const posing = callerDialog.request('BYE', { routes: [] });
    posing.set('via', stranger.newVia());
    stranger.send(posing);
    expect((await stranger.response(posing)).status).toBe(481);
    expect(callee.has('BYE')).toBe(false);
    await caller.response(callerDialog.send('BYE'), 200);
  });

  it('is refused with 481 by its instance when another endpoint, known where it came to, sends it without the token', async () => {
    const { caller, callee, callerDialog } = await talk();
    const intruder = await cluster.phone(other, number('norr'), 'udp');
    const forged = callerDialog.request('BYE', { routes: [] });
    forged.set('via', intruder.newVia());
    forged.set('from', (forged.get('from') ?? '').replace(caller.user, intruder.user));
    intruder.send(forged);
    expect((await intruder.response(forged)).status).toBe(481);
    expect(callee.has('BYE')).toBe(false);
    await caller.response(callerDialog.send('BYE'), 200);
  });

  it('is refused with 481 when nobody knows the call any more, whatever it is and wherever it leads', async () => {
    const { callId, caller, callee, callerDialog } = await talk();
    const stranger = await cluster.phone(owner, number('syd'), 'tcp', answering());
    await caller.response(callerDialog.send('BYE'), 200);
    await callee.request('BYE');
    await forgotten(callId);
    const before = callee.received.length;
    for (const method of ['BYE', 'INVITE', 'MESSAGE', 'REFER']) {
      const late = callerDialog.request(method);
      late.uri = stranger.contact;
      late.set('from', `"The Boss" <sip:boss@norr.example>;tag=x${method}`);
      late.set('to', `<sip:${stranger.user}@syd.example>;tag=nonsense`);
      caller.send(late);
      expect((await caller.response(late)).status).toBe(481);
    }
    callerDialog.send('ACK');
    const bare = callerDialog.send('BYE', { routes: [] });
    expect((await caller.response(bare)).status).toBe(481);
    caller.turnTo(owner.port('udp'));
    expect((await caller.response(callerDialog.send('BYE'))).status).toBe(481);
    expect(callee.received).toHaveLength(before);
    expect(stranger.received.some((one) => one instanceof SipRequest)).toBe(false);
  });

  it('gains nothing by the token of another call with the same Call-ID', async () => {
    const { callId, caller, callee, callerDialog } = await talk();
    const mate = await cluster.phone(other, number('syd'), 'udp', answering());
    const intruder = await cluster.phone(other, number('norr'), 'udp', answering());
    const own = await intruder.invite(`${mate.user}@norr.example`, { headers: { 'Call-ID': callId } });
    await mate.request('INVITE');
    const theirs = TestDialog.ofCaller(intruder, own, await intruder.response(own, 200));
    theirs.send('ACK');
    await intruder.response(theirs.send('BYE'), 200);
    for (const { edge } of [owner, other]) {
      intruder.turnTo(edge.listeners.find(({ transport }) => transport === 'udp')?.port ?? 0);
      const forged = callerDialog.request('INFO', { routes: theirs.routes });
      forged.set('via', intruder.newVia());
      intruder.send(forged);
      expect((await intruder.response(forged)).status).toBe(481);
    }
    expect(callee.has('INFO')).toBe(false);
    await caller.response(callerDialog.send('BYE'), 200);
  });

  it('is not taken where what is said of its sender cannot be read: 503, whatever token stands beside', async () => {
    const { caller, callee, callerDialog } = await talk();
    for (const { edge } of [owner, other]) {
      caller.turnTo(edge.listeners.find(({ transport }) => transport === 'udp')?.port ?? 0);
      const routes = callerDialog.routes.map((route) => route.replace(';lr', ';lr;pvr=said.otherwise'));
      expect((await caller.response(callerDialog.send('INFO', { routes }))).status).toBe(503);
    }
    expect(callee.has('INFO')).toBe(false);
    await caller.response(callerDialog.send('BYE'), 200);
  });

  it('reaches a phone whose connection is at the very instance that it came to', async () => {
    const caller = await cluster.phone(owner, number('norr'), 'tcp', answering());
    const callee = await cluster.phone(owner, number('syd'), 'tcp', answering());
    const invite = await caller.invite(`${callee.user}@norr.example`);
    await callee.request('INVITE');
    const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
    dialog.send('ACK');
    await callee.request('ACK');
    const again = await Promise.all(
      [caller, callee].map(async (phone) => {
        const back = await cluster.client(other, phone.user, 'tcp');
        back.behaviour = answering();
        await phone.close();
        await cluster.register(back, { Contact: `<${phone.contact}>` });
        return back;
      }),
    );
    const [from, to] = again;
    if (!from || !to) throw new Error('two phones came back');
    const bye = dialog.request('BYE');
    bye.set('via', from.newVia());
    from.send(bye);
    await to.request('BYE');
    await from.response(bye, 200);
    expect((await owner.recordOf(invite.callId)).reason).toBe('completed');
  });
});
