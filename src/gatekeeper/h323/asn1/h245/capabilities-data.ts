/*
 * Data that a terminal can receive or send: T.120, T.38 fax, H.224 far end camera control, WebRTC-like data channels.
 */

import {
  type Asn1Type,
  boolean,
  choice,
  each,
  ia5String,
  integer,
  lazy,
  nothing,
  octetString,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { type Extensible, GenericCapability } from './common.js';
import { DataProtocolCapability, GenericInformation, NonStandardParameter, T38FaxProfile } from './shared.js';

export const T84Profile = choice({
  t84Unrestricted: nothing,
  t84Restricted: sequence(
    {
      ...each(boolean, 'qcif', 'cif', 'ccir601Seq', 'ccir601Prog', 'hdtvSeq', 'hdtvProg', 'g3FacsMH200x100'),
      ...each(boolean, 'g3FacsMH200x200', 'g4FacsMMR200x100', 'g4FacsMMR200x200', 'jbig200x200Seq', 'jbig200x200Prog'),
      ...each(boolean, 'jbig300x300Seq', 'jbig300x300Prog', 'digPhotoLow', 'digPhotoMedSeq', 'digPhotoMedProg'),
      ...each(boolean, 'digPhotoHighSeq', 'digPhotoHighProg'),
    },
    {},
  ),
});
export type T84Profile = ValueOf<typeof T84Profile>;

export const DataChannelProfile = sequence(
  {
    ordered: optional(boolean),
    priority: optional(integer(0, 65535)),
    reliabilityParm: optional(choice({ maxRetr: integer(0, 4_294_967_295), maxTime: integer(0, 4_294_967_295) }, {})),
    label: optional(ia5String(1, 65535)),
    protocol: optional(ia5String(1, 65535)),
    genericInformation: optional(sequenceOf(GenericInformation)),
    establishmentType: choice({ sctpStreamID: integer(0, 65535), dcep: nothing }, {}),
  },
  {},
);
export type DataChannelProfile = ValueOf<typeof DataChannelProfile>;

export const DataChannel = sequence({ dataChannelProfile: optional(sequenceOf(DataChannelProfile)) }, {});
export type DataChannel = ValueOf<typeof DataChannel>;

export interface ExtendedDataApplicationCapability extends Extensible {
  readonly dataCapability: readonly DataApplicationCapability[];
  readonly dataCapabilityExtension?: readonly GenericCapability[] | undefined;
}
export const ExtendedDataApplicationCapability: Asn1Type<ExtendedDataApplicationCapability> = sequence(
  {
    dataCapability: sequenceOf(lazy<DataApplicationCapability>(() => DataApplicationCapability)),
    dataCapabilityExtension: optional(sequenceOf(GenericCapability)),
  },
  {},
);

/** `maxBitRate` in units of 100 bit/s. */
export const DataApplicationCapability = sequence(
  {
    application: choice(
      {
        nonStandard: NonStandardParameter,
        ...each(DataProtocolCapability, 't120', 'dsm-cc', 'userData'),
        t84: sequence({ t84Protocol: DataProtocolCapability, t84Profile: T84Profile }),
        t434: DataProtocolCapability,
        h224: DataProtocolCapability,
        nlpid: sequence({ nlpidProtocol: DataProtocolCapability, nlpidData: octetString() }),
        dsvdControl: nothing,
        h222DataPartitioning: DataProtocolCapability,
      },
      {
        t30fax: DataProtocolCapability,
        t140: DataProtocolCapability,
        t38fax: sequence({ t38FaxProtocol: DataProtocolCapability, t38FaxProfile: T38FaxProfile }),
        genericDataCapability: GenericCapability,
        dataChannel: sequenceOf(DataChannel),
        extendedDataApplicationCapability: ExtendedDataApplicationCapability,
      },
    ),
    maxBitRate: integer(0, 4_294_967_295),
  },
  {},
);
export type DataApplicationCapability = ValueOf<typeof DataApplicationCapability>;
