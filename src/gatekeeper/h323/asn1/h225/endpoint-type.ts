/*
 * What an endpoint is, by whom it was made, and which protocols a gateway speaks (H.225.0 §7.6).
 */

import { DataProtocolCapability, T38FaxProfile } from '../h245/shared.js';
import {
  bitString,
  boolean,
  choice,
  ia5String,
  integer,
  objectIdentifier,
  octetString,
  optional,
  sequence,
  sequenceOf,
  type ValueOf,
} from '../schema.js';
import { AliasAddress } from './addresses.js';
import { BandWidth } from './identifiers.js';
import { H221NonStandard, NonStandardParameter } from './non-standard.js';

/** `productId` and `versionId` are text, often with a NUL at the end. */
export const VendorIdentifier = sequence(
  { vendor: H221NonStandard, productId: optional(octetString(1, 256)), versionId: optional(octetString(1, 256)) },
  { enterpriseNumber: objectIdentifier },
);
export type VendorIdentifier = ValueOf<typeof VendorIdentifier>;

export const DataRate = sequence(
  { nonStandardData: optional(NonStandardParameter), channelRate: BandWidth, channelMultiplier: optional(integer(1, 256)) },
  {},
);
export type DataRate = ValueOf<typeof DataRate>;

export const SupportedPrefix = sequence({ nonStandardData: optional(NonStandardParameter), prefix: AliasAddress }, {});
export type SupportedPrefix = ValueOf<typeof SupportedPrefix>;

/** What H310Caps to H324Caps, VoiceCaps and T120OnlyCaps have in common, which is all. */
const GatewayCaps = sequence(
  { nonStandardData: optional(NonStandardParameter) },
  { dataRatesSupported: sequenceOf(DataRate), supportedPrefixes: sequenceOf(SupportedPrefix) },
);

export const H310Caps = GatewayCaps;
export type H310Caps = ValueOf<typeof GatewayCaps>;

export const H320Caps = GatewayCaps;
export type H320Caps = ValueOf<typeof GatewayCaps>;

export const H321Caps = GatewayCaps;
export type H321Caps = ValueOf<typeof GatewayCaps>;

export const H322Caps = GatewayCaps;
export type H322Caps = ValueOf<typeof GatewayCaps>;

export const H323Caps = GatewayCaps;
export type H323Caps = ValueOf<typeof GatewayCaps>;

export const H324Caps = GatewayCaps;
export type H324Caps = ValueOf<typeof GatewayCaps>;

export const VoiceCaps = GatewayCaps;
export type VoiceCaps = ValueOf<typeof GatewayCaps>;

export const T120OnlyCaps = GatewayCaps;
export type T120OnlyCaps = ValueOf<typeof GatewayCaps>;

export const NonStandardProtocol = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    dataRatesSupported: optional(sequenceOf(DataRate)),
    supportedPrefixes: sequenceOf(SupportedPrefix),
  },
  {},
);
export type NonStandardProtocol = ValueOf<typeof NonStandardProtocol>;

export const T38FaxAnnexbOnlyCaps = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    dataRatesSupported: optional(sequenceOf(DataRate)),
    supportedPrefixes: sequenceOf(SupportedPrefix),
    t38FaxProtocol: DataProtocolCapability,
    t38FaxProfile: T38FaxProfile,
  },
  {},
);
export type T38FaxAnnexbOnlyCaps = ValueOf<typeof T38FaxAnnexbOnlyCaps>;

export const SIPCaps = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    dataRatesSupported: optional(sequenceOf(DataRate)),
    supportedPrefixes: optional(sequenceOf(SupportedPrefix)),
  },
  {},
);
export type SIPCaps = ValueOf<typeof SIPCaps>;

export const SupportedProtocols = choice(
  {
    nonStandardData: NonStandardParameter,
    h310: H310Caps,
    h320: H320Caps,
    h321: H321Caps,
    h322: H322Caps,
    h323: H323Caps,
    h324: H324Caps,
    voice: VoiceCaps,
    't120-only': T120OnlyCaps,
  },
  { nonStandardProtocol: NonStandardProtocol, t38FaxAnnexbOnly: T38FaxAnnexbOnlyCaps, sip: SIPCaps },
);
export type SupportedProtocols = ValueOf<typeof SupportedProtocols>;

export const TunnelledProtocolAlternateIdentifier = sequence(
  { protocolType: ia5String(1, 64), protocolVariant: optional(ia5String(1, 64)) },
  {},
);
export type TunnelledProtocolAlternateIdentifier = ValueOf<typeof TunnelledProtocolAlternateIdentifier>;

export const TunnelledProtocol = sequence(
  {
    id: choice({ tunnelledProtocolObjectID: objectIdentifier, tunnelledProtocolAlternateID: TunnelledProtocolAlternateIdentifier }, {}),
    subIdentifier: optional(ia5String(1, 64)),
  },
  {},
);
export type TunnelledProtocol = ValueOf<typeof TunnelledProtocol>;

export const GatewayInfo = sequence(
  { protocol: optional(sequenceOf(SupportedProtocols)), nonStandardData: optional(NonStandardParameter) },
  {},
);
export type GatewayInfo = ValueOf<typeof GatewayInfo>;

export const McuInfo = sequence({ nonStandardData: optional(NonStandardParameter) }, { protocol: sequenceOf(SupportedProtocols) });
export type McuInfo = ValueOf<typeof McuInfo>;

export const TerminalInfo = sequence({ nonStandardData: optional(NonStandardParameter) }, {});
export type TerminalInfo = ValueOf<typeof TerminalInfo>;

export const GatekeeperInfo = sequence({ nonStandardData: optional(NonStandardParameter) }, {});
export type GatekeeperInfo = ValueOf<typeof GatekeeperInfo>;

/** `set`: simple endpoint types of H.323 Annex F and K, as bits. */
export const EndpointType = sequence(
  {
    nonStandardData: optional(NonStandardParameter),
    vendor: optional(VendorIdentifier),
    gatekeeper: optional(GatekeeperInfo),
    gateway: optional(GatewayInfo),
    mcu: optional(McuInfo),
    terminal: optional(TerminalInfo),
    mc: boolean,
    undefinedNode: boolean,
  },
  { set: bitString(32, 32), supportedTunnelledProtocols: sequenceOf(TunnelledProtocol) },
);
export type EndpointType = ValueOf<typeof EndpointType>;
