import type {
  EncryptionSync,
  OpenLogicalChannel,
  OpenLogicalChannelAck,
  OpenLogicalChannelReject,
} from '../../../gatekeeper/h323/asn1/h245.js';
import { mediaAddress, mediaSocketAddress, type SocketAddress } from '../addresses.js';
import type { Role } from './master-slave.js';
import { dataType, type Media, readDataType, sessionIds } from './media.js';
import { algorithmOf, type MediaAlgorithm, mediaAlgorithms, unwrapSessionKey, wrapSessionKey } from './session-key.js';

/** A channel that carries media one way. */
export interface LogicalChannel {
  /** Given by the side that sends. */
  readonly number: number;
  readonly direction: 'out' | 'in';
  readonly media: Media | 'other';
  /** The algorithm's object identifier; undefined for media in the clear. */
  readonly algorithm: string | undefined;
  /** The session key, made by the master and read by the slave; undefined for media in the clear. */
  readonly key: Buffer | undefined;
  readonly state: 'opening' | 'open' | 'rejected' | 'closed';
  /** Where the media goes to. */
  readonly rtp: SocketAddress | undefined;
}

/** What both ends agreed on with their Diffie-Hellman keys. */
export interface MediaSecurity {
  readonly algorithm: MediaAlgorithm;
  readonly secret: Buffer;
}

export interface ChannelMaker {
  /** Where we would receive the first medium; RTCP is one above, the next medium two above. */
  readonly rtp: SocketAddress;
  readonly security: MediaSecurity | undefined;
  readonly randomBytes: (size: number) => Buffer;
}

/** Payload types that are assigned in the call (RFC 3551 §6); the one of the encrypted stream is also its synchFlag. */
const FIRST_DYNAMIC_PAYLOAD = 96;
const FIRST_CHANNEL = 101;
/** More than any call has: what opens more is no endpoint. */
const MAX_CHANNELS = 32;

export function rtpAddress(base: SocketAddress, media: Media): { readonly rtp: SocketAddress; readonly rtcp: SocketAddress } {
  const port = base.port + (media === 'audio' ? 0 : 2);
  return { rtp: { address: base.address, port }, rtcp: { address: base.address, port: port + 1 } };
}

/** The channels of one call. Pure: messages in, messages and states out. */
export class LogicalChannels {
  readonly #make: ChannelMaker;
  readonly #channels = new Map<string, LogicalChannel>();
  #lastNumber = FIRST_CHANNEL - 1;

  constructor(make: ChannelMaker) {
    this.#make = make;
  }

  get all(): readonly LogicalChannel[] {
    return [...this.#channels.values()];
  }

  has(direction: 'out' | 'in', media: Media, state: LogicalChannel['state']): boolean {
    for (const channel of this.#channels.values()) {
      if (channel.direction === direction && channel.media === media && channel.state === state) return true;
    }
    return false;
  }

  /** A channel that came about in another way: by fast start. */
  adopt(channel: LogicalChannel): void {
    if (this.#channels.size < MAX_CHANNELS) this.#channels.set(keyOf(channel), channel);
    this.#lastNumber = Math.max(this.#lastNumber, channel.direction === 'out' ? channel.number : 0);
  }

  /** Opens a channel of ours. The master encloses the key of an encrypted one; the slave gets it with the answer (H.235.6 §8.5). */
  open(media: Media, role: Role): OpenLogicalChannel {
    const number = ++this.#lastNumber;
    const { security, rtp } = this.#make;
    const key = security && role === 'master' ? this.newKey() : undefined;
    const algorithm = security && mediaAlgorithms[security.algorithm].oid;
    this.adopt({ number, direction: 'out', media, algorithm, key, state: 'opening', rtp: undefined });
    return {
      forwardLogicalChannelNumber: number,
      forwardLogicalChannelParameters: {
        dataType: dataType(media, algorithm),
        multiplexParameters: {
          type: 'h2250LogicalChannelParameters',
          value: {
            sessionID: sessionIds[media],
            mediaGuaranteedDelivery: false,
            mediaControlChannel: mediaAddress(rtpAddress(rtp, media).rtcp),
            silenceSuppression: false,
          },
        },
      },
      encryptionSync: key && this.sync(key, media),
    };
  }

  /** The other side's channel: our answer, and the channel where there is one. */
  requested(
    open: OpenLogicalChannel,
    role: Role,
  ): { readonly answer: OpenLogicalChannelAck | OpenLogicalChannelReject; readonly channel?: LogicalChannel } {
    const number = open.forwardLogicalChannelNumber;
    const { media, algorithm } = readDataType(open.forwardLogicalChannelParameters.dataType);
    const { security, rtp } = this.#make;
    const reject = (cause: OpenLogicalChannelReject['cause']['type'] & ('securityDenied' | 'dataTypeNotSupported')) => ({
      answer: { forwardLogicalChannelNumber: number, cause: { type: cause, value: null } },
    });
    if (media === 'other' || this.#channels.size >= MAX_CHANNELS) return reject('dataTypeNotSupported');
    if (security && algorithmOf(algorithm) !== security.algorithm) return reject('securityDenied');
    if (!security && algorithm !== undefined) return reject('dataTypeNotSupported');
    const key = security && (role === 'master' ? this.newKey() : this.keyFrom(open.encryptionSync));
    if (security && !key) return reject('securityDenied');
    const { rtp: mediaPort, rtcp } = rtpAddress(rtp, media);
    const channel: LogicalChannel = { number, direction: 'in', media, algorithm, key, state: 'open', rtp: mediaPort };
    this.adopt(channel);
    const answer: OpenLogicalChannelAck = {
      forwardLogicalChannelNumber: number,
      forwardMultiplexAckParameters: {
        type: 'h2250LogicalChannelAckParameters',
        value: {
          sessionID: sessionIds[media],
          mediaChannel: mediaAddress(mediaPort),
          mediaControlChannel: mediaAddress(rtcp),
          flowControlToZero: false,
        },
      },
      encryptionSync: key && role === 'master' ? this.sync(key, media) : undefined,
    };
    return { answer, channel };
  }

  acknowledged(ack: OpenLogicalChannelAck): LogicalChannel | undefined {
    const channel = this.#channels.get(`out ${ack.forwardLogicalChannelNumber}`);
    if (channel?.state !== 'opening') return undefined;
    const parameters = ack.forwardMultiplexAckParameters;
    const address = parameters?.type === 'h2250LogicalChannelAckParameters' ? parameters.value.mediaChannel : undefined;
    const key = channel.key ?? this.keyFrom(ack.encryptionSync);
    // Encrypted, but nobody gave us the key: nothing could be sent.
    const state = channel.algorithm !== undefined && !key ? 'rejected' : 'open';
    return this.#set({ ...channel, key, state, rtp: mediaSocketAddress(address) });
  }

  rejected(reject: OpenLogicalChannelReject): LogicalChannel | undefined {
    const channel = this.#channels.get(`out ${reject.forwardLogicalChannelNumber}`);
    return channel && this.#set({ ...channel, state: 'rejected' });
  }

  /** The other side closes one of its own. */
  closed(number: number): LogicalChannel | undefined {
    const channel = this.#channels.get(`in ${number}`);
    return channel && this.#set({ ...channel, state: 'closed' });
  }

  newKey(): Buffer | undefined {
    const { security, randomBytes } = this.#make;
    return security && randomBytes(mediaAlgorithms[security.algorithm].keyBytes);
  }

  sync(key: Buffer, media: Media): EncryptionSync | undefined {
    const { security } = this.#make;
    const synchFlag = FIRST_DYNAMIC_PAYLOAD + (media === 'audio' ? 0 : 1);
    return security && { synchFlag, h235Key: wrapSessionKey(key, security.algorithm, security.secret) };
  }

  keyFrom(sync: EncryptionSync | undefined): Buffer | undefined {
    const { security } = this.#make;
    return security && sync && unwrapSessionKey(sync.h235Key, security.algorithm, security.secret);
  }

  #set(channel: LogicalChannel): LogicalChannel {
    this.#channels.set(keyOf(channel), channel);
    return channel;
  }
}

/** Both sides number their own channels. */
function keyOf({ direction, number }: Pick<LogicalChannel, 'direction' | 'number'>): string {
  return `${direction} ${number}`;
}
