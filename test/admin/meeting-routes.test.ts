import { describe, expect, it, onTestFinished } from 'vitest';
import { openAdmin } from '../../src/admin/http.js';
import { MeetingOperator } from '../../src/bridge/meetings/operator.js';
import { VirtualClock } from '../../src/clock.js';
import { browser, openWorld, type PermanentMeetingText, room, seated, standUp, start } from '../bridge/meetings/world.js';
import { until } from '../support/until.js';

const guarded: PermanentMeetingText = { ...standUp, hostPin: '246813', guestPin: '135724', lobby: 'outsiders' };

async function open(meetings: readonly PermanentMeetingText[] = [guarded], dialer?: Parameters<typeof openWorld>[1]) {
  const clock = new VirtualClock(start);
  const world = openWorld(meetings, { clock, ...dialer });
  const { service, store } = world;
  const operator = new MeetingOperator({
    service,
    store,
    plan: () => world.plan,
    clock,
    instance: 'test-1',
    url: () => 'https://mote.example',
  });
  const nothing = () => [];
  const admin = await openAdmin(
    { address: '127.0.0.1', port: 0, version: '1', instance: 'test-1' },
    {
      problems: nothing,
      listeners: nothing,
      metrics: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
      calls: nothing,
      registrations: nothing,
      hasOrganisation: () => true,
      instances: nothing,
      plan: () => ({}),
      reloadPlan: () => Promise.reject(new Error('not here')),
      meetings: operator,
    },
  );
  onTestFinished(() => admin.close());
  const ask = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`http://127.0.0.1:${admin.port}/api/v1/meetings${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    return { status: response.status, type: response.headers.get('content-type'), answer, text: JSON.stringify(answer) };
  };
  return { ...world, clock, ask };
}

describe('meetings over the API', () => {
  it('are listed without anybody in them by name, and shown one by one with all', async () => {
    const { ask, service, engine } = await open();
    const host = seated(await service.join('4690010001', browser({ name: 'Anna Andersson', pin: '246813' })));
    seated(await service.join('4690010001', browser({ name: 'Pia Patient', pin: '135724', source: '192.0.2.2' })));
    host.seat.secured('DTLS-SRTP');
    const { participant } = host.seat;
    engine.last.events.quality([
      { participant, direction: 'in', kind: 'audio', loss: 0.01, jitterMs: 4, rttMs: 20, bitrate: 32_000, freezes: undefined },
    ]);
    const list = await ask('GET', '');
    expect(list.answer).toEqual({
      meetings: [
        {
          id: '4690010001',
          kind: 'permanent',
          organisation: 'norr',
          maxParticipants: expect.any(Number),
          heldBy: 'test-1',
          participants: 1,
          waiting: 1,
        },
      ],
    });
    const one = await ask('GET', '/4690010001');
    expect(one.answer).toMatchObject({
      title: 'Stand-up',
      hasHostPin: true,
      locked: false,
      startedAt: new Date(start).toISOString(),
      participants: [
        { name: 'Anna Andersson', where: 'in', cipher: 'DTLS-SRTP', quality: [{ direction: 'in', kind: 'audio', loss: 0.01, rttMs: 20 }] },
        { name: 'Pia Patient', where: 'lobby' },
      ],
    });
    expect(one.text).not.toMatch(/246813|135724/);
  });

  it('are made, with links that lead in, and ended', async () => {
    const { ask, service, store } = await open();
    const made = await ask('POST', '', { title: 'Samråd', organisation: 'norr' });
    expect(made).toMatchObject({ status: 201, answer: { kind: 'adhoc', guestPin: expect.stringMatching(/^\d{6}$/), hostPin: null } });
    const { id, hostLink, guestLink } = made.answer as Record<'id' | 'hostLink' | 'guestLink', string>;
    expect(id).toMatch(/^46900\d{5}$/);
    expect(hostLink).toMatch(`https://mote.example/m/${id}#k=`);
    const key = (link: string) => link.slice(link.indexOf('#k=') + 3);
    const host = seated(await service.join(id, browser({ key: key(hostLink) })));
    expect([host.seat.role, host.seat.where]).toEqual(['host', 'in']);
    expect(seated(await service.join(id, browser({ key: key(guestLink) }))).seat.where).toBe('lobby');
    expect(await service.join('4690010001', browser({ key: key(hostLink) }))).toMatchObject({ pinNeeded: true });
    expect((await ask('DELETE', `/${id}`)).answer).toEqual({ ended: true, removed: true });
    expect(host.moves.at(-1)).toEqual(['out', 'ended']);
    await until(
      async () => (await store.meetings.holder(id)) === undefined,
      () => 'the meeting to be let go',
    );
    expect((await ask('GET', `/${id}`)).status).toBe(404);
    expect(await service.join(id, browser({ key: key(hostLink) }))).toMatchObject({ refusal: 'meetingUnknown' });
  });

  it('have their time when they are scheduled', async () => {
    const { ask, service, clock } = await open();
    const at = (minutes: number) => new Date(start + minutes * 60_000).toISOString();
    const made = await ask('POST', '', {
      title: 'Rond',
      organisation: 'syd',
      from: at(10),
      until: at(20),
      guestPin: null,
      hostPin: '8642',
      lobby: 'off',
    });
    expect(made).toMatchObject({ status: 201, answer: { kind: 'scheduled', guestPin: null, hostPin: '8642' } });
    const id = String(made.answer.id);
    expect(await service.join(id, browser())).toMatchObject({ refusal: 'meetingNotNow' });
    clock.advance(10 * 60_000);
    const guest = seated(await service.join(id, browser()));
    clock.advance(10 * 60_000);
    expect(guest.moves).toEqual([['out', 'timeUp']]);
    expect(await service.join(id, browser())).toMatchObject({ refusal: 'meetingNotNow' });
  });

  it('are run by an operator: lock, admit, mute, call in, expel', async () => {
    const asked: string[] = [];
    const dialer = () => ({
      invite: (_meeting: string, address: string) => {
        asked.push(address);
        return Promise.resolve(undefined);
      },
    });
    const { ask, service, engine } = await open([guarded], { dialer });
    expect(await ask('PATCH', '/4690010001', { locked: true })).toMatchObject({
      status: 409,
      answer: { detail: 'Nobody is in the meeting now' },
    });
    const guest = seated(await service.join('4690010001', browser({ pin: '135724' })));
    const { participant } = guest.seat;
    expect((await ask('POST', `/4690010001/participants/${participant}/admit`)).status).toBe(200);
    expect(guest.seat.where).toBe('in');
    expect((await ask('PATCH', '/4690010001', { locked: true })).answer).toEqual({ locked: true });
    expect(await service.join('4690010001', room({ organisation: 'syd' }))).toMatchObject({ ok: true, seat: { where: 'pin' } });
    expect((await ask('POST', '/4690010001/mute', {})).status).toBe(200);
    expect([...engine.last.muted]).toEqual([`${participant}/microphone`]);
    expect((await ask('POST', '/4690010001/mute', { participant, muted: false })).status).toBe(200);
    expect([...engine.last.muted]).toEqual([]);
    expect((await ask('POST', '/4690010001/participants', { address: '461020001' })).status).toBe(202);
    expect(asked).toEqual(['461020001']);
    expect((await ask('POST', '/4690010001/participants', { address: 'nonsense' })).status).toBe(400);
    expect((await ask('DELETE', `/4690010001/participants/${participant}`)).status).toBe(200);
    expect(guest.moves.at(-1)).toEqual(['out', 'expelled']);
    expect((await ask('DELETE', `/4690010001/participants/${participant}`)).status).toBe(404);
    expect((await ask('POST', '/4690010001/links', { role: 'host' })).answer.link).toMatch(/^https:\/\/mote\.example\/m\/4690010001#k=h/);
  });

  it('are ended also while they are being opened', async () => {
    const { ask, service, engine } = await open();
    let go = (): void => undefined;
    engine.gate = new Promise((resolve) => {
      go = resolve;
    });
    const joining = service.join('4690010001', browser({ pin: '135724' }));
    await until(
      async () => (await ask('GET', '/4690010001')).answer.heldBy === 'test-1',
      () => 'the meeting to be taken',
    );
    const ending = ask('DELETE', '/4690010001');
    go();
    expect((await ending).answer).toMatchObject({ ended: true });
    const joined = await joining;
    if (joined.ok) expect(joined.seat.where).toBe('out');
  });

  it('have links that run out before their number can be another meeting’s', async () => {
    const { ask } = await open();
    const { id } = (await ask('POST', '', { title: 'Samråd', organisation: 'norr' })).answer;
    const links = (of: unknown, until?: string) => ask('POST', `/${of}/links`, { role: 'host', ...(until === undefined ? {} : { until }) });
    expect((await links(id)).answer.until).toBe('2026-11-23T08:00:00.000Z');
    expect(await links(id, '2026-11-24T08:00:00Z')).toMatchObject({ status: 400, answer: { detail: expect.stringContaining('ad hoc') } });
    expect((await links('4690010001', '2026-12-24T08:00:00Z')).status).toBe(201);
    expect((await ask('GET', `/${id}`)).text).not.toContain('linkSeed');
  });

  it('are listed so many at a time', async () => {
    const { ask } = await open([guarded, { ...guarded, id: '10002' }, { ...guarded, id: '10003' }]);
    const count = async (query: string) => ((await ask('GET', query)).answer.meetings as unknown[] | undefined)?.length;
    expect([await count(''), await count('?limit=2'), (await ask('GET', '?limit=0')).status]).toEqual([3, 2, 400]);
  });

  it('refuse what cannot be, with a sentence, and change nothing', async () => {
    const { ask } = await open();
    const fine = { title: 'x', organisation: 'norr' };
    const wrong: [unknown, RegExp][] = [
      [undefined, /title/],
      [{ ...fine, organisation: 'nobody' }, /no organisation of this name/],
      [{ ...fine, hostPin: '12' }, /4 to 12 digits/],
      [{ ...fine, hostPin: '1234', guestPin: '1234' }, /differ/],
      [{ ...fine, from: '2026-11-22T09:00:00Z' }, /both/],
      [{ ...fine, from: '2026-11-22T09:00:00Z', until: '2026-11-22T08:30:00Z' }, /must end after/],
      [{ ...fine, from: 'tomorrow', until: 'later' }, /from/],
      [{ ...fine, maxParticipants: 1e9 }, /maxParticipants/],
      [{ ...fine, more: 1 }, /more/],
      [[], /body|title/i],
    ];
    for (const [body, detail] of wrong) {
      const { status, type, answer } = await ask('POST', '', body);
      expect([status, type]).toEqual([400, 'application/problem+json; charset=utf-8']);
      expect(answer.detail).toMatch(detail);
    }
    expect((await ask('GET', '')).answer.meetings).toHaveLength(1);
    for (const [method, path, body] of [
      ['GET', '/nothing', undefined],
      ['PATCH', '/nothing', { locked: true }],
      ['DELETE', '/nothing', undefined],
      ['POST', '/nothing/participants', { address: '461020001' }],
    ] as const) {
      expect([path, (await ask(method, path, body)).status]).toEqual([path, 404]);
    }
  });

  it('are not there without a meeting service', async () => {
    const admin = await openAdmin(
      { address: '127.0.0.1', port: 0, version: '1', instance: 'test-1' },
      {
        problems: () => [],
        listeners: () => [],
        metrics: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
        calls: () => [],
        registrations: () => [],
        hasOrganisation: () => false,
        instances: () => [],
        plan: () => ({}),
        reloadPlan: () => Promise.reject(new Error('not here')),
      },
    );
    onTestFinished(() => admin.close());
    const response = await fetch(`http://127.0.0.1:${admin.port}/api/v1/meetings`);
    expect([response.status, await response.json()]).toEqual([404, { status: 404, detail: expect.stringContaining('bridge.enabled') }]);
  });
});
