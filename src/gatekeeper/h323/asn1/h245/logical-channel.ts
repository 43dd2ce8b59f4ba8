/*
 * Opening, closing and pacing logical channels.
 */

import { choice, each, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { NetworkAccessParameters } from './addresses.js';
import {
  H222LogicalChannelParameters,
  H223LogicalChannelParameters,
  H2250LogicalChannelAckParameters,
  H2250LogicalChannelParameters,
  V76LogicalChannelParameters,
} from './channel-parameters.js';
import { LogicalChannelNumber, MaximumBitRate, SequenceNumber } from './common.js';
import { DataType } from './data-type.js';
import { DTLSSecurityCapability, EncryptionSync } from './security.js';
import { GenericInformation, QOSCapability } from './shared.js';

/** With `reverseLogicalChannelParameters` the channel is bidirectional. */
export const OpenLogicalChannel = sequence(
  {
    forwardLogicalChannelNumber: LogicalChannelNumber,
    forwardLogicalChannelParameters: sequence(
      {
        portNumber: optional(integer(0, 65535)),
        dataType: DataType,
        multiplexParameters: choice(
          {
            h222LogicalChannelParameters: H222LogicalChannelParameters,
            h223LogicalChannelParameters: H223LogicalChannelParameters,
            v76LogicalChannelParameters: V76LogicalChannelParameters,
          },
          { h2250LogicalChannelParameters: H2250LogicalChannelParameters, none: nothing },
        ),
      },
      { forwardLogicalChannelDependency: LogicalChannelNumber, replacementFor: LogicalChannelNumber },
    ),
    reverseLogicalChannelParameters: optional(
      sequence(
        {
          dataType: DataType,
          multiplexParameters: optional(
            choice(
              { h223LogicalChannelParameters: H223LogicalChannelParameters, v76LogicalChannelParameters: V76LogicalChannelParameters },
              { h2250LogicalChannelParameters: H2250LogicalChannelParameters },
            ),
          ),
        },
        { reverseLogicalChannelDependency: LogicalChannelNumber, replacementFor: LogicalChannelNumber },
      ),
    ),
  },
  { separateStack: NetworkAccessParameters, encryptionSync: EncryptionSync, genericInformation: sequenceOf(GenericInformation) },
);
export type OpenLogicalChannel = ValueOf<typeof OpenLogicalChannel>;

/** `encryptionSync` comes from the master alone. */
export const OpenLogicalChannelAck = sequence(
  {
    forwardLogicalChannelNumber: LogicalChannelNumber,
    reverseLogicalChannelParameters: optional(
      sequence(
        {
          reverseLogicalChannelNumber: LogicalChannelNumber,
          portNumber: optional(integer(0, 65535)),
          multiplexParameters: optional(
            choice(
              { h222LogicalChannelParameters: H222LogicalChannelParameters },
              { h2250LogicalChannelParameters: H2250LogicalChannelParameters },
            ),
          ),
        },
        { replacementFor: LogicalChannelNumber },
      ),
    ),
  },
  {
    separateStack: NetworkAccessParameters,
    forwardMultiplexAckParameters: choice({ h2250LogicalChannelAckParameters: H2250LogicalChannelAckParameters }, {}),
    encryptionSync: EncryptionSync,
    genericInformation: sequenceOf(GenericInformation),
    dtlsSecurityCapability: DTLSSecurityCapability,
  },
);
export type OpenLogicalChannelAck = ValueOf<typeof OpenLogicalChannelAck>;

export const OpenLogicalChannelReject = sequence(
  {
    forwardLogicalChannelNumber: LogicalChannelNumber,
    cause: choice(
      {
        ...each(nothing, 'unspecified', 'unsuitableReverseParameters', 'dataTypeNotSupported', 'dataTypeNotAvailable'),
        ...each(nothing, 'unknownDataType', 'dataTypeALCombinationNotSupported'),
      },
      {
        ...each(nothing, 'multicastChannelNotAllowed', 'insufficientBandwidth', 'separateStackEstablishmentFailed'),
        ...each(nothing, 'invalidSessionID', 'masterSlaveConflict', 'waitForCommunicationMode', 'invalidDependentChannel'),
        ...each(nothing, 'replacementForRejected', 'securityDenied', 'qoSControlNotSupported'),
      },
    ),
  },
  { genericInformation: sequenceOf(GenericInformation) },
);
export type OpenLogicalChannelReject = ValueOf<typeof OpenLogicalChannelReject>;

export const OpenLogicalChannelConfirm = sequence(
  { forwardLogicalChannelNumber: LogicalChannelNumber },
  { genericInformation: sequenceOf(GenericInformation) },
);
export type OpenLogicalChannelConfirm = ValueOf<typeof OpenLogicalChannelConfirm>;

export const CloseLogicalChannel = sequence(
  { forwardLogicalChannelNumber: LogicalChannelNumber, source: choice({ user: nothing, lcse: nothing }) },
  { reason: choice(each(nothing, 'unknown', 'reopen', 'reservationFailure'), { networkErrorCode: integer(0, 255) }) },
);
export type CloseLogicalChannel = ValueOf<typeof CloseLogicalChannel>;

export const CloseLogicalChannelAck = sequence({ forwardLogicalChannelNumber: LogicalChannelNumber }, {});
export type CloseLogicalChannelAck = ValueOf<typeof CloseLogicalChannelAck>;

export const RequestChannelClose = sequence(
  { forwardLogicalChannelNumber: LogicalChannelNumber },
  {
    qosCapability: QOSCapability,
    reason: choice(each(nothing, 'unknown', 'normal', 'reopen', 'reservationFailure'), { networkErrorCode: integer(0, 255) }),
  },
);
export type RequestChannelClose = ValueOf<typeof RequestChannelClose>;

export const RequestChannelCloseAck = sequence({ forwardLogicalChannelNumber: LogicalChannelNumber }, {});
export type RequestChannelCloseAck = ValueOf<typeof RequestChannelCloseAck>;

export const RequestChannelCloseReject = sequence(
  { forwardLogicalChannelNumber: LogicalChannelNumber, cause: choice({ unspecified: nothing }, {}) },
  {},
);
export type RequestChannelCloseReject = ValueOf<typeof RequestChannelCloseReject>;

export const RequestChannelCloseRelease = sequence({ forwardLogicalChannelNumber: LogicalChannelNumber }, {});
export type RequestChannelCloseRelease = ValueOf<typeof RequestChannelCloseRelease>;

export const LogicalChannelRateRequest = sequence(
  { sequenceNumber: SequenceNumber, logicalChannelNumber: LogicalChannelNumber, maximumBitRate: MaximumBitRate },
  {},
);
export type LogicalChannelRateRequest = ValueOf<typeof LogicalChannelRateRequest>;

export const LogicalChannelRateAcknowledge = sequence(
  { sequenceNumber: SequenceNumber, logicalChannelNumber: LogicalChannelNumber, maximumBitRate: MaximumBitRate },
  {},
);
export type LogicalChannelRateAcknowledge = ValueOf<typeof LogicalChannelRateAcknowledge>;

export const LogicalChannelRateRejectReason = choice({ undefinedReason: nothing, insufficientResources: nothing }, {});
export type LogicalChannelRateRejectReason = ValueOf<typeof LogicalChannelRateRejectReason>;

export const LogicalChannelRateReject = sequence(
  {
    sequenceNumber: SequenceNumber,
    logicalChannelNumber: LogicalChannelNumber,
    rejectReason: LogicalChannelRateRejectReason,
    currentMaximumBitRate: optional(MaximumBitRate),
  },
  {},
);
export type LogicalChannelRateReject = ValueOf<typeof LogicalChannelRateReject>;

export const LogicalChannelRateRelease = sequence({}, {});
export type LogicalChannelRateRelease = ValueOf<typeof LogicalChannelRateRelease>;
