/*
 * How RTP is carried: transport, quality of service, payload formats.
 */

import { boolean, choice, each, integer, nothing, objectIdentifier, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { NonStandardParameter, QOSCapability, SctpParam } from './shared.js';

export const MediaTransportType = choice(each(nothing, 'ip-UDP', 'ip-TCP', 'atm-AAL5-UNIDIR', 'atm-AAL5-BIDIR'), {
  'atm-AAL5-compressed': sequence({ 'variable-delta': boolean }, {}),
  sctp: SctpParam,
  'udp-dtls-sctp': sequenceOf(SctpParam),
  'tcp-dtls-sctp': sequenceOf(SctpParam),
  'sctp-dtls': SctpParam,
});
export type MediaTransportType = ValueOf<typeof MediaTransportType>;

export const MediaChannelCapability = sequence({ mediaTransport: optional(MediaTransportType) }, {});
export type MediaChannelCapability = ValueOf<typeof MediaChannelCapability>;

export const TransportCapability = sequence(
  {
    nonStandard: optional(NonStandardParameter),
    qOSCapabilities: optional(sequenceOf(QOSCapability, 1, 256)),
    mediaChannelCapabilities: optional(sequenceOf(MediaChannelCapability, 1, 256)),
  },
  {},
);
export type TransportCapability = ValueOf<typeof TransportCapability>;

export const RTPPayloadType = sequence(
  {
    payloadDescriptor: choice(
      { nonStandardIdentifier: NonStandardParameter, 'rfc-number': integer(1, 32768, { extensible: true }), oid: objectIdentifier },
      {},
    ),
    payloadType: optional(integer(0, 127)),
  },
  {},
);
export type RTPPayloadType = ValueOf<typeof RTPPayloadType>;

export const MediaPacketizationCapability = sequence(
  { h261aVideoPacketization: boolean },
  { rtpPayloadType: sequenceOf(RTPPayloadType, 1, 256) },
);
export type MediaPacketizationCapability = ValueOf<typeof MediaPacketizationCapability>;
