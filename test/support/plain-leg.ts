import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { RtpCapabilities, RtpParameters } from 'mediasoup/types';
import type { BrowserMedia, RoomMedia, StreamId, StreamSource } from '../../src/bridge/media/media.js';
import { rtp, videoPayloadType } from './plain-part.js';

export interface PlainSocket {
  readonly port: number;
  /** Packets that came, by SSRC. */
  readonly received: ReadonlyMap<number, number>;
  /** Of all SSRCs. */
  readonly total: number;
  send(packet: Buffer, port: number): void;
  close(): void;
}

export async function plainSocket(): Promise<PlainSocket> {
  const socket: Socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const received = new Map<number, number>();
  let total = 0;
  socket.on('message', (packet) => {
    const type = packet[1] ?? 0;
    if (type >= 200 && type <= 207) return;
    const ssrc = packet.readUInt32BE(8);
    received.set(ssrc, (received.get(ssrc) ?? 0) + 1);
    total += 1;
  });
  return {
    port: socket.address().port,
    received,
    get total() {
      return total;
    },
    send: (packet, port) => socket.send(packet, port, '127.0.0.1'),
    close: () => socket.close(),
  };
}

/** A page of a test whose media are plain RTP (`PlainPart`). */
export interface PlainBrowser {
  readonly media: BrowserMedia;
  readonly socket: PlainSocket;
  /** Sends 50 packets a second from now on, until the socket closes. */
  speak(source?: StreamSource): Promise<StreamId>;
  /** Receives the stream from now on; gives the consumer's id. */
  listen(stream: StreamId): Promise<string>;
  close(): Promise<void>;
}

let nextSsrc = 1000;

export async function plainBrowser(media: BrowserMedia, capabilities: RtpCapabilities): Promise<PlainBrowser> {
  const socket = await plainSocket();
  const open = async (direction: 'send' | 'receive') => {
    const { id, iceCandidates } = await media.openTransport(direction);
    await media.connectTransport(id, { fingerprints: [{ algorithm: 'sha-256', value: `127.0.0.1:${socket.port}` }] });
    return { id, port: iceCandidates[0]?.port ?? 0 };
  };
  const send = await open('send');
  const receive = await open('receive');
  const timers: NodeJS.Timeout[] = [];
  return {
    media,
    socket,
    speak: async (source = 'microphone') => {
      const ssrc = nextSsrc++;
      const isAudio = source === 'microphone';
      const codec = isAudio
        ? { mimeType: 'audio/opus', clockRate: 48_000, channels: 2, payloadType: 111 }
        : { mimeType: 'video/H264', clockRate: 90_000, payloadType: videoPayloadType };
      const rtpParameters: RtpParameters = { codecs: [codec], encodings: [{ ssrc }] };
      const stream = await media.produce(send.id, source, rtpParameters);
      let sequence = 0;
      timers.push(setInterval(() => socket.send(rtp(codec.payloadType, sequence++, ssrc), send.port), 20));
      return stream;
    },
    listen: async (stream) => {
      const consumer = await media.consume(receive.id, stream, capabilities);
      await media.resumeConsumer(consumer.id);
      return consumer.id;
    },
    close: async () => {
      for (const timer of timers) clearInterval(timer);
      socket.close();
      await media.close();
    },
  };
}

/** A room system of a test: sends and receives G.711 in clear. */
export interface PlainRoom {
  readonly media: RoomMedia;
  readonly socket: PlainSocket;
  /** Opens its second line. */
  see(): Promise<void>;
  close(): Promise<void>;
}

export async function plainRoom(media: RoomMedia): Promise<PlainRoom> {
  const socket = await plainSocket();
  const ssrc = nextSsrc++;
  const { port } = await media.openLine('audio', { rtcpMux: true, encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' } });
  await media.connectLine('audio', {
    direction: 'sendrecv',
    address: { ip: '127.0.0.1', port: socket.port, rtcpPort: socket.port },
    encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80', key: '' },
    codec: { kind: 'audio', name: 'PCMA', sendPayloadType: 8, receivePayloadType: 8, dtmfPayloadType: undefined },
    ssrc,
  });
  let sequence = 0;
  const timer = setInterval(() => socket.send(rtp(8, sequence++, ssrc), port), 20);
  return {
    media,
    socket,
    see: async () => {
      await media.openLine('video', { rtcpMux: true, encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80' } });
      await media.connectLine('video', {
        direction: 'sendrecv',
        address: { ip: '127.0.0.1', port: socket.port, rtcpPort: socket.port },
        encryption: { kind: 'sdes', suite: 'AES_CM_128_HMAC_SHA1_80', key: '' },
        codec: {
          kind: 'video',
          name: 'H264',
          sendPayloadType: 97,
          receivePayloadType: 97,
          packetizationMode: 1,
          maxBitrate: undefined,
          feedback: { nack: true, pli: true, fir: true },
        },
        ssrc: undefined,
      });
    },
    close: async () => {
      clearInterval(timer);
      socket.close();
      await media.close();
    },
  };
}
