/*
 * More connections for one call, and their header intervals (H.226).
 */

import { choice, ia5String, integer, nothing, numericString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { NonStandardMessage, SequenceNumber } from './common.js';

export const ConnectionIdentifier = sequence({ channelTag: integer(0, 4_294_967_295), sequenceNumber: integer(0, 4_294_967_295) }, {});
export type ConnectionIdentifier = ValueOf<typeof ConnectionIdentifier>;

export const DialingInformationNetworkType = choice(
  { nonStandard: NonStandardMessage, 'n-isdn': nothing, gstn: nothing },
  { mobile: nothing },
);
export type DialingInformationNetworkType = ValueOf<typeof DialingInformationNetworkType>;

export const DialingInformationNumber = sequence(
  {
    networkAddress: numericString(0, 40),
    subAddress: optional(ia5String(1, 40)),
    networkType: sequenceOf(DialingInformationNetworkType, 1, 255),
  },
  {},
);
export type DialingInformationNumber = ValueOf<typeof DialingInformationNumber>;

/** `differential`: the digits that differ from the first number's, one entry a connection. */
export const DialingInformation = choice(
  { nonStandard: NonStandardMessage, differential: sequenceOf(DialingInformationNumber, 1, 65535), infoNotAvailable: integer(1, 65535) },
  {},
);
export type DialingInformation = ValueOf<typeof DialingInformation>;

export const MultilinkRequest = choice(
  {
    nonStandard: NonStandardMessage,
    callInformation: sequence({ maxNumberOfAdditionalConnections: integer(1, 65535) }, {}),
    addConnection: sequence({ sequenceNumber: SequenceNumber, dialingInformation: DialingInformation }, {}),
    removeConnection: sequence({ connectionIdentifier: ConnectionIdentifier }, {}),
    maximumHeaderInterval: sequence(
      { requestType: choice({ currentIntervalInformation: nothing, requestedInterval: integer(0, 65535) }, {}) },
      {},
    ),
  },
  {},
);
export type MultilinkRequest = ValueOf<typeof MultilinkRequest>;

export const MultilinkResponse = choice(
  {
    nonStandard: NonStandardMessage,
    callInformation: sequence({ dialingInformation: DialingInformation, callAssociationNumber: integer(0, 4_294_967_295) }, {}),
    addConnection: sequence(
      {
        sequenceNumber: SequenceNumber,
        responseCode: choice({ accepted: nothing, rejected: choice({ connectionsNotAvailable: nothing, userRejected: nothing }, {}) }, {}),
      },
      {},
    ),
    removeConnection: sequence({ connectionIdentifier: ConnectionIdentifier }, {}),
    maximumHeaderInterval: sequence({ currentInterval: integer(0, 65535) }, {}),
  },
  {},
);
export type MultilinkResponse = ValueOf<typeof MultilinkResponse>;

export const MultilinkIndication = choice(
  {
    nonStandard: NonStandardMessage,
    crcDesired: sequence({}, {}),
    excessiveError: sequence({ connectionIdentifier: ConnectionIdentifier }, {}),
  },
  {},
);
export type MultilinkIndication = ValueOf<typeof MultilinkIndication>;
