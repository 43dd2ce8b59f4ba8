import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { protocolName } from '../../../src/bridge/browser/protocol.js';
import { VirtualClock } from '../../../src/clock.js';
import { until } from '../../support/until.js';
import { standUp, start } from '../meetings/world.js';
import { refusedUpgrade, TestPage } from './page.js';
import { guarded, limits, number, open } from './running.js';

describe('the page', () => {
  it('is served at / and for every meeting, under a policy that allows nothing inline', async () => {
    const { url } = await open();
    for (const path of ['/', '/m/4690010001', '/m/team%C3%A9t', '/m/x/']) {
      const response = await fetch(`${url}${path}`);
      expect([response.status, await response.text()]).toEqual([200, '<!doctype html><title>Portvakt</title>']);
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toContain('unsafe');
      expect(policy).toContain(`ws://${url.slice('http://'.length)}`);
      expect(response.headers.get('cache-control')).toBe('no-cache');
      expect(response.headers.get('referrer-policy')).toBe('no-referrer');
      expect(response.headers.has('strict-transport-security')).toBe(false);
      const again = await fetch(`${url}${path}`, { headers: { 'if-none-match': response.headers.get('etag') ?? '' } });
      expect(again.status).toBe(304);
    }
  });

  it('keeps what has its digest in its name for good, and gives it compressed', async () => {
    const { url } = await open();
    const response = await fetch(`${url}/assets/main-1a2b.js`);
    expect(response.headers.get('cache-control')).toContain('immutable');
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect((await response.text()).length).toBeGreaterThan(5000);
  });

  it('gives nothing else', async () => {
    const { url } = await open();
    const paths = ['/assets/', '/assets/main-1a2b.js.map', '/m/', '/m/a/b', '/%2e%2e/secret.html', '/secret.html', '/ws', '/api/v1/calls'];
    for (const path of paths) expect([path, (await fetch(`${url}${path}`)).status]).toEqual([path, 404]);
    expect((await fetch(url, { method: 'POST', body: 'x' })).status).toBe(405);
    // fetch would mend this path; a socket does not.
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () =>
      socket.write('GET /../secret.html HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    );
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    await until(
      () => answer.includes('There is nothing here'),
      () => `an answer, which is ${answer}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 404/);
  });
});

describe('a WebSocket', () => {
  it('opens only for our page, our protocol, our path, and within limits', async () => {
    const { url, refused } = await open(standUp, { limits: { ...limits, connectionsPerSource: 1 } });
    const socket = `${url.replace('http', 'ws')}/ws`;
    expect(await refusedUpgrade(socket, [protocolName], { origin: 'https://evil.example' })).toBe(403);
    expect(await refusedUpgrade(socket, [protocolName], {})).toBe(403);
    expect(await refusedUpgrade(socket, ['portvakt.meeting.0'], { origin: url })).toBe(400);
    expect(await refusedUpgrade(`${url.replace('http', 'ws')}/other`, [protocolName], { origin: url })).toBe(404);
    const first = await TestPage.open(url);
    expect(await refusedUpgrade(socket, [protocolName], { origin: url })).toBe(429);
    expect(refused).toEqual(['origin', 'origin', 'protocol', 'path', 'fullOfSource']);
    first.socket.close();
    await until(
      async () => (await refusedUpgradeOrOpen(socket, url)) === 'open',
      () => 'the place to be free again',
    );
  });

  it('answers what is asked at the wrong time, and goes on', async () => {
    const { url } = await open();
    const page = await TestPage.open(url);
    for (const [name, body] of [
      ['leave', {}],
      ['openTransport', { direction: 'send' }],
      ['end', {}],
    ] as const) {
      expect(await page.ask(name, body)).toMatchObject({ ok: false, error: 'outOfTurn' });
    }
    expect(await page.ask('join', { meeting: number, name: 'Britta' })).toMatchObject({
      ok: true,
      where: 'in',
      role: 'guest',
      title: 'Stand-up',
    });
    expect(await page.ask('join', { meeting: number, name: 'Britta' })).toMatchObject({ ok: false, error: 'outOfTurn' });
    for (const [name, body] of [
      ['admit', { participant: 'x' }],
      ['mute', { participant: 'x', source: 'microphone' }],
      ['lock', { locked: true }],
      ['invite', { address: '461020001' }],
      ['end', {}],
    ] as const) {
      expect(await page.ask(name, body)).toMatchObject({ ok: false, error: 'notHost' });
    }
    expect(await page.ask('consume', { transport: 't', stream: 'nobody/camera', rtpCapabilities: {} })).toMatchObject({
      error: 'streamUnknown',
    });
    expect(await page.ask('connectTransport', { transport: 'nowhere', dtlsParameters: {} })).toMatchObject({ error: 'mediaUnavailable' });
  });

  it('refuses what is not of the protocol with a sentence, and closes on what is no request at all', async () => {
    const { url, refused } = await open();
    const page = await TestPage.open(url);
    const bad = [
      { do: 'join' },
      { do: 'join', meeting: '', name: 'x' },
      { do: 'join', meeting: number, name: 'x', more: 1 },
      { do: 'join', meeting: number, name: 'x', pin: 'drop table' },
      { do: 'join', meeting: number, name: 'x'.repeat(65) },
      { do: 'nothing' },
      {},
      { do: '__proto__' },
    ];
    for (const [i, body] of bad.entries()) {
      page.socket.send(JSON.stringify({ id: 1000 + i, ...body }));
      expect(await page.reply(1000 + i)).toMatchObject({ ok: false, error: 'badRequest' });
    }
    expect(await page.ask('join', { meeting: number, name: ' \u202e\u0000 ' })).toMatchObject({ error: 'badRequest' });
    for (const garbage of ['', 'x', '[]', 'null', '{"id":"1"}', '{"id":-1}', '{"id":1e400}', '{', Buffer.from([1, 2, 3])]) {
      const other = await TestPage.open(url);
      other.socket.send(garbage);
      expect([1003, 1008]).toContain(await other.gone());
    }
    expect(new Set(refused)).toEqual(new Set(['syntax']));
    expect((await page.ask('join', { meeting: number, name: 'Britta' })).ok).toBe(true);
  });

  it('closes on a flood, and on a message too large; others notice nothing', async () => {
    const { url, refused } = await open();
    const other = await TestPage.open(url);
    await other.ask('join', { meeting: number, name: 'Britta' });
    const flood = await TestPage.open(url);
    await flood.ask('join', { meeting: number, name: 'Flod' });
    for (let i = 0; i < 1000; i += 1) flood.socket.send('{"id":1,"do":"muteAll"}');
    expect(await flood.gone()).toBe(1008);
    const large = await TestPage.open(url);
    large.socket.send(`{"id":1,"do":"join","name":"${'x'.repeat(70_000)}"}`);
    expect(await large.gone()).toBe(1009);
    expect(refused).toEqual(['rate', 'size']);
    expect(other.closed).toBeUndefined();
    expect(await other.ask('openTransport', { direction: 'send' })).toMatchObject({ ok: true, transport: 't1' });
  });

  it('cuts off who does not read, and keeps the seat for its return', async () => {
    const { url, refused, engine } = await open();
    const slow = await TestPage.open(url);
    const joined = await slow.ask('join', { meeting: number, name: 'Trög' });
    slow.socket.pause();
    const speaking = Array.from({ length: 200 }, (_, i) => `participant-${i}-${'x'.repeat(100)}`);
    await until(
      () => {
        for (let i = 0; i < 20; i += 1) engine.last.events.videoFormat({ codec: 'H264', packetizationMode: 1, maxBitrate: i });
        engine.last.events.speaker(speaking.join());
        return refused.includes('slow');
      },
      () => 'the slow reader to be cut off',
    );
    const back = await TestPage.open(url);
    expect(await back.ask('join', { meeting: number, name: 'Trög', resume: joined.resume })).toMatchObject({
      ok: true,
      participant: joined.participant,
    });
  });

  it('must join in time, and answer pings', async () => {
    const clock = new VirtualClock(start);
    const { url, refused } = await open(standUp, { clock });
    const late = await TestPage.open(url);
    clock.advance(10_000);
    expect(await late.gone()).toBe(1008);
    const silent = await TestPage.open(url);
    await silent.ask('join', { meeting: number, name: 'Tyst' });
    let pings = 0;
    silent.socket.on('ping', () => {
      pings += 1;
    });
    clock.advance(20_000);
    await until(
      () => pings === 1,
      () => 'the first ping',
    );
    silent.socket.pause();
    await until(
      () => {
        clock.advance(20_000);
        return refused.includes('silent');
      },
      () => 'who does not answer to be cut off',
    );
  });
});

describe('a page', () => {
  it('hears of the others as they come, speak and go', async () => {
    const { url, engine } = await open({ ...standUp, hostPin: '246813' });
    const anna = await TestPage.open(url);
    const first = await anna.ask('join', { meeting: '46900 100 01', name: 'Anna', pin: '246813' });
    expect((await anna.told('participants')).participants).toMatchObject([{ name: 'Anna', role: 'host', where: 'in' }]);
    const bo = await TestPage.open(url);
    const second = await bo.ask('join', { meeting: number, name: 'Bo' });
    const id = String(second.participant);
    await anna.told('participant', ({ participant }) => participant.name === 'Bo');
    const { transport } = await bo.ask('openTransport', { direction: 'send' });
    await bo.ask('connectTransport', { transport, dtlsParameters: {} });
    expect(await bo.ask('produce', { transport, source: 'microphone', rtpParameters: {} })).toMatchObject({ stream: `${id}/microphone` });
    await anna.told('participant', ({ participant }) => participant.cipher === 'DTLS-SRTP' && participant.streams.length === 1);
    const receive = await anna.ask('openTransport', { direction: 'receive' });
    const consumed = await anna.ask('consume', { transport: receive.transport, stream: `${id}/microphone`, rtpCapabilities: {} });
    expect(consumed).toMatchObject({ ok: true, kind: 'audio' });
    engine.last.events.speaking([id]);
    await anna.told('speaking', ({ participants }) => participants[0] === id);
    await bo.ask('pauseStream', { source: 'microphone', paused: true });
    await anna.told('participant', ({ participant }) => participant.muted.self);
    expect(await anna.ask('mute', { participant: id, source: 'microphone' })).toMatchObject({ ok: true });
    expect(await bo.told('mutedByHost')).toEqual({ news: 'mutedByHost', source: 'microphone', holds: true });
    expect(await anna.ask('expel', { participant: 'nobody' })).toMatchObject({ error: 'participantUnknown' });
    await anna.ask('expel', { participant: id });
    expect([(await bo.told('out')).reason, await bo.gone()]).toEqual(['expelled', 1000]);
    expect((await anna.told('participantLeft')).participant).toBe(id);
    expect((await anna.told('consumerClosed')).consumer).toBe(consumed.consumer);
    engine.last.events.lost([String(first.participant)]);
    await anna.told('mediaLost');
    expect(await anna.ask('openTransport', { direction: 'send' })).toMatchObject({ transport: 't1' });
    expect(await anna.ask('end')).toMatchObject({ ok: true });
    expect([(await anna.told('out')).reason, await anna.gone()]).toEqual(['ended', 1000]);
    expect(engine.last.browsers.get(String(first.participant))?.closed).toBe(true);
  });

  it('waits in the lobby, where it may only leave', async () => {
    const { url } = await open({ ...guarded, lobby: 'outsiders' });
    const guest = await TestPage.open(url);
    expect(await guest.ask('join', { meeting: number, name: 'Pia' })).toMatchObject({ error: 'pinNeeded' });
    expect(await guest.ask('join', { meeting: number, name: 'Pia', pin: '135724' })).toMatchObject({ ok: true, where: 'lobby' });
    expect(await guest.ask('openTransport', { direction: 'send' })).toMatchObject({ error: 'outOfTurn' });
    const host = await TestPage.open(url);
    await host.ask('join', { meeting: number, name: 'Anna', pin: '246813' });
    const { participants } = await host.told('participants');
    const waiting = participants.find(({ where }) => where === 'lobby');
    expect(guest.news).toEqual([]);
    expect(await host.ask('admit', { participant: waiting?.id })).toMatchObject({ ok: true });
    await guest.told('admitted');
    expect((await guest.told('participants')).participants).toHaveLength(2);
    expect(await guest.ask('openTransport', { direction: 'send' })).toMatchObject({ ok: true });
  });

  it('that guesses PINs is told how long it has to wait', async () => {
    const clock = new VirtualClock(start);
    const { url } = await open(guarded, { clock });
    const page = await TestPage.open(url);
    expect(await page.ask('join', { meeting: number, name: 'x', pin: '1111' })).toMatchObject({ error: 'pinWrong', retryMs: 1000 });
    expect(await page.ask('join', { meeting: number, name: 'x', pin: '246813' })).toMatchObject({ error: 'pinLockedOut', retryMs: 1000 });
    const elsewhere = await TestPage.open(url);
    expect(await elsewhere.ask('join', { meeting: number, name: 'x', pin: '246813' })).toMatchObject({ error: 'pinLockedOut' });
    clock.advance(1000);
    expect(await page.ask('join', { meeting: number, name: 'x', pin: '1111' })).toMatchObject({ error: 'pinWrong', retryMs: 2000 });
  });

  it('finds its seat again after its connection broke, once, and for half a minute', async () => {
    const clock = new VirtualClock(start);
    const { url, engine, service, records } = await open(standUp, { clock });
    const page = await TestPage.open(url);
    const joined = await page.ask('join', { meeting: number, name: 'Britta' });
    await page.ask('openTransport', { direction: 'send' });
    page.socket.terminate();
    await page.gone();
    const back = await TestPage.open(url);
    const resumed = await back.ask('join', { meeting: number, name: 'Britta', resume: joined.resume });
    expect(resumed).toMatchObject({ ok: true, participant: joined.participant, where: 'in' });
    expect(resumed.resume).not.toBe(joined.resume);
    await back.told('participants');
    // The transports are still there.
    expect(await back.ask('restartIce', { transport: 't1' })).toMatchObject({ ok: true });
    // Somebody else with the old token is a newcomer; the same again takes over.
    const thief = await TestPage.open(url);
    expect((await thief.ask('join', { meeting: number, name: 'x', resume: joined.resume })).participant).not.toBe(joined.participant);
    const other = await TestPage.open(url);
    expect(await other.ask('join', { meeting: number, name: 'Britta', resume: resumed.resume })).toMatchObject({
      participant: joined.participant,
    });
    expect([(await back.told('out')).reason, await back.gone()]).toEqual(['replaced', 1000]);
    expect([...service.held()][0]?.attendance.present).toBe(2);
    other.socket.terminate();
    await other.gone();
    await until(
      () => {
        clock.advance(1000);
        return records.length === 1;
      },
      () => 'the seat to be given up',
    );
    expect(records[0]).toMatchObject({ reason: 'completed', durationSeconds: expect.closeTo(30, -1) });
    expect(engine.last.browsers.get(String(joined.participant))?.closed).toBe(true);
  });

  it('keeps its seat also when the answer to its return was lost', async () => {
    const { url } = await open();
    const page = await TestPage.open(url);
    const { participant, resume } = await page.ask('join', { meeting: number, name: 'Britta' });
    for (let i = 0; i < 3; i += 1) {
      const back = await TestPage.open(url);
      expect(await back.ask('join', { meeting: number, name: 'Britta', resume })).toMatchObject({ participant });
    }
  });

  it('leaves at once', async () => {
    const { url, records, store } = await open();
    const page = await TestPage.open(url);
    await page.ask('join', { meeting: number, name: 'Britta' });
    expect(await page.ask('leave')).toMatchObject({ ok: true });
    expect(await page.gone()).toBe(1000);
    expect(records.map(({ reason }) => reason)).toEqual(['completed']);
    await until(
      () => store.licences.portsInUse() === 0,
      () => 'the port to be given back',
    );
  });
});

async function refusedUpgradeOrOpen(socket: string, origin: string): Promise<number | 'open'> {
  const page = await TestPage.open(socket.replace(/^ws/, 'http').replace(/\/ws$/, ''), { origin }).catch(() => undefined);
  return page ? 'open' : 429;
}
