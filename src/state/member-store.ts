import type { SipTransport } from '../gatekeeper/plan/plan.js';

/** One run of an instance: `portvakt-1/3fa2c0ffee11`. Unique; the next run of the same instance is another. */
export type MemberId = string;

/** Where the other instances reach this one, and what tells its own from others'. */
export interface MemberAddresses {
  /** SIP listeners as others reach them, in the order of the configuration. `fingerprint`: SHA-256 of the TLS certificate, upper-case hex with colons. */
  readonly sip: readonly {
    readonly transport: SipTransport;
    readonly host: string;
    readonly port: number;
    readonly fingerprint?: string | undefined;
  }[];
  /** Beginnings of the ids of its SIP flows (`Flow.id`): whose begins so is a connection of this instance. */
  readonly flows: readonly string[];
  /** RAS listeners as endpoints reach them. Empty without H.323. */
  readonly ras: readonly { readonly address: string; readonly port: number }[];
  readonly gatekeeperId: string | undefined;
  /**
   * Its meeting service. `url`: where other nodes link up for parts of meetings; `web`: its pages as participants reach them; `load`: legs
   * that it carries, for placing what is new. Absent without one.
   */
  readonly bridge?: { readonly url: string; readonly web: string; readonly load: number } | undefined;
}

export interface Member extends MemberAddresses {
  readonly id: MemberId;
  /** `instance` in its configuration. */
  readonly instance: string;
  /** Of the program. */
  readonly version: string;
  readonly startedAt: number;
  readonly state: 'serving' | 'draining';
}

/** The instances that share the store. In the memory store this one is alone. */
export interface MemberStore {
  readonly self: MemberId;
  /** Says where this instance is reached; again whenever that changes. Others know within a beat. */
  announce(addresses: MemberAddresses): void;
  /** This instance takes no new calls from now on. */
  drain(): void;
  /** The others that announced themselves and gave a sign of life lately, as of the last beat; those that are draining too. While the store is away: as it was then. */
  others(): readonly Member[];
  /** Called after `others()` changed. Returns what takes the listener away. */
  onChange(listener: () => void): () => void;
}

/**
 * What an instance has noticed and others may use: that a peer is silent, what a neighbour answered. Nobody depends on it: it is lost while
 * the store is away, and may come late or twice.
 */
export interface HintStore {
  /** Sent with others a few milliseconds later; beyond some thousand in a second they are dropped. `kind`: letters only. */
  tell(kind: string, value: string): void;
  /** Called with what another instance told, in order. Returns what takes the listener away. */
  on(kind: string, listener: (value: string, from: MemberId) => void): () => void;
}
