/*
 * What H.225.0 imports from H.245 (QOSCapability, DataProtocolCapability, T38FaxProfile), and what these are made of. The rest of H.245 builds on
 * it too: non-standard and generic parameters among them.
 */

import {
  type Asn1Type,
  boolean,
  choice,
  ia5String,
  integer,
  lazy,
  nothing,
  objectIdentifier,
  octetString,
  optional,
  sequence,
  sequenceOf,
  UNKNOWN,
  type ValueOf,
} from '../schema.js';

export const NonStandardIdentifier = choice({
  object: objectIdentifier,
  h221NonStandard: sequence({ t35CountryCode: integer(0, 255), t35Extension: integer(0, 255), manufacturerCode: integer(0, 65535) }),
});
export type NonStandardIdentifier = ValueOf<typeof NonStandardIdentifier>;

export const NonStandardParameter = sequence({ nonStandardIdentifier: NonStandardIdentifier, data: octetString() });
export type NonStandardParameter = ValueOf<typeof NonStandardParameter>;

export const CapabilityIdentifier = choice(
  {
    standard: objectIdentifier,
    h221NonStandard: NonStandardParameter,
    uuid: octetString(16, 16),
    domainBased: ia5String(1, 64),
  },
  {},
);
export type CapabilityIdentifier = ValueOf<typeof CapabilityIdentifier>;

export const ParameterIdentifier = choice(
  {
    standard: integer(0, 127),
    h221NonStandard: NonStandardParameter,
    uuid: octetString(16, 16),
    domainBased: ia5String(1, 64),
  },
  {},
);
export type ParameterIdentifier = ValueOf<typeof ParameterIdentifier>;

export const ParameterValue = choice(
  {
    logical: nothing,
    booleanArray: integer(0, 255),
    unsignedMin: integer(0, 65535),
    unsignedMax: integer(0, 65535),
    unsigned32Min: integer(0, 4_294_967_295),
    unsigned32Max: integer(0, 4_294_967_295),
    octetString: octetString(),
    genericParameter: sequenceOf(lazy<GenericParameter>(() => GenericParameter)),
  },
  {},
);
export type ParameterValue = ValueOf<typeof ParameterValue>;

/** A value may be generic parameters again. */
export interface GenericParameter {
  readonly parameterIdentifier: ParameterIdentifier;
  readonly parameterValue: ParameterValue;
  readonly supersedes?: readonly ParameterIdentifier[] | undefined;
  readonly [UNKNOWN]?: readonly (Uint8Array | undefined)[] | undefined;
}
export const GenericParameter: Asn1Type<GenericParameter> = sequence(
  { parameterIdentifier: ParameterIdentifier, parameterValue: ParameterValue, supersedes: optional(sequenceOf(ParameterIdentifier)) },
  {},
);

export const GenericMessage = sequence(
  {
    messageIdentifier: CapabilityIdentifier,
    subMessageIdentifier: optional(integer(0, 127)),
    messageContent: optional(sequenceOf(GenericParameter)),
  },
  {},
);
export type GenericMessage = ValueOf<typeof GenericMessage>;

export const GenericInformation = GenericMessage;
export type GenericInformation = GenericMessage;

export const QOSMode = choice({ guaranteedQOS: nothing, controlledLoad: nothing }, {});
export type QOSMode = ValueOf<typeof QOSMode>;

export const RSVPParameters = sequence(
  {
    qosMode: optional(QOSMode),
    tokenRate: optional(integer(1, 4_294_967_295)),
    bucketSize: optional(integer(1, 4_294_967_295)),
    peakRate: optional(integer(1, 4_294_967_295)),
    minPoliced: optional(integer(1, 4_294_967_295)),
    maxPktSize: optional(integer(1, 4_294_967_295)),
  },
  {},
);
export type RSVPParameters = ValueOf<typeof RSVPParameters>;

export const ATMParameters = sequence(
  {
    maxNTUSize: integer(0, 65535),
    atmUBR: boolean,
    atmrtVBR: boolean,
    atmnrtVBR: boolean,
    atmABR: boolean,
    atmCBR: boolean,
  },
  {},
);
export type ATMParameters = ValueOf<typeof ATMParameters>;

export const ServicePriorityValue = sequence({ nonStandardParameter: optional(NonStandardParameter) }, { value: integer(0, 255) });
export type ServicePriorityValue = ValueOf<typeof ServicePriorityValue>;

export const ServicePriority = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    servicePrioritySignalled: boolean,
    servicePriorityValue: optional(ServicePriorityValue),
  },
  { serviceClass: integer(0, 4095), serviceSubclass: integer(0, 255) },
);
export type ServicePriority = ValueOf<typeof ServicePriority>;

export const AuthorizationParameters = sequence({ nonStandardData: optional(NonStandardParameter) }, {});
export type AuthorizationParameters = ValueOf<typeof AuthorizationParameters>;

export const QOSType = choice({ desired: nothing, required: nothing }, {});
export type QOSType = ValueOf<typeof QOSType>;

export const QOSClass = choice(
  {
    class0: nothing,
    class1: nothing,
    class2: nothing,
    class3: nothing,
    class4: nothing,
    class5: nothing,
  },
  {},
);
export type QOSClass = ValueOf<typeof QOSClass>;

export const QOSDescriptor = sequence({ nonStandardData: optional(NonStandardParameter), qosType: QOSType, qosClass: QOSClass }, {});
export type QOSDescriptor = ValueOf<typeof QOSDescriptor>;

export const GenericTransportParameters = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    averageRate: optional(integer(1, 4_294_967_295)),
    burst: optional(integer(1, 4_294_967_295)),
    peakRate: optional(integer(1, 4_294_967_295)),
    maxPktSize: optional(integer(1, 4_294_967_295)),
  },
  {},
);
export type GenericTransportParameters = ValueOf<typeof GenericTransportParameters>;

/** Rates in octets a second, sizes in octets. */
export const QOSCapability = sequence(
  { nonStandardData: optional(NonStandardParameter), rsvpParameters: optional(RSVPParameters), atmParameters: optional(ATMParameters) },
  {
    localQoS: boolean,
    genericTransportParameters: GenericTransportParameters,
    servicePriority: ServicePriority,
    authorizationParameter: AuthorizationParameters,
    qosDescriptor: QOSDescriptor,
    dscpValue: integer(0, 63),
  },
);
export type QOSCapability = ValueOf<typeof QOSCapability>;

export const V42bis = sequence({ numberOfCodewords: integer(1, 65536), maximumStringLength: integer(1, 256) }, {});
export type V42bis = ValueOf<typeof V42bis>;

export const CompressionType = choice({ v42bis: V42bis }, {});
export type CompressionType = ValueOf<typeof CompressionType>;

export const SCTPChunkType = integer(0, 255);
export type SCTPChunkType = ValueOf<typeof SCTPChunkType>;

export const SctpParam = sequence(
  {
    appPPID: optional(sequenceOf(integer(1, 4_294_967_295))),
    maxMessageSize: optional(integer()),
    sctpExtensions: optional(sequenceOf(SCTPChunkType)),
    genericInformation: optional(sequenceOf(GenericInformation)),
    sctpPort: optional(integer(0, 65535)),
  },
  {},
);
export type SctpParam = ValueOf<typeof SctpParam>;

export const DataProtocolCapability = choice(
  {
    nonStandard: NonStandardParameter,
    v14buffered: nothing,
    v42lapm: nothing,
    hdlcFrameTunnelling: nothing,
    h310SeparateVCStack: nothing,
    h310SingleVCStack: nothing,
    transparent: nothing,
  },
  {
    segmentationAndReassembly: nothing,
    hdlcFrameTunnelingwSAR: nothing,
    v120: nothing,
    separateLANStack: nothing,
    v76wCompression: choice(
      { transmitCompression: CompressionType, receiveCompression: CompressionType, transmitAndReceiveCompression: CompressionType },
      {},
    ),
    tcp: nothing,
    udp: nothing,
    sctp: SctpParam,
    'udp-dtls-sctp': sequenceOf(SctpParam),
    'tcp-dtls-sctp': sequenceOf(SctpParam),
    'sctp-dtls': SctpParam,
  },
);
export type DataProtocolCapability = ValueOf<typeof DataProtocolCapability>;

export const T38FaxRateManagement = choice({ localTCF: nothing, transferredTCF: nothing }, {});
export type T38FaxRateManagement = ValueOf<typeof T38FaxRateManagement>;

export const T38FaxUdpOptions = sequence({
  t38FaxMaxBuffer: optional(integer()),
  t38FaxMaxDatagram: optional(integer()),
  t38FaxUdpEC: choice({ t38UDPFEC: nothing, t38UDPRedundancy: nothing }, {}),
});
export type T38FaxUdpOptions = ValueOf<typeof T38FaxUdpOptions>;

export const T38FaxTcpOptions = sequence({ t38TCPBidirectionalMode: boolean }, {});
export type T38FaxTcpOptions = ValueOf<typeof T38FaxTcpOptions>;

export const T38FaxProfile = sequence(
  { fillBitRemoval: boolean, transcodingJBIG: boolean, transcodingMMR: boolean },
  {
    version: integer(0, 255),
    t38FaxRateManagement: T38FaxRateManagement,
    t38FaxUdpOptions: T38FaxUdpOptions,
    t38FaxTcpOptions: T38FaxTcpOptions,
  },
);
export type T38FaxProfile = ValueOf<typeof T38FaxProfile>;
