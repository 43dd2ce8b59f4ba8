import type { Clock, EpochMs } from '../../../clock.js';
import type { H323Config } from '../../../config/service-config.js';
import type { Calls } from '../../calls/call.js';
import type { Plan } from '../../plan/plan.js';
import type { RegistrationIndex } from '../../registry/registration.js';
import type { PeerHealthView } from '../../routing/route.js';
import type { FeatureSet, RasMessage } from '../asn1/h225.js';
import type { AnswerSigner } from '../h235/answer-signer.js';
import type { Admissions } from './admissions.js';
import type { Alternates } from './alternates.js';
import type { Bandwidth } from './bandwidth.js';
import type { CallDirectory } from './call-directory.js';
import type { Endpoints } from './endpoints.js';
import type { Neighbours } from './neighbours.js';
import type { RasObserver } from './observer.js';
import type { Requests } from './requests.js';
import type { SocketAddress } from './transport-address.js';
import type { Who } from './who.js';

/** What RAS reads of the service's configuration. */
export type RasSettings = Pick<
  H323Config,
  'gatekeeperId' | 'alternates' | 'timeToLiveSeconds' | 'graceSeconds' | 'irq' | 'lrq' | 'password'
>;

/** Features beyond H.225.0 (H.460), negotiated in RAS. */
export interface RasFeatures {
  /** What stands in a confirm for what was in the request; undefined: nothing. `local`: our listener that was asked. */
  answer(asked: FeatureSet | undefined, local: SocketAddress): FeatureSet | undefined;
  /** Whether everything that the other side needs is there. */
  hasNeeded(asked: FeatureSet): boolean;
  /** Where the other side takes call signalling over TLS (H.460.22). */
  tlsAddress(features: FeatureSet): SocketAddress | undefined;
}

/** A datagram and what is known of it before it is read. */
export interface Incoming {
  readonly bytes: Uint8Array;
  readonly from: SocketAddress;
  /** Our listener that it came to. */
  readonly local: SocketAddress;
  readonly multicast: boolean;
  readonly now: EpochMs;
  /** The same bytes came from the same socket before, and were left unanswered when their token had been found good, and was spent. */
  readonly wasDropped: boolean;
}

/** What becomes of a request: an answer, signed where the asker expects it; undefined: none. */
export type Reply =
  | {
      readonly message: RasMessage;
      readonly answer?: AnswerSigner | undefined /** Where it goes; else to where the request came from. */;
      readonly to?: SocketAddress;
    }
  | undefined;

/** Everything that the handlers of RAS requests work with. */
export interface RasContext {
  readonly clock: Clock;
  readonly plan: () => Plan;
  readonly registrations: RegistrationIndex;
  readonly health: PeerHealthView;
  readonly calls: Calls;
  readonly callDirectory: CallDirectory;
  readonly settings: RasSettings;
  readonly endpoints: Endpoints;
  readonly alternates: Alternates;
  readonly admissions: Admissions;
  readonly bandwidth: Bandwidth;
  readonly neighbours: Neighbours;
  readonly requests: Requests;
  readonly who: Who;
  readonly features: RasFeatures | undefined;
  readonly observer: RasObserver;
  readonly ownHosts: ReadonlySet<string>;
  /** Our RAS address, as the other side reaches it at this listener. */
  readonly rasAddress: (local: SocketAddress) => SocketAddress;
  /** Our call-signalling address for who reaches us at this RAS listener. */
  readonly signalAddress: (local: SocketAddress) => SocketAddress;
  /** Whether this is one of our own call-signalling addresses. */
  readonly isOwn: (address: SocketAddress) => boolean;
}
