import { randomBytes } from 'node:crypto';
import type { DirectTransport, PlainTransport, Producer, Router, RtpCodecCapability, RtpCodecParameters } from 'mediasoup/types';
import { loadMediasoup } from '../../src/bridge/worker-binary.js';

/*
 * A room system's camera in a process of its own: about 2 Mbit/s that look like H.264 to who reads no further than the kind of each NAL unit,
 * in SRTP. Told by IPC where to send; sends until it is told otherwise.
 */

export const payloadType = 97;
export const suite = 'AES_CM_128_HMAC_SHA1_80';
const h264 = {
  mimeType: 'video/H264',
  clockRate: 90_000,
  parameters: { 'packetization-mode': 1, 'profile-level-id': '42e01f', 'level-asymmetry-allowed': 1 },
  rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }, { type: 'ccm', parameter: 'fir' }],
};
/** As routers and receivers want it, and as who sends it. */
export const cameraCodec: RtpCodecCapability = { kind: 'video', preferredPayloadType: payloadType, ...h264 };
export const sentCodec: RtpCodecParameters = { payloadType, ...h264 };

/** Where the camera is to send, and the key of who is there. */
export interface CameraOrder {
  readonly port: number;
  readonly key: string;
}
/** Where it sends from, its key, and its SSRC. */
export interface CameraReady {
  readonly port: number;
  readonly key: string;
  readonly ssrc: number;
}

const framesPerSecond = 30;
const packetsPerFrame = 7;
const octets = 1200;
export const packetsPerSecond = framesPerSecond * packetsPerFrame;

class Camera {
  readonly #router: Router;
  readonly #producer: Producer;
  readonly #ssrc: number;
  #transport: PlainTransport | undefined;
  #sequence = 0;
  #frame = 0;
  #keyWanted = true;
  readonly #packet = Buffer.alloc(octets, 0x55);

  constructor(router: Router, direct: DirectTransport, producer: Producer, ssrc: number) {
    this.#router = router;
    this.#producer = producer;
    this.#ssrc = ssrc;
    // Whatever is asked of it is a key frame.
    direct.on('rtcp', () => {
      this.#keyWanted = true;
    });
    setInterval(() => this.#shoot(), 1000 / framesPerSecond);
  }

  async aim(): Promise<CameraReady> {
    this.#transport?.close();
    const listenInfo = { protocol: 'udp', ip: '127.0.0.1' } as const;
    this.#transport = await this.#router.createPlainTransport({ listenInfo, rtcpMux: true, enableSrtp: true, srtpCryptoSuite: suite });
    const { tuple, srtpParameters } = this.#transport;
    const consumer = await this.#transport.consume({ producerId: this.#producer.id, rtpCapabilities: { codecs: [cameraCodec] } });
    const ssrc = consumer.rtpParameters.encodings?.[0]?.ssrc ?? 0;
    return { port: tuple.localPort, key: srtpParameters?.keyBase64 ?? '', ssrc };
  }

  async film({ port, key }: CameraOrder): Promise<void> {
    await this.#transport?.connect({ ip: '127.0.0.1', port, srtpParameters: { cryptoSuite: suite, keyBase64: key } });
    this.#keyWanted = true;
  }

  #shoot(): void {
    const frame = this.#frame++;
    const timestamp = Math.round(frame * (90_000 / framesPerSecond));
    const isKey = this.#keyWanted;
    this.#keyWanted = false;
    if (isKey) for (const unit of [0x67, 0x68]) this.#send(timestamp, false, unit, 0);
    // RFC 6184 §5.8: one coded picture in fragments.
    for (let part = 0; part < packetsPerFrame; part++) {
      const isLast = part === packetsPerFrame - 1;
      this.#send(timestamp, isLast, 0x7c, (part === 0 ? 0x80 : 0) | (isLast ? 0x40 : 0) | (isKey ? 5 : 1));
    }
  }

  #send(timestamp: number, marker: boolean, first: number, second: number): void {
    const packet = this.#packet;
    packet[0] = 0x80;
    packet[1] = payloadType | (marker ? 0x80 : 0);
    packet.writeUInt16BE(this.#sequence++ & 0xffff, 2);
    packet.writeUInt32BE(timestamp >>> 0, 4);
    packet.writeUInt32BE(this.#ssrc, 8);
    packet[12] = first;
    packet[13] = second;
    this.#producer.send(packet);
  }
}

async function startCamera(): Promise<Camera> {
  const worker = await (await loadMediasoup()).createWorker();
  const router = await worker.createRouter({ mediaCodecs: [cameraCodec] });
  const direct = await router.createDirectTransport();
  const ssrc = randomBytes(4).readUInt32BE() >>> 1;
  const producer = await direct.produce({ kind: 'video', rtpParameters: { codecs: [sentCodec], encodings: [{ ssrc }] } });
  return new Camera(router, direct, producer, ssrc);
}

if (process.send) {
  const camera = await startCamera();
  const tell = (message: CameraReady | 'filming'): void => {
    process.send?.(message);
  };
  process.on('message', (order: CameraOrder | 'aim') => {
    const done = order === 'aim' ? camera.aim().then(tell) : camera.film(order).then(() => tell('filming'));
    done.catch((error: unknown) => {
      process.stderr.write(`camera: ${String(error)}\n`);
      process.exit(1);
    });
  });
  process.on('disconnect', () => process.exit(0));
}
