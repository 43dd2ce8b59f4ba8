import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { DtlsParameters, PlainTransport, Router, RtpCapabilities, RtpParameters, WebRtcTransport, Worker } from 'mediasoup/types';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { pageCodec, producerCodec, routerCodecs } from '../../../src/bridge/media/codecs.js';
import type { StreamInfo, StreamSource } from '../../../src/bridge/media/media.js';
import { Part } from '../../../src/bridge/media/part.js';
import type { PartEvent } from '../../../src/bridge/media/part-api.js';
import { RoomLeg } from '../../../src/bridge/media/room-leg.js';
import { RoomLine } from '../../../src/bridge/media/room-line.js';
import { SsrcProbe } from '../../../src/bridge/media/ssrc-probe.js';
import { Streams } from '../../../src/bridge/media/streams.js';
import { loadMediasoup } from '../../../src/bridge/worker-binary.js';
import { RoomPeer } from '../../support/room-peer.js';
import { until } from '../../support/until.js';
import { h264 } from './part-world.js';

const settings = { addresses: [{ address: '127.0.0.1', advertised: undefined }], ports: { from: 0, to: 0 } };
const sdes = { rtcpMux: true, encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' } } as const;

let worker: Worker;
let router: Router;
beforeAll(async () => {
  worker = await (await loadMediasoup()).createWorker();
});
afterAll(() => worker.close());
beforeEach(async () => {
  router = await worker.createRouter({ mediaCodecs: [...routerCodecs] });
});
afterEach(() => router.close());

async function transports(): Promise<number> {
  const { transportIds } = (await router.dump()) as { transportIds: readonly string[] };
  return transportIds.length;
}

describe('a stream that somebody holds', () => {
  it('follows the last wish, also when wishes cross', async () => {
    const direct = await router.createDirectTransport();
    const producer = await direct.produce({
      kind: 'audio',
      rtpParameters: { codecs: [producerCodec('opus', 111)], encodings: [{ ssrc: 1 }] },
    });
    const streams = new Streams(() => undefined);
    const stream = streams.add('a/microphone', producer, undefined);
    await Promise.all([streams.hold(stream, 'host', true), streams.hold(stream, 'host', false)]);
    expect(producer.paused).toBe(false);
    await streams.hold(stream, 'host', true);
    await Promise.all([streams.hold(stream, 'host', false), streams.hold(stream, 'self', true)]);
    expect(producer.paused).toBe(true);
    await streams.hold(stream, 'self', false);
    expect(producer.paused).toBe(false);
  });
});

describe('a room system that leaves while its line is being opened', () => {
  const leg = (waiting = false, streams = new Streams(() => undefined), opened: (stream: StreamInfo) => void = () => undefined): RoomLeg =>
    new RoomLeg('a', router, settings, streams, waiting, opened);

  it('leaves no port', async () => {
    const gone = leg();
    const opening = gone.open('audio', sdes);
    gone.close();
    await expect(opening).rejects.toMatchObject({ code: 'leg_gone' });
    expect(await transports()).toBe(0);
  });

  it('leaves none of a line that was closed, and of one opened twice the last', async () => {
    const here = leg();
    const closed = here.open('video', sdes);
    here.closeLine('video');
    await expect(closed).rejects.toMatchObject({ code: 'leg_gone' });
    const [first, second] = await Promise.allSettled([here.open('audio', sdes), here.open('audio', sdes)]);
    expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
    expect(await transports()).toBe(1);
    here.close();
    await until(
      async () => (await transports()) === 0,
      () => 'its port to be free',
    );
  });

  it('shows nothing while it waits, from its first packet on', async () => {
    const streams = new Streams(() => undefined);
    const asked: string[] = [];
    const waiting = leg(true, streams, ({ id }) => asked.push(streams.get(id).asked));
    const peer = await RoomPeer.open();
    await waiting.open('video', sdes);
    await waiting.connect('video', {
      direction: 'sendrecv',
      address: { ip: '127.0.0.1', port: peer.port, rtcpPort: peer.port },
      encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80', key: peer.key },
      codec: h264(97),
      ssrc: peer.ssrc,
    });
    expect(asked).toEqual(['pause']);
    waiting.close();
    peer.close();
  });
});

describe("a room system's port", () => {
  let transport: PlainTransport | WebRtcTransport | undefined;
  beforeEach(() => {
    router.observer.once('newtransport', (made) => {
      transport = made as PlainTransport | WebRtcTransport;
    });
  });
  const received = async (): Promise<number> => {
    const [stats] = (await transport?.getStats()) ?? [];
    return stats?.bytesReceived ?? 0;
  };

  it('is not taken by who sends garbage for longer than it takes to see that, and what comes in goes on as it was', async () => {
    let produced = 0;
    const line = await RoomLine.open(router, settings, sdes, { produced: () => (produced += 1) });
    const peer = await RoomPeer.open();
    peer.connect('127.0.0.1', line.local.port, line.local.key ?? '');
    await line.connect({
      direction: 'sendrecv',
      address: { ip: '127.0.0.1', port: peer.port, rtcpPort: peer.port },
      encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80', key: peer.key },
      codec: h264(97),
      ssrc: peer.ssrc,
    });
    const producer = line.producer;
    // Enough of it, and twice seen: the line listens for another SSRC.
    for (let look = 0; look < 2; look++) {
      const before = await received();
      for (let count = 0; count < 40; count++) peer.sendBytes(Buffer.alloc(200, 0x80));
      await until(
        async () => (await received()) >= before + 40 * 200,
        () => 'garbage to arrive',
      );
      await line.look();
    }
    const before = await received();
    peer.send(97, 1, Buffer.from([0x67, 1, 2, 3]));
    const probing = performance.now();
    await until(
      async () => {
        peer.send(97, 2, Buffer.from([0x67, 1, 2, 3]));
        return (await received()) > before;
      },
      () => 'the port to be its own again',
    );
    expect(performance.now() - probing, 'long before the probe gives up by itself').toBeLessThan(2000);
    expect(produced).toBe(1);
    expect(line.producer).toBe(producer);
    expect(producer?.closed).toBe(false);
    line.close();
    peer.close();
  });

  it('stays with its transport while DTLS is not done, also after a hold', async () => {
    const line = await RoomLine.open(router, settings, { rtcpMux: true, encryption: { kind: 'dtls' } }, { produced: () => undefined });
    await line.connect({
      direction: 'inactive',
      address: 'learn',
      encryption: {
        kind: 'dtls',
        parameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: Array(32).fill('AB').join(':') }] },
        ice: { usernameFragment: 'abcd', password: 'abcdefghijklmnopqrstuv' },
      },
      codec: h264(97),
      ssrc: undefined,
    });
    await line.direct('sendrecv');
    const socket = createSocket('udp4');
    await until(
      async () => {
        socket.send(Buffer.alloc(100, 0x80), line.local.port, '127.0.0.1');
        return (await received()) > 0;
      },
      () => 'the transport to hear',
      2000,
    );
    socket.close();
    line.close();
  });

  it('is left when too much comes that is not it, and leaves no socket when it cannot be shared', async () => {
    const taken = createSocket('udp4');
    taken.bind(0, '127.0.0.1');
    await once(taken, 'listening');
    const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'UDPWrap').length;
    const before = sockets();
    const at = { ip: '127.0.0.1', port: taken.address().port };
    const never = (): boolean => false;
    await expect(SsrcProbe.open(at, never, () => undefined)).rejects.toThrow(/EADDRINUSE/);
    await until(
      () => sockets() === before,
      () => `its socket to close: ${sockets()} are open`,
    );
    taken.close();
    const line = await RoomLine.open(router, settings, sdes, { produced: () => undefined });
    const socket = createSocket('udp4');
    const found = new Promise((resolve, reject) => {
      SsrcProbe.open({ ip: '127.0.0.1', port: line.local.port }, never, resolve).catch(reject);
    });
    const beat = setInterval(() => {
      for (let count = 0; count < 50; count++) socket.send(Buffer.alloc(20, 1), line.local.port, '127.0.0.1');
    }, 5);
    expect(await found).toBeUndefined();
    clearInterval(beat);
    socket.close();
    line.close();
  });
});

describe('what a page sends', () => {
  const codec = (mimeType: string): RtpParameters['codecs'][number] => ({ mimeType, payloadType: 100, clockRate: 90_000 });
  const from = (...types: string[]): RtpParameters => ({ codecs: types.map(codec) });

  it.each<[StreamSource, string[], string]>([
    ['microphone', ['audio/opus'], 'opus'],
    ['camera', ['video/H264', 'video/rtx'], 'H264'],
    ['slides', ['video/VP8', 'video/rtx'], 'VP8'],
    ['slides', ['video/h264'], 'H264'],
  ])('as its %s is taken as %j', (source, types, name) => {
    expect(pageCodec(source, from(...types))).toBe(name);
  });

  it.each<[StreamSource, string[]]>([
    ['microphone', ['video/H264']],
    ['microphone', ['audio/PCMU']],
    ['microphone', ['audio/opus', 'audio/PCMA']],
    ['microphone', ['audio/opus', 'audio/SILK']],
    ['camera', ['audio/opus']],
    ['camera', ['video/rtx']],
    ['camera', ['video/H264', 'video/VP8']],
    ['slides', ['video/VP9', 'video/rtx']],
    ['slides', []],
  ])('as its %s is refused as %j', (source, types) => {
    expect(() => pageCodec(source, from(...types))).toThrow(/is taken in/);
  });

  it('is refused as well when it has no sense at all', () => {
    expect(() => pageCodec('camera', {} as RtpParameters)).toThrow(/sends nothing/);
    expect(() => pageCodec('camera', { codecs: [{}] } as unknown as RtpParameters)).toThrow(/is taken in/);
  });
});

describe('a page at a part', () => {
  let part: Part;
  let capabilities: RtpCapabilities;
  const events: PartEvent[] = [];
  beforeEach(async () => {
    events.splice(0);
    part = new Part({ worker, settings, emit: (event) => events.push(event) });
    ({ rtpCapabilities: capabilities } = await part.open({ meeting: 'm', home: false }));
  });
  afterEach(() => part.close());

  const opus: RtpParameters = {
    codecs: [{ mimeType: 'audio/opus', payloadType: 111, clockRate: 48_000, channels: 2 }],
    encodings: [{ ssrc: 77 }],
    rtcp: { cname: 'page' },
  };

  it('has one transport each way: a further one takes the place of the one before', async () => {
    const sending = await part.openBrowserTransport('a', 'send');
    const first = await part.openBrowserTransport('a', 'receive');
    for (let count = 0; count < 6; count++) await part.openBrowserTransport('a', 'receive');
    await expect(part.restartIce('a', first.id)).rejects.toMatchObject({ code: 'leg_gone' });
    await expect(part.restartIce('a', sending.id)).resolves.toBeDefined();
    await part.produce('a', sending.id, 'microphone', opus);
    const again = await part.openBrowserTransport('a', 'send');
    expect(events.at(-1)).toEqual({ event: 'streamClosed', stream: 'a/microphone' });
    await part.produce('a', again.id, 'microphone', opus);
  });

  it('has one consumer of each stream', async () => {
    const { id: sending } = await part.openBrowserTransport('a', 'send');
    const stream = await part.produce('a', sending, 'microphone', opus);
    const { id: receiving } = await part.openBrowserTransport('b', 'receive');
    const first = await part.consume('b', receiving, stream, capabilities);
    const second = await part.consume('b', receiving, stream, capabilities);
    await expect(part.resumeConsumer('b', first.id)).rejects.toMatchObject({ code: 'leg_gone' });
    await expect(part.resumeConsumer('b', second.id)).resolves.toBeUndefined();
  });

  it('sends nothing that a meeting does not take', async () => {
    const { id } = await part.openBrowserTransport('a', 'send');
    await expect(part.produce('a', id, 'camera', opus)).rejects.toMatchObject({ code: 'not_acceptable' });
    // What a page writes, whatever the types say.
    for (const wrong of [{}, { role: 'x', fingerprints: [] }, { fingerprints: 1 }] as unknown as DtlsParameters[]) {
      await expect(part.connectBrowserTransport('a', id, wrong)).rejects.toMatchObject({ code: 'not_acceptable' });
    }
  });

  it('is refused by a part that is closed while it opens, and nothing of that stays', async () => {
    const { routerIds: before } = await worker.dump();
    const brief = new Part({ worker, settings, emit: () => undefined });
    const opening = brief.open({ meeting: 'm', home: true });
    await brief.close();
    await expect(opening).rejects.toMatchObject({ code: 'leg_gone' });
    expect((await worker.dump()).routerIds).toEqual(before);
  });
});
