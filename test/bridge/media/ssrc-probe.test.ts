import { createSocket } from 'node:dgram';
import type { Worker } from 'mediasoup/types';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { codecsWith, lineCapabilities, producerCodec } from '../../../src/bridge/media/codecs.js';
import type { SrtpSuite } from '../../../src/bridge/media/media.js';
import { srtpAuthenticator } from '../../../src/bridge/media/srtp-authentication.js';
import { SsrcProbe } from '../../../src/bridge/media/ssrc-probe.js';
import { loadMediasoup } from '../../../src/bridge/worker-binary.js';

let worker: Worker;
beforeAll(async () => {
  worker = await (await loadMediasoup()).createWorker();
});
afterAll(() => worker.close());

const suites: readonly [SrtpSuite, number][] = [
  ['AES_CM_128_HMAC_SHA1_80', 30],
  ['AEAD_AES_128_GCM', 28],
  ['AEAD_AES_256_GCM', 44],
];

function pcma(sequence: number): Buffer {
  const packet = Buffer.alloc(172, 0xd5);
  packet.writeUInt16BE(0x8008, 0);
  packet.writeUInt16BE(sequence, 2);
  packet.writeUInt32BE(sequence * 160, 4);
  packet.writeUInt32BE(1234, 8);
  return packet;
}

/** SRTP as mediasoup makes it, sent to `port`. */
async function sender(suite: SrtpSuite, keyBytes: number, port: number) {
  const router = await worker.createRouter({ mediaCodecs: codecsWith('PCMA', 8) });
  const direct = await router.createDirectTransport();
  const producer = await direct.produce({
    kind: 'audio',
    rtpParameters: { codecs: [producerCodec('PCMA', 8)], encodings: [{ ssrc: 1234 }], rtcp: { cname: 'test' } },
  });
  const transport = await router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
    enableSrtp: true,
    srtpCryptoSuite: suite,
  });
  await transport.connect({
    ip: '127.0.0.1',
    port,
    srtpParameters: { cryptoSuite: suite, keyBase64: Buffer.alloc(keyBytes, 7).toString('base64') },
  });
  const consumer = await transport.consume({ producerId: producer.id, rtpCapabilities: lineCapabilities('PCMA', 8) });
  let sequence = 0;
  return {
    ssrc: consumer.rtpParameters.encodings?.[0]?.ssrc,
    port: transport.tuple.localPort,
    key: transport.srtpParameters?.keyBase64 ?? '',
    send: () => producer.send(pcma(sequence++)),
    close: () => router.close(),
  };
}

describe('the SSRC of a room system that does not say it', () => {
  test.each(suites)('is that of the first packet made with the key, in %s', async (suite, keyBytes) => {
    const router = await worker.createRouter({ mediaCodecs: codecsWith('PCMA', 8) });
    const transport = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: '127.0.0.1', flags: { udpReusePort: true } },
      enableSrtp: true,
      srtpCryptoSuite: suite,
    });
    const port = transport.tuple.localPort;
    const far = await sender(suite, keyBytes, port);
    const right = srtpAuthenticator(suite, far.key);
    const seen: boolean[] = [];
    const first = await new Promise((resolve, reject) => {
      const accepts = (packet: Buffer) => {
        seen.push(right(packet));
        return seen.at(-1) === true;
      };
      SsrcProbe.open({ ip: '127.0.0.1', port }, accepts, resolve).then(() => {
        const stranger = createSocket('udp4');
        const forged = pcma(9);
        stranger.send(forged, port, '127.0.0.1', () => {
          stranger.close();
          const beat = setInterval(() => {
            far.send();
            if (seen.includes(true)) clearInterval(beat);
          }, 5);
        });
      }, reject);
    });
    expect(first).toEqual({ ssrc: far.ssrc, payloadType: 8, from: { ip: '127.0.0.1', port: far.port } });
    expect(seen[0]).toBe(false);
    far.close();
    router.close();
  });

  test('is not taken from a packet that was changed, cut, or made with another key', async () => {
    const received: Buffer[] = [];
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const got = new Promise<Buffer>((resolve) => socket.once('message', resolve));
    const far = await sender('AEAD_AES_128_GCM', 28, socket.address().port);
    const beat = setInterval(far.send, 5);
    const packet = await got;
    clearInterval(beat);
    received.push(packet);
    const right = srtpAuthenticator('AEAD_AES_128_GCM', far.key);
    expect(right(packet)).toBe(true);
    for (let at = 0; at < packet.length; at += 7) {
      const changed = Buffer.from(packet);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(right(changed), `byte ${at}`).toBe(false);
    }
    for (let length = 0; length < packet.length; length += 5) expect(right(packet.subarray(0, length))).toBe(false);
    expect(srtpAuthenticator('AEAD_AES_128_GCM', Buffer.alloc(28, 1).toString('base64'))(packet)).toBe(false);
    socket.close();
    far.close();
  });
});
