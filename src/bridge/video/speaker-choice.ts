import type { ParticipantId } from '../media/media.js';

/** Loudness as in switch-api.ts: 0 (silence) to 127 (0 dBov). */
export interface SpeakerChoiceOptions {
  /** Less is no speech: -50 dBov, between a fan and a person who speaks low. */
  readonly speech: number;
  /** dB that another must be louder than the present one, while he speaks. */
  readonly margin: number;
  /** How long another must be heard while the present one is silent. Longer than a cough's burst, shorter than one notices. */
  readonly overSilenceMs: number;
  /** How long another must be the louder while the present one speaks too. */
  readonly overSpeechMs: number;
  /** How long one stays at least who goes on speaking. */
  readonly stayMs: number;
  /** A pause between words: who was heard so lately is not silent. */
  readonly pauseMs: number;
  /** dB a second that the memory of how loud the present one was falls by. */
  readonly fallPerSecond: number;
}

export const defaultChoice: SpeakerChoiceOptions = {
  speech: 77,
  margin: 6,
  overSilenceMs: 200,
  overSpeechMs: 500,
  stayMs: 1_200,
  pauseMs: 300,
  fallPerSecond: 20,
};

/** Between two calls of `hear`, no more time than this counts: what was not heard proves nothing. */
const maxStepMs = 100;

/**
 * Who is the speaker, from loudness alone. Who challenges the present speaker gathers time while he is heard (over one who is silent) or
 * clearly louder (over one who speaks), and loses it while not; with enough of it he takes over.
 */
export class SpeakerChoice {
  readonly #options: SpeakerChoiceOptions;
  /** Gathered ms of each who has some. */
  readonly #gathered = new Map<ParticipantId, number>();
  #present: ParticipantId | undefined;
  #since = 0;
  #spokeAt = Number.NEGATIVE_INFINITY;
  #loudness = 0;
  #heardAt: number | undefined;

  constructor(options: Partial<SpeakerChoiceOptions> = {}) {
    this.#options = { ...defaultChoice, ...options };
  }

  /** Undefined: nobody has spoken yet, or the last speaker has gone. */
  get present(): ParticipantId | undefined {
    return this.#present;
  }

  /** Gives the speaker from now on. `may`: who can be it at all. */
  hear(levels: ReadonlyMap<ParticipantId, number>, now: number, may: (participant: ParticipantId) => boolean): ParticipantId | undefined {
    const { speech, margin, overSilenceMs, overSpeechMs, stayMs, pauseMs, fallPerSecond } = this.#options;
    const step = Math.min(maxStepMs, Math.max(0, now - (this.#heardAt ?? now)));
    this.#heardAt = now;

    const own = this.#present === undefined ? 0 : (levels.get(this.#present) ?? 0);
    this.#loudness = Math.max(own, this.#loudness - (fallPerSecond * step) / 1000);
    if (own >= speech) this.#spokeAt = now;
    const silent = this.#present === undefined || now - this.#spokeAt >= pauseMs;
    const needed = silent ? overSilenceMs : overSpeechMs;
    // Also in a pause of his does another gather time, so that who takes over from him at once is shown when the pause proves to be silence.
    const floor = silent || own < speech ? speech : Math.max(speech, this.#loudness + margin);

    let next: ParticipantId | undefined;
    let nextLevel = 0;
    for (const [participant, level] of levels) {
      if (participant === this.#present || !may(participant)) continue;
      const before = this.#gathered.get(participant) ?? 0;
      const gathered = level >= floor ? Math.min(before + step, overSpeechMs) : before - step;
      // Zero is kept while he is heard, so that time counts from the first time that he is.
      if (gathered > 0 || level >= floor) this.#gathered.set(participant, Math.max(0, gathered));
      else this.#gathered.delete(participant);
      if (gathered >= needed && level >= floor && level > nextLevel) {
        next = participant;
        nextLevel = level;
      }
    }
    for (const participant of this.#gathered.keys()) if (!levels.has(participant)) this.#gathered.delete(participant);
    if (next !== undefined && (silent || now - this.#since >= stayMs)) this.#take(next, nextLevel, now);
    return this.#present;
  }

  remove(participant: ParticipantId): void {
    this.#gathered.delete(participant);
    if (this.#present === participant) this.#present = undefined;
  }

  #take(participant: ParticipantId, level: number, now: number): void {
    this.#present = participant;
    this.#since = now;
    this.#spokeAt = now;
    this.#loudness = level;
    this.#gathered.clear();
  }
}
