import type { Timer } from '../../../clock.js';
import type { SipRequest, SipResponse } from '../message/message.js';
import type { ClientTransaction } from '../transaction/transactions.js';
import type { ProxyContext } from './context.js';
import type { Hop } from './hop.js';

/** Silence of an instance that is to pass something on, which says at once that it has it; an INVITE may take a peer's time. */
const silentMs = 500;

/** As much of the proxy as it needs. */
export type HopRunContext = Pick<ProxyContext, 'clock' | 'transactions' | 'timers' | 'holders' | 'observer'>;

export interface HopRunParts {
  readonly request: SipRequest;
  /** The copy that goes by this hop, with our Via; undefined: it may not go that way, and has been answered. */
  readonly prepare: (hop: Hop) => SipRequest | undefined;
  readonly sent?: (client: ClientTransaction) => void;
  /** Whatever comes of the hop that it was last sent by, but what another instance says to us alone (430). */
  readonly onResponse: (response: SipResponse) => void;
  readonly onTimeout: () => void;
  /** `broken`: the connection is. `none`: whoever was to pass it on has not, and there is no other way. */
  readonly onFailure: (why: 'broken' | 'none') => void;
  /** Whether it has been answered in another way meanwhile. */
  readonly over?: () => boolean;
}

/**
 * One request inside a dialog, by one hop after the other: on to the next where the instance that should have the party's connection has it no
 * more (RFC 5626 §5.3: 430), says nothing, or is lost.
 */
export class HopRun {
  readonly #context: HopRunContext;
  readonly #parts: HopRunParts;
  #client: ClientTransaction | undefined;
  #silence: Timer | undefined;
  #unwatch: (() => void) | undefined;
  #looking = false;

  constructor(context: HopRunContext, parts: HopRunParts) {
    this.#context = context;
    this.#parts = parts;
  }

  start(hop: Hop): void {
    const { prepare, sent, onResponse, onTimeout, onFailure, request } = this.#parts;
    const copy = prepare(hop);
    if (!copy) return;
    const { otherwise, holder } = hop;
    const client = this.#context.transactions.request(copy, hop.flow, {
      onResponse: (response) => {
        if (this.#client !== client) return;
        this.#silence?.cancel();
        if (response.status === 430 && otherwise) {
          this.#lose(otherwise);
          return;
        }
        if (response.status >= 200) this.#stop();
        onResponse(response);
      },
      onTimeout: () => {
        if (this.#client !== client) return;
        this.#stop();
        onTimeout();
      },
      onTransportError: () => {
        if (this.#client !== client) return;
        if (otherwise) this.#lose(otherwise);
        else onFailure('broken');
      },
    });
    this.#client = client;
    if (holder !== undefined && otherwise) {
      const ms = request.method === 'INVITE' ? this.#context.timers.huntMs : silentMs;
      this.#silence = this.#context.clock.after(ms, () => this.#look(otherwise));
      this.#unwatch = this.#context.holders.whenGone(holder, () => {
        this.#letGo(client);
        this.#lose(otherwise);
      });
    }
    sent?.(client);
  }

  /** Nothing more is to be expected by the hop that it was sent by. */
  #lose(otherwise: NonNullable<Hop['otherwise']>): void {
    this.#stop();
    this.#client = undefined;
    this.#look(otherwise);
  }

  /** Another way, if there is one; without one, whoever is only silent is still waited for. */
  #look(otherwise: NonNullable<Hop['otherwise']>): void {
    if (this.#looking) return;
    this.#looking = true;
    otherwise()
      .then((hop) => {
        this.#looking = false;
        if (this.#parts.over?.()) this.#stop();
        else if (hop) this.#turnTo(hop);
        else if (!this.#client) this.#parts.onFailure('none');
      })
      .catch((error: unknown) => {
        this.#looking = false;
        this.#context.observer.fault(error, this.#parts.request.callId);
        if (!this.#client) this.#parts.onFailure('none');
      });
  }

  #turnTo(hop: Hop): void {
    const client = this.#client;
    // It was only slow.
    if (client?.provisional || client?.done) return;
    this.#stop();
    this.#client = undefined;
    if (client) this.#letGo(client);
    this.start(hop);
  }

  /** Should its instance wake up, the party is told to stop; but for an INVITE there is no word for that. */
  #letGo(client: ClientTransaction): void {
    if (this.#parts.request.method === 'INVITE') client.cancel();
    else client.abandon();
  }

  #stop(): void {
    this.#silence?.cancel();
    this.#unwatch?.();
    this.#unwatch = undefined;
  }
}
