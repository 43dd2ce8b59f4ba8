import { describe, expect, it } from 'vitest';
import { noticeText, problemText } from '../../src/web/language/notice-text.js';
import { languages, pickLanguage, type Texts } from '../../src/web/language/texts.js';

/** Every text with the way to it; functions called with something that must come back. */
function spoken(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value === 'function') return [1, 2].map((count) => [`${path}(${count})`, String(value(argumentFor(path, count)))]);
  return Object.entries(value as object).flatMap(([key, below]) => spoken(below, path === '' ? key : `${path}.${key}`));
}

const counted = ['reconnecting', 'waiting', 'heading', 'lobbyHeading', 'retryIn', 'unnamed'];

function argumentFor(path: string, count: number): unknown {
  const last = path.split('.').at(-1) ?? '';
  if (last === 'nowSpeaking') return ['Åsa', 'Bo'].slice(0, count);
  return counted.includes(last) && !path.startsWith('expel') ? count : 'Åsa';
}

const [swedish, english] = [spoken(languages.sv), spoken(languages.en)];

describe('the dictionary', () => {
  it('has the same entries in each language, and no empty one', () => {
    expect(english.map(([path]) => path)).toEqual(swedish.map(([path]) => path));
    expect([...swedish, ...english].filter(([, text]) => text.trim() === '')).toEqual([]);
  });

  it('puts what it is given into the sentence', () => {
    for (const [path, text] of [...swedish, ...english].filter(([path]) => path.endsWith(')'))) {
      if (text.includes('Åsa')) continue;
      // One may be a word: "En person".
      expect([path, /\d|^En |^One |en sekund|a second/.test(text)]).toEqual([path, true]);
    }
  });

  it('was translated: the languages differ, but for a few words', () => {
    const same = swedish.filter(([path, text]) => english.find(([other]) => other === path)?.[1] === text).map(([path]) => path);
    expect(same).toEqual([]);
  });
});

describe('the words on the buttons', () => {
  it.each(Object.values(languages))('are part of their names: $languageName', ({ controls, shortControls, people }) => {
    const names = {
      microphone: [controls.mute, controls.unmute],
      camera: [controls.cameraOff, controls.cameraOn],
      share: [controls.share],
      stopSharing: [controls.stopSharing],
      participants: [people.heading(3)],
      leave: [controls.leave],
    };
    for (const [key, word] of Object.entries(shortControls)) {
      for (const name of names[key as keyof typeof names]) expect(name.toLowerCase()).toContain(word.toLowerCase());
    }
    expect(people.admit('Bo')).toContain(people.admitShort);
    expect(people.refuse('Bo')).toContain(people.refuseShort);
  });
});

describe('the language', () => {
  it.each([
    [['sv-SE', 'en'], null, 'sv'],
    [['en-GB'], null, 'en'],
    [['fi', 'en-US'], null, 'en'],
    [['fi'], null, 'sv'],
    [['sv'], 'en', 'en'],
    [['en'], 'nonsense', 'en'],
  ] as const)('%s, remembered %s: %s', (preferred, remembered, code) => expect(pickLanguage(preferred, remembered)).toBe(code));
});

describe('sentences', () => {
  const texts: Texts = languages.en;
  it('tell how long to wait', () => {
    expect(problemText(texts, { code: 'pinLockedOut', retryMs: 3200 })).toBe('Too many wrong PIN codes. Try again in 4 seconds.');
    expect(problemText(texts, { code: 'meetingFull' })).toBe('The meeting is full.');
  });

  it('are there for a reason that a newer service invents', () => {
    expect(problemText(texts, { code: 'somethingNew' as 'internal' })).toBe(texts.problems.internal);
  });

  it('name who it is about', () => {
    expect(noticeText(texts, { what: 'arrived', name: 'Bo' })).toBe('Bo has joined.');
    expect(noticeText(texts, { what: 'invited', address: '4610', outcome: 'failed', reason: undefined })).toBe(
      '4610 could not be reached.',
    );
    expect(noticeText(texts, { what: 'deviceEnded', device: 'camera' })).toBe('The camera was unplugged.');
  });
});
