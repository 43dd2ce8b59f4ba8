import { Worker } from 'node:worker_threads';
import { type Clock, systemClock, type Timer } from '../../clock.js';
import { MediaError } from './media.js';
import type { MediaSettings } from './media-settings.js';
import type { PartEvent } from './part-api.js';
import type { PartHandle, PartListener, PartPlace } from './part-place.js';
import { NoAnswer, Rpc } from './rpc.js';
import { remotePart } from './rpc-part.js';
import { portCarrier } from './rpc-port.js';
import { type ThreadData, type ThreadSigns, threadTarget } from './thread-host.js';
import type { ThreadReady } from './thread-run.js';

export interface PoolThreadOptions {
  readonly entry: URL;
  readonly settings: MediaSettings;
  readonly clock?: Clock;
  /** How long it may take until the worker runs, ms; default 10,000. */
  readonly startMs?: number;
  /** How often it is asked whether it lives, ms; default 1000. */
  readonly pingMs?: number;
  /** How long the answer may take, ms; default 5000. */
  readonly answerMs?: number;
}

interface OwnPart {
  readonly listener: PartListener;
  legs: number;
  load: number;
}

/** One thread with one mediasoup worker, as the main thread sees it. It does not come back: who supervises it makes another. */
export class PoolThread implements PartPlace {
  readonly node = 'here';
  /** Of the worker's process. */
  readonly pid: number;
  readonly #thread: Worker;
  readonly #rpc: Rpc;
  readonly #clock: Clock;
  readonly #pingMs: number;
  readonly #parts = new Map<string, OwnPart>();
  readonly #ended: (reason: string) => void;
  readonly #exited: Promise<void>;
  /** User and system time of the worker as of its last sign of life, ms. */
  cpuMs = 0;
  #ping: Timer | undefined;
  #alive = true;
  static #made = 0;

  /** Resolves once its worker runs. `ended` is called once when it died by itself, after its parts' listeners. Rejects with MediaError. */
  static async start(options: PoolThreadOptions, ended: (reason: string) => void): Promise<PoolThread> {
    const { entry, settings, startMs = 10_000, clock = systemClock } = options;
    const thread = new Worker(entry, { workerData: { settings } satisfies ThreadData });
    try {
      const pid = await ready(thread, clock, startMs);
      return new PoolThread(thread, pid, options, ended);
    } catch (error) {
      await thread.terminate();
      throw error;
    }
  }

  private constructor(thread: Worker, pid: number, options: PoolThreadOptions, ended: (reason: string) => void) {
    const { clock = systemClock, pingMs = 1000, answerMs = 5000 } = options;
    this.#thread = thread;
    this.pid = pid;
    this.#clock = clock;
    this.#pingMs = pingMs;
    this.#ended = ended;
    let reason = `the worker ${pid} died`;
    let crashed = false;
    thread.on('error', (error) => {
      crashed = true;
      reason = `the thread of worker ${pid} failed: ${error instanceof Error ? error.message : String(error)}`;
    });
    this.#exited = new Promise((resolve) => thread.once('exit', () => resolve()));
    this.#rpc = new Rpc(
      portCarrier(thread, 'exit'),
      {
        call: async (_target, method) => {
          throw new MediaError('out_of_turn', `A media thread does not ask for ${method}`);
        },
        event: (target, event) => this.#parts.get(target)?.listener.event(event as PartEvent),
        closed: () => this.#die(reason, crashed),
      },
      { clock, timeoutMs: answerMs, peer: `media worker ${pid}` },
    );
    this.#watch();
  }

  get alive(): boolean {
    return this.#alive;
  }

  get load(): number {
    return this.#sum('load');
  }

  get legs(): number {
    return this.#sum('legs');
  }

  get parts(): number {
    return this.#parts.size;
  }

  async createPart(listener: PartListener): Promise<PartHandle> {
    if (!this.#alive) throw new MediaError('media_unavailable', `media worker ${this.pid} is gone`);
    const id = `${process.pid}.${++PoolThread.#made}`;
    const part: OwnPart = { listener, legs: 0, load: 0 };
    this.#parts.set(id, part);
    const thread = this;
    return {
      id,
      node: 'here',
      place: this,
      api: remotePart(this.#rpc, id),
      get load() {
        return thread.load;
      },
      carry: (legs, load) => Object.assign(part, { legs, load }),
      close: async () => {
        if (this.#parts.delete(id) && this.#alive) await this.#rpc.call(id, 'close', []);
      },
    };
  }

  /** Ends worker and thread. Nobody is told that parts are lost: they were closed before. */
  async close(): Promise<void> {
    if (!this.#alive) return void (await this.#exited);
    this.#parts.clear();
    this.#alive = false;
    this.#ping?.cancel();
    this.#rpc.emit(threadTarget, 'end');
    await this.#exit();
    this.#rpc.close();
  }

  /** Signs of life are asked for one at a time: a worker that hangs is as dead as one that is gone. */
  #watch(): void {
    this.#ping = this.#clock.after(this.#pingMs, () => {
      this.#rpc.call(threadTarget, 'ping', []).then(
        (signs) => {
          this.cpuMs = (signs as ThreadSigns).cpuMs;
          if (this.#alive) this.#watch();
        },
        (error: unknown) => {
          // Whoever has too much to do to be asked, or says that it cannot, is alive.
          if (error instanceof NoAnswer) this.#die(`the worker ${this.pid} gives no sign of life`, true);
          else if (this.#alive) this.#watch();
        },
      );
    });
  }

  /** `kill`: its process may live on. */
  #die(reason: string, kill: boolean): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#ping?.cancel();
    if (kill) this.#killWorker();
    const lost = [...this.#parts.values()];
    this.#parts.clear();
    for (const { listener } of lost) listener.lost();
    this.#exit().finally(() => {
      this.#rpc.close();
      this.#ended(reason);
    });
  }

  /** The thread ends when its worker has; one that hangs in code of its own is ended. Never rejects. */
  async #exit(): Promise<void> {
    const insist = this.#clock.after(2000, () => {
      // In this order: as long as the thread lives it has not waited for its child, and the process id is nobody else's.
      this.#killWorker();
      this.#thread.terminate().catch(() => undefined);
    });
    await this.#exited;
    insist.cancel();
  }

  #killWorker(): void {
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // Gone already.
    }
  }

  #sum(what: 'legs' | 'load'): number {
    let sum = 0;
    for (const part of this.#parts.values()) sum += part[what];
    return sum;
  }
}

function ready(thread: Worker, clock: Clock, startMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new MediaError('media_unavailable', `A media worker does not start: ${why}`));
    const timer = clock.after(startMs, () => fail(`it said nothing for ${startMs} ms`));
    thread.once('error', (error) => fail(error instanceof Error ? error.message : String(error)));
    thread.once('exit', (code) => {
      timer.cancel();
      fail(`its thread ended with code ${code}`);
    });
    thread.once('message', ({ ready: pid }: ThreadReady) => {
      timer.cancel();
      resolve(pid);
    });
  });
}
