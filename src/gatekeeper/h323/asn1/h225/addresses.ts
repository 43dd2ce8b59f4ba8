/*
 * Where somebody is (TransportAddress) and what is dialled (AliasAddress) (H.225.0 §7.6).
 */

import {
  bmpString,
  choice,
  enumerated,
  ia5String,
  integer,
  nothing,
  octetString,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { NonStandardParameter } from './non-standard.js';
import { IsupNumber, MobileUIM, PartyNumber } from './numbers.js';

/** `ip` in network order; `port` as a number. */
export const TransportAddress = choice(
  {
    ipAddress: sequence({ ip: octetString(4, 4), port: integer(0, 65535) }),
    ipSourceRoute: sequence(
      {
        ip: octetString(4, 4),
        port: integer(0, 65535),
        route: sequenceOf(octetString(4, 4)),
        routing: choice({ strict: nothing, loose: nothing }, {}),
      },
      {},
    ),
    ipxAddress: sequence({ node: octetString(6, 6), netnum: octetString(4, 4), port: octetString(2, 2) }),
    ip6Address: sequence({ ip: octetString(16, 16), port: integer(0, 65535) }, {}),
    netBios: octetString(16, 16),
    nsap: octetString(1, 20),
    nonStandardAddress: NonStandardParameter,
  },
  {},
);
export type TransportAddress = ValueOf<typeof TransportAddress>;

/** What is dialled, and what an endpoint registers. `email-ID` and all below it came after version 1. */
export const AliasAddress = choice(
  { dialedDigits: ia5String(1, 128, '0123456789#*,'), 'h323-ID': bmpString(1, 256) },
  {
    'url-ID': ia5String(1, 512),
    transportID: TransportAddress,
    'email-ID': ia5String(1, 512),
    partyNumber: PartyNumber,
    mobileUIM: MobileUIM,
    isupNumber: IsupNumber,
  },
);
export type AliasAddress = ValueOf<typeof AliasAddress>;

export const AddressPattern = choice(
  { wildcard: AliasAddress, range: sequence({ startOfRange: PartyNumber, endOfRange: PartyNumber }) },
  {},
);
export type AddressPattern = ValueOf<typeof AddressPattern>;

export const PresentationIndicator = choice(
  { presentationAllowed: nothing, presentationRestricted: nothing, addressNotAvailable: nothing },
  {},
);
export type PresentationIndicator = ValueOf<typeof PresentationIndicator>;

export const ScreeningIndicator = enumerated(
  ['userProvidedNotScreened', 'userProvidedVerifiedAndPassed', 'userProvidedVerifiedAndFailed', 'networkProvided'],
  [],
);
export type ScreeningIndicator = ValueOf<typeof ScreeningIndicator>;

export const ExtendedAliasAddress = sequence(
  { address: AliasAddress, presentationIndicator: optional(PresentationIndicator), screeningIndicator: optional(ScreeningIndicator) },
  {},
);
export type ExtendedAliasAddress = ValueOf<typeof ExtendedAliasAddress>;

export const DisplayName = sequence({ language: optional(ia5String()), name: bmpString(1, 80) });
export type DisplayName = ValueOf<typeof DisplayName>;

export const AlternateTransportAddresses = sequence(
  { annexE: optional(sequenceOf(TransportAddress)) },
  { sctp: sequenceOf(TransportAddress) },
);
export type AlternateTransportAddresses = ValueOf<typeof AlternateTransportAddresses>;

export const UseSpecifiedTransport = choice({ tcp: nothing, annexE: nothing }, { sctp: nothing });
export type UseSpecifiedTransport = ValueOf<typeof UseSpecifiedTransport>;
