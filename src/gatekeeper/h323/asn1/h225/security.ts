/*
 * Who says so, is it unchanged, is H.245 protected (H.225.0 §7.6, over H.235.0).
 */

import { ClearToken, CryptoToken, ENCRYPTED, HASHED, SIGNED, TimeStamp } from '../h235.js';
import { bitString, choice, nothing, objectIdentifier, optional, sequence, sequenceOf, type ValueOf } from '../schema.js';
import { AliasAddress } from './addresses.js';
import { GatekeeperIdentifier } from './identifiers.js';
import { NonStandardParameter } from './non-standard.js';

export const SecurityServiceMode = choice({ nonStandard: NonStandardParameter, none: nothing, default: nothing }, {});
export type SecurityServiceMode = ValueOf<typeof SecurityServiceMode>;

/** `authenticaton` is spelt so in the Recommendation. */
export const SecurityCapabilities = sequence(
  {
    nonStandard: optional(NonStandardParameter),
    encryption: SecurityServiceMode,
    authenticaton: SecurityServiceMode,
    integrity: SecurityServiceMode,
  },
  {},
);
export type SecurityCapabilities = ValueOf<typeof SecurityCapabilities>;

export const SecurityErrors = choice(
  {
    securityWrongSyncTime: nothing,
    securityReplay: nothing,
    securityWrongGeneralID: nothing,
    securityWrongSendersID: nothing,
    securityIntegrityFailed: nothing,
    securityWrongOID: nothing,
    securityDHmismatch: nothing,
    securityCertificateExpired: nothing,
    securityCertificateDateInvalid: nothing,
    securityCertificateRevoked: nothing,
    securityCertificateNotReadable: nothing,
    securityCertificateSignatureInvalid: nothing,
    securityCertificateMissing: nothing,
    securityCertificateIncomplete: nothing,
    securityUnsupportedCertificateAlgOID: nothing,
    securityUnknownCA: nothing,
  },
  {},
);
export type SecurityErrors = ValueOf<typeof SecurityErrors>;

export const SecurityErrors2 = choice(
  {
    securityWrongSyncTime: nothing,
    securityReplay: nothing,
    securityWrongGeneralID: nothing,
    securityWrongSendersID: nothing,
    securityIntegrityFailed: nothing,
    securityWrongOID: nothing,
  },
  {},
);
export type SecurityErrors2 = ValueOf<typeof SecurityErrors2>;

export const H245Security = choice(
  {
    nonStandard: NonStandardParameter,
    noSecurity: nothing,
    tls: SecurityCapabilities,
    ipsec: SecurityCapabilities,
  },
  {},
);
export type H245Security = ValueOf<typeof H245Security>;

export const EncryptIntAlg = choice({ nonStandard: NonStandardParameter, isoAlgorithm: objectIdentifier }, {});
export type EncryptIntAlg = ValueOf<typeof EncryptIntAlg>;

export const NonIsoIntegrityMechanism = choice(
  {
    'hMAC-MD5': nothing,
    'hMAC-iso10118-2-s': EncryptIntAlg,
    'hMAC-iso10118-2-l': EncryptIntAlg,
    'hMAC-iso10118-3': objectIdentifier,
  },
  {},
);
export type NonIsoIntegrityMechanism = ValueOf<typeof NonIsoIntegrityMechanism>;

export const IntegrityMechanism = choice(
  {
    nonStandard: NonStandardParameter,
    digSig: nothing,
    iso9797: objectIdentifier,
    nonIsoIM: NonIsoIntegrityMechanism,
  },
  {},
);
export type IntegrityMechanism = ValueOf<typeof IntegrityMechanism>;

export const ICV = sequence({ algorithmOID: objectIdentifier, icv: bitString() });
export type ICV = ValueOf<typeof ICV>;

export const CryptoH323Token = choice(
  {
    cryptoEPPwdHash: sequence({ alias: AliasAddress, timeStamp: TimeStamp, token: HASHED }),
    cryptoGKPwdHash: sequence({ gatekeeperId: GatekeeperIdentifier, timeStamp: TimeStamp, token: HASHED }),
    cryptoEPPwdEncr: ENCRYPTED,
    cryptoGKPwdEncr: ENCRYPTED,
    cryptoEPCert: SIGNED,
    cryptoGKCert: SIGNED,
    cryptoFastStart: SIGNED,
    nestedcryptoToken: CryptoToken,
  },
  {},
);
export type CryptoH323Token = ValueOf<typeof CryptoH323Token>;

/** What most RAS messages end with since version 2, among their extension additions: who says so, and that nobody changed it. */
export const authentication = {
  tokens: sequenceOf(ClearToken),
  cryptoTokens: sequenceOf(CryptoH323Token),
  integrityCheckValue: ICV,
} as const;
