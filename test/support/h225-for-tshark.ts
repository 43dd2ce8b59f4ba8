import type fc from 'fast-check';
import { DHsetExt, KeyMaterialExt, SIGNED } from '../../src/gatekeeper/h323/asn1/h235.js';
import { SctpParam } from '../../src/gatekeeper/h323/asn1/h245/shared.js';
import type { Asn1Type } from '../../src/gatekeeper/h323/asn1/schema.js';
import { arbitraryOf } from './asn1-arbitrary.js';

/*
 * Values of H.225.0 that tshark 4.0 can read whole: it knows version 7, and looks into some octet strings that are nobody's business.
 */

/** SIGNED{}: tshark does not look into it and then loses its way. The others came after its versions of H.235 and H.245. */
const except = [SIGNED, DHsetExt, KeyMaterialExt, SctpParam];

/** Version 8's only field, in two messages. */
const newerFields: Record<string, string> = { registrationConfirm: 'language', locationConfirm: 'language' };
/** Octets that tshark takes for text. */
const text = new Set(['productId', 'versionId']);

/** H.245 where there has to be H.245, as a real stack wrote it; and nothing where there would have to be H.450. */
const given: Record<string, readonly Uint8Array[]> = {
  h245Control: [Buffer.from('01003280cbb856', 'hex')],
  parallelH245Control: [Buffer.from('01003280cbb856', 'hex')],
  fastStart: [Buffer.from('0000640c201380188d0001007f000001138900800b300080b080018001b80040', 'hex')],
  h4501SupplementaryService: [],
};

export function arbitraryForTshark<T>(type: Asn1Type<T>): fc.Arbitrary<T> {
  return arbitraryOf(type, { plainest: true, except }).map((value) => readable(value, '') as T);
}

function readable(value: unknown, name: string): unknown {
  if (name in given) return given[name];
  if (value instanceof Uint8Array) return text.has(name) ? value.map((octet) => 0x41 + (octet % 26)) : value;
  if (Array.isArray(value)) return value.map((one) => readable(one, ''));
  if (typeof value !== 'object' || value === null) return value;
  // A BMPString without a bound, in H.235: tshark takes its length for -1.
  if ('type' in value && value.type === 'name') return { type: 'flag', value: true };
  if ('type' in value && 'value' in value) return { ...value, value: readable(value.value, String(value.type)) };
  const entries = Object.entries(value).map(([key, field]) => [key, readable(field, key)]);
  const newer = newerFields[name];
  return Object.fromEntries(entries.filter(([key]) => key !== newer));
}
