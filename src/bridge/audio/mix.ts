import type { ParticipantId } from '../media/media.js';
import { Encoding } from './encoding.js';
import { FRAME_MS, MIX_SAMPLES } from './frame.js';
import { Limiter } from './limiter.js';
import { type Candidate, Loudest } from './loudest.js';
import type {
  AudioCodecName,
  AudioMix,
  AudioMixEvents,
  AudioMixStats,
  AudioOutputId,
  AudioOutputOptions,
  AudioSourceOptions,
  MixedPacket,
} from './mix-api.js';
import type { OpusEncoding } from './opus.js';
import { AudioOutput, addUp, type MixedFrame } from './output.js';
import { AudioSource, type SourceCounts } from './source.js';
import { Voice } from './voice.js';

export interface AudioMixSettings {
  /** From 0 to 1, for where sequence numbers and timestamps begin. */
  readonly random?: () => number;
  readonly opus?: OpusEncoding;
}

/** A late tick is made up for by so many frames at once; what is beyond that is left out. */
const MOST_FRAMES = 5;

/**
 * The sound of one meeting (see AudioMix). What it costs grows with those who are heard and with the codecs that are listened in: a packet of
 * anybody else is put in its place and measured, and every output that has no sound of its own sends what one encoder made.
 */
export function createAudioMix(events: AudioMixEvents, settings: AudioMixSettings = {}): AudioMix {
  return new MeetingMix(events, settings);
}

class MeetingMix implements AudioMix {
  readonly #events: AudioMixEvents;
  readonly #settings: AudioMixSettings;
  readonly #sources = new Map<ParticipantId, AudioSource>();
  readonly #outputs = new Map<AudioOutputId, AudioOutput>();
  readonly #shared = new Map<AudioCodecName, Encoding>();
  readonly #counts: SourceCounts = { decoded: 0, concealed: 0, bad: 0, late: 0 };
  readonly #loudest = new Loudest();
  readonly #limiter = new Limiter();
  /** Who is in the mix: the loudest, and who is fading out. */
  #voices: Voice[] = [];
  #loudestChanged = false;
  #encoded = 0;
  #index = 0;
  /** When the next frame is due. */
  #due: number | undefined;
  /** The last mix of all, and room for the next one. */
  #all: Float32Array = new Float32Array(MIX_SAMPLES);
  #spare: Float32Array = new Float32Array(MIX_SAMPLES);
  #before: Float32Array | undefined;

  constructor(events: AudioMixEvents, settings: AudioMixSettings) {
    this.#events = events;
    this.#settings = settings;
  }

  addSource(participant: ParticipantId, options: AudioSourceOptions): void {
    this.removeSource(participant);
    this.#sources.set(participant, new AudioSource(options, this.#counts));
  }

  removeSource(participant: ParticipantId): void {
    const source = this.#sources.get(participant);
    if (!source) return;
    source.stop();
    this.#sources.delete(participant);
    this.#silence(participant);
  }

  setMuted(participant: ParticipantId, muted: boolean): void {
    const source = this.#sources.get(participant);
    if (!source || source.isMuted === muted) return;
    source.isMuted = muted;
    if (muted) this.#silence(participant);
  }

  receive(participant: ParticipantId, packet: Buffer, now: number): void {
    const digit = this.#sources.get(participant)?.receive(packet, now);
    if (digit !== undefined) this.#events.digit(participant, digit);
  }

  addOutput(id: AudioOutputId, options: AudioOutputOptions): void {
    const { random = Math.random, opus } = this.#settings;
    this.#outputs.set(id, new AudioOutput(options, { random, opus, countEncoded: this.#countEncoded }));
  }

  removeOutput(id: AudioOutputId): void {
    this.#outputs.delete(id);
  }

  announce(id: AudioOutputId, tone: Parameters<AudioMix['announce']>[1]): void {
    this.#outputs.get(id)?.tones.play(tone);
  }

  hold(id: AudioOutputId, held: boolean): void {
    const output = this.#outputs.get(id);
    if (output) output.held = held;
  }

  tick(now: number): readonly MixedPacket[] {
    this.#due ??= now;
    // Half a frame too early is on time: a timer's beat is never quite even.
    let frames = Math.floor((now - this.#due) / FRAME_MS + 0.5) + 1;
    if (frames > MOST_FRAMES) {
      this.#skip(frames - MOST_FRAMES);
      frames = MOST_FRAMES;
    }
    const packets: MixedPacket[] = [];
    for (; frames > 0; frames--) {
      this.#frame(this.#due, packets);
      this.#due += FRAME_MS;
    }
    if (this.#loudestChanged) {
      this.#loudestChanged = false;
      this.#events.loudest(this.#loudest.participants);
    }
    return packets;
  }

  levels(): ReadonlyMap<ParticipantId, number> {
    const levels = new Map<ParticipantId, number>();
    for (const [participant, source] of this.#sources) levels.set(participant, Math.round(source.lastLevel));
    return levels;
  }

  get stats(): AudioMixStats {
    return { sources: this.#sources.size, outputs: this.#outputs.size, encoded: this.#encoded, ...this.#counts };
  }

  close(): void {
    this.#sources.clear();
    this.#outputs.clear();
    this.#shared.clear();
    this.#voices = [];
  }

  readonly #countEncoded = (): void => {
    this.#encoded++;
  };

  /** One who is no longer to be heard fades out with the next frame. */
  #silence(participant: ParticipantId): void {
    if (this.#loudest.remove(participant)) this.#loudestChanged = true;
    for (const voice of this.#voices) if (voice.participant === participant) voice.leave();
  }

  #skip(frames: number): void {
    this.#due = (this.#due ?? 0) + frames * FRAME_MS;
    for (const output of this.#outputs.values()) output.skip(frames);
  }

  #frame(at: number, packets: MixedPacket[]): void {
    for (const source of this.#sources.values()) {
      if (source.mustBeAwake) source.wake(at);
      else if (source.isAwake && !this.#voices.some((voice) => voice.source === source)) source.sleep();
      source.play(at);
    }
    this.#choose(at);
    const frame = this.#mix(at);
    for (const [id, output] of this.#outputs) {
      const packet = output.send(frame);
      if (packet) packets.push({ output: id, packet });
    }
    this.#before = frame.all;
    this.#index++;
  }

  /** Who is heard in this frame. */
  #choose(at: number): void {
    const candidates: Candidate[] = [];
    for (const [participant, source] of this.#sources) {
      if (source.isMuted) continue;
      const level = source.level(at);
      const speaks = source.speaks(level, at);
      if (speaks || this.#loudest.has(participant)) candidates.push({ participant, level, speaks });
    }
    if (this.#loudest.update(candidates, at)) this.#loudestChanged = true;
    for (const participant of this.#loudest.participants) {
      const source = this.#sources.get(participant);
      if (!source) continue;
      if (!source.isAwake) {
        source.wake(at);
        source.play(at);
      }
      const voice = this.#voices.find((known) => known.source === source);
      if (!voice) this.#voices.push(new Voice(participant, source));
    }
  }

  #mix(at: number): MixedFrame {
    const voices: { participant: ParticipantId; sound: Float32Array }[] = [];
    let hasGone = false;
    for (const voice of this.#voices) {
      // A source that is gone is not played with the others.
      if (this.#sources.get(voice.participant) !== voice.source) voice.source.play(at);
      const sound = voice.next(!voice.isLeaving && this.#loudest.has(voice.participant));
      if (sound) voices.push({ participant: voice.participant, sound });
      hasGone ||= voice.isGone;
    }
    if (hasGone) this.#voices = this.#voices.filter(({ isGone }) => !isGone);
    let all: Float32Array | undefined;
    if (voices.length > 0) {
      all = this.#spare;
      this.#spare = this.#all;
      this.#all = all;
      addUp(voices, all);
      this.#limiter.process(all);
    }
    return { index: this.#index, voices, all, before: this.#before, shared: (codec) => this.#sharedEncoding(codec) };
  }

  #sharedEncoding(codec: AudioCodecName): Encoding {
    let encoding = this.#shared.get(codec);
    if (!encoding) {
      encoding = new Encoding(codec, this.#countEncoded, this.#settings.opus);
      this.#shared.set(codec, encoding);
    }
    return encoding;
  }
}
