import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { MeetingMediaEvents, RoomLineRemote } from '../src/bridge/media/media.js';
import { createMediaEngine } from '../src/bridge/media/pool.js';
import { loadMediasoup } from '../src/bridge/worker-binary.js';
import { atLeast, plain, print } from './row.js';
import { type CameraOrder, type CameraReady, cameraCodec, packetsPerSecond, payloadType, sentCodec, suite } from './support/camera.js';
import { until } from './support/child.js';
import { cpuSecondsOf, median } from './support/cpu.js';

/*
 * One camera of 2 Mbit/s to a hundred room systems, all of it in SRTP: packets that leave for each second of CPU time of the worker and of this
 * process, which holds the signalling and the worker's thread. Plain mediasoup forwards the camera's own stream; ours is tapped, rewritten, and
 * injected again as the picture of the speaker, and watched. Packets are counted by the kernel, at a port where nobody reads.
 */
const quick = process.argv.includes('--quick');
const receivers = quick ? 50 : 100;
const rounds = quick ? 1 : 3;
const seconds = quick ? 5 : 10;
const address = '127.0.0.1';
const key = () => randomBytes(30).toString('base64');

interface Forwarding {
  readonly workers: readonly number[];
  close(): Promise<void>;
}

const codec = {
  kind: 'video',
  name: 'H264',
  sendPayloadType: payloadType,
  receivePayloadType: payloadType,
  packetizationMode: 1,
  maxBitrate: undefined,
  feedback: { nack: true, pli: true, fir: true },
} as const;

const nobody = (): undefined => undefined;
const events: MeetingMediaEvents = {
  streamOpened: nobody,
  streamClosed: nobody,
  speaking: nobody,
  speaker: nobody,
  digit: nobody,
  videoFormat: nobody,
  keyFrameNeeded: nobody,
  lost: () => {
    throw new Error('a worker died');
  },
  quality: nobody,
};

function remote(port: number, theirKey: string, ssrc: number, direction: RoomLineRemote['direction']): RoomLineRemote {
  return { direction, address: { ip: address, port, rtcpPort: port }, encryption: { kind: 'sdes', suite, key: theirKey }, codec, ssrc };
}

async function ours(camera: Camera, sink: number, workers: number): Promise<Forwarding> {
  const failed = (what: string): void => void process.stderr.write(`portvakt: ${what}\n`);
  const engine = await createMediaEngine({
    settings: { addresses: [{ address, advertised: undefined }], ports: { from: 0, to: 0 } },
    observer: { workerDied: failed, workerFailed: failed, failed: (_meeting, what, reason) => failed(`${what}: ${reason}`) },
    workers,
    maxLegsPerPart: Math.ceil((2 * (receivers + 1)) / workers),
  });
  const media = await engine.open('4600000001', { events });
  const options = { rtcpMux: true, encryption: { kind: 'sdes', suite } } as const;
  const room = await media.addRoom('camera');
  const { port, key: ourKey } = await room.openLine('video', options);
  const { port: from, key: theirKey, ssrc } = await camera.aim();
  await room.connectLine('video', remote(from, theirKey, ssrc, 'recvonly'));
  await room.setWaiting(false);
  await camera.film({ port, key: ourKey ?? '' });
  for (let index = 0; index < receivers; index++) {
    const receiver = await media.addRoom(`room-${index}`);
    await receiver.openLine('video', options);
    await receiver.connectLine('video', remote(sink, key(), index + 1, 'sendonly'));
    await receiver.setWaiting(false);
  }
  return { workers: engine.workers.map(({ pid }) => pid), close: () => engine.close() };
}

async function theirs(camera: Camera, sink: number): Promise<Forwarding> {
  const worker = await (await loadMediasoup()).createWorker();
  const router = await worker.createRouter({ mediaCodecs: [cameraCodec] });
  const listenInfo = { protocol: 'udp', ip: address } as const;
  const open = () => router.createPlainTransport({ listenInfo, rtcpMux: true, enableSrtp: true, srtpCryptoSuite: suite });
  const source = await open();
  const { port: from, key: theirKey, ssrc } = await camera.aim();
  await source.connect({ ip: address, port: from, srtpParameters: { cryptoSuite: suite, keyBase64: theirKey } });
  const producer = await source.produce({ kind: 'video', rtpParameters: { codecs: [sentCodec], encodings: [{ ssrc }] } });
  await camera.film({ port: source.tuple.localPort, key: source.srtpParameters?.keyBase64 ?? '' });
  for (let index = 0; index < receivers; index++) {
    const receiver = await open();
    await receiver.connect({ ip: address, port: sink, srtpParameters: { cryptoSuite: suite, keyBase64: key() } });
    await receiver.consume({ producerId: producer.id, rtpCapabilities: { codecs: [cameraCodec] } });
  }
  return {
    workers: [worker.pid],
    close: async () => {
      worker.close();
      await once(worker, 'subprocessclose');
    },
  };
}

class Camera {
  readonly #child = start('./support/camera.js');

  async aim(): Promise<CameraReady> {
    this.#child.send('aim');
    const [ready] = (await once(this.#child, 'message')) as [CameraReady];
    return ready;
  }

  async film(order: CameraOrder): Promise<void> {
    this.#child.send(order);
    await once(this.#child, 'message');
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

function start(module: string): ChildProcess {
  return fork(fileURLToPath(new URL(module, import.meta.url)), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** Packets that the kernel dropped at this port: the last column of /proc/net/udp. */
function arrived(port: number): number {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const line = readFileSync('/proc/net/udp', 'latin1')
    .split('\n')
    .find((one) => one.trim().split(/\s+/)[1]?.endsWith(wanted));
  return Number(line?.trim().split(/\s+/).at(-1) ?? Number.NaN);
}

/** Packets for each second of CPU time. */
async function measure(what: string, open: () => Promise<Forwarding>, sink: number): Promise<number> {
  const forwarding = await open();
  try {
    const begin = arrived(sink);
    const perSecond = packetsPerSecond * receivers;
    // Everybody has a picture, and code that is used often is compiled.
    await until(
      () => arrived(sink) > begin + 2 * perSecond,
      () => `${what} to forward`,
      30_000,
    );
    const pids = [process.pid, ...forwarding.workers];
    const [packets, cpu] = [arrived(sink), cpuSecondsOf(pids)];
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const [forwarded, used] = [arrived(sink) - packets, cpuSecondsOf(pids) - cpu];
    if (forwarded < 0.5 * perSecond * seconds) throw new Error(`${what} forwarded ${forwarded} packets of ${perSecond * seconds}`);
    return forwarded / used;
  } finally {
    await forwarding.close();
  }
}

const camera = new Camera();
const sinkProcess = start('./support/sink.js');
try {
  const [sink] = (await once(sinkProcess, 'message')) as [number];
  const found = { ours: [] as number[], theirs: [] as number[], spread: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    found.theirs.push(await measure('plain mediasoup', () => theirs(camera, sink), sink));
    found.ours.push(await measure('the meeting service', () => ours(camera, sink, 1), sink));
    found.spread.push(await measure('the meeting service on two workers', () => ours(camera, sink, 2), sink));
  }
  const name = `picture to ${receivers} room systems`;
  print([
    plain(`${name}: plain mediasoup`, median(found.theirs), 'packets/CPU s'),
    plain(`${name}: meeting service`, median(found.ours), 'packets/CPU s'),
    plain(`${name}: meeting service on two workers`, median(found.spread), 'packets/CPU s'),
    atLeast(`${name}: meeting service against plain mediasoup`, median(found.ours) / median(found.theirs), '×', 0.95),
  ]);
} finally {
  camera.stop();
  sinkProcess.kill('SIGKILL');
}
