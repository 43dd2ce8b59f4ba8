import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../support/until.js';
import { Bench, closer, FarEnd, packet, tcp } from './harness.js';

const { keep, closeAll } = closer();
afterEach(closeAll);

const farEnd = async (bench: Bench, localAddress?: string) => keep(await FarEnd.connect(bench.port(), '127.0.0.1', localAddress));

describe('a connection that is opened to us', () => {
  it('hands messages up in order, several of one segment too, and answers', async () => {
    const bench = keep(await Bench.open([tcp], {}, (message, connection) => connection.send(Buffer.from(message.toUpperCase()))));
    const far = await farEnd(bench);
    far.socket.write(Buffer.concat([packet('one'), packet(''), packet('two'), packet('three').subarray(0, 3)]));
    await bench.received(2);
    far.socket.write(packet('three').subarray(3));
    expect(await bench.received(3)).toEqual(['0: one', '0: two', '0: three']);
    await until(
      () => far.messages.length === 3,
      () => 'the answers',
    );
    expect(far.messages).toEqual(['ONE', 'TWO', 'THREE']);
    const connection = await bench.connection();
    expect(connection).toMatchObject({ inbound: true, secure: false, closed: false, certificateNames: [] });
    expect(connection.remote).toEqual({ address: '127.0.0.1', port: far.socket.localPort });
    expect(connection.local).toEqual({ address: '127.0.0.1', port: bench.port() });
    expect(bench.transport.stats).toMatchObject({ received: 3, sent: 3, inboundConnections: 1, outboundConnections: 0 });
  });

  it('is not read before somebody listens', async () => {
    const bench = keep(await Bench.open([tcp], { onConnection: (connection) => void bench.connections.push(connection) }));
    const far = await farEnd(bench);
    far.send('early');
    far.socket.end();
    const connection = await bench.connection();
    bench.watch(connection, () => undefined);
    expect(await bench.received(1)).toEqual(['1: early']);
    expect(await bench.closed(1)).toEqual(['ended-there']);
  });

  it('goes on when a handler throws, and tells of it', async () => {
    const bench = keep(
      await Bench.open([tcp], {}, (message) => {
        throw new Error(`cannot take ${message}`);
      }),
    );
    const far = await farEnd(bench);
    far.send('a', 'b');
    expect(await bench.received(2)).toEqual(['0: a', '0: b']);
    expect(bench.faults).toEqual([new Error('cannot take a'), new Error('cannot take b')]);
    const connection = await bench.connection();
    connection.onClose(() => {
      throw new Error('cannot close');
    });
    far.socket.end();
    await bench.closed(1);
    expect(bench.faults).toHaveLength(3);
  });

  it('is closed when whoever should take it throws', async () => {
    const bench = keep(
      await Bench.open([tcp], {
        onConnection: () => {
          throw new Error('no room');
        },
      }),
    );
    await (await farEnd(bench)).gone();
    expect(bench.faults).toEqual([new Error('no room')]);
  });

  it('says how it ended: by the far end, or lost', async () => {
    const bench = keep(await Bench.open());
    const polite = await farEnd(bench);
    polite.send('a');
    polite.socket.end();
    await bench.closed(1);
    const rude = await farEnd(bench);
    rude.send('b');
    await bench.received(2);
    rude.socket.resetAndDestroy();
    expect(await bench.closed(2)).toEqual(['ended-there', 'lost']);
    const connection = await bench.connection();
    expect(connection.closed).toBe(true);
    expect([connection.send(Buffer.from('late')), connection.sendKeepAlive()]).toEqual([false, false]);
    const late: string[] = [];
    connection.onClose((why) => late.push(why));
    expect(late).toEqual(['ended-there']);
  });

  it('lets everything be read that was sent before the end, though more keeps coming in', async () => {
    const long = 'x'.repeat(60_000);
    const bench = keep(
      await Bench.open([tcp], {}, (_message, connection) => {
        for (let i = 0; i < 10; i++) connection.send(Buffer.from(long));
        connection.end();
        connection.end();
      }),
    );
    const far = await farEnd(bench);
    far.send('go', ...new Array<string>(40).fill(long));
    await far.gone();
    expect(far.messages.map(({ length }) => length)).toEqual(new Array(10).fill(60_000));
    expect(bench.messages).toEqual(['0: go']);
    expect(bench.closes).toEqual(['ended-here']);
  });

  it('sends keep-alives, and no message that a TPKT cannot hold', async () => {
    const bench = keep(await Bench.open());
    const far = await farEnd(bench);
    far.send('a');
    await bench.received(1);
    const connection = await bench.connection();
    expect(connection.sendKeepAlive()).toBe(true);
    expect(connection.send(Buffer.alloc(65_532))).toBe(false);
    expect(connection.send(Buffer.alloc(65_531))).toBe(true);
    await until(
      () => far.messages.length === 1,
      () => 'the message',
    );
    expect(far.keepAlives).toBe(1);
    expect(connection.closed).toBe(false);
  });
});

describe('limits', () => {
  it.each([
    ['what is not TPKT', Buffer.from('GET / HTTP/1.1\r\n'), 'framing'],
    ['a length that cannot be', Buffer.from([3, 0, 0, 2]), 'framing'],
    ['a message longer than we take', packet('x'.repeat(1001)), 'size'],
  ])('end the connection at %s, after what came before it', async (_what, bytes, why) => {
    const bench = keep(await Bench.open([tcp], { limits: { messageBytes: 1000 } }));
    const far = await farEnd(bench);
    far.socket.write(Buffer.concat([packet('good'), bytes]));
    await far.gone();
    expect(bench.messages).toEqual(['0: good']);
    expect(bench.refusals).toEqual([{ source: '127.0.0.1', why }]);
    expect(bench.closes).toEqual([why]);
  });

  it('close who connects and says nothing, or only keep-alives', async () => {
    const bench = keep(await Bench.open([tcp], { limits: { halfOpenMs: 80 } }));
    const [quiet, pinging] = [await farEnd(bench), await farEnd(bench)];
    pinging.send('');
    await Promise.all([quiet.gone(), pinging.gone()]);
    expect(bench.closes).toEqual(['half-open', 'half-open']);
    expect(await bench.refused(2)).toEqual(['half-open', 'half-open']);
  });

  it('close who drips a message byte by byte, though bytes keep coming', async () => {
    const bench = keep(await Bench.open([tcp], { limits: { halfOpenMs: 150 } }));
    const far = await farEnd(bench);
    far.send('whole');
    await bench.received(1);
    far.socket.write(Buffer.from([3, 0, 1, 0]));
    const dripping = setInterval(() => far.socket.write('x'), 10);
    await far.gone();
    clearInterval(dripping);
    expect(bench.closes).toEqual(['slow']);
  });

  it('close a silent connection that nobody needs, and keep one that somebody does', async () => {
    const needed = new Set<string>();
    let asked = 0;
    const bench = keep(
      await Bench.open([tcp], {
        limits: { halfOpenMs: 60, idleMs: 60 },
        keepIdle: ({ id }) => {
          asked++;
          return needed.has(id);
        },
      }),
    );
    const calling = await farEnd(bench);
    calling.send('a');
    await bench.received(1);
    needed.add((await bench.connection()).id);
    const silent = await farEnd(bench);
    silent.send('b');
    await silent.gone();
    await until(
      () => asked >= 4,
      () => 'the question to be asked again',
    );
    expect(calling.closed).toBe(false);
    needed.clear();
    await calling.gone();
    expect(bench.closes).toEqual(['idle', 'idle']);
  });

  it('count the connections of one source, and of all', async () => {
    const bench = keep(await Bench.open([tcp], { limits: { connectionsPerSource: 2, connections: 3 } }));
    const first = await farEnd(bench);
    await farEnd(bench);
    await (await farEnd(bench)).gone();
    const other = await farEnd(bench, '127.0.0.2');
    await (await farEnd(bench, '127.0.0.3')).gone();
    expect(bench.refusals).toEqual([
      { source: '127.0.0.1', why: 'connections' },
      { source: '127.0.0.3', why: 'connections' },
    ]);
    await first.close();
    await until(
      () => bench.transport.stats.inboundConnections === 2,
      () => 'the place to be free',
    );
    const next = await farEnd(bench, '127.0.0.3');
    next.send('a');
    await bench.received(1);
    expect(other.closed).toBe(false);
  });

  it('slow a source down that sends too much, and lose nothing of it', async () => {
    const bench = keep(await Bench.open([tcp], { limits: { rate: { messagesPerSecond: 100, burst: 3 } } }));
    const far = await farEnd(bench);
    const sent = Array.from({ length: 20 }, (_, i) => `message ${i}`);
    const began = performance.now();
    far.send(...sent.slice(0, 12));
    far.send(...sent.slice(12));
    far.socket.end();
    expect(await bench.closed(1)).toEqual(['ended-there']);
    expect(bench.messages).toEqual(sent.map((message) => `0: ${message}`));
    // 17 beyond the burst, at 100 a second.
    expect(performance.now() - began).toBeGreaterThan(150);
    expect(new Set(await bench.refused(1))).toEqual(new Set(['rate']));
  });

  it('give a source that is known a rate of its own', async () => {
    const rateFor = (address: string) => (address === '127.0.0.2' ? { messagesPerSecond: 1000, burst: 1000 } : undefined);
    const bench = keep(await Bench.open([tcp], { limits: { rate: { messagesPerSecond: 0.001, burst: 1 } }, rateFor }));
    const [stranger, gateway] = [await farEnd(bench), await farEnd(bench, '127.0.0.2')];
    stranger.send('a', 'b');
    await bench.received(1);
    gateway.send('c', 'd', 'e');
    await bench.received(4);
    expect(bench.messages).toEqual(['0: a', '1: c', '1: d', '1: e']);
  });

  it('close a connection whose far end does not read', async () => {
    const bench = keep(await Bench.open([tcp], { limits: { sendBufferBytes: 100_000 } }));
    const far = await farEnd(bench);
    far.socket.pause();
    far.send('a');
    await bench.received(1);
    const connection = await bench.connection();
    let sent = 0;
    while (connection.send(Buffer.alloc(50_000))) sent++;
    expect(sent).toBeLessThan(2000);
    expect(connection.closed).toBe(true);
    expect(bench.closes).toEqual(['send-buffer']);
    expect(await bench.refused(1)).toEqual(['send-buffer']);
  });

  it('count the connections that we open', async () => {
    const there = keep(await Bench.open());
    const here = keep(await Bench.open([], { limits: { connections: 1 } }));
    const target = { address: '127.0.0.1', port: there.port(), secure: false, timeoutMs: 2000 };
    await here.transport.connect(target);
    await expect(here.transport.connect(target)).rejects.toThrow('1 connections are open already');
  });
});

describe('a connection that we open', () => {
  it('carries messages both ways, each connection its own', async () => {
    const there = keep(await Bench.open([tcp], {}, (message, connection) => connection.send(Buffer.from(`${message}!`))));
    const here = keep(await Bench.open());
    const target = { address: '127.0.0.1', port: there.port(), secure: false, timeoutMs: 2000 };
    const [first, second] = [await here.transport.connect(target), await here.transport.connect(target)];
    here.watch(first, () => undefined);
    here.watch(second, () => undefined);
    first.send(Buffer.from('a'));
    await here.received(1);
    second.send(Buffer.from('b'));
    expect(await here.received(2)).toEqual(['0: a!', '1: b!']);
    expect(first).toMatchObject({ inbound: false, secure: false, remote: { address: '127.0.0.1', port: there.port() } });
    expect(first.id).not.toBe(second.id);
    second.end();
    expect(await there.closed(1)).toEqual(['ended-there']);
    expect(first.closed).toBe(false);
  });

  it('leaves from the address we listen on, or from the one it is told', async () => {
    const there = keep(await Bench.open([{ ...tcp, address: '127.0.0.2' }]));
    const here = keep(await Bench.open([{ ...tcp, address: '127.0.0.3' }]));
    const target = { address: '127.0.0.2', port: there.port(), secure: false, timeoutMs: 2000 };
    await here.transport.connect(target);
    await here.transport.connect({ ...target, localAddress: '127.0.0.4' });
    expect([(await there.connection(0)).remote.address, (await there.connection(1)).remote.address]).toEqual(['127.0.0.3', '127.0.0.4']);
  });

  it('fails with what could not be reached and why', async () => {
    const gone = await Bench.open();
    const port = gone.port();
    await gone.close();
    const here = keep(await Bench.open());
    const target = { address: '127.0.0.1', port, secure: false, timeoutMs: 2000 };
    await expect(here.transport.connect(target)).rejects.toThrow(
      `Cannot reach tcp 127.0.0.1:${port}: nothing listens there (ECONNREFUSED)`,
    );
    await expect(here.transport.connect({ ...target, address: 'gk.example' })).rejects.toThrow('it is not an IP address');
    expect(here.transport.stats.outboundConnections).toBe(0);
  });
});

describe('opening and closing', () => {
  it('says why it cannot listen, and where to change it', async () => {
    const taken = keep(await Bench.open());
    await expect(Bench.open([{ ...tcp, port: taken.port() }])).rejects.toThrow(
      `Cannot listen on tcp 127.0.0.1:${taken.port()}: another program has this port; stop it, or choose another port in h323.signalling`,
    );
    await expect(Bench.open([{ ...tcp, transport: 'tls' }])).rejects.toThrow('there is no certificate; set sip.tls');
    await expect(Bench.open([{ ...tcp, address: 'localhost' }])).rejects.toThrow('Cannot listen on tcp localhost: write an IP address');
  });

  it('closes every connection with it, whoever opened it', async () => {
    const there = keep(await Bench.open());
    const here = await Bench.open();
    const out = await here.transport.connect({ address: '127.0.0.1', port: there.port(), secure: false, timeoutMs: 2000 });
    const far = await farEnd(here);
    far.send('a');
    await here.received(1);
    await here.close();
    await far.gone();
    expect([out.closed, (await here.connection()).closed]).toEqual([true, true]);
    expect(here.transport.stats).toMatchObject({ inboundConnections: 0, outboundConnections: 0 });
    await expect(here.transport.connect({ address: '127.0.0.1', port: there.port(), secure: false, timeoutMs: 2000 })).rejects.toThrow(
      'the service is stopping',
    );
  });
});
