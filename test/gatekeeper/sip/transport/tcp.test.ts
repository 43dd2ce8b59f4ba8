import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Bench, eventually, request, streamClient } from './harness.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}

const ipv4 = { transport: 'tcp', address: '127.0.0.1', port: 0 } as const;
const ipv6 = { transport: 'tcp', address: '::1', port: 0 } as const;
const ok = 'SIP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n';

async function client(port: number, address?: string) {
  const connected = await streamClient(port, address);
  open.push({ close: async () => void connected.socket.destroy() });
  return connected;
}

describe.each([
  ['IPv4', ipv4],
  ['IPv6', ipv6],
])('TCP over %s', (_family, listen) => {
  it('hands messages up and answers on the same connection', async () => {
    const bench = keep(await Bench.open([listen], {}, ok));
    const caller = await client(bench.port(), listen.address);
    caller.socket.write(request('\xff\x00') + request('', 'b').slice(0, 20), 'latin1');
    const { message, flow } = await bench.inbox.next();
    expect(message).toBe(request('\xff\x00'));
    expect(flow).toMatchObject({ transport: 'tcp', reliable: true, remote: { address: listen.address, port: caller.socket.localPort } });
    expect(flow.local).toEqual({ address: listen.address, port: bench.port() });
    caller.socket.write(request('', 'b').slice(20));
    expect((await bench.inbox.next()).flow).toBe(flow);
    expect(await caller.until((text) => text.length >= 2 * ok.length)).toBe(ok + ok);
    expect(bench.transports.flow(flow.id)).toBe(flow);
  });

  it('connects once for all who want the same flow, leaves from the address it listens on, and uses the flow again', async () => {
    const here = keep(await Bench.open([listen]));
    const there = keep(await Bench.open([listen], {}, ok));
    const target = {
      transport: 'tcp',
      address: listen.address === '::1' ? '0:0:0:0:0:0:0:1' : listen.address,
      port: there.port(),
    } as const;
    const flows = await Promise.all([1, 2, 3].map(() => here.transports.flowTo(target)));
    expect(new Set(flows).size).toBe(1);
    expect(await here.transports.flowTo({ ...target, address: listen.address })).toBe(flows[0]);
    expect(flows[0]?.local.address).toBe(listen.address);
    expect(flows[0]?.send(request())).toBe(true);
    expect((await here.inbox.next()).message).toBe(ok);
    expect(here.transports.stats.outboundConnections).toBe(1);
    expect(there.transports.stats.inboundConnections).toBe(1);
  });
});

describe('TCP', () => {
  it('uses the connection that a target has opened to us (RFC 3261 §18)', async () => {
    const bench = keep(await Bench.open([ipv4]));
    const caller = await client(bench.port());
    caller.socket.write(request());
    const { flow } = await bench.inbox.next();
    const port = caller.socket.localPort ?? 0;
    expect(await bench.transports.flowTo({ transport: 'tcp', address: '127.0.0.1', port })).toBe(flow);
  });

  it('answers pings with pongs (RFC 5626 §3.5.1)', async () => {
    const bench = keep(await Bench.open([ipv4]));
    const caller = await client(bench.port());
    caller.socket.write('\r\n\r\n');
    expect(await caller.until((text) => text.length >= 2)).toBe('\r\n');
    expect(bench.inbox.all).toEqual([]);
  });

  it('hands a message without a Content-Length up to be answered, and then closes', async () => {
    const bench = keep(await Bench.open([ipv4], {}, 'SIP/2.0 400 Content-Length is missing\r\nContent-Length: 0\r\n\r\n'));
    const caller = await client(bench.port());
    const head = 'INVITE sip:norr.example SIP/2.0\r\nCall-ID: a\r\n\r\n';
    caller.socket.write(`${head}v=0\r\nmore and more`);
    const { message, loss, flow } = await bench.inbox.next();
    expect(message).toBe(head);
    expect(loss).toMatchObject({ status: 400 });
    await caller.closed;
    expect(caller.received()).toMatch(/^SIP\/2.0 400/);
    expect(flow.closed).toBe(true);
    expect(bench.refusals.all).toEqual([{ source: '127.0.0.1', why: 'framing' }]);
    await eventually(() => bench.transports.stats.inboundConnections === 0);
  });

  it('lets its last answer be read, though more keeps coming in (RFC 1122 §4.2.2.13)', async () => {
    const answer = `SIP/2.0 400 Content-Length is missing\r\n${'X-Filler: x\r\n'.repeat(70_000)}\r\n`;
    const bench = keep(await Bench.open([ipv4], {}, answer));
    const caller = await client(bench.port());
    caller.socket.write(`INVITE sip:norr.example SIP/2.0\r\nCall-ID: a\r\n\r\n${'v=0\r\n'.repeat(400_000)}`);
    await caller.closed;
    expect(caller.received().length).toBe(answer.length);
  });

  it('closes a connection that does not speak SIP, without an answer', async () => {
    const bench = keep(await Bench.open([ipv4], {}, ok));
    const caller = await client(bench.port());
    caller.socket.write(Buffer.from([0x16, 0x03, 0x01, 0x00, 0xa5]));
    await caller.closed;
    expect(caller.received()).toBe('');
    expect(bench.inbox.all).toEqual([]);
  });

  it('closes who connects and says nothing, or only keep-alives', async () => {
    const bench = keep(await Bench.open([ipv4], { limits: { halfOpenMs: 80 } }));
    const quiet = await client(bench.port());
    const pinging = await client(bench.port());
    pinging.socket.write('\r\n\r\n');
    await Promise.all([quiet.closed, pinging.closed]);
    expect(bench.refusals.all.map(({ why }) => why)).toEqual(['half-open', 'half-open']);
  });

  it('closes who drips a message byte by byte, though bytes keep coming', async () => {
    const bench = keep(await Bench.open([ipv4], { limits: { halfOpenMs: 150 } }));
    const caller = await client(bench.port());
    caller.socket.write(request());
    await bench.inbox.next();
    const dripping = setInterval(() => caller.socket.write('x'), 10);
    await caller.closed;
    clearInterval(dripping);
    expect(bench.refusals.all).toEqual([{ source: '127.0.0.1', why: 'slow' }]);
  });

  it('closes an idle connection that nobody needs, and keeps one that somebody does', async () => {
    const needed = new Set<string>();
    let asked = 0;
    const keepIdle = ({ id }: { id: string }) => {
      asked++;
      return needed.has(id);
    };
    const bench = keep(await Bench.open([ipv4], { limits: { halfOpenMs: 60, idleMs: 60 }, keepIdle }));
    const [idle, registered] = [await client(bench.port()), await client(bench.port())];
    registered.socket.write(request('', 'registered'));
    const { flow } = await bench.inbox.next();
    needed.add(flow.id);
    idle.socket.write(request('', 'idle'));
    await idle.closed;
    await eventually(() => asked >= 4);
    expect(flow.closed).toBe(false);
    needed.clear();
    await registered.closed;
    expect(bench.refusals.all.map(({ why }) => why)).toEqual(['idle', 'idle']);
  });

  it('limits the connections of one source, and of all', async () => {
    const bench = keep(await Bench.open([ipv4], { limits: { connectionsPerSource: 2 } }));
    const first = await client(bench.port());
    await client(bench.port());
    const third = await client(bench.port());
    await third.closed;
    expect(await bench.refusals.next()).toEqual({ source: '127.0.0.1', why: 'connections' });
    first.socket.destroy();
    await eventually(() => bench.transports.stats.inboundConnections === 1);
    const fourth = await client(bench.port());
    fourth.socket.write(request());
    await bench.inbox.next();
  });

  it('limits the connections that we open', async () => {
    const there = keep(await Bench.open([ipv4, ipv4]));
    const here = keep(await Bench.open([], { limits: { connections: 1 } }));
    await here.transports.flowTo({ transport: 'tcp', address: '127.0.0.1', port: there.port(0) });
    await expect(here.transports.flowTo({ transport: 'tcp', address: '127.0.0.1', port: there.port(1) })).rejects.toThrow(
      '1 connections are open already',
    );
  });

  it('drops what comes beyond the rate, and counts it', async () => {
    const bench = keep(await Bench.open([ipv4], { limits: { rate: { messagesPerSecond: 0.001, burst: 3 } } }));
    const caller = await client(bench.port());
    caller.socket.write(request().repeat(10));
    for (let i = 0; i < 7; i++) expect((await bench.refusals.next()).why).toBe('rate');
    expect(bench.inbox.all.length).toBe(3);
  });

  it('closes a connection whose other side does not read, instead of holding ever more for it', async () => {
    const bench = keep(await Bench.open([ipv4], { limits: { sendBufferBytes: 100_000 } }));
    const caller = await client(bench.port());
    caller.socket.pause();
    caller.socket.write(request());
    const { flow } = await bench.inbox.next();
    let closes = 0;
    flow.onClose(() => closes++);
    let sent = 0;
    while (flow.send('x'.repeat(50_000))) sent++;
    expect(sent).toBeLessThan(2000);
    expect(flow.closed).toBe(true);
    expect(closes).toBe(1);
    expect(bench.refusals.all.at(-1)?.why).toBe('send-buffer');
    expect(bench.transports.flow(flow.id)).toBeUndefined();
    expect(flow.send(request())).toBe(false);
  });

  it('tells when a flow closes: once, at once if it is closed already, and not to who took it back', async () => {
    const bench = keep(await Bench.open([ipv4]));
    const caller = await client(bench.port());
    caller.socket.write(request());
    const { flow } = await bench.inbox.next();
    const told: string[] = [];
    flow.onClose(() => told.push('taken back'))();
    const closed = new Promise<void>((resolve) => {
      flow.onClose(() => {
        told.push('open');
        resolve();
      });
    });
    caller.socket.end();
    await closed;
    flow.onClose(() => told.push('closed already'));
    expect(told).toEqual(['open', 'closed already']);
    expect(bench.transports.flow(flow.id)).toBeUndefined();
  });

  it('connects anew when the flow has closed', async () => {
    const there = keep(await Bench.open([ipv4]));
    const here = keep(await Bench.open([]));
    const target = { transport: 'tcp', address: '127.0.0.1', port: there.port() } as const;
    const first = await here.transports.flowTo(target);
    first.send(request());
    const { flow } = await there.inbox.next();
    const closed = new Promise<void>((resolve) => first.onClose(resolve));
    // What cannot be framed makes the other side close.
    first.send('\x01');
    await closed;
    expect(flow.closed).toBe(true);
    const second = await here.transports.flowTo(target);
    expect(second).not.toBe(first);
    expect(second.id).not.toBe(first.id);
    expect(second.send(request())).toBe(true);
    await there.inbox.next();
  });

  it('says what could not be reached and why', async () => {
    const gone = await Bench.open([ipv4]);
    const port = gone.port();
    await gone.close();
    const bench = keep(await Bench.open([ipv4]));
    const target = { transport: 'tcp', address: '127.0.0.1', port } as const;
    await expect(bench.transports.flowTo(target)).rejects.toThrow(
      `Cannot reach tcp 127.0.0.1:${port}: nothing listens there (ECONNREFUSED)`,
    );
    await expect(bench.transports.flowTo(target)).rejects.toThrow('ECONNREFUSED');
    expect(bench.transports.stats.outboundConnections).toBe(0);
  });

  it('says why it cannot listen', async () => {
    const taken = keep(await Bench.open([ipv4]));
    const opened = Bench.open([{ ...ipv4, port: taken.port() }]);
    await expect(opened).rejects.toThrow(`Cannot listen on tcp 127.0.0.1:${taken.port()}: another program has this port`);
  });

  it('closes every connection with it, whoever opened it', async () => {
    const there = keep(await Bench.open([ipv4]));
    const here = await Bench.open([ipv4]);
    const out = await here.transports.flowTo({ transport: 'tcp', address: '127.0.0.1', port: there.port() });
    const silent = await client(here.port());
    const caller = await client(here.port());
    caller.socket.write(request());
    const { flow } = await here.inbox.next();
    await here.close();
    await Promise.all([silent.closed, caller.closed]);
    expect([out.closed, flow.closed]).toEqual([true, true]);
    expect(here.transports.stats).toMatchObject({ inboundConnections: 0, outboundConnections: 0 });
  });

  it('gives up connecting after its time', async () => {
    // A listener that never accepts, with a full backlog, is not to be had on every kernel; a TLS server that never speaks is.
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const address = mute.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const bench = keep(await Bench.open([], { connectTimeoutMs: 100 }));
    await expect(bench.transports.flowTo({ transport: 'tls', address: '127.0.0.1', port })).rejects.toThrow('no answer within 100 ms');
    expect(bench.transports.stats.outboundConnections).toBe(0);
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});
