import type { RtpCapabilities } from 'mediasoup/types';
import {
  type BrowserMedia,
  type MediaEngine,
  MediaError,
  type MeetingMedia,
  type MeetingMediaEvents,
  type ParticipantId,
  type RoomMedia,
  type StreamId,
  type StreamInfo,
  type StreamSource,
} from '../../../src/bridge/media/media.js';

/** One meeting's media, without any media: it keeps the promises of the contract as far as they show in signalling. */
export class StandInMedia implements MeetingMedia {
  readonly rtpCapabilities: RtpCapabilities = { codecs: [], headerExtensions: [] };
  readonly videoFormat = { codec: 'H264', packetizationMode: 1, maxBitrate: 2_000_000 } as const;
  readonly streams: StreamInfo[] = [];
  readonly muted = new Set<string>();
  readonly browsers = new Map<ParticipantId, StandInBrowser>();
  closed = false;

  constructor(readonly events: MeetingMediaEvents) {}

  addRoom(): Promise<RoomMedia> {
    return Promise.reject(new MediaError('media_unavailable', 'No room systems here'));
  }

  addBrowser(participant: ParticipantId): Promise<BrowserMedia> {
    const browser = new StandInBrowser(participant, this);
    this.browsers.set(participant, browser);
    return Promise.resolve(browser);
  }

  setMuted(participant: ParticipantId, source: StreamSource, muted: boolean): Promise<void> {
    if (muted) this.muted.add(`${participant}/${source}`);
    else this.muted.delete(`${participant}/${source}`);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

export class StandInBrowser implements BrowserMedia {
  readonly transports = new Set<string>();
  readonly consumers = new Set<string>();
  closed = false;
  #next = 0;

  constructor(
    readonly participant: ParticipantId,
    readonly media: StandInMedia,
  ) {}

  openTransport() {
    const id = `t${++this.#next}`;
    this.transports.add(id);
    const iceParameters = { usernameFragment: 'u', password: 'p', iceLite: true };
    return Promise.resolve({ id, iceParameters, iceCandidates: [], dtlsParameters: { role: 'auto', fingerprints: [] } as const as never });
  }

  connectTransport(transport: string): Promise<void> {
    return this.#known(this.transports, transport);
  }

  async restartIce(transport: string) {
    await this.#known(this.transports, transport);
    return { usernameFragment: 'u2', password: 'p2', iceLite: true };
  }

  async produce(transport: string, source: StreamSource): Promise<StreamId> {
    await this.#known(this.transports, transport);
    const id = `${this.participant}/${source}`;
    const kind = source === 'microphone' ? 'audio' : 'video';
    const stream: StreamInfo = { id, participant: this.participant, source, kind, codec: kind === 'audio' ? 'opus' : 'H264' };
    this.media.streams.push(stream);
    this.media.events.streamOpened(stream);
    return id;
  }

  closeStream(source: StreamSource): Promise<void> {
    this.media.events.streamClosed(`${this.participant}/${source}`);
    return Promise.resolve();
  }

  pauseStream(): Promise<void> {
    return Promise.resolve();
  }

  async consume(transport: string, stream: StreamId) {
    await this.#known(this.transports, transport);
    const id = `c${++this.#next}`;
    this.consumers.add(id);
    return { id, stream, producerId: 'p', kind: 'audio' as const, rtpParameters: { codecs: [] }, layers: 1 };
  }

  resumeConsumer(consumer: string): Promise<void> {
    return this.#known(this.consumers, consumer);
  }

  pauseConsumer(consumer: string): Promise<void> {
    return this.#known(this.consumers, consumer);
  }

  preferLayer(consumer: string): Promise<void> {
    return this.#known(this.consumers, consumer);
  }

  closeConsumer(consumer: string): Promise<void> {
    this.consumers.delete(consumer);
    return Promise.resolve();
  }

  reportQuality(): void {
    // Nobody looks.
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  #known(set: ReadonlySet<string>, id: string): Promise<void> {
    return set.has(id) ? Promise.resolve() : Promise.reject(new MediaError('leg_gone', `There is no ${id}`));
  }
}

/** Where meetings' media are opened; may be told to be unable to. */
export class StandInEngine implements MediaEngine {
  readonly workers = [];
  readonly opened: StandInMedia[] = [];
  broken = false;
  /** Opening waits for this. */
  gate: Promise<void> | undefined;

  async open(_meeting: string, { events }: { readonly events: MeetingMediaEvents }): Promise<MeetingMedia> {
    if (this.broken) throw new MediaError('media_unavailable', 'No worker lives');
    if (this.gate) await this.gate;
    const media = new StandInMedia(events);
    this.opened.push(media);
    return media;
  }

  get last(): StandInMedia {
    const media = this.opened.at(-1);
    if (!media) throw new Error('No meeting was opened');
    return media;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
