import type {
  Direction,
  MeetingMedia,
  RoomLineId,
  RoomLineLocal,
  RoomLineOptions,
  RoomLineRemote,
  RoomMedia,
} from '../../../src/bridge/media/media.js';
import { MediaError } from '../../../src/bridge/media/media.js';
import type { Arrival, JoinResult, LeaveReason, Seat, Whereabouts } from '../../../src/bridge/meetings/meeting.js';
import { localFor } from './locals.js';

/** The media plane's side of a room system's leg, without media: keeps the contract of `RoomMedia`, and notes what it was told. */
export class StandInMedia implements RoomMedia {
  readonly opened: (readonly [RoomLineId, RoomLineLocal])[] = [];
  readonly connected: (readonly [RoomLineId, RoomLineRemote])[] = [];
  readonly directed: (readonly [RoomLineId, Direction])[] = [];
  readonly closedLines: RoomLineId[] = [];
  readonly announced: string[] = [];
  waiting = true;
  keyFrames = 0;
  closed = false;
  /** Lines that are open and not connected yet. */
  readonly #fresh = new Set<RoomLineId>();
  fails = false;
  readonly #gate: Promise<void> | undefined;

  constructor(gate?: Promise<void>) {
    this.#gate = gate;
  }

  async openLine(line: RoomLineId, options: RoomLineOptions): Promise<RoomLineLocal> {
    this.#stands();
    const local = localFor(options);
    this.opened.push([line, local]);
    this.#fresh.add(line);
    if (line === 'video') await this.#gate;
    return local;
  }

  async connectLine(line: RoomLineId, remote: RoomLineRemote): Promise<void> {
    this.#stands();
    if (!this.#fresh.delete(line)) throw new MediaError('out_of_turn', `The ${line} is connected already, or not open`);
    this.connected.push([line, remote]);
  }

  async directLine(line: RoomLineId, direction: Direction): Promise<void> {
    this.#stands();
    this.directed.push([line, direction]);
  }

  async closeLine(line: RoomLineId): Promise<void> {
    this.#stands();
    this.closedLines.push(line);
  }

  requestKeyFrame(): void {
    this.keyFrames++;
  }

  announce(tone: string): void {
    this.announced.push(tone);
  }

  async setWaiting(waiting: boolean): Promise<void> {
    this.waiting = waiting;
  }

  get cipher(): string {
    return this.connected.length > 0 ? 'SRTP AES-128' : '';
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  #stands(): void {
    if (this.fails || this.closed) throw new MediaError('leg_gone', 'This leg is gone');
  }
}

/** A seat that the test moves. */
export class StandInSeat implements Seat {
  readonly participant = 'p1';
  readonly meeting: string;
  readonly role = 'guest';
  readonly host = undefined;
  readonly arrival: Arrival;
  readonly legs: StandInMedia[] = [];
  readonly ciphers: string[] = [];
  readonly digits: string[] = [];
  readonly left: LeaveReason[] = [];
  where: Whereabouts;
  noMedia = false;
  /** Set: a leg is made when it is over. */
  mediaGate: Promise<void> | undefined;
  /** Set: a line of pictures is open when it is over. */
  lineGate: Promise<void> | undefined;
  #change: ((where: Whereabouts, reason: LeaveReason | undefined) => void)[] = [];
  #lost: (() => void)[] = [];
  #keyFrame: (() => void)[] = [];

  constructor(meeting: string, arrival: Arrival, where: Whereabouts) {
    this.meeting = meeting;
    this.arrival = arrival;
    this.where = where;
  }

  get leg(): StandInMedia {
    const leg = this.legs.at(-1);
    if (!leg) throw new Error('No leg was made');
    return leg;
  }

  get media(): MeetingMedia {
    const addRoom = async () => {
      await this.mediaGate;
      if (this.noMedia) throw new MediaError('media_unavailable', 'No worker lives');
      const leg = new StandInMedia(this.lineGate);
      this.legs.push(leg);
      return leg;
    };
    // Of a meeting's media the leg of a room system uses this alone.
    return { addRoom } as unknown as MeetingMedia;
  }

  onChange(listener: (where: Whereabouts, reason: LeaveReason | undefined) => void): void {
    this.#change.push(listener);
  }

  onMediaLost(listener: () => void): void {
    this.#lost.push(listener);
  }

  onKeyFrameNeeded(listener: () => void): void {
    this.#keyFrame.push(listener);
  }

  onNews(): void {}
  ownMute(): void {}

  view(): never {
    throw new Error('A room system looks at no list');
  }

  secured(cipher: string): void {
    this.ciphers.push(cipher);
  }

  digit(digit: string): void {
    this.digits.push(digit);
  }

  leave(reason: LeaveReason): void {
    if (this.where === 'out') return;
    this.left.push(reason);
    this.move('out', reason);
  }

  move(where: Whereabouts, reason?: LeaveReason): void {
    this.where = where;
    for (const listener of [...this.#change]) listener(where, reason);
  }

  loseMedia(): void {
    for (const leg of this.legs) leg.fails = true;
    for (const listener of [...this.#lost]) listener();
  }

  needKeyFrame(): void {
    for (const listener of [...this.#keyFrame]) listener();
  }
}

/** Meetings that let everybody in, or nobody. */
export class StandInMeetings {
  readonly seats: StandInSeat[] = [];
  where: Whereabouts = 'in';
  refusal: Extract<JoinResult, { ok: false }> | undefined;
  /** Set: `join` waits for it. */
  gate: Promise<void> | undefined;
  prepare: (seat: StandInSeat) => void = () => {};

  async join(meeting: string, arrival: Arrival): Promise<JoinResult> {
    await this.gate;
    if (this.refusal) return this.refusal;
    const seat = new StandInSeat(meeting, arrival, this.where);
    this.prepare(seat);
    this.seats.push(seat);
    return { ok: true, seat };
  }

  get seat(): StandInSeat {
    const seat = this.seats.at(-1);
    if (!seat) throw new Error('Nobody has joined');
    return seat;
  }
}
