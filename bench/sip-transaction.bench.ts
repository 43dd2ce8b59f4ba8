import { systemClock, type Timer } from '../src/clock.js';
import { responseTo, SipRequest, SipResponse } from '../src/gatekeeper/sip/message/message.js';
import { parseMessage } from '../src/gatekeeper/sip/message/parse.js';
import { TimerQueue } from '../src/gatekeeper/sip/transaction/timer-queue.js';
import { type ClientListener, Transactions, type TransactionUser } from '../src/gatekeeper/sip/transaction/transactions.js';
import type { Flow } from '../src/gatekeeper/sip/transport/flow.js';
import { atMost, plain, print, type Row } from './row.js';

/** Swallows what is sent: the sockets are measured elsewhere. */
const flow: Flow = {
  id: 'udp-1',
  transport: 'udp',
  reliable: false,
  local: { address: '127.0.0.1', port: 5060 },
  remote: { address: '127.0.0.1', port: 5061 },
  certificateNames: [],
  closed: false,
  send: (message) => message.length > 0,
  onClose: () => () => {},
};
const listener: ClientListener = { onResponse: () => {}, onTimeout: () => {}, onTransportError: () => {} };
const user: TransactionUser = { onRequest: () => {}, onAck: () => {}, onCancel: () => {}, onStrayResponse: () => {} };

const sdp = `v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\n${'a=rtpmap:96 H264/90000\r\n'.repeat(20)}`;

function textOf(method: string, branch: string): string {
  return SipRequest.create(
    method,
    'sip:461010001@norr.example',
    [
      ['Via', `SIP/2.0/UDP 192.0.2.7:5060;branch=${branch};rport`],
      ['Via', 'SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bKbefore'],
      ['Max-Forwards', '70'],
      ['From', '<sip:461020001@syd.example>;tag=from'],
      ['To', '<sip:461010001@norr.example>'],
      ['Call-ID', `call-${branch}`],
      ['CSeq', `1 ${method}`],
      ['Contact', '<sip:461020001@192.0.2.7:5060>'],
      ['User-Agent', 'bench'],
    ],
    method === 'INVITE' ? sdp : '',
  ).toString();
}

function parsed(text: string): SipRequest | SipResponse {
  const result = parseMessage(text);
  if (!result.ok) throw result.error;
  return result.message;
}

interface Pair {
  readonly inbound: SipRequest;
  readonly outbound: SipRequest;
  readonly replies: readonly SipResponse[];
  readonly received: readonly SipResponse[];
}

function pair(method: string, at: number): Pair {
  const inbound = parsed(textOf(method, `z9hG4bKin${at}`));
  const outbound = parsed(textOf(method, `z9hG4bKout${at}`));
  if (!(inbound instanceof SipRequest) || !(outbound instanceof SipRequest)) throw new Error('not requests');
  const codes = method === 'INVITE' ? [100, 180, 200] : [200];
  const replies = codes.map((code) => responseTo(inbound, code));
  const received = codes.map((code) => parsed(responseTo(outbound, code).toString())).filter((each) => each instanceof SipResponse);
  return { inbound, outbound, replies, received };
}

/**
 * Microseconds of CPU for one pair, the median of many small batches: what a batch needs is made before it is timed, and in large
 * batches the collector's work on that would be most of what is seen.
 */
function perPair(method: string, work: (transactions: Transactions, pair: Pair) => void): number {
  const batches = 400;
  const each = 100;
  const transactions = new Transactions({ clock: systemClock, user, maxTransactions: 1_000_000 });
  const results: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const pairs = Array.from({ length: each }, (_, i) => pair(method, batch * each + i));
    const before = process.cpuUsage();
    for (const one of pairs) work(transactions, one);
    const used = process.cpuUsage(before);
    results.push((used.user + used.system) / each);
  }
  transactions.close();
  return results.sort((a, b) => a - b)[batches / 2] ?? Number.NaN;
}

/** A request taken in, sent on, answered, and the answers passed back. */
function proxied(transactions: Transactions, { inbound, outbound, replies, received }: Pair): void {
  transactions.receive(inbound, flow);
  const server = transactions.server(inbound, flow);
  transactions.request(outbound, flow, listener);
  for (const response of received) transactions.receive(response, flow);
  for (const reply of replies) server.respond(reply);
}

function written(_: Transactions, { outbound, replies }: Pair): void {
  flow.send(outbound.toString());
  for (const reply of replies) flow.send(reply.toString());
}

function answeredOnce(transactions: Transactions, { inbound, replies }: Pair): void {
  transactions.receive(inbound, flow);
  const once = transactions.oneShot(inbound, flow);
  for (const reply of replies) once.respond(reply);
}

interface Owner {
  repeat?: { readonly name: string } | Timer;
  end?: { readonly name: string } | Timer;
  onTimer(): void;
}

/** Microseconds for the timers of a transaction that stays open: three started, two of them stopped again. */
function measureTimers(): { queue: number; timeouts: number } {
  const count = 100_000;
  const results = { queue: Number.POSITIVE_INFINITY, timeouts: Number.POSITIVE_INFINITY };
  for (let round = 0; round < 5; round++) {
    const queue = new TimerQueue<string>(systemClock);
    const queued: Owner[] = [];
    let before = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      const owner: Owner = { onTimer: () => {} };
      const [repeat, end] = [queue.start(owner, 'A', 500), queue.start(owner, 'B', 32_000)];
      queue.stop(repeat);
      queue.stop(end);
      owner.end = queue.start(owner, 'D', 32_000);
      queued.push(owner);
    }
    let used = process.cpuUsage(before);
    results.queue = Math.min(results.queue, (used.user + used.system) / count);
    queue.close();

    const single: Timer[] = [];
    before = process.cpuUsage();
    for (let i = 0; i < count; i++) {
      const owner: Owner = { onTimer: () => {} };
      const [repeat, end] = [systemClock.after(500, () => owner.onTimer()), systemClock.after(32_000, () => owner.onTimer())];
      repeat.cancel();
      end.cancel();
      owner.end = systemClock.after(32_000, () => owner.onTimer());
      single.push(owner.end);
    }
    used = process.cpuUsage(before);
    results.timeouts = Math.min(results.timeouts, (used.user + used.system) / count);
    for (const timer of single) timer.cancel();
  }
  return results;
}

const timers = measureTimers();
const rows: Row[] = [
  atMost('INVITE, server and client transaction', perPair('INVITE', proxied), 'µs', 15),
  plain('of it, writing the messages', perPair('INVITE', written), 'µs'),
  atMost('BYE, server and client transaction', perPair('BYE', proxied), 'µs', 15),
  plain('of it, writing the messages', perPair('BYE', written), 'µs'),
  plain('REGISTER answered once', perPair('REGISTER', answeredOnce), 'µs'),
  plain('timers of a transaction, TimerQueue', timers.queue, 'µs'),
  plain('timers of a transaction, setTimeout', timers.timeouts, 'µs'),
];
print(rows);
