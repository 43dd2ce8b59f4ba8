import type { Clock, EpochMs, Timer } from '../../clock.js';
import type { PeerNews } from '../peers/peer-news.js';
import type { SipPeer, SipTrunkZone, Zone } from '../plan/plan.js';
import type { PeerHealthView } from '../routing/route.js';

/** What became of one OPTIONS ping. */
export type PingResult = 'answered' | 'silent';

/** Any final response shows that the peer is there and takes requests, a 4xx too; 503 says that it does not (RFC 3261 §21.5.4). `undefined`: none came. */
export function pingResult(finalStatus: number | undefined): PingResult {
  return finalStatus === undefined || finalStatus === 503 ? 'silent' : 'answered';
}

export interface PeerThresholds {
  /** Misses in a row. */
  readonly missesUntilDown: number;
  /** Answers in a row. */
  readonly answersUntilUp: number;
}

/** Why a peer went up or down: for logs and metrics. `hinted`: another instance said so; `hint-unfounded`: it answers this one all the same. */
export type PeerChangeCause = 'answered' | 'missed' | 'call-unanswered' | 'hold-over' | 'hinted' | 'hint-unfounded';
/** Whether this instance has seen it itself, so that others may be told. */
export function isSeenHere(cause: PeerChangeCause): boolean {
  return cause === 'answered' || cause === 'missed' || cause === 'call-unanswered';
}

export type PeerChange = (peerId: string, up: boolean, cause: PeerChangeCause) => void;

interface PeerState {
  readonly thresholds: PeerThresholds;
  up: boolean;
  /** Misses in a row while up, answers in a row while down. */
  count: number;
  /** Another instance does not hear it, and nothing was heard or missed here since. */
  doubted: boolean;
  heardAt: EpochMs;
}

/** Who was heard so lately is not taken down because another instance does not hear it. */
const FRESH_MS = 5000;

/** Which trunk peers are up: a state machine for each, without clock or socket. A peer that nobody has heard of counts as up. */
export class PeerHealth implements PeerHealthView {
  readonly #peers = new Map<string, PeerState>();
  readonly #onChange: PeerChange;
  readonly #suspicion = new Set<(peerId: string) => void>();

  constructor(onChange: PeerChange = () => undefined) {
    this.#onChange = onChange;
  }

  isUp(peerId: string): boolean {
    return this.#peers.get(peerId)?.up ?? true;
  }

  /** Every known peer, for metrics. */
  *[Symbol.iterator](): IterableIterator<{ readonly peerId: string; readonly up: boolean }> {
    for (const [peerId, { up }] of this.#peers) yield { peerId, up };
  }

  /** The peers there are from now on. Those that stay keep their state; the others are forgotten. */
  update(peers: Iterable<readonly [peerId: string, thresholds: PeerThresholds]>): void {
    const before = new Map(this.#peers);
    this.#peers.clear();
    for (const [peerId, thresholds] of peers) {
      const known = before.get(peerId) ?? { up: true, count: 0, doubted: false, heardAt: Number.NEGATIVE_INFINITY };
      this.#peers.set(peerId, { ...known, thresholds });
    }
  }

  /** The peer said something, in a call or to a ping: no hint counts for a while, and one that was believed does no more. */
  heard(peerId: string, now: EpochMs): void {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    peer.heardAt = now;
    if (!peer.doubted) return;
    peer.doubted = false;
    if (!peer.up) this.#turn(peerId, peer, true, 'hint-unfounded');
  }

  /**
   * Another instance does not hear the peer: the next miss here takes it down, and until then, where another peer can stand in for it
   * (`replaceable`) and it was not heard lately, it is left alone.
   */
  doubt(peerId: string, now: EpochMs, replaceable: boolean): void {
    const peer = this.#peers.get(peerId);
    if (!peer?.up) return;
    // Heard in the future: the clock was set back since.
    const fresh = now >= peer.heardAt && now - peer.heardAt < FRESH_MS;
    if (replaceable && !fresh) this.#turn(peerId, peer, false, 'hinted');
    peer.doubted = true;
  }

  /** The peer answered a ping. */
  answered(peerId: string): void {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    if (peer.up) peer.count = 0;
    else if (++peer.count >= peer.thresholds.answersUntilUp) this.#turn(peerId, peer, true, 'answered');
  }

  /** The peer left a ping unanswered. */
  missed(peerId: string): void {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    const { doubted } = peer;
    peer.doubted = false;
    if (!peer.up) peer.count = 0;
    else if (doubted || ++peer.count >= peer.thresholds.missesUntilDown) this.#turn(peerId, peer, false, 'missed');
  }

  /** A call's attempt got no answer at all: the peer is down at once, so that the next caller does not wait for it as well. */
  suspect(peerId: string): void {
    const peer = this.#peers.get(peerId);
    if (!peer) return;
    if (!peer.up) {
      // Tried although it was down, for want of another, and silent again: the answers so far were not worth much.
      peer.count = 0;
      peer.doubted = false;
      return;
    }
    this.#turn(peerId, peer, false, 'call-unanswered');
    for (const listener of this.#suspicion) listener(peerId);
  }

  /** A suspected peer that nobody pings has been left alone long enough: the next call may try it. */
  lift(peerId: string): void {
    const peer = this.#peers.get(peerId);
    if (peer && !peer.up) this.#turn(peerId, peer, true, 'hold-over');
  }

  /** Called for each peer that went down by `suspect`. Returns what takes the listener away. */
  onSuspicion(listener: (peerId: string) => void): () => void {
    this.#suspicion.add(listener);
    return () => this.#suspicion.delete(listener);
  }

  #turn(peerId: string, peer: PeerState, up: boolean, cause: PeerChangeCause): void {
    peer.up = up;
    peer.count = 0;
    peer.doubted = false;
    this.#onChange(peerId, up, cause);
  }
}

/** A peer that went silent is asked again this soon, then after twice as long each time, up to its zone's interval. */
const QUICK_MS = 500;
/** Pings of a zone's peers are spread, so that a thousand peers are not asked in one moment: this share of the interval, both ways. */
const JITTER = 0.1;
/** How soon after the start, or after a reload that brought it, a peer is first pinged. */
const FIRST_PING_WITHIN_MS = 2000;
/** How long a suspected peer of a zone without pings is left alone. */
const HOLD_MS = 30_000;

export interface PeerPingerOptions {
  readonly health: PeerHealth;
  readonly clock: Clock;
  /** [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Sends one OPTIONS and waits for its final response; `pingResult` says what that is worth. A rejection counts as silence. */
  readonly ping: (peer: SipPeer, zone: SipTrunkZone) => Promise<PingResult>;
  /** A ping without a result after this long counts as silence. Default 2,000. */
  readonly timeoutMs?: number;
  /** Pings that may be on their way at once. Default 32. */
  readonly concurrency?: number;
  /** What other instances find out: such a peer is asked from here, soon. */
  readonly news?: PeerNews;
}

interface Watched {
  readonly peer: SipPeer;
  readonly zone: SipTrunkZone;
  timer: Timer | undefined;
  /** When `timer` is due. */
  due: EpochMs;
  /** Waiting for its turn, or on its way. */
  busy: boolean;
  /** Silent pings since the last answer: how far the quick ones have slowed down. */
  silences: number;
}

/** Pings trunk peers and tells `PeerHealth` what came of it. */
export class PeerPinger {
  readonly #options: PeerPingerOptions;
  readonly #timeoutMs: number;
  readonly #concurrency: number;
  readonly #random: () => number;
  readonly #watched = new Map<string, Watched>();
  /** At most one entry for each peer. */
  readonly #waiting: Watched[] = [];
  readonly #removeListeners: readonly (() => void)[];
  #underway = 0;

  constructor(options: PeerPingerOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 2000;
    this.#concurrency = options.concurrency ?? 32;
    this.#random = options.random ?? Math.random;
    this.#removeListeners = [
      options.health.onSuspicion((peerId) => this.#suspected(peerId)),
      ...(options.news ? [options.news.listen((peerId, up) => this.#heardOf(peerId, up))] : []),
    ];
  }

  /** The zones of the plan in force. Peers that stay keep their state. */
  update(zones: Iterable<Zone>): void {
    const before = new Map(this.#watched);
    const thresholds: [string, PeerThresholds][] = [];
    this.#watched.clear();
    for (const zone of zones) {
      if (zone.kind !== 'sip-trunk') continue;
      for (const peer of zone.peers) {
        thresholds.push([peer.id, zone.ping]);
        this.#watched.set(peer.id, {
          peer,
          zone,
          timer: undefined,
          due: Number.POSITIVE_INFINITY,
          busy: false,
          silences: before.get(peer.id)?.silences ?? 0,
        });
      }
    }
    for (const { timer } of before.values()) timer?.cancel();
    this.#waiting.length = 0;
    this.#options.health.update(thresholds);
    for (const watched of this.#watched.values()) {
      const intervalMs = watched.zone.ping.intervalSeconds * 1000;
      if (intervalMs > 0) this.#after(this.#random() * Math.min(intervalMs, FIRST_PING_WITHIN_MS), watched);
      else if (!this.#options.health.isUp(watched.peer.id)) this.#hold(watched);
    }
  }

  close(): void {
    for (const remove of this.#removeListeners) remove();
    for (const { timer } of this.#watched.values()) timer?.cancel();
    this.#watched.clear();
    this.#waiting.length = 0;
  }

  #suspected(peerId: string): void {
    const watched = this.#watched.get(peerId);
    if (!watched) return;
    watched.silences = 0;
    if (watched.zone.ping.intervalSeconds === 0) this.#hold(watched);
    else if (!watched.busy) this.#after(QUICK_MS, watched);
  }

  /** Without pings nothing here could tell whether it is so: then calls alone find out. */
  #heardOf(peerId: string, up: boolean): void {
    const watched = this.#watched.get(peerId);
    const { health, clock } = this.#options;
    if (!watched || watched.zone.ping.intervalSeconds === 0 || up === health.isUp(peerId)) return;
    if (!up) {
      // The last one that is left stays in use: to have it asked in vain costs a call no more than not to be put through.
      const replaceable = watched.zone.peers.some(({ id }) => id !== peerId && health.isUp(id));
      health.doubt(peerId, clock.now(), replaceable);
    }
    // Spread, as all other instances heard it in the same moment, and perhaps of a thousand peers.
    const ms = this.#random() * QUICK_MS;
    // Never later than it would be asked anyway: else whoever says something twice a second keeps us from asking at all.
    if (!watched.busy && clock.now() + ms < watched.due) this.#after(ms, watched);
  }

  /** Without pings nothing but another call can tell whether the peer is back. */
  #hold(watched: Watched): void {
    watched.timer?.cancel();
    watched.timer = this.#options.clock.after(HOLD_MS, () => this.#options.health.lift(watched.peer.id));
  }

  #after(ms: number, watched: Watched): void {
    watched.timer?.cancel();
    watched.due = this.#options.clock.now() + ms;
    watched.timer = this.#options.clock.after(ms, () => {
      watched.busy = true;
      this.#waiting.push(watched);
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#underway < this.#concurrency) {
      const watched = this.#waiting.shift();
      if (!watched) return;
      this.#underway++;
      this.#ping(watched).then((result) => {
        this.#underway--;
        this.#took(watched, result);
        this.#pump();
      });
    }
  }

  /** Never rejects. */
  #ping({ peer, zone }: Watched): Promise<PingResult> {
    const ask = async () => this.#options.ping(peer, zone);
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(this.#timeoutMs, () => resolve('silent'));
      ask()
        .then(resolve, () => resolve('silent'))
        .finally(() => timer.cancel());
    });
  }

  #took(watched: Watched, result: PingResult): void {
    const { peer, zone } = watched;
    // The plan was changed, or the pinger closed, while the ping was on its way.
    if (this.#watched.get(peer.id) !== watched) return;
    const { health } = this.#options;
    watched.busy = false;
    if (result === 'answered') {
      health.heard(peer.id, this.#options.clock.now());
      health.answered(peer.id);
    } else {
      health.missed(peer.id);
    }
    watched.silences = result === 'answered' ? 0 : watched.silences + 1;
    const intervalMs = zone.ping.intervalSeconds * 1000;
    // In doubt (silent, or down and now heard again) a peer is asked soon; else at its zone's pace.
    const doubtful = result === 'silent' || !health.isUp(peer.id);
    const wait = doubtful ? Math.min(intervalMs, QUICK_MS * 2 ** Math.min(watched.silences, 20)) : intervalMs;
    this.#after(wait * (1 - JITTER + 2 * JITTER * this.#random()), watched);
  }
}
