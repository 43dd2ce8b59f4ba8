import fc from 'fast-check';
import {
  type Alternatives,
  type Asn1Type,
  type Fields,
  type Node,
  type Size,
  type StringKind,
  UNKNOWN,
} from '../../src/gatekeeper/h323/asn1/schema.js';

/*
 * From a schema, values of it: every field, alternative and extension addition turns up, additions and alternatives that the schema does not know
 * among them. The deeper, the fewer optional fields, so that a message of a hundred fields stays a message.
 */

/** How often one type is followed into itself. */
const DEEPEST_LAZY = 2;
/** From here on down only what has to be there. */
const DEEPEST_OPTIONAL = 7;

const PRINTABLE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 '()+,-./:=?";
const range = (first: number, last: number): string =>
  String.fromCharCode(...Array.from({ length: last - first + 1 }, (_, i) => first + i));
const CHARACTERS: Record<Exclude<StringKind, 'bmp'>, string> = {
  ia5: range(0x00, 0x7f),
  visible: range(0x20, 0x7e),
  printable: PRINTABLE,
  numeric: ' 0123456789',
};

interface Place {
  readonly depth: number;
  readonly lazies: number;
}

/** Undefined where a type has no value that ends: one that has to hold itself once more. */
type Found = fc.Arbitrary<unknown> | undefined;

export interface ArbitraryOptions {
  /**
   * For other readers than ours: no additions and alternatives that the schema does not know, whole numbers of 32 bits, and text of letters and
   * digits alone where no alphabet is given.
   */
  readonly plainest?: boolean;
  /** Types of which no value is made: fields and alternatives that would hold one are left out. */
  readonly except?: readonly Asn1Type<unknown>[];
}

export function arbitraryOf<T>(type: Asn1Type<T>, { plainest = false, except = [] }: ArbitraryOptions = {}): fc.Arbitrary<T> {
  const made = new Map<string, Found>();
  const numbers = new Map<Node, number>();
  const excepted = new Set(except.map(({ node }) => node));

  const of = ({ node }: Asn1Type<unknown>, place: Place): Found => {
    if (excepted.has(node)) return undefined;
    const number = numbers.get(node) ?? numbers.size;
    numbers.set(node, number);
    const key = `${number} ${place.depth} ${place.lazies}`;
    if (!made.has(key)) made.set(key, make(node, place));
    return made.get(key);
  };

  const make = (node: Node, place: Place): Found => {
    switch (node.kind) {
      case 'boolean':
        return fc.boolean();
      case 'null':
        return fc.constant(null);
      case 'integer': {
        const inside = integers(node.min ?? (plainest ? -0x80000000 : undefined), node.max ?? (plainest ? 0x7fffffff : undefined));
        return node.extensible && !plainest
          ? fc.oneof({ weight: 4, arbitrary: inside }, { weight: 1, arbitrary: fc.maxSafeInteger() })
          : inside;
      }
      case 'enumerated':
        return fc.constantFrom(...node.names, ...(node.extensions ?? []));
      case 'octetString':
        return lengths(node.size, 24).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
      case 'bitString':
        return lengths(node.size, 40).chain(bits);
      case 'objectIdentifier':
        return objectIdentifiers;
      case 'string':
        return lengths(node.size, 12).chain((length) =>
          fc.string({ unit: characters(node.type, node.alphabet, plainest), minLength: length, maxLength: length }),
        );
      case 'generalString':
        return fc.string({ unit: plainest ? characters('visible', undefined, plainest) : latin1, maxLength: 12 });
      case 'openType':
        return node.content ? of(node.content, deeper(place)) : fc.uint8Array({ minLength: 1, maxLength: 20 });
      case 'sequenceOf': {
        const element = of(node.element, deeper(place));
        if (!element) return node.size.min === 0 && !excepted.has(node.element.node) ? fc.constant([]) : undefined;
        return lengths(node.size, 2).chain((length) => fc.array(element, { minLength: length, maxLength: length }));
      }
      case 'sequence':
        return sequences(node.fields, node.extensions, place);
      case 'choice':
        return choices(node.alternatives, node.extensions, place);
      case 'lazy':
        return place.lazies >= DEEPEST_LAZY ? undefined : of(node.type(), { ...place, lazies: place.lazies + 1 });
    }
  };

  const sequences = (fields: Fields, extensions: Fields | undefined, place: Place): Found => {
    const names: string[] = [];
    const values: fc.Arbitrary<unknown>[] = [];
    for (const [name, field] of Object.entries(fields)) {
      const value = of('optional' in field ? field.optional : 'defaulted' in field ? field.defaulted : field, deeper(place));
      if ('optional' in field) {
        if (value) values.push(sometimes(value, place));
      } else if ('defaulted' in field && value) values.push(fc.oneof(fc.constant(field.value), value));
      else if (value) values.push(value);
      else return undefined;
      if (value) names.push(name);
    }
    for (const [name, field] of Object.entries(extensions ?? {})) {
      const value = of('optional' in field ? field.optional : 'defaulted' in field ? field.defaulted : field, deeper(place));
      if (!value) continue;
      names.push(name);
      values.push(sometimes(value, place));
    }
    const unknown =
      extensions && !plainest
        ? fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: unknownAdditions })
        : fc.constant(undefined);
    return fc.tuple(unknown, ...values).map(([additions, ...found]) => {
      const value: Record<string | symbol, unknown> = {};
      for (const [at, name] of names.entries()) if (found[at] !== undefined) value[name] = found[at];
      if (additions) value[UNKNOWN] = additions;
      return value;
    });
  };

  const choices = (alternatives: Alternatives, extensions: Alternatives | undefined, place: Place): Found => {
    const found: fc.WeightedArbitrary<unknown>[] = [];
    for (const [name, alternative] of [...Object.entries(alternatives), ...Object.entries(extensions ?? {})]) {
      const value = of(alternative, deeper(place));
      if (value) found.push({ weight: 4, arbitrary: value.map((inner) => ({ type: name, value: inner })) });
    }
    if (extensions && !plainest) found.push({ weight: 1, arbitrary: unknownAlternative(Object.keys(extensions).length) });
    return found.length > 0 ? fc.oneof(...found) : undefined;
  };

  const whole = of(type, { depth: 0, lazies: 0 });
  if (!whole) throw new Error('a value of this type holds itself without an end');
  return whole as fc.Arbitrary<T>;
}

/**
 * A value as it compares: octets in hexadecimal, absent fields away, unknown additions under a name. Two values are the same exactly when these are.
 */
export function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  const unknown: unknown = UNKNOWN in value ? value[UNKNOWN] : undefined;
  return Object.fromEntries(
    [...fields, ...(unknown === undefined ? [] : [['(unknown additions)', unknown]])].map(([name, field]) => [name, plain(field)]),
  );
}

const deeper = ({ depth, lazies }: Place): Place => ({ depth: Math.min(depth + 1, DEEPEST_OPTIONAL), lazies });

function sometimes(value: fc.Arbitrary<unknown>, { depth }: Place): fc.Arbitrary<unknown> {
  const absent = fc.constant(undefined);
  return depth >= DEEPEST_OPTIONAL ? absent : fc.oneof({ weight: 1 + depth, arbitrary: absent }, { weight: 1, arbitrary: value });
}

const unknownAdditions = fc
  .tuple(
    fc.array(fc.option(fc.uint8Array({ minLength: 1, maxLength: 6 }), { nil: undefined }), { maxLength: 2 }),
    fc.uint8Array({ minLength: 1, maxLength: 6 }),
  )
  .map(([before, last]) => [...before, last]);

const unknownAlternative = (known: number): fc.Arbitrary<unknown> =>
  fc
    .record({ index: fc.integer({ min: known, max: known + 80 }), value: fc.uint8Array({ minLength: 1, maxLength: 6 }) })
    .map(({ index, value }) => ({ type: 'unknown', index, value }));

function integers(min: number | undefined, max: number | undefined): fc.Arbitrary<number> {
  const lowest = min ?? Number.MIN_SAFE_INTEGER;
  const highest = max ?? Number.MAX_SAFE_INTEGER;
  const near = fc.integer({ min: Math.max(lowest, -300), max: Math.min(highest, Math.max(lowest, 0) + 300) });
  const anywhere = fc.maxSafeInteger().map((n) => (n >= lowest && n <= highest ? n : lowest + (Math.abs(n) % (highest - lowest + 1))));
  return fc.oneof(near, anywhere, fc.constantFrom(lowest, highest));
}

/** Mostly short; at times the least and the greatest that is allowed, or beyond where the size is extensible. */
function lengths({ min, max, extensible }: Size, usual: number): fc.Arbitrary<number> {
  const short = fc.integer({ min, max: Math.min(max ?? min + usual, min + usual) });
  const edges = [min, ...(max !== undefined && max <= min + 20 * usual ? [max] : [])];
  const beyond = extensible && max !== undefined ? [{ weight: 2, arbitrary: fc.integer({ min: max + 1, max: max + 3 }) }] : [];
  return fc.oneof({ weight: 12, arbitrary: short }, { weight: 1, arbitrary: fc.constantFrom(...edges) }, ...beyond);
}

const latin1 = fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code));

const bits = (length: number): fc.Arbitrary<unknown> => {
  const octets = Math.ceil(length / 8);
  return fc.uint8Array({ minLength: octets, maxLength: octets }).map((random) => {
    const bytes = Uint8Array.from(random);
    // What lies behind the last bit of a bit string means nothing; zeros let two values compare.
    if (length % 8 > 0) bytes[octets - 1] = (bytes[octets - 1] ?? 0) & (0xff << (8 - (length % 8)));
    return { bytes, length };
  });
};

function characters(type: StringKind, alphabet: string | undefined, plainest: boolean): fc.Arbitrary<string> {
  if (alphabet !== undefined) return fc.constantFrom(...alphabet);
  if (plainest) return fc.constantFrom(...(type === 'numeric' ? '0123456789' : 'norr1SYD2'));
  if (type === 'bmp')
    return fc.oneof(
      fc.constantFrom(...'norr1åäö'),
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
    );
  return fc.constantFrom(...CHARACTERS[type]);
}

const objectIdentifiers = fc
  .tuple(
    fc.oneof(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 39 })), fc.tuple(fc.constant(2), fc.integer({ min: 0, max: 1000 }))),
    fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffffffff })), { maxLength: 8 }),
  )
  .map(([roots, arcs]) => [...roots, ...arcs].join('.'));
