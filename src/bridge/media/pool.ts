import { availableParallelism } from 'node:os';
import { type Clock, systemClock, type Timer } from '../../clock.js';
import { type MediaEngine, MediaError, type MeetingId, type MeetingMedia, type MeetingMediaOptions } from './media.js';
import type { MediaSettings } from './media-settings.js';
import type { PartHandle, PartListener, PartPlace } from './part-place.js';
import { Parts } from './parts.js';
import { PoolThread } from './pool-thread.js';

/** What happens to workers, for logs and metrics. */
export interface MediaObserver {
  /** A worker died (or hung, and was ended); another is started. */
  workerDied(reason: string): void;
  /** None could be started; it is tried again after `retryMs`. */
  workerFailed(reason: string, retryMs: number): void;
  /** Something inside a meeting could not be done, and nobody waits for it: a stream or a feed that does not get where it should. */
  failed(meeting: MeetingId, what: string, reason: string): void;
}

export interface MediaEngineOptions {
  readonly settings: MediaSettings;
  readonly observer: MediaObserver;
  /** Threads with a mediasoup worker each; default: one a core. */
  readonly workers?: number;
  /** Load (legs, a room system counts twice) from which a worker gets no more legs while another has room; default 150. */
  readonly maxLegsPerPart?: number;
  /** The same for the whole node: beyond it other nodes are asked to carry; default: `workers` times `maxLegsPerPart`. */
  readonly maxLegsPerNode?: number;
  /** The compiled thread; default: the one beside this module. */
  readonly entry?: URL;
  readonly clock?: Clock;
  /** How often a worker is asked for a sign of life, and how long that may take, ms. */
  readonly pingMs?: number;
  readonly answerMs?: number;
}

/** Other nodes that may carry a part. */
export interface Neighbours {
  /** Those that can be asked now, the least loaded first. */
  places(): readonly PartPlace[];
}

/** What a meeting asks of the pool when it looks for a place. */
export interface Placement {
  /** The workers that live. */
  readonly threads: readonly PartPlace[];
  readonly neighbours: readonly PartPlace[];
  /** Resolves when a worker lives, after a short while if need be. Rejects with MediaError `media_unavailable` when none is about to. */
  ready(): Promise<void>;
  readonly maxLegsPerPart: number;
  readonly maxLegsPerNode: number;
}

/** What mediasoup takes by itself where it is told none. */
const anyPorts: MediaSettings['ports'] = { from: 10_000, to: 59_999 };

/** One port range for several workers: mediasoup shares ports with whom it finds on them, so each has its own. */
export function portsOf(ports: MediaSettings['ports'], index: number, workers: number): MediaSettings['ports'] {
  const { from, to } = ports.to === 0 ? anyPorts : ports;
  const each = Math.floor((to - from + 1) / workers);
  return { from: from + index * each, to: from + (index + 1) * each - 1 };
}

interface Slot {
  readonly index: number;
  thread: PoolThread | undefined;
  /** Failures in a row: a worker that lived for a minute counts as well again. */
  failures: number;
  startedAt: number;
  /** When it was, or will be, tried to start it; undefined: it runs. */
  dueAt: number | undefined;
  /** It has run before. */
  ran: boolean;
  retry: Timer | undefined;
  starting: Promise<void>;
}

const firstRetryMs = 100;
const lastRetryMs = 30_000;
const settledMs = 60_000;
const fewestPorts = 16;
/** A meeting waits for a worker that is being started, or soon will be; for longer than this nobody holds a telephone to his ear. */
const patienceMs = 5000;

/** The workers of this node, and the meetings on them. */
export class MediaPool implements MediaEngine {
  readonly #options: MediaEngineOptions;
  readonly #clock: Clock;
  readonly #maxLegsPerPart: number;
  readonly #maxLegsPerNode: number;
  readonly #slots: Slot[];
  readonly #meetings = new Set<MeetingMedia>();
  #neighbours: Neighbours | undefined;
  readonly #waiting = new Set<(failure: MediaError | undefined) => void>();
  #restarts = 0;
  #closed = false;

  constructor(options: MediaEngineOptions) {
    const { workers = availableParallelism(), maxLegsPerPart = 150, settings } = options;
    if (settings.ports.to > 0 && settings.ports.to - settings.ports.from + 1 < workers * fewestPorts) {
      const least = workers * fewestPorts;
      throw new MediaError(
        'no_ports',
        `The media ports ${settings.ports.from}-${settings.ports.to} are too few for ${workers} workers: give ${least} or more`,
      );
    }
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#maxLegsPerPart = maxLegsPerPart;
    this.#maxLegsPerNode = options.maxLegsPerNode ?? workers * maxLegsPerPart;
    this.#slots = Array.from({ length: workers }, (_, index) => ({
      index,
      thread: undefined,
      failures: 0,
      startedAt: 0,
      dueAt: undefined,
      ran: false,
      retry: undefined,
      starting: Promise.resolve(),
    }));
  }

  /** Rejects when not one worker starts: then this machine cannot carry media, and the error says why. */
  async start(): Promise<void> {
    const started = await Promise.allSettled(this.#slots.map((slot) => this.#startSlot(slot)));
    if (this.#threads.length > 0) return;
    await this.close();
    throw started.find((result) => result.status === 'rejected')?.reason ?? new MediaError('media_unavailable', 'No media worker started');
  }

  /** Starts the workers; those that do not start are told to the observer, and tried again for as long as it takes. */
  begin(): void {
    for (const slot of this.#slots) this.#startSlot(slot).catch(() => undefined); // told to the observer
  }

  get workers(): readonly { readonly pid: number; readonly legs: number; readonly meetings: number; readonly cpuMs: number }[] {
    return this.#threads.map(({ pid, legs, parts, cpuMs }) => ({ pid, legs, meetings: parts, cpuMs }));
  }

  /** Workers that were started in place of one that died. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Of all workers: legs, room systems counted twice. */
  get load(): number {
    return this.#threads.reduce((sum, { load }) => sum + load, 0);
  }

  /** From now on meetings that are too large for this node may go on on others. */
  borrowFrom(neighbours: Neighbours): void {
    this.#neighbours = neighbours;
  }

  async open(meeting: MeetingId, { events }: MeetingMediaOptions): Promise<MeetingMedia> {
    if (this.#closed) throw new MediaError('media_unavailable', 'The meeting service is being stopped');
    const pool = this;
    const placement: Placement = {
      get threads() {
        return pool.#threads;
      },
      get neighbours() {
        return pool.#neighbours?.places() ?? [];
      },
      ready: () => this.#ready(),
      maxLegsPerPart: this.#maxLegsPerPart,
      maxLegsPerNode: this.#maxLegsPerNode,
    };
    const media = await Parts.open(meeting, events, placement, {
      failed: (what, reason) => this.#options.observer.failed(meeting, what, reason),
      closed: (closed) => this.#meetings.delete(closed),
    });
    this.#meetings.add(media);
    return media;
  }

  /** Makes a part for another node, on the least loaded worker. */
  async lend(listener: PartListener): Promise<PartHandle> {
    const [least] = this.#threads.toSorted((a, b) => a.load - b.load);
    if (!least) throw new MediaError('media_unavailable', 'No media worker lives');
    if (this.load >= this.#maxLegsPerNode)
      throw new MediaError('media_unavailable', `This node carries ${this.load} legs: it has none to lend`);
    return least.createPart(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#tell(new MediaError('media_unavailable', 'The meeting service is being stopped'));
    for (const { retry } of this.#slots) retry?.cancel();
    await Promise.allSettled([...this.#meetings].map((meeting) => meeting.close()));
    await Promise.all(
      this.#slots.map(async (slot) => {
        await Promise.allSettled([slot.starting]);
        await slot.thread?.close();
        slot.thread = undefined;
      }),
    );
  }

  get #threads(): readonly PoolThread[] {
    return this.#slots.flatMap(({ thread }) => (thread?.alive ? [thread] : []));
  }

  /** Rejects when it does not start; another try is planned by then. */
  #startSlot(slot: Slot): Promise<void> {
    slot.starting = this.#start(slot);
    return slot.starting;
  }

  async #start(slot: Slot): Promise<void> {
    const { entry = new URL('./thread.js', import.meta.url), settings, pingMs, answerMs } = this.#options;
    const ports = portsOf(settings.ports, slot.index, this.#slots.length);
    const options = {
      entry,
      settings: { ...settings, ports },
      clock: this.#clock,
      ...(pingMs === undefined ? {} : { pingMs }),
      ...(answerMs === undefined ? {} : { answerMs }),
    };
    slot.dueAt = this.#clock.now();
    try {
      slot.thread = await PoolThread.start(options, (reason) => this.#died(slot, reason));
      slot.startedAt = this.#clock.now();
      slot.dueAt = undefined;
      if (slot.ran) this.#restarts += 1;
      slot.ran = true;
      this.#tell(undefined);
    } catch (error) {
      const retryMs = this.#retry(slot);
      this.#options.observer.workerFailed(error instanceof Error ? error.message : String(error), retryMs);
      throw error;
    }
  }

  #died(slot: Slot, reason: string): void {
    slot.thread = undefined;
    if (this.#closed) return;
    this.#options.observer.workerDied(reason);
    if (this.#clock.now() - slot.startedAt >= settledMs) slot.failures = 0;
    this.#retry(slot);
  }

  #retry(slot: Slot): number {
    const ms = Math.min(lastRetryMs, firstRetryMs * 2 ** slot.failures);
    slot.failures = Math.min(slot.failures + 1, 20);
    if (this.#closed) return ms;
    slot.retry = this.#clock.after(ms, () => {
      this.#startSlot(slot).catch(() => undefined); // told to the observer, and tried again
    });
    slot.dueAt = this.#clock.now() + ms;
    return ms;
  }

  async #ready(): Promise<void> {
    if (this.#threads.length > 0) return;
    const until = this.#clock.now() + patienceMs;
    const isComing = this.#slots.some(({ dueAt }) => dueAt !== undefined && dueAt < until);
    if (this.#closed || !isComing) throw new MediaError('media_unavailable', 'No media worker lives');
    await new Promise<void>((resolve, reject) => {
      const settle = (failure: MediaError | undefined): void => {
        this.#waiting.delete(settle);
        timer.cancel();
        if (failure) reject(failure);
        else resolve();
      };
      const timer = this.#clock.after(patienceMs, () => settle(new MediaError('media_unavailable', 'No media worker lives')));
      this.#waiting.add(settle);
    });
  }

  #tell(failure: MediaError | undefined): void {
    for (const settle of [...this.#waiting]) settle(failure);
  }
}

/** Starts the workers of this node. Rejects with MediaError when not one starts. */
export async function createMediaEngine(options: MediaEngineOptions): Promise<MediaPool> {
  const pool = new MediaPool(options);
  await pool.start();
  return pool;
}
