import type { Clock } from '../../clock.js';
import type { EndpointAlias, SocketAddress } from './addresses.js';
import type { Call } from './call.js';
import type { Encryption, H245Mode } from './call-host.js';
import type { SetupBody } from './call-messages.js';
import type { PasswordOptions } from './credentials.js';
import type { Media } from './h245/media.js';
import type { EndpointKind } from './identity.js';
import type { RasClient, RasTimers } from './ras-client.js';
import type { TlsIdentity } from './signalling.js';

export interface H323EndpointOptions {
  /** Its own IP address, for RAS, signalling and H.245. */
  readonly address: string;
  /** 0, and absent: any free one. */
  readonly signallingPort?: number;
  /** What it registers as its address for calls. Then it listens nowhere itself: for load, where thousands only register or call. */
  readonly signalAddress?: SocketAddress;
  readonly rasPort?: number;
  readonly aliases: readonly EndpointAlias[];
  /** Its gatekeeper's address for RAS. Absent: none, and it can only call addresses. */
  readonly gatekeeper?: SocketAddress;
  readonly gatekeeperId?: string;
  /** GRQ before RRQ. Default: false. */
  readonly discovery?: boolean;
  readonly password?: PasswordOptions;
  /** Default: tunnelled. */
  readonly h245?: H245Mode;
  /** Default: aes128. */
  readonly encryption?: Encryption;
  /** Calls that are not encrypted are ended by us. Default: false. */
  readonly requireEncryption?: boolean;
  /** Default: terminal. */
  readonly type?: EndpointKind;
  /** Of a gateway: what it takes calls for. */
  readonly prefixes?: readonly string[];
  /** Seconds. */
  readonly timeToLive?: number;
  /** Default: audio and video. */
  readonly media?: readonly Media[];
  /** What to do with a call that comes. Default: alert and answer. */
  readonly onIncoming?: (call: Call) => void;
  /** Listens on TLS as well, and calls over TLS where the gatekeeper names an address for it (H.460.22). */
  readonly tls?: TlsIdentity;
  readonly clock?: Clock;
  /** Default: true. False plays an endpoint that is gone. */
  readonly respondToIrq?: boolean;
  /** Keep-alives, and registering again after a loss, by itself. Default: true. */
  readonly automatic?: boolean;
  /** Default: true. */
  readonly followTransfers?: boolean;
  /** Of other endpoints too: then `close` leaves it open. */
  readonly ras?: RasClient;
  readonly rasTimers?: RasTimers;
  /** How soon an endpoint without a gatekeeper looks for one again. Default: 10 s. */
  readonly retryMs?: number;
  readonly connectTimeoutMs?: number;
  readonly setupTimeoutMs?: number;
  readonly alertingTimeoutMs?: number;
}

export interface CallOptions {
  /** In 100 bit/s, both directions summed. Default: 1,536 kbit/s. */
  readonly bandwidth?: number;
  /** Default: true, where there is a gatekeeper. */
  readonly sendArq?: boolean;
  /** Where the Setup goes, whatever the gatekeeper says. */
  readonly address?: SocketAddress;
  /** The Setup goes over TLS. Default: where the gatekeeper's answer names an address for it. */
  readonly secure?: boolean;
  /** The Setup goes on the connection of this call (H.323 §7.3). */
  readonly over?: Call;
  /** Fields of the Setup, in place of ours. */
  readonly setup?: Partial<SetupBody>;
  readonly h245?: H245Mode;
  readonly encryption?: Encryption;
  /** Default: random. */
  readonly callIdentifier?: Buffer;
}
