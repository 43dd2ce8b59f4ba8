import { type Client, cut } from './connection.js';
import type { Version } from './shared-registration.js';
import { inSlices } from './slices.js';

/** One step of the store. */
export interface Step {
  readonly version: Version;
  /** The step before it. */
  readonly before: Version;
  readonly owner: string;
  /** Registrations ran out; otherwise somebody changed them. */
  readonly expired: boolean;
  /** Aliases that were changed. */
  readonly size: number;
  /** Alias and value, in turn; an empty value: it is no longer registered. Takes it from what was written: ask once. */
  changes(): readonly string[];
}

export interface FeedOptions {
  readonly connect: () => Client;
  /** The stream's key. */
  readonly stream: string;
  /** The step that is known already. */
  readonly from: Version;
  readonly onStep: (step: Step) => void;
  /** The stream cannot be followed: the connection broke, or steps are missing. The feed has ended. */
  readonly onLost: (error: Error) => void;
}

/** Steps read from the stream at once. */
const BATCH = 100;
const BLOCK_MS = 1000;
/**
 * From one reading to the next while there is something to read: a reading costs as much as four registrations. The first step after a pause
 * is read at once.
 */
const GATHER_MS = 10;
/** Silence beyond the blocking time: then the connection hangs. */
const GRACE_MS = 2000;

/** Every step of the store, in order and without a gap, on a connection of its own, as waiting for the next one blocks it. */
export class ChangeFeed {
  readonly #options: FeedOptions;
  readonly #client: Client;
  #position: Version;
  #closed = false;
  #endPause: (() => void) | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#position = options.from;
    this.#client = options.connect();
    void this.#follow();
  }

  close(): void {
    this.#closed = true;
    cut(this.#client);
    this.#endPause?.();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #follow(): Promise<void> {
    try {
      await ready(this.#client);
      while (!this.#closed) {
        const steps = await inTime(readSteps(this.#client, this.#options.stream, this.#position, BLOCK_MS), BLOCK_MS + GRACE_MS);
        const readAt = performance.now();
        await inSlices(steps, (step) => this.#take(step));
        const wait = readAt + GATHER_MS - performance.now();
        if (steps.length > 0 && steps.length < BATCH && wait > 0) await this.#pause(wait);
      }
    } catch (error) {
      if (this.#closed) return;
      this.close();
      this.#options.onLost(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #take(step: Step): void {
    if (this.#closed) return;
    if (step.before !== this.#position) throw new Error('Changes of other instances were missed: the stream goes on elsewhere');
    this.#position = step.version;
    this.#options.onStep(step);
  }
}

/** What follows `after`, at most `BATCH` steps; waits up to `blockMs` for the first. 0: does not wait. */
export async function readSteps(client: Client, stream: string, after: Version, blockMs = 0): Promise<Step[]> {
  const from = `${after}-0`;
  const reply =
    blockMs > 0
      ? await client.xread('COUNT', BATCH, 'BLOCK', blockMs, 'STREAMS', stream, from)
      : await client.xread('COUNT', BATCH, 'STREAMS', stream, from);
  const [, entries] = reply?.[0] ?? [];
  return (entries ?? []).map(([id, fields]) => {
    // publish() in registrations.lua writes two fields: h and c. What comes after them, or after the owner, is of a later version.
    const [before = '', kind, size = '', owner = ''] = (fields[1] ?? '').split(' ');
    const version = Number(id.slice(0, id.indexOf('-')));
    const changes = () => changesIn(fields[3] ?? '');
    return { version, before: Number(before), owner, expired: kind === 'e', size: Number(size), changes };
  });
}

function changesIn(text: string): readonly string[] {
  const read: unknown = JSON.parse(text);
  return Array.isArray(read) && read.every((each) => typeof each === 'string') ? read : [];
}

function ready(client: Client): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  const connected = new Promise<void>((resolve, reject) => {
    client.once('ready', resolve);
    client.once('end', () => reject(new Error('The connection for changes was closed')));
  });
  return inTime(connected, GRACE_MS);
}

async function inTime<T>(result: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fail = () => reject(new Error(`The connection for changes is silent for ${ms} ms`));
    // When this process itself was late, the answer may lie in the socket unread: it gets its turn before anything is concluded.
    timer = setTimeout(() => setImmediate(() => setImmediate(fail)), ms).unref();
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}
