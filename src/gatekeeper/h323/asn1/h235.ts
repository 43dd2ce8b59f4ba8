/*
 * H.235.0: tokens, keys and how they are protected, as H.225.0 and H.245 carry them. Types by their ASN.1 names.
 */

import {
  bitString,
  bmpString,
  boolean,
  choice,
  integer,
  nothing,
  objectIdentifier,
  octetString,
  openType,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from './schema.js';

export const ChallengeString = octetString(8, 128);
export type ChallengeString = ValueOf<typeof ChallengeString>;

/** Seconds since 1970-01-01 00:00 UTC. */
export const TimeStamp = integer(1, 4_294_967_295);
export type TimeStamp = ValueOf<typeof TimeStamp>;

/** 32 bits, read as signed by some stacks and as unsigned by others. */
export const RandomVal = integer();
export type RandomVal = ValueOf<typeof RandomVal>;

export const Password = bmpString(1, 128);
export type Password = ValueOf<typeof Password>;

export const Identifier = bmpString(1, 128);
export type Identifier = ValueOf<typeof Identifier>;

export const KeyMaterial = bitString(1, 2048);
export type KeyMaterial = ValueOf<typeof KeyMaterial>;

export const KeyMaterialExt = bitString(2049, 65536);
export type KeyMaterialExt = ValueOf<typeof KeyMaterialExt>;

/** Not the one of H.225.0: this one has an object identifier alone. */
export const NonStandardParameter = sequence({ nonStandardIdentifier: objectIdentifier, data: octetString() });
export type NonStandardParameter = ValueOf<typeof NonStandardParameter>;

/** Diffie-Hellman: g^x mod n, n, and g, each from its highest bit on. Up to 2048 bits. */
export const DHset = sequence({ halfkey: bitString(0, 2048), modSize: bitString(0, 2048), generator: bitString(0, 2048) }, {});
export type DHset = ValueOf<typeof DHset>;

/** Diffie-Hellman above 2048 bits. */
export const DHsetExt = sequence(
  { halfkey: bitString(2049, 65536), modSize: optional(bitString(2049, 65536)), generator: optional(bitString(2049, 65536)) },
  {},
);
export type DHsetExt = ValueOf<typeof DHsetExt>;

export const ECpoint = sequence({ x: optional(bitString(0, 511)), y: optional(bitString(0, 511)) }, {});
export type ECpoint = ValueOf<typeof ECpoint>;

export const ECKASDH = choice(
  {
    eckasdhp: sequence({
      'public-key': ECpoint,
      modulus: bitString(0, 511),
      base: ECpoint,
      weierstrassA: bitString(0, 511),
      weierstrassB: bitString(0, 511),
    }),
    eckasdh2: sequence({
      'public-key': ECpoint,
      fieldSize: bitString(0, 511),
      base: ECpoint,
      weierstrassA: bitString(0, 511),
      weierstrassB: bitString(0, 511),
    }),
  },
  {},
);
export type ECKASDH = ValueOf<typeof ECKASDH>;

export const ECGDSASignature = sequence({ r: bitString(0, 511), s: bitString(0, 511) });
export type ECGDSASignature = ValueOf<typeof ECGDSASignature>;

export const TypedCertificate = sequence({ type: objectIdentifier, certificate: octetString() }, {});
export type TypedCertificate = ValueOf<typeof TypedCertificate>;

export const AuthenticationBES = choice({ default: nothing, radius: nothing }, {});
export type AuthenticationBES = ValueOf<typeof AuthenticationBES>;

export const AuthenticationMechanism = choice(
  {
    dhExch: nothing,
    pwdSymEnc: nothing,
    pwdHash: nothing,
    certSign: nothing,
    ipsec: nothing,
    tls: nothing,
    nonStandard: NonStandardParameter,
  },
  { authenticationBES: AuthenticationBES, keyExch: objectIdentifier },
);
export type AuthenticationMechanism = ValueOf<typeof AuthenticationMechanism>;

export const IV8 = octetString(8, 8);
export type IV8 = ValueOf<typeof IV8>;

export const IV16 = octetString(16, 16);
export type IV16 = ValueOf<typeof IV16>;

export const Params = sequence(
  { ranInt: optional(integer()), iv8: optional(IV8) },
  { iv16: IV16, iv: octetString(), clearSalt: octetString() },
);
export type Params = ValueOf<typeof Params>;

export const Element = choice(
  {
    octets: octetString(),
    integer: integer(),
    bits: bitString(),
    name: bmpString(),
    flag: boolean,
  },
  {},
);
export type Element = ValueOf<typeof Element>;

export const ProfileElement = sequence({ elementID: integer(0, 255), paramS: optional(Params), element: optional(Element) }, {});
export type ProfileElement = ValueOf<typeof ProfileElement>;

/**
 * SIGNED{}. `toBeSigned` stays in its encoding: those are the octets that `signature` covers.
 * Decode them as a ClearToken, a KeySignedMaterial or a ReturnSig, as the place says.
 */
export const SIGNED = sequence({ toBeSigned: openType(), algorithmOID: objectIdentifier, paramS: Params, signature: bitString() });
export type SIGNED = ValueOf<typeof SIGNED>;

/** ENCRYPTED{}. What was encrypted is the encoding of the type that the place says; it is not seen on the wire. */
export const ENCRYPTED = sequence({ algorithmOID: objectIdentifier, paramS: Params, encryptedData: octetString() });
export type ENCRYPTED = ValueOf<typeof ENCRYPTED>;

/** HASHED{}. What was hashed is not sent: both sides know it. */
export const HASHED = sequence({ algorithmOID: objectIdentifier, paramS: Params, hash: bitString() });
export type HASHED = ValueOf<typeof HASHED>;

export const V3KeySyncMaterial = sequence(
  {
    generalID: optional(Identifier),
    algorithmOID: optional(objectIdentifier),
    paramS: Params,
    encryptedSessionKey: optional(octetString()),
    encryptedSaltingKey: optional(octetString()),
    clearSaltingKey: optional(octetString()),
    paramSsalt: optional(Params),
    keyDerivationOID: optional(objectIdentifier),
  },
  { genericKeyMaterial: octetString() },
);
export type V3KeySyncMaterial = ValueOf<typeof V3KeySyncMaterial>;

export const H235Key = choice(
  { secureChannel: KeyMaterial, sharedSecret: ENCRYPTED, certProtectedKey: SIGNED },
  { secureSharedSecret: V3KeySyncMaterial, secureChannelExt: KeyMaterialExt },
);
export type H235Key = ValueOf<typeof H235Key>;

/** A token that is not encrypted; `tokenOID` says what for, and is `0.0` inside of another token. */
export const ClearToken = sequence(
  {
    tokenOID: objectIdentifier,
    timeStamp: optional(TimeStamp),
    password: optional(Password),
    dhkey: optional(DHset),
    challenge: optional(ChallengeString),
    random: optional(RandomVal),
    certificate: optional(TypedCertificate),
    generalID: optional(Identifier),
    nonStandard: optional(NonStandardParameter),
  },
  {
    eckasdhkey: ECKASDH,
    sendersID: Identifier,
    h235Key: H235Key,
    profileInfo: sequenceOf(ProfileElement),
    dhkeyext: DHsetExt,
  },
);
export type ClearToken = ValueOf<typeof ClearToken>;

export const CryptoToken = choice(
  {
    cryptoEncryptedToken: sequence({ tokenOID: objectIdentifier, token: ENCRYPTED }),
    cryptoSignedToken: sequence({ tokenOID: objectIdentifier, token: SIGNED }),
    cryptoHashedToken: sequence({ tokenOID: objectIdentifier, hashedVals: ClearToken, token: HASHED }),
    cryptoPwdEncr: ENCRYPTED,
  },
  {},
);
export type CryptoToken = ValueOf<typeof CryptoToken>;

export const KeySignedMaterial = sequence({
  generalId: Identifier,
  mrandom: RandomVal,
  srandom: optional(RandomVal),
  timeStamp: optional(TimeStamp),
  encrptval: ENCRYPTED,
});
export type KeySignedMaterial = ValueOf<typeof KeySignedMaterial>;

/** A session key, encrypted into `H235Key.sharedSecret`. */
export const KeySyncMaterial = sequence({ generalID: Identifier, keyMaterial: KeyMaterial }, {});
export type KeySyncMaterial = ValueOf<typeof KeySyncMaterial>;

export const ReturnSig = sequence({
  generalId: Identifier,
  responseRandom: RandomVal,
  requestRandom: optional(RandomVal),
  certificate: optional(TypedCertificate),
});
export type ReturnSig = ValueOf<typeof ReturnSig>;

export const H235CertificateSignature = sequence(
  {
    certificate: TypedCertificate,
    responseRandom: RandomVal,
    requesterRandom: optional(RandomVal),
    signature: SIGNED,
  },
  {},
);
export type H235CertificateSignature = ValueOf<typeof H235CertificateSignature>;
