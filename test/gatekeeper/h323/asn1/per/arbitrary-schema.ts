import fc from 'fast-check';
import {
  type Alternatives,
  type Asn1Type,
  boolean,
  choice,
  enumerated,
  type Fields,
  generalString,
  integer,
  lazy,
  nothing,
  objectIdentifier,
  openType,
  optional,
  type Size,
  type StringKind,
  sequence,
  withDefault,
} from '../../../../../src/gatekeeper/h323/asn1/schema.js';

/*
 * Schemas: every kind of type with every kind of constraint, inside each other. Bounds lie where PER changes its mind: 255, 256, 64K.
 */

type AnyType = Asn1Type<unknown>;

/** How many types may lie in each other, the outermost apart. */
const DEEPEST = 3;

const bounds = [0, 1, 2, 3, 4, 15, 16, 17, 63, 64, 127, 128, 254, 255, 256, 257, 65_534, 65_535, 65_536, 65_537, 16_777_215, 4_294_967_295];

const integers: fc.Arbitrary<Asn1Type<number>> = fc
  .record({
    min: fc.option(fc.oneof(fc.constantFrom(...bounds), fc.integer({ min: -300, max: 70_000 })), { nil: undefined }),
    range: fc.option(fc.oneof(fc.constantFrom(...bounds), fc.integer({ min: 0, max: 0x7fffffff })), { nil: undefined }),
    extensible: fc.boolean(),
  })
  .map(({ min, range, extensible }) => {
    // From a negative bound on, the safe integers do not hold every distance.
    if (range === undefined) return integer(min === undefined ? undefined : Math.max(0, min), undefined, { extensible });
    return integer(min, (min ?? 0) + range, { extensible });
  });

const sizes = (fixed: readonly number[]): fc.Arbitrary<Size> =>
  fc
    .record({
      min: fc.constantFrom(...fixed),
      more: fc.option(fc.constantFrom(0, 0, 1, 2, 7, 128, 254, 255, 256, 65_000, 65_535, 65_536), { nil: undefined }),
      extensible: fc.boolean(),
    })
    .map(({ min, more, extensible }) => {
      // Values of an extensible size go beyond it: a small one, so that they stay small.
      const most = more === undefined ? undefined : min + (extensible ? more % 8 : more);
      return { min, max: most, extensible };
    });

const stringSizes = sizes([0, 1, 2, 3, 4, 5, 16, 17, 20]);

const alphabets = fc
  .uniqueArray(fc.integer({ min: 0, max: 127 }), { minLength: 1, maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes.sort((a, b) => a - b)));

const strings: fc.Arbitrary<AnyType> = fc
  .record({
    type: fc.constantFrom<StringKind>('ia5', 'numeric', 'printable', 'visible', 'bmp'),
    from: fc.option(alphabets, { nil: undefined }),
    size: stringSizes,
  })
  .map(({ type, from, size }) => ({ node: { kind: 'string', type, alphabet: type === 'ia5' ? from : undefined, size } }));

const enumerations: fc.Arbitrary<Asn1Type<string>> = fc
  .record({ roots: fc.integer({ min: 1, max: 9 }), extensions: fc.option(fc.constantFrom(0, 1, 3, 70), { nil: undefined }) })
  .map(({ roots, extensions }) => {
    const names = Array.from({ length: roots }, (_, index) => `r${index}`);
    return extensions === undefined
      ? enumerated(names)
      : enumerated(
          names,
          Array.from({ length: extensions }, (_, index) => `x${index}`),
        );
  });

const simple: fc.Arbitrary<AnyType> = fc.oneof(
  fc.constantFrom<AnyType>(boolean, nothing, objectIdentifier, generalString, openType()),
  integers,
  enumerations,
  strings,
  stringSizes.map((size): AnyType => ({ node: { kind: 'octetString', size } })),
  stringSizes.map((size): AnyType => ({ node: { kind: 'bitString', size } })),
);

const defaults: fc.Arbitrary<Fields[string]> = fc.oneof(
  fc.boolean().map((value) => withDefault(boolean, value)),
  fc.integer({ min: 0, max: 300 }).map((value) => withDefault(integer(0, 300), value)),
);

const { any } = fc.letrec<{ any: AnyType }>((tie) => {
  const inner = tie('any');
  const fields = fc
    .array(fc.oneof(inner, inner.map(optional), defaults), { maxLength: 6 })
    .map((list): Fields => Object.fromEntries(list.map((field, index) => [`f${index}`, field])));
  const named = (prefix: string, minLength: number): fc.Arbitrary<Alternatives> =>
    fc.array(inner, { minLength, maxLength: 5 }).map((list) => Object.fromEntries(list.map((type, index) => [`${prefix}${index}`, type])));
  const additions = named('x', 0);
  return {
    any: fc.oneof(
      { maxDepth: DEEPEST, depthIdentifier: 'schema' },
      simple,
      fc.tuple(fields, fc.option(additions)).map(([roots, extensions]) => (extensions ? sequence(roots, extensions) : sequence(roots))),
      fc.tuple(named('a', 1), fc.option(additions)).map(([roots, extensions]) => (extensions ? choice(roots, extensions) : choice(roots))),
      fc.tuple(inner, sizes([0, 0, 1, 2, 5])).map(([element, size]): AnyType => ({ node: { kind: 'sequenceOf', element, size } })),
      inner.map((content) => openType(content)),
      simple.map((type) => lazy(() => type)),
    ),
  };
});

export const schemas: fc.Arbitrary<AnyType> = any;

/** The same type as a Recommendation had it before its last additions: `keep` says how many of a type's additions are left, of how many. */
export function olderVersion(type: AnyType, keep: (additions: number) => number): AnyType {
  const { node } = type;
  switch (node.kind) {
    case 'sequence':
      return {
        node: {
          ...node,
          fields: mapValues(node.fields, (field) => olderField(field, keep)),
          extensions: node.extensions && first(node.extensions, keep, (field) => olderField(field, keep)),
        },
      };
    case 'choice':
      return {
        node: {
          ...node,
          alternatives: mapValues(node.alternatives, (alternative) => olderVersion(alternative, keep)),
          extensions: node.extensions && first(node.extensions, keep, (alternative) => olderVersion(alternative, keep)),
        },
      };
    case 'sequenceOf':
      return { node: { ...node, element: olderVersion(node.element, keep) } };
    case 'openType':
      return { node: { ...node, content: node.content && olderVersion(node.content, keep) } };
    case 'lazy':
      return olderVersion(node.type(), keep);
    default:
      return type;
  }
}

function olderField(field: Fields[string], keep: (additions: number) => number): Fields[string] {
  if ('optional' in field) return optional(olderVersion(field.optional, keep));
  return 'defaulted' in field ? field : olderVersion(field, keep);
}

function first<T>(from: Readonly<Record<string, T>>, keep: (count: number) => number, map: (value: T) => T): Record<string, T> {
  const entries = Object.entries(from);
  return mapValues(Object.fromEntries(entries.slice(0, keep(entries.length))), map);
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
