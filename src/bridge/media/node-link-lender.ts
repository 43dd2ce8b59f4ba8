import { MediaError } from './media.js';
import type { PartOptions } from './part-api.js';
import type { PartHandle, PartListener } from './part-place.js';
import { type Carrier, Rpc } from './rpc.js';
import { callPart, isPartMethod } from './rpc-part.js';

/** One borrower's parts here at one time. */
const maxParts = 256;
const maxLegs = 10_000;

/** What the lender says of a part beside the part's own events. */
export interface PartLost {
  readonly event: 'lost';
}
/** What the borrower says: the legs on the part, and their load. */
export interface PartLoad {
  readonly legs: number;
  readonly load: number;
}

/** Parts of this node that another node has borrowed. They close with the link. */
export class Lender {
  readonly #rpc: Rpc;
  readonly #lend: (listener: PartListener) => Promise<PartHandle>;
  /** Undefined: being made. */
  readonly #parts = new Map<string, PartHandle | undefined>();
  readonly #ended: (lender: Lender) => void;

  constructor(carrier: Carrier, peer: string, lend: (listener: PartListener) => Promise<PartHandle>, ended: (lender: Lender) => void) {
    this.#lend = lend;
    this.#ended = ended;
    this.#rpc = new Rpc(
      carrier,
      {
        call: (target, method, args) => this.#call(target, method, args),
        event: (target, event) => this.#carry(target, event),
        closed: () => this.#closed(),
      },
      { peer },
    );
  }

  get parts(): number {
    return this.#parts.size;
  }

  close(): void {
    this.#rpc.close();
  }

  async #call(target: string, method: string, args: readonly unknown[]): Promise<unknown> {
    if (!isPartMethod(method)) throw new MediaError('out_of_turn', `A part does not know ${method}`);
    if (method === 'open') return this.#open(target, args[0]);
    const part = this.#parts.get(target);
    // One that is still being made is closed when it is ready.
    if (method === 'close') this.#parts.delete(target);
    if (!part) throw new MediaError('leg_gone', `There is no part ${target} on this node`);
    return method === 'close' ? part.close() : callPart(part.api, method, args);
  }

  async #open(target: string, options: unknown): Promise<unknown> {
    if (this.#parts.has(target)) throw new MediaError('out_of_turn', `Part ${target} is open already`);
    if (this.#parts.size >= maxParts) throw new MediaError('media_unavailable', `This node has lent ${maxParts} parts to that one already`);
    this.#parts.set(target, undefined);
    let part: PartHandle | undefined;
    try {
      part = await this.#lend({
        event: (event) => this.#rpc.emit(target, event),
        lost: () => {
          this.#parts.delete(target);
          this.#rpc.emit(target, { event: 'lost' } satisfies PartLost);
        },
      });
      // A meeting's home is always with the node that holds the meeting.
      const opened = await part.api.open({ meeting: meetingOf(options), home: false });
      if (!this.#parts.has(target)) throw new MediaError('leg_gone', `Part ${target} was closed while it was being opened`);
      this.#parts.set(target, part);
      return opened;
    } catch (error) {
      this.#parts.delete(target);
      await part?.close().catch(() => undefined); // the first error says why
      throw error;
    }
  }

  #carry(target: string, event: unknown): void {
    const { legs, load } = event as Partial<PartLoad>;
    if (isCount(legs) && isCount(load)) this.#parts.get(target)?.carry(legs, load);
  }

  #closed(): void {
    const parts = [...this.#parts.values()];
    this.#parts.clear();
    for (const part of parts) part?.close().catch(() => undefined); // its worker has died, and it with it
    this.#ended(this);
  }
}

function meetingOf(options: unknown): string {
  const meeting = (options as Partial<PartOptions> | undefined)?.meeting;
  if (typeof meeting !== 'string') throw new MediaError('not_acceptable', 'A part is opened for a meeting');
  return meeting;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= maxLegs;
}
