import type { SocketAddress } from '../../net/address.js';
import type { Flow } from './flow.js';

/** One end of a connection that never leaves the process. */
export interface MemoryFlow extends Flow {
  /** Called with each message that the other end sent, in order. One handler: setting it takes the place of the last. */
  onMessage: ((message: string, flow: Flow) => void) | undefined;
  /** Closes both ends. What was sent and has not arrived is dropped. */
  close(): void;
}

export interface MemoryFlowOptions {
  /** Ids of the two ends; both must be unique in this process. */
  readonly ids: readonly [string, string];
  /** Messages under way in one direction; beyond it `send` gives false. Default 10,000, more than 64 s of calls bring. */
  readonly capacity?: number;
  /** Shown as both ends' address. */
  readonly address?: SocketAddress;
  /** A message that could not be dealt with, by a fault of whoever received it; the next arrives nevertheless. Default: thrown, on its own. */
  readonly onFault?: (error: unknown) => void;
}

/**
 * Two flows joined to each other, as a TLS connection would join them: reliable, in order, nothing to be read by others. A message arrives
 * after the sender's turn, never within `send`: neither end's code runs inside the other's.
 */
export function memoryFlows(options: MemoryFlowOptions): readonly [MemoryFlow, MemoryFlow] {
  const address = options.address ?? { address: '127.0.0.1', port: 5061 };
  const capacity = options.capacity ?? 10_000;
  const fault = options.onFault ?? throwAlone;
  const one = new End(options.ids[0], address, capacity, fault);
  const other = new End(options.ids[1], address, capacity, fault);
  one.far = other;
  other.far = one;
  return [one, other];
}

class End implements MemoryFlow {
  readonly id: string;
  readonly transport = 'tls';
  readonly reliable = true;
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly certificateNames: readonly string[] = [];
  onMessage: ((message: string, flow: Flow) => void) | undefined;
  far: End | undefined;
  readonly #capacity: number;
  readonly #fault: (error: unknown) => void;
  readonly #listeners = new Set<() => void>();
  /** What is on its way to this end. */
  #arriving: string[] = [];
  #closed = false;

  constructor(id: string, address: SocketAddress, capacity: number, fault: (error: unknown) => void) {
    this.id = id;
    this.local = address;
    this.remote = address;
    this.#capacity = capacity;
    this.#fault = fault;
  }

  get closed(): boolean {
    return this.#closed;
  }

  send(message: string): boolean {
    return !this.#closed && this.far?.arrive(message) === true;
  }

  arrive(message: string): boolean {
    if (this.#arriving.length >= this.#capacity) return false;
    this.#arriving.push(message);
    if (this.#arriving.length === 1) queueMicrotask(() => this.#deliver());
    return true;
  }

  onClose(listener: () => void): () => void {
    if (this.#closed) {
      listener();
      return () => undefined;
    }
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#arriving = [];
    this.far?.close();
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }

  #deliver(): void {
    const messages = this.#arriving;
    this.#arriving = [];
    for (const message of messages) {
      if (this.#closed) return;
      try {
        this.onMessage?.(message, this);
      } catch (error) {
        this.#fault(error);
      }
    }
  }
}

function throwAlone(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
