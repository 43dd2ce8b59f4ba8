/*
 * Other ways to the same: alternate gatekeepers and alternate endpoints (H.225.0 §7.6).
 */

import { ClearToken } from '../h235.js';
import { boolean, choice, integer, nothing, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AliasAddress, AlternateTransportAddresses, TransportAddress } from './addresses.js';
import { CircuitInfo } from './capacity.js';
import { EndpointType } from './endpoint-type.js';
import { FeatureSet } from './generic-data.js';
import { GatekeeperIdentifier } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';
import { CryptoH323Token } from './security.js';

/** `priority`: 0 is tried first. */
export const AlternateGK = sequence(
  {
    rasAddress: TransportAddress,
    gatekeeperIdentifier: optional(GatekeeperIdentifier),
    needToRegister: boolean,
    priority: integer(0, 127),
  },
  {},
);
export type AlternateGK = ValueOf<typeof AlternateGK>;

export const AltGKInfo = sequence({ alternateGatekeeper: sequenceOf(AlternateGK), altGKisPermanent: boolean }, {});
export type AltGKInfo = ValueOf<typeof AltGKInfo>;

export const RehomingModel = choice({ gatekeeperBased: nothing, endpointBased: nothing });
export type RehomingModel = ValueOf<typeof RehomingModel>;

/** `priority`: 0 is tried first. */
export const Endpoint = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    aliasAddress: optional(sequenceOf(AliasAddress)),
    callSignalAddress: optional(sequenceOf(TransportAddress)),
    rasAddress: optional(sequenceOf(TransportAddress)),
    endpointType: optional(EndpointType),
    tokens: optional(sequenceOf(ClearToken)),
    cryptoTokens: optional(sequenceOf(CryptoH323Token)),
    priority: optional(integer(0, 127)),
    remoteExtensionAddress: optional(sequenceOf(AliasAddress)),
    destExtraCallInfo: optional(sequenceOf(AliasAddress)),
  },
  { alternateTransportAddresses: AlternateTransportAddresses, circuitInfo: CircuitInfo, featureSet: FeatureSet },
);
export type Endpoint = ValueOf<typeof Endpoint>;
