import { isIP } from 'node:net';
import { aliasAddressOf } from '../alias-address.js';
import type { AliasAddress } from '../asn1/h225.js';
import type { EndpointElsewhere, EndpointKind, Proof } from './endpoint.js';
import type { SocketAddress } from './transport-address.js';

/** What instances tell each other of an endpoint: all but where it stands in their own tables. */
export type EndpointState = EndpointElsewhere;

/** Raised when a reader of the version before would take what is written for something else; a key that is only new is no reason. */
const SCHEMA = 1;

const kinds: ReadonlySet<unknown> = new Set(['terminal', 'gateway', 'mcu', 'other'] satisfies EndpointKind[]);
const methods: ReadonlySet<unknown> = new Set(['h235.1', 'md5', 'cat'] satisfies Proof['method'][]);
const textual: ReadonlySet<unknown> = new Set(['dialedDigits', 'h323-ID', 'url-ID', 'email-ID'] satisfies AliasAddress['type'][]);

/** An endpoint for `EndpointStore`. A secret is none of it: passwords are in the address plan. */
export function writeEndpoint(endpoint: EndpointState): string {
  const { zone, organisation, kind, aliases, written, prefixes, rasAddress, signalAddress, tlsAddress, source } = endpoint;
  const { proof, tokenTime, timeToLive, expiresAt, almostOutOfResources, supportsAltGk, vendor } = endpoint;
  return JSON.stringify({
    schema: SCHEMA,
    zone,
    organisation,
    kind,
    aliases,
    // A party number is told again as the digits that it is called by.
    written: written.map((alias, index) => (typeof alias.value === 'string' ? [alias.type, alias.value] : [null, aliases[index]])),
    prefixes,
    ras: pair(rasAddress),
    signal: pair(signalAddress),
    tls: tlsAddress && pair(tlsAddress),
    source: pair(source),
    proof: proof && [proof.user, proof.method],
    tokenTime,
    timeToLive,
    expiresAt,
    full: almostOutOfResources,
    altGk: supportsAltGk,
    vendor,
  });
}

/** Undefined: it was written by a version that this one does not know, or by nobody. */
export function readEndpoint(id: string, text: string): EndpointState | undefined {
  const value = parsed(text);
  if (value?.schema !== SCHEMA) return undefined;
  const { zone, organisation, kind, tokenTime, timeToLive, expiresAt, vendor } = value;
  const [rasAddress, signalAddress, source] = [address(value.ras), address(value.signal), address(value.source)];
  const tlsAddress = value.tls === undefined ? undefined : address(value.tls);
  const proof = value.proof === undefined ? undefined : proofOf(value.proof);
  const { aliases, prefixes } = value;
  if (!isStrings(aliases) || !isStrings(prefixes) || !Array.isArray(value.written) || value.written.length !== aliases.length)
    return undefined;
  const written = value.written.map((alias: unknown, index) => aliasOf(alias, aliases[index] ?? ''));
  if (typeof zone !== 'string' || typeof organisation !== 'string' || typeof vendor !== 'string' || !isKind(kind)) return undefined;
  if (typeof tokenTime !== 'number' || typeof timeToLive !== 'number' || typeof expiresAt !== 'number') return undefined;
  if (!rasAddress || !signalAddress || !source) return undefined;
  // What proved a password, or is called over TLS, must not become what does not.
  if ((value.tls !== undefined && !tlsAddress) || (value.proof !== undefined && !proof)) return undefined;
  return {
    id,
    zone,
    organisation,
    kind,
    aliases,
    written,
    prefixes,
    rasAddress,
    signalAddress,
    tlsAddress,
    source,
    proof,
    tokenTime,
    timeToLive,
    expiresAt,
    almostOutOfResources: value.full === true,
    supportsAltGk: value.altGk === true,
    vendor,
  };
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function pair({ address: host, port }: SocketAddress): readonly [string, number] {
  return [host, port];
}

function address(value: unknown): SocketAddress | undefined {
  if (!Array.isArray(value)) return undefined;
  const [host, port]: readonly unknown[] = value;
  return typeof host === 'string' && isIP(host) !== 0 && isPort(port) ? { address: host, port } : undefined;
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}

function proofOf(value: unknown): Proof | undefined {
  if (!Array.isArray(value)) return undefined;
  const [user, method]: readonly unknown[] = value;
  return typeof user === 'string' && isMethod(method) ? { user, method } : undefined;
}

function aliasOf(value: unknown, key: string): AliasAddress {
  if (!Array.isArray(value)) return aliasAddressOf(key);
  const [type, text]: readonly unknown[] = value;
  return typeof text === 'string' && isTextual(type) ? { type, value: text } : aliasAddressOf(key);
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function isKind(value: unknown): value is EndpointKind {
  return kinds.has(value);
}

function isMethod(value: unknown): value is Proof['method'] {
  return methods.has(value);
}

function isTextual(value: unknown): value is 'dialedDigits' | 'h323-ID' | 'url-ID' | 'email-ID' {
  return textual.has(value);
}
