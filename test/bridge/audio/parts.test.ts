import { describe, expect, it } from 'vitest';
import { Concealment } from '../../../src/bridge/audio/concealment.js';
import { DtmfReceiver } from '../../../src/bridge/audio/dtmf.js';
import { LevelMeter, levelOf, powerOf, powerOfSound, SpeechDetector } from '../../../src/bridge/audio/level.js';
import { Limiter } from '../../../src/bridge/audio/limiter.js';
import { type Candidate, Loudest } from '../../../src/bridge/audio/loudest.js';
import { loadOpusLibrary } from '../../../src/bridge/audio/opus-library.js';
import { findPitch } from '../../../src/bridge/audio/pitch.js';
import { Resampler } from '../../../src/bridge/audio/resample.js';
import { SoundQueue } from '../../../src/bridge/audio/sound-queue.js';
import { TonePlayer } from '../../../src/bridge/audio/tones.js';
import { amplitudeAt, concat, noise, rms, snr, tone, voice } from './sounds.js';

describe('resampling', () => {
  const resample = (from: number, to: number, sound: Float32Array) => {
    const resampler = new Resampler(from, to);
    const pieces: Float32Array[] = [];
    for (let at = 0; at < sound.length; at += from / 50) {
      const out = new Float32Array(to / 50);
      resampler.process(sound.subarray(at, at + from / 50), out);
      pieces.push(out);
    }
    return concat(pieces);
  };

  it.each([
    [8000, 48_000],
    [16_000, 48_000],
    [48_000, 8000],
    [48_000, 16_000],
    [8000, 16_000],
    [48_000, 48_000],
  ])('%d to %d keeps pitches and their strength', (from, to) => {
    const heard = resample(from, to, tone(1000, from, from)).subarray(to / 10);
    expect(amplitudeAt(1000, to, heard)).toBeCloseTo(8000, -2);
    // Nothing else is there.
    expect(rms(heard)).toBeCloseTo(8000 / Math.SQRT2, -2);
  });

  it('leaves no mirror of what the lower rate cannot have', () => {
    expect(rms(resample(48_000, 8000, tone(6000, 48_000, 48_000)).subarray(800))).toBeLessThan(40);
    expect(rms(resample(48_000, 16_000, tone(11_000, 48_000, 48_000)).subarray(800))).toBeLessThan(40);
  });
});

describe('concealment', () => {
  const frames = 100;
  const conceal = (sound: Float32Array, rate: number, isLost: (i: number) => boolean) => {
    const concealment = new Concealment(rate);
    const size = rate / 50;
    return concat(
      Array.from({ length: frames }, (_, i) => {
        if (isLost(i)) return concealment.fill(size, 5);
        const frame = sound.slice(i * size, (i + 1) * size);
        concealment.heard(frame, 5);
        return frame;
      }),
    );
  };
  const isLost = (i: number) => i % 10 === 7;

  it.each([8000, 16_000, 48_000])('is nearer to a steady voice than silence is, at %d Hz', (rate) => {
    const sound = concat([tone(150, rate, rate * 2, 4000)]).map((v, i) => v + 3000 * Math.sin((2 * Math.PI * 300 * i) / rate));
    const silent = sound.map((v, i) => (isLost(Math.floor((i * 50) / rate)) ? 0 : v));
    expect(snr(sound, conceal(sound, rate, isLost))).toBeGreaterThan(snr(sound, silent) + 6);
  });

  it('keeps the strength of speech through a short loss', () => {
    const sound = voice(8000, 16_000);
    const lost = 14;
    const heard = conceal(sound, 8000, (i) => i === lost);
    const level = (of: Float32Array) => rms(of.subarray(lost * 160, (lost + 1) * 160));
    expect(level(heard)).toBeGreaterThan(level(sound) * 0.4);
    expect(level(heard)).toBeLessThan(level(sound) * 1.6);
  });

  it('never clicks: no step is larger than the voice has itself', () => {
    const sound = voice(8000, 16_000);
    const steepest = (of: Float32Array) => of.reduce((most, v, i) => Math.max(most, Math.abs(v - (of[i - 1] ?? v))), 0);
    expect(steepest(conceal(sound, 8000, isLost))).toBeLessThan(steepest(sound) * 1.3);
  });

  it('fades into the noise of the room, and then says so', () => {
    const concealment = new Concealment(8000);
    expect(concealment.isSpent).toBe(true);
    concealment.heard(tone(200, 8000, 800), 5);
    expect(concealment.isSpent).toBe(false);
    const sound = concealment.fill(1600, 5);
    expect(rms(sound.subarray(0, 160))).toBeGreaterThan(3000);
    expect(rms(sound.subarray(800))).toBeGreaterThan(3);
    expect(rms(sound.subarray(800))).toBeLessThan(8);
    expect(concealment.isSpent).toBe(true);
  });
});

it('finds the pitch of a voice', () => {
  for (const rate of [8000, 16_000, 48_000]) {
    expect(Math.abs(findPitch(tone(125, rate, rate / 10), rate / 10, rate).lag - rate / 125)).toBeLessThanOrEqual(1);
  }
});

it('plays a backlog away without changing the pitch or clicking', () => {
  const queue = new SoundQueue(8000);
  queue.push(tone(200, 8000, 480));
  queue.shorten(false);
  expect(queue.length).toBeLessThan(460);
  const out = new Float32Array(queue.length);
  queue.take(out);
  expect(queue.length).toBe(0);
  const steepest = out.reduce((most, v, i) => Math.max(most, Math.abs(v - (out[i - 1] ?? v))), 0);
  expect(steepest).toBeLessThan(1.1 * 8000 * ((2 * Math.PI * 200) / 8000));
  queue.push(noise(480, 8000));
  queue.shorten(false);
  expect(queue.length).toBe(480);
  queue.shorten(true);
  expect(queue.length).toBeLessThan(480);
});

describe('loudness', () => {
  it('counts from 0 to 127 as RFC 6464 turned round', () => {
    expect(levelOf(32_768 ** 2)).toBe(127);
    expect(levelOf(0)).toBe(0);
    expect(levelOf(powerOf(60))).toBeCloseTo(60);
    expect(levelOf(powerOfSound(tone(1000, 8000, 8000, 32_767)))).toBeCloseTo(124, 0);
  });

  it('is that of the last 100 ms', () => {
    const meter = new LevelMeter();
    for (let now = 0; now < 100; now += 20) meter.add(powerOf(100), 20, now);
    expect(meter.level(99)).toBeCloseTo(100);
    expect(meter.level(150)).toBeLessThan(98.5);
    expect(meter.level(250)).toBe(0);
    meter.add(powerOf(100), 60, 250);
    expect(meter.level(250)).toBeGreaterThan(97);
  });

  it('tells speech from a room that hums', () => {
    const detector = new SpeechDetector();
    for (let now = 0; now < 10_000; now += 20) detector.hears(70, now);
    expect(detector.hears(72, 10_000)).toBe(false);
    expect(detector.hears(84, 10_020)).toBe(true);
    // A steady tone never becomes background.
    for (let now = 10_000; now < 100_000; now += 20) expect(detector.hears(100, now)).toBe(true);
  });
});

describe('the loudest three', () => {
  const speak = (levels: Record<string, number>): Candidate[] =>
    Object.entries(levels).map(([participant, level]) => ({ participant, level, speaks: level > 62 }));

  it('takes a first word at once, and a fourth voice only when it is louder for a while', () => {
    const loudest = new Loudest();
    expect(loudest.update(speak({ a: 90, b: 95, c: 80 }), 0)).toBe(true);
    expect(loudest.participants).toEqual(['b', 'a', 'c']);
    loudest.update(speak({ a: 90, b: 95, c: 80, d: 82 }), 20);
    expect(loudest.has('d')).toBe(false);
    for (let now = 40; now < 180; now += 20) loudest.update(speak({ a: 90, b: 95, c: 80, d: 92 }), now);
    expect(loudest.has('d')).toBe(false);
    for (let now = 180; now < 260; now += 20) loudest.update(speak({ a: 90, b: 95, c: 80, d: 92 }), now);
    expect(loudest.has('d')).toBe(true);
    expect(loudest.has('c')).toBe(false);
  });

  it('keeps one between two words, and lets him go after a second', () => {
    const loudest = new Loudest();
    loudest.update(speak({ a: 90 }), 0);
    for (let now = 20; now <= 700; now += 20) expect(loudest.update(speak({ a: 30 }), now)).toBe(false);
    for (let now = 700; now <= 1000; now += 20) loudest.update(speak({ a: 30 }), now);
    expect(loudest.participants).toEqual([]);
  });

  it('does not flicker when two are about as loud', () => {
    const loudest = new Loudest();
    let changes = 0;
    for (let i = 0; i < 500; i++) {
      const sway = 2 * Math.sin(i);
      if (loudest.update(speak({ a: 90 + sway, b: 90 - sway, c: 90 + 2 * Math.cos(i), d: 90 - 2 * Math.cos(i) }), i * 20)) changes++;
    }
    expect(changes).toBeLessThan(5);
  });
});

describe('telephone events', () => {
  const packet = (event: number, duration: number, end = false) => Buffer.from([event, end ? 0x8a : 0x0a, duration >> 8, duration & 255]);

  it('gives each press once, however many packets come, also without an end', () => {
    const dtmf = new DtmfReceiver();
    const heard: (string | undefined)[] = [];
    for (const [press, event] of [1, 1, 11].entries()) {
      const at = 1000 + press * 1600;
      for (let i = 1; i <= 5; i++) heard.push(dtmf.receive(packet(event, i * 160), at, press * 200 + i * 20));
      if (press !== 1) for (let i = 0; i < 3; i++) heard.push(dtmf.receive(packet(event, 960, true), at, press * 200 + 120));
    }
    expect(heard.filter((digit) => digit !== undefined)).toEqual(['1', '1', '#']);
  });

  it('takes a press whose beginning was lost, and none that was overtaken', () => {
    const dtmf = new DtmfReceiver();
    expect(dtmf.receive(packet(5, 960, true), 5000, 0)).toBe('5');
    expect(dtmf.receive(packet(4, 960, true), 3400, 20)).toBeUndefined();
    expect(dtmf.receive(packet(5, 960, true), 5000, 40)).toBeUndefined();
  });

  it('takes a key that is held for long for one press', () => {
    const dtmf = new DtmfReceiver();
    expect(dtmf.receive(packet(7, 0xffff), 0xffff_ff00, 0)).toBe('7');
    expect(dtmf.receive(packet(7, 160), (0xffff_ff00 + 0xffff) >>> 0, 20)).toBeUndefined();
  });

  it('drops what is no digit, and what no finger can type', () => {
    const dtmf = new DtmfReceiver();
    expect(dtmf.receive(Buffer.from([16, 0, 0, 0]), 1, 0)).toBeUndefined();
    expect(dtmf.receive(Buffer.from([1, 0]), 2, 0)).toBeUndefined();
    let pressed = 0;
    for (let i = 0; i < 10_000; i++) if (dtmf.receive(packet(1, 160), 1000 * i + 5, i / 10)) pressed++;
    expect(pressed).toBeLessThan(40);
  });
});

describe('the limiter', () => {
  it('keeps three loud voices within 16 bits and leaves a quiet one alone', () => {
    const limiter = new Limiter();
    for (let i = 0; i < 50; i++) {
      const frame = tone(300, 48_000, 960, 80_000, i * 960);
      limiter.process(frame);
      expect(frame.every((sample) => Math.abs(sample) <= 32_767)).toBe(true);
    }
    const quiet = tone(300, 48_000, 960, 1000);
    const fresh = quiet.slice();
    new Limiter().process(fresh);
    expect([...fresh]).toEqual([...quiet]);
  });
});

describe('tones', () => {
  it('begin and end softly, and the waiting tone comes back', () => {
    const player = new TonePlayer();
    player.play('waiting');
    const sounding: boolean[] = [];
    let steepest = 0;
    let last = 0;
    for (let i = 0; i < 600; i++) {
      const frame = new Float32Array(960);
      sounding.push(player.isSounding);
      player.mixInto(frame);
      player.advance(960);
      for (const sample of frame) {
        steepest = Math.max(steepest, Math.abs(sample - last));
        last = sample;
      }
    }
    expect(steepest).toBeLessThan(200);
    expect(sounding[0]).toBe(true);
    expect(sounding[100]).toBe(false);
    expect(sounding[502]).toBe(true);
    player.play(undefined);
    expect(player.isSounding).toBe(false);
  });

  it('fades a tone that is cut short', () => {
    const player = new TonePlayer();
    player.play('enter-pin');
    const frames: Float32Array[] = [];
    for (let i = 0; i < 6; i++) {
      const frame = new Float32Array(960);
      if (i === 3) player.play(undefined);
      player.mixInto(frame);
      player.advance(960);
      frames.push(frame);
    }
    const sound = concat(frames);
    const steepest = sound.reduce((most, v, i) => Math.max(most, Math.abs(v - (sound[i - 1] ?? v))), 0);
    expect(steepest).toBeLessThan(500);
    expect(rms(frames[5] ?? sound)).toBe(0);
    expect(player.isSounding).toBe(false);
  });
});

describe('libopus', () => {
  const frame = Int16Array.from(voice(48_000, 960), (sample) => sample);

  it('has a buffer of its own in each copy, so that threads do not spoil each other', () => {
    const [first, second] = [loadOpusLibrary(false), loadOpusLibrary(true)];
    const packet = first.createEncoder().encode(frame);
    const before = Buffer.from(packet);
    second.createEncoder().encode(Int16Array.from(noise(960, 9000)));
    expect(before.equals(packet)).toBe(true);
  });

  it('works as WebAssembly, too', () => {
    const [native, wasm] = [loadOpusLibrary(false), loadOpusLibrary(false, true)];
    expect(wasm.kind).toBe('wasm');
    const packet = Buffer.from(wasm.createEncoder().encode(frame));
    expect(native.createDecoder().decode(packet).length).toBe(960);
    expect(wasm.createDecoder().decode(packet).length).toBe(960);
  });
});
