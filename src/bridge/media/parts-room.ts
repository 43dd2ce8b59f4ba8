import type { Direction, RoomLineId, RoomLineLocal, RoomLineOptions, RoomLineRemote, RoomMedia, StreamSource } from './media.js';
import { askFor, type Leg, mustStand } from './parts-leg.js';
import type { MeetingRun } from './parts-run.js';

/** A room system's leg, as the signalling sees it. */
export class RoomAtPart implements RoomMedia {
  readonly #run: MeetingRun;
  readonly #leg: Leg;
  readonly #ciphers = new Map<RoomLineId, string>();

  constructor(run: MeetingRun, leg: Leg) {
    this.#run = run;
    this.#leg = leg;
  }

  /** Of the weakest line; empty before one is connected. */
  get cipher(): string {
    const [weakest] = [...this.#ciphers.values()].toSorted((a, b) => strengths.indexOf(a) - strengths.indexOf(b));
    return weakest ?? '';
  }

  openLine(line: RoomLineId, options: RoomLineOptions): Promise<RoomLineLocal> {
    const { part, participant } = this.#leg;
    return askFor(this.#leg, () => part.api.openRoomLine(participant, line, options));
  }

  connectLine(line: RoomLineId, remote: RoomLineRemote): Promise<void> {
    const leg = this.#leg;
    const { codec } = remote;
    return askFor(leg, async () => {
      // Before its first packet: what comes of it is told apart by its codec.
      if (codec.kind === 'audio') leg.sound = codec;
      else if (codec.feedback.pli || codec.feedback.fir) leg.bySignalling.delete(pictureOf(line));
      else leg.bySignalling.add(pictureOf(line));
      await leg.part.api.connectRoomLine(leg.participant, line, remote);
      mustStand(leg);
      this.#ciphers.set(line, cipherOf(remote));
      await this.#run.feeds.connect(leg, line, codec, remote.direction);
    });
  }

  directLine(line: RoomLineId, direction: Direction): Promise<void> {
    const leg = this.#leg;
    return askFor(leg, async () => {
      await leg.part.api.directRoomLine(leg.participant, line, direction);
      await this.#run.feeds.direct(leg, line, direction);
    });
  }

  closeLine(line: RoomLineId): Promise<void> {
    const leg = this.#leg;
    return askFor(leg, async () => {
      this.#ciphers.delete(line);
      leg.bySignalling.delete(pictureOf(line));
      const unfed = this.#run.feeds.close(leg, line);
      const { part, participant } = leg;
      await Promise.all([...new Set([part, this.#run.home])].map(({ api }) => api.closeRoomLine(participant, line)));
      await unfed;
    });
  }

  requestKeyFrame(): void {
    const { participant } = this.#leg;
    // What it is shown is made at home.
    this.#tell(`a key frame for ${participant}`, () => this.#run.home.api.requestKeyFrame(participant));
  }

  announce(tone: 'enter-pin' | 'wrong-pin' | 'waiting' | 'admitted'): void {
    const { participant } = this.#leg;
    this.#tell(`announcing to ${participant}`, () => this.#run.home.api.announce(participant, tone));
  }

  setWaiting(waiting: boolean): Promise<void> {
    return this.#run.setWaiting(this.#leg, waiting);
  }

  close(): Promise<void> {
    return this.#run.remove(this.#leg);
  }

  #tell(what: string, tell: () => Promise<void>): void {
    if (!this.#leg.gone) askFor(this.#leg, tell).catch((error: unknown) => this.#run.failed(what, error));
  }
}

function pictureOf(line: RoomLineId): StreamSource {
  return line === 'slides' ? 'slides' : 'camera';
}

/** The weakest first. */
const strengths = ['DTLS-SRTP AES-128', 'SRTP AES-128', 'SRTP AES-256'];

/** mediasoup does not say what DTLS agreed on, but it takes nothing below AES-128. */
function cipherOf({ encryption }: RoomLineRemote): string {
  if (encryption.kind === 'dtls') return 'DTLS-SRTP AES-128';
  return encryption.suite === 'AEAD_AES_256_GCM' ? 'SRTP AES-256' : 'SRTP AES-128';
}
