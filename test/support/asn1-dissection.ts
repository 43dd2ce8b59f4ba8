import type { Asn1Type, BitString, Fields } from '../../src/gatekeeper/h323/asn1/schema.js';
import type { DissectedField } from './dissector.js';

/*
 * Holds a value of a schema against what a dissector read from its encoding: every field of the value, by its name in the Recommendation, has to be
 * in the dissection, in the same order and with the same value. What the dissector says beyond that (names of types, of manufacturers) is passed over.
 */

interface Reading {
  /** The way to it: `admissionRequest.srcInfo.dialedDigits`. */
  readonly path: string;
  readonly name: string;
  /** What the dissection has to show for it: a value, the number of items, the index of an alternative. */
  readonly matches: ((field: DissectedField) => boolean) | undefined;
  readonly shown: string;
}

/** Where tshark spells a name in another way. */
const spelt = new Map([
  ['dialedDigits', 'dialledDigits'],
  ['callSignaling', 'callSignalling'],
  ['h245Tunneling', 'h245Tunnelling'],
  ['provisionalRespToH245Tunneling', 'provisionalRespToH245Tunnelling'],
  ['releaseCompleteReason', 'reason'],
]);

/** The first disagreement as a sentence, or undefined: they agree. */
export function disagreement<T>(type: Asn1Type<T>, value: T, dissected: DissectedField): string | undefined {
  const theirs = flat(dissected);
  let at = 0;
  for (const { path, name, matches, shown } of readings(type, value, '')) {
    const wanted = spelt.get(name) ?? name;
    const from = at;
    while (at < theirs.length && theirs[at]?.label !== wanted) at++;
    const field = theirs[at++];
    if (!field) {
      const next = theirs.slice(from, from + 6).map((one) => `${one.label}=${one.show}`);
      return `${path}: the dissector has none; next it has ${next.join(', ') || 'nothing'}`;
    }
    if (matches && !matches(field)) return `${path}: ${shown} here; the dissector shows "${field.show}", octets ${field.value}`;
  }
  return undefined;
}

function flat(field: DissectedField): DissectedField[] {
  return field.fields.flatMap((one) => (one.label === '' ? flat(one) : [one, ...flat(one)]));
}

function readings({ node }: Asn1Type<unknown>, value: unknown, path: string): Reading[] {
  switch (node.kind) {
    case 'sequence': {
      const fields = { ...node.fields, ...node.extensions };
      return Object.entries(fields).flatMap(([name, field]) => fieldReadings(name, typeOf(field), property(value, name), path));
    }
    case 'choice': {
      const name = String(property(value, 'type'));
      const type = node.alternatives[name] ?? node.extensions?.[name];
      return type ? fieldReadings(name, type, property(value, 'value'), path) : [];
    }
    case 'sequenceOf':
      return Array.isArray(value) ? value.flatMap((one, at) => readings(node.element, one, `${path}[${at}]`)) : [];
    case 'lazy':
      return readings(node.type(), value, path);
    case 'openType':
      return node.content ? readings(node.content, value, path) : [];
    default:
      return [];
  }
}

function fieldReadings(name: string, type: Asn1Type<unknown>, value: unknown, above: string): Reading[] {
  if (value === undefined || isEmptyBitString(type, value)) return [];
  const path = above === '' ? name : `${above}.${name}`;
  const matches = leafMatcher(type, value);
  return [{ path, name, matches, shown: String(show(value)) }, ...readings(type, value, path)];
}

/** Of which the dissector says nothing. */
const isEmptyBitString = ({ node }: Asn1Type<unknown>, value: unknown): boolean =>
  node.kind === 'bitString' && (value as BitString).length === 0;

function leafMatcher({ node }: Asn1Type<unknown>, value: unknown): ((field: DissectedField) => boolean) | undefined {
  switch (node.kind) {
    case 'boolean':
      return ({ show: shown }) => (value ? ['1', 'True'] : ['0', 'False']).includes(shown);
    case 'integer':
      return ({ show: shown }) => Number(shown) === value || seconds(shown) === value;
    case 'enumerated':
      return ({ show: shown }) => Number(shown) === [...node.names, ...(node.extensions ?? [])].indexOf(String(value));
    case 'octetString':
      return ({ value: octets }) => octets === show(value);
    case 'bitString':
      return ({ value: octets }) => octets === show((value as BitString).bytes);
    case 'objectIdentifier':
    case 'string':
    case 'generalString':
      return ({ show: shown }) => shown === value;
    case 'null':
    case 'sequence':
      return ({ show: shown }) => shown === '';
    case 'sequenceOf':
      return ({ show: shown }) => Array.isArray(value) && Number(shown) === value.length;
    case 'choice': {
      const names = [...Object.keys(node.alternatives), ...Object.keys(node.extensions ?? {})];
      return ({ show: shown }) => Number(shown) === names.indexOf(String(property(value, 'type')));
    }
    default:
      return undefined;
  }
}

/** Of a point in time as tshark writes it: `Nov 22, 1989 00:37:34.000000000 UTC`. */
const seconds = (shown: string): number => Date.parse(shown.replace(/\.\d+/, '')) / 1000;

const typeOf = (field: Fields[string]): Asn1Type<unknown> =>
  'optional' in field ? field.optional : 'defaulted' in field ? field.defaulted : field;

const property = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

const show = (value: unknown): unknown => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : JSON.stringify(value));
