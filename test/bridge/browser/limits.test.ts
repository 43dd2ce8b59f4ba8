import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { protocolName } from '../../../src/bridge/browser/protocol.js';
import { VirtualClock } from '../../../src/clock.js';
import { until } from '../../support/until.js';
import { browser, seated, standUp, start } from '../meetings/world.js';
import { refusedUpgrade, TestPage } from './page.js';
import { limits, number, open } from './running.js';

/** One that is refused an upgrade, reads why, and then never closes its side. */
async function halfOpen(url: string) {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  socket.write('GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toMatch(/^HTTP\/1.1 404/);
  let closed = false;
  socket.once('close', () => {
    closed = true;
  });
  // What is written to a socket that the service has destroyed comes back as a reset.
  const isCut = () => {
    socket.write('x');
    return closed;
  };
  return { isCut };
}

describe('who is refused a WebSocket', () => {
  it('is cut off soon, also where it never closes its side', async () => {
    const clock = new VirtualClock(start);
    const { url } = await open(standUp, { clock });
    const { isCut } = await halfOpen(url);
    clock.advance(2000);
    await until(isCut, () => 'it to be cut off');
  });

  it('does not keep the service from stopping', async () => {
    const clock = new VirtualClock(start);
    const { url, web } = await open(standUp, { clock });
    await halfOpen(url);
    const other = await TestPage.open(url);
    other.socket.pause();
    let closed = false;
    const closing = web.close().then(() => {
      closed = true;
    });
    clock.advance(2000);
    await until(
      () => closed,
      () => 'the service to be closed',
    );
    await closing;
  });
});

describe('a page in a large meeting', () => {
  it('asks for everybody at once, and is served slower rather than cut off', async () => {
    const clock = new VirtualClock(start);
    const { url, service, engine, refused } = await open({ ...standUp, maxParticipants: 200 }, { clock, ports: 200 });
    const streams: string[] = [];
    for (let i = 0; i < 100; i += 1) {
      const { participant } = seated(await service.join(number, browser({ name: `Nr ${i}` }))).seat;
      for (const source of ['microphone', 'camera'] as const) {
        const id = `${participant}/${source}`;
        streams.push(id);
        engine.last.events.streamOpened({
          id,
          participant,
          source,
          kind: source === 'camera' ? 'video' : 'audio',
          codec: source === 'camera' ? 'H264' : 'opus',
        });
      }
    }
    // Eight requests under way at a time, each asked as soon as one before is answered: as fast as a page can be without being a flood.
    const page = await TestPage.open(url);
    await page.ask('join', { meeting: number, name: 'Britta' });
    const { transport } = await page.ask('openTransport', { direction: 'receive' });
    let served = 0;
    const next = async (): Promise<void> => {
      for (let stream = streams.pop(); stream !== undefined; stream = streams.pop()) {
        const { consumer } = await page.ask('consume', { transport, stream, rtpCapabilities: {} });
        await page.ask('resumeConsumer', { consumer });
        if (stream.endsWith('camera')) await page.ask('preferLayer', { consumer, spatial: 0 });
        served += 1;
      }
    };
    const all = Promise.all(Array.from({ length: 8 }, next));
    await until(
      () => {
        clock.advance(20);
        return served === 200;
      },
      () => `every stream, of which ${served} were served`,
    );
    await all;
    expect(refused).toEqual([]);
    // So many at once, and so many in each second: it was no more than that.
    expect(clock.now() - start).toBeGreaterThan(((500 - 200) / limits.messagesPerSecond) * 1000 - 1000);
  });

  it('is a flood where it never waits for an answer', async () => {
    const clock = new VirtualClock(start);
    const { url, refused } = await open(standUp, { clock });
    const flood = await TestPage.open(url);
    await flood.ask('join', { meeting: number, name: 'Flod' });
    let at = 0;
    const sent = setInterval(() => flood.socket.send(JSON.stringify({ id: 1000 + at++, do: 'restartIce', transport: 't1' })), 1);
    onTestFinished(() => clearInterval(sent));
    await until(
      () => {
        clock.advance(20);
        return flood.closed;
      },
      () => 'the flood to be cut off',
    );
    expect([flood.closed, refused]).toEqual([1008, ['rate']]);
  });
});

describe('one source', () => {
  it('may not let page after page come and go', async () => {
    const clock = new VirtualClock(start);
    const { url, records } = await open(standUp, { clock, limits: { ...limits, connectionsPerSource: 5 } });
    const answers: unknown[] = [];
    for (let i = 0; i < 7; i += 1) {
      const page = await TestPage.open(url);
      const joined = await page.ask('join', { meeting: number, name: 'Britta' });
      answers.push(joined.ok || [joined.error, joined.retryMs]);
      if (joined.ok) await page.ask('leave');
      page.socket.terminate();
    }
    expect(answers).toEqual([true, true, true, true, true, ['tooMany', 500], ['tooMany', 500]]);
    expect(records).toHaveLength(5);
    clock.advance(500);
    const later = await TestPage.open(url);
    expect((await later.ask('join', { meeting: number, name: 'Britta' })).ok).toBe(true);
  });

  it('has no more seats than connections, those that wait for their page to come back too', async () => {
    const clock = new VirtualClock(start);
    const { url, service } = await open(standUp, { clock, limits: { ...limits, connectionsPerSource: 3 } });
    const resumes: unknown[] = [];
    for (let i = 0; i < 3; i += 1) {
      const page = await TestPage.open(url);
      resumes.push((await page.ask('join', { meeting: number, name: 'Britta' })).resume);
      page.socket.terminate();
      await page.gone();
    }
    clock.advance(10_000);
    const newcomer = await TestPage.open(url);
    expect(await newcomer.ask('join', { meeting: number, name: 'Bo' })).toMatchObject({ error: 'tooMany', retryMs: 30_000 });
    // Their own pages find them.
    const back = await TestPage.open(url);
    expect(await back.ask('join', { meeting: number, name: 'Britta', resume: resumes[0] })).toMatchObject({ ok: true });
    await until(
      () => {
        clock.advance(10_000);
        return [...service.held()][0]?.attendance.present === 1;
      },
      () => 'the other seats to be given up',
    );
    const other = await TestPage.open(url);
    expect((await other.ask('join', { meeting: number, name: 'Bo' })).ok).toBe(true);
  });

  it('is what the last proxy says, where that is believed', async () => {
    const { web } = await open(standUp, {
      trustProxy: true,
      url: 'https://mote.example',
      limits: { ...limits, connectionsPerSource: 1 },
    });
    const origin = 'https://mote.example';
    const here = `http://127.0.0.1:${web.port}`;
    const from = (source: string) => ({ origin, headers: { 'x-forwarded-for': source } });
    await TestPage.open(here, from('192.0.2.1'));
    await TestPage.open(here, from('192.0.2.1, 192.0.2.2'));
    await TestPage.open(here, from('[2001:db8::1]'));
    await TestPage.open(here, from('not an address'));
    const again = (source: string) =>
      refusedUpgrade(`${here.replace('http', 'ws')}/ws`, [protocolName], { origin, 'x-forwarded-for': source });
    expect(await again('198.51.100.9, 192.0.2.2')).toBe(429);
    expect(await again('2001:db8::2')).toBe(429);
    expect(await again('x')).toBe(429);
  });
});
