import { type ChildProcess, fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../src/clock.js';
import { Sources } from '../src/gatekeeper/net/sources.js';
import { StreamFramer } from '../src/gatekeeper/sip/transport/stream-framer.js';
import { Transports } from '../src/gatekeeper/sip/transport/transports.js';
import { atMost, cpuSeconds, plain, print } from './row.js';

/**
 * What the sockets cost: CPU time for receiving a message of 600 bytes and sending one back, most of it system calls. A child process plays
 * the other side, so that its time does not count.
 */
const MESSAGES = 200_000;
/** Messages under way at once. */
const WINDOW = 32;
const head = 'OPTIONS sip:norr.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKbench;rport\r\nContent-Length: ';
const body = 'x'.repeat(600 - head.length - 7);
const message = `${head}${body.length}\r\n\r\n${body}`;

function playUdp(port: number): void {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, done) => done(null, host, 4) });
  const bytes = Buffer.from(message, 'latin1');
  let sent = 0;
  let received = 0;
  const send = () => {
    if (sent++ < MESSAGES) socket.send(bytes, port, '127.0.0.1');
  };
  socket.on('message', () => {
    send();
    if (++received === MESSAGES) process.exit(0);
  });
  for (let i = 0; i < WINDOW; i++) send();
}

function playTcp(port: number): void {
  const socket = connect({ host: '127.0.0.1', port });
  let sent = 0;
  let bytes = 0;
  const send = () => {
    if (sent++ < MESSAGES) socket.write(message, 'latin1');
  };
  socket.on('data', (chunk) => {
    const before = Math.floor(bytes / message.length);
    bytes += chunk.length;
    const after = Math.floor(bytes / message.length);
    for (let i = before; i < after; i++) send();
    if (after === MESSAGES) process.exit(0);
  });
  for (let i = 0; i < WINDOW; i++) send();
}

async function measure(transport: 'udp' | 'tcp'): Promise<number> {
  let start: NodeJS.CpuUsage | undefined;
  let echoed = 0;
  const transports = await Transports.listen({
    listen: [{ transport, address: '127.0.0.1', port: 0 }],
    clock: systemClock,
    limits: { rate: { messagesPerSecond: 1e9, burst: 1e9 } },
    connectTimeoutMs: 1000,
    requestClientCertificate: false,
    onMessage: (received, flow) => {
      start ??= process.cpuUsage();
      flow.send(received);
      echoed++;
    },
  });
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), [transport, String(transports.listeners[0]?.port)]);
  await new Promise((resolve) => child.once('exit', resolve));
  const { user, system } = process.cpuUsage(start);
  await transports.close();
  return (user + system) / echoed;
}

/** Microseconds for one call of `work`, called `times` times. */
function micros(times: number, work: (i: number) => void): number {
  for (let i = 0; i < times / 10; i++) work(i);
  const seconds = cpuSeconds(() => {
    for (let i = 0; i < times; i++) work(i);
  });
  return (seconds / times) * 1e6;
}

async function main(): Promise<void> {
  const addresses = Array.from({ length: 5000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const addresses6 = Array.from({ length: 5000 }, (_, i) => `2001:db8:${i.toString(16)}:1:2:3:4:5`);
  const compressed = Array.from({ length: 5000 }, (_, i) => `2001:db8::${i.toString(16)}`);
  const sources = new Sources({ rate: { messagesPerSecond: 500, burst: 1000 }, sources: 100_000 });
  const framer = new StreamFramer({ messageBytes: 65_535, headBytes: 65_535 });
  const bytes = Buffer.from(message, 'latin1');
  print([
    atMost(
      'source limit, IPv4',
      micros(2_000_000, (i) => sources.take(addresses[i % 5000] ?? '', i)),
      'µs',
      0.3,
    ),
    atMost(
      'source limit, IPv6',
      micros(2_000_000, (i) => sources.take(addresses6[i % 5000] ?? '', i)),
      'µs',
      0.3,
    ),
    plain(
      'source limit, IPv6 with :: in its network',
      micros(500_000, (i) => sources.take(compressed[i % 5000] ?? '', i)),
      'µs',
    ),
    atMost(
      'stream framer, a message of 600 bytes',
      micros(500_000, () => framer.push(bytes)),
      'µs',
      2,
    ),
    plain('UDP, receive and send 600 bytes', await measure('udp'), 'µs'),
    plain('TCP, receive and send 600 bytes', await measure('tcp'), 'µs'),
  ]);
}

const [, , role, port] = process.argv;
if (role === 'udp') playUdp(Number(port));
else if (role === 'tcp') playTcp(Number(port));
else await main();
