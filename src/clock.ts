/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;

/** A timer that has not fired yet. Cancelling one that fired, or twice, does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time, as the pure core sees it. The service runs on `systemClock`, tests and the simulator on a `VirtualClock`:
 * the same code runs a call in real time and a year of traffic in virtual time.
 */
export interface Clock {
  now(): EpochMs;
  /** Runs `task` once, `ms` milliseconds from now. A pending timer never keeps the process alive. */
  after(ms: number, task: () => void): Timer;
}

class SystemTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(ms: number, task: () => void) {
    this.#handle = setTimeout(task, ms);
    this.#handle.unref();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, task) => new SystemTimer(ms, task),
};

interface VirtualTimer extends Timer {
  readonly at: EpochMs;
  readonly order: number;
  task: (() => void) | undefined;
}

/** A clock that stands still until `advance` moves it. Timers fire in order of their time, then of their making. */
export class VirtualClock implements Clock {
  #now: EpochMs;
  #order = 0;
  #timers: VirtualTimer[] = [];

  constructor(start: EpochMs = 0) {
    this.#now = start;
  }

  now(): EpochMs {
    return this.#now;
  }

  /** How many timers are still pending: a test's way to see that nothing was left behind. */
  get pending(): number {
    return this.#timers.reduce((count, timer) => (timer.task ? count + 1 : count), 0);
  }

  after(ms: number, task: () => void): Timer {
    const timer: VirtualTimer = {
      at: this.#now + Math.max(0, ms),
      order: this.#order++,
      task,
      cancel() {
        timer.task = undefined;
      },
    };
    this.#timers.push(timer);
    return timer;
  }

  /** Moves time on by `ms`, running what falls due, including timers that those tasks set. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#now = Math.max(this.#now, next.at);
      const task = next.task;
      next.task = undefined;
      task?.();
    }
    this.#now = until;
  }

  #next(until: EpochMs): VirtualTimer | undefined {
    this.#timers = this.#timers.filter((timer) => timer.task);
    let first: VirtualTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }
}
