import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/clock.js';
import { type RasLocal, RasSockets, type RasSocketsOptions } from '../../../../src/gatekeeper/h323/transport/ras-sockets.js';
import type { SocketAddress } from '../../../../src/gatekeeper/net/address.js';
import { freePort } from '../../../support/free-port.js';
import { until } from '../../../support/until.js';
import { closer } from './harness.js';

const { keep, closeAll } = closer();
afterEach(closeAll);

interface Datagram {
  readonly text: string;
  readonly from: SocketAddress;
  readonly local: RasLocal;
}

async function open(options: Partial<RasSocketsOptions> = {}) {
  const received: Datagram[] = [];
  const refusals: string[] = [];
  const warnings: string[] = [];
  const faults: unknown[] = [];
  const sockets: RasSockets = keep(
    await RasSockets.open({
      listen: [{ address: '127.0.0.1', port: 0 }],
      clock: systemClock,
      onMessage: (bytes, { address, port }, local) => received.push({ text: bytes.toString('latin1'), from: { address, port }, local }),
      onRefused: (source, why) => refusals.push(`${source} ${why}`),
      onWarning: (text) => warnings.push(text),
      onFault: (error) => faults.push(error),
      ...options,
    }),
  );
  const next = (count: number) =>
    until(
      () => received.length >= count,
      () => `${count} datagrams; there are ${received.length}`,
    );
  return { sockets, received, refusals, warnings, faults, next };
}

async function endpoint(address = '127.0.0.1') {
  const socket: Socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  const received: { text: string; from: SocketAddress }[] = [];
  socket.on('message', (bytes, from) =>
    received.push({ text: bytes.toString('latin1'), from: { address: from.address, port: from.port } }),
  );
  socket.bind(0, address);
  await once(socket, 'listening');
  keep({ close: () => new Promise<void>((resolve) => socket.close(() => resolve())) });
  const local = { address, port: socket.address().port };
  const send = (text: string | Buffer, to: SocketAddress) =>
    new Promise<void>((resolve, reject) => socket.send(text, to.port, to.address, (error) => (error ? reject(error) : resolve())));
  const next = () =>
    until(
      () => received[0],
      () => 'an answer',
    );
  return { socket, local, received, send, next };
}

describe('RasSockets', () => {
  it.each(['127.0.0.1', '::1'])('answers from where it was asked, on %s', async (address) => {
    const { sockets, received, next } = await open({
      listen: [
        { address, port: 0 },
        { address, port: 0 },
      ],
    });
    const second = sockets.listeners[1] ?? { address: '', port: 0 };
    const far = await endpoint(address);
    await far.send('RRQ', second);
    await next(1);
    expect(received[0]).toMatchObject({ text: 'RRQ', from: far.local, local: { address, port: second.port, multicast: false } });
    expect(sockets.send(Buffer.from('RCF'), far.local, received[0]?.local)).toBe(true);
    expect(await far.next()).toEqual({ text: 'RCF', from: { address, port: second.port } });
    expect(sockets.stats).toEqual({ received: 1, sent: 1, sources: 1 });
  });

  it('asks from the listener of the same family, and says when there is none', async () => {
    const { sockets } = await open();
    const far = await endpoint();
    expect(sockets.send(Buffer.from('IRQ'), far.local)).toBe(true);
    expect((await far.next()).from).toMatchObject({ address: '127.0.0.1', port: sockets.listeners[0]?.port });
    expect(sockets.send(Buffer.from('IRQ'), { address: '::1', port: 1719 })).toBe(false);
    expect(sockets.send(Buffer.from('IRQ'), { address: '127.0.0.1', port: 0 })).toBe(false);
    expect(sockets.send(Buffer.alloc(65_508), far.local)).toBe(false);
  });

  it('drops what is too much or too long, and counts it; empty ones say nothing', async () => {
    const { sockets, received, refusals, next } = await open({
      limits: { rate: { messagesPerSecond: 0.001, burst: 4 }, messageBytes: 10 },
    });
    const to = sockets.listeners[0] ?? { address: '', port: 0 };
    const far = await endpoint();
    await far.send('', to);
    await far.send('x'.repeat(11), to);
    await far.send('a', to);
    await far.send('b', to);
    await far.send('c', to);
    const other = await endpoint('127.0.0.2');
    await other.send('d', to);
    await next(3);
    expect(received.map(({ text }) => text)).toEqual(['a', 'b', 'd']);
    expect(refusals).toEqual(['127.0.0.1 size', '127.0.0.1 rate']);
  });

  it('gives a source that is known a rate of its own', async () => {
    const { sockets, received, next } = await open({
      limits: { rate: { messagesPerSecond: 0.001, burst: 1 } },
      rateFor: (address) => (address === '127.0.0.2' ? { messagesPerSecond: 1000, burst: 1000 } : undefined),
    });
    const to = sockets.listeners[0] ?? { address: '', port: 0 };
    const far = await endpoint('127.0.0.2');
    for (const text of ['a', 'b', 'c']) await far.send(text, to);
    await next(3);
    expect(received).toHaveLength(3);
  });

  it('goes on when its receiver throws, and tells of it', async () => {
    let messages = 0;
    const { sockets, faults } = await open({
      onMessage: () => {
        messages++;
        throw new Error(`message ${messages}`);
      },
    });
    const far = await endpoint();
    const to = sockets.listeners[0] ?? { address: '', port: 0 };
    await far.send('a', to);
    await far.send('b', to);
    await until(
      () => faults.length === 2,
      () => 'both faults',
    );
    expect(faults).toEqual([new Error('message 1'), new Error('message 2')]);
  });

  it('says why it cannot listen, and where to change it', async () => {
    const { sockets } = await open();
    const port = sockets.listeners[0]?.port ?? 0;
    await expect(open({ listen: [{ address: '127.0.0.1', port }] })).rejects.toThrow(
      `Cannot listen on udp 127.0.0.1:${port}: another program has this port; stop it, or choose another port in h323.ras`,
    );
  });

  it('sends nothing once it is closed', async () => {
    const { sockets } = await open();
    await Promise.all([sockets.close(), sockets.close()]);
    expect(sockets.send(Buffer.from('a'), { address: '127.0.0.1', port: 1719 })).toBe(false);
  });
});

describe('discovery by multicast', () => {
  const group = '239.255.41.18';

  it('hears what is sent to the group, shares its port, and answers by unicast', async () => {
    const port = await freePort();
    const multicast = { group, port, interfaces: ['127.0.0.1'] };
    const [here, beside] = [await open({ multicast }), await open({ multicast })];
    expect([...here.warnings, ...beside.warnings]).toEqual([]);
    const far = await endpoint();
    far.socket.setMulticastInterface('127.0.0.1');
    await far.send('GRQ', { address: group, port });
    await Promise.all([here.next(1), beside.next(1)]);
    const asked = here.received[0];
    expect(asked).toMatchObject({ text: 'GRQ', from: far.local, local: { address: group, port, multicast: true } });
    here.sockets.send(Buffer.from('GCF'), far.local, asked?.local);
    expect(await far.next()).toEqual({ text: 'GCF', from: { address: '127.0.0.1', port: here.sockets.listeners[0]?.port } });
  });

  it('stands beside discovery by unicast, which hears nothing of it, on all addresses as well', async () => {
    for (const address of ['0.0.0.0', '127.0.0.1']) {
      const port = await freePort();
      const listen = [
        { address, port: 0 },
        { address, port },
      ];
      const { sockets, warnings, received, next } = await open({ listen, multicast: { group, port, interfaces: ['127.0.0.1'] } });
      expect(warnings).toEqual([]);
      const far = await endpoint();
      far.socket.setMulticastInterface('127.0.0.1');
      await far.send('to all', { address: group, port });
      await next(1);
      await far.send('to you', { address: '127.0.0.1', port });
      await next(2);
      // What is sent after both shows that no third copy is under way.
      await far.send('to you as well', { address: '127.0.0.1', port: sockets.listeners[0]?.port ?? 0 });
      await next(3);
      expect(received.map(({ text, local }) => [text, local.multicast])).toEqual([
        ['to all', true],
        ['to you', false],
        ['to you as well', false],
      ]);
    }
  });

  it('is done without where the network has none: the rest works, and a sentence says so', async () => {
    const { sockets, warnings } = await open({ multicast: { group: '192.0.2.1', port: 0, interfaces: [] } });
    expect(warnings).toEqual([
      expect.stringMatching(/^Endpoints that look for a gatekeeper by multicast \(192\.0\.2\.1:0\) do not find us: /),
    ]);
    const again = await open({ multicast: { group, port: await freePort(), interfaces: ['192.0.2.7'] } });
    expect(again.warnings).toEqual([expect.stringContaining('do not find us on 192.0.2.7: ')]);
    expect(sockets.listeners).toHaveLength(1);
  });
});
