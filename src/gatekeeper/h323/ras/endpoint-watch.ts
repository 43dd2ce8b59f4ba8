import type { Clock, EpochMs } from '../../../clock.js';
import { DueLists } from './due-lists.js';
import type { StoredEndpoint } from './endpoint-table.js';

export interface EndpointWatchOptions {
  readonly clock: Clock;
  /** Asks an endpoint whether it is there (IRQ). Undefined: not now, too much else is being asked. */
  readonly probe: (endpoint: StoredEndpoint) => Promise<boolean> | undefined;
  /** It was asked when its time was to be up `until` then, and was there or was silent. */
  readonly onProbed: (endpoint: StoredEndpoint, until: EpochMs, there: boolean) => Promise<void>;
  /** Whether it is still registered here. */
  readonly isThere: (endpoint: StoredEndpoint) => boolean;
  readonly onFault: (error: unknown) => void;
}

/** Endpoints looked at in one second at most when their time is up: enough for 100,000 that lost their network at once within some minutes. */
const EXPIRY_BUDGET = 500;
/** An endpoint that could not be ended or renewed, as the store was away, is looked at again after so long. */
const RETRY_SECONDS = 5;

/** When endpoints are asked whether they are there: when their time is up, and when somebody else wants what they have. */
export class EndpointWatch {
  readonly #options: EndpointWatchOptions;
  readonly #due = new DueLists<StoredEndpoint>();
  /** Endpoints that are asked as somebody else wants an alias of theirs, by their identifiers. */
  readonly #doubted = new Map<string, StoredEndpoint>();

  constructor(options: EndpointWatchOptions) {
    this.#options = options;
  }

  /** Its time is up at `expiresAt`, and no longer when it was said before. */
  schedule(endpoint: StoredEndpoint): void {
    this.#due.remove(endpoint);
    this.#due.add(endpoint, Math.ceil(endpoint.expiresAt / 1000));
  }

  forget(endpoint: StoredEndpoint): void {
    this.#due.remove(endpoint);
  }

  /** Asks those whose time is up. To be called once a second. */
  expire(): void {
    const second = Math.floor(this.#options.clock.now() / 1000);
    for (let budget = EXPIRY_BUDGET; budget > 0; budget--) {
      const endpoint = this.#due.first(second);
      if (!endpoint) return;
      const probe = this.#options.probe(endpoint);
      if (!probe) return;
      this.#due.remove(endpoint);
      const until = endpoint.expiresAt;
      probe
        .then((there) => this.#options.onProbed(endpoint, until, there))
        .catch((error: unknown) => {
          this.#lookAgain(endpoint);
          this.#options.onFault(error);
        });
    }
  }

  /** The endpoint that is asked as somebody else wants an alias of it. */
  doubted(id: string): StoredEndpoint | undefined {
    return this.#doubted.get(id);
  }

  /** Somebody else wants an alias of this endpoint: one that is silent makes room, by `onSilent` where it is not registered here. */
  doubt(endpoint: StoredEndpoint, onSilent?: () => Promise<void>): void {
    const { id, expiresAt: until } = endpoint;
    if (this.#doubted.has(id)) return;
    const probe = this.#options.probe(endpoint);
    if (!probe) return;
    this.#doubted.set(id, endpoint);
    const silent = onSilent ?? (() => this.#options.onProbed(endpoint, until, false));
    probe
      .then((there) => (there ? undefined : silent()))
      .catch(this.#options.onFault)
      .finally(() => this.#doubted.delete(id));
  }

  #lookAgain(endpoint: StoredEndpoint): void {
    const now = this.#options.clock.now();
    if (!this.#options.isThere(endpoint) || endpoint.expiresAt > now) return;
    this.#due.remove(endpoint);
    this.#due.add(endpoint, Math.floor(now / 1000) + RETRY_SECONDS);
  }
}
