import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAudioMix } from '../../../src/bridge/audio/mix.js';
import type { AudioCodecName } from '../../../src/bridge/audio/mix-api.js';
import { payloadOf, readRtp } from '../../../src/bridge/audio/rtp.js';
import { DTMF, payloadTypes, Room, rtp, Sender } from './room.js';
import { amplitudeAt, noise, rms, tone } from './sounds.js';

const codecs: AudioCodecName[] = ['opus', 'G722', 'PCMA', 'PCMU'];
const pitch = (hz: number) => (rate: number, samples: number, from: number) => tone(hz, rate, samples, 6000, from);

describe('bad input', () => {
  it.each(codecs)('never throws, whatever bytes come as %s', (codec) => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    const packet = fc.oneof(
      bytes.map((any) => Buffer.from(any)),
      fc
        .record({
          payloadType: fc.constantFrom(payloadTypes[codec], 13, DTMF),
          sequence: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 65_535 })),
          timestamp: fc.oneof(
            fc.integer({ min: 0, max: 40 }).map((n) => n * 160),
            fc.integer({ min: 0, max: 2 ** 32 - 1 }),
          ),
          ssrc: fc.constantFrom(1, 1, 1, 2),
          payload: bytes,
          level: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
        })
        .map(rtp),
    );
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 60 }), (packets) => {
        const mix = createAudioMix({ loudest: () => {}, digit: () => {} });
        mix.addSource('a', { codec, payloadType: payloadTypes[codec], dtmfPayloadType: DTMF });
        mix.addOutput('out', { codec: 'PCMA', payloadType: 8, ssrc: 1, of: { kind: 'all' } });
        let now = 0;
        for (const [i, bytesOf] of packets.entries()) {
          mix.receive('a', bytesOf, now);
          now += 10;
          if (i % 2) mix.tick(now);
        }
        for (let i = 0; i < 5; i++) mix.tick(now + 20 * i);
        expect([...mix.levels().values()].every((level) => level >= 0 && level <= 127)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it('reads headers, padding and extensions only where they end within the packet', () => {
    const good = rtp({ payloadType: 8, sequence: 1, timestamp: 2, payload: Buffer.alloc(160, 1), level: 30 });
    expect(readRtp(good)).toMatchObject({ payloadType: 8, sequence: 1, timestamp: 2, level: 97 });
    for (let length = 0; length < good.length; length++) {
      const cut = readRtp(good.subarray(0, length));
      if (length <= 20) expect(cut).toBeUndefined();
    }
    const padded = Buffer.concat([good, Buffer.of(0, 0, 3)]);
    padded[0] = 0xb0;
    const read = readRtp(padded);
    expect(read && payloadOf(read).length).toBe(160);
    padded[padded.length - 1] = 255;
    expect(readRtp(padded)).toBeUndefined();
  });

  it('is not harmed by one that says to be ten thousand others', () => {
    const room = new Room();
    room.add('good', new Sender('PCMA', pitch(400)));
    room.mix.addSource('bad', { codec: 'PCMA', payloadType: 8 });
    room.listen('all', 'PCMA');
    room.run(500);
    for (let i = 0; i < 10_000; i++) {
      room.mix.receive(
        'bad',
        rtp({ payloadType: 8, sequence: i * 977, timestamp: i * 31_337, ssrc: i, payload: Buffer.alloc(160, i & 255) }),
        room.now,
      );
    }
    room.run(1500);
    expect(amplitudeAt(400, 8000, room.heard('all', 'PCMA').subarray(-8000))).toBeGreaterThan(4000);
  });

  it('plays nothing twice that is sent twice', () => {
    const room = new Room();
    const replayed: Buffer[] = [];
    room.add('a', new Sender('PCMA', pitch(400)));
    room.listen('all', 'PCMU');
    room.run(3000, (participant, sender) => {
      const packet = sender.next();
      replayed.push(Buffer.from(packet));
      room.mix.receive(participant, packet, room.now - 7);
      for (const old of replayed.slice(-40)) room.mix.receive(participant, old, room.now - 6);
    });
    expect(amplitudeAt(400, 8000, room.heard('all', 'PCMU').subarray(-8000))).toBeGreaterThan(5000);
    expect(room.mix.stats.concealed).toBe(0);
  });

  it('drops huge packets, other codecs, and what the decoder refuses, and counts them', () => {
    const room = new Room();
    room.mix.addSource('a', { codec: 'opus', payloadType: 100 });
    room.mix.addSource('b', { codec: 'PCMA', payloadType: 8 });
    const at = { timestamp: 1, ssrc: 1 };
    room.mix.receive('b', rtp({ ...at, payloadType: 8, sequence: 1, payload: Buffer.alloc(60_000) }), room.now);
    room.mix.receive('b', rtp({ ...at, payloadType: 0, sequence: 2, payload: Buffer.alloc(160) }), room.now);
    room.mix.receive('a', rtp({ ...at, payloadType: 100, sequence: 1, payload: Buffer.alloc(60_000) }), room.now);
    room.mix.receive('nobody', rtp({ ...at, payloadType: 100, sequence: 1, payload: Buffer.alloc(10) }), room.now);
    expect(room.mix.stats.bad).toBe(3);
    for (let i = 0; i < 20; i++) {
      // Code 3 with more frames than there are bytes.
      room.mix.receive(
        'a',
        rtp({ ...at, payloadType: 100, sequence: 10 + i, timestamp: i * 960, payload: Buffer.of(0xfb, 2, 1) }),
        room.now,
      );
      room.tick();
    }
    expect(room.mix.stats.bad).toBeGreaterThan(10);
  });

  it('does not believe a sender for long that claims to be loud and sends silence', () => {
    const room = new Room();
    const quiet = (_: number, samples: number) => new Float32Array(samples);
    for (const [i, name] of ['x', 'y', 'z'].entries()) room.add(name, new Sender('opus', pitch(300 + 100 * i)));
    room.add('liar', new Sender('opus', quiet));
    room.run(4000, (participant, sender) => {
      const packet = sender.next();
      if (participant === 'liar') packet[17] = 0;
      room.mix.receive(participant, packet, room.now - 7);
    });
    expect([...(room.loudest.at(-1) ?? [])].sort()).toEqual(['x', 'y', 'z']);
    expect(room.mix.levels().get('liar')).toBeLessThan(60);
  });
});

describe('a network that loses and delays', () => {
  it('is heard through 5 % loss', () => {
    const room = new Room();
    room.add('a', new Sender('opus', pitch(400)));
    room.listen('all', 'G722');
    let i = 0;
    room.run(4000, (participant, sender) => {
      const packet = sender.next();
      if (i++ % 20 !== 7) room.mix.receive(participant, packet, room.now - 7);
    });
    const heard = room.heard('all', 'G722').subarray(-32_000);
    expect(amplitudeAt(400, 16_000, heard)).toBeGreaterThan(5000);
    expect(room.mix.stats.concealed).toBeGreaterThanOrEqual(8);
    expect(room.mix.stats.concealed).toBeLessThan(25);
  });

  it('is heard without a gap through 60 ms of jitter, once that is known', () => {
    const room = new Room();
    const seeded = noise(1000, 30);
    const waiting: { readonly at: number; readonly packet: Buffer }[] = [];
    room.add('a', new Sender('PCMA', pitch(400)));
    let i = 0;
    const receive = (participant: string, sender: Sender) => {
      waiting.push({ at: room.now + 30 + (seeded[i++] ?? 0), packet: sender.next() });
      waiting.sort((a, b) => a.at - b.at);
      while (waiting[0] && waiting[0].at <= room.now) room.mix.receive(participant, waiting.shift()?.packet ?? Buffer.alloc(0), room.now);
    };
    room.run(4000, receive);
    const before = room.mix.stats.concealed;
    room.run(6000, receive);
    expect(room.mix.stats.concealed - before).toBeLessThan(5);
  });

  it('takes a pause in sending for silence, and is there again at the first word', () => {
    const room = new Room();
    const sender = room.add('a', new Sender('opus', pitch(400)));
    room.listen('all', 'PCMA');
    room.run(2000);
    // DTX: nothing is sent for two seconds, the timestamps go on.
    room.drop('a');
    for (let i = 0; i < 100; i++) {
      sender.timestamp += 960;
      room.tick();
    }
    expect(room.loudest.at(-1)).toEqual([]);
    expect(rms(room.heard('all', 'PCMA').subarray(-4000))).toBeLessThan(40);
    for (let i = 0; i < 10; i++) {
      room.mix.receive('a', sender.next(), room.now - 7);
      room.tick();
    }
    const heard = room.heard('all', 'PCMA');
    const began = heard.findIndex((sample) => Math.abs(sample) > 3000) / 8;
    expect(began).toBeGreaterThan(0);
    expect(began).toBeLessThan(60);
  });

  it('plays comfort noise packets as a pause (RFC 3389)', () => {
    const room = new Room();
    const sender = room.add('a', new Sender('PCMA', pitch(400)));
    room.listen('all', 'PCMU');
    room.run(1000);
    room.drop('a');
    room.mix.receive(
      'a',
      rtp({ payloadType: 13, sequence: sender.sequence, timestamp: sender.timestamp, payload: Buffer.of(60) }),
      room.now,
    );
    sender.sequence++;
    for (let i = 0; i < 25; i++) {
      sender.timestamp += 160;
      room.tick();
    }
    for (let i = 0; i < 10; i++) {
      room.mix.receive('a', sender.next(), room.now - 7);
      room.tick();
    }
    expect(room.mix.stats.bad).toBe(0);
    expect(rms(room.heard('all', 'PCMU').subarray(-800))).toBeGreaterThan(3000);
  });
});
