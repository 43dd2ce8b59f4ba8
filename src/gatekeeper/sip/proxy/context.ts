import type { Clock, EpochMs } from '../../../clock.js';
import type { CallStore } from '../../../state/call-store.js';
import type { Calls } from '../../calls/call.js';
import type { RefusalCode } from '../../calls/reasons.js';
import type { Plan } from '../../plan/plan.js';
import type { RegistrationIndex } from '../../registry/registration.js';
import type { PeerHealthView } from '../../routing/route.js';
import type { Here } from '../here.js';
import type { MeetingDoor } from '../meeting-door.js';
import type { SipUri } from '../message/uri.js';
import type { Transactions } from '../transaction/transactions.js';
import type { Target, TransportLayer } from '../transport/flow.js';
import type { Arrivals } from './arrivals.js';
import type { Fellows } from './fellows.js';
import type { FlowHolders } from './flow-holders.js';
import type { FlowTokens } from './flow-token.js';
import type { RouteTokens } from './record-route.js';
import type { RelayedSenders } from './relayed-sender.js';
import type { Sessions } from './sessions.js';

/** How long the proxy waits for others. */
export interface ProxyTimers {
  /** A peer that has said nothing at all after this long costs the call no more: the next route is tried. Milliseconds. */
  readonly huntMs: number;
  /** Timer C (RFC 3261 §16.6 step 11): ringing without an answer. Seconds. */
  readonly ringingSeconds: number;
  /** A call without session timers that carried no message for this long is probed at both ends, or ended. Seconds; 0: never. */
  readonly silenceSeconds: number;
  /** Whether both ends are asked before a silent call is ended. */
  readonly probe: boolean;
}

/** Trunk peers' health: read by the resolver, fed by calls, whether they got an answer or none. */
export interface PeerHealthFeed extends PeerHealthView {
  suspect(peerId: string): void;
  heard(peerId: string, now: EpochMs): void;
}

/** What every part of the proxy needs. Nothing in it holds a socket but `transports`. */
export interface ProxyContext {
  readonly clock: Clock;
  readonly plan: () => Plan;
  readonly registrations: RegistrationIndex;
  readonly health: PeerHealthFeed;
  readonly calls: Calls;
  readonly here: Here;
  readonly transactions: Transactions;
  readonly transports: TransportLayer;
  readonly tokens: RouteTokens;
  readonly sessions: Sessions;
  /** Where calls are that this instance does not have. */
  readonly find: CallStore['find'];
  /** Tells whoever has a call that its parties have ended it. */
  readonly over: CallStore['over'];
  readonly fellows: Fellows;
  readonly relayed: RelayedSenders;
  /** Which instance has an endpoint's connection. */
  readonly holders: FlowHolders;
  readonly flowTokens: FlowTokens;
  readonly arrivals: Arrivals;
  /** Undefined: this instance has no meeting service. */
  readonly meetings: MeetingDoor | undefined;
  readonly timers: ProxyTimers;
  /**
   * Whether the store has been away for so long, or is back for so short a time, that others may have taken calls of ours for lost: then silence
   * of their parties means nothing here.
   */
  readonly storeAway: () => boolean;
  /** RFC 3263: where a URI's host is. Rejects never; an empty list means nowhere. `trusted`: named by the plan, so private addresses are fine. */
  readonly locate: (uri: SipUri, trusted: boolean) => Promise<readonly Target[]>;
  readonly observer: ProxyObserver;
}

/** For metrics and logs; every method returns at once. */
export interface ProxyObserver {
  /** A request that no call record speaks of was refused (challenges are not refusals). */
  refused(method: string, code: RefusalCode, zone: string | undefined): void;
  /** Seconds from the INVITE's arrival to its leaving on the first route: the gatekeeper's own delay. */
  forwarded(delayMs: number): void;
  /** Something that should not happen; the call named is ended with `internalError`. */
  fault(error: unknown, callId: string): void;
}
