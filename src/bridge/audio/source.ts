import { rtpClock } from './codec.js';
import { comfortNoiseRms } from './comfort-noise.js';
import { DtmfReceiver } from './dtmf.js';
import { FRAME_MS } from './frame.js';
import { JitterBuffer } from './jitter-buffer.js';
import { type Level, LevelMeter, levelOf, powerOf, SpeechDetector } from './level.js';
import { LevelEstimate } from './level-estimate.js';
import type { AudioSourceOptions } from './mix-api.js';
import { opusDuration } from './opus.js';
import { Player } from './player.js';
import { payloadOf, type RtpView, readRtp } from './rtp.js';

/** Static payload type of comfort noise (RFC 3551 §6); it goes with codecs whose clock is 8 kHz. */
const COMFORT_NOISE = 13;
/** G.711 and G.722 have 8 bytes a millisecond; nobody sends more than 120 ms at a time. */
const MOST_PLAIN_BYTES = 960;
/** How far back one who begins to be heard begins: the word that made him heard. */
const FIRST_WORD_MS = 160;
/** Packets that a decoder which has slept is given to find its way in. */
const WARM_UP = 2;
/** One whose packets tell nothing, and who has been quiet for so long, is only glanced at: */
const DOZE_AFTER_MS = 3_000;
/** at so many packets of so many, which must span no more than FIRST_WORD_MS. The decoder finds its way in with the first. */
const GLANCE = 2;
const GLANCE_EVERY = 7;
/** A decoder that was left out does not believe at once how much louder it has become. */
const GLANCE_SHORT_OF: Level = 2;

/** What the sources of a mix count together. */
export interface SourceCounts {
  decoded: number;
  concealed: number;
  bad: number;
  late: number;
}

/**
 * The sound of one participant: packets in, 20 ms at 48 kHz out. It sleeps while nobody is to hear it, if its packets say how loud
 * they are without being decoded; then a packet costs its copying.
 */
export class AudioSource {
  readonly #options: AudioSourceOptions;
  readonly #counts: SourceCounts;
  readonly #clock: number;
  readonly #jitter: JitterBuffer;
  readonly #dtmf = new DtmfReceiver();
  readonly #estimate: LevelEstimate;
  readonly #measured = new LevelMeter();
  readonly #speech = new SpeechDetector();
  readonly #player: Player;
  #ssrc: number | undefined;
  #isAwake = false;
  #isMuted = false;
  #noiseRms = 0;
  #lastLevel = 0;
  #frame: Float32Array | undefined;
  #quietSince: number | undefined;
  #isDozing = false;
  /** Packets since the last glance, and how loud it was then. */
  #unseen = 0;
  #glanced: Level = 0;

  constructor(options: AudioSourceOptions, counts: SourceCounts) {
    this.#options = options;
    this.#counts = counts;
    this.#clock = rtpClock(options.codec);
    this.#jitter = new JitterBuffer(this.#clock);
    this.#estimate = new LevelEstimate(options.codec);
    this.#player = new Player(options, counts);
  }

  get isMuted(): boolean {
    return this.#isMuted;
  }

  set isMuted(muted: boolean) {
    this.#isMuted = muted;
    this.stop();
  }

  /** Nothing of what has come is played any more; what is being heard fades out with the next 20 ms. */
  stop(): void {
    this.#jitter.reset();
    this.#estimate.reset();
    this.#measured.reset();
    this.#isDozing = false;
    this.#quietSince = undefined;
  }

  /** Takes one RTP packet. @returns a digit that was pressed */
  receive(packet: Uint8Array, now: number): string | undefined {
    const rtp = readRtp(packet);
    if (!rtp) {
      this.#counts.bad++;
      return undefined;
    }
    if (rtp.ssrc !== this.#ssrc) {
      this.#ssrc = rtp.ssrc;
      this.stop();
      this.#player.startAnew();
    }
    if (rtp.payloadType === this.#options.dtmfPayloadType) {
      if (!this.#isMuted) this.#insert(rtp, undefined, 0, false, now);
      return this.#dtmf.receive(payloadOf(rtp), rtp.timestamp, now);
    }
    if (!this.#isMuted) this.#receiveSound(rtp, now);
    return undefined;
  }

  /** What `level` said last. */
  get lastLevel(): number {
    return this.#isMuted ? 0 : this.#lastLevel;
  }

  /** Loudness over the last 100 ms, 0 to 127. */
  level(now: number): number {
    this.#lastLevel = this.#isMuted ? 0 : this.#levelNow(now);
    return this.#lastLevel;
  }

  #levelNow(now: number): number {
    const claimed = this.#estimate.level(now);
    if (!this.#isAwake) return claimed ?? (this.#isDozing ? this.#glanced : 0);
    const measured = this.#measured.level(now);
    // A source that has just been woken has not been measured long enough to be put to sleep again.
    return claimed !== undefined && !this.#player.hasPlayed ? Math.max(claimed, measured) : measured;
  }

  speaks(level: number, now: number): boolean {
    const speaks = this.#speech.hears(level, now);
    if (speaks || this.#quietSince === undefined) this.#quietSince = now;
    else if (this.#isAwake && !this.#estimate.isKnown && now - this.#quietSince >= DOZE_AFTER_MS) this.#doze(level);
    return speaks;
  }

  /** Whether its packets tell nothing, so that it has to be decoded: all the time when it has been heard lately. */
  get mustBeAwake(): boolean {
    return !this.#isMuted && this.#ssrc !== undefined && !this.#estimate.isKnown && !this.#isDozing;
  }

  #doze(level: Level): void {
    if (this.#isDozing) return;
    this.#isDozing = true;
    this.#unseen = 0;
    this.#glanced = level;
  }

  /** Decodes a packet now and then, to hear whether it is quiet still. */
  #glance({ bytes, from, to }: RtpView): void {
    this.#unseen++;
    if (this.#unseen <= GLANCE_EVERY - GLANCE) return;
    const power = this.#player.glance(bytes.subarray(from, to));
    if (this.#unseen < GLANCE_EVERY) return;
    this.#unseen = 0;
    if (power === undefined) return;
    this.#glanced = levelOf(power);
    if (this.#speech.standsOut(this.#glanced + GLANCE_SHORT_OF)) this.#wakeUp();
  }

  #wakeUp(): void {
    this.#isDozing = false;
    this.#quietSince = undefined;
  }

  get isAwake(): boolean {
    return this.#isAwake;
  }

  wake(now: number): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#measured.reset();
    this.#jitter.start(FIRST_WORD_MS, now);
    this.#player.begin(this.#jitter.before(WARM_UP));
  }

  sleep(): void {
    this.#isAwake = false;
  }

  /** Moves on by 20 ms. @param now when they are due */
  play(now: number): void {
    const played = this.#isAwake ? this.#player.play(this.#jitter, this.#noise(), now) : undefined;
    this.#frame = played?.frame;
    if (!played) return;
    this.#measured.add(played.power, FRAME_MS, now);
    if (this.#player.hasPlayed) this.#estimate.compare(this.#measured.level(now), now);
  }

  /** The 20 ms of now, at 48 kHz, good until the next call of `play`; undefined: it is silent, or sleeps. */
  get frame(): Float32Array | undefined {
    return this.#frame;
  }

  #noise(): number {
    return Math.min(200, Math.max(this.#noiseRms, Math.sqrt(powerOf(Math.round(this.#speech.floor)))));
  }

  #receiveSound(rtp: RtpView, now: number): void {
    if (rtp.payloadType === this.#options.payloadType) {
      const duration = this.#durationOf(rtp);
      if (duration === 0) this.#counts.bad++;
      else {
        const level = this.#estimate.add(rtp, (duration * 1000) / this.#clock, now);
        // A word may have begun in any packet that was not looked at.
        const isLoud = level === undefined ? this.#isDozing : this.#speech.standsOut(level);
        this.#insert(rtp, rtp, duration, isLoud, now);
        if (level === undefined && this.#isDozing && !this.#isAwake) this.#glance(rtp);
      }
    } else if (rtp.payloadType === COMFORT_NOISE && this.#clock === 8000) {
      // It lasts until the next packet of whatever kind: the timestamps say how long that was.
      this.#noiseRms = comfortNoiseRms(payloadOf(rtp)) ?? 0;
      this.#insert(rtp, undefined, 0, false, now);
    } else this.#counts.bad++;
  }

  /** In ticks of the RTP clock; 0: it is no packet of this codec. */
  #durationOf({ bytes, from, to }: RtpView): number {
    if (this.#options.codec === 'opus') return opusDuration(bytes, from, to);
    return to - from > MOST_PLAIN_BYTES ? 0 : to - from;
  }

  #insert(rtp: RtpView, payload: RtpView | undefined, duration: number, isLoud: boolean, now: number): void {
    const { sequence, timestamp } = rtp;
    const arrival = this.#jitter.insert({ sequence, timestamp, payload, duration, isLoud }, now);
    if (arrival === 'late') this.#counts.late++;
    else if (arrival === 'strange') this.#counts.bad++;
  }
}
