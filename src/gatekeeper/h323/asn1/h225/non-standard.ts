/*
 * What a manufacturer adds, and how it says who it is (H.225.0 §7.6, T.35).
 */

import { choice, integer, objectIdentifier, octetString, sequence, type ValueOf } from '../schema.js';

export const H221NonStandard = sequence(
  { t35CountryCode: integer(0, 255), t35Extension: integer(0, 255), manufacturerCode: integer(0, 65535) },
  {},
);
export type H221NonStandard = ValueOf<typeof H221NonStandard>;

export const NonStandardIdentifier = choice({ object: objectIdentifier, h221NonStandard: H221NonStandard }, {});
export type NonStandardIdentifier = ValueOf<typeof NonStandardIdentifier>;

export const NonStandardParameter = sequence({ nonStandardIdentifier: NonStandardIdentifier, data: octetString() });
export type NonStandardParameter = ValueOf<typeof NonStandardParameter>;
