import { describe, expect, it } from 'vitest';
import { RecordingFlow } from '../../../support/recording-flow.js';
import { answer, request, responseFrom, rig } from './rig.js';

const statuses = (flow: RecordingFlow) => flow.take().map((text) => responseFrom(text).status);

describe('Transactions, receiving requests', () => {
  it('hands a request up once and answers its repetitions from memory', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const invite = request('INVITE');
    receive(invite, flow);
    const transaction = transactions.server(invite, flow);
    receive(request('INVITE'), flow);
    expect(statuses(flow)).toEqual([]);
    transaction.respond(answer(invite, 100));
    transaction.respond(answer(invite, 180));
    expect(transaction.finalSent).toBe(false);
    flow.take();
    receive(request('INVITE'), flow);
    expect(statuses(flow)).toEqual([180]);
    transaction.respond(answer(invite, 486));
    expect(transaction.finalSent).toBe(true);
    expect(statuses(flow)).toEqual([486]);
    receive(request('INVITE'), flow);
    expect(statuses(flow)).toEqual([486]);
    clock.advance(500);
    expect(statuses(flow)).toEqual([486]);
    receive(request('ACK', { to: '<sip:461010001@norr.example>;tag=to' }), flow);
    clock.advance(60_000);
    expect(statuses(flow)).toEqual([]);
    expect(user.heard).toEqual(['request INVITE']);
    expect([transactions.size.server, clock.pending]).toEqual([0, 0]);
  });

  it('answers an INVITE with 100 at once if told to', () => {
    const { transactions } = rig();
    const flow = new RecordingFlow();
    transactions.server(request('INVITE'), flow, 'at-once');
    transactions.server(request('BYE'), flow, 'at-once');
    expect(statuses(flow)).toEqual([100]);
  });

  it('repeats a refusal until timer H when no ACK comes, and tells the end once', () => {
    const { clock, transactions } = rig();
    const flow = new RecordingFlow();
    const invite = request('INVITE');
    const transaction = transactions.server(invite, flow);
    let ended = 0;
    transaction.onEnd = () => ended++;
    transaction.respond(answer(invite, 503));
    clock.advance(31_999);
    expect([statuses(flow).length, ended]).toEqual([11, 0]);
    clock.advance(60_000);
    expect([statuses(flow).length, ended]).toEqual([0, 1]);
    expect([transactions.size.server, clock.pending]).toEqual([0, 0]);
  });

  it('passes repeated 2xx on, absorbs the INVITE, and hands the ACK up (RFC 6026)', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow('tcp');
    const invite = request('INVITE');
    const transaction = transactions.server(invite, flow);
    transaction.respond(answer(invite, 200));
    transaction.respond(answer(invite, 200));
    transaction.respond(answer(invite, 486));
    expect(statuses(flow)).toEqual([200, 200]);
    receive(request('INVITE'), flow);
    receive(request('ACK'), flow);
    receive(request('ACK', { branch: 'z9hG4bKack', callId: 'call-2' }), flow);
    expect(statuses(flow)).toEqual([]);
    expect(user.heard).toEqual(['ack call-1', 'ack call-2']);
    clock.advance(32_000);
    expect([transactions.size.server, clock.pending]).toEqual([0, 0]);
  });

  it('matches by branch, sent-by and method (§17.2.3)', () => {
    const { transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    transactions.server(request('INVITE'), flow).respond(answer(request('INVITE'), 180));
    flow.take();
    receive(request('INVITE', { callId: 'whatever' }), flow);
    expect(statuses(flow)).toEqual([180]);
    receive(request('INVITE', { sentBy: '192.0.2.8:5060' }), flow);
    receive(request('INVITE', { sentBy: '192.0.2.7:5070' }), flow);
    receive(request('INVITE', { branch: 'z9hG4bKtwo' }), flow);
    receive(request('BYE'), flow);
    expect(user.heard).toEqual(['request INVITE', 'request INVITE', 'request INVITE', 'request BYE']);
    expect(statuses(flow)).toEqual([]);
  });

  it.each(['', 'old-style'])('matches an RFC 2543 client by the whole request (branch "%s")', (branch) => {
    const { transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const invite = request('INVITE', { branch });
    transactions.server(invite, flow).respond(answer(invite, 404));
    expect(statuses(flow)).toEqual([404]);
    receive(request('INVITE', { branch }), flow);
    expect(statuses(flow)).toEqual([404]);
    receive(request('ACK', { branch, to: '<sip:461010001@norr.example>;tag=to' }), flow);
    expect(user.heard).toEqual([]);
    receive(request('INVITE', { branch, seq: 2 }), flow);
    receive(request('INVITE', { branch, callId: 'call-2' }), flow);
    receive(request('INVITE', { branch, uri: 'sip:461010002@norr.example' }), flow);
    expect(user.heard).toEqual(['request INVITE', 'request INVITE', 'request INVITE']);
  });

  it('gives the same transaction when asked again', () => {
    const { transactions } = rig();
    const flow = new RecordingFlow();
    const bye = request('BYE');
    const first = transactions.server(bye, flow);
    expect(transactions.server(bye, flow)).toBe(first);
  });

  it('gives a new one after the last was answered, and one does not end the other', () => {
    const { clock, transactions } = rig();
    const flow = new RecordingFlow();
    const bye = request('BYE');
    transactions.server(bye, flow).respond(answer(bye, 200));
    clock.advance(20_000);
    const second = transactions.server(bye, flow);
    clock.advance(20_000);
    expect([second.finalSent, transactions.size.server]).toEqual([false, 1]);
    clock.advance(12_000);
    expect([transactions.size.server, clock.pending]).toEqual([0, 0]);
  });

  it('has the answer for a repetition when there was no room to send it', () => {
    const { transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const bye = request('BYE');
    flow.full = true;
    transactions.server(bye, flow).respond(answer(bye, 200));
    flow.full = false;
    receive(request('BYE'), flow);
    expect([statuses(flow), user.heard]).toEqual([[200], []]);
  });

  it('keeps the answer to another request for timer J, and forgets one that nobody answers', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const bye = request('BYE');
    const ended: string[] = [];
    const answered = transactions.server(bye, flow);
    answered.onEnd = () => ended.push('answered');
    transactions.server(request('INFO'), flow).onEnd = () => ended.push('unanswered');
    answered.respond(answer(bye, 200));
    clock.advance(31_000);
    receive(request('BYE'), flow);
    expect(statuses(flow)).toEqual([200, 200]);
    clock.advance(1000);
    expect(ended.sort()).toEqual(['answered', 'unanswered']);
    expect([transactions.size.server, clock.pending, user.heard]).toEqual([0, 0, []]);
    answered.respond(answer(bye, 500));
    expect(flow.sent).toEqual([]);
  });

  it('answers on the flow of the request, also when a repetition takes another', () => {
    const { transactions, receive } = rig();
    const [flow, other] = [new RecordingFlow(), new RecordingFlow()];
    const bye = request('BYE');
    transactions.server(bye, flow).respond(answer(bye, 200));
    receive(request('BYE'), other);
    expect([statuses(flow), statuses(other)]).toEqual([[200, 200], []]);
  });

  it('answers CANCEL itself and asks for the INVITE to be ended (§9.2)', () => {
    const { transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const invite = request('INVITE');
    const transaction = transactions.server(invite, flow);
    receive(request('CANCEL'), flow);
    receive(request('CANCEL'), flow);
    expect(flow.take().map((text) => responseFrom(text).get('cseq'))).toEqual(['1 CANCEL', '1 CANCEL']);
    expect(user.take()).toEqual(['cancel']);
    expect(user.cancelled).toEqual([transaction]);
    transaction.respond(answer(invite, 487));
    expect(statuses(flow)).toEqual([487]);
  });

  it('answers CANCEL with 200 but does nothing once the INVITE is answered, and with 481 if there is none', () => {
    const { transactions, receive, user } = rig();
    const flow = new RecordingFlow('tcp');
    const invite = request('INVITE');
    transactions.server(invite, flow).respond(answer(invite, 200));
    flow.take();
    receive(request('CANCEL'), flow);
    receive(request('CANCEL', { branch: 'z9hG4bKother' }), flow);
    expect(statuses(flow)).toEqual([200, 481]);
    expect(user.heard).toEqual([]);
  });

  it('answers a request once without a transaction, and its repetitions from memory', () => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const register = request('REGISTER');
    receive(register, flow);
    const once = transactions.oneShot(register, flow);
    receive(request('REGISTER'), flow);
    expect(flow.sent).toEqual([]);
    once.respond(answer(register, 401));
    once.respond(answer(register, 200));
    receive(request('REGISTER'), flow);
    expect(statuses(flow)).toEqual([401, 401]);
    expect(transactions.size).toEqual({ client: 0, server: 0, remembered: 1 });
    receive(request('REGISTER', { branch: 'z9hG4bKtwo' }), flow);
    expect(user.heard).toEqual(['request REGISTER', 'request REGISTER']);
    clock.advance(31_999);
    receive(request('REGISTER'), flow);
    expect(statuses(flow)).toEqual([401]);
    clock.advance(32_001);
    expect([transactions.size.remembered, clock.pending]).toEqual([0, 0]);
    receive(request('REGISTER'), flow);
    expect(user.heard.length).toBe(3);
  });

  it('gives a remembered answer only to where it went first', () => {
    const { transactions, receive, user } = rig();
    const flow = new RecordingFlow();
    const stranger = new RecordingFlow();
    const register = request('REGISTER');
    transactions.oneShot(register, flow).respond(answer(register, 200));
    receive(request('REGISTER'), stranger);
    expect(stranger.sent).toEqual([]);
    expect(user.heard).toEqual(['request REGISTER']);
  });

  it('remembers nothing for a connection, which repeats nothing', () => {
    const { clock, transactions } = rig();
    const flow = new RecordingFlow('tls');
    const register = request('REGISTER');
    transactions.oneShot(register, flow).respond(answer(register, 200));
    expect(statuses(flow)).toEqual([200]);
    expect([transactions.size.remembered, clock.pending]).toEqual([0, 0]);
  });

  it.each(['udp', 'tls'] as const)('refuses an INVITE without a transaction and absorbs its ACK over %s', (transport) => {
    const { clock, transactions, receive, user } = rig();
    const flow = new RecordingFlow(transport);
    const invite = request('INVITE', { to: '<sip:461010001@norr.example>;tag=in-dialog' });
    transactions.oneShot(invite, flow).respond(answer(invite, 407));
    receive(request('ACK', { to: '<sip:461010001@norr.example>;tag=in-dialog' }), flow);
    receive(request('ACK', { branch: 'z9hG4bKelse', callId: 'call-2' }), flow);
    expect(user.heard).toEqual(['ack call-2']);
    clock.advance(60_000);
    expect(statuses(flow)).toEqual([407]);
  });

  it('answers 503 with Retry-After beyond maxTransactions, but lets BYE, CANCEL and ACK in', () => {
    const { transactions, receive, user } = rig({ maxTransactions: 10 });
    const flow = new RecordingFlow();
    for (let i = 0; i < 10; i++) transactions.server(request('INVITE', { branch: `z9hG4bK${i}` }), flow);
    receive(request('INVITE', { branch: 'z9hG4bKx' }), flow);
    const refusal = responseFrom(flow.take()[0]);
    expect([refusal.status, refusal.get('retry-after')]).toEqual([503, '5']);
    receive(request('INVITE', { branch: 'z9hG4bKx' }), flow);
    receive(request('ACK', { branch: 'z9hG4bKx' }), flow);
    expect(statuses(flow)).toEqual([503]);
    expect(user.take()).toEqual(['overload INVITE']);
    receive(request('BYE', { branch: 'z9hG4bKx' }), flow);
    receive(request('CANCEL', { branch: 'z9hG4bK3' }), flow);
    receive(request('ACK', { branch: 'z9hG4bKack' }), flow);
    expect(user.take()).toEqual(['request BYE', 'cancel', 'ack call-1']);
    expect(transactions.size.server).toBe(10);
  });

  it('drops a response whose connection has closed, and goes on', () => {
    const { clock, transactions } = rig();
    const flow = new RecordingFlow('tcp');
    const [invite, info, bye] = ['INVITE', 'INFO', 'BYE'].map((method) => request(method));
    if (!invite || !info || !bye) throw new Error('no requests');
    const open = [invite, info, bye].map((each) => transactions.server(each, flow));
    flow.close();
    open[0]?.respond(answer(invite, 486));
    open[1]?.respond(answer(info, 100));
    open[2]?.respond(answer(bye, 200));
    expect(transactions.size.server).toBe(1);
    clock.advance(32_000);
    expect([transactions.size.server, clock.pending]).toEqual([0, 0]);
  });

  it('sends a final response another way if there is one (§18.2.2)', () => {
    const other = new RecordingFlow('tcp');
    const { transactions } = rig({ reopen: (_, use) => use(other) });
    const flow = new RecordingFlow('tcp');
    const [invite, bye, register] = [request('INVITE'), request('BYE'), request('REGISTER')];
    const open = transactions.server(invite, flow);
    const ending = transactions.server(bye, flow);
    const once = transactions.oneShot(register, flow);
    flow.close();
    open.respond(answer(invite, 180));
    open.respond(answer(invite, 200));
    ending.respond(answer(bye, 200));
    once.respond(answer(register, 200));
    expect(other.take().map((text) => responseFrom(text).get('cseq'))).toEqual(['1 INVITE', '1 BYE', '1 REGISTER']);
  });

  it('forgets everything when closed', () => {
    const { clock, transactions, user } = rig();
    const flow = new RecordingFlow('tcp');
    const udp = new RecordingFlow();
    const server = transactions.server(request('INVITE'), flow);
    server.onEnd = () => expect.unreachable();
    transactions.server(request('BYE'), udp);
    const register = request('REGISTER');
    transactions.oneShot(register, udp).respond(answer(register, 200));
    const unheard = {
      onResponse: () => expect.unreachable(),
      onTimeout: () => expect.unreachable(),
      onTransportError: () => expect.unreachable(),
    };
    transactions.request(request('INVITE'), flow, unheard);
    transactions.close();
    expect(transactions.size).toEqual({ client: 0, server: 0, remembered: 0 });
    expect([clock.pending, flow.watchers]).toEqual([0, 0]);
    flow.close();
    clock.advance(60_000);
    server.respond(answer(request('INVITE'), 486));
    expect([user.heard, flow.sent.length]).toEqual([[], 1]);
  });
});
