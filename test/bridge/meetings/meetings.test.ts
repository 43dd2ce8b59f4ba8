import { describe, expect, it } from 'vitest';
import { ADHOC_MS } from '../../../src/bridge/meetings/definitions.js';
import type { JoinResult, MeetingDefinition } from '../../../src/bridge/meetings/meeting.js';
import type { MeetingService } from '../../../src/bridge/meetings/meetings.js';
import { VirtualClock } from '../../../src/clock.js';
import { until } from '../../support/until.js';
import { browser, openWorld, room, seated, standUp, start } from './world.js';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('who comes to a meeting', () => {
  it('is let in, has a port and a call record, and gives both back once', async () => {
    const { service, store, records } = openWorld([standUp]);
    const { seat } = seated(await service.join('46900 10001', browser()));
    expect([seat.where, seat.role, store.licences.portsInUse('norr'), store.licences.portsInUse()]).toEqual(['in', 'guest', 1, 1]);
    seat.leave('left');
    seat.leave('left');
    await until(
      () => store.licences.portsInUse() === 0,
      () => 'the port to be given back',
    );
    expect(records).toMatchObject([
      {
        caller: { zone: 'browser', organisation: 'norr', alias: 'browser', protocol: 'webrtc' },
        callee: { zone: 'meetings', organisation: 'norr', alias: '4690010001' },
        cipher: 'DTLS-SRTP',
        reason: 'completed',
      },
    ]);
    expect(JSON.stringify(records)).not.toContain('Britta');
  });

  it('is refused where there is no meeting, no licence, or no media', async () => {
    const { service, engine, store, records } = openWorld([standUp], { ports: 1 });
    expect(await service.join('4690099999', browser())).toMatchObject({ ok: false, refusal: 'meetingUnknown' });
    engine.broken = true;
    expect(await service.join('4690010001', browser())).toMatchObject({ ok: false, refusal: 'mediaUnavailable' });
    engine.broken = false;
    seated(await service.join('4690010001', browser()));
    expect(await service.join('4690010001', browser())).toMatchObject({ ok: false, refusal: 'portLicencesExhausted' });
    expect(store.licences.portsInUse()).toBe(1);
    expect(records.map(({ reason }) => reason)).toEqual(['mediaUnavailable', 'portLicencesExhausted']);
  });

  it('never has more ports than were bought, however many come at once', async () => {
    const { service, store } = openWorld([{ ...standUp, maxParticipants: 100 }], { ports: 7 });
    const results = await Promise.all(Array.from({ length: 40 }, () => service.join('4690010001', browser())));
    expect(results.filter(({ ok }) => ok)).toHaveLength(7);
    for (const result of results) if (result.ok) result.seat.leave('left');
    await until(
      () => store.licences.portsInUse() === 0,
      () => 'every port to be given back',
    );
  });

  it('never is one more than the meeting may have', async () => {
    const { service } = openWorld([{ ...standUp, maxParticipants: 5 }]);
    const results = await Promise.all(Array.from({ length: 20 }, () => service.join('4690010001', browser())));
    expect(results.filter(({ ok }) => ok)).toHaveLength(5);
    expect(new Set(results.flatMap((result) => (result.ok ? [] : [result.refusal])))).toEqual(new Set(['meetingFull']));
  });

  it('waits in the lobby until a host lets it in, and guests do not see it there', async () => {
    const { service } = openWorld([{ ...standUp, lobby: 'outsiders', hostPin: '246813', guestPin: '135724' }]);
    const host = seated(await service.join('4690010001', browser({ pin: '246813' })));
    const inside = seated(await service.join('4690010001', room({ invited: true })));
    const patient = seated(await service.join('4690010001', browser({ name: 'Pia', pin: '135724' })));
    expect(patient.seat.where).toBe('lobby');
    expect(host.seat.view().participants.map(({ name, where }) => [name, where])).toContainEqual(['Pia', 'lobby']);
    expect(inside.seat.view().participants.map(({ name }) => name)).not.toContain('Pia');
    expect(JSON.stringify(inside.news)).not.toContain('Pia');
    expect(inside.seat.host).toBeUndefined();
    expect(host.seat.host?.admit(patient.seat.participant)).toBe(true);
    expect(patient.moves).toEqual([['in', undefined]]);
    expect(inside.seat.view().participants.map(({ name }) => name)).toContain('Pia');
  });

  it('is sent away from a locked meeting, a full one, one for others; hosts and who is called in are not', async () => {
    const { service } = openWorld([{ ...standUp, hostPin: '246813', admits: 'organisation' }]);
    expect(await service.join('4690010001', browser())).toMatchObject({ refusal: 'meetingNotForYou' });
    expect(await service.join('4690010001', room({ organisation: 'syd' }))).toMatchObject({ refusal: 'meetingNotForYou' });
    const host = seated(await service.join('4690010001', browser({ pin: '246813' })));
    host.seat.host?.lock(true);
    expect(await service.join('4690010001', room())).toMatchObject({ refusal: 'meetingLocked' });
    expect((await service.join('4690010001', room({ organisation: 'syd', invited: true }))).ok).toBe(true);
    expect((await service.join('4690010001', browser({ pin: '246813', source: '192.0.2.9' }))).ok).toBe(true);
  });

  it('comes by a link as host or guest, until that runs out', async () => {
    const clock = new VirtualClock(start);
    const { service } = openWorld([{ ...standUp, hostPin: '246813', guestPin: '135724' }], { clock });
    const key = service.links.make({ id: '4690010001' }, 'host', start + 1000);
    expect(seated(await service.join('4690010001', browser({ key }))).seat.role).toBe('host');
    const guest = service.links.make({ id: '4690010001' }, 'guest', start + 1000);
    expect(seated(await service.join('4690010001', browser({ key: guest }))).seat.role).toBe('guest');
    const other = service.links.make({ id: '4690010002' }, 'host', start + 1000);
    for (const wrong of [other, `h${guest.slice(1)}`, '', 'x', 'h.', `${key}x`]) {
      expect(await service.join('4690010001', browser({ key: wrong }))).toMatchObject({ ok: false, pinNeeded: true });
    }
    clock.advance(2000);
    expect(await service.join('4690010001', browser({ key }))).toMatchObject({ ok: false, pinNeeded: true });
  });
});

describe('a number that is drawn again', () => {
  const adhoc = (id: string): MeetingDefinition => ({
    id,
    kind: 'adhoc',
    title: 'Ad hoc',
    organisation: 'norr',
    hostPin: undefined,
    guestPin: '135724',
    lobby: 'off',
    admits: 'everybody',
    maxParticipants: 10,
    maxMinutes: undefined,
    from: undefined,
    until: undefined,
    roomSystems: true,
  });
  const create = async ({ service }: { readonly service: MeetingService }) => {
    const created = await service.definitions.create(adhoc, start + ADHOC_MS, () => 7);
    if (typeof created === 'string') throw new Error(created);
    return created;
  };

  it('is not opened by the links of the meeting that had it before', async () => {
    const clock = new VirtualClock(start);
    const world = openWorld([standUp], { clock });
    const { service } = world;
    const first = await create(world);
    const key = service.links.make(first, 'host', start + ADHOC_MS);
    const host = seated(await service.join(first.id, browser({ key })));
    expect(host.seat.role).toBe('host');
    host.seat.host?.end();
    await until(
      async () => (await service.find(first.id)) === undefined,
      () => 'the meeting to be gone',
    );
    const second = await create(world);
    expect(second.id).toBe(first.id);
    expect(await service.join(second.id, browser({ key }))).toMatchObject({ ok: false, pinNeeded: true });
  });

  it('is not drawn, nor forgotten, while somebody is in its meeting', async () => {
    const clock = new VirtualClock(start);
    const world = openWorld([standUp], { clock });
    const { id } = await create(world);
    const first = seated(await world.service.join(id, browser({ pin: '135724' })));
    clock.advance(2.2 * ADHOC_MS);
    expect((await world.service.join(id, browser({ pin: '135724' }))).ok).toBe(true);
    expect(first.seat.where).toBe('in');
  });
});

describe('who comes in the very moment in which the meeting ends', () => {
  it('finds it begun anew', async () => {
    for (let turns = 0; turns < 12; turns += 1) {
      const { service } = openWorld([{ ...standUp, hostPin: '246813' }]);
      const host = seated(await service.join('4690010001', browser({ pin: '246813' })));
      const joining = service.join('4690010001', browser());
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      host.seat.host?.end();
      expect([turns, (await joining).ok]).toEqual([turns, true]);
    }
  });
});

describe('who was put out', () => {
  it('has to wait for a host when he comes again, as has whoever comes from there', async () => {
    const { service } = openWorld([{ ...standUp, hostPin: '246813' }]);
    const host = seated(await service.join('4690010001', browser({ pin: '246813' })));
    for (const arrival of [browser({ source: '192.0.2.7' }), room()]) {
      const guest = seated(await service.join('4690010001', arrival));
      expect(guest.seat.where).toBe('in');
      host.seat.host?.expel(guest.seat.participant);
      const again = seated(await service.join('4690010001', arrival));
      expect(again.seat.where).toBe('lobby');
      expect(host.seat.host?.admit(again.seat.participant)).toBe(true);
    }
    const other = seated(await service.join('4690010001', browser({ source: '192.0.2.8' })));
    expect(other.seat.where).toBe('in');
    // Nobody is left who would let him in, nor whom it would protect.
    const controls = host.seat.host;
    for (const { id } of host.seat.view().participants) controls?.expel(id);
    expect(host.seat.where).toBe('out');
    expect(seated(await service.join('4690010001', room())).seat.where).toBe('in');
  });
});

describe('guessing a PIN', () => {
  const guarded = { ...standUp, hostPin: '246813', guestPin: '135724' };

  it('has to wait longer and longer, and is not listened to meanwhile; a host elsewhere comes in', async () => {
    const clock = new VirtualClock(start);
    const { service } = openWorld([guarded], { clock });
    const waits: number[] = [];
    for (let i = 0; i < 11; i += 1) {
      const result = await service.join('4690010001', browser({ pin: '0000' }));
      if (result.ok) throw new Error('let in');
      expect(result.refusal).toBe('pinWrong');
      waits.push(result.retryMs ?? 0);
      // The right one does not help before its time.
      expect(await service.join('4690010001', browser({ pin: '246813' }))).toMatchObject({ refusal: 'pinLockedOut' });
      expect((await service.join('4690010001', browser({ pin: '246813', source: '198.51.100.7' }))).ok).toBe(true);
      clock.advance(result.retryMs ?? 0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map((seconds) => seconds * 1000));
    expect((await service.join('4690010001', browser({ pin: '246813' }))).ok).toBe(true);
  });

  it('gets one try at a time from a source, however many come at once', async () => {
    const { service } = openWorld([guarded]);
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) => service.join('4690010001', browser({ pin: String(100000 + i) }))),
    );
    expect(results.filter((result) => !result.ok && result.refusal === 'pinWrong')).toHaveLength(1);
  });

  it('from many places slows every answer down, and locks nobody out', async () => {
    const clock = new VirtualClock(start);
    const { service } = openWorld([guarded], { clock });
    for (let i = 0; i < 20; i += 1) await service.join('4690010001', browser({ pin: '0000', source: `203.0.113.${i}` }));
    const host = service.join('4690010001', browser({ pin: '246813', source: '198.51.100.7' }));
    let done = false;
    void host.then(() => {
      done = true;
    });
    for (let i = 0; i < 20; i += 1) await settle();
    expect(done).toBe(false);
    clock.advance(5000);
    expect((await host).ok).toBe(true);
  });

  it('from many places at once holds back so many answers, and no more', async () => {
    const clock = new VirtualClock(start);
    const { service } = openWorld([guarded], { clock });
    for (let i = 0; i < 20; i += 1) await service.join('4690010001', browser({ pin: '0000', source: `203.0.113.${i}` }));
    const answers: JoinResult[] = [];
    const all = Array.from({ length: 60 }, async (_, i) => {
      answers.push(await service.join('4690010001', browser({ pin: '0000', source: `198.51.100.${i}` })));
    });
    await until(
      () => answers.length === 10,
      () => 'those that are too many to be answered',
    );
    expect(answers.map((answer) => !answer.ok && answer.refusal)).toEqual(Array.from({ length: 10 }, () => 'pinLockedOut'));
    clock.advance(5000);
    await Promise.all(all);
    expect(answers.filter((answer) => !answer.ok && answer.refusal === 'pinWrong')).toHaveLength(50);
    // Others get their turn.
    const host = service.join('4690010001', browser({ pin: '246813' }));
    await until(
      async () => {
        clock.advance(100);
        return (await Promise.race([host, settle()])) !== undefined;
      },
      () => 'the host to be let in',
    );
    expect((await host).ok).toBe(true);
  });

  it('by keypad ends after three wrong ones, or three silences', async () => {
    const clock = new VirtualClock(start);
    const { service } = openWorld([guarded], { clock });
    const guesser = seated(await service.join('4690010001', room()));
    for (let i = 0; i < 3; i += 1) {
      clock.advance(5000);
      for (const key of '99999#') guesser.seat.digit(key);
      await until(
        () => guesser.moves.length === i + 1,
        () => `answer ${i + 1} to a wrong PIN`,
      );
    }
    expect(guesser.moves).toEqual([
      ['pin', undefined],
      ['pin', undefined],
      ['out', 'wrongPin'],
    ]);
    const silent = seated(await service.join('4690010001', room({ alias: '461010002' })));
    clock.advance(30_000);
    expect(silent.moves.at(-1)).toEqual(['out', 'wrongPin']);
  });

  it('by keypad lets in who knows it', async () => {
    const { service } = openWorld([guarded]);
    const known = seated(await service.join('4690010001', room()));
    expect(known.seat.where).toBe('pin');
    for (const key of '12*135724#') known.seat.digit(key);
    await until(
      () => known.seat.where === 'in',
      () => 'the room system to be in',
    );
    expect(known.moves).toEqual([['in', undefined]]);
  });
});

describe('a meeting', () => {
  it('ends half a minute after the last has left, and begins anew', async () => {
    const clock = new VirtualClock(start);
    const { service, engine, store, told } = openWorld([standUp], { clock });
    seated(await service.join('4690010001', browser())).seat.leave('left');
    clock.advance(29_999);
    expect(engine.last.closed).toBe(false);
    clock.advance(1);
    await until(
      async () => (await store.meetings.holder('4690010001')) === undefined,
      () => 'the meeting to be let go',
    );
    expect(engine.last.closed).toBe(true);
    expect(told.map(([what]) => what)).toEqual(['began', 'joined', 'left', 'ended']);
    seated(await service.join('4690010001', browser()));
    expect(engine.opened).toHaveLength(2);
  });

  it('ends for all: by its host, its time, its service', async () => {
    const clock = new VirtualClock(start);
    const { service, records, store } = openWorld([{ ...standUp, hostPin: '246813', maxMinutes: 10 }], { clock });
    const host = seated(await service.join('4690010001', browser({ pin: '246813' })));
    const guest = seated(await service.join('4690010001', browser()));
    host.seat.host?.end();
    expect([host.moves, guest.moves]).toEqual([[['out', 'ended']], [['out', 'ended']]]);
    const late = seated(await service.join('4690010001', browser()));
    clock.advance(10 * 60_000);
    expect(late.moves).toEqual([['out', 'timeUp']]);
    const last = seated(await service.join('4690010001', browser()));
    await service.close();
    expect(last.moves).toEqual([['out', 'stopped']]);
    expect(records.map(({ reason }) => reason)).toEqual(['meetingEnded', 'meetingEnded', 'meetingEnded', 'instanceStopped']);
    expect(store.licences.portsInUse()).toBe(0);
  });

  it('tells seats that lost their media, and mutes anew what the host muted', async () => {
    const { service, engine } = openWorld([{ ...standUp, hostPin: '246813' }]);
    const host = seated(await service.join('4690010001', browser({ pin: '246813' })));
    const guest = seated(await service.join('4690010001', browser()));
    const { participant } = guest.seat;
    const microphone = { id: `${participant}/microphone`, participant, source: 'microphone', kind: 'audio', codec: 'opus' } as const;
    engine.last.events.streamOpened(microphone);
    host.seat.host?.muteAll();
    expect(guest.news).toContainEqual({ news: 'mutedByHost', source: 'microphone', holds: false });
    expect([...engine.last.muted]).toEqual([microphone.id]);
    let lost = 0;
    guest.seat.onMediaLost(() => {
      lost += 1;
    });
    engine.last.events.lost([participant, 'nobody']);
    expect(lost).toBe(1);
    expect(guest.seat.where).toBe('in');
    engine.last.muted.clear();
    engine.last.events.streamOpened(microphone);
    expect([...engine.last.muted]).toEqual([microphone.id]);
    guest.seat.ownMute('microphone', false);
    expect([...engine.last.muted]).toEqual([]);
  });

  it('calls others in, tells the hosts how that goes, and takes nothing that cannot be called', async () => {
    const asked: string[] = [];
    const dialer = () => ({
      invite: (_meeting: string, address: string, onRinging: () => void) => {
        asked.push(address);
        onRinging();
        return Promise.resolve(address === '+461020001' ? undefined : ('calleeNotRegistered' as const));
      },
    });
    const { service } = openWorld([{ ...standUp, hostPin: '246813' }], { dialer });
    const host = seated(await service.join('4690010001', browser({ pin: '246813' })));
    const invite = (address: string) => host.seat.host?.invite(address);
    for (const wrong of ['', '1', 'x', 'sip:a@b\r\nX: y', '<sip:a@b>', 'a b@c', 'a@', '@b', 'tel:+46', 'a'.repeat(200)]) {
      expect(await invite(wrong)).toBe('addressUnreadable');
    }
    expect(await invite('+46 102-0001')).toBeUndefined();
    expect(await invite('nobody@syd.example')).toBeUndefined();
    await settle();
    expect(asked).toEqual(['+461020001', 'nobody@syd.example']);
    const outcomes = host.news.flatMap((one) => (one.news === 'invited' ? [[one.address, one.outcome, one.reason]] : []));
    expect(outcomes).toHaveLength(4);
    expect(outcomes).toEqual(
      expect.arrayContaining([
        ['+461020001', 'ringing', undefined],
        ['+461020001', 'joined', undefined],
        ['nobody@syd.example', 'ringing', undefined],
        ['nobody@syd.example', 'failed', 'calleeNotRegistered'],
      ]),
    );
  });
});
