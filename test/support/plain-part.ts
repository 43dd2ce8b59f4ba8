import type {
  DirectTransport,
  DtlsParameters,
  PipeTransport,
  PlainTransport,
  Producer,
  Router,
  RtpCodecCapability,
  RtpParameters,
} from 'mediasoup/types';
import {
  type BrowserConsumer,
  type BrowserTransport,
  MediaError,
  type ParticipantId,
  type RoomLineLocal,
  type RoomLineRemote,
  type StreamSource,
} from '../../src/bridge/media/media.js';
import type { PartHost } from '../../src/bridge/media/part.js';
import type { FeedWish, PartApi, PartOptions, PipedStream, PipeEnd } from '../../src/bridge/media/part-api.js';

export const videoPayloadType = 101;
const codecs: RtpCodecCapability[] = [
  { kind: 'audio', mimeType: 'audio/opus', clockRate: 48_000, channels: 2, preferredPayloadType: 111 },
  { kind: 'audio', mimeType: 'audio/PCMA', clockRate: 8000, preferredPayloadType: 8 },
  { kind: 'video', mimeType: 'video/H264', clockRate: 90_000, preferredPayloadType: videoPayloadType },
];
const loopback = { protocol: 'udp', ip: '127.0.0.1' } as const;

/**
 * A part whose legs are plain RTP on loopback, so that a test sees every packet: real routers, real pipes, no encryption and no mix. A page's
 * transport takes packets at the port of its one ICE candidate; where it wants its own stands in the fingerprint, as `ip:port`.
 */
export class PlainPart implements PartApi {
  readonly #host: PartHost;
  #router: Router | undefined;
  #direct: DirectTransport | undefined;
  readonly #streams = new Map<string, Producer>();
  readonly #transports = new Map<string, PlainTransport>();
  readonly #lines = new Map<string, PlainTransport>();
  readonly #pipes = new Map<string, PipeTransport>();
  readonly #out = new Map<string, () => void>();
  readonly #feeds = new Map<string, NodeJS.Timeout>();
  readonly #owners = new Map<string, Set<PlainTransport>>();
  readonly #consumers = new Map<string, { resume(): Promise<void>; pause(): Promise<void>; close(): void }>();

  constructor(host: PartHost) {
    this.#host = host;
  }

  async open({ home }: PartOptions) {
    this.#router = await this.#host.worker.createRouter({ mediaCodecs: codecs });
    if (home) this.#direct = await this.#router.createDirectTransport();
    return { rtpCapabilities: this.#router.rtpCapabilities };
  }

  async close() {
    for (const timer of this.#feeds.values()) clearInterval(timer);
    this.#router?.close();
  }

  async openRoomLine(participant: ParticipantId, line: string): Promise<RoomLineLocal> {
    const transport = await this.#transport(participant);
    this.#lines.set(`${participant} ${line}`, transport);
    return { address: '127.0.0.1', port: transport.tuple.localPort, rtcpPort: undefined, key: undefined, dtls: undefined };
  }

  async connectRoomLine(participant: ParticipantId, line: string, { address, codec, ssrc }: RoomLineRemote) {
    const transport = this.#line(participant, line);
    if (address !== 'learn') await transport.connect({ ip: address.ip, port: address.port });
    if (ssrc === undefined) return;
    const rtpParameters = {
      codecs: [{ mimeType: 'audio/PCMA', clockRate: 8000, payloadType: codec.receivePayloadType }],
      encodings: [{ ssrc }],
    };
    const producer = await transport.produce({ kind: 'audio', rtpParameters });
    const id = `${participant}/microphone:raw`;
    this.#add(id, producer);
    this.#host.emit({ event: 'streamOpened', stream: { id, participant, source: 'microphone', kind: 'audio', codec: 'PCMA' } });
  }

  async directRoomLine() {}

  async closeRoomLine(participant: ParticipantId, line: string) {
    this.#lines.get(`${participant} ${line}`)?.close();
    this.#lines.delete(`${participant} ${line}`);
  }

  async requestKeyFrame() {}

  async openBrowserTransport(participant: ParticipantId): Promise<BrowserTransport> {
    const transport = await this.#transport(participant);
    this.#transports.set(transport.id, transport);
    const port = transport.tuple.localPort;
    return {
      id: transport.id,
      iceParameters: { usernameFragment: 'x', password: 'x' },
      iceCandidates: [{ foundation: 'x', priority: 1, ip: '127.0.0.1', address: '127.0.0.1', protocol: 'udp', port, type: 'host' }],
      dtlsParameters: { fingerprints: [] },
    };
  }

  async connectBrowserTransport(_participant: ParticipantId, transport: string, { fingerprints: [where] }: DtlsParameters) {
    const [ip = '', port = ''] = where?.value.split(':') ?? [];
    await this.#of(transport).connect({ ip, port: Number(port) });
  }

  async restartIce() {
    return { usernameFragment: 'y', password: 'y' };
  }

  async produce(participant: ParticipantId, transport: string, source: StreamSource, rtpParameters: RtpParameters) {
    const kind = source === 'microphone' ? 'audio' : 'video';
    const producer = await this.#of(transport).produce({ kind, rtpParameters });
    const id = `${participant}/${source}`;
    this.#add(id, producer);
    this.#host.emit({ event: 'streamOpened', stream: { id, participant, source, kind, codec: kind === 'audio' ? 'opus' : 'H264' } });
    return id;
  }

  async closeStream(participant: ParticipantId, source: StreamSource) {
    this.#streams.get(`${participant}/${source}`)?.close();
  }

  async pauseStream(participant: ParticipantId, source: StreamSource, _by: 'self' | 'host', paused: boolean) {
    const producer = this.#streams.get(`${participant}/${source}`);
    await (paused ? producer?.pause() : producer?.resume());
  }

  async consume(_participant: ParticipantId, transport: string, stream: string): Promise<BrowserConsumer> {
    const { rtpCapabilities } = this.#opened;
    const consumer = await this.#of(transport).consume({ producerId: this.#stream(stream).id, rtpCapabilities, paused: true });
    this.#consumers.set(consumer.id, consumer);
    consumer.observer.once('close', () => this.#consumers.delete(consumer.id));
    const { id, producerId, kind, rtpParameters } = consumer;
    return { id, stream, producerId, kind, rtpParameters, layers: 1 };
  }

  async resumeConsumer(_participant: ParticipantId, consumer: string) {
    await this.#consumers.get(consumer)?.resume();
  }

  async pauseConsumer(_participant: ParticipantId, consumer: string) {
    await this.#consumers.get(consumer)?.pause();
  }

  async preferLayer() {}

  async closeConsumer(_participant: ParticipantId, consumer: string) {
    this.#consumers.get(consumer)?.close();
  }

  async closeLeg(participant: ParticipantId) {
    for (const transport of this.#owners.get(participant) ?? []) transport.close();
    this.#owners.delete(participant);
  }

  async feedRoomLine(participant: ParticipantId, line: string, feed: string | undefined) {
    const transport = this.#line(participant, line);
    const key = `${participant} ${line}`;
    this.#consumers.get(key)?.close();
    this.#consumers.delete(key);
    if (feed === undefined) return;
    const { rtpCapabilities } = this.#opened;
    this.#consumers.set(key, await transport.consume({ producerId: this.#stream(feed).id, rtpCapabilities }));
  }

  async hear({ id }: { readonly id: string }) {
    this.#stream(id);
  }

  async show({ id }: { readonly id: string }) {
    this.#stream(id);
  }

  /** A feed is a packet every 20 ms. */
  async makeFeed({ kind, codec }: FeedWish) {
    const id = `${kind}:${codec.name}:${codec.sendPayloadType}`;
    if (this.#feeds.has(id) || !this.#direct) return id;
    const isSound = kind === 'sound';
    const payloadType = isSound ? 8 : videoPayloadType;
    const ssrc = isSound ? 4711 : 4712;
    const wire = isSound ? { mimeType: 'audio/PCMA', clockRate: 8000 } : { mimeType: 'video/H264', clockRate: 90_000 };
    const rtpParameters = { codecs: [{ ...wire, payloadType }], encodings: [{ ssrc }] };
    const producer = await this.#direct.produce({ kind: isSound ? 'audio' : 'video', rtpParameters });
    this.#add(id, producer);
    let sequence = 0;
    this.#feeds.set(
      id,
      setInterval(() => producer.send(rtp(payloadType, sequence++, ssrc)), 20),
    );
    return id;
  }

  async dropFeed(feed: string) {
    clearInterval(this.#feeds.get(feed));
    this.#feeds.delete(feed);
    this.#streams.get(feed)?.close();
  }

  async announce() {}
  async setWaiting() {}
  async setSpeaker() {}

  async openPipe(pipe: string): Promise<PipeEnd> {
    const transport = await this.#opened.createPipeTransport({ listenInfo: loopback, enableSrtp: pipe.startsWith('node:') });
    this.#pipes.set(pipe, transport);
    return { ip: '127.0.0.1', port: transport.tuple.localPort, srtp: transport.srtpParameters };
  }

  async connectPipe(pipe: string, { ip, port, srtp }: PipeEnd) {
    await this.#pipe(pipe).connect({ ip, port, ...(srtp ? { srtpParameters: srtp } : {}) });
  }

  async pipeOut(pipe: string, what: string): Promise<PipedStream> {
    const consumer = await this.#pipe(pipe).consume({ producerId: this.#stream(what).id });
    this.#out.set(`${pipe} ${what}`, () => consumer.close());
    return { id: what, kind: consumer.kind, rtpParameters: consumer.rtpParameters, paused: consumer.producerPaused, info: undefined };
  }

  async pipeIn(pipe: string, { id, kind, rtpParameters }: PipedStream) {
    this.#add(id, await this.#pipe(pipe).produce({ kind, rtpParameters }));
  }

  async closePiped(what: string, pipe?: string) {
    if (pipe === undefined) this.#streams.get(what)?.close();
    else this.#out.get(`${pipe} ${what}`)?.();
  }

  async closePipe(pipe: string) {
    this.#pipes.get(pipe)?.close();
    this.#pipes.delete(pipe);
  }

  get #opened(): Router {
    if (!this.#router) throw new MediaError('leg_gone', 'The part is not open');
    return this.#router;
  }

  #add(id: string, producer: Producer): void {
    this.#streams.set(id, producer);
    producer.observer.once('close', () => {
      this.#streams.delete(id);
      this.#host.emit({ event: 'streamClosed', stream: id });
    });
  }

  #stream(id: string): Producer {
    const stream = this.#streams.get(id);
    if (!stream) throw new MediaError('leg_gone', `There is no stream ${id} here`);
    return stream;
  }

  #of(id: string): PlainTransport {
    const transport = this.#transports.get(id);
    if (!transport) throw new MediaError('leg_gone', 'There is no such transport');
    return transport;
  }

  #line(participant: ParticipantId, line: string): PlainTransport {
    const transport = this.#lines.get(`${participant} ${line}`);
    if (!transport) throw new MediaError('leg_gone', 'There is no such line');
    return transport;
  }

  #pipe(id: string): PipeTransport {
    const pipe = this.#pipes.get(id);
    if (!pipe) throw new MediaError('leg_gone', 'There is no such pipe');
    return pipe;
  }

  async #transport(participant: ParticipantId): Promise<PlainTransport> {
    const transport = await this.#opened.createPlainTransport({ listenInfo: loopback, rtcpMux: true, comedia: false });
    const owned = this.#owners.get(participant) ?? new Set();
    this.#owners.set(participant, owned.add(transport));
    return transport;
  }
}

/** A packet of RTP with a payload of no meaning, but that as H.264 it begins a key frame: a sequence parameter set (RFC 6184 §1.3). */
export function rtp(payloadType: number, sequence: number, ssrc: number, octets = 160): Buffer {
  const packet = Buffer.alloc(12 + octets, 0x55);
  packet[12] = 0x67;
  packet[0] = 0x80;
  packet[1] = payloadType;
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 160) >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}
