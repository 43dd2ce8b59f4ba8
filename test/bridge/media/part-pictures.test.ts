import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../support/until.js';
import { h264, PartWorld } from './part-world.js';

let world: PartWorld;
beforeEach(async () => {
  world = await PartWorld.open();
});
afterEach(() => world.close());

const anna = 11;
const bo = 22;
const cia = 33;

describe('what room systems see', () => {
  test('is the one who films, under the payload type that each asked for, and for himself the other', async () => {
    const a = await world.room('a', { video: h264(97) });
    const b = await world.room('b', { video: h264(109) });
    a.film(97, anna);
    await b.sees(anna);
    expect(new Set(b.video.received.map(({ payloadType }) => payloadType))).toEqual(new Set([109]));
    b.film(109, bo);
    await a.sees(bo);
    await b.sees(anna);
    expect(new Set(a.video.received.map(({ payloadType }) => payloadType))).toEqual(new Set([97]));
    expect(a.video.received.some(({ payload }) => payload[1] === anna)).toBe(false);
    expect(a.video.strange + b.video.strange).toBe(0);
  });

  test('goes on without a break when the speaker changes: one SSRC, time that never runs back, a whole picture first', async () => {
    const a = await world.room('a', { video: h264(97) });
    const b = await world.room('b', { video: h264(97) });
    const c = await world.room('c', { video: h264(97) });
    a.film(97, anna);
    await c.sees(anna);
    b.film(97, bo);
    await a.sees(bo);
    await world.part.closeLeg('a');
    await c.sees(bo);
    const { received } = c.video;
    expect(new Set(received.map(({ ssrc }) => ssrc)).size).toBe(1);
    const changed = received.findIndex(({ payload }) => payload[1] === bo);
    expect((received[changed]?.payload[0] ?? 0) & 0x1f).toBe(7);
    received.slice(1).forEach(({ timestamp, sequence }, index) => {
      const before = received[index];
      expect((timestamp - (before?.timestamp ?? 0)) | 0, `packet ${index + 1}`).toBeGreaterThanOrEqual(0);
      expect((sequence - (before?.sequence ?? 0)) & 0xffff, `packet ${index + 1}`).toBe(1);
    });
  });

  test('comes within a second to one who joins later', async () => {
    const a = await world.room('a', { video: h264(97) });
    const b = await world.room('b', { video: h264(97) });
    // A camera that is asked for a whole picture sends one with its next or the one after; this one hears no RTCP, so it sends them that often.
    a.film(97, anna, 4);
    await b.sees(anna);
    const asked = performance.now();
    const c = await world.room('c', { video: h264(102) });
    await c.sees(anna);
    expect((c.video.received[0]?.at ?? Number.POSITIVE_INFINITY) - asked).toBeLessThan(1000);
    expect((c.video.received[0]?.payload[0] ?? 0) & 0x1f).toBe(7);
  });

  test('is single NAL units for one who knows no other, and browsers are asked to send so', async () => {
    const a = await world.room('a', { video: h264(97) });
    const b = await world.room('b', { video: h264(98, { packetizationMode: 0, maxBitrate: 384_000 }) });
    a.film(97, anna);
    await b.sees(anna);
    expect(world.events).toContainEqual({ event: 'videoFormat', format: { codec: 'H264', packetizationMode: 0, maxBitrate: 384_000 } });
  });

  test('is nothing while it is on hold or waits, and begins with a whole picture after', async () => {
    const a = await world.room('a', { video: h264(97) });
    const b = await world.room('b', { video: h264(97) });
    a.film(97, anna);
    await b.sees(anna);
    await world.part.directRoomLine('b', 'video', 'recvonly');
    const c = await world.room('c', { video: h264(97) });
    await c.sees(anna);
    const held = b.video.received.length;
    await until(
      () => c.video.received.length > 20,
      () => 'pictures to the others',
    );
    expect(b.video.received.length).toBe(held);
    await world.part.directRoomLine('b', 'video', 'sendrecv');
    await until(
      () => b.video.received.length > held,
      () => 'pictures after the hold',
    );
    expect((b.video.received[held]?.payload[0] ?? 0) & 0x1f).toBe(7);
    await world.part.setWaiting('a', true);
    const before = b.video.received.length;
    await until(
      () => world.streams().length > 0 && b.video.received.length === before,
      () => 'a waiting room to be seen no more',
    );
  });
});

test('a camera that its host has paused is no choice, and one again at once when it goes on', async () => {
  const a = await world.room('a', { video: h264(97) });
  const b = await world.room('b', { video: h264(97) });
  const c = await world.room('c', { video: h264(97) });
  a.film(97, anna);
  await c.sees(anna);
  b.film(97, bo);
  await a.sees(bo);
  await world.part.pauseStream('a', 'camera', 'host', true);
  await c.sees(bo);
  await world.part.closeLeg('b');
  const shown = () => world.events.flatMap((event) => (event.event === 'speaker' ? [event.participant] : [])).at(-1);
  await until(
    () => shown() === undefined,
    () => 'nobody to be shown',
  );
  await world.part.pauseStream('a', 'camera', 'host', false);
  const resumed = performance.now();
  await c.sees(anna);
  expect(performance.now() - resumed).toBeLessThan(1_500);
});

describe('what a room system sends', () => {
  test.each(['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_128_GCM', 'AEAD_AES_256_GCM'] as const)(
    'is taken in %s, from behind a NAT, without its SSRC',
    async (suite) => {
      const a = await world.room('a', { video: h264(97) }, { suite, learn: true });
      const b = await world.room('b', { video: h264(97) }, { suite });
      a.film(97, anna);
      await b.sees(anna);
      b.film(97, bo);
      // It was told no address: that it is sent anything shows that it was learned.
      await a.sees(bo);
    },
  );

  test('is taken also after it changed its SSRC', async () => {
    const a = await world.room('a', { video: h264(97) }, { sayssrc: true });
    const b = await world.room('b', { video: h264(97) });
    a.film(97, anna);
    await b.sees(anna);
    a.video.ssrc = (a.video.ssrc + 1) >>> 0;
    const from = b.video.received.length;
    await until(
      () => world.streams().filter(({ participant }) => participant === 'a').length === 2 && b.video.received.length > from + 10,
      () => 'its new stream to be known',
      15_000,
    );
    await b.sees(anna);
  });

  test('is not disturbed by strangers, garbage, another codec and replays', async () => {
    const a = await world.room('a', { video: h264(97) });
    const b = await world.room('b', { video: h264(97) });
    for (let length = 0; length < 60; length++) a.video.sendBytes(Buffer.alloc(length, 0x80));
    a.film(97, cia);
    await b.sees(cia);
    for (let length = 0; length < 1400; length += 13) a.video.sendBytes(Buffer.alloc(length, 0x80));
    for (let count = 0; count < 50; count++) a.video.send(13, count, Buffer.alloc(20, 99));
    const from = b.video.received.length;
    await until(
      () => b.video.received.length > from + 30,
      () => 'the picture to go on',
    );
    expect(new Set(b.video.received.map(({ payload }) => payload[1]))).toEqual(new Set([cia]));
  });
});

test('nothing is left of those who left', async () => {
  for (let round = 0; round < 3; round++) {
    const a = await world.room(`a${round}`, { video: h264(97) });
    const b = await world.room(`b${round}`, { video: h264(109) });
    a.film(97, anna);
    await b.sees(anna);
    await world.part.closeLeg(`a${round}`);
    await world.part.closeLeg(`b${round}`);
    await world.part.dropFeed('picture:97:1');
    await world.part.dropFeed('picture:109:1');
    a.close();
    b.close();
    world.rooms.splice(0);
    const { transportIds = [] } = await world.routerDump();
    expect(transportIds.length, 'the DirectTransport alone').toBe(1);
  }
});
