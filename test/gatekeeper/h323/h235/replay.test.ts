import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../../../../src/gatekeeper/h323/h235/replay.js';
import { NOW } from './messages.js';

const SECOND = NOW / 1000;

describe('the time window', () => {
  const replay = new ReplayWindow({ windowSeconds: 60 });

  it.each([
    [-61, false],
    [-60, true],
    [0, true],
    [60, true],
    [61, false],
  ])('a clock that is %i seconds off: %s', (off, timely) => {
    expect(replay.timely(SECOND + off, NOW)).toBe(timely);
    expect(replay.admit({ sender: 'a', timeStamp: SECOND + off, random: 1 }, NOW)).toBe(timely);
  });

  it('counts whole seconds: the end of a second is as timely as its start', () => {
    expect(replay.timely(SECOND - 60, NOW + 999)).toBe(true);
    expect(replay.timely(SECOND - 60, NOW + 1000)).toBe(false);
  });

  it('is 60 seconds wide unless told otherwise', () => {
    expect(new ReplayWindow().windowSeconds).toBe(60);
    expect(new ReplayWindow({ windowSeconds: 5 }).timely(SECOND - 6, NOW)).toBe(false);
  });
});

describe('a token', () => {
  it('is taken once', () => {
    const replay = new ReplayWindow();
    const token = { sender: 'h235.1 norr1', timeStamp: SECOND, random: 7 };
    expect(replay.admit(token, NOW)).toBe(true);
    expect(replay.admit(token, NOW)).toBe(false);
    expect(replay.admit(token, NOW + 60_000)).toBe(false);
  });

  it('differs by its sender, its second and its random value', () => {
    const replay = new ReplayWindow();
    for (const sender of ['h235.1 norr1', 'h235.1 syd1', 'cat norr1']) {
      for (const timeStamp of [SECOND, SECOND + 1]) {
        for (const random of [0, 7, -7, 0x7fff_ffff, 0xffff_ffff, 0x10000, 2 ** 40]) {
          expect(replay.admit({ sender, timeStamp, random }, NOW)).toBe(true);
        }
      }
    }
    expect(replay.size).toBe(3 * 2 * 7);
  });

  it('of the future is remembered until it can be taken no longer', () => {
    const replay = new ReplayWindow({ windowSeconds: 60 });
    const token = { sender: 'a', timeStamp: SECOND + 60, random: 1 };
    expect(replay.admit(token, NOW)).toBe(true);
    expect(replay.admit(token, NOW + 120_000)).toBe(false);
    expect(replay.timely(SECOND + 60, NOW + 121_000)).toBe(false);
  });

  it('without a random value is good for five seconds, and no longer', () => {
    const replay = new ReplayWindow();
    const token = { sender: 'md5 norr1', timeStamp: SECOND, random: undefined };
    expect(replay.admit(token, NOW)).toBe(true);
    expect(replay.admit(token, NOW + 4_000)).toBe(true);
    expect(replay.admit(token, NOW + 5_999)).toBe(true);
    expect(replay.admit(token, NOW + 6_000)).toBe(false);
    expect(replay.admit({ ...token, timeStamp: SECOND + 6 }, NOW + 6_000)).toBe(true);
  });
});

describe('memory', () => {
  it('forgets what is older than the window', () => {
    const replay = new ReplayWindow({ windowSeconds: 10 });
    for (let second = 0; second < 1000; second++) {
      for (let random = 0; random < 20; random++) replay.admit({ sender: 'a', timeStamp: SECOND + second, random }, NOW + second * 1000);
      expect(replay.size).toBeLessThanOrEqual(11 * 20);
    }
  });

  it('stays within its bound by taking nothing as old as what it forgot', () => {
    const replay = new ReplayWindow({ windowSeconds: 60, tokens: 100 });
    const token = (index: number) => ({ sender: 'a', timeStamp: SECOND + Math.floor(index / 10), random: index });
    for (let index = 0; index < 300; index++) {
      expect(replay.admit(token(index), NOW + 29_000)).toBe(true);
      expect(replay.size).toBeLessThanOrEqual(100);
    }
    for (let index = 0; index < 300; index++) expect(replay.admit(token(index), NOW + 29_000)).toBe(false);
    expect(replay.timely(SECOND + 10, NOW + 29_000)).toBe(false);
    expect(replay.timely(SECOND + 29, NOW + 29_000)).toBe(true);
  });

  it('tells 50,000 tokens of one second apart, each once', () => {
    const replay = new ReplayWindow();
    let fresh = 0;
    for (let index = 0; index < 50_000; index++)
      if (replay.admit({ sender: `h235.1 46${index}`, timeStamp: SECOND, random: 5 }, NOW)) fresh++;
    expect(fresh).toBe(50_000);
    let again = 0;
    for (let index = 0; index < 50_000; index++)
      if (replay.admit({ sender: `h235.1 46${index}`, timeStamp: SECOND, random: 5 }, NOW)) again++;
    expect(again).toBe(0);
    expect(replay.size).toBe(50_000);
  });
});
