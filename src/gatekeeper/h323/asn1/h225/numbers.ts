/*
 * Numbers of the telephone network: public and private, mobile, ISUP (H.225.0 §7.6).
 */

import { choice, ia5String, nothing, octetString, optional, sequence, type ValueOf } from '../schema.js';

/** Four bits a character on the wire. */
export const NumberDigits = ia5String(1, 128, '0123456789#*,');
export type NumberDigits = ValueOf<typeof NumberDigits>;

export const PublicTypeOfNumber = choice(
  {
    unknown: nothing,
    internationalNumber: nothing,
    nationalNumber: nothing,
    networkSpecificNumber: nothing,
    subscriberNumber: nothing,
    abbreviatedNumber: nothing,
  },
  {},
);
export type PublicTypeOfNumber = ValueOf<typeof PublicTypeOfNumber>;

export const PublicPartyNumber = sequence({ publicTypeOfNumber: PublicTypeOfNumber, publicNumberDigits: NumberDigits });
export type PublicPartyNumber = ValueOf<typeof PublicPartyNumber>;

export const PrivateTypeOfNumber = choice(
  {
    unknown: nothing,
    level2RegionalNumber: nothing,
    level1RegionalNumber: nothing,
    pISNSpecificNumber: nothing,
    localNumber: nothing,
    abbreviatedNumber: nothing,
  },
  {},
);
export type PrivateTypeOfNumber = ValueOf<typeof PrivateTypeOfNumber>;

export const PrivatePartyNumber = sequence({ privateTypeOfNumber: PrivateTypeOfNumber, privateNumberDigits: NumberDigits });
export type PrivatePartyNumber = ValueOf<typeof PrivatePartyNumber>;

export const PartyNumber = choice(
  {
    e164Number: PublicPartyNumber,
    dataPartyNumber: NumberDigits,
    telexPartyNumber: NumberDigits,
    privateNumber: PrivatePartyNumber,
    nationalStandardPartyNumber: NumberDigits,
  },
  {},
);
export type PartyNumber = ValueOf<typeof PartyNumber>;

/** Binary coded decimals of mobile networks, each a character. */
const tbcdString = (min: number, max: number) => ia5String(min, max, '0123456789#*abc');

export const ANSI41UIM = sequence(
  {
    imsi: optional(tbcdString(3, 16)),
    min: optional(tbcdString(3, 16)),
    mdn: optional(tbcdString(3, 16)),
    msisdn: optional(tbcdString(3, 16)),
    esn: optional(tbcdString(16, 16)),
    mscid: optional(tbcdString(3, 16)),
    'system-id': choice({ sid: tbcdString(1, 4), mid: tbcdString(1, 4) }, {}),
    systemMyTypeCode: optional(octetString(1, 1)),
    systemAccessType: optional(octetString(1, 1)),
    qualificationInformationCode: optional(octetString(1, 1)),
    sesn: optional(tbcdString(16, 16)),
    soc: optional(tbcdString(3, 16)),
  },
  {},
);
export type ANSI41UIM = ValueOf<typeof ANSI41UIM>;

export const GSMUIM = sequence(
  {
    imsi: optional(tbcdString(3, 16)),
    tmsi: optional(octetString(1, 4)),
    msisdn: optional(tbcdString(3, 16)),
    imei: optional(tbcdString(15, 16)),
    hplmn: optional(tbcdString(1, 4)),
    vplmn: optional(tbcdString(1, 4)),
  },
  {},
);
export type GSMUIM = ValueOf<typeof GSMUIM>;

export const MobileUIM = choice({ 'ansi-41-uim': ANSI41UIM, 'gsm-uim': GSMUIM }, {});
export type MobileUIM = ValueOf<typeof MobileUIM>;

export const IsupDigits = ia5String(1, 128, '0123456789ABCDE');
export type IsupDigits = ValueOf<typeof IsupDigits>;

export const NatureOfAddress = choice(
  {
    unknown: nothing,
    subscriberNumber: nothing,
    nationalNumber: nothing,
    internationalNumber: nothing,
    networkSpecificNumber: nothing,
    routingNumberNationalFormat: nothing,
    routingNumberNetworkSpecificFormat: nothing,
    routingNumberWithCalledDirectoryNumber: nothing,
  },
  {},
);
export type NatureOfAddress = ValueOf<typeof NatureOfAddress>;

export const IsupPublicPartyNumber = sequence({ natureOfAddress: NatureOfAddress, address: IsupDigits }, {});
export type IsupPublicPartyNumber = ValueOf<typeof IsupPublicPartyNumber>;

export const IsupPrivatePartyNumber = sequence({ privateTypeOfNumber: PrivateTypeOfNumber, address: IsupDigits }, {});
export type IsupPrivatePartyNumber = ValueOf<typeof IsupPrivatePartyNumber>;

export const IsupNumber = choice(
  {
    e164Number: IsupPublicPartyNumber,
    dataPartyNumber: IsupDigits,
    telexPartyNumber: IsupDigits,
    privateNumber: IsupPrivatePartyNumber,
    nationalStandardPartyNumber: IsupDigits,
  },
  {},
);
export type IsupNumber = ValueOf<typeof IsupNumber>;
