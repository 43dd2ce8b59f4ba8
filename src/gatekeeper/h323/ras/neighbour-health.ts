import type { EpochMs } from '../../../clock.js';
import type { PeerHealthView } from '../../routing/route.js';

/** A peer that went silent is tried again this soon, then after twice as long each time. */
const FIRST_TRIAL_MS = 1000;
const LAST_TRIAL_MS = 30_000;
/** Down peers remembered at most: a plan has far fewer. */
const MAX_DOWN = 10_000;
/** Who was heard so lately is not doubted because another instance does not hear it. */
const FRESH_MS = 5000;
/** What another instance noticed, and nobody looked after, is forgotten after so long. */
const HEARSAY_MS = 30_000;

interface Down {
  /** Where it was asked; undefined: its name led nowhere. */
  address: string | undefined;
  silences: number;
  /** From now on one question may go there, to find out whether the peer is back. */
  trialAt: EpochMs;
  /** That question is under way. */
  trying: boolean;
  /** Only another instance says so, since then; undefined: it was silent to us. */
  readonly hearsay: EpochMs | undefined;
}

/** Why a neighbour went up or down, for logs and metrics. */
export type NeighbourChange = (peerId: string, up: boolean) => void;

/**
 * Which neighbour gatekeepers are up: one that left a question unanswered, repetitions and all, is down at once, so that the next caller
 * does not wait for it as well. Anything that it says brings it back; so does the time, for one question of a real caller: a question that
 * was never answered shows nothing when it is put again, as it may be that one number which the neighbour says nothing of.
 *
 * That it is silent to another instance makes it suspected: it is asked last, and by one question at a time, until it answers us or does not.
 * Pure: sends nothing.
 */
export class NeighbourHealth implements PeerHealthView {
  readonly #down = new Map<string, Down>();
  readonly #heardAt = new Map<string, EpochMs>();
  readonly #now: () => EpochMs;
  readonly #onChange: NeighbourChange;

  constructor(now: () => EpochMs, onChange: NeighbourChange = () => undefined) {
    this.#now = now;
    this.#onChange = onChange;
  }

  /** Whether a question may go there: it answers, or it is time to try. */
  isUp(peerId: string): boolean {
    const down = this.#at(peerId);
    return down === undefined || (!down.trying && down.trialAt <= this.#now());
  }

  /** Whether it answered the last question that it was asked, or was never asked. */
  answers(peerId: string): boolean {
    const down = this.#down.get(peerId);
    return down === undefined || down.hearsay !== undefined;
  }

  /** Whether it does not answer another instance, and was not asked from here since. */
  isSuspected(peerId: string): boolean {
    return this.#at(peerId)?.hearsay !== undefined;
  }

  /** It does not answer another instance. To be told only of a peer that another of its zone can stand in for. */
  suspect(peerId: string): void {
    const now = this.#now();
    if (this.#at(peerId) || this.#down.size >= MAX_DOWN || now - (this.#heardAt.get(peerId) ?? 0) < FRESH_MS) return;
    this.#down.set(peerId, { address: undefined, silences: 0, trialAt: now, trying: false, hearsay: now });
  }

  /** It answers another instance again: where it is down here, the next question may try it. */
  reconsider(peerId: string): void {
    const down = this.#down.get(peerId);
    if (down?.hearsay !== undefined && !down.trying) this.#down.delete(peerId);
    else if (down) down.trialAt = Math.min(down.trialAt, this.#now());
  }

  /** A question goes there: where the peer was down, nobody else is to wait for it as well. */
  asked(peerId: string): void {
    const down = this.#down.get(peerId);
    if (down) down.trying = true;
  }

  /** The question could not be sent, which is not the peer's fault. */
  unasked(peerId: string): void {
    const down = this.#down.get(peerId);
    if (down) down.trying = false;
  }

  answered(peerId: string): void {
    this.#heardAt.set(peerId, this.#now());
    const answers = this.answers(peerId);
    this.#down.delete(peerId);
    if (!answers) this.#onChange(peerId, true);
  }

  /** Something that only a gatekeeper sends came from this IP address: a late answer, or a question of its own. */
  heard(address: string): void {
    for (const [peerId, down] of this.#down) if (down.address === address) this.answered(peerId);
  }

  silent(peerId: string, address: string | undefined): void {
    const now = this.#now();
    const down = this.#down.get(peerId);
    if (!down || down.hearsay !== undefined) {
      if (!down && this.#down.size >= MAX_DOWN) return;
      this.#down.set(peerId, { address, silences: 0, trialAt: now + FIRST_TRIAL_MS, trying: false, hearsay: undefined });
      this.#onChange(peerId, false);
      return;
    }
    // One of many that were under way when it went down tells nothing new.
    if (!down.trying) return;
    down.trying = false;
    down.address = address;
    down.silences += 1;
    down.trialAt = now + Math.min(LAST_TRIAL_MS, FIRST_TRIAL_MS * 2 ** Math.min(down.silences, 10));
  }

  /** Forgets peers that are no longer in the plan. */
  keep(isThere: (peerId: string) => boolean): void {
    for (const peers of [this.#down, this.#heardAt]) for (const peerId of peers.keys()) if (!isThere(peerId)) peers.delete(peerId);
  }

  #at(peerId: string): Down | undefined {
    const down = this.#down.get(peerId);
    if (down?.hearsay === undefined || down.trying || this.#now() - down.hearsay < HEARSAY_MS) return down;
    this.#down.delete(peerId);
    return undefined;
  }
}
