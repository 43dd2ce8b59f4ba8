/*
 * Where media and data go: the transport addresses of H.245, which are not those of H.225.0 (an `iPAddress` here is an `ipAddress` there).
 */

import {
  boolean,
  choice,
  each,
  ia5String,
  integer,
  nothing,
  numericString,
  octetString,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { NonStandardParameter } from './shared.js';

export const UnicastAddress = choice(
  {
    iPAddress: sequence({ network: octetString(4, 4), tsapIdentifier: integer(0, 65535) }, {}),
    iPXAddress: sequence({ node: octetString(6, 6), netnum: octetString(4, 4), tsapIdentifier: octetString(2, 2) }, {}),
    iP6Address: sequence({ network: octetString(16, 16), tsapIdentifier: integer(0, 65535) }, {}),
    netBios: octetString(16, 16),
    iPSourceRouteAddress: sequence(
      {
        routing: choice({ strict: nothing, loose: nothing }),
        network: octetString(4, 4),
        tsapIdentifier: integer(0, 65535),
        route: sequenceOf(octetString(4, 4)),
      },
      {},
    ),
  },
  { nsap: octetString(1, 20), nonStandardAddress: NonStandardParameter },
);
export type UnicastAddress = ValueOf<typeof UnicastAddress>;

export const MulticastAddress = choice(
  {
    iPAddress: sequence({ network: octetString(4, 4), tsapIdentifier: integer(0, 65535) }, {}),
    iP6Address: sequence({ network: octetString(16, 16), tsapIdentifier: integer(0, 65535) }, {}),
  },
  { nsap: octetString(1, 20), nonStandardAddress: NonStandardParameter },
);
export type MulticastAddress = ValueOf<typeof MulticastAddress>;

export const TransportAddress = choice({ unicastAddress: UnicastAddress, multicastAddress: MulticastAddress }, {});
export type TransportAddress = ValueOf<typeof TransportAddress>;

export const Q2931Address = sequence(
  {
    address: choice({ internationalNumber: numericString(1, 16), nsapAddress: octetString(1, 20) }, {}),
    subaddress: optional(octetString(1, 20)),
  },
  {},
);
export type Q2931Address = ValueOf<typeof Q2931Address>;

/** How to reach a separate stack, such as T.120. */
export const NetworkAccessParameters = sequence(
  {
    distribution: optional(choice({ unicast: nothing, multicast: nothing }, {})),
    networkAddress: choice(
      { q2931Address: Q2931Address, e164Address: ia5String(1, 128, '123_456_789#*,'), localAreaAddress: TransportAddress },
      {},
    ),
    associateConference: boolean,
    externalReference: optional(octetString(1, 255)),
  },
  { t120SetupProcedure: choice(each(nothing, 'originateCall', 'waitForCall', 'issueQuery'), {}) },
);
export type NetworkAccessParameters = ValueOf<typeof NetworkAccessParameters>;
