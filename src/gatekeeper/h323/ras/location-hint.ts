import { isIP } from 'node:net';
import type { EpochMs } from '../../../clock.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { SocketAddress } from './transport-address.js';

/** Where a neighbour said that an alias is. */
export interface FoundLocation {
  readonly outcome: 'found';
  readonly signalAddress: SocketAddress;
  /** The address takes TLS (H.460.22). */
  readonly secure: boolean;
  readonly peerId: string;
  /** The name that the neighbour knows it by, where it said so. */
  readonly destinationInfo: readonly AliasAddress[] | undefined;
}

/** What one instance tells the others of answers to LRQ. `location` undefined: a call to where it led failed. */
export interface LocationHint {
  /** What was asked, as `LocationCache` has it: begins with the zone's id. */
  readonly key: string;
  /** Until when the answer is good, or was. */
  readonly until: EpochMs;
  readonly location: FoundLocation | undefined;
}

/** Of a hint, `1 [key, until, …]`: what a later version adds stands at the end, and what an older one would misread has another number. */
const SCHEMA = '1 ';
const MAX_LENGTH = 4000;

/** Undefined: it is longer than is worth telling. */
export function writeLocationHint({ key, until, location }: LocationHint): string | undefined {
  const answer = location && [
    location.signalAddress.address,
    location.signalAddress.port,
    location.secure ? 1 : 0,
    location.peerId,
    location.destinationInfo?.filter(isText).map(({ type, value }) => [type, value]) ?? 0,
  ];
  const text = `${SCHEMA}${JSON.stringify([key, until, ...(answer ?? [])])}`;
  return text.length > MAX_LENGTH ? undefined : text;
}

/** Undefined: it cannot be read, or is of a version that is not known here. */
export function readLocationHint(text: string): LocationHint | undefined {
  if (!text.startsWith(SCHEMA) || text.length > MAX_LENGTH) return undefined;
  const fields = parsed(text.slice(SCHEMA.length));
  if (fields === undefined) return undefined;
  const [key, until, address, port, secure, peerId, names] = fields;
  if (typeof key !== 'string' || typeof until !== 'number') return undefined;
  if (fields.length === 2) return { key, until, location: undefined };
  if (typeof address !== 'string' || isIP(address) === 0 || !isPort(port) || typeof peerId !== 'string') return undefined;
  const destinationInfo = Array.isArray(names) ? names.map(aliasOf).filter((alias) => alias !== undefined) : undefined;
  return { key, until, location: { outcome: 'found', signalAddress: { address, port }, secure: secure === 1, peerId, destinationInfo } };
}

const TEXT_TYPES = ['dialedDigits', 'h323-ID', 'url-ID', 'email-ID'] as const;
type TextAlias = Extract<AliasAddress, { readonly type: (typeof TEXT_TYPES)[number] }>;

function isText(alias: AliasAddress): alias is TextAlias {
  return TEXT_TYPES.some((type) => type === alias.type);
}

function aliasOf(pair: unknown): TextAlias | undefined {
  if (!Array.isArray(pair)) return undefined;
  const [name, value]: unknown[] = pair;
  const type = TEXT_TYPES.find((known) => known === name);
  return type !== undefined && typeof value === 'string' ? { type, value } : undefined;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}

function parsed(json: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
