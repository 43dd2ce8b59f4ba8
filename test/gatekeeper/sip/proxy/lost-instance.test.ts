import { describe, expect, it } from 'vitest';
import { sdes } from '../../../support/sdp.js';
import type { AsChild } from '../../../support/service.js';
import { answering } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { kill, useInstances } from './instances.js';

const instances = useInstances();

async function two(): Promise<[AsChild, AsChild]> {
  const [a, b] = await instances.start(2);
  if (!a || !b) throw new Error('two instances were asked for');
  return [a, b];
}

// Each test starts processes of its own.
describe('a call whose instance was killed', { timeout: 90_000 }, () => {
  it('is closed by a BYE to another instance, with one record', async () => {
    const [a, b] = await two();
    const talk = await instances.talk(a);
    await kill(a);
    const started = performance.now();
    talk.caller.turnTo(b.ports.udp);
    const bye = talk.callerDialog.send('BYE');
    await talk.callee.request('BYE');
    await talk.caller.response(bye, 200);
    process.stdout.write(`BYE of a lost instance's call answered after ${Math.round(performance.now() - started)} ms\n`);
    expect(await instances.record(talk.callId)).toMatchObject({ reason: 'completed', status: 200, callee: { alias: talk.callee.user } });
    const late = talk.caller.make('OPTIONS', `sip:127.0.0.1:${b.ports.udp}`);
    talk.caller.send(late);
    await talk.caller.response(late, 200);
    expect(await instances.records(talk.callId)).toHaveLength(1);
  });

  it('is changed by a re-INVITE of either end, and goes on', async () => {
    const [a, b] = await two();
    const talk = await instances.talk(a);
    await kill(a);
    talk.caller.behaviour = answering();
    talk.caller.turnTo(b.ports.udp);
    talk.callee.turnTo(b.ports.udp);
    for (const [side, other] of [
      [talk.calleeDialog, talk.caller],
      [talk.callerDialog, talk.callee],
    ] as const) {
      const again = side.send('INVITE', { body: sdes('sendonly') });
      expect((await other.request('INVITE')).body).toContain('a=sendonly');
      await side.client.response(again, 200);
      side.send('ACK', { cseq: again.cseq.seq });
      expect((await other.request('ACK')).cseq.seq).toBe(again.cseq.seq);
    }
    const bye = talk.calleeDialog.send('BYE');
    await talk.caller.request('BYE');
    await talk.callee.response(bye, 200);
    expect((await instances.record(talk.callId)).reason).toBe('completed');
  });

  it('is found for a phone that keeps no more of our Record-Route than the address, or nothing', async () => {
    const [a, b] = await two();
    const talk = await instances.talk(a);
    talk.caller.turnTo(b.ports.udp);
    // Passed on while the first lives: the other one knows its addresses.
    await talk.caller.response(talk.callerDialog.send('INFO'), 200);
    await talk.callee.request('INFO');
    await kill(a);
    const info = talk.callerDialog.send('INFO', { routes: [`<sip:127.0.0.1:${a.ports.udp};lr>`] });
    await talk.callee.request('INFO');
    await talk.caller.response(info, 200);
    const bye = talk.callerDialog.send('BYE', { routes: [] });
    await talk.caller.response(bye, 200);
    expect((await instances.record(talk.callId)).reason).toBe('completed');
  });

  it('comes to one of two that are asked for it at the same moment', async () => {
    const [a, b, c] = await instances.start(3);
    if (!a || !b || !c) throw new Error('three instances were asked for');
    const talk = await instances.talk(a);
    talk.caller.behaviour = answering();
    await kill(a);
    talk.caller.turnTo(b.ports.udp);
    talk.callee.turnTo(c.ports.udp);
    const infos = [talk.callerDialog.send('INFO'), talk.calleeDialog.send('INFO')] as const;
    await Promise.all([talk.callee.request('INFO'), talk.caller.request('INFO')]);
    await Promise.all([talk.caller.response(infos[0], 200), talk.callee.response(infos[1], 200)]);
    const bye = talk.calleeDialog.send('BYE');
    await talk.caller.request('BYE');
    await talk.callee.response(bye, 200);
    expect((await instances.record(talk.callId)).reason).toBe('completed');
    expect(await instances.records(talk.callId)).toHaveLength(1);
  });

  it('that nobody asks for is taken over, and ended when an end says that it is over', async () => {
    const [a] = await two();
    const talk = await instances.talk(a);
    await kill(a);
    // Nothing inside the dialog is answered but by this.
    const asked = await talk.caller.request('OPTIONS', 30_000);
    talk.caller.reply(asked, 481);
    talk.callee.reply(await talk.callee.request('OPTIONS', 30_000), 200);
    await talk.callee.request('BYE');
    expect((await instances.record(talk.callId)).reason).toBe('partiesSilent');
  });

  it('is closed once when its instance only hung for 3 s', async () => {
    const [a, b] = await two();
    const talk = await instances.talk(a);
    a.program.signal('SIGSTOP');
    const wakes = performance.now() + 3000;
    talk.caller.turnTo(b.ports.udp);
    const bye = talk.callerDialog.send('BYE');
    await talk.caller.response(bye, 200);
    await until(
      () => performance.now() > wakes,
      () => 'three seconds',
    );
    a.program.signal('SIGCONT');
    expect((await instances.record(talk.callId)).reason).toBe('completed');
    // It is heard again: whatever it still had to say has been said.
    const alive = talk.caller.make('OPTIONS', `sip:127.0.0.1:${a.ports.udp}`);
    talk.caller.turnTo(a.ports.udp);
    talk.caller.send(alive);
    await talk.caller.response(alive, 200);
    expect(await instances.records(talk.callId)).toHaveLength(1);
  });
});
