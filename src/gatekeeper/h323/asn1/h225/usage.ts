/*
 * What a call used, and how it ended (H.225.0 §7.6).
 */

import { TimeStamp } from '../h235.js';
import {
  boolean,
  choice,
  integer,
  nothing,
  octetString,
  optional,
  printableString,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { TransportAddress } from './addresses.js';
import { BandWidth } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { ReleaseCompleteReason } from './release-reason.js';

export const RasUsageInfoTypes = sequence(
  {
    nonStandardUsageTypes: sequenceOf(NonStandardParameter),
    startTime: optional(nothing),
    endTime: optional(nothing),
    terminationCause: optional(nothing),
  },
  {},
);
export type RasUsageInfoTypes = ValueOf<typeof RasUsageInfoTypes>;

export const RasUsageSpecification = sequence(
  {
    when: sequence({ start: optional(nothing), end: optional(nothing), inIrr: optional(nothing) }, {}),
    callStartingPoint: optional(sequence({ alerting: optional(nothing), connect: optional(nothing) }, {})),
    required: RasUsageInfoTypes,
  },
  {},
);
export type RasUsageSpecification = ValueOf<typeof RasUsageSpecification>;

export const RasUsageInformation = sequence(
  {
    nonStandardUsageFields: sequenceOf(NonStandardParameter),
    alertingTime: optional(TimeStamp),
    connectTime: optional(TimeStamp),
    endTime: optional(TimeStamp),
  },
  {},
);
export type RasUsageInformation = ValueOf<typeof RasUsageInformation>;

export const CallTerminationCause = choice(
  { releaseCompleteReason: ReleaseCompleteReason, releaseCompleteCauseIE: octetString(2, 32) },
  {},
);
export type CallTerminationCause = ValueOf<typeof CallTerminationCause>;

export const TransportChannelInfo = sequence({ sendAddress: optional(TransportAddress), recvAddress: optional(TransportAddress) }, {});
export type TransportChannelInfo = ValueOf<typeof TransportChannelInfo>;

export const BandwidthDetails = sequence(
  {
    sender: boolean,
    multicast: boolean,
    bandwidth: BandWidth,
    rtcpAddresses: TransportChannelInfo,
  },
  {},
);
export type BandwidthDetails = ValueOf<typeof BandwidthDetails>;

export const RTPSession = sequence(
  {
    rtpAddress: TransportChannelInfo,
    rtcpAddress: TransportChannelInfo,
    cname: printableString(),
    ssrc: integer(1, 4_294_967_295),
    sessionId: integer(1, 255),
    associatedSessionIds: sequenceOf(integer(1, 255)),
  },
  { multicast: nothing, bandwidth: BandWidth },
);
export type RTPSession = ValueOf<typeof RTPSession>;
