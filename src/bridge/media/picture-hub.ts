import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { DirectTransport, Producer, Router } from 'mediasoup/types';
import { SingleNalUnits } from '../video/packetization-mode-0.js';
import { slidesOf } from '../video/picture-source.js';
import { senderReport } from '../video/sender-report.js';
import { createSpeakerSwitch } from '../video/speaker-switch.js';
import type { PictureId, PictureLayer, SpeakerSwitch, SwitchAction } from '../video/switch-api.js';
import { codecsWith, producerCodec, tapCapabilities } from './codecs.js';
import type { ParticipantId, RoomVideoCodec, StreamInfo, VideoFormat } from './media.js';
import type { FeedId } from './part-api.js';
import type { PartStream, Streams } from './streams.js';
import { Tap } from './tap.js';
import { produceWith } from './with-codecs.js';

const tickMs = 100;
/** Packets a second of one picture. At 4 Mbit/s there are some 500. */
const tapLimit = 4_000;
/** What browsers are asked for while no room system says that it takes less, in bit/s. */
const fullBitrate = 2_000_000;
const leastBitrate = 128_000;
const cname = 'picture';

export interface PictureHubEvents {
  speaker(participant: ParticipantId | undefined, previous: ParticipantId | undefined): void;
  videoFormat(format: VideoFormat): void;
  /** This room system can only be asked for a whole picture by its own signalling (RFC 5168). */
  keyFrameNeeded(participant: ParticipantId): void;
}

/** One form of the picture: the same two layers under the payload type and in the packetization that some room systems want. */
interface Variant {
  readonly producer: Producer;
  readonly feed: PartStream;
  readonly payloadType: number;
  readonly ssrcs: { readonly [Layer in PictureLayer]: number };
  readonly single: { readonly [Layer in PictureLayer]: SingleNalUnits } | undefined;
}

interface Picture {
  readonly tap: Tap;
  readonly participant: ParticipantId;
  readonly source: 'camera' | 'slides';
}

/**
 * What room systems see, at a meeting's home: the speaker's camera, rewritten into one stream that never breaks. mediasoup's simulcast consumers
 * do the rest: each room system consumes a stream of two layers, and the speaker is shown the other one.
 *
 * At each change of layer mediasoup 3.19.3 leaves out one sequence number. It means to do so only where a picture was cut off, but never learns that the
 * last packet sent had its marker: it compares that packet's number with one that the random beginning was not added to
 * (`SeqManager::GetMaxOutput`). Nothing sent here can make up for it.
 */
export class PictureHub {
  readonly #router: Router;
  readonly #direct: DirectTransport;
  readonly #streams: Streams;
  readonly #events: PictureHubEvents;
  readonly #switch: SpeakerSwitch = createSpeakerSwitch({ ntpAheadMs: Date.now() - performance.now() });
  readonly #pictures = new Map<PictureId, Picture>();
  readonly #variants = new Map<FeedId, Variant>();
  readonly #making = new Map<FeedId, Promise<Variant>>();
  readonly #rooms = new Map<ParticipantId, RoomVideoCodec>();
  readonly #waiting = new Set<ParticipantId>();
  #speaker: ParticipantId | undefined;
  #format: VideoFormat = { codec: 'H264', packetizationMode: 1, maxBitrate: fullBitrate };
  readonly #ticks: NodeJS.Timeout;

  constructor(router: Router, direct: DirectTransport, streams: Streams, events: PictureHubEvents) {
    this.#router = router;
    this.#direct = direct;
    this.#streams = streams;
    this.#events = events;
    direct.on('rtcp', (packet) => this.#receiveRtcp(packet));
    this.#ticks = setInterval(() => {
      if (this.isShowing) this.#do(this.#switch.tick(performance.now(), Date.now()));
    }, tickMs);
  }

  /** From now on this camera, or these slides, may be shown to room systems, until the stream closes. */
  async show(stream: PartStream, { participant, codec, source }: StreamInfo): Promise<void> {
    if (codec !== 'H264' || source === 'microphone') return;
    const picture = source === 'slides' ? slidesOf(participant) : participant;
    const before = this.#pictures.get(picture);
    this.#pictures.delete(picture);
    before?.tap.close();
    const consumer = await this.#direct.consume({
      producerId: stream.producer.id,
      rtpCapabilities: tapCapabilities(stream.producer.consumableRtpParameters.codecs),
      paused: true,
    });
    // Two at once: the later one stays.
    this.#pictures.get(picture)?.tap.close();
    const tap = new Tap(consumer, {
      limit: tapLimit,
      packet: (packet, now) => this.#do(this.#switch.receive(picture, packet, now)),
      closed: () => {
        if (this.#pictures.get(picture) !== shown) return;
        this.#pictures.delete(picture);
        this.#do(this.#switch.remove(picture, performance.now()));
      },
    });
    const shown: Picture = { tap, participant, source };
    this.#pictures.set(picture, shown);
    // While it is paused it is no choice: it would be waited for in vain, again and again.
    tap.onHeld((held) => {
      if (this.#pictures.get(picture) !== shown) return;
      if (held) this.#do(this.#switch.remove(picture, performance.now()));
      else if (this.isShowing) this.#offer(picture, shown);
    });
    if (this.isShowing) this.#offer(picture, shown);
  }

  /** Whether any room system is there to see: while none is, no picture comes here, and there is no speaker to be shown. */
  get isShowing(): boolean {
    return this.#variants.size > 0;
  }

  hear(levels: ReadonlyMap<ParticipantId, number>, now: number): void {
    if (this.isShowing) this.#do(this.#switch.hear(levels, now));
  }

  setWaiting(participant: ParticipantId, waiting: boolean): void {
    if (waiting === this.#waiting.has(participant)) return;
    if (waiting) this.#waiting.add(participant);
    else this.#waiting.delete(participant);
    if (!this.isShowing) return;
    for (const [picture, shown] of this.#pictures) {
      if (shown.participant !== participant) continue;
      if (waiting) this.#do(this.#switch.remove(picture, performance.now()));
      else this.#offer(picture, shown);
    }
  }

  async makeFeed(participant: ParticipantId, codec: RoomVideoCodec): Promise<FeedId> {
    this.#rooms.set(participant, codec);
    this.#reformat();
    const id = `picture:${codec.sendPayloadType}:${codec.packetizationMode}`;
    const making = this.#making.get(id) ?? this.#variant(id, codec).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    await making;
    return id;
  }

  dropFeed(feed: FeedId): void {
    this.#variants.get(feed)?.producer.close();
  }

  /** A room system has left. */
  forget(participant: ParticipantId): void {
    this.#waiting.delete(participant);
    if (this.#rooms.delete(participant)) this.#reformat();
  }

  /** A room system wants a whole picture of what it is shown. */
  requestKeyFrame(participant: ParticipantId): void {
    this.#do(this.#switch.keyFrameWanted(participant === this.#speaker ? 'previous' : 'speaker', performance.now()));
  }

  close(): void {
    clearInterval(this.#ticks);
  }

  async #variant(id: FeedId, { sendPayloadType: payloadType, packetizationMode: mode }: RoomVideoCodec): Promise<Variant> {
    const known = this.#variants.get(id);
    if (known) return known;
    const first = randomInt(1, 2 ** 31);
    const ssrcs = { previous: first, speaker: first + 1 };
    const producer = await produceWith(this.#router, codecsWith('H264', payloadType, mode), () =>
      this.#direct.produce({
        kind: 'video',
        rtpParameters: {
          codecs: [producerCodec('H264', payloadType, { mode })],
          encodings: [{ ssrc: ssrcs.previous }, { ssrc: ssrcs.speaker }],
          rtcp: { cname },
        },
      }),
    );
    const single =
      mode === 0 ? { previous: new SingleNalUnits(randomInt(2 ** 16)), speaker: new SingleNalUnits(randomInt(2 ** 16)) } : undefined;
    const variant = { producer, feed: this.#streams.add(id, producer, undefined), payloadType, ssrcs, single };
    const isFirst = !this.isShowing;
    this.#variants.set(id, variant);
    producer.observer.once('close', () => {
      if (this.#variants.get(id) !== variant) return;
      this.#variants.delete(id);
      if (!this.isShowing) this.#stop();
    });
    if (isFirst) this.#start();
    // What is shown already begins here with a whole picture.
    this.#do(this.#switch.keyFrameWanted('speaker', performance.now()));
    return variant;
  }

  #start(): void {
    for (const [picture, shown] of this.#pictures) this.#offer(picture, shown);
  }

  #stop(): void {
    for (const picture of this.#pictures.keys()) this.#do(this.#switch.remove(picture, performance.now()));
    this.#shown(undefined, undefined);
  }

  #offer(picture: PictureId, { tap, participant, source }: Picture): void {
    if (this.#waiting.has(participant) || tap.isHeld) return;
    const now = performance.now();
    this.#do(source === 'slides' ? this.#switch.addSlides(participant, now) : this.#switch.add(picture, now));
  }

  #do(actions: readonly SwitchAction[]): void {
    for (const action of actions) this.#act(action);
  }

  #act(action: SwitchAction): void {
    switch (action.do) {
      case 'tap':
        this.#pictures.get(action.participant)?.tap.want(true);
        return;
      case 'untap':
        this.#pictures.get(action.participant)?.tap.want(false);
        return;
      case 'requestKeyFrame':
        this.#pictures.get(action.participant)?.tap.requestKeyFrame();
        this.#askBySignalling(action.participant);
        return;
      case 'send':
        for (const variant of this.#variants.values()) inject(variant, action.layer, action.packet);
        return;
      case 'report':
        for (const { ssrcs } of this.#variants.values())
          this.#direct.sendRtcp(senderReport({ ...action, ssrc: ssrcs[action.layer], cname }));
        return;
      case 'shown':
        this.#shown(action.speaker, action.previous);
        return;
    }
  }

  #askBySignalling(picture: PictureId): void {
    const participant = this.#pictures.get(picture)?.participant ?? picture;
    const feedback = this.#rooms.get(participant)?.feedback;
    if (feedback && !feedback.pli && !feedback.fir) this.#events.keyFrameNeeded(participant);
  }

  #shown(speaker: ParticipantId | undefined, previous: ParticipantId | undefined): void {
    if (speaker !== this.#speaker) {
      this.#speaker = speaker;
      this.#do(this.#switch.setPreviousWanted(speaker !== undefined && this.#rooms.has(speaker), performance.now()));
    }
    this.#events.speaker(speaker, previous);
  }

  /** Room systems ask by RTCP for a whole picture (RFC 4585 §6.3.1, RFC 5104 §4.3.1): mediasoup hands on what they asked of our streams. */
  #receiveRtcp(packet: Buffer): void {
    for (let at = 0; at + 12 <= packet.length; ) {
      const format = (packet[at] ?? 0) & 0x1f;
      const isPayloadSpecific = packet[at + 1] === 206;
      const length = (packet.readUInt16BE(at + 2) + 1) * 4;
      // FIR (format 4) names the stream in its own list; the header's field is 0 there.
      const ssrc = format === 4 && at + 16 <= packet.length ? packet.readUInt32BE(at + 12) : packet.readUInt32BE(at + 8);
      if (isPayloadSpecific && (format === 1 || format === 4)) this.#keyFrameAsked(ssrc);
      at += length;
    }
  }

  #keyFrameAsked(ssrc: number): void {
    for (const { ssrcs } of this.#variants.values()) {
      if (ssrc === ssrcs.speaker) this.#do(this.#switch.keyFrameWanted('speaker', performance.now()));
      else if (ssrc === ssrcs.previous) this.#do(this.#switch.keyFrameWanted('previous', performance.now()));
    }
  }

  #reformat(): void {
    let packetizationMode: 0 | 1 = 1;
    let maxBitrate = fullBitrate;
    for (const codec of this.#rooms.values()) {
      if (codec.packetizationMode === 0) packetizationMode = 0;
      if (codec.maxBitrate !== undefined) maxBitrate = Math.max(leastBitrate, Math.min(maxBitrate, codec.maxBitrate));
    }
    if (packetizationMode === this.#format.packetizationMode && maxBitrate === this.#format.maxBitrate) return;
    this.#format = { codec: 'H264', packetizationMode, maxBitrate };
    this.#events.videoFormat(this.#format);
  }
}

/** mediasoup copies what it is given before `send` returns, so one buffer serves all variants, one after another. */
function inject({ producer, payloadType, ssrcs, single }: Variant, layer: PictureLayer, packet: Buffer): void {
  if (producer.closed) return;
  for (const unit of single ? single[layer].push(packet) : [packet]) {
    unit[1] = ((unit[1] ?? 0) & 0x80) | payloadType;
    unit.writeUInt32BE(ssrcs[layer], 8);
    producer.send(unit);
  }
}
