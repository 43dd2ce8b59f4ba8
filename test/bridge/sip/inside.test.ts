import { describe, expect, it } from 'vitest';
import { SipRequest } from '../../../src/gatekeeper/sip/message/message.js';
import { sound } from './offers.js';
import { settle } from './peer.js';
import { openWorld } from './world.js';

const isRequest = (method: string) => (message: unknown) => message instanceof SipRequest && message.method === method;

async function inCall(headers: Record<string, string> = {}) {
  const world = openWorld();
  const { dialog, answer } = await world.peer.call({ sdp: sound(), headers });
  await settle();
  const call = world.calls[0];
  if (!call) throw new Error('No call came about');
  return { ...world, dialog, answer, call };
}

describe('inside a call', () => {
  it('a re-INVITE is an offer, answered and acknowledged', async () => {
    const { peer, dialog, notes, clock } = await inCall();
    const held = sound('a=sendonly');
    const invite = peer.inside(dialog, 'INVITE', held, { Contact: '<sip:sal3@198.51.100.77;transport=tls>' });
    const answer = await peer.response(invite, 200);
    expect(notes.offers).toEqual([held]);
    expect(answer.get('content-type')).toBe('application/sdp');
    peer.ack(dialog);
    await settle();
    clock.advance(60_000);
    await settle();
    expect(peer.count(isRequest('BYE'))).toBe(0);
    expect(notes.ends).toEqual([]);
  });

  it('moves the remote target', async () => {
    const { peer, dialog, call } = await inCall();
    await peer.response(peer.inside(dialog, 'UPDATE', '', { Contact: '<sip:sal3@198.51.100.77;transport=tls>' }), 200);
    call.hangUp();
    expect((await peer.request('BYE')).uri).toBe('sip:sal3@198.51.100.77;transport=tls');
  });

  it('a re-INVITE without an offer gets ours', async () => {
    const { peer, dialog, notes } = await inCall();
    const answer = await peer.response(peer.inside(dialog, 'INVITE'), 200);
    expect(answer.body).toContain('m=audio');
    expect(notes.made).toBe(1);
    const sdp = sound();
    peer.ack(dialog, sdp);
    await settle();
    expect(notes.answers).toEqual([sdp]);
  });

  it('what cannot be agreed on leaves the call as it was', async () => {
    const { peer, dialog, notes } = await inCall();
    notes.answer = { ok: false, refusal: 'mediaNotEncrypted' };
    const response = await peer.response(peer.inside(dialog, 'INVITE', sound()), 488);
    expect(response.get('warning')).toContain('encrypted');
    expect(notes.ends).toEqual([]);
  });

  it('UPDATE changes the session, too', async () => {
    const { peer, dialog, notes } = await inCall();
    const response = await peer.response(peer.inside(dialog, 'UPDATE', sound()), 200);
    expect(response.body).toContain('m=audio');
    expect(notes.offers).toHaveLength(1);
  });

  it('a second offer while the first is being answered has to wait', async () => {
    const { peer, dialog, notes } = await inCall();
    let open = () => {};
    notes.gate = new Promise((resolve) => {
      open = resolve;
    });
    const first = peer.inside(dialog, 'INVITE', sound());
    const second = peer.inside(dialog, 'UPDATE', sound());
    expect((await peer.response(second, 500)).get('retry-after')).toBe('5');
    open();
    await peer.response(first, 200);
  });

  it('an UPDATE without an offer leaves the one that is being answered alone', async () => {
    const { peer, dialog, notes } = await inCall();
    let open = () => {};
    notes.gate = new Promise((resolve) => {
      open = resolve;
    });
    const first = peer.inside(dialog, 'INVITE', sound());
    await peer.response(peer.inside(dialog, 'UPDATE'), 200);
    await peer.response(peer.inside(dialog, 'UPDATE', sound()), 500);
    open();
    await peer.response(first, 200);
  });

  it('an offer of ours waits for theirs as long as that may take', async () => {
    const { peer, dialog, notes, call, clock } = await inCall();
    let open = () => {};
    notes.gate = new Promise((resolve) => {
      open = resolve;
    });
    const theirs = peer.inside(dialog, 'INVITE', sound());
    await settle();
    const done = call.reoffer();
    for (let second = 0; second < 20; second++) {
      clock.advance(1000);
      await settle();
    }
    open();
    await peer.response(theirs, 200);
    peer.ack(dialog);
    await settle();
    clock.advance(1000);
    peer.reply(await peer.request('INVITE'), 200, sound());
    expect(await done).toBe(true);
  });

  it('an offer that meets ours is told so, and ours is made again after its turn', async () => {
    const { peer, dialog, call, clock } = await inCall();
    const done = call.reoffer();
    const ours = await peer.request('INVITE');
    await peer.response(peer.inside(dialog, 'INVITE', sound()), 491);
    peer.reply(ours, 491);
    await settle();
    expect(peer.count(isRequest('INVITE'))).toBe(1);
    clock.advance(1000);
    const again = await peer.request('INVITE');
    expect(again.cseq.seq).toBe(ours.cseq.seq + 1);
    peer.reply(again, 200, sound());
    expect(await done).toBe(true);
    expect((await peer.take((m): m is SipRequest => isRequest('ACK')(m) && m.cseq.seq === again.cseq.seq, 'ACK')).uri).toContain(
      'sip:sal3@',
    );
  });

  it('a re-INVITE of ours that is refused says so; one that nobody knows ends the call', async () => {
    const { peer, call, notes } = await inCall();
    const refused = call.reoffer();
    peer.reply(await peer.request('INVITE'), 488);
    expect(await refused).toBe(false);
    expect(notes.ends).toEqual([]);
    const unknown = call.reoffer();
    peer.reply(await peer.request('INVITE'), 481);
    expect(await unknown).toBe(false);
    expect(notes.ends).toMatchObject([{ by: 'lost' }]);
  });

  it('a re-INVITE of ours that rings for ever is given up', async () => {
    const { peer, call, notes, clock } = await inCall();
    const done = call.reoffer();
    const invite = await peer.request('INVITE');
    peer.reply(invite, 180);
    await settle();
    clock.advance(32_000);
    const cancel = await peer.request('CANCEL');
    peer.reply(cancel, 200);
    peer.reply(invite, 487);
    expect(await done).toBe(false);
    expect(notes.ends).toEqual([]);
  });

  it('a request out of order is refused, a repeated one is absorbed', async () => {
    const { peer, dialog } = await inCall();
    await peer.response(peer.inside(dialog, 'OPTIONS', '', {}, 5), 200);
    await peer.response(peer.inside(dialog, 'OPTIONS', '', {}, 4), 500);
  });

  it.each([
    [
      'application/media_control+xml',
      '<media_control><vc_primitive><to_encoder><picture_fast_update></picture_fast_update></to_encoder></vc_primitive></media_control>',
      1,
      [],
    ],
    ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', 0, ['5']],
    ['application/dtmf-relay', 'Signal= #\r\nDuration=160', 0, ['#']],
    ['application/dtmf', '11', 0, ['#']],
    ['application/dtmf', 'x', 0, []],
  ])('INFO with %s %s is understood', async (type, body, keyFrames, digits) => {
    const { peer, dialog, notes } = await inCall();
    await peer.response(peer.inside(dialog, 'INFO', body, { 'Content-Type': type }), 200);
    expect(notes.keyFrames).toBe(keyFrames);
    expect(notes.digits).toEqual(digits);
  });

  it('INFO with something else is not', async () => {
    const { peer, dialog } = await inCall();
    await peer.response(peer.inside(dialog, 'INFO', 'x', { 'Content-Type': 'text/plain' }), 415);
    await peer.response(peer.inside(dialog, 'INFO'), 200);
    await peer.response(peer.inside(dialog, 'NOTIFY'), 405);
  });

  it('asks for a whole picture by INFO, once at a time', async () => {
    const { peer, call } = await inCall();
    call.askKeyFrame();
    call.askKeyFrame();
    const info = await peer.request('INFO');
    expect(info.body).toContain('picture_fast_update');
    await settle();
    expect(peer.count(isRequest('INFO'))).toBe(1);
    peer.reply(info, 415);
    await settle();
    call.askKeyFrame();
    await peer.request('INFO');
  });

  it('is over after BYE: what follows is unknown', async () => {
    const { peer, dialog, notes } = await inCall();
    await peer.response(peer.inside(dialog, 'BYE'), 200);
    await peer.response(peer.inside(dialog, 'INFO'), 481);
    expect(notes.ends).toHaveLength(1);
  });

  it('a BYE that meets ours is answered', async () => {
    const { peer, dialog, call, agent, notes } = await inCall();
    call.hangUp();
    const ours = await peer.request('BYE');
    await peer.response(peer.inside(dialog, 'BYE'), 200);
    peer.reply(ours, 481);
    await settle();
    expect(agent.calls).toBe(0);
    expect(notes.ends).toEqual([{ by: 'us', reason: undefined }]);
  });
});

describe('the session timer', () => {
  it('is ours to refresh where they know none, by re-INVITE', async () => {
    const { peer, answer, clock, notes } = await inCall();
    expect(answer.get('session-expires')).toBe('1800;refresher=uas');
    expect(answer.get('require')).toBeUndefined();
    clock.advance(900_000);
    const invite = await peer.request('INVITE');
    expect(invite.get('session-expires')).toBe('1800;refresher=uac');
    peer.reply(invite, 200, sound());
    await peer.take((m): m is SipRequest => isRequest('ACK')(m), 'ACK');
    expect(notes.ends).toEqual([]);
  });

  it('is refreshed by UPDATE where they know that', async () => {
    const { peer, clock, notes } = await inCall({
      Allow: 'INVITE, ACK, BYE, UPDATE',
      Supported: 'timer',
      'Session-Expires': '600;refresher=uas',
    });
    for (let i = 0; i < 3; i++) {
      clock.advance(300_000);
      const update = await peer.request('UPDATE');
      expect(update.body).toBe('');
      peer.reply(update, 200, '', { 'Session-Expires': '600;refresher=uac' });
      await settle();
    }
    expect(notes.ends).toEqual([]);
  });

  it('is theirs where they want it, and ends the call when they are silent', async () => {
    const { peer, answer, clock, notes, dialog } = await inCall({ Supported: 'timer', 'Session-Expires': '300;refresher=uac' });
    expect(answer.get('session-expires')).toBe('300;refresher=uac');
    expect(answer.get('require')).toBe('timer');
    clock.advance(200_000);
    await peer.response(peer.inside(dialog, 'UPDATE', '', { Supported: 'timer', 'Session-Expires': '300;refresher=uac' }), 200);
    clock.advance(200_000);
    expect(notes.ends).toEqual([]);
    clock.advance(68_000);
    expect((await peer.request('BYE')).get('reason')).toContain('Session timer expired');
    expect(notes.ends).toMatchObject([{ by: 'lost' }]);
  });

  it('is asked for longer where ours is too brief for them', async () => {
    const { peer, clock } = await inCall({ Allow: 'UPDATE' });
    clock.advance(900_000);
    peer.reply(await peer.request('UPDATE'), 422, '', { 'Min-SE': '3600' });
    await settle();
    clock.advance(900_000);
    expect((await peer.request('UPDATE')).get('session-expires')).toBe('3600;refresher=uac');
  });

  it('that finds nobody any more ends the call', async () => {
    const { peer, clock, notes } = await inCall({ Allow: 'UPDATE' });
    clock.advance(900_000);
    await peer.request('UPDATE');
    clock.advance(32_000);
    await settle();
    expect(notes.ends).toMatchObject([{ by: 'lost' }]);
  });
});
