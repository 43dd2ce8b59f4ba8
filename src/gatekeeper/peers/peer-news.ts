import type { Clock, EpochMs } from '../../clock.js';
import type { HintStore } from '../../state/member-store.js';

const KIND = 'peer';
/** `1 down trunk/192.0.2.7:5060;udp`. What a later version says otherwise has another number, and is not listened to here. */
const HINT = /^1 (up|down) (\S{1,300})$/;
/** What was said of a peer is known everywhere for so long, and is not said again by all who see it themselves. */
const KNOWN_MS = 10_000;
/** That a peer is down, or up, is listened to at most this often each, however often others change their mind. */
const PACE_MS = 1000;
/** Peers of which the latest news is remembered: a plan has far fewer. */
const MAX_PEERS = 10_000;

type Heard = Readonly<Record<'up' | 'down', EpochMs>>;

const never: Heard = { up: Number.NEGATIVE_INFINITY, down: Number.NEGATIVE_INFINITY };

interface News {
  readonly up: boolean;
  readonly at: EpochMs;
  /** When the listener was last told that it is down, and that it is up. */
  readonly heardAt: Heard;
}

export type PeerNewsListener = (peerId: string, up: boolean) => void;

/**
 * What instances tell each other of peers. It is hearsay: the way from here to a peer may be another one. Whoever hears it asks the peer
 * itself, and what the peer then says or does not say is what counts.
 */
export class PeerNews {
  readonly #hints: HintStore;
  readonly #clock: Clock;
  /** The latest of each peer, told or heard, in the order of its time. */
  readonly #latest = new Map<string, News>();

  constructor(hints: HintStore, clock: Clock) {
    this.#hints = hints;
    this.#clock = clock;
  }

  /** This instance has found out by itself that a peer is up, or down. */
  tell(peerId: string, up: boolean): void {
    const now = this.#clock.now();
    const latest = this.#latest.get(peerId);
    if (latest?.up === up && isWithin(KNOWN_MS, latest.at, now)) return;
    this.#remember(peerId, { up, at: now, heardAt: latest?.heardAt ?? never });
    this.#hints.tell(KIND, `1 ${up ? 'up' : 'down'} ${peerId}`);
  }

  /** Calls `listener` with what others have found out, of peers that are perhaps not in this instance's plan. Returns what takes it away. */
  listen(listener: PeerNewsListener): () => void {
    return this.#hints.on(KIND, (value) => {
      const [, said, peerId] = HINT.exec(value) ?? [];
      if ((said !== 'up' && said !== 'down') || peerId === undefined) return;
      const now = this.#clock.now();
      const up = said === 'up';
      const { heardAt } = this.#latest.get(peerId) ?? { heardAt: never };
      const listens = !isWithin(PACE_MS, heardAt[said], now);
      this.#remember(peerId, { up, at: now, heardAt: listens ? { ...heardAt, [said]: now } : heardAt });
      if (listens) listener(peerId, up);
    });
  }

  #remember(peerId: string, news: News): void {
    this.#latest.delete(peerId);
    if (this.#latest.size >= MAX_PEERS) {
      const [oldest] = this.#latest.keys();
      if (oldest !== undefined) this.#latest.delete(oldest);
    }
    this.#latest.set(peerId, news);
  }
}

/** Whether it was less than `ms` ago. What lies ahead was told before the clock was set back: it is old. */
function isWithin(ms: number, at: EpochMs, now: EpochMs): boolean {
  return now >= at && now - at < ms;
}
