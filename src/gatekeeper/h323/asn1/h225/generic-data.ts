/*
 * The generic extensibility framework (H.460.1): features and generic data.
 */

import {
  type Asn1Type,
  bmpString,
  boolean,
  choice,
  ia5String,
  integer,
  lazy,
  objectIdentifier,
  octetString,
  optional,
  sequence,
  sequenceOf,
  UNKNOWN,
  type ValueOf,
} from '../schema.js';
import { AliasAddress, TransportAddress } from './addresses.js';
import { GloballyUniqueID } from './identifiers.js';

export const GenericIdentifier = choice(
  { standard: integer(0, 16383, { extensible: true }), oid: objectIdentifier, nonStandard: GloballyUniqueID },
  {},
);
export type GenericIdentifier = ValueOf<typeof GenericIdentifier>;

export const Content = choice(
  {
    raw: octetString(),
    text: ia5String(),
    unicode: bmpString(),
    bool: boolean,
    number8: integer(0, 255),
    number16: integer(0, 65535),
    number32: integer(0, 4_294_967_295),
    id: GenericIdentifier,
    alias: AliasAddress,
    transport: TransportAddress,
    compound: sequenceOf(
      lazy<EnumeratedParameter>(() => EnumeratedParameter),
      1,
      512,
    ),
    nested: sequenceOf(
      lazy<GenericData>(() => GenericData),
      1,
      16,
    ),
  },
  {},
);
export type Content = ValueOf<typeof Content>;

export interface EnumeratedParameter {
  readonly id: GenericIdentifier;
  readonly content?: Content | undefined;
  readonly [UNKNOWN]?: readonly (Uint8Array | undefined)[] | undefined;
}
export const EnumeratedParameter: Asn1Type<EnumeratedParameter> = sequence({ id: GenericIdentifier, content: optional(Content) }, {});

/** H.460-series features and their parameters; a parameter may hold generic data again. */
export interface GenericData {
  readonly id: GenericIdentifier;
  readonly parameters?: readonly EnumeratedParameter[] | undefined;
  readonly [UNKNOWN]?: readonly (Uint8Array | undefined)[] | undefined;
}
export const GenericData: Asn1Type<GenericData> = sequence(
  { id: GenericIdentifier, parameters: optional(sequenceOf(EnumeratedParameter, 1, 512)) },
  {},
);

export const FeatureDescriptor = GenericData;
export type FeatureDescriptor = GenericData;

export const FeatureSet = sequence(
  {
    replacementFeatureSet: boolean,
    neededFeatures: optional(sequenceOf(FeatureDescriptor)),
    desiredFeatures: optional(sequenceOf(FeatureDescriptor)),
    supportedFeatures: optional(sequenceOf(FeatureDescriptor)),
  },
  {},
);
export type FeatureSet = ValueOf<typeof FeatureSet>;
