import type {
  Consumer,
  PlainTransport,
  Producer,
  Router,
  RtcpFeedback,
  RtpParameters,
  TransportListenInfo,
  WebRtcTransport,
} from 'mediasoup/types';
import { digitsCodec, lineCapabilities, producerCodec } from './codecs.js';
import { listenInfo } from './listen.js';
import { type Direction, MediaError, type RoomCodec, type RoomLineLocal, type RoomLineOptions, type RoomLineRemote } from './media.js';
import type { MediaSettings } from './media-settings.js';
import { srtpAuthenticator } from './srtp-authentication.js';
import { type FirstPacket, SsrcProbe } from './ssrc-probe.js';
import type { PartStream } from './streams.js';

/**
 * While a probe listens, the transport hears nothing, RTCP neither. Room systems send from the start or for a long time not at all, so it gives up
 * after this; `look` sees when packets come after all.
 */
const probeMs = 3000;
/** More in bytes than RTCP alone between two looks: packets arrive. */
const strayBytes = 1000;
/** So many looks at packets that no producer takes: the room system sends under another SSRC now. */
const strayLooks = 2;
/** After a probe that found nothing new, so many looks until the next, doubled each time: strangers must not keep the port from the transport. */
const firstRest = 2;
const longestRest = 64;

export interface RoomLineEvents {
  /** The room system's stream, once it is known under which SSRC it comes; again when that changes. */
  produced(producer: Producer): void;
}

/** One media line of a room system: a transport of mediasoup, what comes in by it, and the one feed that goes out. */
export class RoomLine {
  /** The machine's own address, where the one in `local` is another's. */
  readonly #ip: string;
  readonly #transport: PlainTransport | WebRtcTransport;
  readonly #events: RoomLineEvents;
  readonly local: RoomLineLocal;
  readonly #rtcpMux: boolean;
  #remote: RoomLineRemote | undefined;
  #direction: Direction = 'inactive';
  #probe: SsrcProbe | undefined;
  #probeEnds: NodeJS.Timeout | undefined;
  #producer: Producer | undefined;
  #consumer: Consumer | undefined;
  #held = false;
  /** Counts what was wished for, so that the last wish stands whichever is ready first. */
  #feeds = 0;
  /** What the worker was asked for last. */
  #asked: { readonly sends: boolean; readonly layer: number } = { sends: false, layer: 1 };
  #alone = false;
  #layer = 1;
  #strays = 0;
  /** Looks until a probe may listen again. */
  #rest = 0;
  #nextRest = firstRest;
  #awaitsHandshake = false;
  #seen = { transport: 0, producer: 0 };

  /** @throws MediaError `no_ports` */
  static async open(router: Router, settings: MediaSettings, options: RoomLineOptions, events: RoomLineEvents): Promise<RoomLine> {
    const { rtcpMux, encryption } = options;
    const listen = { ...listenInfo(settings, 'udp'), flags: { udpReusePort: true } };
    try {
      const transport =
        encryption.kind === 'sdes'
          ? await router.createPlainTransport({ listenInfo: listen, rtcpMux, enableSrtp: true, srtpCryptoSuite: encryption.suite })
          : await router.createWebRtcTransport({ listenInfos: [listen], enableUdp: true, enableTcp: false });
      return new RoomLine(transport, options, events, listen);
    } catch (error) {
      if (router.closed) throw new MediaError('leg_gone', 'The meeting ended while the line was being opened');
      throw new MediaError('no_ports', `No port for a room system's media: widen bridge.media.ports (${String(error)})`);
    }
  }

  private constructor(
    transport: PlainTransport | WebRtcTransport,
    { rtcpMux }: RoomLineOptions,
    events: RoomLineEvents,
    { ip, announcedAddress }: TransportListenInfo,
  ) {
    const address = announcedAddress ?? ip;
    this.#ip = ip;
    this.#transport = transport;
    this.#events = events;
    this.#rtcpMux = rtcpMux;
    if (isPlain(transport)) {
      const { tuple, rtcpTuple, srtpParameters } = transport;
      this.local = { address, port: tuple.localPort, rtcpPort: rtcpTuple?.localPort, key: srtpParameters?.keyBase64, dtls: undefined };
    } else {
      const { iceParameters, iceCandidates, dtlsParameters } = transport;
      const dtls = { ice: iceParameters, candidates: iceCandidates, parameters: dtlsParameters };
      this.local = { address, port: iceCandidates[0]?.port ?? 0, rtcpPort: undefined, key: undefined, dtls };
    }
  }

  get remote(): RoomLineRemote | undefined {
    return this.#remote;
  }

  get codec(): RoomCodec | undefined {
    return this.#remote?.codec;
  }

  get producer(): Producer | undefined {
    return this.#producer;
  }

  get consumer(): Consumer | undefined {
    return this.#consumer;
  }

  /** @throws MediaError `out_of_turn` for a second time, `not_acceptable` where keys and transport do not fit */
  async connect(remote: RoomLineRemote): Promise<void> {
    if (this.#remote) throw new MediaError('out_of_turn', 'The line is connected already: close it and open another');
    this.#remote = remote;
    this.#direction = remote.direction;
    const { address, encryption } = remote;
    const transport = this.#transport;
    if (isPlain(transport)) {
      if (encryption.kind !== 'sdes') throw new MediaError('not_acceptable', 'The line was opened for SDES and connected with DTLS');
      if (address !== 'learn') await this.#connectPlain(transport, address);
    } else {
      if (encryption.kind !== 'dtls') throw new MediaError('not_acceptable', 'The line was opened for DTLS and connected with SDES');
      await transport.connect({ dtlsParameters: encryption.parameters });
    }
    if (!this.#receives && address !== 'learn') return;
    if (remote.ssrc !== undefined && address !== 'learn') await this.#produce(remote.ssrc);
    else if (isPlain(transport)) await this.#learn();
    else this.#learnAfterHandshake(transport);
  }

  /** Hold and resume: what flows which way from now on. */
  async direct(direction: Direction): Promise<void> {
    const received = this.#receives;
    this.#direction = direction;
    await this.#apply();
    if (!this.#receives || received || this.#producer || this.#probe) return;
    if (isPlain(this.#transport)) await this.#learn();
    else this.#learnAfterHandshake(this.#transport);
  }

  /** Nothing goes out, whatever the direction, while this lasts. */
  async hold(held: boolean): Promise<void> {
    this.#held = held;
    await this.#apply();
  }

  /** What goes out from now on. Undefined: nothing. */
  async feed(feed: PartStream | undefined): Promise<void> {
    const before = this.#consumer;
    if (before && !before.closed && before.producerId === feed?.producer.id) return;
    this.#consumer = undefined;
    before?.close();
    this.#feeds += 1;
    const turn = this.#feeds;
    const codec = this.codec;
    if (!feed || !codec) return;
    const isVideo = codec.kind === 'video';
    // As it is now: what is wanted while the consumer is being made is asked for by `#apply` after it.
    const asked = { sends: this.#sends, layer: this.#layer };
    const feedback = isVideo ? feedbackOf(codec.feedback) : [];
    const consumer = await this.#transport.consume({
      producerId: feed.producer.id,
      rtpCapabilities: lineCapabilities(codec.name, codec.sendPayloadType, { mode: isVideo ? codec.packetizationMode : 1, feedback }),
      enableRtx: isVideo && codec.feedback.nack,
      paused: !asked.sends,
      ...(isVideo ? { preferredLayers: { spatialLayer: asked.layer } } : {}),
    });
    // Another feed was wanted meanwhile, or the line has closed.
    if (turn !== this.#feeds || this.#transport.closed) consumer.close();
    else {
      this.#consumer = consumer;
      this.#asked = asked;
    }
    await this.#apply();
  }

  /** Of the picture feed: 1 is the speaker, 0 is whom the speaker himself sees; undefined: there is none but himself, so he sees nothing. */
  async prefer(wanted: 0 | 1 | undefined): Promise<void> {
    this.#alone = wanted === undefined;
    this.#layer = wanted ?? 0;
    await this.#apply();
  }

  /** Once in a while: whether the room system sends under another SSRC by now, as some do after a hold. */
  async look(): Promise<void> {
    const transport = this.#transport;
    if (!this.#remote || this.#probe || transport.closed || !this.#receives || this.#producer?.paused) return;
    const [stats] = await transport.getStats();
    const produced = this.#producer && !this.#producer.closed ? await this.#producer.getStats() : [];
    const before = this.#seen;
    this.#seen = { transport: stats?.bytesReceived ?? 0, producer: produced.reduce((sum, { byteCount }) => sum + byteCount, 0) };
    const isStray = this.#seen.transport > before.transport + strayBytes && this.#seen.producer === before.producer;
    this.#strays = isStray ? this.#strays + 1 : 0;
    if (this.#rest > 0) this.#rest -= 1;
    if (this.#strays < strayLooks || this.#rest > 0 || transport.closed) return;
    this.#strays = 0;
    await this.#learn();
  }

  close(): void {
    this.#stopProbe();
    this.#transport.close();
  }

  get #sends(): boolean {
    return !this.#held && !this.#alone && (this.#direction === 'sendrecv' || this.#direction === 'sendonly');
  }

  get #receives(): boolean {
    return this.#direction === 'sendrecv' || this.#direction === 'recvonly';
  }

  /**
   * Brings the consumer to what is wanted. It goes by what was asked for last, as mediasoup's `paused` follows only with the answer; and all of it
   * is asked for before this returns, so that a consumer that is moved to a layer gets the key frame that is sent right after.
   */
  async #apply(): Promise<void> {
    const consumer = this.#consumer;
    if (!consumer || consumer.closed) return;
    const { sends, layer } = this.#asked;
    this.#asked = { sends: this.#sends, layer: this.#layer };
    const moved =
      consumer.kind === 'video' && layer !== this.#layer ? consumer.setPreferredLayers({ spatialLayer: this.#layer }) : undefined;
    const flows = sends === this.#sends ? undefined : this.#sends ? consumer.resume() : consumer.pause();
    await Promise.all([moved, flows]);
  }

  /** Whether what comes in is wanted: a held line's is not. */
  get isReceiving(): boolean {
    return this.#receives;
  }

  async #connectPlain(transport: PlainTransport, { ip, port, rtcpPort }: { ip: string; port: number; rtcpPort: number }): Promise<void> {
    const encryption = this.#remote?.encryption;
    if (encryption?.kind !== 'sdes') return;
    await transport.connect({
      ip,
      port,
      ...(this.#rtcpMux ? {} : { rtcpPort }),
      srtpParameters: { cryptoSuite: encryption.suite, keyBase64: encryption.key },
    });
  }

  /** The first packet that proves to be the room system's says its SSRC, and from behind a NAT also where it is. */
  async #learn(): Promise<void> {
    const remote = this.#remote;
    if (!remote) return;
    const { encryption } = remote;
    const selected = isPlain(this.#transport) ? undefined : this.#transport.iceSelectedTuple;
    const authentic = encryption.kind === 'sdes' ? srtpAuthenticator(encryption.suite, encryption.key) : undefined;
    this.#stopProbe();
    const probe = await SsrcProbe.open(
      { ip: this.#ip, port: this.local.port },
      (packet, from) => {
        if (packet.readUInt32BE(8) === this.#ssrc) {
          // It sends as before: what came beside that is not its.
          this.#giveUp();
          return false;
        }
        // DTLS keys stay in mediasoup: there the ICE check has shown who is at the other end.
        return authentic ? authentic(packet) : from.address === selected?.remoteIp && from.port === selected.remotePort;
      },
      (first) => (first ? void this.#learned(first) : this.#giveUp()),
    );
    if (this.#transport.closed || this.#probe) probe.close();
    else {
      this.#probe = probe;
      this.#probeEnds = setTimeout(() => this.#giveUp(), probeMs);
    }
  }

  /** Of the stream that is taken now. */
  get #ssrc(): number | undefined {
    return this.#producer && !this.#producer.closed ? this.#producer.rtpParameters.encodings?.[0]?.ssrc : undefined;
  }

  #giveUp(): void {
    this.#stopProbe();
    this.#rest = this.#nextRest;
    this.#nextRest = Math.min(longestRest, this.#nextRest * 2);
  }

  #stopProbe(): void {
    clearTimeout(this.#probeEnds);
    this.#probe?.close();
    this.#probe = undefined;
  }

  async #learned({ ssrc, from }: FirstPacket): Promise<void> {
    this.#stopProbe();
    const transport = this.#transport;
    if (transport.closed || ssrc === this.#ssrc) return;
    this.#nextRest = firstRest;
    try {
      if (isPlain(transport) && this.#remote?.address === 'learn' && transport.tuple.remoteIp === undefined) {
        // Behind a NAT RTCP comes from a mapping of its own, which nothing tells: by convention it is the next port (RFC 3550 §11).
        await this.#connectPlain(transport, { ...from, rtcpPort: from.port + 1 });
      }
      await this.#produce(ssrc);
    } catch {
      // The line closed meanwhile; anything else shows in `look` again.
    }
  }

  #learnAfterHandshake(transport: WebRtcTransport): void {
    const begin = (): void => {
      // What fails here shows in `look`.
      if (this.#receives && !this.#producer) this.#learn().catch(() => undefined);
    };
    if (transport.dtlsState === 'connected') begin();
    else if (!this.#awaitsHandshake) {
      this.#awaitsHandshake = true;
      transport.on('dtlsstatechange', (state) => {
        if (state === 'connected') begin();
      });
    }
  }

  async #produce(ssrc: number): Promise<void> {
    const codec = this.codec;
    if (!codec) return;
    this.#producer?.close();
    this.#seen = { transport: 0, producer: 0 };
    const producer = await this.#transport.produce({
      kind: codec.kind,
      rtpParameters: incoming(codec, ssrc),
      // As many as want a picture at once, the room system is asked once.
      ...(codec.kind === 'video' ? { keyFrameRequestDelay: 500 } : {}),
    });
    this.#producer = producer;
    this.#events.produced(producer);
  }
}

function isPlain(transport: PlainTransport | WebRtcTransport): transport is PlainTransport {
  return transport.type === 'plain';
}

function feedbackOf({ nack, pli, fir }: { readonly nack: boolean; readonly pli: boolean; readonly fir: boolean }): RtcpFeedback[] {
  return [
    ...(nack ? [{ type: 'nack' }] : []),
    ...(pli ? [{ type: 'nack', parameter: 'pli' }] : []),
    ...(fir ? [{ type: 'ccm', parameter: 'fir' }] : []),
  ];
}

/** What the room system sends, in mediasoup's words. Its profile is taken to be the meeting's: offer and answer have seen to that. */
function incoming(codec: RoomCodec, ssrc: number): RtpParameters {
  const codecs =
    codec.kind === 'video'
      ? [producerCodec('H264', codec.receivePayloadType, { mode: codec.packetizationMode, feedback: feedbackOf(codec.feedback) })]
      : [
          producerCodec(codec.name, codec.receivePayloadType, { feedback: [] }),
          ...(codec.dtmfPayloadType === undefined ? [] : [digitsCodec(codec.dtmfPayloadType)]),
        ];
  return { codecs, encodings: [{ ssrc }], rtcp: { cname: `room-${ssrc}`, reducedSize: false } };
}
