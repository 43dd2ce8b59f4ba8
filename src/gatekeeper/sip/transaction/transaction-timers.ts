import type { LayerTimer } from './layer.js';
import type { QueueTimer, TimerOwner, TimerQueue } from './timer-queue.js';

/** The timers of one transaction: at most one that sends again (A, E or G) and one that ends a wait. Starting one takes the place of the last of its kind. */
export class TransactionTimers {
  readonly #queue: TimerQueue<LayerTimer>;
  readonly #owner: TimerOwner<LayerTimer>;
  #repeat: QueueTimer<LayerTimer> | undefined;
  #end: QueueTimer<LayerTimer> | undefined;

  constructor(queue: TimerQueue<LayerTimer>, owner: TimerOwner<LayerTimer>) {
    this.#queue = queue;
    this.#owner = owner;
  }

  start(timer: LayerTimer, ms: number): void {
    if (timer === 'A' || timer === 'E' || timer === 'G') {
      this.#queue.stop(this.#repeat);
      this.#repeat = this.#queue.start(this.#owner, timer, ms);
    } else {
      this.#queue.stop(this.#end);
      this.#end = this.#queue.start(this.#owner, timer, ms);
    }
  }

  stop(): void {
    this.#queue.stop(this.#repeat);
    this.#queue.stop(this.#end);
    this.#repeat = undefined;
    this.#end = undefined;
  }
}
