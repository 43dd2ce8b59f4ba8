import type { Direction, RoomAudioCodec, RoomCodec, RoomLineId, RoomVideoCodec } from './media.js';
import type { FeedId, FeedWish } from './part-api.js';
import type { PartHandle } from './part-place.js';
import { type Leg, mustStand } from './parts-leg.js';
import type { LetGo, Pipes } from './pipes.js';

/** A connected line of a room system that is sent a feed. */
interface FedLine {
  readonly leg: Leg;
  readonly line: RoomLineId;
  readonly wish: FeedWish;
  sending: boolean;
  open: boolean;
  /** What home says that it should have. Undefined: home was not asked yet. */
  wanted: FeedId | undefined;
  /** What it has, and how its part lets that go. */
  fed: FeedId | undefined;
  letGo: LetGo | undefined;
  settling: Promise<void> | undefined;
}

/** How often a feed may go away under a line that is about to get it, before that is an error. */
const maxRemade = 2;

/**
 * Which feed each room system's lines are sent: made at home, piped to where the line stands, dropped when no line has it any more. What home
 * is told and what it tells may cross; so a feed that is gone by the time a line is to get it is simply made again.
 */
export class Feeds {
  readonly #home: PartHandle;
  readonly #pipes: Pipes;
  readonly #failed: (what: string, error: unknown) => void;
  readonly #lines = new Map<string, FedLine>();
  readonly #showing: (showing: boolean) => void;

  /** @param showing called with whether any room system sees pictures: only then must home have those of the other parts */
  constructor(home: PartHandle, pipes: Pipes, showing: (showing: boolean) => void, failed: (what: string, error: unknown) => void) {
    this.#home = home;
    this.#pipes = pipes;
    this.#showing = showing;
    this.#failed = failed;
  }

  /** From now on this line is fed. Settles when it is, or, with a direction that sends nothing or in the waiting room, at once. */
  async connect(leg: Leg, line: RoomLineId, codec: RoomCodec, direction: Direction): Promise<void> {
    mustStand(leg);
    // A line that was opened anew: what its old ports were sent goes.
    const before = this.#lines.get(keyOf(leg, line));
    if (before) {
      await this.#forget(keyOf(leg, line), before);
      mustStand(leg);
    }
    const wish = wishOf(leg, line, codec);
    if (!wish) return;
    const fed: FedLine = {
      leg,
      line,
      wish,
      sending: sends(direction),
      open: true,
      wanted: undefined,
      fed: undefined,
      letGo: undefined,
      settling: undefined,
    };
    this.#lines.set(keyOf(leg, line), fed);
    this.#tellShowing();
    await this.#settle(fed);
  }

  async direct(leg: Leg, line: RoomLineId, direction: Direction): Promise<void> {
    const fed = this.#lines.get(keyOf(leg, line));
    if (!fed) return;
    fed.sending = sends(direction);
    await this.#settle(fed);
  }

  /** After the leg came out of the waiting room, or went back to it. */
  async waited(leg: Leg): Promise<void> {
    this.#tellShowing();
    await Promise.all(this.#of(leg).map((fed) => this.#settle(fed)));
  }

  /** Home's word: the line should have another feed. */
  changed(leg: Leg, line: RoomLineId, feed: FeedId): void {
    const fed = this.#lines.get(keyOf(leg, line));
    if (!fed) this.dropUnused(feed);
    if (!fed || fed.wanted === feed) return;
    const before = fed.wanted;
    fed.wanted = feed;
    if (before !== undefined) this.dropUnused(before);
    this.#settle(fed).catch((error: unknown) => this.#failed(`feeding ${keyOf(leg, line)} with ${feed}`, error));
  }

  /** Drops a feed that no line has or is to get. */
  dropUnused(feed: FeedId): void {
    for (const { wanted, fed } of this.#lines.values()) if (wanted === feed || fed === feed) return;
    this.#home.api.dropFeed(feed).catch((error: unknown) => this.#failed(`dropping ${feed}`, error));
  }

  /** The line is closed at its part. */
  async close(leg: Leg, line: RoomLineId): Promise<void> {
    const key = keyOf(leg, line);
    const fed = this.#lines.get(key);
    if (fed) await this.#forget(key, fed);
  }

  /** The leg is closed at its part, or lost with it. */
  async closeLeg(leg: Leg): Promise<void> {
    await Promise.all(this.#of(leg).map((fed) => this.#forget(keyOf(leg, fed.line), fed)));
  }

  async #forget(key: string, fed: FedLine): Promise<void> {
    if (this.#lines.get(key) === fed) this.#lines.delete(key);
    fed.open = false;
    this.#tellShowing();
    await fed.settling?.catch(() => undefined); // told to whoever began it
    const had = fed.fed;
    const { wanted } = fed;
    fed.fed = undefined;
    fed.wanted = undefined;
    fed.letGo?.();
    fed.letGo = undefined;
    for (const feed of new Set([had, wanted])) if (feed !== undefined) this.dropUnused(feed);
  }

  /** One at a time for each line, and until it has what it should have now. */
  #settle(fed: FedLine): Promise<void> {
    fed.settling ??= this.#feed(fed);
    return fed.settling;
  }

  async #feed(fed: FedLine): Promise<void> {
    await Promise.resolve(); // so that `settling` is set before it is taken away
    try {
      await this.#feedUntilRight(fed);
    } finally {
      fed.settling = undefined;
    }
  }

  async #feedUntilRight(fed: FedLine): Promise<void> {
    let remade = 0;
    while (fed.open && !fed.leg.gone) {
      const sending = fed.sending && !(fed.leg.waiting && fed.wish.kind === 'picture');
      if (sending && fed.wanted === undefined) {
        const made = await this.#home.api.makeFeed(fed.wish);
        // What home said meanwhile is newer.
        fed.wanted ??= made;
        this.dropUnused(made);
        if (!fed.open) return;
      }
      const next = sending ? fed.wanted : undefined;
      if (fed.fed === next) return;
      try {
        await this.#give(fed, next);
      } catch (error) {
        if (!fed.open) return;
        if (next !== undefined && fed.wanted !== next) continue;
        if (next === undefined || remade === maxRemade) throw error;
        remade += 1;
        fed.wanted = undefined;
      }
    }
  }

  async #give(fed: FedLine, next: FeedId | undefined): Promise<void> {
    const { part, participant } = fed.leg;
    const letGo = next === undefined || part === this.#home ? undefined : await this.#pipes.acquire(next, this.#home, part);
    try {
      await part.api.feedRoomLine(participant, fed.line, next);
    } catch (error) {
      letGo?.();
      throw error;
    }
    const before = fed.fed;
    const letGoBefore = fed.letGo;
    fed.fed = next;
    fed.letGo = letGo;
    if (before === undefined) return;
    letGoBefore?.();
    this.dropUnused(before);
  }

  #tellShowing(): void {
    this.#showing([...this.#lines.values()].some(({ wish, leg }) => wish.kind === 'picture' && !leg.waiting));
  }

  #of(leg: Leg): FedLine[] {
    return [...this.#lines.values()].filter((fed) => fed.leg === leg);
  }
}

function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

/** Room systems send slides and are sent none: what is shared is shown to them as the speaker's picture. */
function wishOf({ participant }: Leg, line: RoomLineId, codec: RoomAudioCodec | RoomVideoCodec): FeedWish | undefined {
  if (codec.kind === 'audio') return { kind: 'sound', participant, codec };
  return line === 'video' ? { kind: 'picture', participant, codec } : undefined;
}

function keyOf({ participant }: Leg, line: RoomLineId): string {
  return `${participant} ${line}`;
}
