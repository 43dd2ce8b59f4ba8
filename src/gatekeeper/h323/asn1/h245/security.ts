/*
 * Encryption of media: what a terminal can do (H.235.6), and the session keys that the master hands out.
 */

import {
  bitString,
  boolean,
  choice,
  each,
  ia5String,
  integer,
  nothing,
  objectIdentifier,
  octetString,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { CapabilityTableEntryNumber, GenericCapability } from './common.js';
import { GenericParameter, NonStandardParameter } from './shared.js';

export const MediaEncryptionAlgorithm = choice({ nonStandard: NonStandardParameter, algorithm: objectIdentifier }, {});
export type MediaEncryptionAlgorithm = ValueOf<typeof MediaEncryptionAlgorithm>;

export const EncryptionCapability = sequenceOf(MediaEncryptionAlgorithm, 1, 256);
export type EncryptionCapability = ValueOf<typeof EncryptionCapability>;

export const AuthenticationCapability = sequence({ nonStandard: optional(NonStandardParameter) }, { antiSpamAlgorithm: objectIdentifier });
export type AuthenticationCapability = ValueOf<typeof AuthenticationCapability>;

export const IntegrityCapability = sequence({ nonStandard: optional(NonStandardParameter) }, {});
export type IntegrityCapability = ValueOf<typeof IntegrityCapability>;

export const DTLSSecurityCapability = sequence(
  {
    hashFunction: sequenceOf(ia5String(1, 65535)),
    ...each(optional(ia5String(1, 65535)), 'setupInformation', 'connectionInformation', 'fingerprint'),
  },
  {},
);
export type DTLSSecurityCapability = ValueOf<typeof DTLSSecurityCapability>;

/** The algorithms for media, by object identifier (H.235.6 names those of AES). */
export const EncryptionAuthenticationAndIntegrity = sequence(
  {
    encryptionCapability: optional(EncryptionCapability),
    authenticationCapability: optional(AuthenticationCapability),
    integrityCapability: optional(IntegrityCapability),
  },
  { genericH235SecurityCapability: GenericCapability, dtlsSecurityCapability: DTLSSecurityCapability },
);
export type EncryptionAuthenticationAndIntegrity = ValueOf<typeof EncryptionAuthenticationAndIntegrity>;

/** `mediaCapability` is the entry that can be encrypted so. */
export const H235SecurityCapability = sequence(
  { encryptionAuthenticationAndIntegrity: EncryptionAuthenticationAndIntegrity, mediaCapability: CapabilityTableEntryNumber },
  {},
);
export type H235SecurityCapability = ValueOf<typeof H235SecurityCapability>;

export const EscrowData = sequence({ escrowID: objectIdentifier, escrowValue: bitString(1, 65535) }, {});
export type EscrowData = ValueOf<typeof EscrowData>;

/** A new session key. `h235Key` holds an encoding of H.235.0; `synchFlag` is the RTP payload type that the key starts with. */
export const EncryptionSync = sequence(
  {
    nonStandard: optional(NonStandardParameter),
    synchFlag: integer(0, 255),
    h235Key: octetString(1, 65535),
    escrowentry: optional(sequenceOf(EscrowData, 1, 256)),
  },
  { genericParameter: GenericParameter },
);
export type EncryptionSync = ValueOf<typeof EncryptionSync>;

export const EncryptionMode = choice({ nonStandard: NonStandardParameter, h233Encryption: nothing }, {});
export type EncryptionMode = ValueOf<typeof EncryptionMode>;

export const EncryptionUpdateDirection = choice({ masterToSlave: nothing, slaveToMaster: nothing }, {});
export type EncryptionUpdateDirection = ValueOf<typeof EncryptionUpdateDirection>;

export const KeyProtectionMethod = sequence(each(boolean, 'secureChannel', 'sharedSecret', 'certProtectedKey'), {});
export type KeyProtectionMethod = ValueOf<typeof KeyProtectionMethod>;

export const EncryptionUpdateRequest = sequence({ keyProtectionMethod: optional(KeyProtectionMethod) }, { synchFlag: integer(0, 255) });
export type EncryptionUpdateRequest = ValueOf<typeof EncryptionUpdateRequest>;

export const IV8 = octetString(8, 8);
export type IV8 = ValueOf<typeof IV8>;

export const IV16 = octetString(16, 16);
export type IV16 = ValueOf<typeof IV16>;

/** Initial values for the cipher of an encrypted user input. Not the `Params` of H.235.0. */
export const Params = sequence({ iv8: optional(IV8), iv16: optional(IV16), iv: optional(octetString()) }, {});
export type Params = ValueOf<typeof Params>;
