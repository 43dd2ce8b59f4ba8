import type { Clock } from '../../../clock.js';

/** `declined`: by who has no such call. */
export type Rang = 'heard' | 'failed' | 'declined';

/** One attempt; only that of the last one rings. */
export interface Turn {
  readonly current: boolean;
  ring(what: Rang): void;
}

/** Tells whoever waits for an attempt what became of it. */
export class Bell {
  /** Called when an attempt fails that nobody waits for any more. */
  onFailure: (() => void) | undefined;
  #turn = 0;
  #rang: Rang | undefined;
  #waiting: ((rang: Rang) => void) | undefined;

  anew(): Turn {
    this.#turn += 1;
    this.#rang = undefined;
    const turn = this.#turn;
    const isCurrent = () => turn === this.#turn;
    return {
      get current() {
        return isCurrent();
      },
      ring: (what) => {
        if (isCurrent()) this.#ring(what);
      },
    };
  }

  /** What it rang for, or `silent` after so many milliseconds. What rang before anybody waited is told to the first who does. */
  async wait(clock: Clock, ms: number): Promise<Rang | 'silent'> {
    const rang = this.#rang;
    this.#rang = undefined;
    if (rang !== undefined) return rang;
    return new Promise((resolve) => {
      const timer = clock.after(ms, () => {
        this.#waiting = undefined;
        resolve('silent');
      });
      this.#waiting = (what) => {
        this.#waiting = undefined;
        timer.cancel();
        resolve(what);
      };
    });
  }

  #ring(what: Rang): void {
    if (this.#waiting) this.#waiting(what);
    else if (this.onFailure && what === 'failed') {
      const told = this.onFailure;
      this.onFailure = undefined;
      told();
    } else this.#rang = what;
  }
}
