import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultChoice, SpeakerChoice } from '../../../src/bridge/video/speaker-choice.js';

const everybody = (): boolean => true;
const silence = 40;
const speech = 100;
const step = 20;

/** Plays loudness into a choice; each scene lasts `ms`. */
class Scene {
  readonly choice = new SpeakerChoice();
  /** Each change of the speaker, with its time. */
  readonly changes: { readonly at: number; readonly who: string | undefined }[] = [];
  now = 0;

  play(ms: number, levels: Readonly<Record<string, number>>): this {
    for (const end = this.now + ms; this.now < end; this.now += step) this.hear(levels);
    return this;
  }

  hear(levels: Readonly<Record<string, number>>): void {
    const before = this.choice.present;
    const who = this.choice.hear(new Map(Object.entries(levels)), this.now, everybody);
    if (who !== before) this.changes.push({ at: this.now, who });
  }

  get speaker(): string | undefined {
    return this.choice.present;
  }
}

describe('who is the speaker', () => {
  it('is nobody while nobody speaks, and follows the first who does within 300 ms', () => {
    const scene = new Scene().play(1_000, { a: silence, b: silence });
    expect(scene.speaker).toBeUndefined();
    scene.play(300, { a: silence, b: speech });
    expect(scene.changes).toEqual([{ at: expect.closeTo(1_200, -2), who: 'b' }]);
  });

  it('goes over within 300 ms of speech when the present one is silent', () => {
    const scene = new Scene().play(2_000, { a: speech, b: silence }).play(1_000, { a: silence, b: silence });
    const began = scene.now;
    scene.play(400, { a: silence, b: speech });
    expect(scene.speaker).toBe('b');
    expect((scene.changes.at(-1)?.at ?? 0) - began).toBeLessThanOrEqual(300);
  });

  it('goes over within 400 ms when another takes over from the present one without a pause', () => {
    const scene = new Scene().play(3_000, { a: speech, b: silence });
    const began = scene.now;
    scene.play(500, { a: silence, b: speech });
    expect(scene.speaker).toBe('b');
    expect((scene.changes.at(-1)?.at ?? 0) - began).toBeLessThanOrEqual(400);
  });

  it('goes over in half a second, when the other interrupts clearly louder after the least stay', () => {
    const scene = new Scene().play(3_000, { a: 95, b: silence });
    const began = scene.now;
    scene.play(800, { a: 95, b: 105 });
    expect(scene.speaker).toBe('b');
    expect((scene.changes.at(-1)?.at ?? 0) - began).toBeLessThanOrEqual(600);
  });

  it('does not follow a cough, neither over silence nor over speech', () => {
    const scene = new Scene().play(2_000, { a: speech, b: silence });
    for (let cough = 0; cough < 10; cough++) scene.play(180, { a: silence, b: 120 }).play(400, { a: silence, b: silence });
    for (let cough = 0; cough < 10; cough++) scene.play(400, { a: speech, b: 120 }).play(600, { a: speech, b: silence });
    expect(scene.speaker).toBe('a');
  });

  it('stays where two speak alike', () => {
    const scene = new Scene().play(2_000, { a: speech, b: silence }).play(10_000, { a: speech, b: speech + 3 });
    expect(scene.speaker).toBe('a');
  });

  it('does not take a pause between words for silence', () => {
    const scene = new Scene().play(2_000, { a: speech, b: 85 });
    for (let word = 0; word < 20; word++) scene.play(260, { a: silence, b: 85 }).play(300, { a: speech, b: 85 });
    expect(scene.speaker).toBe('a');
  });

  it('lets no noise be a speaker', () => {
    expect(new Scene().play(10_000, { a: defaultChoice.speech - 1 }).speaker).toBeUndefined();
  });

  it('passes over those who cannot be shown', () => {
    const choice = new SpeakerChoice();
    for (let now = 0; now < 2_000; now += step) choice.hear(new Map([['audio', 110]]), now, () => false);
    expect(choice.present).toBeUndefined();
  });

  it('has no speaker when he has left, and the next one without delay for his sake', () => {
    const scene = new Scene().play(2_000, { a: speech, b: silence });
    scene.choice.remove('a');
    expect(scene.speaker).toBeUndefined();
    expect(scene.play(240, { b: speech }).speaker).toBe('b');
  });

  it('counts long silence of its caller as little', () => {
    const scene = new Scene();
    scene.hear({ a: speech });
    scene.now += 10_000;
    scene.hear({ a: speech });
    expect(scene.speaker).toBeUndefined();
  });
});

describe('whatever is heard', () => {
  const people = ['a', 'b', 'c', 'd'];
  const level = fc.oneof(fc.constantFrom(0, silence, 95, 105, 120), fc.nat(127));
  const scene = fc.record({
    steps: fc.integer({ min: 1, max: 30 }),
    ms: fc.integer({ min: 20, max: 100 }),
    levels: fc.tuple(level, level, level, level),
  });
  /** Each scene's levels, again and again. */
  const moments = fc
    .array(scene, { maxLength: 30 })
    .map((scenes) => scenes.flatMap(({ steps, ...moment }) => Array(steps).fill(moment) as (typeof moment)[]));

  it('the speaker never changes from one who speaks before his least stay is over', () => {
    fc.assert(
      fc.property(moments, (list) => {
        const choice = new SpeakerChoice();
        let now = 0;
        let since = 0;
        let spokeAt = Number.NEGATIVE_INFINITY;
        for (const { ms, levels } of list) {
          now += ms;
          const before = choice.present;
          const map = new Map<string, number>(people.map((who, index) => [who, levels[index] ?? 0]));
          if (before !== undefined && (map.get(before) ?? 0) >= defaultChoice.speech) spokeAt = now;
          const after = choice.hear(map, now, everybody);
          if (after === before) continue;
          expect(map.get(after ?? '') ?? 0).toBeGreaterThanOrEqual(defaultChoice.speech);
          if (before !== undefined && now - spokeAt < defaultChoice.pauseMs)
            expect(now - since).toBeGreaterThanOrEqual(defaultChoice.stayMs);
          since = now;
          spokeAt = now;
        }
      }),
    );
  });

  it('one who alone goes on speaking becomes the speaker', () => {
    fc.assert(
      fc.property(moments, fc.integer({ min: defaultChoice.speech, max: 127 }), (list, loud) => {
        const choice = new SpeakerChoice();
        let now = 0;
        for (const { ms, levels } of list) {
          now += ms;
          choice.hear(new Map(people.map((who, index) => [who, levels[index] ?? 0])), now, everybody);
        }
        const end = now + defaultChoice.pauseMs + defaultChoice.overSilenceMs + 200;
        for (; now < end; now += step) choice.hear(new Map([['d', loud]]), now, everybody);
        expect(choice.present).toBe('d');
      }),
    );
  });
});
