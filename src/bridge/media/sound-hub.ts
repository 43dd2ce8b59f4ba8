import { randomInt } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Consumer, DirectTransport, Producer, Router } from 'mediasoup/types';
import { createAudioMix } from '../audio/mix.js';
import type { AudioCodecName, AudioMix, AudioOutputOptions } from '../audio/mix-api.js';
import { codecName, codecsWith, digitsPayloadType, producerCodec, tapCapabilities } from './codecs.js';
import { MediaError, type ParticipantId, type RoomAudioCodec, type StreamInfo } from './media.js';
import type { FeedId } from './part-api.js';
import { SoundSeats } from './sound-seats.js';
import type { PartStream, Streams } from './streams.js';
import { Tap } from './tap.js';
import { produceWith } from './with-codecs.js';

const beatMs = 20;
/** Packets a second of one participant. At 10 ms each there are 100, and some more with keys pressed and after a stall. */
const tapLimit = 250;
const speakingEveryMs = 200;
/** The longest tone that somebody who goes over to the shared mix is to hear to its end. */
const toneMs = 1_000;

export interface SoundHubEvents {
  /** At once, and then at most five times a second. */
  speaking(participants: readonly ParticipantId[]): void;
  digit(participant: ParticipantId, digit: string): void;
  levels(levels: ReadonlyMap<ParticipantId, number>, now: number): void;
  /** A browser may have the sound of this room system: it is Opus now. */
  streamOpened(stream: StreamInfo): void;
  feedChanged(participant: ParticipantId, feed: FeedId): void;
}

interface Output {
  readonly producer: Producer;
  readonly feed: PartStream;
}

/**
 * The sound of a meeting, at its home: taps what everybody says, has it mixed, and injects the mixes as streams that room systems are fed. The
 * beat is kept here, as the mixer has no clock.
 */
export class SoundHub {
  readonly #router: Router;
  readonly #direct: DirectTransport;
  readonly #streams: Streams;
  readonly #events: SoundHubEvents;
  readonly #mix: AudioMix;
  readonly #taps = new Map<ParticipantId, Tap>();
  /** Of each participant: the last try to hear him. */
  readonly #attempts = new Map<ParticipantId, symbol>();
  readonly #outputs = new Map<FeedId, Output>();
  readonly #making = new Map<FeedId, Promise<Output>>();
  readonly #codecs = new Map<ParticipantId, RoomAudioCodec>();
  readonly #waiting = new Set<ParticipantId>();
  readonly #seats = new SoundSeats();
  /** Who goes over to the shared mix, and when. */
  readonly #goingOver = new Map<ParticipantId, number>();
  #speaking: readonly ParticipantId[] | undefined;
  #toldSpeakingAt = Number.NEGATIVE_INFINITY;
  #beat: NodeJS.Timeout | undefined;
  #nextBeat = 0;
  #closed = false;

  constructor(router: Router, direct: DirectTransport, streams: Streams, events: SoundHubEvents) {
    this.#router = router;
    this.#direct = direct;
    this.#streams = streams;
    this.#events = events;
    this.#mix = createAudioMix({
      loudest: (participants) => this.#loudest(participants),
      digit: (participant, digit) => events.digit(participant, digit),
    });
  }

  /** From now on the stream is in the mix, until it closes. */
  async hear(stream: PartStream, info: StreamInfo): Promise<void> {
    const { participant } = info;
    const attempt = Symbol(info.id);
    this.#attempts.set(participant, attempt);
    // Whether he can be heard anew or not: what he sent before has ended.
    this.#untap(participant);
    try {
      const { consumer, name, payloadType } = await this.#consume(stream, info);
      if (this.#attempts.get(participant) !== attempt) {
        consumer.close();
        return;
      }
      const tap: Tap = new Tap(consumer, {
        limit: tapLimit,
        packet: (packet, now) => this.#mix.receive(participant, packet, now),
        closed: () => {
          if (this.#taps.get(participant) === tap) this.#deafTo(participant);
        },
      });
      this.#taps.set(participant, tap);
      this.#mix.addSource(participant, { codec: name, payloadType, dtmfPayloadType: digitsPayloadType });
      this.#mix.setMuted(participant, this.#waiting.has(participant));
      this.#startBeat();
      if (name !== 'opus') await this.#openForBrowsers(participant);
    } catch (error) {
      if (this.#attempts.get(participant) === attempt) this.#deafTo(participant);
      throw error;
    }
  }

  setWaiting(participant: ParticipantId, waiting: boolean): void {
    if (waiting) this.#waiting.add(participant);
    else this.#waiting.delete(participant);
    this.#mix.setMuted(participant, waiting);
    for (const feed of this.#ownFeeds(participant)) this.#mix.hold(feed, waiting);
    const codec = this.#codecs.get(participant);
    if (waiting || !codec || this.#seats.take(participant)) return;
    // Its own stream was for the waiting room. If it may not keep it, it hears the shared mix as soon as it was told that it is let in.
    this.#goingOver.set(participant, performance.now() + toneMs);
  }

  announce(participant: ParticipantId, tone: 'enter-pin' | 'wrong-pin' | 'waiting' | 'admitted'): void {
    for (const feed of this.#ownFeeds(participant)) this.#mix.announce(feed, tone);
  }

  /** The sound that this room system is to be sent: a stream of its own while there are seats, else one that is shared. */
  async makeFeed(participant: ParticipantId, codec: RoomAudioCodec): Promise<FeedId> {
    this.#codecs.set(participant, codec);
    const own = this.#seats.take(participant) || this.#waiting.has(participant);
    const feed = own ? ownFeed(codec, participant) : sharedFeed(codec);
    await this.#output(feed, codec, own ? { kind: 'without', participant } : { kind: 'all' });
    if (!this.#codecs.has(participant)) {
      if (own) this.dropFeed(feed);
      throw new MediaError('leg_gone', `${participant} left while its sound was being made`);
    }
    if (own) this.#mix.hold(feed, this.#waiting.has(participant));
    return feed;
  }

  dropFeed(feed: FeedId): void {
    this.#outputs.get(feed)?.producer.close();
  }

  /** A room system has left. */
  forget(participant: ParticipantId): void {
    this.#deafTo(participant);
    for (const feed of [...this.#ownFeeds(participant)]) this.dropFeed(feed);
    this.#codecs.delete(participant);
    this.#waiting.delete(participant);
    this.#goingOver.delete(participant);
    this.#seats.leave(participant);
  }

  close(): void {
    this.#closed = true;
    this.#attempts.clear();
    clearTimeout(this.#beat);
    this.#mix.close();
  }

  async #consume(stream: PartStream, { id }: StreamInfo): Promise<{ consumer: Consumer; name: AudioCodecName; payloadType: number }> {
    const consumer = await this.#direct.consume({
      producerId: stream.producer.id,
      rtpCapabilities: tapCapabilities(stream.producer.consumableRtpParameters.codecs),
    });
    const codec = consumer.rtpParameters.codecs[0];
    const name = codec && codecName(codec.mimeType);
    if (codec && name && name !== 'H264' && name !== 'VP8') return { consumer, name, payloadType: codec.payloadType };
    consumer.close();
    throw new MediaError('not_acceptable', `${id} is no sound that can be mixed`);
  }

  #untap(participant: ParticipantId): void {
    const tap = this.#taps.get(participant);
    this.#taps.delete(participant);
    tap?.close();
    this.#mix.removeSource(participant);
  }

  /** He is heard no more, and nobody is offered what he said. */
  #deafTo(participant: ParticipantId): void {
    this.#attempts.delete(participant);
    this.#untap(participant);
    if (this.#outputs.has(microphone(participant))) this.#streams.close(microphone(participant));
  }

  /** What a room system says in G.711 or G.722 is Opus to browsers, while it is among the loudest. */
  async #openForBrowsers(participant: ParticipantId): Promise<void> {
    const id = microphone(participant);
    const info: StreamInfo = { id, participant, source: 'microphone', kind: 'audio', codec: 'opus' };
    const known = this.#streams.find(id);
    if (known && !known.producer.closed) return;
    await this.#output(id, { name: 'opus', sendPayloadType: 111 }, { kind: 'only', participant }, info);
    if (this.#taps.has(participant)) this.#events.streamOpened(info);
    else this.#streams.close(id);
  }

  #output(
    id: FeedId,
    codec: Pick<RoomAudioCodec, 'name' | 'sendPayloadType'>,
    of: AudioOutputOptions['of'],
    info?: StreamInfo,
  ): Promise<Output> {
    const known = this.#outputs.get(id);
    if (known) return Promise.resolve(known);
    const making = this.#making.get(id) ?? this.#makeOutput(id, codec, of, info).finally(() => this.#making.delete(id));
    this.#making.set(id, making);
    return making;
  }

  async #makeOutput(
    id: FeedId,
    { name, sendPayloadType: payloadType }: Pick<RoomAudioCodec, 'name' | 'sendPayloadType'>,
    of: AudioOutputOptions['of'],
    info: StreamInfo | undefined,
  ): Promise<Output> {
    const ssrc = randomInt(1, 2 ** 32 - 1);
    const producer = await produceWith(this.#router, codecsWith(name, payloadType), () =>
      this.#direct.produce({
        kind: 'audio',
        rtpParameters: { codecs: [producerCodec(name, payloadType, { feedback: [] })], encodings: [{ ssrc }], rtcp: { cname: 'mix' } },
      }),
    );
    const output = { producer, feed: this.#streams.add(id, producer, info) };
    this.#outputs.set(id, output);
    this.#mix.addOutput(id, { codec: name, payloadType, ssrc, of });
    producer.observer.once('close', () => {
      if (this.#outputs.get(id) !== output) return;
      this.#outputs.delete(id);
      this.#mix.removeOutput(id);
    });
    this.#startBeat();
    return output;
  }

  *#ownFeeds(participant: ParticipantId): IterableIterator<FeedId> {
    const codec = this.#codecs.get(participant);
    if (codec && this.#outputs.has(ownFeed(codec, participant))) yield ownFeed(codec, participant);
  }

  /** Whoever is heard must not hear himself: he gets a stream of his own, from one who has been silent longest. */
  #loudest(participants: readonly ParticipantId[]): void {
    for (const participant of participants) {
      const codec = this.#codecs.get(participant);
      if (!codec) continue;
      const { seated, unseated } = this.#seats.speak(participant, performance.now());
      const other = unseated === undefined ? undefined : this.#codecs.get(unseated);
      if (unseated !== undefined && other && !this.#waiting.has(unseated)) this.#feedShared(unseated, other);
      if (seated) this.#feedOwn(participant, codec);
    }
    this.#speaking = participants;
  }

  #tellSpeaking(now: number): void {
    if (!this.#speaking || now - this.#toldSpeakingAt < speakingEveryMs) return;
    this.#toldSpeakingAt = now;
    this.#events.speaking(this.#speaking);
    this.#speaking = undefined;
  }

  #goOver(now: number): void {
    for (const [participant, at] of this.#goingOver) {
      if (now < at) continue;
      this.#goingOver.delete(participant);
      const codec = this.#codecs.get(participant);
      if (codec && !this.#waiting.has(participant) && !this.#seats.has(participant)) this.#feedShared(participant, codec);
    }
  }

  #feedOwn(participant: ParticipantId, codec: RoomAudioCodec): void {
    this.#output(ownFeed(codec, participant), codec, { kind: 'without', participant }).then(
      ({ feed }) => {
        if (this.#codecs.has(participant)) this.#events.feedChanged(participant, feed.id);
        else this.dropFeed(feed.id);
      },
      () => undefined, // The meeting closes.
    );
  }

  #feedShared(participant: ParticipantId, codec: RoomAudioCodec): void {
    this.#output(sharedFeed(codec), codec, { kind: 'all' }).then(
      ({ feed }) => this.#events.feedChanged(participant, feed.id),
      () => undefined, // The meeting closes.
    );
  }

  #startBeat(): void {
    if (this.#beat !== undefined || this.#closed) return;
    this.#nextBeat = performance.now() + beatMs;
    this.#beat = setTimeout(this.#tick, beatMs);
  }

  readonly #tick = (): void => {
    const now = performance.now();
    for (const { output, packet } of this.#mix.tick(now)) {
      const producer = this.#outputs.get(output)?.producer;
      if (producer && !producer.closed) producer.send(packet);
    }
    this.#events.levels(this.#mix.levels(), now);
    this.#tellSpeaking(performance.now());
    this.#goOver(now);
    // Nobody to hear and nobody to hear it: the beat rests.
    if (this.#taps.size === 0 && this.#outputs.size === 0 && !this.#speaking) {
      this.#beat = undefined;
      return;
    }
    this.#nextBeat = Math.max(this.#nextBeat + beatMs, now - 5 * beatMs);
    this.#beat = setTimeout(this.#tick, Math.max(0, this.#nextBeat - performance.now()));
  };
}

/** The stream that browsers have of a participant's sound. */
function microphone(participant: ParticipantId): string {
  return `${participant}/microphone`;
}

function sharedFeed({ name, sendPayloadType }: RoomAudioCodec): FeedId {
  return `sound:${name}:${sendPayloadType}`;
}

function ownFeed(codec: RoomAudioCodec, participant: ParticipantId): FeedId {
  return `${sharedFeed(codec)}:${participant}`;
}
