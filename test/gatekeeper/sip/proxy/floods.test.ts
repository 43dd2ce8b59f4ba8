import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { answering, TestDialog } from '../../../support/sip-client.js';
import { until } from '../../../support/until.js';
import { number, useWorld } from './world.js';

const world = useWorld(() => ({
  sip: { limits: { messagesPerSecondPerSource: 500, burst: 500, connectionsPerSource: 20, halfOpenSeconds: 1 } },
}));

/** After whatever was done to it: it answers, and a call goes through. */
async function stillServes(): Promise<void> {
  const caller = await until(
    async () => {
      // The flood came from the same address, whose allowance fills up again.
      const client = await world.client(number('norr'));
      const options = client.make('OPTIONS', `sip:127.0.0.1:${world.service.ports.udp}`);
      client.send(options);
      return client.response(options, 200, 200).then(
        () => client,
        () => undefined,
      );
    },
    () => 'an answer to OPTIONS',
  );
  expect((await caller.register()).status).toBe(200);
  const callee = await world.phone(number('syd'), answering());
  const invite = await caller.invite(`${callee.user}@norr.example`);
  const dialog = TestDialog.ofCaller(caller, invite, await caller.response(invite, 200));
  dialog.send('ACK');
  await world.hangUp(dialog);
}

async function rawUdp(datagrams: Iterable<string | Buffer>): Promise<void> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  for (const datagram of datagrams) {
    await new Promise((resolve) => socket.send(datagram, world.service.ports.udp, '127.0.0.1', resolve));
  }
  await new Promise<void>((resolve) => socket.close(() => resolve()));
}

async function rawTcp(port = world.service.ports.tcp) {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  return { socket, closed, received: () => received };
}

it('a flood of garbage, half messages and REGISTERs over UDP', async () => {
  const before = process.memoryUsage().heapUsed;
  const register = (index: number) =>
    `REGISTER sip:norr.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK${index}\r\nFrom: <sip:${index}@norr.example>;tag=${index}\r\n` +
    `To: <sip:${index}@norr.example>\r\nCall-ID: flood-${index}\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n`;
  function* flood() {
    for (let index = 0; index < 6000; index++) {
      const whole = register(index);
      if (index % 3 === 0) yield whole;
      else if (index % 3 === 1) yield whole.slice(0, index % whole.length);
      else yield Buffer.alloc(1 + (index % 1400), index % 256);
    }
  }
  await rawUdp(flood());
  await stillServes();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(80 * 1024 * 1024);
});

it('a request of 10,000 headers, and one header of 64 kB', async () => {
  const head = `OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKbig\r\nFrom: <sip:a@norr.example>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: big\r\nCSeq: 1 OPTIONS\r\n`;
  for (const more of ['X: 1\r\n'.repeat(10_000), `X: ${'y'.repeat(64_000)}\r\n`, `Route: <sip:a@b>${' '.repeat(60_000)};x\r\n`]) {
    const tcp = await rawTcp();
    tcp.socket.write(`${head}${more}Content-Length: 0\r\n\r\n`, 'latin1');
    await until(
      () => /^SIP\/2\.0 \d{3} /.test(tcp.received()) || tcp.socket.destroyed,
      () => `an answer or a close; received ${tcp.received()}`,
    );
    tcp.socket.destroy();
  }
  await stillServes();
});

it('clients that begin a message, or a handshake, and never finish it are closed', async () => {
  const slow = await Promise.all([rawTcp(), rawTcp(), rawTcp(world.service.ports.tls)]);
  slow[0]?.socket.write('OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: ');
  slow[1]?.socket.write('INVITE sip:127.0.0.1 SIP/2.0\r\nContent-Length: 100\r\n\r\nabc');
  slow[2]?.socket.write(Buffer.from([22, 3, 1]));
  await Promise.all(slow.map(({ closed }) => closed));
  await stillServes();
});

it('more connections than one source may have are closed, and those that are there go on', async () => {
  const sockets = await Promise.all(Array.from({ length: 40 }, () => rawTcp()));
  await until(
    () => sockets.filter(({ socket }) => socket.destroyed).length >= 20,
    () => '20 of 40 connections to be closed',
  );
  expect(sockets.filter(({ socket }) => !socket.destroyed).length).toBeLessThanOrEqual(20);
  for (const { socket } of sockets) socket.destroy();
  await stillServes();
});

it('strangers hear 403 ten times a second, and nothing above that', async () => {
  const stranger = await world.client('stranger', { domain: 'elsewhere.example' });
  for (let index = 0; index < 100; index++) stranger.send(stranger.make('INVITE', `sip:46102${1000 + index}@norr.example`));
  await stillServes();
  const answers = stranger.received.filter((message) => 'status' in message && message.status === 403);
  expect(new Set(answers.map(({ callId }) => callId)).size).toBeGreaterThan(0);
  expect(new Set(answers.map(({ callId }) => callId)).size).toBeLessThanOrEqual(30);
});
