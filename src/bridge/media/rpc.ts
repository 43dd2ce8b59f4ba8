import { type Clock, systemClock, type Timer } from '../../clock.js';
import { MediaError } from './media.js';

/** What carries values both ways, in order: a thread's port, or a WebSocket between nodes. */
export interface Carrier {
  /** Throws when the value cannot be carried; what is posted after the end goes nowhere. */
  post(message: unknown): void;
  /** Called once, before anything is carried. `closed` is called once, however it ended. */
  listen(to: { message(message: unknown): void; closed(): void }): void;
  close(): void;
}

/** What the other side may ask for. `target` names one of several objects behind the same carrier. */
export interface RpcHandler {
  call(target: string, method: string, args: readonly unknown[]): Promise<unknown>;
  event(target: string, event: unknown): void;
  /** The carrier is gone; what was asked through it has failed already. */
  closed(): void;
}

export interface RpcOptions {
  readonly clock?: Clock;
  /** How long an answer may take, in ms; default 5000. */
  readonly timeoutMs?: number;
  /** How much may be asked, and be worked on for the other side, at one time; default 4096. */
  readonly maxPending?: number;
  /** Names the other side in errors. */
  readonly peer: string;
}

type Message =
  | { readonly kind: 'call'; readonly id: number; readonly target: string; readonly method: string; readonly args: readonly unknown[] }
  | { readonly kind: 'done'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'event'; readonly target: string; readonly event: unknown };

/** It was asked, and said nothing: for who must tell the dead from the busy. */
export class NoAnswer extends MediaError {
  constructor(message: string) {
    super('media_unavailable', message);
  }
}

interface Pending {
  readonly timer: Timer;
  resolve(result: unknown): void;
  reject(error: MediaError): void;
}

/**
 * Requests, replies and events over a carrier. What goes wrong on the other side, on the way or in time rejects with MediaError; the end of the
 * carrier rejects all that waits. The other side's messages are not trusted: what has no sense is dropped.
 */
export class Rpc {
  readonly #carrier: Carrier;
  readonly #handler: RpcHandler;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #maxPending: number;
  readonly #peer: string;
  readonly #pending = new Map<number, Pending>();
  #working = 0;
  #nextId = 1;
  #closed = false;

  constructor(carrier: Carrier, handler: RpcHandler, { clock = systemClock, timeoutMs = 5000, maxPending = 4096, peer }: RpcOptions) {
    this.#carrier = carrier;
    this.#handler = handler;
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#maxPending = maxPending;
    this.#peer = peer;
    carrier.listen({ message: (message) => this.#receive(message), closed: () => this.#ended() });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Rejects with the other side's MediaError, or with `media_unavailable`: no answer in time (`NoAnswer`), too much asked, the carrier gone. */
  call(target: string, method: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(this.#unavailable('is gone'));
      if (this.#pending.size >= this.#maxPending) return reject(this.#unavailable(`has ${this.#maxPending} requests to answer already`));
      const id = this.#nextId++;
      const timer = this.#clock.after(this.#timeoutMs, () => {
        this.#pending.delete(id);
        reject(new NoAnswer(`${this.#peer} did not answer ${method} within ${this.#timeoutMs} ms`));
      });
      this.#pending.set(id, { timer, resolve, reject });
      try {
        this.#post({ kind: 'call', id, target, method, args });
      } catch (error) {
        this.#pending.delete(id);
        timer.cancel();
        reject(new MediaError('not_acceptable', `${method} was given what cannot be sent to ${this.#peer}: ${messageOf(error)}`));
      }
    });
  }

  /** Nobody answers an event, and one after the end goes nowhere. */
  emit(target: string, event: unknown): void {
    if (!this.#closed) this.#post({ kind: 'event', target, event });
  }

  close(): void {
    this.#carrier.close();
    this.#ended();
  }

  #post(message: Message): void {
    this.#carrier.post(message);
  }

  #receive(message: unknown): void {
    if (this.#closed || !isMessage(message)) return;
    switch (message.kind) {
      case 'call':
        this.#work(message).catch(() => this.close());
        return;
      case 'event':
        this.#handler.event(message.target, message.event);
        return;
      case 'done':
        this.#take(message.id)?.resolve(message.result);
        return;
      case 'failed':
        this.#take(message.id)?.reject(new MediaError(codeOf(message.code), message.message));
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.timer.cancel();
    return pending;
  }

  /** Rejects only when not even the failure can be told. */
  async #work({ id, target, method, args }: Extract<Message, { kind: 'call' }>): Promise<void> {
    if (this.#working >= this.#maxPending) {
      this.#post({ kind: 'failed', id, code: 'media_unavailable', message: 'Too much is asked at one time' });
      return;
    }
    this.#working += 1;
    try {
      const result = await this.#handler.call(target, method, args);
      if (!this.#closed) this.#post({ kind: 'done', id, result });
    } catch (error) {
      const code = error instanceof MediaError ? error.code : 'media_unavailable';
      if (!this.#closed) this.#post({ kind: 'failed', id, code, message: messageOf(error) });
    } finally {
      this.#working -= 1;
    }
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { timer, reject } of this.#pending.values()) {
      timer.cancel();
      reject(this.#unavailable('is gone'));
    }
    this.#pending.clear();
    this.#handler.closed();
  }

  #unavailable(why: string): MediaError {
    return new MediaError('media_unavailable', `${this.#peer} ${why}`);
  }
}

const codes: readonly MediaError['code'][] = ['media_unavailable', 'leg_gone', 'not_acceptable', 'no_ports', 'out_of_turn'];

function codeOf(code: string): MediaError['code'] {
  return codes.find((known) => known === code) ?? 'media_unavailable';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isMessage(value: unknown): value is Message {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  const { kind, id, target, method, args, code, message } = value as Record<string, unknown>;
  switch (kind) {
    case 'call':
      return typeof id === 'number' && typeof target === 'string' && typeof method === 'string' && Array.isArray(args);
    case 'done':
      return typeof id === 'number';
    case 'failed':
      return typeof id === 'number' && typeof code === 'string' && typeof message === 'string';
    case 'event':
      return typeof target === 'string';
    default:
      return false;
  }
}
