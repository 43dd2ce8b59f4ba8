import type { Worker } from 'mediasoup/types';
import { MediaError } from './media.js';
import type { MediaSettings } from './media-settings.js';
import type { PartHost } from './part.js';
import type { PartApi, PartOptions } from './part-api.js';
import { type Carrier, Rpc } from './rpc.js';
import { callPart, isPartMethod } from './rpc-part.js';

export type MakePart = (host: PartHost) => PartApi;

/** What a thread is given to start with. */
export interface ThreadData {
  readonly settings: MediaSettings;
}

/** What the thread itself answers to, beside its parts. */
export const threadTarget = '';
/** By its `pid` and `cpuMs` (user and system time of mediasoup's worker, ms): that both the thread and its worker live. */
export interface ThreadSigns {
  readonly pid: number;
  readonly cpuMs: number;
}

/** The parts in one thread, over one mediasoup worker. Parts are made by `open`, and gone after `close`. */
export class ThreadHost {
  readonly #rpc: Rpc;
  readonly #parts = new Map<string, PartApi>();
  readonly #worker: Worker;

  constructor(carrier: Carrier, worker: Worker, settings: MediaSettings, makePart: MakePart) {
    this.#worker = worker;
    this.#rpc = new Rpc(
      carrier,
      {
        call: (target, method, args) => (target === threadTarget ? this.#own(method) : this.#ofPart(target, method, args)),
        // The one event: the end, which the exit of the thread answers.
        event: () => worker.close(),
        closed: () => worker.close(),
      },
      { peer: 'the main thread' },
    );
    this.#make = (target) => makePart({ worker, settings, emit: (event) => this.#rpc.emit(target, event) });
  }

  readonly #make: (target: string) => PartApi;

  async #own(method: string): Promise<unknown> {
    if (method === 'ping') {
      // Asked of the subprocess itself: a worker that hangs does not answer.
      const { ru_utime, ru_stime } = await this.#worker.getResourceUsage();
      return { pid: this.#worker.pid, cpuMs: ru_utime + ru_stime } satisfies ThreadSigns;
    }
    throw new MediaError('out_of_turn', `A media thread does not know ${method}`);
  }

  async #ofPart(target: string, method: string, args: readonly unknown[]): Promise<unknown> {
    if (!isPartMethod(method)) throw new MediaError('out_of_turn', `A part does not know ${method}`);
    if (method === 'open') return this.#open(target, args[0] as PartOptions);
    const part = this.#parts.get(target);
    if (!part) throw new MediaError('leg_gone', `There is no part ${target} in this thread`);
    if (method === 'close') this.#parts.delete(target);
    return callPart(part, method, args);
  }

  async #open(target: string, options: PartOptions): Promise<unknown> {
    if (this.#parts.has(target)) throw new MediaError('out_of_turn', `Part ${target} is open already`);
    const part = this.#make(target);
    this.#parts.set(target, part);
    try {
      return await part.open(options);
    } catch (error) {
      this.#parts.delete(target);
      throw error;
    }
  }
}
