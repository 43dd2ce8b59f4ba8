import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findWorkerBinary, loadMediasoup, WorkerBinaryError } from '../../src/bridge/worker-binary.js';
import { cachedWorkerPath, packagedWorkerPath } from '../../src/bridge/worker-location.mjs';

describe("finding mediasoup's worker", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const host = () => ({ version: '3.19.3', packageFolder: join(folder, 'mediasoup'), platform: 'linux', architecture: 'x64' });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portvakt-worker-'));
    env = { XDG_CACHE_HOME: join(folder, 'cache') };
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function place(path: string, mode = 0o755): Promise<string> {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '');
    await chmod(path, mode);
    return path;
  }

  it('finds none on a machine that has none yet', () => {
    expect(findWorkerBinary(env, host())).toBeUndefined();
  });

  it("takes mediasoup's own when it is the only one", async () => {
    const path = await place(packagedWorkerPath(host().packageFolder));
    expect(findWorkerBinary(env, host())).toEqual({ path, source: 'package' });
  });

  it("prefers the one in the user's cache folder", async () => {
    await place(packagedWorkerPath(host().packageFolder));
    const path = await place(cachedWorkerPath(env, host()));
    expect(findWorkerBinary(env, host())).toEqual({ path, source: 'cache' });
  });

  it('prefers the one that the environment names', async () => {
    await place(cachedWorkerPath(env, host()));
    const path = await place(join(folder, 'mine'));
    expect(findWorkerBinary({ ...env, MEDIASOUP_WORKER_BIN: path }, host())).toEqual({ path, source: 'environment' });
  });

  it('does not pass over a wrong name in the environment', async () => {
    await place(cachedWorkerPath(env, host()));
    const path = join(folder, 'mistyped');
    expect(() => findWorkerBinary({ ...env, MEDIASOUP_WORKER_BIN: path }, host())).toThrow(WorkerBinaryError);
  });

  it('passes over a file that cannot be executed, and a folder', async () => {
    await place(cachedWorkerPath(env, host()), 0o644);
    await mkdir(packagedWorkerPath(host().packageFolder), { recursive: true });
    expect(findWorkerBinary(env, host())).toBeUndefined();
  });

  it('keeps the workers of other versions and processors apart', () => {
    const paths = [
      cachedWorkerPath(env, host()),
      cachedWorkerPath(env, { ...host(), version: '3.19.4' }),
      cachedWorkerPath(env, { ...host(), architecture: 'arm64' }),
    ];
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("uses the home folder's .cache unless XDG_CACHE_HOME is an absolute path", () => {
    const atHome = join('/home/operator', '.cache', 'portvakt', 'mediasoup-worker', '3.19.3-linux-x64-2', 'mediasoup-worker');
    expect(cachedWorkerPath({}, { ...host(), home: '/home/operator' })).toBe(atHome);
    expect(cachedWorkerPath({ XDG_CACHE_HOME: 'relative' }, { ...host(), home: '/home/operator' })).toBe(atHome);
  });
});

describe("mediasoup's worker", () => {
  it('starts and makes a router with the codecs of room systems', async () => {
    const mediasoup = await loadMediasoup();
    const worker = await mediasoup.createWorker();
    try {
      const router = await worker.createRouter({
        mediaCodecs: [
          { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 },
          {
            kind: 'video',
            mimeType: 'video/H264',
            clockRate: 90_000,
            parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f' },
          },
        ],
      });
      expect(router.rtpCapabilities.codecs?.map((codec) => codec.mimeType)).toEqual(expect.arrayContaining(['audio/opus', 'video/H264']));
      expect((await worker.dump()).routerIds).toEqual([router.id]);
    } finally {
      worker.close();
    }
    expect(worker.closed).toBe(true);
  });

  it.each(['AES_CM_128_HMAC_SHA1_80', 'AEAD_AES_256_GCM'] as const)(
    'carries RTP encrypted with %s from one leg to another',
    async (cipher) => {
      const mediasoup = await loadMediasoup();
      const worker = await mediasoup.createWorker();
      try {
        const router = await worker.createRouter({
          mediaCodecs: [{ kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2 }],
        });
        const options = {
          listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
          rtcpMux: true,
          enableSrtp: true,
          srtpCryptoSuite: cipher,
        } as const;
        const [from, to] = await Promise.all([router.createPlainTransport(options), router.createPlainTransport(options)]);
        // Each encrypts with its own key and decrypts with the other's.
        await to.connect({ ip: '127.0.0.1', port: from.tuple.localPort, ...keyOf(from.srtpParameters) });
        await from.connect({ ip: '127.0.0.1', port: to.tuple.localPort, ...keyOf(to.srtpParameters) });

        const rtpParameters = {
          codecs: [{ mimeType: 'audio/opus', payloadType: 100, clockRate: 48_000, channels: 2 }],
          encodings: [{ ssrc: 1111 }],
        };
        const source = await router.createDirectTransport();
        const producer = await source.produce({ kind: 'audio', rtpParameters });
        const sent = await from.consume({ producerId: producer.id, rtpCapabilities: router.rtpCapabilities });
        const received = await to.produce({ kind: 'audio', rtpParameters: sent.rtpParameters });
        const sink = await router.createDirectTransport();
        const consumer = await sink.consume({ producerId: received.id, rtpCapabilities: router.rtpCapabilities });

        const payload = Buffer.from('a spoken word');
        const arrived = new Promise<Buffer>((resolve) => consumer.on('rtp', resolve));
        let sequence = 0;
        const speaking = setInterval(() => producer.send(rtpPacket(sequence++, 100, 1111, payload)), 5);
        try {
          const packet = await arrived;
          expect(packet.subarray(packet.length - payload.length)).toEqual(payload);
        } finally {
          clearInterval(speaking);
        }
      } finally {
        worker.close();
      }
    },
  );
});

function keyOf<T>(srtpParameters: T | undefined): { srtpParameters: T } {
  if (!srtpParameters) throw new Error('the transport has no SRTP parameters');
  return { srtpParameters };
}

/** An RTP packet with the fixed header alone (RFC 3550 §5.1). */
function rtpPacket(sequence: number, payloadType: number, ssrc: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(12);
  header.writeUInt8(0x80, 0);
  header.writeUInt8(payloadType, 1);
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE((sequence * 960) >>> 0, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}
