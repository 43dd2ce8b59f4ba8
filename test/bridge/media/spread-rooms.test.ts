import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MeetingMedia, RoomCodec, RoomMedia } from '../../../src/bridge/media/media.js';
import { type AnnouncedNode, NodeLink } from '../../../src/bridge/media/node-link.js';
import type { MediaPool } from '../../../src/bridge/media/pool.js';
import { RoomPeer } from '../../support/room-peer.js';
import { until } from '../../support/until.js';
import { engineWorld, type Heard, listener, spreadOf, type World } from './engine-world.js';
import { h264, pcma, Room } from './part-world.js';

const suite = 'AES_CM_128_HMAC_SHA1_80';

describe('room systems on several workers', { timeout: 60_000 }, () => {
  let world: World;
  let engine: MediaPool;
  let media: MeetingMedia;
  let heard: Heard;
  let rooms: Room[] = [];

  beforeAll(async () => {
    world = await engineWorld('src/bridge/media/thread.ts');
    // One room system fills a worker.
    engine = await world.engine({ workers: 2, maxLegsPerPart: 2 });
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    heard = listener();
    media = await engine.open('4600000001', { events: heard.events });
    rooms = [];
  });
  afterEach(async () => {
    for (const room of rooms) room.close();
    await media.close();
    expect(world.failures).toEqual([]);
  });

  async function room(name: string, meeting = media): Promise<{ room: Room; leg: RoomMedia }> {
    const leg = await meeting.addRoom(name);
    const made = new Room(name);
    rooms.push(made);
    const lines: ['audio' | 'video', RoomCodec][] = [
      ['audio', pcma],
      ['video', h264(97)],
    ];
    for (const [line, codec] of lines) {
      const peer = await RoomPeer.open(suite);
      const local = await leg.openLine(line, { rtcpMux: true, encryption: { kind: 'sdes', suite } });
      peer.connect(local.address, local.port, local.key ?? '');
      made.lines[line] = peer;
      await leg.connectLine(line, {
        direction: 'sendrecv',
        address: { ip: '127.0.0.1', port: peer.port, rtcpPort: peer.port },
        encryption: { kind: 'sdes', suite, key: peer.key },
        codec,
        ssrc: undefined,
      });
    }
    await leg.setWaiting(false);
    return { room: made, leg };
  }

  /** Loud noise in G.711, or silence, 50 packets a second. */
  function talk(room: Room): { loud: boolean; stop(): void } {
    const state = { loud: false, stop: () => clearInterval(timer) };
    let timestamp = 0;
    const timer = setInterval(() => {
      const payload = Buffer.alloc(160, 0xd5);
      if (state.loud) for (let i = 0; i < 160; i++) payload[i] = (i >> 2) & 1 ? 0x2a : 0xaa;
      room.audio.send(8, timestamp, payload);
      timestamp += 160;
    }, 20);
    room.keep(timer);
    return state;
  }

  const hasSound = (room: Room) => room.audio.received.slice(-5).some(({ payload }) => payload.some((octet) => (octet & 0x70) !== 0x50));

  it('see and hear each other, each in one stream', async () => {
    const [here, there] = [await room('here'), await room('there')];
    expect(spreadOf(media).parts).toBe(2);
    expect(here.leg.cipher).toBe('SRTP AES-128');
    const voices = [talk(here.room), talk(there.room)] as const;
    here.room.film(97, 1);
    there.room.film(97, 2);
    voices[0].loud = true;
    await there.room.sees(1);
    await until(
      () => hasSound(there.room),
      () => 'there to hear here',
    );
    voices[0].loud = false;
    voices[1].loud = true;
    await here.room.sees(2);
    await until(
      () => hasSound(here.room),
      () => 'here to hear there',
    );
    // Who speaks is shown who spoke before, also on another worker than home.
    await there.room.sees(1);
    for (const { video } of [here.room, there.room]) {
      const streams = new Set(video.received.map(({ ssrc }) => ssrc));
      expect(streams.size).toBe(1);
      // mediasoup leaves out one number where it goes from one layer to the other: there a whole picture begins, so nothing is missed.
      const breaks = video.received.slice(1).filter(({ sequence, payload }, index) => {
        const step = (sequence - (video.received[index]?.sequence ?? 0)) & 0xffff;
        const isWhole = ((payload[0] ?? 0) & 0x1f) === 7;
        return step !== 1 && !(step === 2 && isWhole);
      });
      expect(breaks).toEqual([]);
    }
    for (const voice of voices) voice.stop();
    // The sound of both is Opus to browsers.
    expect([...heard.streams.values()].map(({ id, codec }) => `${id} ${codec}`).toSorted()).toEqual([
      'here/camera H264',
      'here/microphone opus',
      'there/camera H264',
      'there/microphone opus',
    ]);
    await there.leg.close();
    await until(
      () => heard.streams.size === 2,
      () => 'its streams to be gone',
    );
    expect(spreadOf(media)).toEqual({ parts: 1, piped: 0 });
  });

  it('see and hear each other across nodes', async () => {
    const secret = randomBytes(32);
    const announced: AnnouncedNode[] = [];
    const nodes = await Promise.all(
      ['a', 'b'].map(async (self) => {
        const pool = await world.engine({ workers: 1, maxLegsPerPart: 2 });
        const link = await NodeLink.open({
          listen: { address: '127.0.0.1', port: 0 },
          self,
          version: '1.0.0',
          secret: () => secret,
          others: () => announced,
          lend: (parts) => pool.lend(parts),
          observer: { broke: () => undefined, refused: () => undefined },
        });
        pool.borrowFrom(link);
        announced.push({ member: self, url: link.url, load: 0 });
        return { pool, link };
      }),
    );
    const [a, b] = nodes;
    if (!a || !b) throw new Error('there are two nodes');
    const meeting = await a.pool.open('4600000002', heard);
    const [here, there] = [await room('here', meeting), await room('there', meeting)];
    expect(b.link.lent).toBe(1);
    const voices = [talk(here.room), talk(there.room)] as const;
    here.room.film(97, 1);
    there.room.film(97, 2);
    voices[0].loud = true;
    await there.room.sees(1);
    await until(
      () => hasSound(there.room),
      () => 'there to hear here',
    );
    voices[0].loud = false;
    voices[1].loud = true;
    await here.room.sees(2);
    await until(
      () => hasSound(here.room),
      () => 'here to hear there',
    );
    await there.room.sees(1);
    for (const voice of voices) voice.stop();
    await meeting.close();
    await until(
      () => b.link.lent === 0,
      () => 'the part to be given back',
    );
    for (const { pool, link } of nodes) {
      await pool.close();
      await link.close();
    }
  });
});
