import type { Clock } from '../../clock.js';
import type { AliasAddress } from '../../gatekeeper/h323/asn1/h225.js';
import type { SocketAddress } from './addresses.js';
import type { Call } from './call.js';
import type { BandwidthAnswer } from './call-admission.js';
import type { CallEnd } from './call-progress.js';
import type { Media } from './h245/media.js';
import type { MediaAlgorithm } from './h245/session-key.js';
import type { Identity } from './identity.js';
import type { SignallingConnection, SignallingListener } from './signalling.js';

export type H245Mode = 'tunnelled' | 'separate' | 'fastStart';
export type Encryption = MediaAlgorithm | 'none';

/** How an endpoint makes and takes calls. */
export interface CallSettings {
  readonly h245: H245Mode;
  /** Offered in Setup, answered in Connect; whoever has none goes on in the clear, unless `requireEncryption`. */
  readonly encryption: Encryption;
  readonly requireEncryption: boolean;
  readonly media: readonly Media[];
  /** A Facility that says that the call was forwarded is followed by a new call. */
  readonly followTransfers: boolean;
  /** Until anything answers a Setup (T303). */
  readonly setupTimeoutMs: number;
  /** Until Connect after that (T310, T301). */
  readonly alertingTimeoutMs: number;
}

/** What a call needs of its endpoint. */
export interface CallHost {
  readonly identity: Identity;
  readonly clock: Clock;
  /** Where media would go: nothing listens there. */
  readonly rtp: SocketAddress;
  readonly endpointIdentifier: string | undefined;
  readonly random: (size: number) => Buffer;
  connect(to: SocketAddress, secure: boolean): Promise<SignallingConnection>;
  listenForH245(onConnection: (connection: SignallingConnection) => void): Promise<SignallingListener>;
  askBandwidth(call: Call, bandwidth: number): Promise<BandwidthAnswer>;
  /** A new call in place of this one. */
  redirect(call: Call, aliases: readonly AliasAddress[], address: SocketAddress | undefined): Call;
  ended(call: Call, end: CallEnd): void;
}
