import { describe, expect, it } from 'vitest';
import { OtherNodes } from '../../../src/bridge/browser/other-nodes.js';
import { protocolName } from '../../../src/bridge/browser/protocol.js';
import { VirtualClock } from '../../../src/clock.js';
import { until } from '../../support/until.js';
import { type PermanentMeetingText, standUp, start } from '../meetings/world.js';
import { refusedUpgrade, TestPage } from './page.js';
import { number, open } from './running.js';

const hosted: PermanentMeetingText = { ...standUp, hostPin: '246813' };

/** A host, and a guest whose connection has just broken. */
async function broken() {
  const clock = new VirtualClock(start);
  const world = await open(hosted, { clock });
  const host = await TestPage.open(world.url);
  await host.ask('join', { meeting: number, name: 'Anna', pin: '246813' });
  const guest = await TestPage.open(world.url);
  const { participant, resume } = await guest.ask('join', { meeting: number, name: 'Bo' });
  await guest.ask('openTransport', { direction: 'send' });
  guest.socket.terminate();
  await until(
    () => world.web.connections === 1,
    () => 'the connection to be seen broken',
  );
  return { ...world, clock, host, participant: String(participant), resume };
}

describe('a page whose connection was broken', () => {
  it('hears that it was put out, and does not come back in by itself', async () => {
    const { url, host, participant, resume, records } = await broken();
    expect(await host.ask('expel', { participant })).toMatchObject({ ok: true });
    const back = await TestPage.open(url);
    expect(await back.ask('join', { meeting: number, name: 'Bo', resume })).toMatchObject({ ok: false, error: 'out', reason: 'expelled' });
    expect(records).toHaveLength(1);
    // Whoever is behind it may ask again, and waits for a host.
    expect(await back.ask('join', { meeting: number, name: 'Bo', resume })).toMatchObject({ ok: true, where: 'lobby' });
    // A host's own PIN is stronger.
    const other = await TestPage.open(url);
    expect(await other.ask('join', { meeting: number, name: 'Cia', pin: '246813' })).toMatchObject({ where: 'in' });
  });

  it('hears that the meeting ended, for as long as it would have had its seat', async () => {
    const { url, host, resume, clock } = await broken();
    await host.ask('end');
    await host.gone();
    clock.advance(29_000);
    const back = await TestPage.open(url);
    expect(await back.ask('join', { meeting: number, name: 'Bo', resume })).toMatchObject({ error: 'out', reason: 'ended' });
    const second = await broken();
    await second.host.ask('end');
    await second.host.gone();
    second.clock.advance(31_000);
    const late = await TestPage.open(second.url);
    expect(await late.ask('join', { meeting: number, name: 'Bo', resume: second.resume })).toMatchObject({ ok: true });
  });

  it('hears what it missed: its media went, a host muted it', async () => {
    const { url, host, participant, resume, engine } = await broken();
    engine.last.events.lost([participant]);
    await host.ask('mute', { participant, source: 'camera' });
    await host.ask('muteAll');
    const back = await TestPage.open(url);
    expect(await back.ask('join', { meeting: number, name: 'Bo', resume })).toMatchObject({ ok: true, participant });
    await back.told('mediaLost');
    await back.told('mutedByHost', ({ source, holds }) => source === 'camera' && holds === true);
    await back.told('mutedByHost', ({ source, holds }) => source === 'microphone' && holds === false);
    const again = await TestPage.open(url);
    await again.ask('join', {
      meeting: number,
      name: 'Bo',
      resume: [...back.replies.values()].map((reply) => reply.ok && reply.resume)[0],
    });
    await again.told('speaking');
    expect(again.news.map(({ news }) => news)).not.toContain('mediaLost');
  });
});

describe('a participant that switches its microphone on and off', () => {
  it('is not everybody else’s burden', async () => {
    const clock = new VirtualClock(start);
    const { url } = await open(standUp, { clock });
    const page = await TestPage.open(url);
    await page.ask('join', { meeting: number, name: 'Britta' });
    const answers: unknown[] = [];
    for (let i = 0; i < 22; i += 1) answers.push((await page.ask('pauseStream', { source: 'microphone', paused: i % 2 === 0 })).ok);
    expect(answers).toEqual([...Array.from({ length: 20 }, () => true), false, false]);
    expect(await page.ask('pauseStream', { source: 'microphone', paused: true })).toMatchObject({ error: 'tooMany', retryMs: 200 });
    clock.advance(200);
    expect((await page.ask('pauseStream', { source: 'microphone', paused: true })).ok).toBe(true);
  });
});

describe('other nodes', () => {
  it('are told to pages, and their pages are listened to for an hour after they are gone', async () => {
    const clock = new VirtualClock(start);
    const others = ['https://b.example', 'https://c.example'];
    const { url, web } = await open(standUp, { clock, shared: true, otherNodes: () => others });
    const page = await TestPage.open(url, { origin: 'https://b.example' });
    expect((await page.ask('join', { meeting: number, name: 'Britta' })).nodes).toEqual(['https://b.example', 'https://c.example']);
    others.pop();
    web.nodesChanged();
    clock.advance(60 * 60_000 - 1);
    await TestPage.open(url, { origin: 'https://c.example' });
    clock.advance(2);
    const socket = `${url.replace('http', 'ws')}/ws`;
    expect(await refusedUpgrade(socket, [protocolName], { origin: 'https://c.example' })).toBe(403);
    await TestPage.open(url, { origin: 'https://b.example' });
  });

  it('that nobody knows yet may be reached by a page that is open already', async () => {
    const connect = async (options: Parameters<typeof open>[1]) => {
      const { web } = await open(standUp, options);
      const response = await fetch(`http://127.0.0.1:${web.port}/`);
      return /connect-src ([^;]*)/.exec(response.headers.get('content-security-policy') ?? '')?.[1]?.split(' ') ?? [];
    };
    expect(await connect({ shared: true, url: 'https://a.example' })).toContain('wss:');
    expect(await connect({ shared: true })).toContain('ws:');
    const alone = await connect({ url: 'https://a.example' });
    expect([alone.includes('wss:'), alone.every((source) => source === "'self'" || source.startsWith('wss://127.0.0.1:'))]).toEqual([
      false,
      true,
    ]);
  });

  it('are each named once, and never this one', () => {
    const nodes = new OtherNodes(() => ['https://a.example', 'https://b.example', 'https://b.example', 'x'], new VirtualClock(start));
    expect(nodes.urls('https://a.example')).toEqual(['https://b.example']);
    expect(nodes.origins()).toEqual(['https://a.example', 'https://b.example']);
  });
});
