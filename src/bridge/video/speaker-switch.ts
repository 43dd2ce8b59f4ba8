import { randomInt } from 'node:crypto';
import type { ParticipantId } from '../media/media.js';
import { holds, inspect } from './h264.js';
import { holdsParameterSets } from './parameter-sets.js';
import { Layer } from './picture-layer.js';
import { PictureSource, slidesOf } from './picture-source.js';
import { Rewriter } from './rewriter.js';
import { RtpPacket } from './rtp-packet.js';
import { SpeakerChoice, type SpeakerChoiceOptions } from './speaker-choice.js';
import type { PictureId, PictureLayer, SpeakerSwitch, SpeakerSwitchStats, SwitchAction } from './switch-api.js';

export interface SpeakerSwitchOptions {
  /** What wall clock time, ms since 1970, is ahead of `now`. Each `tick` says it anew. */
  readonly ntpAheadMs: number;
  /** A key frame that has not come is asked for again. */
  readonly keyFrameRetryMs: number;
  /** After so many requests and one more `keyFrameRetryMs`, the picture is not gone over to. */
  readonly keyFrameAttempts: number;
  /** A camera that sends nothing for so long is frozen or gone. */
  readonly cameraSilenceMs: number;
  /** Slides that do not change are sent once a second by browsers, and less often by others. */
  readonly slidesSilenceMs: number;
  readonly choice: Partial<SpeakerChoiceOptions>;
  /** Where the sequence numbers (16 bits) and timestamps (32) begin. */
  readonly random: (bits: 16 | 32) => number;
}

const defaults: SpeakerSwitchOptions = {
  ntpAheadMs: 0,
  keyFrameRetryMs: 300,
  keyFrameAttempts: 5,
  cameraSilenceMs: 1_000,
  slidesSilenceMs: 5_000,
  choice: {},
  random: (bits) => randomInt(2 ** bits),
};

const nothing: readonly SwitchAction[] = [];

/** The speaker switch of one meeting. */
export function createSpeakerSwitch(options: Partial<SpeakerSwitchOptions> = {}): SpeakerSwitch {
  return new Switch({ ...defaults, ...options });
}

class Switch implements SpeakerSwitch {
  readonly #options: SpeakerSwitchOptions;
  readonly #choice: SpeakerChoice;
  readonly #sources = new Map<PictureId, PictureSource>();
  /** Who spoke last stands first; who never spoke stands behind, in the order of coming. */
  #cameras: PictureSource[] = [];
  /** The newest stand first. */
  #slides: PictureSource[] = [];
  readonly #speaker: Layer;
  readonly #previous: Layer;
  readonly #layers: readonly [Layer, Layer];
  readonly #packet = new RtpPacket();
  #previousWanted = false;
  #ntpAheadMs: number;
  #switches = 0;
  #givenUp = 0;
  #bad = 0;

  constructor(options: SpeakerSwitchOptions) {
    this.#options = options;
    this.#ntpAheadMs = options.ntpAheadMs;
    this.#choice = new SpeakerChoice(options.choice);
    const { random } = options;
    this.#speaker = new Layer('speaker', new Rewriter(random(16), random(32)));
    this.#previous = new Layer('previous', new Rewriter(random(16), random(32)));
    this.#layers = [this.#speaker, this.#previous];
  }

  get speaker(): ParticipantId | undefined {
    return this.#speaker.current?.owner;
  }

  get stats(): SpeakerSwitchStats {
    return { pictures: this.#sources.size, switches: this.#switches, givenUp: this.#givenUp, bad: this.#bad };
  }

  add(participant: ParticipantId, now: number): readonly SwitchAction[] {
    const place = this.#cameras.findIndex(({ id }) => id === participant);
    const out: SwitchAction[] = [];
    this.#drop(participant, now, out);
    const source = new PictureSource(participant, participant, false);
    this.#sources.set(participant, source);
    // A picture that is opened again keeps its place in the order of speakers.
    this.#cameras.splice(place < 0 ? this.#cameras.length : place, 0, source);
    return this.#settle(now, out);
  }

  addSlides(participant: ParticipantId, now: number): readonly SwitchAction[] {
    const id = slidesOf(participant);
    const out: SwitchAction[] = [];
    this.#drop(id, now, out);
    const source = new PictureSource(id, participant, true);
    this.#sources.set(id, source);
    this.#slides.unshift(source);
    return this.#settle(now, out);
  }

  remove(picture: PictureId, now: number): readonly SwitchAction[] {
    const shown = this.#speaker.current;
    const out: SwitchAction[] = [];
    if (!this.#drop(picture, now, out)) return nothing;
    this.#choice.remove(picture);
    this.#settle(now, out);
    if (shown && !this.#speaker.current && !this.#speaker.target) out.push(this.#shown());
    return out;
  }

  setPreviousWanted(wanted: boolean, now: number): readonly SwitchAction[] {
    if (wanted === this.#previousWanted) return nothing;
    this.#previousWanted = wanted;
    if (!wanted) this.#previous.clear();
    return this.#settle(now, []);
  }

  hear(levels: ReadonlyMap<ParticipantId, number>, now: number): readonly SwitchAction[] {
    const before = this.#choice.present;
    const speaker = this.#choice.hear(levels, now, (participant) => this.#sources.has(participant));
    if (speaker === before || speaker === undefined) return nothing;
    const place = this.#cameras.findIndex(({ id }) => id === speaker);
    if (place > 0) this.#cameras.unshift(...this.#cameras.splice(place, 1));
    return this.#settle(now, []);
  }

  receive(picture: PictureId, bytes: Buffer, now: number): readonly SwitchAction[] {
    const source = this.#sources.get(picture);
    if (!source?.tapped) return nothing;
    const packet = this.#packet;
    const found = packet.read(bytes) ? inspect(bytes, packet.start, packet.end) : 0;
    if (found === 0) {
      this.#bad++;
      return nothing;
    }
    source.packetCame(now);
    if (holdsParameterSets(found)) source.parameterSets.remember(bytes, packet.start, packet.end);
    const begins = beginsKeyFrame(source, found);
    const out: SwitchAction[] = [];
    for (const layer of this.#layers) this.#pass(layer, source, bytes, found, begins, now, out);
    if (begins) source.keyFrameCame();
    if (found & holds.sps) source.spsTimestamp = packet.timestamp;
    return out;
  }

  keyFrameWanted(name: PictureLayer, now: number): readonly SwitchAction[] {
    const layer = name === 'speaker' ? this.#speaker : this.#previous;
    if (layer.waiting) layer.keyFrameWanted = true;
    else if (layer.current?.pace.want(now)) return [{ do: 'requestKeyFrame', participant: layer.current.id }];
    return nothing;
  }

  tick(now: number, ntpMs: number): readonly SwitchAction[] {
    this.#ntpAheadMs = ntpMs - now;
    const out: SwitchAction[] = [];
    for (const { current } of this.#layers) if (current) this.#watch(current, now, out);
    this.#settle(now, out);
    this.#untap(out);
    for (const layer of this.#layers) {
      const { current } = layer;
      if (current && !layer.waiting && current.pace.due(now)) out.push({ do: 'requestKeyFrame', participant: current.id });
      layer.report(now, ntpMs, out);
    }
    return out;
  }

  #watch(source: PictureSource, now: number, out: SwitchAction[]): void {
    const silentMs = now - source.lastPacketAt;
    const limitMs = source.slides ? this.#options.slidesSilenceMs : this.#options.cameraSilenceMs;
    if (silentMs >= limitMs) {
      if (source.isThere(now)) source.fallSilent(now);
      return;
    }
    // Slides may just not have changed: their key frame tells.
    if (source.slides && silentMs >= limitMs / 2 && source.pace.want(now)) out.push({ do: 'requestKeyFrame', participant: source.id });
  }

  /** One packet into one layer, if it is of what the layer shows or is about to show. */
  #pass(layer: Layer, source: PictureSource, bytes: Buffer, found: number, begins: boolean, now: number, out: SwitchAction[]): void {
    const goesOver = begins && layer.target === source && layer.current !== source;
    if (goesOver) {
      layer.goOver(this.#packet, now);
      this.#switches++;
      // He whom the old speaker was shown is the speaker now, and must not be shown himself.
      const own = this.#previous.current;
      if (own && own.owner === this.#speaker.current?.owner) this.#previous.lose(own, now);
      out.push(this.#shown());
    } else if (layer.current !== source) return;
    if (!layer.forward(source, this.#packet, bytes, found, goesOver, now, out)) {
      layer.lose(source, now);
      this.#settle(now, out);
    }
    if (!goesOver) return;
    layer.report(now, now + this.#ntpAheadMs, out);
    // Who is the previous speaker follows from who is shown.
    this.#settle(now, out);
  }

  #shown(): SwitchAction {
    return { do: 'shown', speaker: this.#speaker.current?.owner, previous: this.#previous.current?.owner };
  }

  /** Aims the layers at what they should show, taps what they need, and asks for the key frames that are waited for. */
  #settle(now: number, out: SwitchAction[]): SwitchAction[] {
    this.#speaker.aim(this.#forAll(now), now);
    this.#previous.aim(this.#previousWanted ? this.#forSpeaker(now) : undefined, now);
    this.#tap(now, out);
    for (const layer of this.#layers) this.#ask(layer, now, out);
    return out;
  }

  #forAll(now: number): PictureSource | undefined {
    const there = (source: PictureSource): boolean => source.isThere(now);
    // What is frozen is better than nothing, and may yet move.
    return this.#slides.find(there) ?? this.#cameras.find(there) ?? this.#speaker.current;
  }

  #forSpeaker(now: number): PictureSource | undefined {
    const shown = (this.#speaker.current ?? this.#speaker.target)?.owner;
    const frozen = this.#previous.current;
    return this.#cameras.find((source) => source.owner !== shown && source.isThere(now)) ?? (frozen?.owner === shown ? undefined : frozen);
  }

  #isNeeded(source: PictureSource): boolean {
    return this.#layers.some(({ current, target }) => current === source || target === source);
  }

  #tap(now: number, out: SwitchAction[]): void {
    for (const source of this.#sources.values()) {
      if (source.tapped || !this.#isNeeded(source)) continue;
      source.tap(now);
      out.push({ do: 'tap', participant: source.id });
    }
  }

  /**
   * Only at a tick: who hears `shown` may want `previous` from then on, which is the picture that was just left, and the rest of the actions
   * that came with `shown` must not take it away again.
   */
  #untap(out: SwitchAction[]): void {
    for (const source of this.#sources.values()) {
      if (!source.tapped || this.#isNeeded(source)) continue;
      source.untap();
      out.push({ do: 'untap', participant: source.id });
    }
  }

  #ask(layer: Layer, now: number, out: SwitchAction[]): void {
    const { target } = layer;
    if (!target || !layer.waiting || now < layer.askAt) return;
    if (layer.attempts >= this.#options.keyFrameAttempts) {
      this.#giveUp(layer, target, now, out);
      return;
    }
    layer.attempts++;
    layer.askAt = now + this.#options.keyFrameRetryMs;
    if (target.ask(now)) out.push({ do: 'requestKeyFrame', participant: target.id });
  }

  #giveUp(layer: Layer, target: PictureSource, now: number, out: SwitchAction[]): void {
    this.#givenUp++;
    target.fail(now);
    layer.aim(undefined, now);
    if (layer.keyFrameWanted) {
      layer.keyFrameWanted = false;
      if (layer.current?.pace.want(now)) out.push({ do: 'requestKeyFrame', participant: layer.current.id });
    }
    // Ends, as each round takes one picture out of the choice.
    this.#settle(now, out);
  }

  /** Takes a picture out of everything. False: there is none of that name. */
  #drop(picture: PictureId, now: number, out: SwitchAction[]): boolean {
    const source = this.#sources.get(picture);
    if (!source) return false;
    this.#sources.delete(picture);
    this.#cameras = this.#cameras.filter((camera) => camera !== source);
    this.#slides = this.#slides.filter((slides) => slides !== source);
    for (const layer of this.#layers) {
      layer.lose(source, now);
      if (layer.target === source) layer.aim(undefined, now);
    }
    if (source.tapped) out.push({ do: 'untap', participant: picture });
    return true;
  }
}

/** Whether a receiver can begin with this packet: with the parameter sets in it, or those that we put before it. */
function beginsKeyFrame(source: PictureSource, found: number): boolean {
  return (found & holds.sps) !== 0 || ((found & holds.idrStart) !== 0 && source.parameterSets.both !== undefined);
}
