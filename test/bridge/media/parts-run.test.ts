import { beforeEach, describe, expect, it } from 'vitest';
import { KeyFramesBySignalling } from '../../../src/bridge/media/key-frames-by-signalling.js';
import type { MeetingMediaEvents, RoomLineRemote, StreamInfo } from '../../../src/bridge/media/media.js';
import type { PartApi, PartEvent } from '../../../src/bridge/media/part-api.js';
import type { PartPlace } from '../../../src/bridge/media/part-place.js';
import { BrowserAtPart } from '../../../src/bridge/media/parts-browser.js';
import { RoomAtPart } from '../../../src/bridge/media/parts-room.js';
import { MeetingRun } from '../../../src/bridge/media/parts-run.js';
import { VirtualClock } from '../../../src/clock.js';
import { until } from '../../support/until.js';
import { h264, pcma } from './part-world.js';

/** A home that notes what it is asked; a test makes it wait. */
class Home {
  readonly asked: string[] = [];
  readonly feeds = new Set<string>();
  tell: (event: PartEvent) => void = () => undefined;
  /** What `connectRoomLine` and `pauseConsumer` wait for. */
  gate: Promise<void> = Promise.resolve();
  #consumers = 0;

  readonly place: PartPlace = {
    node: 'here',
    load: 0,
    createPart: async (listener) => {
      this.tell = (event) => listener.event(event);
      return { id: '1', node: 'here', place: this.place, api: this.api, load: 0, carry: () => undefined, close: async () => undefined };
    },
  };

  readonly api: PartApi = new Proxy({} as PartApi, {
    get:
      (_target, method: string) =>
      async (...args: unknown[]) => {
        this.asked.push([method, ...args.filter((arg) => typeof arg === 'string')].join(' '));
        switch (method) {
          case 'open':
            return { rtpCapabilities: {} };
          case 'connectRoomLine':
          case 'pauseConsumer':
            return this.gate;
          case 'makeFeed':
            this.feeds.add('feed');
            return 'feed';
          case 'dropFeed':
            this.feeds.delete(String(args[0]));
            return;
          case 'consume':
            return { id: `consumer ${++this.#consumers}` };
          case 'produce':
            return `${args[0]}/${args[2]}`;
        }
      },
  });
}

const video = (feedback: { nack: boolean; pli: boolean; fir: boolean }): RoomLineRemote => ({
  direction: 'sendrecv',
  address: 'learn',
  encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80', key: '' },
  codec: h264(97, { feedback }),
  ssrc: undefined,
});
const full = { nack: true, pli: true, fir: true };
const none = { nack: false, pli: false, fir: false };
const codecs = (mimeType: string) => ({ codecs: [{ mimeType, payloadType: 96, clockRate: 90_000 }] });

describe('the media of a meeting', () => {
  let home: Home;
  let run: MeetingRun;
  let failures: string[];
  let said: string[];

  beforeEach(async () => {
    home = new Home();
    failures = [];
    said = [];
    const events: MeetingMediaEvents = {
      streamOpened: ({ id }) => said.push(`opened ${id}`),
      streamClosed: (id) => said.push(`closed ${id}`),
      videoFormat: ({ codec }) => said.push(`send ${codec}`),
      keyFrameNeeded: (participant) => said.push(`whole picture of ${participant}`),
      speaking: () => undefined,
      speaker: () => undefined,
      digit: () => undefined,
      lost: () => undefined,
      quality: () => undefined,
    };
    run = await MeetingRun.open({
      meeting: 'm',
      events,
      placement: { threads: [home.place], neighbours: [], ready: async () => undefined, maxLegsPerPart: 150, maxLegsPerNode: 150 },
      failed: (what, reason) => failures.push(`${what}: ${reason}`),
      over: () => undefined,
    });
  });

  const room = async (name: string): Promise<RoomAtPart> => new RoomAtPart(run, await run.add(name, 'room'));
  const browser = async (name: string): Promise<BrowserAtPart> => new BrowserAtPart(run, await run.add(name, 'browser'));
  const stream = (participant: string, codec: StreamInfo['codec']): StreamInfo => ({
    id: `${participant}/camera`,
    participant,
    source: 'camera',
    kind: 'video',
    codec,
  });

  it('knows nothing of a room system any more that left while its line was being connected', async () => {
    let open: () => void = () => undefined;
    home.gate = new Promise((resolve) => {
      open = resolve;
    });
    const media = await room('a');
    await media.openLine('audio', { rtcpMux: true, encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' } });
    const connecting = media.connectLine('audio', { ...video(full), codec: pcma });
    await media.close();
    open();
    await expect(connecting).rejects.toMatchObject({ code: 'leg_gone' });
    expect(home.asked.filter((what) => what.startsWith('makeFeed'))).toEqual([]);
    expect(home.asked.at(-1)).toBe('closeLeg a');
    expect(failures).toEqual([]);
  });

  it('tells home of a picture line that closes', async () => {
    const media = await room('a');
    await media.connectLine('video', video(full));
    await media.closeLine('video');
    expect(home.asked.at(-1)).toBe('closeRoomLine a video');
  });

  it('has no VP8 while a room system is in, at whatever part', async () => {
    const page = await browser('b');
    const waiting = await room('a');
    await expect(page.produce('t', 'camera', codecs('video/VP8'))).resolves.toBe('b/camera');
    home.tell({ event: 'streamOpened', stream: stream('b', 'VP8') });
    expect(said).toEqual(['opened b/camera']);
    await waiting.setWaiting(false);
    expect(said).toEqual(['opened b/camera', 'closed b/camera', 'send H264']);
    expect(home.asked).toContain('closeStream b camera');
    await expect(page.produce('t', 'camera', codecs('video/VP8'))).rejects.toThrow(/know no VP8: send H.264/);
    // One that was on its way.
    home.tell({ event: 'streamOpened', stream: stream('b', 'VP8') });
    expect(said.filter((what) => what.startsWith('opened'))).toHaveLength(1);
    expect(home.asked.filter((what) => what === 'closeStream b camera')).toHaveLength(2);
    await page.produce('t', 'camera', codecs('video/H264'));
    home.tell({ event: 'streamOpened', stream: stream('b', 'H264') });
    expect(said.at(-1)).toBe('opened b/camera');
    await waiting.close();
    await page.produce('t', 'camera', codecs('video/VP8'));
    expect(failures).toEqual([]);
  });

  it.each([
    [none, ['whole picture of a']],
    [{ ...none, fir: true }, []],
    [full, []],
  ])('begins with a whole picture for who looks at a room system with feedback %j', async (feedback, asked) => {
    const media = await room('a');
    await media.connectLine('video', video(feedback));
    await media.setWaiting(false);
    home.tell({ event: 'streamOpened', stream: stream('a', 'H264') });
    const page = await browser('b');
    const { id } = await page.consume('t', 'a/camera', {});
    said.splice(0);
    await page.resumeConsumer(id);
    await page.resumeConsumer('unknown');
    expect(said).toEqual(asked);
    run.close().catch(() => undefined);
  });

  it('is asked for so much at one time by each participant and no more, and others go on', async () => {
    let open: () => void = () => undefined;
    home.gate = new Promise((resolve) => {
      open = resolve;
    });
    const page = await browser('b');
    const asking = Array.from({ length: 64 }, () => page.pauseConsumer('c'));
    await expect(page.pauseConsumer('c')).rejects.toMatchObject({ code: 'not_acceptable' });
    await (await browser('c')).resumeConsumer('x');
    open();
    await Promise.all(asking);
    await page.pauseConsumer('c');
  });

  it('drops a feed that home speaks of when its leg has left', async () => {
    home.feeds.add('late');
    home.tell({ event: 'feedChanged', participant: 'gone', line: 'audio', feed: 'late' });
    await until(
      () => !home.feeds.has('late'),
      () => 'the feed to be dropped',
    );
  });
});

describe('wishes for whole pictures by signalling', () => {
  it('are uttered at once, and those that follow once at the end of the gap', () => {
    const clock = new VirtualClock();
    const asked: string[] = [];
    const wishes = new KeyFramesBySignalling((participant) => asked.push(participant), clock);
    for (const participant of ['a', 'a', 'b', 'a']) wishes.want(participant);
    expect(asked).toEqual(['a', 'b']);
    clock.advance(499);
    expect(asked).toEqual(['a', 'b']);
    clock.advance(1);
    expect(asked).toEqual(['a', 'b', 'a']);
    clock.advance(500);
    expect(asked).toHaveLength(3);
    wishes.want('a');
    wishes.want('a');
    wishes.forget('a');
    clock.advance(1000);
    expect(asked).toHaveLength(4);
    wishes.want('b');
    wishes.close();
    expect(clock.pending).toBe(0);
  });
});
