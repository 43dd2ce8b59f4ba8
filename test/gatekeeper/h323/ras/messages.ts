import type {
  AdmissionRequest,
  AliasAddress,
  BandwidthRequest,
  DisengageRequest,
  EndpointType,
  GatekeeperRequest,
  LocationRequest,
  RasMessage,
  RegistrationRequest,
  UnregistrationRequest,
} from '../../../../src/gatekeeper/h323/asn1/h225.js';
import { type SocketAddress, transportAddress } from '../../../../src/gatekeeper/h323/ras/transport-address.js';

export const PROTOCOL = '0.0.8.2250.0.7';

export type MessageOf<T extends RasMessage['type']> = RasMessage & { readonly type: T };
type Part<T> = { readonly [K in keyof T]?: T[K] };

export const digits = (value: string): AliasAddress => ({ type: 'dialedDigits', value });
export const name = (value: string): AliasAddress => ({ type: 'h323-ID', value });
export const url = (value: string): AliasAddress => ({ type: 'url-ID', value });

const vendor = {
  vendor: { t35CountryCode: 181, t35Extension: 0, manufacturerCode: 21324 },
  productId: Buffer.from('Room system'),
  versionId: Buffer.from('1.0'),
};

export const terminal: EndpointType = { terminal: {}, mc: false, undefinedNode: false };
export const mcu: EndpointType = { mcu: {}, mc: true, undefinedNode: false };

export const gatewayWith = (...prefixes: string[]): EndpointType => ({
  gateway: { protocol: [{ type: 'voice', value: { supportedPrefixes: prefixes.map((prefix) => ({ prefix: digits(prefix) })) } }] },
  mc: false,
  undefinedNode: false,
});

let numbers = 0;
export const nextSeqNum = (): number => 1 + (numbers++ % 60_000);

export const guid = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.padEnd(16, '.'), 'latin1'));
export const hex = (text: string): string => Buffer.from(guid(text)).toString('hex');

export function grq(from: SocketAddress, change: Part<GatekeeperRequest> = {}): RasMessage {
  return {
    type: 'gatekeeperRequest',
    value: {
      requestSeqNum: nextSeqNum(),
      protocolIdentifier: PROTOCOL,
      rasAddress: transportAddress(from),
      endpointType: terminal,
      ...change,
    },
  };
}

export function rrq(from: SocketAddress, aliases: readonly AliasAddress[], change: Part<RegistrationRequest> = {}): RasMessage {
  return {
    type: 'registrationRequest',
    value: {
      requestSeqNum: nextSeqNum(),
      protocolIdentifier: PROTOCOL,
      discoveryComplete: true,
      callSignalAddress: [transportAddress({ address: from.address, port: from.port + 1 })],
      rasAddress: [transportAddress(from)],
      terminalType: terminal,
      ...(aliases.length > 0 && { terminalAlias: aliases }),
      endpointVendor: vendor,
      keepAlive: false,
      willSupplyUUIEs: false,
      maintainConnection: false,
      ...change,
    },
  };
}

export function keepAlive(endpointIdentifier: string, change: Part<RegistrationRequest> = {}): RasMessage {
  return {
    type: 'registrationRequest',
    value: {
      requestSeqNum: nextSeqNum(),
      protocolIdentifier: PROTOCOL,
      discoveryComplete: true,
      callSignalAddress: [],
      rasAddress: [],
      terminalType: terminal,
      endpointVendor: vendor,
      keepAlive: true,
      endpointIdentifier,
      ...change,
    },
  };
}

export function urq(from: SocketAddress, endpointIdentifier: string | undefined, change: Part<UnregistrationRequest> = {}): RasMessage {
  return {
    type: 'unregistrationRequest',
    value: {
      requestSeqNum: nextSeqNum(),
      callSignalAddress: [transportAddress({ address: from.address, port: from.port + 1 })],
      ...(endpointIdentifier !== undefined && { endpointIdentifier }),
      ...change,
    },
  };
}

export function arq(endpointIdentifier: string, dialled: readonly AliasAddress[], change: Part<AdmissionRequest> = {}): RasMessage {
  return {
    type: 'admissionRequest',
    value: {
      requestSeqNum: nextSeqNum(),
      callType: { type: 'pointToPoint', value: null },
      endpointIdentifier,
      destinationInfo: dialled,
      srcInfo: [],
      bandWidth: 7680,
      callReferenceValue: 4711,
      conferenceID: guid('conference'),
      activeMC: false,
      answerCall: false,
      canMapAlias: true,
      callIdentifier: { guid: guid('call-1') },
      ...change,
    },
  };
}

export function brq(endpointIdentifier: string, bandWidth: number, change: Part<BandwidthRequest> = {}): RasMessage {
  return {
    type: 'bandwidthRequest',
    value: {
      requestSeqNum: nextSeqNum(),
      endpointIdentifier,
      conferenceID: guid('conference'),
      callReferenceValue: 4711,
      bandWidth,
      callIdentifier: { guid: guid('call-1') },
      ...change,
    },
  };
}

export function drq(endpointIdentifier: string, change: Part<DisengageRequest> = {}): RasMessage {
  return {
    type: 'disengageRequest',
    value: {
      requestSeqNum: nextSeqNum(),
      endpointIdentifier,
      conferenceID: guid('conference'),
      callReferenceValue: 4711,
      disengageReason: { type: 'normalDrop', value: null },
      callIdentifier: { guid: guid('call-1') },
      answeredCall: false,
      ...change,
    },
  };
}

export function lrq(from: SocketAddress, wanted: readonly AliasAddress[], change: Part<LocationRequest> = {}): RasMessage {
  return {
    type: 'locationRequest',
    value: { requestSeqNum: nextSeqNum(), destinationInfo: wanted, replyAddress: transportAddress(from), ...change },
  };
}

export function irr(from: SocketAddress, endpointIdentifier: string, requestSeqNum: number, change: object = {}): RasMessage {
  return {
    type: 'infoRequestResponse',
    value: {
      requestSeqNum,
      endpointType: terminal,
      endpointIdentifier,
      rasAddress: transportAddress(from),
      callSignalAddress: [transportAddress({ address: from.address, port: from.port + 1 })],
      ...change,
    },
  };
}
