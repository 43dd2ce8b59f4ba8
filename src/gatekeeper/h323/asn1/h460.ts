/*
 * What H.460.18 (signalling through NAT and firewalls) and H.460.19 (media through them) carry as octet strings inside generic data. The
 * addresses of the one are those of H.225.0, the addresses of the other those of H.245.
 */

import { TransportAddress as SignallingAddress } from './h225/addresses.js';
import { CallIdentifier, TimeToLive } from './h225/identifiers.js';
import { TransportAddress as MediaAddress } from './h245/addresses.js';
import { type Codec, codec } from './per/codec.js';
import { integer, optional, sequence, type ValueOf } from './schema.js';

/** H.460.18: the gatekeeper asks a terminal inside to open a call signalling connection, as a call waits for it. */
export const IncomingCallIndication = sequence({ callSignallingAddress: SignallingAddress, callID: CallIdentifier }, {});
export type IncomingCallIndication = ValueOf<typeof IncomingCallIndication>;

/** H.460.18: how often a neighbour inside sends an LRQ to keep its pinhole open, in seconds. */
export const LRQKeepAliveData = sequence({ lrqKeepAliveInterval: TimeToLive }, {});
export type LRQKeepAliveData = ValueOf<typeof LRQKeepAliveData>;

/** H.460.19: where multiplexed media goes, and how the pinhole of a media channel is kept open (`keepAliveInterval` in seconds). */
export const TraversalParameters = sequence(
  {
    multiplexedMediaChannel: optional(MediaAddress),
    multiplexedMediaControlChannel: optional(MediaAddress),
    multiplexID: optional(integer(0, 4_294_967_295)),
    keepAliveChannel: optional(MediaAddress),
    keepAlivePayloadType: optional(integer(0, 127)),
    keepAliveInterval: optional(TimeToLive),
  },
  {},
);
export type TraversalParameters = ValueOf<typeof TraversalParameters>;

export const incomingCallIndication: Codec<IncomingCallIndication> = codec(IncomingCallIndication, 'IncomingCallIndication');
export const lrqKeepAliveData: Codec<LRQKeepAliveData> = codec(LRQKeepAliveData, 'LRQKeepAliveData');
export const traversalParameters: Codec<TraversalParameters> = codec(TraversalParameters, 'TraversalParameters');
