/*
 * The words an ASN.1 module is written in here: data, from which `per/` makes an encoder and a decoder, and TypeScript the type of a value.
 *
 *   export const TransportQOS = choice({ endpointControlled: nothing, gatekeeperControlled: nothing }, { noControl: nothing });
 *   export type TransportQOS = ValueOf<typeof TransportQOS>;
 *
 * Names are those of the Recommendation, letter for letter (`'h323-ID'`), so that a field is found there and in a dissector alike.
 */

declare const VALUE: unique symbol;

/** An ASN.1 type; `T` is what its values are in TypeScript. */
export interface Asn1Type<T> {
  readonly node: Node;
  /** Carries `T` for the compiler alone; never there. */
  readonly [VALUE]?: T;
}

export type ValueOf<S> = S extends Asn1Type<infer T> ? T : never;

/** What a type is made of: the whole grammar that `per/` knows. */
export type Node =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'null' }
  | { readonly kind: 'integer'; readonly min: number | undefined; readonly max: number | undefined; readonly extensible: boolean }
  | { readonly kind: 'enumerated'; readonly names: readonly string[]; readonly extensions: readonly string[] | undefined }
  | { readonly kind: 'octetString'; readonly size: Size }
  | { readonly kind: 'bitString'; readonly size: Size }
  | { readonly kind: 'objectIdentifier' }
  /** A string with a known multiplier (X.691 §30): `alphabet` in canonical order, undefined for all of the type's characters. */
  | { readonly kind: 'string'; readonly type: StringKind; readonly alphabet: string | undefined; readonly size: Size }
  /** GeneralString and its like: octets behind a length determinant. */
  | { readonly kind: 'generalString' }
  | { readonly kind: 'openType'; readonly content: Asn1Type<unknown> | undefined }
  | { readonly kind: 'sequenceOf'; readonly element: Asn1Type<unknown>; readonly size: Size }
  | { readonly kind: 'sequence'; readonly fields: Fields; readonly extensions: Fields | undefined }
  | { readonly kind: 'choice'; readonly alternatives: Alternatives; readonly extensions: Alternatives | undefined }
  | { readonly kind: 'lazy'; readonly type: () => Asn1Type<unknown> };

export type StringKind = 'ia5' | 'numeric' | 'printable' | 'visible' | 'bmp';

/** SIZE(min..max); `max` undefined: no upper bound. `extensible`: SIZE(min..max, ...). */
export interface Size {
  readonly min: number;
  readonly max: number | undefined;
  readonly extensible: boolean;
}

export interface OptionalField<T> {
  readonly optional: Asn1Type<T>;
}

/** Always there in a decoded value; left out of the encoding when it equals the default (X.691 §19.5). Simple types only. */
export interface DefaultField<T> {
  readonly defaulted: Asn1Type<T>;
  readonly value: T;
}

type Field = Asn1Type<unknown> | OptionalField<unknown> | DefaultField<unknown>;
export type Fields = Readonly<Record<string, Field>>;
export type Alternatives = Readonly<Record<string, Asn1Type<unknown>>>;

/**
 * Extension additions of a sequence that this schema does not know, by their place after the last one that it knows (0 is the next); undefined
 * where one is absent. Kept in a decoded value, and encoded again: what we do not understand is passed on as it came.
 */
export const UNKNOWN: unique symbol = Symbol('unknown extension additions');

/** A bit string: `length` bits, in `bytes` from the highest bit of the first byte on. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** An alternative behind the `...` of a choice that the schema does not know: `index` counts from the first extension (0). */
export interface UnknownAlternative {
  readonly type: 'unknown';
  readonly index: number;
  readonly value: Uint8Array;
}

type FieldValue<F> = F extends Asn1Type<infer T> ? T : F extends OptionalField<infer T> ? T : F extends DefaultField<infer T> ? T : never;

type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends OptionalField<unknown> ? K : never }[keyof F];

type Flat<T> = { readonly [K in keyof T]: T[K] };

type SequenceValue<F extends Fields, E extends Fields> = Flat<
  { [K in Exclude<keyof F, OptionalKeys<F>>]: FieldValue<F[K]> } & { [K in OptionalKeys<F>]?: FieldValue<F[K]> | undefined } & {
    [K in keyof E]?: FieldValue<E[K]> | undefined;
  } & { [UNKNOWN]?: readonly (Uint8Array | undefined)[] | undefined }
>;

type ChoiceValue<A extends Alternatives> = { [K in keyof A & string]: { readonly type: K; readonly value: ValueOf<A[K]> } }[keyof A &
  string];

type None = Readonly<Record<never, never>>;

const make = <T>(node: Node): Asn1Type<T> => ({ node });

const sized = (min = 0, max?: number, extensible = false): Size => ({ min, max, extensible });

export const boolean: Asn1Type<boolean> = make({ kind: 'boolean' });

/** NULL, whose one value is `null`. */
export const nothing: Asn1Type<null> = make({ kind: 'null' });

/** INTEGER(min..max), or without bounds. Values beyond the safe integers of JavaScript are not decoded. */
export function integer(min?: number, max?: number, options: { readonly extensible?: boolean } = {}): Asn1Type<number> {
  return make({ kind: 'integer', min, max, extensible: options.extensible ?? false });
}

export function enumerated<const N extends string>(names: readonly N[]): Asn1Type<N>;
export function enumerated<const N extends string, const E extends string>(names: readonly N[], extensions: readonly E[]): Asn1Type<N | E>;
export function enumerated(names: readonly string[], extensions?: readonly string[]): Asn1Type<string> {
  return make({ kind: 'enumerated', names, extensions });
}

/** OCTET STRING (SIZE(min..max)). A decoded value is a view of what was decoded, not a copy: whoever keeps it copies it. */
export function octetString(min?: number, max?: number): Asn1Type<Uint8Array> {
  return make({ kind: 'octetString', size: sized(min, max) });
}

export function bitString(min?: number, max?: number): Asn1Type<BitString> {
  return make({ kind: 'bitString', size: sized(min, max) });
}

/** In dotted decimal: `0.0.8.2250.0.7`. */
export const objectIdentifier: Asn1Type<string> = make({ kind: 'objectIdentifier' });

/** IA5String; `alphabet` is the FROM constraint, in any order. */
export function ia5String(min?: number, max?: number, alphabet?: string): Asn1Type<string> {
  return make({ kind: 'string', type: 'ia5', alphabet: alphabet && canonicalOrder(alphabet), size: sized(min, max) });
}

export function numericString(min?: number, max?: number, alphabet?: string): Asn1Type<string> {
  return make({ kind: 'string', type: 'numeric', alphabet: alphabet && canonicalOrder(alphabet), size: sized(min, max) });
}

export function printableString(min?: number, max?: number): Asn1Type<string> {
  return make({ kind: 'string', type: 'printable', alphabet: undefined, size: sized(min, max) });
}

export function visibleString(min?: number, max?: number): Asn1Type<string> {
  return make({ kind: 'string', type: 'visible', alphabet: undefined, size: sized(min, max) });
}

/** BMPString: UCS-2, so what lies outside the Basic Multilingual Plane travels as a pair of surrogates, as in JavaScript. */
export function bmpString(min?: number, max?: number): Asn1Type<string> {
  return make({ kind: 'string', type: 'bmp', alphabet: undefined, size: sized(min, max) });
}

/** GeneralString, one character an octet (Latin-1): escape sequences stay as they are. */
export const generalString: Asn1Type<string> = make({ kind: 'generalString' });

/** An open type: the encoding of a type behind a length. Without `content` its bytes, as they are. */
export function openType(): Asn1Type<Uint8Array>;
export function openType<T>(content: Asn1Type<T>): Asn1Type<T>;
export function openType(content?: Asn1Type<unknown>): Asn1Type<unknown> {
  return make({ kind: 'openType', content });
}

/** SEQUENCE OF and SET OF, which PER encodes alike. */
export function sequenceOf<T>(element: Asn1Type<T>, min?: number, max?: number): Asn1Type<readonly T[]> {
  return make({ kind: 'sequenceOf', element, size: sized(min, max) });
}

export function optional<T>(type: Asn1Type<T>): OptionalField<T> {
  return { optional: type };
}

export function withDefault<T extends string | number | boolean>(type: Asn1Type<T>, value: T): DefaultField<T> {
  return { defaulted: type, value };
}

/**
 * SEQUENCE. With `extensions` (an empty object for a bare `...`) it is extensible; additions are optional in a value whatever the
 * Recommendation says of them, as an older peer leaves them out.
 */
export function sequence<const F extends Fields>(fields: F): Asn1Type<SequenceValue<F, None>>;
export function sequence<const F extends Fields, const E extends Fields>(fields: F, extensions: E): Asn1Type<SequenceValue<F, E>>;
export function sequence(fields: Fields, extensions?: Fields): Asn1Type<unknown> {
  return make({ kind: 'sequence', fields, extensions });
}

/** CHOICE: a value is `{ type: 'ipAddress', value: … }`. Alternatives in the order of the Recommendation, extensions apart. */
export function choice<const A extends Alternatives>(alternatives: A): Asn1Type<ChoiceValue<A>>;
export function choice<const A extends Alternatives, const E extends Alternatives>(
  alternatives: A,
  extensions: E,
): Asn1Type<ChoiceValue<A> | ChoiceValue<E> | UnknownAlternative>;
export function choice(alternatives: Alternatives, extensions?: Alternatives): Asn1Type<unknown> {
  return make({ kind: 'choice', alternatives, extensions });
}

/** One type under several names, to be spread where the Recommendation lists them: `...each(boolean, 'a', 'b')`. */
export function each<const K extends string, F>(type: F, ...names: readonly K[]): Readonly<Record<K, F>> {
  return Object.fromEntries(names.map((name) => [name, type])) as Record<K, F>;
}

/** A type that contains itself. Its `T` has to be written down: the compiler cannot infer it. */
export function lazy<T>(type: () => Asn1Type<T>): Asn1Type<T> {
  return make({ kind: 'lazy', type });
}

/** X.691 §30.5.2: characters stand in the order of their codes. */
function canonicalOrder(alphabet: string): string {
  return [...new Set(alphabet)].sort((a, b) => (a.codePointAt(0) ?? 0) - (b.codePointAt(0) ?? 0)).join('');
}
