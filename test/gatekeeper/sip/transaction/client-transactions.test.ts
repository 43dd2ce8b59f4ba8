import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/clock.js';
import { Transactions } from '../../../../src/gatekeeper/sip/transaction/transactions.js';
import { RecordingFlow } from '../../../support/recording-flow.js';
import { answer, RecordingListener, RecordingUser, request, requestFrom, rig } from './rig.js';

/** When the next messages were sent, in milliseconds from now, while the clock runs for a while. */
function sendTimes(clock: { advance(ms: number): void }, flow: RecordingFlow, forMs: number): number[] {
  const times: number[] = [];
  for (let ms = 100; ms <= forMs; ms += 100) {
    clock.advance(100);
    for (const _ of flow.take()) times.push(ms);
  }
  return times;
}

describe('Transactions, sending requests', () => {
  it('repeats an INVITE over UDP until timer B, then reports a timeout once', () => {
    const { clock, transactions } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const transaction = transactions.request(request('INVITE'), flow, listener);
    expect(flow.takeStartLines()).toEqual(['INVITE sip:461010001@norr.example SIP/2.0']);
    expect(sendTimes(clock, flow, 40_000)).toEqual([500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(listener.heard).toEqual(['timeout']);
    expect([transaction.done, transaction.provisional]).toEqual([true, false]);
    expect(transactions.size).toEqual({ client: 0, server: 0, remembered: 0 });
    expect(clock.pending).toBe(0);
  });

  it('repeats another request up to T2, and not over TCP', () => {
    const { clock, transactions } = rig();
    const udp = new RecordingFlow();
    const tcp = new RecordingFlow('tcp');
    transactions.request(request('BYE', { branch: 'z9hG4bKudp' }), udp, new RecordingListener());
    transactions.request(request('BYE', { branch: 'z9hG4bKtcp' }), tcp, new RecordingListener());
    udp.take();
    tcp.take();
    expect(sendTimes(clock, udp, 33_000)).toEqual([500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(tcp.sent).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('hands responses up and sends nothing more', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const invite = request('INVITE');
    const transaction = transactions.request(invite, flow, listener);
    flow.take();
    receive(answer(invite, 100), flow);
    receive(answer(invite, 180), flow);
    expect([transaction.provisional, transaction.done]).toEqual([true, false]);
    clock.advance(170_000);
    receive(answer(invite, 180), flow);
    receive(answer(invite, 200), flow);
    expect(listener.heard).toEqual(['100', '180', '180', '200']);
    expect(transaction.done).toBe(true);
    expect(flow.sent).toEqual([]);
    receive(answer(invite, 200), flow);
    receive(answer(invite, 200, 'other-fork'), flow);
    expect(listener.take().slice(4)).toEqual(['200', '200']);
    clock.advance(32_000);
    receive(answer(invite, 200), flow);
    expect(listener.heard).toEqual([]);
    expect(user.heard).toEqual(['stray 200']);
  });

  it('acknowledges a refusal on the INVITE transaction (§17.1.1.3)', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const routes: [string, string][] = [
      ['Via', 'SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKbefore'],
      ['Route', '<sip:a.example;lr>, <sip:b.example;lr>'],
      ['Route', '<sip:c.example;lr>'],
      ['Require', '100rel'],
    ];
    const invite = request('INVITE', { seq: 7, headers: routes });
    transactions.request(invite, flow, listener);
    flow.take();
    receive(answer(invite, 486, 'callee'), flow);
    const [ack] = flow.sent.map(requestFrom);
    expect(ack?.method).toBe('ACK');
    expect(ack?.uri).toBe(invite.uri);
    expect(ack?.list('via')).toEqual(['SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKone']);
    expect(ack?.getAll('route')).toEqual(['<sip:a.example;lr>, <sip:b.example;lr>', '<sip:c.example;lr>']);
    expect(ack?.get('to')).toBe('<sip:461010001@norr.example>;tag=callee');
    expect(ack?.get('from')).toBe(invite.get('from'));
    expect(ack?.callId).toBe('call-1');
    expect(ack?.get('cseq')).toBe('7 ACK');
    expect(ack?.maxForwards).toBe(70);
    expect(ack?.has('require')).toBe(false);
    receive(answer(invite, 486, 'callee'), flow);
    expect(flow.sent[1]).toBe(flow.sent[0]);
    expect(listener.heard).toEqual(['486']);
    clock.advance(32_000);
    expect([transactions.size.client, clock.pending]).toEqual([0, 0]);
    receive(answer(invite, 486, 'callee'), flow);
    expect(user.heard).toEqual(['stray 486']);
  });

  it('forgets a refused INVITE at once over TLS', () => {
    const { clock, transactions, receive } = rig();
    const flow = new RecordingFlow('tls');
    const listener = new RecordingListener();
    const invite = request('INVITE');
    transactions.request(invite, flow, listener);
    receive(answer(invite, 404), flow);
    expect(flow.takeStartLines()).toEqual([expect.stringMatching(/^INVITE /), expect.stringMatching(/^ACK /)]);
    expect(listener.heard).toEqual(['404']);
    expect([transactions.size.client, clock.pending, flow.watchers]).toEqual([0, 0, 0]);
  });

  it('absorbs a repeated final response to another request', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const bye = request('BYE');
    transactions.request(bye, flow, listener);
    receive(answer(bye, 100), flow);
    receive(answer(bye, 200), flow);
    receive(answer(bye, 200), flow);
    expect(listener.heard).toEqual(['100', '200']);
    clock.advance(5000);
    expect([transactions.size.client, clock.pending, user.heard]).toEqual([0, 0, []]);
  });

  it('tells a response to CANCEL from one to its INVITE, and strays from both', () => {
    const { transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const invite = request('INVITE');
    transactions.request(invite, flow, listener);
    receive(answer(request('INVITE', { branch: 'z9hG4bKother' }), 200), flow);
    receive(answer(request('BYE'), 200), flow);
    expect(listener.heard).toEqual([]);
    expect(user.heard).toEqual(['stray 200', 'stray 200']);
  });

  it('reports that sending failed after request() has returned', () => {
    const { clock, transactions } = rig();
    for (const method of ['INVITE', 'BYE']) {
      const flow = new RecordingFlow();
      flow.full = true;
      const listener = new RecordingListener();
      const transaction = transactions.request(request(method), flow, listener);
      expect(listener.heard).toEqual([]);
      clock.advance(0);
      expect(listener.heard).toEqual(['transport error']);
      expect([transaction.done, transactions.size.client, clock.pending]).toEqual([true, 0, 0]);
    }
  });

  it('reports a failed repetition once', () => {
    const { clock, transactions } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    transactions.request(request('OPTIONS'), flow, listener);
    flow.full = true;
    clock.advance(60_000);
    expect(listener.heard).toEqual(['transport error']);
    expect(clock.pending).toBe(0);
  });

  it('reports a connection that closes before the final response, not after it', () => {
    const { clock, transactions, receive } = rig();
    const flow = new RecordingFlow('tls');
    const names = ['waiting', 'ringing', 'accepted', 'late'];
    const [waiting, ringing, accepted, late] = names.map((name) => {
      const invite = request('INVITE', { branch: `z9hG4bK${name}` });
      const listener = new RecordingListener();
      if (name === 'late') flow.close();
      transactions.request(invite, flow, listener);
      if (name === 'ringing') receive(answer(invite, 180), flow);
      if (name === 'accepted') receive(answer(invite, 200), flow);
      return listener;
    });
    clock.advance(60_000);
    expect(waiting?.heard).toEqual(['transport error']);
    expect(ringing?.heard).toEqual(['180', 'transport error']);
    expect(accepted?.heard).toEqual(['200']);
    expect(late?.heard).toEqual(['transport error']);
    expect([transactions.size.client, clock.pending, flow.watchers]).toEqual([0, 0, 0]);
  });

  it('cancels at once when it rings, with the INVITE it belongs to (§9.1)', () => {
    const { clock, transactions, receive } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const invite = request('INVITE', {
      seq: 3,
      headers: [
        ['Route', '<sip:a.example;lr>'],
        ['Require', '100rel'],
      ],
    });
    const transaction = transactions.request(invite, flow, listener);
    receive(answer(invite, 180), flow);
    flow.take();
    transaction.cancel('SIP;cause=200;text="Call completed elsewhere"');
    transaction.cancel('Q.850;cause=16');
    const [text, ...more] = flow.take();
    expect(more).toEqual([]);
    const cancel = requestFrom(text);
    expect(cancel.method).toBe('CANCEL');
    expect(cancel.uri).toBe(invite.uri);
    expect(cancel.list('via')).toEqual(invite.list('via'));
    expect(cancel.getAll('route')).toEqual(['<sip:a.example;lr>']);
    expect(cancel.get('to')).toBe(invite.get('to'));
    expect(cancel.get('from')).toBe(invite.get('from'));
    expect(cancel.get('cseq')).toBe('3 CANCEL');
    expect(cancel.get('reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    expect(cancel.has('require')).toBe(false);
    expect(transactions.size.client).toBe(2);
    receive(answer(cancel, 200), flow);
    receive(answer(invite, 487), flow);
    expect(listener.heard).toEqual(['180', '487']);
    clock.advance(32_000);
    expect([transactions.size.client, clock.pending]).toEqual([0, 0]);
  });

  it('waits with CANCEL for the first provisional response', () => {
    const { clock, transactions, receive } = rig();
    const flow = new RecordingFlow();
    const invite = request('INVITE');
    const transaction = transactions.request(invite, flow, new RecordingListener());
    flow.take();
    transaction.cancel('SIP;cause=200');
    transaction.cancel('SIP;cause=487');
    expect(flow.sent).toEqual([]);
    clock.advance(500);
    expect(flow.takeStartLines()).toEqual(['INVITE sip:461010001@norr.example SIP/2.0']);
    receive(answer(invite, 100), flow);
    expect(flow.take().map((text) => requestFrom(text).get('reason'))).toEqual(['SIP;cause=200']);
  });

  it('times a cancelled INVITE out that gets no final response', () => {
    const { clock, transactions, receive } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const invite = request('INVITE');
    const transaction = transactions.request(invite, flow, listener);
    receive(answer(invite, 180), flow);
    clock.advance(100_000);
    transaction.cancel();
    clock.advance(32_000);
    expect(listener.heard).toEqual(['180', 'timeout']);
    expect([transactions.size.client, clock.pending]).toEqual([0, 0]);
  });

  it('sends no CANCEL after the final response, and hands a crossing 2xx up', () => {
    const { transactions, receive } = rig();
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    const invite = request('INVITE');
    const transaction = transactions.request(invite, flow, listener);
    transaction.cancel();
    receive(answer(invite, 200), flow);
    transaction.cancel();
    expect(flow.takeStartLines()).toEqual(['INVITE sip:461010001@norr.example SIP/2.0']);
    expect(listener.heard).toEqual(['200']);
  });

  it('is silent once abandoned', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow('tcp');
    const listener = new RecordingListener();
    const invite = request('INVITE');
    const transaction = transactions.request(invite, flow, listener);
    transaction.abandon();
    transaction.abandon();
    transaction.cancel();
    flow.take();
    receive(answer(invite, 486), flow);
    flow.close();
    clock.advance(60_000);
    expect([listener.heard, flow.sent, user.heard]).toEqual([[], [], ['stray 486']]);
    expect([transaction.done, transactions.size.client, clock.pending, flow.watchers]).toEqual([true, 0, 0, 0]);
  });

  it('may be abandoned from its own callback', () => {
    const { clock, transactions, receive } = rig();
    const flow = new RecordingFlow();
    const invite = request('INVITE');
    const transaction = transactions.request(invite, flow, {
      onResponse: () => transaction.abandon(),
      onTimeout: () => expect.unreachable(),
      onTransportError: () => expect.unreachable(),
    });
    receive(answer(invite, 200), flow);
    receive(answer(invite, 200), flow);
    expect([transactions.size.client, clock.pending]).toEqual([0, 0]);
  });

  it('refuses a branch that is in use or missing', () => {
    const { transactions } = rig();
    const flow = new RecordingFlow();
    transactions.request(request('BYE'), flow, new RecordingListener());
    expect(() => transactions.request(request('BYE'), flow, new RecordingListener())).toThrow(/same Via branch/);
    expect(() => transactions.request(request('BYE', { branch: '' }), flow, new RecordingListener())).toThrow(/needs a Via with a branch/);
  });

  it('runs on the real clock too', async () => {
    const user = new RecordingUser();
    const transactions = new Transactions({ clock: systemClock, user, timers: { t1: 2, t2: 16 } });
    const flow = new RecordingFlow();
    await new Promise<void>((resolve, reject) => {
      const fail = () => reject(new Error('expected a timeout'));
      transactions.request(request('BYE'), flow, { onResponse: fail, onTransportError: fail, onTimeout: resolve });
    });
    expect(flow.sent.length).toBeGreaterThan(2);
    expect(transactions.size.client).toBe(0);
  });

  it('uses the timers it was given', () => {
    const { clock, transactions } = rig({ timers: { t1: 100, t2: 200 } });
    const flow = new RecordingFlow();
    const listener = new RecordingListener();
    transactions.request(request('BYE'), flow, listener);
    flow.take();
    expect(sendTimes(clock, flow, 1000)).toEqual([100, 300, 500, 700, 900]);
    clock.advance(5400);
    expect(listener.heard).toEqual(['timeout']);
  });
});
