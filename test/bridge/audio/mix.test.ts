import { describe, expect, it } from 'vitest';
import type { AudioCodecName } from '../../../src/bridge/audio/mix-api.js';
import { readRtp } from '../../../src/bridge/audio/rtp.js';
import { Room, Sender } from './room.js';
import { amplitudeAt, noise, rms, tone } from './sounds.js';

const rates: Record<AudioCodecName, number> = { opus: 48_000, G722: 16_000, PCMA: 8000, PCMU: 8000 };
const pitch =
  (hz: number, amplitude = 6000) =>
  (rate: number, samples: number, from: number) =>
    tone(hz, rate, samples, amplitude, from);
const quiet = (_: number, samples: number, from: number) => noise(samples, 20, from + 1);

/** How loud each pitch is in the last second that an output sent. */
function pitches(room: Room, id: string, codec: AudioCodecName, hz: readonly number[]): number[] {
  const heard = room.heard(id, codec);
  return hz.map((each) => amplitudeAt(each, rates[codec], heard.subarray(-rates[codec])));
}

describe('the mix', () => {
  const all: AudioCodecName[] = ['opus', 'G722', 'PCMA', 'PCMU'];

  it.each(all)('has everyone in it, and for a speaker everyone but himself, in %s', (codec) => {
    const room = new Room();
    const hz = [400, 700, 1100];
    room.add('a', new Sender('opus', pitch(400)));
    room.add('b', new Sender('G722', pitch(700)));
    room.add('c', new Sender('PCMA', pitch(1100)));
    room.add('d', new Sender('PCMU', quiet));
    room.listen('all', codec);
    for (const participant of ['a', 'b', 'c', 'd']) room.listen(participant, codec, { kind: 'without', participant });
    room.run(3000);
    for (const level of pitches(room, 'all', codec, hz)) expect(level).toBeGreaterThan(4000);
    for (const level of pitches(room, 'd', codec, hz)) expect(level).toBeGreaterThan(4000);
    for (const [index, participant] of ['a', 'b', 'c'].entries()) {
      for (const [other, level] of pitches(room, participant, codec, hz).entries()) {
        if (other === index) expect(level).toBeLessThan(60);
        else expect(level).toBeGreaterThan(4000);
      }
    }
    expect([...(room.loudest.at(-1) ?? [])].sort()).toEqual(['a', 'b', 'c']);
  });

  it('gives one participant alone while he is heard', () => {
    const room = new Room();
    room.add('a', new Sender('PCMA', pitch(400)));
    room.add('b', new Sender('PCMA', pitch(700)));
    room.listen('only', 'opus', { kind: 'only', participant: 'a' });
    room.run(2000);
    const [own = 0, other = 0] = pitches(room, 'only', 'opus', [400, 700]);
    expect(own).toBeGreaterThan(4000);
    expect(other).toBeLessThan(60);
  });

  it('encodes once for all who hear the same', () => {
    const room = new Room();
    room.add('a', new Sender('PCMA', pitch(400)));
    for (let i = 0; i < 50; i++) room.listen(`out${i}`, 'G722', { kind: 'without', participant: `listener${i}` });
    room.run(1000);
    expect(room.mix.stats.encoded).toBe(50);
    const [first, second] = [room.packets.get('out0') ?? [], room.packets.get('out49') ?? []];
    expect(first.length).toBe(50);
    expect(first.map((packet) => packet.subarray(12).toString('hex'))).toEqual(second.map((packet) => packet.subarray(12).toString('hex')));
  });

  it('counts sequence numbers and timestamps on, past their ends', () => {
    const room = new Room();
    room.add('a', new Sender('PCMA', pitch(400)));
    room.listen('opus', 'opus');
    room.listen('G722', 'G722');
    room.run(1000);
    for (const [id, ticks] of [
      ['opus', 960],
      ['G722', 160],
    ] as const) {
      const packets = (room.packets.get(id) ?? []).map((packet) => readRtp(packet));
      for (let i = 1; i < packets.length; i++) {
        expect(((packets[i]?.sequence ?? 0) - (packets[i - 1]?.sequence ?? 0)) & 0xffff).toBe(1);
        if (id === 'G722') expect(((packets[i]?.timestamp ?? 0) - (packets[i - 1]?.timestamp ?? 0)) >>> 0).toBe(ticks);
        else expect((((packets[i]?.timestamp ?? 0) - (packets[i - 1]?.timestamp ?? 0)) >>> 0) % ticks).toBe(0);
      }
    }
  });

  it('neither hears nor lists one who is muted', () => {
    const room = new Room();
    room.add('a', new Sender('opus', pitch(400)));
    room.listen('all', 'PCMA');
    room.run(1000);
    expect(room.loudest.at(-1)).toEqual(['a']);
    room.mix.setMuted('a', true);
    room.run(200);
    room.heard('all', 'PCMA');
    room.run(1000);
    expect(room.loudest.at(-1)).toEqual([]);
    expect(room.mix.levels().get('a')).toBe(0);
    expect(rms(room.heard('all', 'PCMA'))).toBeLessThan(40);
    room.mix.setMuted('a', false);
    room.run(1000);
    expect(pitches(room, 'all', 'PCMA', [400])[0]).toBeGreaterThan(4000);
  });
});
