import type { Clock } from '../../clock.js';
import type { RefusalCode } from '../../gatekeeper/calls/reasons.js';
import type { MeetingId } from '../media/media.js';
import { type Dialer, dialable } from './dialer.js';
import type { HeldMeeting } from './held-meeting.js';
import type { MeetingObserver } from './meeting-observer.js';

/** How many calls out of one meeting may be ringing at one time. */
const RINGING = 10;
/** Room systems of a lost node that are called at one time. One that lets it ring for longer than this does not hold up the others. */
const CALLED_BACK_AT_ONCE = 8;
const HOLDS_UP_MS = 3000;
/**
 * So long after a call that was not taken the next is made. At first most cannot take one: their old call still stands, or the connection by
 * which they were registered was lost with the node.
 */
const AGAIN_AFTER_MS = [2000, 4000, 8000, 16_000];

/** A meeting whose room systems are called back. */
type CalledBack = Pick<HeldMeeting, 'id' | 'over' | 'hasAddress'>;

/** Calls out of meetings: those that a host asks for, and those to the room systems of a node that was lost. */
export class Invitations {
  readonly #dialer: () => Dialer | undefined;
  readonly #observer: Pick<MeetingObserver, 'refused' | 'problem'>;
  readonly #clock: Clock;
  readonly #ringing = new Map<MeetingId, number>();

  constructor(dialer: () => Dialer | undefined, observer: Pick<MeetingObserver, 'refused' | 'problem'>, clock: Clock) {
    this.#dialer = dialer;
    this.#observer = observer;
    this.#clock = clock;
  }

  /** Undefined: it is being called, and the hosts will be told how that goes. */
  invite(held: HeldMeeting, text: string): RefusalCode | undefined {
    const address = dialable(text);
    if (address === undefined) return 'addressUnreadable';
    const dialer = this.#dialer();
    if (!dialer) return 'meetingsUnavailable';
    const ringing = this.#ringing.get(held.id) ?? 0;
    if (ringing >= RINGING) return 'overloaded';
    this.#ringing.set(held.id, ringing + 1);
    const tell = (outcome: 'ringing' | 'joined' | 'failed', reason?: RefusalCode) =>
      held.tell({ news: 'invited', address, outcome, reason }, 'hosts');
    dialer
      .invite(held.id, address, () => tell('ringing'))
      .then((failed) => tell(failed ? 'failed' : 'joined', failed))
      .catch((error: unknown) => {
        tell('failed', 'internalError');
        this.#observer.problem(error, 'A participant could not be called');
      })
      .finally(() => this.#rang(held.id));
    return undefined;
  }

  /** Some at a time, and each again while it does not answer and has not come by itself. */
  callBack(held: CalledBack, addresses: readonly string[]): void {
    const waiting = [...new Set(addresses)];
    const next = async (): Promise<void> => {
      for (let address = waiting.shift(); address !== undefined && !held.over; address = waiting.shift()) {
        const first = this.#callBackOnce(held, address);
        void this.#callBackAgain(held, address, first);
        await Promise.race([first, this.#pause(HOLDS_UP_MS)]);
      }
    };
    for (let at = 0; at < CALLED_BACK_AT_ONCE; at++) void next();
  }

  /** Never rejects. */
  async #callBackAgain(held: CalledBack, address: string, first: Promise<RefusalCode | undefined>): Promise<void> {
    let failed = await first;
    for (const ms of AGAIN_AFTER_MS) {
      if (failed === undefined) return;
      await this.#pause(ms);
      failed = await this.#callBackOnce(held, address);
    }
    if (failed) this.#observer.refused(held.id, 'room', failed);
  }

  /** Never rejects. Undefined: it is in, or nobody waits for it any more. */
  async #callBackOnce(held: CalledBack, address: string): Promise<RefusalCode | undefined> {
    if (held.over || held.hasAddress(address)) return undefined;
    try {
      return await this.#dialer()?.invite(held.id, address, () => undefined);
    } catch (error) {
      this.#observer.problem(error, 'A room system of a lost node could not be called back');
      return 'internalError';
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  #rang(meeting: MeetingId): void {
    const left = (this.#ringing.get(meeting) ?? 1) - 1;
    if (left > 0) this.#ringing.set(meeting, left);
    else this.#ringing.delete(meeting);
  }
}
