import { isIP } from 'node:net';
import type { Clock, EpochMs } from '../../../clock.js';
import type { HintStore } from '../../../state/member-store.js';
import { PeerNews } from '../../peers/peer-news.js';
import type { H323NeighbourZone, Zone, ZoneId } from '../../plan/plan.js';
import type { NeighbourRoute, PeerHealthView } from '../../routing/route.js';
import {
  type AliasAddress,
  type FeatureSet,
  type LocationConfirm,
  type LocationRejectReason,
  type RasMessage,
  rasMessage,
} from '../asn1/h225.js';
import { canBeCalled } from './call-address.js';
import { LocationCache } from './location-cache.js';
import { type FoundLocation, readLocationHint, writeLocationHint } from './location-hint.js';
import { NeighbourHealth } from './neighbour-health.js';
import type { Requests } from './requests.js';
import { type SocketAddress, socketAddress, transportAddress } from './transport-address.js';

export interface LocateQuestion {
  readonly zone: H323NeighbourZone;
  /** In the order in which they are to be asked. */
  readonly peers: readonly NeighbourRoute['peer'][];
  readonly alias: AliasAddress;
  /** 32 hexadecimal digits; undefined: the question belongs to no call. */
  readonly callIdentifier: string | undefined;
  /** How many more gatekeepers the question may pass; undefined: as many as the zone says. */
  readonly hopCount: number | undefined;
  /** Who calls; undefined: nothing is said. */
  readonly sourceInfo?: readonly AliasAddress[] | undefined;
}

export type Located =
  | FoundLocation
  /** Every peer that answered said no. `reason`: of the first that did. */
  | { readonly outcome: 'rejected'; readonly reason: LocationRejectReason['type']; readonly peerId: string }
  /** None answered in time. */
  | { readonly outcome: 'silent' };

export interface NeighboursOptions {
  readonly clock: Clock;
  readonly requests: Requests;
  readonly settings: LocationSettings;
  /** What instances tell each other: who is silent, and what was answered. */
  readonly hints: HintStore;
  /** Of the plan in force. */
  readonly zones: () => ReadonlyMap<ZoneId, Zone>;
  /** The IP addresses of a peer's host name; rejects or gives none where it has none. */
  readonly lookUp: (host: string) => Promise<readonly string[]>;
  /** The RAS listener to ask from, and its address as the peer may answer to; undefined: none has its address family. */
  readonly listenerFor: (address: string) => { readonly local: SocketAddress; readonly replyAddress: SocketAddress } | undefined;
  /** Where a feature set says that TLS is to be called (H.460.22). */
  readonly tlsAddress?: ((features: FeatureSet) => SocketAddress | undefined) | undefined;
  readonly onLocated?: ((zone: H323NeighbourZone, located: Located, cached: boolean) => void) | undefined;
  readonly onPeerChange?: ((peerId: string, up: boolean) => void) | undefined;
}

export interface LocationSettings {
  /** How long a peer has for its answer, repetitions included. */
  readonly timeoutMs: number;
  /** Repetitions, evenly within `timeoutMs`. */
  readonly retries: number;
  /** How long an answer is good for the next caller; 0: it is not. */
  readonly cacheSeconds: number;
}

/** One peer and what it is asked. */
interface Ask {
  readonly peer: NeighbourRoute['peer'];
  readonly question: LocateQuestion;
}

type Verdict = Exclude<Located, { readonly outcome: 'silent' }> | undefined;

/** Hints of what neighbours answered. */
const LOCATED = 'located';

/** Asks neighbour gatekeepers where an alias is, by LRQ (H.225.0 §7.13). */
export class Neighbours {
  readonly #options: NeighboursOptions;
  readonly #cache: LocationCache<Located>;
  readonly #underway = new Map<string, Promise<Located>>();
  readonly #health: NeighbourHealth;
  readonly #removeListeners: readonly (() => void)[];

  constructor(options: NeighboursOptions) {
    this.#options = options;
    const { clock, hints } = options;
    this.#cache = new LocationCache(options.settings.cacheSeconds * 1000);
    const news = new PeerNews(hints, clock);
    this.#health = new NeighbourHealth(
      () => clock.now(),
      (peerId, up) => {
        options.onPeerChange?.(peerId, up);
        news.tell(peerId, up);
      },
    );
    this.#removeListeners = [
      news.listen((peerId, up) => this.#heardOf(peerId, up)),
      hints.on(LOCATED, (hint) => this.#locatedElsewhere(hint)),
    ];
  }

  /** Listens to other instances no more. May be called twice. */
  close(): void {
    for (const remove of this.#removeListeners) remove();
  }

  /** Which peers the resolver may offer: those that did not leave the last question unanswered, and those that it is time to try again. */
  get health(): PeerHealthView {
    return this.#health;
  }

  /** Whether a peer answered the last question that it was asked: for metrics. */
  answers(peerId: string): boolean {
    return this.#health.answers(peerId);
  }

  /** What only a gatekeeper sends came from this IP address: a peer there is not gone, however late its answer is. */
  heard(address: string): void {
    this.#health.heard(address);
  }

  /**
   * Where the alias is: from the cache, together with others who ask the same now, or by LRQ to the zone's peers, all at once or one after
   * the other as the zone says. The first LCF counts. Never rejects, and is over after `timeoutMs` for each peer asked in order, longer only
   * if one asks for more time (RIP).
   */
  locate(question: LocateQuestion): Promise<Located> {
    const key = keyOf(question);
    const known = this.#cache.get(key, this.#options.clock.now());
    if (known) {
      this.#options.onLocated?.(question.zone, known, true);
      return Promise.resolve(known);
    }
    const same = this.#underway.get(key);
    if (same) return same;
    const asked = this.#ask(question).then((located) => {
      this.#underway.delete(key);
      if (located.outcome === 'found') this.#remember(key, located);
      this.#options.onLocated?.(question.zone, located, false);
      return located;
    });
    this.#underway.set(key, asked);
    return asked;
  }

  /** A call to where an answer led failed: the next caller asks anew. */
  forget(question: LocateQuestion): void {
    const key = keyOf(question);
    const until = this.#cache.delete(key);
    if (until !== undefined) this.#tell(key, until, undefined);
  }

  /** The plan was read again: answers may belong to zones that are no more. */
  reset(isPeer: (peerId: string) => boolean): void {
    this.#cache.clear();
    this.#health.keep(isPeer);
  }

  #remember(key: string, location: FoundLocation): void {
    const until = this.#cache.set(key, location, this.#options.clock.now());
    if (until !== undefined) this.#tell(key, until, location);
  }

  #tell(key: string, until: EpochMs, location: FoundLocation | undefined): void {
    const hint = writeLocationHint({ key, until, location });
    if (hint !== undefined) this.#options.hints.tell(LOCATED, hint);
  }

  /** The plan here may be another than there: an answer counts that a peer of the zone here could have given. */
  #locatedElsewhere(text: string): void {
    const hint = readLocationHint(text);
    if (!hint) return;
    const { key, until, location } = hint;
    if (!location) this.#cache.deleteUpTo(key, until);
    else if (zoneOf(location.peerId) === key.slice(0, key.indexOf(' ')) && this.#zoneOfPeer(location.peerId))
      this.#cache.offer(key, location, until, this.#options.clock.now());
  }

  /** A peer is silent to another instance, or answers it again. */
  #heardOf(peerId: string, up: boolean): void {
    const zone = this.#zoneOfPeer(peerId);
    if (!zone) return;
    if (up) this.#health.reconsider(peerId);
    // Where it is the only one that is left, a caller is better served by asking it than by not being called at all.
    else if (zone.peers.some(({ id }) => id !== peerId && this.#health.isUp(id) && !this.#health.isSuspected(id)))
      this.#health.suspect(peerId);
  }

  #zoneOfPeer(peerId: string): H323NeighbourZone | undefined {
    const zone = this.#options.zones().get(zoneOf(peerId));
    return zone?.kind === 'h323-neighbour' && zone.peers.some(({ id }) => id === peerId) ? zone : undefined;
  }

  #ask(question: LocateQuestion): Promise<Located> {
    return question.zone.search === 'in-order' ? this.#inOrder(question) : this.#parallel(question);
  }

  async #inOrder(question: LocateQuestion): Promise<Located> {
    let rejected: Located | undefined;
    for (const peer of this.#suspectedLast(question.peers)) {
      const verdict = await this.#askPeer({ peer, question });
      if (verdict?.outcome === 'found') return verdict;
      rejected ??= verdict;
    }
    return rejected ?? SILENT;
  }

  #suspectedLast(peers: LocateQuestion['peers']): LocateQuestion['peers'] {
    const suspected = peers.filter(({ id }) => this.#health.isSuspected(id));
    return suspected.length === 0 ? peers : [...peers.filter((peer) => !suspected.includes(peer)), ...suspected];
  }

  /** The others' answers are still waited for after the first LCF, as they tell who is up; the caller is not made to. */
  #parallel(question: LocateQuestion): Promise<Located> {
    return new Promise((resolve) => {
      let left = question.peers.length;
      let rejected: Located | undefined;
      if (left === 0) resolve(SILENT);
      for (const peer of question.peers) {
        void this.#askPeer({ peer, question }).then((verdict) => {
          left -= 1;
          if (verdict?.outcome === 'found') resolve(verdict);
          rejected ??= verdict;
          if (left === 0) resolve(rejected ?? SILENT);
        });
      }
    });
  }

  /** Never rejects; undefined: no answer. */
  async #askPeer(ask: Ask): Promise<Verdict> {
    const { peer } = ask;
    this.#health.asked(peer.id);
    const address = await this.#addressOf(peer.host);
    const sent = this.#send(ask, address);
    if (sent === 'no room') {
      this.#health.unasked(peer.id);
      return undefined;
    }
    const answer = await sent;
    if (answer === undefined) {
      this.#health.silent(peer.id, address);
      return undefined;
    }
    this.#health.answered(peer.id);
    if (answer.type === 'locationConfirm') return this.#found(answer.value, peer.id, address ?? '');
    const reason = answer.type === 'locationReject' ? answer.value.rejectReason.type : 'undefinedReason';
    return { outcome: 'rejected', reason, peerId: peer.id };
  }

  #found(confirm: LocationConfirm, peerId: string, from: string): Verdict {
    const tls = confirm.featureSet && this.#options.tlsAddress?.(confirm.featureSet);
    const signalAddress = tls ?? socketAddress(confirm.callSignalAddress);
    if (!signalAddress || !canBeCalled(signalAddress.address, from)) return { outcome: 'rejected', reason: 'undefinedReason', peerId };
    return { outcome: 'found', signalAddress, secure: tls !== undefined, peerId, destinationInfo: confirm.destinationInfo };
  }

  /** 'no room': it was not asked, as too many questions are under way. */
  #send({ peer, question }: Ask, address: string | undefined): Promise<RasMessage | undefined> | undefined | 'no room' {
    const { requests, settings, listenerFor } = this.#options;
    const listener = address === undefined ? undefined : listenerFor(address);
    if (address === undefined || listener === undefined) return undefined;
    const attempts = settings.retries + 1;
    const asked = requests.ask({
      type: 'locationRequest',
      encode: (requestSeqNum) => rasMessage.encode(locationRequest(requestSeqNum, question, listener.replyAddress)),
      to: { address, port: peer.port },
      local: listener.local,
      attempts,
      intervalMs: settings.timeoutMs / attempts,
    });
    return asked ?? 'no room';
  }

  async #addressOf(host: string): Promise<string | undefined> {
    if (isIP(host) !== 0) return host;
    try {
      const [first] = await this.#options.lookUp(host);
      return first;
    } catch {
      // A name without an address is a peer that cannot be asked: it counts as silent, and is tried again as one.
      return undefined;
    }
  }
}

const SILENT: Located = { outcome: 'silent' };

/** Ids of peers begin with their zone's. */
function zoneOf(peerId: string): ZoneId {
  return peerId.slice(0, Math.max(0, peerId.indexOf('/')));
}

function keyOf({ zone, alias }: LocateQuestion): string {
  return `${zone.id} ${alias.type} ${typeof alias.value === 'string' ? alias.value : JSON.stringify(alias.value)}`;
}

function locationRequest(requestSeqNum: number, question: LocateQuestion, replyAddress: SocketAddress): RasMessage {
  const { zone, alias, callIdentifier, hopCount, sourceInfo } = question;
  return {
    type: 'locationRequest',
    value: {
      requestSeqNum,
      destinationInfo: [alias],
      replyAddress: transportAddress(replyAddress),
      canMapAlias: false,
      hopCount: hopCount ?? zone.hopCount,
      ...(sourceInfo && { sourceInfo }),
      ...(callIdentifier !== undefined && { callIdentifier: { guid: Buffer.from(callIdentifier, 'hex') } }),
    },
  };
}
