import { afterEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../../../src/clock.js';
import { H245Ports, type H245PortsOptions } from '../../../../src/gatekeeper/h323/transport/h245-ports.js';
import type { SignallingConnection } from '../../../../src/gatekeeper/h323/transport/signalling-connection.js';
import { freePort } from '../../../support/free-port.js';
import { until } from '../../../support/until.js';
import { Bench, closer, FarEnd } from './harness.js';

const { keep, closeAll } = closer();
afterEach(closeAll);

interface Overrides {
  readonly address?: string;
  readonly from?: (address: string) => boolean;
  readonly timeoutMs?: number;
}

async function rig(options: H245PortsOptions = {}, clock?: VirtualClock) {
  const bench = keep(await Bench.open([], clock ? { clock } : {}));
  const ports = keep(new H245Ports(bench.transport, options));
  const connections: SignallingConnection[] = [];
  let expired = 0;
  const expect = (overrides: Overrides = {}) =>
    ports.open({
      address: '127.0.0.1',
      timeoutMs: 10_000,
      onConnection: (connection) => {
        connections.push(connection);
        bench.watch(connection, () => undefined);
      },
      onExpired: () => expired++,
      ...overrides,
    });
  return { bench, ports, connections, expect, expired: () => expired };
}

async function open(rigged: Awaited<ReturnType<typeof rig>>, overrides?: Overrides) {
  const port = await rigged.expect(overrides);
  if (!port) throw new Error('no port is free');
  return port;
}

const freed = (ports: H245Ports) =>
  until(
    () => ports.inUse === 0,
    () => `ports to be free; ${ports.inUse} are not`,
  );

describe('H245Ports', () => {
  it('opens a port for one connection, and keeps it until that has closed', async () => {
    const rigged = await rig();
    const port = await open(rigged);
    const far = keep(await FarEnd.connect(port.local.port));
    far.send('capabilities');
    expect(await rigged.bench.received(1)).toEqual(['0: capabilities']);
    expect(rigged.connections[0]).toMatchObject({ inbound: true, secure: false, local: port.local });
    await expect(FarEnd.connect(port.local.port)).rejects.toThrow('ECONNREFUSED');
    expect(rigged.ports.inUse).toBe(1);
    far.socket.end();
    await rigged.bench.closed(1);
    await freed(rigged.ports);
    expect(rigged.expired()).toBe(0);
  });

  it('turns strangers away, and goes on waiting', async () => {
    const rigged = await rig();
    const port = await open(rigged, { from: (address) => address === '127.0.0.2' });
    const stranger = keep(await FarEnd.connect(port.local.port));
    await stranger.gone();
    expect(rigged.bench.refusals).toEqual([{ source: '127.0.0.1', why: 'stranger' }]);
    const expected = keep(await FarEnd.connect(port.local.port, '127.0.0.1', '127.0.0.2'));
    expected.send('a');
    await rigged.bench.received(1);
  });

  it('gives a connection that it waited for time until its first message, and closes it for silence like any other', async () => {
    const clock = new VirtualClock();
    const rigged = await rig({}, clock);
    const port = await open(rigged);
    const far = keep(await FarEnd.connect(port.local.port));
    await rigged.bench.connection();
    const { halfOpenMs, idleMs } = rigged.bench.transport.limits;
    clock.advance(halfOpenMs);
    far.send('late');
    expect(await rigged.bench.received(1)).toEqual(['0: late']);
    expect(rigged.bench.refusals).toEqual([]);
    clock.advance(2 * idleMs);
    await far.gone();
    expect(await rigged.bench.refused(1)).toEqual(['idle']);
  });

  it('closes the port when nobody comes in time', async () => {
    const clock = new VirtualClock();
    const rigged = await rig({}, clock);
    const port = await open(rigged, { timeoutMs: 5_000 });
    clock.advance(4_999);
    expect(rigged.expired()).toBe(0);
    clock.advance(1);
    expect(rigged.expired()).toBe(1);
    await expect(FarEnd.connect(port.local.port)).rejects.toThrow('ECONNREFUSED');
    await freed(rigged.ports);
    expect(clock.pending).toBe(0);
  });

  it('takes ports of its range in turn, and none twice', async () => {
    const from = await freePort();
    const rigged = await rig({ range: { from, to: from + 2 } });
    // Addresses that nobody else listens on: the ports after `from` are free there.
    const [here, there] = [{ address: '127.45.0.1' }, { address: '127.45.0.2' }];
    const [first, second, third] = [await open(rigged, here), await open(rigged, here), await open(rigged, here)];
    // On another address of ours the same port is another one.
    const elsewhere = await open(rigged, there);
    expect([first, second, third, elsewhere].map(({ local }) => local.port)).toEqual([from, from + 1, from + 2, from]);
    expect(await rigged.expect(here)).toBeUndefined();
    second.close();
    second.close();
    await until(
      () => rigged.ports.inUse === 3,
      () => 'the port to be free',
    );
    expect((await open(rigged, here)).local.port).toBe(from + 1);
  });

  it('passes over a port that another program has', async () => {
    const taken = keep(await Bench.open());
    const rigged = await rig({ range: { from: taken.port(), to: taken.port() } });
    expect(await rigged.expect()).toBeUndefined();
    expect(rigged.ports.inUse).toBe(0);
  });

  it('opens no more than its limit, asked for at once', async () => {
    const rigged = await rig({ limit: 2 });
    const opened = await Promise.all([1, 2, 3, 4].map(() => rigged.expect()));
    expect(opened.filter((port) => port !== undefined)).toHaveLength(2);
    expect(rigged.ports.inUse).toBe(2);
  });

  it('says when the address cannot be listened on', async () => {
    const rigged = await rig();
    await expect(rigged.expect({ address: '192.0.2.1' })).rejects.toThrow('EADDRNOTAVAIL');
    await expect(rigged.expect({ address: 'gk.example' })).rejects.toThrow('it is not an IP address');
    expect(rigged.ports.inUse).toBe(0);
  });

  it('closes ports and connections with it', async () => {
    const rigged = await rig();
    const [used, waiting] = [await open(rigged), await open(rigged)];
    const far = keep(await FarEnd.connect(used.local.port));
    far.send('a');
    await rigged.bench.received(1);
    await rigged.ports.close();
    await far.gone();
    await expect(FarEnd.connect(waiting.local.port)).rejects.toThrow('ECONNREFUSED');
    expect(rigged.ports.inUse).toBe(0);
    expect(await rigged.expect()).toBeUndefined();
  });

  it('closes the connection when whoever should take it throws', async () => {
    const rigged = await rig();
    const port = await rigged.ports.open({
      address: '127.0.0.1',
      timeoutMs: 10_000,
      onConnection: () => {
        throw new Error('no room');
      },
    });
    const far = keep(await FarEnd.connect(port?.local.port ?? 0));
    await far.gone();
    expect(rigged.bench.faults).toEqual([new Error('no room')]);
  });
});
