import type { Clock } from '../clock.js';
import { NonceWindows } from './nonce-window.js';
import type { NonceStore } from './store.js';

export interface LocalNonceOptions {
  readonly clock: Clock;
  /** How long nonces are good; their counts are remembered at least that long. Default 300. */
  readonly nonceLifetimeSeconds?: number;
  /** Used nonces remembered at most, in two halves; each takes about 100 bytes. Default 1,000,000. */
  readonly maxNonces?: number;
}

/** Used nonces of this process; every store has them here, as each instance signs its own (`NonceStore`). */
export class LocalNonces implements NonceStore {
  readonly #windows: NonceWindows;
  readonly #clock: Clock;

  constructor(options: LocalNonceOptions) {
    this.#clock = options.clock;
    this.#windows = new NonceWindows((options.nonceLifetimeSeconds ?? 300) * 1000, Math.ceil((options.maxNonces ?? 1_000_000) / 2));
  }

  use(nonce: string, nc: number, issuedAt: number): boolean {
    return this.#windows.use(nonce, nc, issuedAt, this.#clock.now());
  }
}
