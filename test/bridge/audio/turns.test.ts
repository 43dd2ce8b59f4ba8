import { describe, expect, it } from 'vitest';
import { readRtp } from '../../../src/bridge/audio/rtp.js';
import { DTMF, Room, rtp, Sender } from './room.js';
import { amplitudeAt, noise, rms, tone } from './sounds.js';

const hiss = (samples: number, from: number) => noise(samples, 20, from + 1);
const pitch =
  (hz: number, amplitude = 6000) =>
  (rate: number, samples: number, from: number) =>
    tone(hz, rate, samples, amplitude, from);
/** Silent but for some noise until it speaks, at a moment known to the millisecond. */
const speaksAt = (ms: number, hz: number) => (rate: number, samples: number, from: number) => {
  const sound = tone(hz, rate, samples, 8000, from);
  const quiet = hiss(samples, from);
  return sound.map((sample, i) => ((from + i) * 1000 >= ms * rate ? sample : (quiet[i] ?? 0)));
};
/** The largest step between two samples. */
const steepest = (sound: Float32Array) => sound.reduce((most, sample, i) => Math.max(most, Math.abs(sample - (sound[i - 1] ?? sample))), 0);

describe('who is heard', () => {
  it('is heard from his first word', () => {
    const room = new Room();
    // A chirp of 40 ms, then a tone: if the beginning were cut off, it would be missing.
    const word = (rate: number, samples: number, from: number) => {
      const quiet = hiss(samples, from);
      const second = Math.floor(from / rate) >= 2;
      if (!second) return quiet;
      return from < rate * 2.04 ? tone(1500, rate, samples, 8000, from) : tone(500, rate, samples, 8000, from);
    };
    room.add('a', new Sender('opus', word));
    room.listen('all', 'PCMA');
    room.run(3000);
    const heard = room.heard('all', 'PCMA');
    const began = heard.findIndex((sample) => Math.abs(sample) > 2000);
    expect(amplitudeAt(1500, 8000, heard.subarray(began, began + 280))).toBeGreaterThan(2500);
    // And its delay is not what it takes to notice that he speaks.
    expect(began / 8 - 2000).toBeLessThan(45);
  });

  it('is heard from his first word also when three others speak, and catches up', () => {
    const room = new Room();
    for (const [i, name] of ['x', 'y', 'z'].entries()) room.add(name, new Sender('PCMA', pitch(300 + 90 * i, 1000)));
    room.add('late', new Sender('PCMA', speaksAt(2000, 1900)));
    room.listen('only', 'PCMU', { kind: 'only', participant: 'late' });
    room.run(4000);
    expect(room.loudest.at(-1)?.[0]).toBe('late');
    const heard = room.heard('only', 'PCMU');
    const began = heard.findIndex((sample) => Math.abs(sample) > 3000) / 8 - 2000;
    expect(began).toBeGreaterThan(100);
    expect(began).toBeLessThan(250);
    expect(room.mix.stats.late).toBe(0);
    expect(amplitudeAt(1900, 8000, heard.subarray(-8000))).toBeGreaterThan(6000);
  });

  it.each(['PCMA', 'G722', 'opus'] as const)('comes and goes without a click (%s)', (codec) => {
    const room = new Room();
    room.add('a', new Sender(codec, pitch(300, 8000)));
    room.listen('all', 'PCMU');
    room.run(600);
    room.mix.setMuted('a', true);
    room.run(400);
    room.mix.setMuted('a', false);
    room.run(600);
    room.mix.removeSource('a');
    room.drop('a');
    room.run(400);
    const heard = room.heard('all', 'PCMU');
    // What the tone itself has, and µ-law's own coarseness at its peaks.
    expect(steepest(heard)).toBeLessThan(8000 * ((2 * Math.PI * 300) / 8000) * 1.25 + 260);
    expect(rms(heard.subarray(-1600))).toBeLessThan(40);
    expect(rms(heard)).toBeGreaterThan(3000);
  });

  it('decodes none of a hundred whose packets say that they are quiet', () => {
    const room = new Room();
    for (let i = 0; i < 20; i++) room.add(`quiet${i}`, new Sender('opus', (_, samples, from) => hiss(samples, from)));
    room.add('a', new Sender('opus', pitch(300)));
    room.run(1000);
    expect(room.mix.stats.decoded).toBeLessThan(60);
    expect(room.mix.levels().size).toBe(21);
    expect(room.mix.levels().get('a')).toBeGreaterThan(100);
    expect(room.mix.levels().get('quiet3')).toBeLessThan(62);
  });

  it.each([0, 1, 2, 3, 4, 5, 6])(
    'whose Opus packets tell nothing, is decoded seldom while he is quiet, and heard from his first word (%i)',
    (packet) => {
      const room = new Room();
      const at = 6 + packet * 0.02;
      // A chirp of 40 ms, then a tone.
      const word = (rate: number, samples: number, from: number) => {
        if (from < Math.round(rate * at)) return hiss(samples, from);
        return tone(from < Math.round(rate * (at + 0.04)) ? 1500 : 500, rate, samples, 8000, from);
      };
      room.add('a', new Sender('opus', word, { hasLevel: false }));
      room.listen('all', 'PCMA');
      room.run(4000);
      const before = room.mix.stats.decoded;
      room.run(1960);
      expect(room.mix.stats.decoded - before).toBeLessThanOrEqual(30);
      room.heard('all', 'PCMA');
      room.run(1000);
      const heard = room.heard('all', 'PCMA');
      const began = heard.findIndex((sample) => Math.abs(sample) > 2000);
      expect(amplitudeAt(1500, 8000, heard.subarray(began, began + 280))).toBeGreaterThan(2500);
      expect(began / 8 - (at * 1000 - 5960)).toBeLessThan(200);
      expect(room.loudest.at(-1)).toEqual(['a']);
    },
  );

  it('whose Opus packets tell nothing, is listened to all the time while he speaks, with pauses', () => {
    const room = new Room();
    const words = (rate: number, samples: number, from: number) =>
      Math.floor(from / rate) % 3 === 0 ? tone(500, rate, samples, 8000, from) : hiss(samples, from);
    room.add('a', new Sender('opus', words, { hasLevel: false }));
    room.run(9000);
    expect(room.mix.stats.decoded).toBeGreaterThan(440);
    expect(room.loudest.filter(([who]) => who === 'a').length).toBe(3);
  });
});

describe('an output', () => {
  it('of Opus pauses in silence, with a packet every 400 ms, and marks where it goes on', () => {
    const room = new Room();
    room.listen('all', 'opus');
    room.run(4000);
    const silent = (room.packets.get('all') ?? []).map((packet) => readRtp(packet));
    expect(silent.length).toBeLessThan(22);
    for (let i = 12; i < silent.length; i++) {
      expect(((silent[i]?.timestamp ?? 0) - (silent[i - 1]?.timestamp ?? 0)) >>> 0).toBeLessThanOrEqual(48 * 400);
    }
    room.packets.set('all', []);
    room.add('a', new Sender('PCMA', pitch(300)));
    room.run(200);
    const talking = (room.packets.get('all') ?? []).map((packet) => readRtp(packet));
    const marked = talking.filter((packet) => packet?.marker);
    expect(marked.length).toBeLessThanOrEqual(2);
    expect(talking.at(-1)?.marker).toBe(false);
  });

  it.each(['G722', 'PCMA', 'PCMU'] as const)('of %s never pauses, and hisses a little in silence', (codec) => {
    const room = new Room();
    room.listen('all', codec);
    room.run(1000);
    expect(room.packets.get('all')?.length).toBe(50);
    const heard = room.heard('all', codec);
    expect(rms(heard)).toBeGreaterThan(4);
    expect(rms(heard)).toBeLessThan(40);
  });

  it('has tones over what it carries, and tones alone while it is held', () => {
    const room = new Room();
    room.add('a', new Sender('PCMA', pitch(1200)));
    room.listen('b', 'G722', { kind: 'without', participant: 'b' });
    room.listen('c', 'G722', { kind: 'without', participant: 'c' });
    room.run(500);
    room.mix.announce('b', 'enter-pin');
    room.heard('b', 'G722');
    room.run(400);
    let heard = room.heard('b', 'G722');
    expect(amplitudeAt(587, 16_000, heard.subarray(500, 2400))).toBeGreaterThan(2000);
    expect(amplitudeAt(1200, 16_000, heard)).toBeGreaterThan(4000);
    expect(amplitudeAt(587, 16_000, room.heard('c', 'G722').subarray(-6400))).toBeLessThan(60);
    room.mix.hold('b', true);
    room.run(60);
    room.mix.announce('b', 'waiting');
    room.heard('b', 'G722');
    room.run(300);
    heard = room.heard('b', 'G722');
    expect(amplitudeAt(440, 16_000, heard)).toBeGreaterThan(1200);
    expect(amplitudeAt(1200, 16_000, heard)).toBeLessThan(60);
    room.mix.hold('b', false);
    room.mix.announce('b', undefined);
    room.run(3000);
    expect(amplitudeAt(1200, 16_000, room.heard('b', 'G722').subarray(-16_000))).toBeGreaterThan(4000);
    // By now both have the shared encoder again.
    const [b, c] = [room.packets.get('b') ?? [], room.packets.get('c') ?? []];
    room.run(100);
    expect(b.slice(-5).length).toBe(c.slice(-5).length);
  });

  it('goes from the shared mix to its own and back without a click', () => {
    const room = new Room();
    room.add('a', new Sender('PCMA', pitch(300, 5000)));
    room.add('b', new Sender('PCMA', pitch(450, 5000)));
    room.listen('b', 'opus', { kind: 'without', participant: 'b' });
    room.mix.setMuted('b', true);
    room.run(1000);
    room.mix.setMuted('b', false);
    room.run(1000);
    room.mix.setMuted('b', true);
    room.run(3000);
    const heard = room.heard('b', 'opus').subarray(24_000);
    // The first is the tone's own steepness; a change of encoders may bend it, but not break it.
    expect(steepest(heard)).toBeLessThan(5000 * ((2 * Math.PI * 300) / 48_000) * 3);
  });
});

describe('ticks', () => {
  it('that come late are made up for, five at most, and time goes on for the others', () => {
    const room = new Room();
    room.listen('all', 'PCMA');
    room.tick();
    room.now += 60;
    room.tick();
    expect(room.packets.get('all')?.length).toBe(5);
    room.now += 10_000;
    room.tick();
    const packets = (room.packets.get('all') ?? []).map((packet) => readRtp(packet));
    expect(packets.length).toBe(10);
    const [first, last] = [packets[0], packets[9]];
    expect(((last?.sequence ?? 0) - (first?.sequence ?? 0)) & 0xffff).toBe(9);
    expect(((last?.timestamp ?? 0) - (first?.timestamp ?? 0)) >>> 0).toBe(8 * (room.now - 20 - 10_000));
  });

  it('may come a little early or late without a frame more or less', () => {
    const room = new Room();
    room.listen('all', 'PCMA');
    for (let i = 0; i < 100; i++) {
      const made = room.mix.tick(10_000 + i * 20 + (i % 3) * 4 - 4);
      expect(made.length).toBe(1);
    }
  });
});

it('hears digits, also of one who is muted', () => {
  const room = new Room();
  room.mix.addSource('a', { codec: 'PCMA', payloadType: 8, dtmfPayloadType: DTMF });
  room.mix.setMuted('a', true);
  for (const [i, event] of [1, 2, 11].entries()) {
    for (let n = 0; n < 4; n++) {
      const payload = Buffer.of(event, n === 3 ? 0x8a : 10, 0, 160 * n);
      room.mix.receive('a', rtp({ payloadType: DTMF, sequence: i * 4 + n, timestamp: i * 1600, payload }), room.now);
    }
  }
  expect(room.digits).toEqual(['a:1', 'a:2', 'a:#']);
});
