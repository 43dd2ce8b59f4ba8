import { randomInt } from 'node:crypto';
import type { Clock, EpochMs, Timer } from '../../../clock.js';
import type { RasMessage } from '../asn1/h225.js';
import type { SocketAddress } from './transport-address.js';

/** What a gatekeeper asks of others, and what may answer it (H.225.0 §7.1). */
const answers = {
  infoRequest: ['infoRequestResponse'],
  unregistrationRequest: ['unregistrationConfirm', 'unregistrationReject'],
  bandwidthRequest: ['bandwidthConfirm', 'bandwidthReject'],
  disengageRequest: ['disengageConfirm', 'disengageReject'],
  locationRequest: ['locationConfirm', 'locationReject'],
} as const satisfies Record<string, readonly RasMessage['type'][]>;

export type QuestionType = keyof typeof answers;

export interface Question {
  readonly type: QuestionType;
  /** Encodes it; called once, so that a repetition is the same bytes. */
  readonly encode: (requestSeqNum: number) => Uint8Array;
  readonly to: SocketAddress;
  /** The listener to send from. */
  readonly local: SocketAddress;
  /** How often it is sent at most. H.225.0 §7.18.1: three seconds apart, two or three times. */
  readonly attempts: number;
  readonly intervalMs: number;
  /** Only who is known by more than its address may answer: an XRS, whose sender nobody checks, is not taken. */
  readonly proven?: boolean;
}

/** Longest that answers in progress (RIP) can make us wait, from the first attempt on. */
const MAX_WAIT_MS = 10_000;
const MAX_SEQ_NUM = 65_535;

interface Pending {
  readonly question: Question;
  readonly bytes: Uint8Array;
  readonly settle: (answer: RasMessage | undefined) => void;
  readonly askedAt: EpochMs;
  attempts: number;
  timer: Timer;
}

export interface RequestsOptions {
  readonly clock: Clock;
  readonly send: (bytes: Uint8Array, to: SocketAddress, local: SocketAddress) => void;
  /** Questions under way at most. Default 5,000. */
  readonly limit?: number;
  /**
   * A sequence number, 1 to 65,535: random, so that nobody who can forge a neighbour's address can also tell which number an answer needs.
   * Default: by the system's random numbers.
   */
  readonly randomNumber?: () => number;
}

/** The questions we have asked by RAS and wait for: sent again until they are answered, matched by number and address. */
export class Requests {
  readonly #clock: Clock;
  readonly #send: RequestsOptions['send'];
  readonly #limit: number;
  readonly #randomNumber: () => number;
  readonly #pending = new Map<number, Pending>();

  constructor({ clock, send, limit = 5000, randomNumber = () => randomInt(1, MAX_SEQ_NUM + 1) }: RequestsOptions) {
    this.#clock = clock;
    this.#send = send;
    this.#limit = Math.min(limit, MAX_SEQ_NUM);
    this.#randomNumber = randomNumber;
  }

  /** Questions under way. */
  get size(): number {
    return this.#pending.size;
  }

  /** Whether a question may be asked for which nobody waits: half of the room is kept for those of callers. */
  get isQuiet(): boolean {
    return this.#pending.size < this.#limit / 2;
  }

  /**
   * Settles with the answer, or with an unknownMessageResponse from one that does not know the question; with undefined when nobody
   * answered. Rejects only if the question cannot be encoded. Gives undefined at once when too many questions are under way: then it was
   * not asked, and says nothing about who would have been.
   */
  ask(question: Question): Promise<RasMessage | undefined> | undefined {
    if (this.#pending.size >= this.#limit) return undefined;
    return new Promise((settle) => {
      const seqNum = this.#nextSeqNum();
      const bytes = question.encode(seqNum);
      const timer = this.#clock.after(question.intervalMs, () => this.#again(seqNum));
      this.#pending.set(seqNum, { question, bytes, settle, askedAt: this.#clock.now(), attempts: 1, timer });
      this.#send(bytes, question.to, question.local);
    });
  }

  /** Sends a question once, whose answer nobody waits for. */
  tell({ encode, to, local }: Pick<Question, 'encode' | 'to' | 'local'>): void {
    this.#send(encode(this.#nextSeqNum()), to, local);
  }

  /** Takes an answer. False: nobody waits for it. */
  receive(message: RasMessage, from: SocketAddress): boolean {
    const seqNum = message.type === 'unknown' || message.type === 'admissionConfirmSequence' ? 0 : message.value.requestSeqNum;
    const pending = this.#pending.get(seqNum);
    // The address alone, not the port: a gatekeeper may answer from another socket than the one it was asked at.
    if (pending === undefined || pending.question.to.address !== from.address) return false;
    if (message.type === 'requestInProgress') {
      this.#wait(seqNum, pending, message.value.delay);
      return true;
    }
    const expected: readonly string[] = answers[pending.question.type];
    if (message.type === 'unknownMessageResponse' ? pending.question.proven === true : !expected.includes(message.type)) return false;
    this.#settle(seqNum, pending, message);
    return true;
  }

  /** Everything that is waited for is over, unanswered. */
  close(): void {
    for (const [seqNum, pending] of this.#pending) this.#settle(seqNum, pending, undefined);
  }

  #again(seqNum: number): void {
    const pending = this.#pending.get(seqNum);
    if (!pending) return;
    const { question } = pending;
    if (pending.attempts >= question.attempts) {
      this.#settle(seqNum, pending, undefined);
      return;
    }
    pending.attempts += 1;
    pending.timer = this.#clock.after(question.intervalMs, () => this.#again(seqNum));
    this.#send(pending.bytes, question.to, question.local);
  }

  /** H.225.0 §7.17: RIP says how many milliseconds the answer may take; no repetition is needed until then. */
  #wait(seqNum: number, pending: Pending, delayMs: number): void {
    pending.timer.cancel();
    pending.attempts = pending.question.attempts;
    const left = pending.askedAt + MAX_WAIT_MS - this.#clock.now();
    pending.timer = this.#clock.after(Math.max(0, Math.min(delayMs + pending.question.intervalMs, left)), () => this.#again(seqNum));
  }

  #settle(seqNum: number, pending: Pending, answer: RasMessage | undefined): void {
    pending.timer.cancel();
    this.#pending.delete(seqNum);
    pending.settle(answer);
  }

  #nextSeqNum(): number {
    let seqNum = this.#randomNumber();
    while (this.#pending.has(seqNum)) seqNum = seqNum >= MAX_SEQ_NUM ? 1 : seqNum + 1;
    return seqNum;
  }
}
