import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MeetingMedia } from '../../../src/bridge/media/media.js';
import type { MediaPool } from '../../../src/bridge/media/pool.js';
import { type PlainBrowser, type PlainRoom, plainBrowser, plainRoom } from '../../support/plain-leg.js';
import { until } from '../../support/until.js';
import { engineWorld, type Heard, listener, spreadOf, type World } from './engine-world.js';

describe('a meeting that is spread over workers', { timeout: 60_000 }, () => {
  let world: World;
  let engine: MediaPool;
  let media: MeetingMedia;
  let heard: Heard;
  let closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    world = await engineWorld();
    // Two legs fill a worker.
    engine = await world.engine({ maxLegsPerPart: 2 });
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    heard = listener();
    media = await engine.open('4600000001', { events: heard.events });
  });
  afterEach(async () => {
    for (const close of closing) await close();
    closing = [];
    await media.close();
    expect(world.failures).toEqual([]);
    expect(engine.load).toBe(0);
  });

  async function browser(name: string): Promise<PlainBrowser> {
    const leg = await plainBrowser(await media.addBrowser(name), media.rtpCapabilities);
    closing.push(() => leg.close());
    return leg;
  }

  async function room(name: string): Promise<PlainRoom> {
    const leg = await plainRoom(await media.addRoom(name));
    closing.push(() => leg.close());
    return leg;
  }

  const packets = (leg: { readonly socket: PlainBrowser['socket'] }, more: number) => {
    const from = leg.socket.total;
    return until(
      () => leg.socket.total >= from + more,
      () => `${more} packets, and ${leg.socket.total - from} came`,
    );
  };

  it('stays on one worker while there is room', async () => {
    await browser('anna');
    await browser('bo');
    expect(spreadOf(media)).toEqual({ parts: 1, piped: 0 });
  });

  it('brings a stream to a browser on another worker, once for all of them', async () => {
    const anna = await browser('anna');
    await browser('bo');
    const [cia, dan] = [await browser('cia'), await browser('dan')];
    expect(spreadOf(media).parts).toBe(2);
    const stream = await anna.speak('camera');
    await until(
      () => heard.streams.has(stream),
      () => 'the stream to be told',
    );
    await cia.listen(stream);
    await dan.listen(stream);
    await Promise.all([packets(cia, 20), packets(dan, 20)]);
    // To cia and dan; anna's part is home, so nothing went there.
    expect(spreadOf(media).piped).toBe(1);
  });

  it('takes the sound of all to home', async () => {
    await browser('anna');
    await browser('bo');
    const cia = await browser('cia');
    await cia.speak('microphone');
    await until(
      () => spreadOf(media).piped === 1,
      () => 'the sound to be piped home',
    );
  });

  it('pipes no longer than somebody receives', async () => {
    const anna = await browser('anna');
    await browser('bo');
    const cia = await browser('cia');
    const stream = await anna.speak('camera');
    const [one, two] = [await cia.listen(stream), await cia.listen(stream)];
    await packets(cia, 10);
    await cia.media.closeConsumer(one);
    expect(spreadOf(media).piped).toBe(1);
    await packets(cia, 10);
    await cia.media.closeConsumer(two);
    expect(spreadOf(media).piped).toBe(0);
    // Again, although it has just been closed.
    await cia.listen(stream);
    await packets(cia, 10);
  });

  it('ends a stream everywhere when it is closed', async () => {
    const anna = await browser('anna');
    await browser('bo');
    const cia = await browser('cia');
    const stream = await anna.speak('camera');
    await cia.listen(stream);
    await packets(cia, 5);
    await anna.media.closeStream('camera');
    await until(
      () => !heard.streams.has(stream) && spreadOf(media).piped === 0,
      () => 'the stream to be gone',
    );
    await expect(cia.listen(stream)).rejects.toMatchObject({ code: 'leg_gone' });
    // The same name again is another stream.
    const again = await anna.speak('camera');
    expect(again).toBe(stream);
    await cia.listen(again);
    await packets(cia, 10);
  });

  it('gives back a further worker when nobody is left there', async () => {
    await browser('anna');
    await browser('bo');
    const cia = await browser('cia');
    expect(spreadOf(media).parts).toBe(2);
    await cia.media.close();
    expect(spreadOf(media)).toEqual({ parts: 1, piped: 0 });
    await browser('dan');
    expect(spreadOf(media).parts).toBe(2);
  });

  it('feeds a room system on another worker what home has made', async () => {
    const first = await room('room-1');
    const second = await room('room-2');
    expect(spreadOf(media).parts).toBe(2);
    await Promise.all([packets(first, 10), packets(second, 10)]);
    // What they both hear goes once to the second's worker, and the second's own sound to home.
    expect(spreadOf(media).piped).toBe(2);
    await second.media.directLine('audio', 'inactive');
    expect(spreadOf(media).piped).toBe(1);
    await second.media.directLine('audio', 'sendrecv');
    await packets(second, 10);
    await second.media.close();
    await until(
      () => spreadOf(media).piped === 0,
      () => 'the pipes to be free',
    );
  });

  it('takes pictures to home only while a room system sees them', async () => {
    const first = await room('room-1');
    const cia = await browser('cia');
    expect(spreadOf(media).parts).toBe(2);
    const camera = await cia.speak('camera');
    await until(
      () => heard.streams.has(camera),
      () => 'the picture',
    );
    expect(spreadOf(media).piped).toBe(0);
    await first.see();
    // In the waiting room it sees nothing.
    expect(spreadOf(media).piped).toBe(0);
    await first.media.setWaiting(false);
    expect(spreadOf(media).piped).toBe(1);
    await until(
      () => (first.socket.received.get(4712) ?? 0) > 0 || [...first.socket.received.keys()].length > 1,
      () => 'a picture',
    );
    await first.media.closeLine('video');
    await until(
      () => spreadOf(media).piped === 0,
      () => 'the picture to stay where it is',
    );
  });

  it('keeps to itself what a room system sends that still waits', async () => {
    const lobby = await room('room-1');
    const browsing = await browser('anna');
    await until(
      () => engine.load === 3,
      () => 'both to be there',
    );
    await browsing.speak();
    await until(
      () => heard.streams.has('anna/microphone'),
      () => 'the stream of who is in',
    );
    expect([...heard.streams.keys()]).toEqual(['anna/microphone']);
    await lobby.media.setWaiting(false);
    expect([...heard.streams.keys()]).toEqual(['anna/microphone']); // G.711 is not for browsers
  });

  it("keeps a host's mute until it is taken back, also on what is opened later", async () => {
    await browser('anna');
    const bo = await browser('bo');
    const cia = await browser('cia');
    await media.setMuted('cia', 'microphone', true);
    const stream = await cia.speak('microphone');
    await until(
      () => heard.streams.has(stream),
      () => 'the stream',
    );
    const seen = await cia.speak('camera');
    await until(
      () => heard.streams.has(seen),
      () => 'the picture',
    );
    await bo.listen(stream);
    await media.setMuted('cia', 'microphone', false);
    await packets(bo, 10);
    await media.setMuted('cia', 'microphone', true);
    // Its picture goes on, and tells the time.
    await bo.listen(seen);
    await packets(bo, 20);
    const sums = () => [...bo.socket.received.values()];
    const before = sums();
    await packets(bo, 20);
    expect(sums().filter((sum, index) => sum !== before[index])).toHaveLength(1);
    await expect(media.setMuted('nobody', 'microphone', true)).rejects.toMatchObject({ code: 'leg_gone' });
  });

  it('refuses a second leg of the same name, and what is asked of one that left', async () => {
    const anna = await browser('anna');
    await expect(media.addBrowser('anna')).rejects.toMatchObject({ code: 'out_of_turn' });
    await anna.media.close();
    await expect(anna.media.openTransport('send')).rejects.toMatchObject({ code: 'leg_gone' });
    await browser('anna');
  });

  it('leaves nothing behind when legs come and go', async () => {
    await browser('anna');
    await browser('bo');
    for (let round = 0; round < 5; round++) {
      const legs = [await browser(`c${round}`), await browser(`d${round}`)] as const;
      const streams = [await legs[0].speak('camera'), await legs[1].speak('microphone')] as const;
      await until(
        () => streams.every((stream) => heard.streams.has(stream)),
        () => 'both streams',
      );
      await legs[0].listen(streams[1]);
      await legs[1].listen(streams[0]);
      await Promise.all(legs.map((leg) => packets(leg, 3)));
      await Promise.all(legs.map((leg) => leg.media.close()));
      expect(spreadOf(media)).toEqual({ parts: 1, piped: 0 });
      expect(media.streams).toEqual([]);
    }
    expect(engine.load).toBe(2);
  });
});
