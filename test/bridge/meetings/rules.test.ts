import { describe, expect, it } from 'vitest';
import { admit, type Comer, NOBODY, openNow, waits } from '../../../src/bridge/meetings/admission.js';
import { meetingIdOf } from '../../../src/bridge/meetings/definitions.js';
import { dialable } from '../../../src/bridge/meetings/dialer.js';
import { openKeypad, pressed, silentAt, wrong } from '../../../src/bridge/meetings/digits.js';
import { LinkKeys } from '../../../src/bridge/meetings/link-keys.js';
import type { MeetingDefinition } from '../../../src/bridge/meetings/meeting.js';
import { readNote } from '../../../src/bridge/meetings/note.js';
import { brakeAfter, delayAfter, roleOfPin } from '../../../src/bridge/meetings/pin.js';
import { chooseNode } from '../../../src/bridge/meetings/place.js';
import { shownName } from '../../../src/bridge/meetings/shown-name.js';
import type { Member } from '../../../src/state/member-store.js';

const definition: MeetingDefinition = {
  id: '4690010001',
  kind: 'permanent',
  title: 'Stand-up',
  organisation: 'norr',
  hostPin: '246813',
  guestPin: '135724',
  lobby: 'off',
  admits: 'everybody',
  maxParticipants: 10,
  maxMinutes: undefined,
  from: undefined,
  until: undefined,
  roomSystems: true,
};
const comer = (changes: Partial<Comer> = {}): Comer => ({
  kind: 'browser',
  role: 'guest',
  organisation: undefined,
  invited: false,
  ...changes,
});

describe('admission', () => {
  it.each([
    ['everybody', comer(), undefined],
    ['connected', comer(), 'meetingNotForYou'],
    ['connected', comer({ kind: 'room', organisation: 'syd' }), undefined],
    ['connected', comer({ role: 'host' }), undefined],
    ['organisation', comer({ kind: 'room', organisation: 'syd' }), 'meetingNotForYou'],
    ['organisation', comer({ kind: 'room', organisation: 'norr' }), undefined],
    ['organisation', comer({ kind: 'room', organisation: 'syd', invited: true }), undefined],
  ] as const)('of a meeting that admits %s: %o: %s', (admits, who, refusal) => {
    expect(admit({ ...definition, admits }, who, NOBODY)).toBe(refusal);
  });

  it.each([
    ['off', comer(), false],
    ['outsiders', comer(), true],
    ['outsiders', comer({ kind: 'room', organisation: 'syd' }), false],
    ['outsiders', comer({ kind: 'room' }), true],
    ['outsiders', comer({ role: 'host' }), false],
    ['guests', comer({ kind: 'room', organisation: 'norr' }), true],
    ['guests', comer({ kind: 'room', organisation: 'norr', invited: true }), false],
  ] as const)('with the lobby for %s: %o waits: %s', (lobby, who, expected) => {
    expect(waits({ ...definition, lobby }, who)).toBe(expected);
  });

  it('is refused when it is full, also for hosts, and from the lobby when half of it waits', () => {
    expect(admit(definition, comer({ role: 'host' }), { locked: false, present: 10, waiting: 0 })).toBe('meetingFull');
    expect(admit(definition, comer(), { locked: false, present: 9, waiting: 8 })).toBeUndefined();
    expect(admit({ ...definition, lobby: 'guests' }, comer(), { locked: false, present: 6, waiting: 5 })).toBe('meetingFull');
    expect(admit({ ...definition, lobby: 'guests' }, comer({ role: 'host' }), { locked: false, present: 6, waiting: 5 })).toBeUndefined();
  });

  it('is refused before the PIN, as from the lobby, when half of the meeting waits', () => {
    const unproven = comer({ kind: 'room', role: 'host', unproven: true });
    expect(admit(definition, unproven, { locked: false, present: 6, waiting: 4 })).toBeUndefined();
    expect(admit(definition, unproven, { locked: false, present: 6, waiting: 5 })).toBe('meetingFull');
  });

  it('is for browsers alone where the meeting says so', () => {
    expect(admit({ ...definition, roomSystems: false }, comer({ kind: 'room', organisation: 'norr', invited: true }), NOBODY)).toBe(
      'meetingNotForYou',
    );
  });

  it('has its time', () => {
    const scheduled = { ...definition, from: 1000, until: 2000 };
    expect([999, 1000, 1999, 2000].map((now) => openNow(scheduled, now))).toEqual(['meetingNotNow', undefined, undefined, 'meetingNotNow']);
    expect(openNow(definition, 0)).toBeUndefined();
  });
});

describe('PINs', () => {
  it('say who is who', () => {
    expect(['246813', '135724', '13572', '1357244', '', 'x'].map((pin) => roleOfPin(definition, pin))).toEqual([
      'host',
      'guest',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(roleOfPin({ hostPin: undefined, guestPin: undefined }, '')).toBeUndefined();
  });

  it('cost a guesser more and more, and never more than five minutes', () => {
    expect([0, 1, 2, 3, 9, 10, 1000].map(delayAfter)).toEqual([0, 1000, 2000, 4000, 256_000, 300_000, 300_000]);
    expect([0, 19, 20, 69, 10_000].map(brakeAfter)).toEqual([0, 0, 100, 5000, 5000]);
  });

  it('come by keypad', () => {
    let keypad = openKeypad(0);
    for (const [i, key] of [...'9*12A3'].entries()) ({ keypad } = pressed(keypad, key, i));
    expect(pressed(keypad, '#', 6)).toMatchObject({ next: 'judge', pin: '123' });
    expect(pressed(openKeypad(0), '#', 1).next).toBe('wait');
    expect(silentAt(keypad)).toBe(10_005);
    for (let i = 0; i < 100; i += 1) ({ keypad } = pressed(keypad, '1', 10));
    expect(keypad.digits.length).toBeLessThan(14);
    const [once, twice] = [wrong(keypad, 1), wrong(wrong(keypad, 1).keypad, 2)];
    expect([once.next, twice.next, wrong(twice.keypad, 3).next]).toEqual(['askAgain', 'askAgain', 'giveUp']);
  });
});

describe('a link', () => {
  it('is good for its meeting, its role and its time, on every instance, also right after the secret changed', () => {
    let secret = Buffer.alloc(32, 1);
    const meeting = { id: '4690010001' };
    const keys = new LinkKeys(() => secret);
    const key = keys.make(meeting, 'host', 10_000);
    expect(new LinkKeys(() => Buffer.alloc(32, 1)).read(meeting, key, 10_000)).toEqual({ ok: true, role: 'host' });
    expect(new LinkKeys(() => Buffer.alloc(32, 2)).read(meeting, key, 0)).toEqual({ ok: false, why: 'forged' });
    expect(keys.read(meeting, key, 10_001)).toEqual({ ok: false, why: 'expired' });
    secret = Buffer.alloc(32, 3);
    expect(keys.read(meeting, key, 0)).toEqual({ ok: true, role: 'host' });
    expect(keys.read(meeting, keys.make(meeting, 'guest', 9e12), 0)).toEqual({ ok: true, role: 'guest' });
    expect(key.length).toBeLessThan(64);
    // The number again, in another meeting.
    const adhoc = { ...meeting, linkSeed: 'one' };
    const old = keys.make(adhoc, 'host', 9e12);
    expect(keys.read(adhoc, old, 0)).toEqual({ ok: true, role: 'host' });
    for (const other of [{ ...adhoc, linkSeed: 'two' }, meeting]) expect(keys.read(other, old, 0)).toEqual({ ok: false, why: 'forged' });
  });
});

describe('a meeting is found by what people type', () => {
  const numbering = { prefix: '46900', digits: 5, domain: 'mote.example', networkPrefix: '46' };
  it.each([
    ['4690012345', '4690012345'],
    ['+46 900 123 45', '4690012345'],
    ['0046-900-12345', '4690012345'],
    ['0900 12345', '4690012345'],
    ['12345', '4690012345'],
    ['4690012345@mote.example', '4690012345'],
    ['sip:Teamet@MOTE.example', 'teamet'],
    [' Teamet ', 'teamet'],
    ['teamet@other.example', 'teamet@other.example'],
    ['', ''],
  ])('%s', (text, id) => {
    expect(meetingIdOf(text, numbering)).toBe(id);
  });
});

describe('a node', () => {
  const member = (id: string, load: number, state: Member['state'] = 'serving'): Member => ({
    id,
    instance: id,
    version: '1',
    startedAt: 0,
    state,
    sip: [],
    flows: [],
    ras: [],
    gatekeeperId: undefined,
    bridge: { url: '', web: '', load },
  });

  it('keeps a new meeting unless another has clearly less to do, or it is being stopped', () => {
    expect(chooseNode({ load: 0, draining: false }, [])).toBe('here');
    expect(chooseNode({ load: 20, draining: false }, [member('b', 0)])).toBe('here');
    expect(chooseNode({ load: 60, draining: false }, [member('b', 10), member('c', 5)])).toBe('c');
    expect(chooseNode({ load: 60, draining: false }, [member('b', 0, 'draining')])).toBe('here');
    expect(chooseNode({ load: 0, draining: true }, [member('b', 90)])).toBe('b');
    expect(chooseNode({ load: 0, draining: true }, [{ ...member('b', 0), bridge: undefined }])).toBe('here');
  });

  it('reads what another left of a meeting, and nothing else', () => {
    expect(readNote('{"rooms":["461010001"],"locked":true,"startedAt":5}')).toEqual({ rooms: ['461010001'], locked: true, startedAt: 5 });
    for (const bad of [undefined, '', '{', '[]', '{"rooms":1}']) expect(readNote(bad)).toBeUndefined();
  });
});

describe('texts from outside', () => {
  it('are shown without what could deceive', () => {
    expect(shownName(' Bo\u202e\u0007  Ek\n')).toBe('Bo Ek');
    expect(shownName('\u200b')).toBe('');
    expect(shownName('x'.repeat(100))).toHaveLength(64);
    expect(shownName('Åsa Öberg 🙂')).toBe('Åsa Öberg 🙂');
  });

  it('are dialled where they can be', () => {
    expect(['+46 102-00 01', 'sip:anna@norr.example', 'rum-7@syd.example'].map(dialable)).toEqual([
      '+461020001',
      'sip:anna@norr.example',
      'rum-7@syd.example',
    ]);
    expect(['', '1', 'x', 'a@b\r\nX: y', '<a@b>', 'a@[::1]', 'a@b;x', `${'1'.repeat(16)}`].map(dialable)).toEqual(
      Array.from({ length: 8 }, () => undefined),
    );
  });
});
