import type { CallPlace, CallStore, StoredCall } from '../../../src/state/call-store.js';
import type { CallLease } from '../../../src/state/store.js';

/** A `CallStore` that keeps what it is told, and says whose a record is when the test says so. */
export class ToldCalls implements CallStore {
  readonly puts: { readonly call: StoredCall; readonly lease: CallLease | undefined }[] = [];
  readonly ended: string[] = [];
  readonly #waiting = new Map<string, (ours: boolean | undefined) => void>();

  put(call: StoredCall, lease: CallLease | undefined): void {
    this.puts.push({ call, lease });
  }

  end(id: string): Promise<boolean | undefined> {
    this.ended.push(id);
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Settles when everybody who waits for `end` has been told. */
  async answer(id: string, ours: boolean | undefined): Promise<void> {
    this.#waiting.get(id)?.(ours);
    await new Promise((resolve) => setImmediate(resolve));
  }

  find(): Promise<CallPlace | undefined> {
    return Promise.resolve(undefined);
  }

  settle(): Promise<ReadonlySet<string>> {
    return Promise.resolve(new Set());
  }

  onTaken(): void {}

  onLost(): void {}

  over(): void {}

  onOver(): void {}

  handOver(): Promise<number> {
    return Promise.resolve(0);
  }
}
