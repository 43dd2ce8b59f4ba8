import type { StreamId } from './media.js';
import type { FeedId, PipeId } from './part-api.js';
import type { PartHandle } from './part-place.js';

interface Link {
  readonly id: PipeId;
  readonly ends: readonly [PartHandle, PartHandle];
  readonly ready: Promise<void>;
}

/** Says that it is no longer needed there. */
export type LetGo = () => void;

interface Piped {
  readonly what: StreamId | FeedId;
  readonly from: PartHandle;
  readonly to: PartHandle;
  users: number;
  /** Settles once it flows, or cannot. */
  readonly flowing: Promise<void>;
}

/**
 * Streams and feeds of one meeting on their way between its parts: two parts share one pipe, and what goes through it to one part goes once,
 * however many there want it.
 */
export class Pipes {
  readonly #links = new Map<PipeId, Link>();
  readonly #piped = new Map<string, Piped>();
  /** The last step for each thing and part, so that closing is over before it is opened again. */
  readonly #turns = new Map<string, Promise<void>>();
  readonly #failed: (what: string, error: unknown) => void;

  constructor(failed: (what: string, error: unknown) => void) {
    this.#failed = failed;
  }

  /** Things piped now; what a test counts. */
  get size(): number {
    return this.#piped.size;
  }

  /** Has it at the other part until what this gives is called (once). Rejects, and then there is nothing to let go, when it cannot be had. */
  async acquire(what: StreamId | FeedId, from: PartHandle, to: PartHandle): Promise<LetGo> {
    const key = keyOf(what, to);
    const had = this.#piped.get(key);
    const piped = had ?? { what, from, to, users: 0, flowing: this.#inTurn(key, () => this.#open(what, from, to)) };
    if (!had) this.#piped.set(key, piped);
    piped.users += 1;
    try {
      await piped.flowing;
    } catch (error) {
      if (this.#piped.get(key) === piped) this.#piped.delete(key);
      throw error;
    }
    return () => this.#letGo(key, piped);
  }

  /** It has ended where it came from; whoever has it elsewhere need not let it go. */
  ended(what: StreamId | FeedId): void {
    for (const [key, piped] of this.#piped) {
      if (piped.what !== what) continue;
      this.#piped.delete(key);
      this.#shut(key, `closing ${what}`, () => piped.to.api.closePiped(what));
    }
  }

  /** The part is closed or lost, and all that went to it or came from it. */
  partGone(part: PartHandle): void {
    for (const [key, piped] of this.#piped) {
      if (piped.from === part || piped.to === part) this.#piped.delete(key);
    }
    for (const link of this.#links.values()) {
      const [one, other] = link.ends;
      if (one !== part && other !== part) continue;
      this.#links.delete(link.id);
      const left = one === part ? other : one;
      left.api.closePipe(link.id).catch((error: unknown) => this.#failed(`closing the pipe ${link.id}`, error));
    }
  }

  /** The meeting is over, and its parts with it. */
  forget(): void {
    this.#piped.clear();
    this.#links.clear();
  }

  /** Of what has ended meanwhile, and may be there again by the same name, there is nothing to let go. */
  #letGo(key: string, piped: Piped): void {
    piped.users -= 1;
    if (piped.users > 0 || this.#piped.get(key) !== piped) return;
    this.#piped.delete(key);
    const { what, from, to } = piped;
    this.#shut(key, `closing ${what}`, async () => {
      await to.api.closePiped(what);
      await from.api.closePiped(what, linkId(from, to));
    });
  }

  async #open(what: StreamId | FeedId, from: PartHandle, to: PartHandle): Promise<void> {
    const link = this.#link(from, to);
    await link.ready;
    await to.api.pipeIn(link.id, await from.api.pipeOut(link.id, what));
  }

  #link(a: PartHandle, b: PartHandle): Link {
    const id = linkId(a, b);
    const had = this.#links.get(id);
    if (had) return had;
    const link: Link = { id, ends: [a, b], ready: connect(id, a, b) };
    this.#links.set(id, link);
    link.ready.catch(() => {
      // What waits for it fails; who comes after that tries again.
      if (this.#links.get(id) === link) this.#links.delete(id);
    });
    return link;
  }

  #shut(key: string, what: string, close: () => Promise<void>): void {
    this.#inTurn(key, close).catch((error: unknown) => this.#failed(what, error));
  }

  #inTurn(key: string, step: () => Promise<void>): Promise<void> {
    const before = this.#turns.get(key) ?? Promise.resolve();
    const turn = before.then(step, step);
    this.#turns.set(key, turn);
    const done = () => {
      if (this.#turns.get(key) === turn) this.#turns.delete(key);
    };
    turn.then(done, done);
    return turn;
  }
}

async function connect(id: PipeId, a: PartHandle, b: PartHandle): Promise<void> {
  try {
    const [near, far] = await both(a.api.openPipe(id), b.api.openPipe(id));
    await both(a.api.connectPipe(id, far), b.api.connectPipe(id, near));
  } catch (error) {
    await Promise.allSettled([a.api.closePipe(id), b.api.closePipe(id)]);
    throw error;
  }
}

/** Waits for both also when one fails: what is closed then is open, and not only about to be. */
async function both<Result>(one: Promise<Result>, other: Promise<Result>): Promise<[Result, Result]> {
  await Promise.allSettled([one, other]);
  return Promise.all([one, other]);
}

/** The same from both sides. The prefix tells the parts that it leaves the machine. */
function linkId(a: PartHandle, b: PartHandle): PipeId {
  const ids = a.id < b.id ? `${a.id}|${b.id}` : `${b.id}|${a.id}`;
  return a.node === b.node ? ids : `node:${ids}`;
}

function keyOf(what: StreamId | FeedId, to: PartHandle): string {
  return `${to.id} ${what}`;
}
