import { describe, expect, it } from 'vitest';
import type { News, ParticipantSummary } from '../../src/bridge/browser/protocol.js';
import { type Action, reduce } from '../../src/web/model/reduce.js';
import { soundsOf, stage, streamsOf } from '../../src/web/model/stage.js';
import { initialState, NOTICES_MAX, type State } from '../../src/web/model/state.js';

const begin = initialState({ language: 'sv', meeting: '900100', key: undefined, view: 'grid' });
const follow = (state: State, ...actions: Action[]): State => actions.reduce(reduce, state);
const news = (what: News): Action => ({ do: 'news', news: what });
const person = (id: string, change: Partial<ParticipantSummary> = {}): ParticipantSummary => ({
  id,
  name: `Name ${id}`,
  kind: 'browser',
  role: 'guest',
  where: 'in',
  organisation: undefined,
  cipher: 'DTLS-SRTP',
  muted: { self: false, host: false },
  streams: [
    { id: `${id}/microphone`, source: 'microphone', kind: 'audio' },
    { id: `${id}/camera`, source: 'camera', kind: 'video' },
  ],
  ...change,
});
const joined: Action = { do: 'joined', participant: 'me', where: 'in', role: 'guest', title: 'Möte' };
const inMeeting = follow(begin, joined, news({ news: 'participants', participants: [person('me'), person('a'), person('b')] }));
const said = (state: State) => state.notices.map(({ notice }) => notice.what);

describe('joining', () => {
  it('asks for a PIN once the service did, and keeps asking', () => {
    const asked = follow(begin, { do: 'joining', meeting: '1' }, { do: 'joinFailed', problem: { code: 'pinNeeded' } });
    expect(asked.joining).toEqual({ busy: false, pinNeeded: true, problem: { code: 'pinNeeded' } });
    expect(follow(asked, { do: 'joinFailed', problem: { code: 'connection' } }).joining.pinNeeded).toBe(true);
  });

  it('leads to the lobby, and from there in', () => {
    const lobby = follow(begin, { ...joined, where: 'lobby' });
    expect(lobby.screen).toBe('lobby');
    const admitted = follow(lobby, news({ news: 'admitted' }));
    expect(admitted.screen).toBe('meeting');
    expect(said(admitted)).toEqual(['admitted']);
  });

  it('again after a break says so, and keeps what is shown until the list comes', () => {
    const broken = follow(inMeeting, { do: 'connectionLost', attempt: 2 });
    expect(broken.connection).toEqual({ open: false, attempt: 2 });
    const back = follow(broken, joined);
    expect(back.participants).toHaveLength(3);
    expect(said(back)).toEqual(['connectedAgain']);
  });
});

describe('participants', () => {
  it('come, change and go, and each is told once', () => {
    const come = follow(inMeeting, news({ news: 'participant', participant: person('c') }));
    expect(said(come)).toEqual(['arrived']);
    const muted = follow(come, news({ news: 'participant', participant: person('c', { muted: { self: true, host: false } }) }));
    expect(said(muted)).toEqual(['arrived']);
    const gone = follow(muted, news({ news: 'participantLeft', participant: 'c' }));
    expect(said(gone)).toEqual(['arrived', 'left']);
    expect(follow(gone, news({ news: 'participantLeft', participant: 'c' }))).toBe(gone);
  });

  it('tell nothing of oneself', () => {
    const alone = follow(begin, joined, news({ news: 'participant', participant: person('me') }));
    const slides = person('me', { streams: [{ id: 'me/slides', source: 'slides', kind: 'video' }] });
    expect(said(follow(alone, news({ news: 'participant', participant: slides })))).toEqual([]);
  });

  it('in the lobby are told as waiting, and as arrived when they are let in', () => {
    const waits = follow(inMeeting, news({ news: 'participant', participant: person('c', { where: 'lobby' }) }));
    const let_in = follow(waits, news({ news: 'participant', participant: person('c') }));
    expect(said(let_in)).toEqual(['waits', 'arrived']);
    expect(said(follow(waits, news({ news: 'participantLeft', participant: 'c' })))).toEqual(['waits']);
  });

  it('who begin to show slides are told', () => {
    const slides = person('a', { streams: [{ id: 'a/slides', source: 'slides', kind: 'video' }] });
    expect(said(follow(inMeeting, news({ news: 'participant', participant: slides })))).toEqual(['sharing']);
  });

  it('about whom a dialog asks close it when they leave', () => {
    const asking = follow(inMeeting, { do: 'dialog', dialog: { expel: 'a' } });
    expect(follow(asking, news({ news: 'participantLeft', participant: 'b' })).dialog).toEqual({ expel: 'a' });
    expect(follow(asking, news({ news: 'participantLeft', participant: 'a' })).dialog).toBeUndefined();
  });
});

describe('the stage', () => {
  const speaking = (speaker: string | undefined): Action => news({ news: 'speaking', participants: speaker ? [speaker] : [], speaker });
  const keys = (state: State) => ({ large: stage(state).large?.key, small: stage(state).small.map(({ key }) => key) });

  it('shows everybody alike in the grid, oneself last', () => {
    expect(keys(inMeeting)).toEqual({ large: undefined, small: ['a/camera', 'b/camera', 'me/camera'] });
  });

  it('shows the last speaker who is not oneself large', () => {
    const view = follow(inMeeting, { do: 'view', view: 'speaker' });
    expect(keys(view).large).toBe('a/camera');
    const b = follow(view, speaking('b'));
    expect(keys(b)).toEqual({ large: 'b/camera', small: ['a/camera', 'me/camera'] });
    expect(keys(follow(b, speaking('me'))).large).toBe('b/camera');
    expect(keys(follow(b, speaking(undefined))).large).toBe('b/camera');
    expect(keys(follow(b, news({ news: 'participantLeft', participant: 'b' }))).large).toBe('a/camera');
  });

  it('shows slides large in both views, the speaker first beside them', () => {
    const slides = person('a', { streams: [{ id: 'a/slides', source: 'slides', kind: 'video' }] });
    const shown = follow(inMeeting, news({ news: 'participant', participant: slides }), speaking('b'));
    expect(keys(shown)).toEqual({ large: 'a/slides', small: ['b/camera', 'a/camera', 'me/camera'] });
  });

  it('plays the others, never oneself, and nobody in the lobby', () => {
    const waits = follow(inMeeting, news({ news: 'participant', participant: person('c', { where: 'lobby' }) }));
    expect(soundsOf(waits)).toEqual(['a/microphone', 'b/microphone']);
    expect(streamsOf(waits).map(({ id }) => id)).toEqual(['a/microphone', 'a/camera', 'b/microphone', 'b/camera']);
  });
});

describe('the host', () => {
  it('mutes: the page shows it as off, until its owner says otherwise', () => {
    const own = (host: boolean) => news({ news: 'participant', participant: person('me', { muted: { self: true, host } }) });
    const held = follow(inMeeting, news({ news: 'mutedByHost', source: 'microphone', holds: true }), own(true), own(false), own(false));
    expect(said(held)).toEqual(['heldByHost', 'mayTalkAgain']);
    expect(said(follow(inMeeting, news({ news: 'mutedByHost', source: 'microphone' }), own(true), own(false)))).toEqual(['mutedByHost']);
    const muted = follow(inMeeting, news({ news: 'mutedByHost', source: 'microphone' }), news({ news: 'mutedByHost', source: 'slides' }));
    expect(muted.devices.microphone.on).toBe(false);
    expect(muted.devices.camera.on).toBe(true);
    expect(said(muted)).toEqual(['mutedByHost', 'slidesByHost']);
  });

  it('locks once', () => {
    const locked = follow(inMeeting, news({ news: 'locked', locked: true }));
    expect(said(locked)).toEqual(['locked']);
    expect(follow(locked, news({ news: 'locked', locked: true }))).toBe(locked);
  });

  it('who is one no longer has no host’s dialog open', () => {
    const host = follow(inMeeting, news({ news: 'role', role: 'host' }), { do: 'dialog', dialog: 'end' });
    expect(follow(host, news({ news: 'role', role: 'guest' })).dialog).toBeUndefined();
  });

  it('sends somebody out: nothing of the meeting stays', () => {
    const out = follow(inMeeting, { do: 'panel', open: true }, news({ news: 'out', reason: 'expelled' }));
    expect(out).toMatchObject({ screen: 'out', out: 'expelled', participants: [], panelOpen: false, notices: [], me: undefined });
    expect(follow(out, { do: 'backToJoin' })).toMatchObject({ screen: 'join', out: undefined });
  });
});

describe('notices', () => {
  const notice = (name: string): Action => ({ do: 'notice', notice: { what: 'arrived', name } });

  it('are few, and the oldest give way', () => {
    const many = follow(inMeeting, ...Array.from({ length: 10 }, (_, index) => notice(String(index))));
    expect(many.notices).toHaveLength(NOTICES_MAX);
    expect(many.notices.at(-1)?.notice).toEqual({ what: 'arrived', name: '9' });
  });

  it('said again are shown once, and go when they were seen', () => {
    const twice = follow(inMeeting, notice('x'), notice('y'), notice('x'));
    expect(twice.notices.map(({ notice }) => notice)).toEqual([
      { what: 'arrived', name: 'y' },
      { what: 'arrived', name: 'x' },
    ]);
    const [first] = twice.notices;
    expect(follow(twice, { do: 'noticeSeen', serial: first?.serial ?? 0 }).notices).toHaveLength(1);
  });
});
