import type { AliasAddress, EndpointType, FeatureSet, VendorIdentifier } from '../../gatekeeper/h323/asn1/h225.js';
import { aliasAddress, type EndpointAlias, type SocketAddress, transportAddress } from './addresses.js';
import type { terminalTypes } from './h245/master-slave.js';

export type EndpointKind = keyof typeof terminalTypes;

/** H.225.0 version 7, which endpoints in the field say. */
export const H225_VERSION = '0.0.8.2250.0.7';
/** H.460.22: security of call signalling. Its parameter 1 is TLS, which holds a priority (1) and an address (2). */
const SIGNALLING_SECURITY = 22;

/** 165 is Sweden (T.35 Annex A); the manufacturer code is nobody's. */
const vendor: VendorIdentifier = {
  vendor: { t35CountryCode: 165, t35Extension: 0, manufacturerCode: 0 },
  productId: Buffer.from('Portvakt simulator'),
  versionId: Buffer.from('1'),
};

export interface Identity {
  readonly kind: EndpointKind;
  readonly aliases: readonly AliasAddress[];
  readonly vendor: VendorIdentifier;
  readonly endpointType: EndpointType;
  /** What others are shown. */
  readonly displayName: string;
  /** For calling party number. */
  readonly e164: string | undefined;
}

export function makeIdentity(kind: EndpointKind, aliases: readonly EndpointAlias[], prefixes: readonly string[] = []): Identity {
  const number = aliases.find((alias) => 'e164' in alias);
  const name = aliases.find((alias) => 'h323Id' in alias);
  const e164 = number && 'e164' in number ? number.e164 : undefined;
  return {
    kind,
    aliases: aliases.map(aliasAddress),
    vendor,
    endpointType: endpointType(kind, prefixes),
    displayName: (name && 'h323Id' in name ? name.h323Id : e164) ?? 'simulator',
    e164,
  };
}

function endpointType(kind: EndpointKind, prefixes: readonly string[]): EndpointType {
  const supportedPrefixes = prefixes.map((prefix) => ({ prefix: { type: 'dialedDigits', value: prefix } }) as const);
  const protocol = [{ type: 'voice', value: { supportedPrefixes } } as const];
  switch (kind) {
    case 'terminal':
      return { vendor, terminal: {}, mc: false, undefinedNode: false };
    case 'gateway':
      return { vendor, gateway: { protocol }, mc: false, undefinedNode: false };
    case 'mcu':
      return { vendor, mcu: prefixes.length > 0 ? { protocol } : {}, mc: true, undefinedNode: false };
  }
}

/** That we take and make calls over TLS, and where (H.460.22 §6). */
export function tlsFeature(address: SocketAddress): FeatureSet {
  const parameter = (value: number) => ({ type: 'standard', value }) as const;
  const settings = [
    { id: parameter(1), content: { type: 'number8', value: 1 } as const },
    { id: parameter(2), content: { type: 'transport', value: transportAddress(address) } as const },
  ];
  return {
    replacementFeatureSet: false,
    supportedFeatures: [
      { id: parameter(SIGNALLING_SECURITY), parameters: [{ id: parameter(1), content: { type: 'compound', value: settings } }] },
    ],
  };
}

/** The address for TLS that a gatekeeper's feature set names. */
export function tlsAddressOf(features: FeatureSet | undefined) {
  for (const feature of [
    ...(features?.neededFeatures ?? []),
    ...(features?.desiredFeatures ?? []),
    ...(features?.supportedFeatures ?? []),
  ]) {
    if (feature.id.type !== 'standard' || feature.id.value !== SIGNALLING_SECURITY) continue;
    for (const { content } of feature.parameters ?? []) {
      if (content?.type !== 'compound') continue;
      for (const setting of content.value) if (setting.content?.type === 'transport') return setting.content.value;
    }
  }
  return undefined;
}
