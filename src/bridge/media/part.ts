import type { DirectTransport, DtlsParameters, IceParameters, Router, RtpCapabilities, RtpParameters, Worker } from 'mediasoup/types';
import { BrowserLeg } from './browser-leg.js';
import { pageCodec, routerCodecs } from './codecs.js';
import {
  type BrowserConsumer,
  type BrowserTransport,
  type Direction,
  MediaError,
  type ParticipantId,
  type QualityReport,
  type RoomLineId,
  type RoomLineLocal,
  type RoomLineOptions,
  type RoomLineRemote,
  type StreamId,
  type StreamInfo,
  type StreamSource,
} from './media.js';
import type { MediaSettings } from './media-settings.js';
import type { FeedId, FeedWish, PartApi, PartEvent, PartOptions, PipedStream, PipeEnd, PipeId } from './part-api.js';
import { PictureHub } from './picture-hub.js';
import { PipeEnds } from './pipe-ends.js';
import { qualityOf } from './quality.js';
import { RoomLeg } from './room-leg.js';
import { SoundHub } from './sound-hub.js';
import { type PartStream, Streams } from './streams.js';
import { webRtcServerOf } from './web-rtc-server.js';

const lookMs = 1000;
const qualityMs = 5000;

/** What a part stands on. */
export interface PartHost {
  readonly worker: Worker;
  readonly settings: MediaSettings;
  emit(event: PartEvent): void;
}

interface Home {
  readonly sound: SoundHub;
  readonly pictures: PictureHub;
}

/** One router of a meeting with its legs; see `PartApi`. Everything closes with the router. */
export class Part implements PartApi {
  readonly #host: PartHost;
  readonly #streams: Streams;
  readonly #rooms = new Map<ParticipantId, RoomLeg>();
  readonly #browsers = new Map<ParticipantId, BrowserLeg>();
  readonly #waiting = new Set<ParticipantId>();
  readonly #timers: NodeJS.Timeout[] = [];
  #open: { readonly router: Router; readonly pipes: PipeEnds; readonly home: Home | undefined } | undefined;
  #closed = false;
  #speaker: ParticipantId | undefined;
  #previous: ParticipantId | undefined;

  constructor(host: PartHost) {
    this.#host = host;
    this.#streams = new Streams((stream) => this.#streamClosed(stream));
  }

  async open({ home }: PartOptions): Promise<{ readonly rtpCapabilities: RtpCapabilities }> {
    if (this.#open) throw new MediaError('out_of_turn', 'This part of the meeting is open already');
    const { worker, settings } = this.#host;
    const router = await worker.createRouter({ mediaCodecs: [...routerCodecs] });
    const direct = home && !this.#closed ? await router.createDirectTransport() : undefined;
    if (this.#closed) {
      router.close();
      throw new MediaError('leg_gone', 'This part of the meeting was closed while it was being opened');
    }
    const pipes = new PipeEnds(router, settings, this.#streams);
    this.#open = { router, pipes, home: direct && this.#openHome(router, direct) };
    this.#every(lookMs, () => this.#look());
    this.#every(qualityMs, () => this.#report());
    return { rtpCapabilities: router.rtpCapabilities };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    const open = this.#open;
    this.#open = undefined;
    open?.home?.sound.close();
    open?.home?.pictures.close();
    for (const leg of this.#rooms.values()) leg.close();
    this.#rooms.clear();
    this.#browsers.clear();
    open?.router.close();
  }

  // ---------------------------------------------------------------- room systems

  async openRoomLine(participant: ParticipantId, line: RoomLineId, options: RoomLineOptions): Promise<RoomLineLocal> {
    return this.#roomLeg(participant).open(line, options);
  }

  async connectRoomLine(participant: ParticipantId, line: RoomLineId, remote: RoomLineRemote): Promise<void> {
    const leg = this.#room(participant);
    await leg.connect(line, remote);
    if (line === 'video') await leg.prefer(this.#layerFor(participant));
  }

  async directRoomLine(participant: ParticipantId, line: RoomLineId, direction: Direction): Promise<void> {
    return this.#room(participant).direct(line, direction);
  }

  async closeRoomLine(participant: ParticipantId, line: RoomLineId): Promise<void> {
    this.#rooms.get(participant)?.closeLine(line);
    if (line !== 'video') return;
    // What it could take stands in nobody's way any more; that it waits stays known.
    const pictures = this.#open?.home?.pictures;
    pictures?.forget(participant);
    pictures?.setWaiting(participant, this.#waiting.has(participant));
  }

  async requestKeyFrame(participant: ParticipantId): Promise<void> {
    this.#open?.home?.pictures.requestKeyFrame(participant);
  }

  async feedRoomLine(participant: ParticipantId, line: RoomLineId, feed: FeedId | undefined): Promise<void> {
    await this.#room(participant).feed(line, feed === undefined ? undefined : this.#streams.get(feed));
  }

  // ---------------------------------------------------------------- browsers

  async openBrowserTransport(participant: ParticipantId, direction: 'send' | 'receive'): Promise<BrowserTransport> {
    const { router } = this.#opened;
    let leg = this.#browsers.get(participant);
    if (!leg) {
      leg = new BrowserLeg(router, () => webRtcServerOf(this.#host.worker, this.#host.settings));
      this.#browsers.set(participant, leg);
    }
    return leg.openTransport(direction);
  }

  async connectBrowserTransport(participant: ParticipantId, transport: string, dtls: DtlsParameters): Promise<void> {
    return this.#browser(participant).connectTransport(transport, dtls);
  }

  async restartIce(participant: ParticipantId, transport: string): Promise<IceParameters> {
    return this.#browser(participant).restartIce(transport);
  }

  async produce(participant: ParticipantId, transport: string, source: StreamSource, rtpParameters: RtpParameters): Promise<StreamId> {
    const leg = this.#browser(participant);
    const codec = pageCodec(source, rtpParameters);
    const producer = await leg.produce(transport, source, rtpParameters);
    const id = `${participant}/${source}`;
    const stream: StreamInfo = { id, participant, source, kind: producer.kind, codec };
    this.#streams.add(id, producer, stream);
    this.#host.emit({ event: 'streamOpened', stream });
    return id;
  }

  async closeStream(participant: ParticipantId, source: StreamSource): Promise<void> {
    this.#streams.close(`${participant}/${source}`);
  }

  async pauseStream(participant: ParticipantId, source: StreamSource, by: 'self' | 'host', paused: boolean): Promise<void> {
    for (const stream of this.#streams.of(participant)) if (stream.info?.source === source) await this.#streams.hold(stream, by, paused);
  }

  async consume(participant: ParticipantId, transport: string, stream: StreamId, capabilities: RtpCapabilities): Promise<BrowserConsumer> {
    return this.#browser(participant).consume(transport, this.#streams.get(stream), capabilities);
  }

  async resumeConsumer(participant: ParticipantId, consumer: string): Promise<void> {
    return this.#browser(participant).resumeConsumer(consumer);
  }

  async pauseConsumer(participant: ParticipantId, consumer: string): Promise<void> {
    return this.#browser(participant).pauseConsumer(consumer);
  }

  async preferLayer(participant: ParticipantId, consumer: string, spatial: number): Promise<void> {
    return this.#browser(participant).preferLayer(consumer, spatial);
  }

  async closeConsumer(participant: ParticipantId, consumer: string): Promise<void> {
    this.#browsers.get(participant)?.closeConsumer(consumer);
  }

  async closeLeg(participant: ParticipantId): Promise<void> {
    this.#rooms.get(participant)?.close();
    this.#rooms.delete(participant);
    this.#browsers.get(participant)?.close();
    this.#browsers.delete(participant);
    this.#waiting.delete(participant);
    this.#open?.home?.sound.forget(participant);
    this.#open?.home?.pictures.forget(participant);
  }

  // ---------------------------------------------------------------- at home

  async hear(info: StreamInfo): Promise<void> {
    await this.#home.sound.hear(this.#streams.get(info.id), info);
  }

  async show(info: StreamInfo): Promise<void> {
    await this.#home.pictures.show(this.#streams.get(info.id), info);
  }

  async makeFeed(want: FeedWish): Promise<FeedId> {
    const { sound, pictures } = this.#home;
    return want.kind === 'sound' ? sound.makeFeed(want.participant, want.codec) : pictures.makeFeed(want.participant, want.codec);
  }

  async dropFeed(feed: FeedId): Promise<void> {
    this.#home.sound.dropFeed(feed);
    this.#home.pictures.dropFeed(feed);
  }

  async announce(participant: ParticipantId, tone: 'enter-pin' | 'wrong-pin' | 'waiting' | 'admitted'): Promise<void> {
    this.#home.sound.announce(participant, tone);
  }

  async setWaiting(participant: ParticipantId, waiting: boolean): Promise<void> {
    if (waiting) this.#waiting.add(participant);
    else this.#waiting.delete(participant);
    const { home } = this.#opened;
    home?.sound.setWaiting(participant, waiting);
    home?.pictures.setWaiting(participant, waiting);
    await this.#rooms.get(participant)?.setWaiting(waiting);
    for (const stream of this.#streams.of(participant)) {
      if (stream.info?.source !== 'microphone') await this.#streams.hold(stream, 'waiting', waiting);
    }
  }

  async setSpeaker(participant: ParticipantId | undefined, previous: ParticipantId | undefined): Promise<void> {
    const before = this.#speaker;
    this.#speaker = participant;
    this.#previous = previous;
    // All are asked before this returns: the key frame that begins the new picture is sent right after.
    const legs = [...new Set([before, participant])];
    await Promise.all(legs.map((leg) => (leg === undefined ? undefined : this.#rooms.get(leg)?.prefer(this.#layerFor(leg)))));
  }

  // ---------------------------------------------------------------- between parts

  async openPipe(pipe: PipeId): Promise<PipeEnd> {
    return this.#opened.pipes.open(pipe);
  }

  async connectPipe(pipe: PipeId, far: PipeEnd): Promise<void> {
    return this.#opened.pipes.connect(pipe, far);
  }

  async pipeOut(pipe: PipeId, what: StreamId | FeedId): Promise<PipedStream> {
    return this.#opened.pipes.letOut(pipe, this.#streams.get(what));
  }

  async pipeIn(pipe: PipeId, what: PipedStream): Promise<void> {
    await this.#opened.pipes.letIn(pipe, what);
  }

  async closePiped(what: StreamId | FeedId, pipe?: PipeId): Promise<void> {
    if (pipe === undefined) this.#streams.close(what);
    else this.#open?.pipes.letGo(pipe, what);
  }

  async closePipe(pipe: PipeId): Promise<void> {
    this.#open?.pipes.close(pipe);
  }

  // ---------------------------------------------------------------- inside

  #openHome(router: Router, direct: DirectTransport): Home {
    const { emit } = this.#host;
    const pictures = new PictureHub(router, direct, this.#streams, {
      speaker: (participant, previous) => this.#speakerChanged(participant, previous),
      videoFormat: (format) => emit({ event: 'videoFormat', format }),
      keyFrameNeeded: (participant) => emit({ event: 'keyFrameNeeded', participant }),
    });
    const sound = new SoundHub(router, direct, this.#streams, {
      speaking: (participants) => {
        emit({ event: 'speaking', participants });
        // Where no picture is switched, the loudest is whom pages enlarge.
        if (!pictures.isShowing && participants[0] !== undefined) this.#speakerChanged(participants[0]);
      },
      digit: (participant, digit) => emit({ event: 'digit', participant, digit }),
      levels: (levels, now) => pictures.hear(levels, now),
      streamOpened: (stream) => emit({ event: 'streamOpened', stream }),
      feedChanged: (participant, feed) => emit({ event: 'feedChanged', participant, line: 'audio', feed }),
    });
    return { sound, pictures };
  }

  /** Of the picture feed. Who speaks sees whom he saw before, or nothing: not himself. */
  #layerFor(participant: ParticipantId): 0 | 1 | undefined {
    if (participant !== this.#speaker) return 1;
    return this.#previous === undefined ? undefined : 0;
  }

  #speakerChanged(participant: ParticipantId | undefined, previous?: ParticipantId): void {
    if (participant === this.#speaker && previous === this.#previous) return;
    this.setSpeaker(participant, previous).catch(() => undefined); // A leg that closes meanwhile needs no picture.
    this.#host.emit({ event: 'speaker', participant, previous });
  }

  #streamClosed({ id, info }: PartStream): void {
    if (info && this.#open) this.#host.emit({ event: 'streamClosed', stream: id });
  }

  get #opened() {
    if (!this.#open) throw new MediaError('leg_gone', 'This part of the meeting is closed');
    return this.#open;
  }

  get #home(): Home {
    const { home } = this.#opened;
    if (!home) throw new MediaError('out_of_turn', 'Sound and speaker are mixed at the home of the meeting, which is another part');
    return home;
  }

  #roomLeg(participant: ParticipantId): RoomLeg {
    const { router } = this.#opened;
    const known = this.#rooms.get(participant);
    if (known) return known;
    const waiting = this.#waiting.has(participant);
    const leg = new RoomLeg(participant, router, this.#host.settings, this.#streams, waiting, (stream) =>
      this.#host.emit({ event: 'streamOpened', stream }),
    );
    this.#rooms.set(participant, leg);
    return leg;
  }

  #room(participant: ParticipantId): RoomLeg {
    const leg = this.#rooms.get(participant);
    if (!leg) throw new MediaError('leg_gone', `There is no room system ${participant} here: it has left`);
    return leg;
  }

  #browser(participant: ParticipantId): BrowserLeg {
    const leg = this.#browsers.get(participant);
    if (!leg) throw new MediaError('leg_gone', `There is no browser ${participant} here: it has left, or has opened no transport`);
    return leg;
  }

  /** A look never overlaps the next, and what fails shows in the next. */
  #every(ms: number, look: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      look()
        .catch(() => undefined)
        .finally(() => {
          busy = false;
        });
    }, ms);
    this.#timers.push(timer);
  }

  async #look(): Promise<void> {
    for (const leg of this.#rooms.values()) await leg.look();
  }

  async #report(): Promise<void> {
    const reports: QualityReport[] = [];
    for (const [participant, leg] of this.#rooms) reports.push(...(await qualityOf(participant, leg.producers, leg.consumers, undefined)));
    for (const [participant, leg] of this.#browsers)
      reports.push(...(await qualityOf(participant, leg.producers, leg.consumers, undefined)));
    if (reports.length > 0 && this.#open) this.#host.emit({ event: 'quality', reports });
  }
}
