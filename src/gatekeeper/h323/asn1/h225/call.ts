/*
 * What kind of call it is, and what is asked of it (H.225.0 §7.6).
 */

import { QOSCapability } from '../h245/shared.js';
import { boolean, choice, nothing, octetString, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { NonStandardParameter } from './non-standard.js';

export const CallType = choice(
  {
    pointToPoint: nothing,
    oneToN: nothing,
    nToOne: nothing,
    nToN: nothing,
  },
  {},
);
export type CallType = ValueOf<typeof CallType>;

export const CallModel = choice({ direct: nothing, gatekeeperRouted: nothing }, {});
export type CallModel = ValueOf<typeof CallModel>;

export const TransportQOS = choice(
  { endpointControlled: nothing, gatekeeperControlled: nothing, noControl: nothing },
  { qOSCapabilities: sequenceOf(QOSCapability, 1, 256) },
);
export type TransportQOS = ValueOf<typeof TransportQOS>;

export const Q954Details = sequence({ conferenceCalling: boolean, threePartyService: boolean }, {});
export type Q954Details = ValueOf<typeof Q954Details>;

export const QseriesOptions = sequence(
  {
    q932Full: boolean,
    q951Full: boolean,
    q952Full: boolean,
    q953Full: boolean,
    q955Full: boolean,
    q956Full: boolean,
    q957Full: boolean,
    q954Info: Q954Details,
  },
  {},
);
export type QseriesOptions = ValueOf<typeof QseriesOptions>;

export const ScnConnectionType = choice(
  {
    unknown: nothing,
    bChannel: nothing,
    hybrid2x64: nothing,
    hybrid384: nothing,
    hybrid1536: nothing,
    hybrid1920: nothing,
    multirate: nothing,
  },
  {},
);
export type ScnConnectionType = ValueOf<typeof ScnConnectionType>;

export const ScnConnectionAggregation = choice(
  {
    auto: nothing,
    none: nothing,
    h221: nothing,
    'bonded-mode1': nothing,
    'bonded-mode2': nothing,
    'bonded-mode3': nothing,
  },
  {},
);
export type ScnConnectionAggregation = ValueOf<typeof ScnConnectionAggregation>;

export const StimulusControl = sequence(
  { nonStandard: optional(NonStandardParameter), isText: optional(nothing), h248Message: optional(octetString()) },
  {},
);
export type StimulusControl = ValueOf<typeof StimulusControl>;

/** Of which call-signalling messages the gatekeeper wants a copy in IRR. */
export const UUIEsRequested = sequence(
  {
    setup: boolean,
    callProceeding: boolean,
    connect: boolean,
    alerting: boolean,
    information: boolean,
    releaseComplete: boolean,
    facility: boolean,
    progress: boolean,
    empty: boolean,
  },
  {
    status: boolean,
    statusInquiry: boolean,
    setupAcknowledge: boolean,
    notify: boolean,
  },
);
export type UUIEsRequested = ValueOf<typeof UUIEsRequested>;
