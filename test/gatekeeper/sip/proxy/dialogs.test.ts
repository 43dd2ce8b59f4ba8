import { describe, expect, it } from 'vitest';
import { sdes } from '../../../support/sdp.js';
import { readText } from '../../../support/service.js';
import { answering, TestDialog, type Transport } from '../../../support/sip-client.js';
import { number, useWorld } from './world.js';

const world = useWorld();

async function tlsOptions(transport: Transport) {
  return transport === 'tls' ? { transport, tls: { ca: await readText(world.service.certificateFile) } } : { transport };
}

describe('a call', () => {
  it.each([
    ['udp', 'udp'],
    ['udp', 'tcp'],
    ['tcp', 'udp'],
    ['tls', 'udp'],
    ['udp', 'tls'],
    ['tls', 'tcp'],
    ['tls', 'tls'],
  ] as const)('from %s to %s stands, and both ends find back through the gatekeeper', async (from, to) => {
    const caller = await world.phone(number('norr'), undefined, await tlsOptions(from));
    const callee = await world.phone(number('syd'), undefined, await tlsOptions(to));
    const talk = await world.talk(caller, callee);
    expect(talk.ok.list('record-route')).toHaveLength(from === to ? 1 : 2);
    caller.behaviour = answering();
    await world.hangUp(talk.callee);
    await caller.request('BYE');
    expect(await world.record(talk.invite)).toMatchObject({
      reason: 'completed',
      routesTried: 1,
      callee: { organisation: 'syd', alias: callee.user },
    });
  });

  it('is put on hold and taken back', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const talk = await world.talk(caller, callee);
    for (const direction of ['sendonly', 'sendrecv']) {
      const again = talk.caller.send('INVITE', { body: sdes(direction) });
      expect((await callee.request('INVITE')).body).toContain(`a=${direction}`);
      await caller.response(again, 200);
      talk.caller.send('ACK', { cseq: again.cseq.seq });
      expect((await callee.request('ACK')).cseq.seq).toBe(again.cseq.seq);
    }
    await world.hangUp(talk.caller);
    expect((await world.record(talk.invite)).reason).toBe('completed');
  });

  it('offers in the answer and answers in the ACK', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'), answering())];
    const invite = await caller.invite(`${callee.user}@norr.example`, { body: '' });
    const ok = await caller.response(invite, 200);
    expect(ok.body).toContain('RTP/SAVP');
    const dialog = TestDialog.ofCaller(caller, invite, ok);
    dialog.send('ACK', { body: sdes() });
    expect((await callee.request('ACK')).body).toContain('RTP/SAVP');
    await world.hangUp(dialog);
    expect(await world.record(invite)).toMatchObject({ reason: 'completed', cipher: 'AES_CM_128_HMAC_SHA1_80' });
  });

  it('carries PRACK before and UPDATE after the answer', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const invite = await caller.invite(`${callee.user}@norr.example`, { headers: { Supported: '100rel' } });
    const arrived = await callee.request('INVITE');
    expect(arrived.get('supported')).toBe('100rel');
    callee.reply(arrived, 183, { headers: { Require: '100rel', RSeq: '1' }, body: sdes('sendrecv', 40_100) });
    const early = TestDialog.ofCaller(caller, invite, await caller.response(invite, 183));
    const prack = early.send('PRACK', { headers: { RAck: `1 ${invite.cseq.seq} INVITE` } });
    callee.reply(await callee.request('PRACK'), 200);
    await caller.response(prack, 200);
    callee.reply(arrived, 200);
    await caller.response(invite, 200);
    early.send('ACK', { cseq: invite.cseq.seq });
    await callee.request('ACK');
    const update = early.send('UPDATE', { body: sdes('recvonly') });
    callee.reply(await callee.request('UPDATE'), 200, { body: sdes('sendonly', 40_100) });
    await caller.response(update, 200);
    callee.behaviour = answering();
    await world.hangUp(early);
    expect((await world.record(invite)).reason).toBe('completed');
  });

  it('goes on for a phone that drops the parameters of our Record-Route, or all of it but our address', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const talk = await world.talk(caller, callee);
    const info = talk.caller.send('INFO', { routes: [`<sip:127.0.0.1:${world.service.ports.udp};lr>`] });
    await callee.request('INFO');
    await caller.response(info, 200);
    const bye = talk.caller.send('BYE', { routes: [] });
    await caller.response(bye, 200);
    expect((await world.record(talk.invite)).reason).toBe('completed');
  });

  it('repeats the 2xx until it is acknowledged (RFC 6026)', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const invite = await caller.invite(`${callee.user}@norr.example`);
    const arrived = await callee.request('INVITE');
    const answer = callee.reply(arrived, 200, { body: sdes() });
    const first = await caller.response(invite, 200);
    callee.send(answer);
    const second = await caller.response(invite, 200);
    expect(second.toString()).toBe(first.toString());
    const dialog = TestDialog.ofCaller(caller, invite, first);
    dialog.send('ACK');
    await callee.request('ACK');
    callee.behaviour = answering();
    await world.hangUp(dialog);
    expect((await world.record(invite)).reason).toBe('completed');
  });

  it('that is over is unknown: 481', async () => {
    const [caller, callee] = [await world.phone(number('norr')), await world.phone(number('syd'))];
    const talk = await world.talk(caller, callee);
    await world.hangUp(talk.caller);
    const late = talk.caller.send('INFO');
    expect((await caller.response(late)).status).toBe(481);
  });

  it('reaches a phone at ::1, with rport and its answer where the request came from', async () => {
    const six = await world.client(number('norr'));
    const options = six.make('OPTIONS', `sip:127.0.0.1:${world.service.ports.udp}`);
    // A sent-by that is wrong, as behind a NAT: RFC 3581 §4 says to answer the source.
    options.set('via', (options.get('via') ?? '').replace(six.hostPort, '192.0.2.1:9'));
    six.send(options);
    const response = await six.response(options, 200);
    expect(response.get('via')).toContain(`rport=${six.port}`);
    expect(response.get('via')).toContain('received=127.0.0.1');
  });
});
