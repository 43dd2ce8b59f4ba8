import { describe, expect, it } from 'vitest';
import { SipRequest } from '../../../src/gatekeeper/sip/message/message.js';
import { sound } from './offers.js';
import { settle } from './peer.js';
import { Notes, openWorld } from './world.js';

const isRequest = (method: string) => (message: unknown) => message instanceof SipRequest && message.method === method;

function calling() {
  const world = openWorld();
  const notes = new Notes();
  let rang = 0;
  const call = world.agent.invite({
    to: 'sip:sal3@norr.example',
    from: 'sip:460900001@mote.example',
    display: 'Team "Norr"',
    contactUser: '460900001',
    sdp: sound(),
    user: notes,
    ringMs: 60_000,
    onRinging: () => rang++,
  });
  if (!call) throw new Error('The call was not made');
  return { ...world, notes, call, rang: () => rang };
}

describe('a call out', () => {
  it('rings, is answered, acknowledged and ended', async () => {
    const { peer, call, notes, agent, rang } = calling();
    const invite = await peer.request('INVITE');
    expect(invite.from).toMatchObject({ display: "Team 'Norr'", uri: 'sip:460900001@mote.example' });
    expect(invite.get('session-expires')).toBe('1800');
    peer.reply(invite, 180);
    peer.reply(invite, 180);
    peer.reply(invite, 200, sound(), { 'Record-Route': '<sip:b.example;lr>, <sip:a.example;lr>', Allow: 'UPDATE' });
    const outcome = await call.outcome;
    expect(outcome.ok).toBe(true);
    expect(rang()).toBe(1);
    const ack = await peer.request('ACK');
    expect(ack.list('route')).toEqual(['<sip:a.example;lr>', '<sip:b.example;lr>']);
    expect(ack.cseq.seq).toBe(invite.cseq.seq);
    const dialog = peer.answering(invite, 'peer');
    await peer.response(peer.inside(dialog, 'BYE'), 200);
    expect(notes.ends).toEqual([{ by: 'them', reason: undefined }]);
    expect(agent.calls).toBe(0);
  });

  it('that is answered again is acknowledged again', async () => {
    const { peer, call } = calling();
    const invite = await peer.request('INVITE');
    peer.reply(invite, 200, sound());
    peer.reply(invite, 200, sound());
    await call.outcome;
    await settle();
    expect(peer.count(isRequest('ACK'))).toBe(2);
    expect(peer.count(isRequest('BYE'))).toBe(0);
  });

  it('that is answered at two places keeps the first', async () => {
    const { peer, call } = calling();
    const invite = await peer.request('INVITE');
    peer.reply(invite, 200, sound(), {}, 'one');
    peer.reply(invite, 200, sound(), {}, 'two');
    expect(await call.outcome).toMatchObject({ ok: true, call: { dialog: { remoteTag: 'one' } } });
    const bye = await peer.request('BYE');
    expect(bye.to.tag).toBe('two');
    expect(peer.count(isRequest('ACK'))).toBe(2);
  });

  it('that is refused says with what', async () => {
    const { peer, call, agent } = calling();
    peer.reply(await peer.request('INVITE'), 486);
    expect(await call.outcome).toMatchObject({ ok: false, response: { status: 486 } });
    await peer.request('ACK');
    expect(agent.calls).toBe(0);
  });

  it('that rings too long is given up; an answer on its way is ended', async () => {
    const { peer, call, clock } = calling();
    const invite = await peer.request('INVITE');
    peer.reply(invite, 180);
    await settle();
    clock.advance(60_000);
    expect(await call.outcome).toEqual({ ok: false, response: undefined });
    const cancel = await peer.request('CANCEL');
    expect(cancel.get('reason')).toContain('No answer in time');
    peer.reply(invite, 200, sound());
    await peer.request('ACK');
    await peer.request('BYE');
  });

  it('that nobody takes runs out', async () => {
    const { peer, call, clock } = calling();
    await peer.request('INVITE');
    clock.advance(32_000);
    expect(await call.outcome).toEqual({ ok: false, response: undefined });
  });

  it('answered without a session is ended', async () => {
    const { peer, call } = calling();
    peer.reply(await peer.request('INVITE'), 200);
    expect(await call.outcome).toMatchObject({ ok: false });
    await peer.request('BYE');
  });

  it('asks for a longer session once, where one is wanted', async () => {
    const { peer, call } = calling();
    const first = await peer.request('INVITE');
    peer.reply(first, 422, '', { 'Min-SE': '3600' });
    const second = await peer.request('INVITE');
    expect(second.get('session-expires')).toBe('3600');
    expect(second.cseq.seq).toBe(2);
    peer.reply(second, 422, '', { 'Min-SE': '7200' });
    expect(await call.outcome).toMatchObject({ ok: false, response: { status: 422 } });
  });
});

describe('stopping', () => {
  it('hangs up, refuses and gives up what there is, and leaves nothing behind', async () => {
    const { peer, agent, clock, call } = calling();
    await peer.request('INVITE');
    await peer.call({ sdp: sound() });
    await settle();
    const closing = agent.close();
    const bye = await peer.request('BYE');
    expect(bye.get('reason')).toContain('stopped');
    peer.reply(bye, 200);
    expect(await call.outcome).toMatchObject({ ok: false });
    await closing;
    expect(clock.pending).toBe(0);
    expect(agent.calls).toBe(0);
  });

  it('waits two seconds at most for who does not answer', async () => {
    const { peer, agent, clock } = openWorld();
    await peer.call({ sdp: sound() });
    await settle();
    const closing = agent.close();
    await peer.request('BYE');
    clock.advance(2000);
    await closing;
    expect(clock.pending).toBe(0);
  });
});
