import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createDecoder, createEncoder } from '../../../src/bridge/audio/codec.js';
import type { RoomAudioCodec } from '../../../src/bridge/media/media.js';
import { until } from '../../support/until.js';
import { amplitudeAt, tone } from '../audio/sounds.js';
import { h264, PartWorld, pcma, type Room } from './part-world.js';

let world: PartWorld;
beforeEach(async () => {
  world = await PartWorld.open();
});
afterEach(() => world.close());

/** Speaks a tone, 20 ms at a time. Gives what stops it. */
function speak(room: Room, codec: RoomAudioCodec, hz: number): () => void {
  const encoder = createEncoder(codec.name);
  const samples = encoder.rate / 50;
  const clock = codec.name === 'opus' ? 960 : 160;
  let frame = 0;
  const beat = setInterval(() => {
    const payload = encoder.encode(tone(hz, encoder.rate, samples, 8000, frame * samples));
    room.audio.send(codec.receivePayloadType, frame++ * clock, Buffer.from(payload));
  }, 20);
  room.keep(beat);
  return () => clearInterval(beat);
}

/** How loud each of these tones is in the last half second that came. */
function hears(room: Room, codec: RoomAudioCodec, tones: readonly number[]): number[] {
  const decoder = createDecoder(codec.name);
  const sound = room.audio.received.slice(-25).flatMap(({ payload }) => [...decoder.decode(payload)]);
  return tones.map((hz) => amplitudeAt(hz, decoder.rate, Float32Array.from(sound.slice(-decoder.rate / 4))));
}

const g722: RoomAudioCodec = { ...pcma, name: 'G722', sendPayloadType: 9, receivePayloadType: 9 };
const opus: RoomAudioCodec = { ...pcma, name: 'opus', sendPayloadType: 107, receivePayloadType: 107 };

describe('what room systems hear', () => {
  test('is everybody but themselves, each in the codec that it speaks', async () => {
    const a = await world.room('a', { audio: pcma });
    const b = await world.room('b', { audio: g722 });
    const c = await world.room('c', { audio: opus });
    speak(a, pcma, 440);
    speak(b, g722, 700);
    speak(c, opus, 1100);
    const all = [440, 700, 1100];
    for (const [room, codec, own] of [
      [a, pcma, 0],
      [b, g722, 1],
      [c, opus, 2],
    ] as const) {
      await until(
        () => room.audio.received.length > 30 && hears(room, codec, all).every((loud, at) => (at === own ? loud < 400 : loud > 1500)),
        () => `${room.id} to hear the others alone: ${hears(room, codec, all)}`,
      );
      expect(new Set(room.audio.received.map(({ payloadType }) => payloadType))).toEqual(new Set([codec.sendPayloadType]));
      expect(new Set(room.audio.received.map(({ ssrc }) => ssrc)).size).toBe(1);
    }
    expect(world.events.filter(({ event }) => event === 'speaking').at(-1)).toMatchObject({
      participants: expect.arrayContaining(['a', 'b', 'c']),
    });
  });

  test('is a tone and nobody while it waits, and nobody hears it', async () => {
    const a = await world.room('a', { audio: pcma });
    const b = await world.room('b', { audio: pcma });
    await world.part.setWaiting('b', true);
    speak(a, pcma, 440);
    speak(b, pcma, 700);
    await world.part.announce('b', 'enter-pin');
    await until(
      () => b.audio.received.length > 60 && a.audio.received.length > 60,
      () => 'sound',
    );
    expect(hears(b, pcma, [440])[0]).toBeLessThan(300);
    expect(hears(a, pcma, [700])[0]).toBeLessThan(300);
    await world.part.setWaiting('b', false);
    await until(
      () => (hears(b, pcma, [440])[0] ?? 0) > 1500 && (hears(a, pcma, [700])[0] ?? 0) > 1500,
      () => `both to hear each other: ${hears(b, pcma, [440])} ${hears(a, pcma, [700])}`,
    );
  });

  test('keys pressed are told once each, also while it waits', async () => {
    const a = await world.room('a', { audio: pcma });
    await world.part.setWaiting('a', true);
    speak(a, pcma, 440);
    await until(
      () => world.streams().some(({ id }) => id === 'a/microphone'),
      () => 'its sound to be heard',
    );
    // mediasoup takes no key before the first sound of a stream: 100 ms of it have come.
    const heard = a.audio.received.length;
    await until(
      () => a.audio.received.length > heard + 5,
      () => 'its first packets to have been sent',
    );
    for (const [index, digit] of [4, 2].entries()) {
      for (let packet = 0; packet < 6; packet++) {
        const end = packet > 2 ? 0x80 : 0;
        a.audio.send(101, 100_000 + index * 4000, Buffer.from([digit, end | 10, 0, 160 + packet]), packet === 0);
      }
    }
    await until(
      () => world.events.filter(({ event }) => event === 'digit').length === 2,
      () => 'two digits',
    );
    expect(world.events.flatMap((event) => (event.event === 'digit' ? [event.digit] : []))).toEqual(['4', '2']);
  });
});

test('browsers are offered the sound of room systems as Opus, and it ends with them', async () => {
  const a = await world.room('a', { audio: pcma, video: h264(97) });
  speak(a, pcma, 440);
  await until(
    () => world.streams().some(({ id, codec }) => id === 'a/microphone' && codec === 'opus'),
    () => 'an Opus stream',
  );
  await world.part.closeLeg('a');
  await until(
    () => world.events.some((event) => event.event === 'streamClosed' && event.stream === 'a/microphone'),
    () => 'its end',
  );
});

test('in a large meeting those who do not speak share one stream, and one who speaks gets his own', async () => {
  const rooms: Room[] = [];
  for (let count = 0; count < 12; count++) rooms.push(await world.room(`r${count}`, { audio: pcma }));
  const [first, last] = [rooms[0], rooms[11]];
  if (!first || !last) throw new Error('no rooms');
  const silence = speak(first, pcma, 440);
  await until(
    () => (hears(last, pcma, [440])[0] ?? 0) > 1500,
    () => 'the shared mix',
  );
  silence();
  const before = new Set(last.audio.received.map(({ ssrc }) => ssrc));
  expect(before.size).toBe(1);
  speak(last, pcma, 700);
  await until(
    () =>
      (hears(first, pcma, [700])[0] ?? 0) > 1500 &&
      (hears(last, pcma, [700])[0] ?? 9999) < 400 &&
      !before.has(last.audio.received.at(-1)?.ssrc ?? 0),
    () => 'a stream without himself',
  );
  expect(world.events.filter(({ event }) => event === 'feedChanged').length).toBe(2);
});

test('who is let in into a large meeting hears that he is, and then the sound that all share', async () => {
  for (let count = 0; count < 10; count++) await world.room(`r${count}`, { audio: pcma });
  await world.part.setWaiting('late', true);
  const late = await world.room('late', { audio: pcma });
  const own = () => world.events.filter(({ event }) => event === 'feedChanged').length;
  await until(
    () => late.audio.received.length > 5,
    () => 'the sound of the waiting room',
  );
  await world.part.setWaiting('late', false);
  await world.part.announce('late', 'admitted');
  // 523, 659 and 784 Hz one after another.
  await until(
    () => (hears(late, pcma, [784])[0] ?? 0) > 1000,
    () => `the last note: ${hears(late, pcma, [523, 659, 784])}`,
  );
  expect(own()).toBe(0);
  await until(
    () => own() === 1,
    () => 'the shared feed',
  );
});

test('who speaks is told at once, and then five times a second at most', async () => {
  const a = await world.room('a', { audio: pcma });
  const b = await world.room('b', { audio: pcma });
  const told: number[] = [];
  const { events } = world;
  const push = events.push.bind(events);
  events.push = (...more) => {
    if (more.some(({ event }) => event === 'speaking')) told.push(performance.now());
    return push(...more);
  };
  speak(a, pcma, 440);
  for (let turn = 0; turn < 4; turn++) {
    const silence = speak(b, pcma, 700);
    const heard = (is: boolean) => () =>
      is ===
      events
        .flatMap((event) => (event.event === 'speaking' ? [event.participants] : []))
        .at(-1)
        ?.includes('b');
    await until(heard(true), () => 'b to be heard');
    silence();
    await until(heard(false), () => 'b to be heard no more');
  }
  expect(told.length).toBeGreaterThan(7);
  told.reduce((before, at) => {
    expect(at - before).toBeGreaterThan(190);
    return at;
  }, 0);
});

test('of a room system that left nothing is fed or heard any more', async () => {
  const a = await world.room('a', { audio: pcma });
  speak(a, pcma, 440);
  await until(
    () => world.streams().some(({ id }) => id === 'a/microphone'),
    () => 'its sound',
  );
  await world.part.closeLeg('a');
  await expect(world.part.consume('a', 'none', 'sound:PCMA:8:a', {})).rejects.toThrow();
  await world.room('b', { audio: pcma });
  await expect(world.part.feedRoomLine('b', 'audio', 'sound:PCMA:8:a')).rejects.toThrow('There is no stream sound:PCMA:8:a');
});

test('who is to be heard several times at once is tapped once', async () => {
  const a = await world.room('a', { audio: pcma });
  speak(a, pcma, 440);
  const raw = await until(
    () => world.streams().find(({ id }) => id === 'a/microphone:raw'),
    () => 'its sound',
  );
  await Promise.all([1, 2, 3].map(() => world.part.hear(raw)));
  const { mapProducerIdConsumerIds: consumers } = await world.routerDump();
  // Its own feed, and the tap.
  expect(consumers.flatMap(({ values }) => values).length).toBe(2);
});
