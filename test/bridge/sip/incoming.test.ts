import { describe, expect, it } from 'vitest';
import type { IncomingCall } from '../../../src/bridge/sip/incoming-call.js';
import { SipRequest, SipResponse } from '../../../src/gatekeeper/sip/message/message.js';
import { sound } from './offers.js';
import { settle } from './peer.js';
import { Notes, openWorld } from './world.js';

const is200 = (message: unknown) => message instanceof SipResponse && message.status === 200 && message.cseq.method === 'INVITE';
const isRequest = (method: string) => (message: unknown) => message instanceof SipRequest && message.method === method;

describe('a call in', () => {
  it('is answered, acknowledged and ended by the caller', async () => {
    const { peer, notes, agent, clock } = openWorld();
    const invite = peer.invite({ sdp: sound(), headers: { 'Record-Route': '<sip:gate.example;lr;pv=1>' } });
    await peer.response(invite, 100);
    const answer = await peer.response(invite, 200);
    expect(answer.get('record-route')).toBe('<sip:gate.example;lr;pv=1>');
    expect(answer.get('contact')).toBe('<sip:460900001@mote.example;transport=tls>');
    expect(answer.get('allow')).toContain('UPDATE');
    expect(answer.body).toContain('m=audio');
    const dialog = peer.dialog(invite, answer);
    peer.ack(dialog);
    await peer.response(peer.inside(dialog, 'BYE', '', { Reason: 'SIP;cause=200;text="done"' }), 200);
    expect(notes.ends).toEqual([{ by: 'them', reason: 'SIP;cause=200;text="done"' }]);
    expect(agent.calls).toBe(0);
    await agent.close();
    expect(clock.pending).toBe(0);
  });

  it('is answered again until the ACK comes', async () => {
    const { peer, clock } = openWorld();
    const invite = peer.invite({ sdp: sound() });
    const answer = await peer.response(invite, 200);
    for (const ms of [500, 1000, 2000]) {
      clock.advance(ms);
      await settle();
    }
    expect(peer.count(is200)).toBe(4);
    peer.ack(peer.dialog(invite, answer));
    await settle();
    clock.advance(40_000);
    await settle();
    expect(peer.count(is200)).toBe(4);
    expect(peer.count(isRequest('BYE'))).toBe(0);
  });

  it('that is never acknowledged is hung up', async () => {
    const { peer, clock, notes, agent } = openWorld();
    await peer.response(peer.invite({ sdp: sound() }), 200);
    clock.advance(32_000);
    const bye = await peer.request('BYE');
    expect(bye.get('reason')).toContain('never acknowledged');
    expect(notes.ends).toEqual([{ by: 'lost', reason: undefined }]);
    peer.reply(bye, 200);
    await settle();
    expect(agent.calls).toBe(0);
  });

  it('waits with our BYE for the ACK', async () => {
    const { peer, calls } = openWorld();
    const invite = peer.invite({ sdp: sound() });
    const answer = await peer.response(invite, 200);
    calls[0]?.hangUp({ cause: 200, text: 'expelled' });
    await settle();
    expect(peer.count(isRequest('BYE'))).toBe(0);
    peer.ack(peer.dialog(invite, answer));
    const bye = await peer.request('BYE');
    expect(bye.get('reason')).toBe('SIP;cause=200;text="expelled"');
    expect(bye.uri).toBe('sip:sal3@198.51.100.3;transport=tls');
  });

  it('may be given up before it is answered', async () => {
    let taken: IncomingCall | undefined;
    const { peer, agent } = openWorld({
      onCall: (call) => {
        taken = call;
      },
    });
    const invite = peer.invite({ sdp: sound() });
    await peer.response(invite, 100);
    let cancelled = false;
    if (taken) {
      taken.onCancel = () => {
        cancelled = true;
      };
    }
    const cancel = SipRequest.create('CANCEL', invite.uri, [
      ['Via', invite.get('via') ?? ''],
      ['Max-Forwards', '70'],
      ['From', invite.get('from') ?? ''],
      ['To', invite.get('to') ?? ''],
      ['Call-ID', invite.callId],
      ['CSeq', '1 CANCEL'],
    ]);
    peer.send(cancel);
    await peer.response(cancel, 200);
    await peer.response(invite, 487);
    expect(cancelled).toBe(true);
    expect(taken?.accept(sound(), new Notes())).toBeUndefined();
    expect(agent.calls).toBe(0);
  });

  it('without an offer gets ours, and brings its answer with the ACK', async () => {
    const { peer, notes } = openWorld();
    const invite = peer.invite();
    const answer = await peer.response(invite, 200);
    const dialog = peer.dialog(invite, answer);
    const sdp = sound();
    peer.send(peer.make('ACK', dialog.target, { From: dialog.from, To: dialog.to, 'Call-ID': dialog.callId, CSeq: '1 ACK' }, sdp));
    await settle();
    expect(notes.answers).toEqual([sdp]);
  });

  it('without an offer and without an answer is ended', async () => {
    const { peer, notes } = openWorld();
    await peer.call({});
    await peer.request('BYE');
    expect(notes.ends).toHaveLength(1);
  });

  it('to a sips address is answered with one', async () => {
    const { peer } = openWorld();
    const answer = await peer.response(peer.invite({ to: 'sips:460900001@mote.example', sdp: sound() }), 200);
    expect(answer.get('contact')).toBe('<sips:460900001@mote.example>');
  });

  it('by another way as well is one too many', async () => {
    const { peer } = openWorld({ onCall: () => undefined });
    const invite = peer.invite({ sdp: sound() });
    await peer.response(invite, 100);
    const copy = invite.clone();
    copy.set('via', 'SIP/2.0/TLS gate.example;branch=z9hG4bKother');
    peer.send(copy);
    await peer.response(copy, 482);
  });

  it('is refused beyond the limit, and while stopping', async () => {
    const { peer, agent } = openWorld({ maxCalls: 1 });
    await peer.call({ sdp: sound() });
    const second = await peer.response(peer.invite({ sdp: sound() }), 503);
    expect(second.get('reason')).toContain('overloaded');
    agent.drain();
    expect((await peer.response(peer.invite({ sdp: sound() }), 503)).get('reason')).toContain('instance_stopping');
  });

  it('is named by number or address', async () => {
    const called: (string | undefined)[] = [];
    const { peer } = openWorld({
      onCall: (call) => {
        called.push(call.called);
        call.refuse('meetingUnknown');
      },
    });
    for (const to of [
      'sip:460900001@mote.example',
      'sips:teamet@mote.example',
      'tel:+46-0900-001',
      'sip:a%20b@mote.example',
      'sip:mote.example',
    ]) {
      await peer.response(peer.invite({ to, sdp: sound() }), 404);
    }
    expect(called).toEqual(['460900001', 'teamet', '460900001', 'a b', undefined]);
  });

  it.each([
    ['Require: 100rel', { Require: '100rel' }, 'sip:1@mote.example', 420],
    ['an extension of its own', { Require: 'timer, x-foo' }, 'sip:1@mote.example', 420],
    ['another scheme', {}, 'urn:service:sos', 416],
    ['a session too brief', { Supported: 'timer', 'Session-Expires': '60' }, 'sip:1@mote.example', 422],
    ['another body', { 'Content-Type': 'text/plain' }, 'sip:1@mote.example', 415],
  ])('with %s is refused', async (_, headers, to, status) => {
    const { peer } = openWorld();
    const response = await peer.response(peer.invite({ to, sdp: sound(), headers }), status);
    if (status === 420) expect(response.get('unsupported')).toMatch(/^(100rel|x-foo)$/);
    if (status === 422) expect(response.get('min-se')).toBe('90');
    if (status === 415) expect(response.get('accept')).toContain('application/sdp');
  });
});

describe('outside a call', () => {
  it('OPTIONS says what we can', async () => {
    const { peer } = openWorld();
    const options = peer.make('OPTIONS', 'sip:460900001@mote.example');
    peer.send(options);
    const response = await peer.response(options, 200);
    expect(response.get('allow')).toBe('INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE');
    expect(response.get('accept')).toContain('application/sdp');
  });

  it.each([
    ['MESSAGE', 405],
    ['REGISTER', 405],
    ['BYE', 481],
    ['UPDATE', 481],
    ['INFO', 481],
  ])('%s is answered with %i', async (method, status) => {
    const { peer } = openWorld();
    const request = peer.make(method, 'sip:460900001@mote.example');
    peer.send(request);
    const response = await peer.response(request, status);
    if (status === 405) expect(response.get('allow')).toContain('INVITE');
  });

  it('a request of a call that we do not know is answered with 481', async () => {
    const { peer } = openWorld();
    const request = peer.make('INVITE', 'sip:1@mote.example', { To: '<sip:1@mote.example>;tag=unknown' }, sound());
    peer.send(request);
    await peer.response(request, 481);
  });

  it('what cannot be read is answered with 400, and the next is taken', async () => {
    const { peer, faults } = openWorld();
    const bad = peer.make('INVITE', 'sip:1@mote.example', {}, sound());
    peer.send(bad.toString().replace(/CSeq: .*\r\n/, 'CSeq: none\r\n'));
    peer.send('garbage\r\n\r\n');
    await settle();
    expect(peer.unreadable.map((text) => text.split('\r\n', 1)[0])).toEqual(['SIP/2.0 400 The CSeq cannot be read: "none"']);
    await peer.call({ sdp: sound() });
    expect(faults).toEqual([]);
  });
});
