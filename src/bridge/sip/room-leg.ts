import type { Clock } from '../../clock.js';
import { metricOf, type RefusalCode } from '../../gatekeeper/calls/reasons.js';
import { MediaError, type RoomMedia } from '../media/media.js';
import { endingOf } from '../meetings/browser-call.js';
import type { LeaveReason, Seat, Whereabouts } from '../meetings/meeting.js';
import type { Call } from './call.js';
import type { CallEnd, CallUser, SdpAnswer } from './call-user.js';
import type { RoomSession } from './room-session.js';
import { readOffer } from './sdp/read-offer.js';
import type { Surroundings } from './sdp/read-section.js';

/** So long a leg that lost its media waits for a worker that takes it. */
const patienceMs = 5000;
const pauseMs = 200;

export interface RoomLegOptions {
  readonly seat: Seat;
  readonly session: RoomSession;
  readonly around: Surroundings;
  readonly clock: Clock;
  /** A fault of ours, or the media plane's. */
  readonly onFault: (error: unknown, participant: string) => void;
}

/**
 * One room system in one meeting: what its call says goes to the media plane and the seat, what happens to the seat goes to the call. It is
 * over when the call ends or the seat is out, whichever is first, and ends the other then.
 */
export class RoomLeg implements CallUser {
  readonly #seat: Seat;
  readonly #session: RoomSession;
  readonly #around: Surroundings;
  readonly #options: RoomLegOptions;
  #call: Call | undefined;
  /** Its sound is connected: it can be told something. */
  #connected = false;
  #shown: Whereabouts | undefined;
  #out: LeaveReason | undefined;
  /** Its media are made anew. */
  #restoring = false;
  #lostAgain = false;
  /** How often its media were lost, now and when our last offer was made. */
  #losses = 0;
  #lossesAtOffer = 0;

  constructor(options: RoomLegOptions) {
    this.#options = options;
    this.#seat = options.seat;
    this.#session = options.session;
    this.#around = options.around;
    // A seat tells of its end once: one that was put out before is asked.
    if (options.seat.where === 'out') this.#out = 'left';
    this.#seat.onChange((where, reason) => this.#moved(where, reason));
    this.#seat.onMediaLost(() => this.#mediaLost());
    this.#seat.onKeyFrameNeeded(() => this.#call?.askKeyFrame());
  }

  /** Why the seat is out; undefined: it is not. */
  get out(): LeaveReason | undefined {
    return this.#out;
  }

  /** The call stands. `connected`: both halves of its media are known; else `onAnswer` will bring theirs. */
  begin(call: Call, connected: boolean): void {
    this.#call = call;
    if (this.#out !== undefined) this.#hangUp(this.#out);
    else if (connected) this.#follow();
  }

  /** Nothing came of the call. */
  abandon(reason: LeaveReason): void {
    this.#seat.leave(reason);
    this.#closeMedia();
  }

  async onOffer(sdp: string): Promise<SdpAnswer> {
    const offer = readOffer(sdp, this.#around, true);
    if (!offer.ok) return offer;
    try {
      const answer = await this.#session.answer(offer);
      this.#follow();
      return { ok: true, sdp: answer };
    } catch (error) {
      this.#failed(error);
      return { ok: false, refusal: 'mediaUnavailable' };
    }
  }

  makeOffer(): Promise<string> {
    this.#lossesAtOffer = this.#losses;
    return this.#session.offer();
  }

  async onAnswer(sdp: string): Promise<RefusalCode | undefined> {
    try {
      const outcome = await this.#session.accept(sdp);
      if (!outcome.ok) return outcome.refusal;
      this.#follow();
      if (outcome.changed) this.#guard(this.#reoffer());
      return undefined;
    } catch (error) {
      // Lost since the offer that this answers: the session stands, and a new offer is on its way.
      if (this.#losses !== this.#lossesAtOffer) return undefined;
      this.#failed(error);
      return 'mediaUnavailable';
    }
  }

  onKeyFrame(): void {
    this.#session.media.requestKeyFrame();
  }

  onDigit(digit: string): void {
    this.#seat.digit(digit);
  }

  onEnd({ by }: CallEnd): void {
    this.#seat.leave(by === 'lost' ? 'lost' : 'left');
    this.#closeMedia();
  }

  #moved(where: Whereabouts, reason: LeaveReason | undefined): void {
    if (where === 'out') {
      this.#out = reason ?? 'left';
      this.#hangUp(this.#out);
    } else if (this.#connected) this.#follow(true);
  }

  /** Brings the media plane to where the seat is. `moved`: the seat has just said so, and being where it was means a wrong PIN. */
  #follow(moved = false): void {
    const { where } = this.#seat;
    const { media } = this.#session;
    if (where === 'out') return;
    if (!this.#connected) {
      this.#connected = true;
      this.#guard(media.setWaiting(where !== 'in'));
    } else if (this.#shown !== where) this.#guard(media.setWaiting(where !== 'in'));
    if (media.cipher !== '') this.#seat.secured(media.cipher);
    const waited = this.#shown !== undefined && this.#shown !== 'in';
    const again = this.#shown === where;
    this.#shown = where;
    if (where === 'pin' && (!again || moved)) media.announce(again ? 'wrong-pin' : 'enter-pin');
    else if (where === 'lobby' && !again) media.announce('waiting');
    else if (where === 'in' && waited) media.announce('admitted');
  }

  /** Its worker died: a new leg, with ports and keys of its own, is offered to the room system, which hardly notices. */
  #mediaLost(): void {
    this.#losses += 1;
    if (this.#restoring) {
      this.#lostAgain = true;
      return;
    }
    this.#restoring = true;
    this.#guard(this.#restore());
  }

  async #restore(): Promise<void> {
    try {
      do {
        this.#lostAgain = false;
        await this.#session.renew(await this.#newMedia());
        this.#connected = false;
        this.#shown = undefined;
        const agreed = await this.#call?.reoffer();
        if (!agreed && !this.#lostAgain) this.#seat.leave('mediaFailed');
      } while (this.#lostAgain && this.#out === undefined);
    } catch (error) {
      this.#options.onFault(error, this.#seat.participant);
      this.#seat.leave('mediaFailed');
    } finally {
      this.#restoring = false;
    }
    if (this.#out !== undefined) this.#closeMedia();
  }

  /** Where the last worker died, its replacement takes a moment. */
  async #newMedia(): Promise<RoomMedia> {
    const { clock } = this.#options;
    for (const until = clock.now() + patienceMs; ; ) {
      try {
        return await this.#seat.media.addRoom(this.#seat.participant);
      } catch (error) {
        const mayCome = error instanceof MediaError && error.code === 'media_unavailable';
        if (!mayCome || this.#out !== undefined || clock.now() >= until) throw error;
      }
      await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
    }
  }

  async #reoffer(): Promise<void> {
    if (!(await this.#call?.reoffer())) this.#seat.leave('mediaFailed');
  }

  /** The media plane could not do what the two sides agreed on. While the leg is made anew that is no wonder. */
  #failed(error: unknown): void {
    if (this.#restoring || this.#out !== undefined) return;
    this.#options.onFault(error, this.#seat.participant);
    this.#seat.leave('mediaFailed');
  }

  #hangUp(reason: LeaveReason): void {
    // The gatekeeper reads the reason of the call's record from it (RFC 3326).
    this.#call?.hangUp({ cause: 200, text: metricOf(endingOf(reason)) });
    this.#closeMedia();
  }

  #closeMedia(): void {
    this.#guard(this.#session.media.close());
  }

  #guard(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      // A leg that is gone cannot be told anything any more.
      if (this.#out === undefined && !this.#restoring) this.#options.onFault(error, this.#seat.participant);
    });
  }
}
