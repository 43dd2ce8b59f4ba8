import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { RoomLineId, RoomLineLocal, RoomMedia } from '../media/media.js';
import { type Line, type Slot, sameMedia } from './sdp/line.js';
import { offeredLines, offeredOptions, offeredSlots, readAnswer, writeOffer } from './sdp/offer.js';
import type { Offer } from './sdp/read-offer.js';
import type { Surroundings } from './sdp/read-section.js';
import { type Origin, opened, writeDescription } from './sdp/write.js';

/** What an answer to our offer came to. */
export type AnswerOutcome =
  /** `changed`: they want something else than before on a line whose ports cannot be used for it. Those are closed: offer again. */
  { readonly ok: true; readonly changed: boolean } | { readonly ok: false; readonly refusal: RefusalCode };

/**
 * The media of one room system's call, as offers and answers say them: keeps the ports and keys of each line from one description to the
 * next (RFC 3264 §8), opens and closes them. Methods run one after the other; what the media plane rejects with comes through.
 */
export class RoomSession {
  #media: RoomMedia;
  readonly #around: Surroundings;
  #origin: Origin;
  #slots: readonly Slot[] = [];
  readonly #locals = new Map<RoomLineId, RoomLineLocal>();
  /** Lines whose other half the media plane knows. */
  readonly #connected = new Map<RoomLineId, Line>();
  #written = '';
  #queue: Promise<unknown> = Promise.resolve();

  /** @param id decimal digits: names the session in `o=` */
  constructor(media: RoomMedia, around: Surroundings, id: string) {
    this.#media = media;
    this.#around = around;
    this.#origin = { id, version: 1 };
  }

  get media(): RoomMedia {
    return this.#media;
  }

  /** Does what an offer says; the answer to it. */
  answer(offer: Offer): Promise<string> {
    return this.#run(async () => {
      const wanted = new Map(offer.slots.flatMap(({ line }) => (line ? [[line.id, line] as const] : [])));
      for (const id of [...this.#locals.keys()]) if (!wanted.has(id)) await this.#close(id);
      for (const line of wanted.values()) await this.#apply(line);
      this.#slots = offer.slots;
      return this.#write('answer');
    });
  }

  /** An offer: of everything at first, afterwards of what there is. */
  offer(): Promise<string> {
    return this.#run(async () => {
      if (this.#slots.every(({ line }) => line === undefined)) {
        if (this.#slots.length === 0) this.#slots = offeredSlots();
        for (const id of offeredLines) if (!this.#locals.has(id)) this.#locals.set(id, await this.#media.openLine(id, offeredOptions));
        return this.#number((origin) => writeOffer(this.#locals, origin));
      }
      for (const { line } of this.#slots) {
        if (line && !this.#locals.has(line.id)) this.#locals.set(line.id, await this.#media.openLine(line.id, line.options));
      }
      this.#slots = opened(this.#slots);
      return this.#write('offer');
    });
  }

  /** Does what the answer to our last offer says. */
  accept(sdp: string): Promise<AnswerOutcome> {
    return this.#run(async () => {
      const answer = readAnswer(sdp, this.#slots, this.#around);
      if (!answer.ok) return { ok: false, refusal: answer.refusal };
      this.#slots = answer.slots;
      const used = new Set(answer.slots.flatMap(({ line }) => line?.id ?? []));
      for (const id of [...this.#locals.keys()]) if (!used.has(id)) await this.#close(id);
      let changed = false;
      for (const { line } of answer.slots) {
        if (!line) continue;
        const before = this.#connected.get(line.id);
        if (!before || sameMedia(before, line)) await this.#connect(line);
        else {
          await this.#close(line.id);
          changed = true;
        }
      }
      return { ok: true, changed };
    });
  }

  /** The media plane lost this leg; `media` is its new one. The next offer names its ports. */
  renew(media: RoomMedia): Promise<void> {
    return this.#run(async () => {
      this.#media = media;
      this.#locals.clear();
      this.#connected.clear();
    });
  }

  async #apply(line: Line): Promise<void> {
    const before = this.#connected.get(line.id);
    if (!before || !sameMedia(before, line)) {
      // New ports and keys: packets of the old session cannot be taken for the new one's.
      this.#connected.delete(line.id);
      this.#locals.set(line.id, await this.#media.openLine(line.id, line.options));
    }
    await this.#connect(line);
  }

  async #connect(line: Line): Promise<void> {
    const before = this.#connected.get(line.id);
    if (!before) await this.#media.connectLine(line.id, line.remote);
    else if (before.direction !== line.direction) await this.#media.directLine(line.id, line.direction);
    this.#connected.set(line.id, line);
  }

  async #close(id: RoomLineId): Promise<void> {
    this.#locals.delete(id);
    this.#connected.delete(id);
    await this.#media.closeLine(id);
  }

  #write(as: 'offer' | 'answer'): string {
    return this.#number((origin) => writeDescription(this.#slots, this.#locals, origin, as));
  }

  /** The version goes up where something else is said than the last time (RFC 3264 §8). */
  #number(write: (origin: Origin) => string): string {
    const same = write(this.#origin);
    if (this.#written === same || this.#written === '') {
      this.#written = same;
      return same;
    }
    this.#origin = { ...this.#origin, version: this.#origin.version + 1 };
    this.#written = write(this.#origin);
    return this.#written;
  }

  #run<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work);
    // The one who asked hears of it; the next is to be done nevertheless.
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
