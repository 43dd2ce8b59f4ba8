import { z } from 'zod';
import type { Finding } from './finding.js';
import { nearest } from './suggest.js';
import type { Path, YamlSource } from './yaml-source.js';

/*
 * The words both configuration schemas are written in, over zod. A value arrives as the text in the file and leaves as what it means.
 * Every issue carries what was wanted in its message; `readShape` turns issues into findings with a place.
 */

/** What was wanted, as a noun, and an example; travel from schema to finding in zod's one message string. */
interface Wanted {
  readonly what: string;
  readonly example: string;
  /** The value is never shown. */
  readonly secret?: boolean;
  /** The keys of all kinds of a block whose own kind cannot be told: no other can be right. */
  readonly keys?: readonly string[];
  /** What a missing or unreadable value is taken for, so that what is around it can be checked all the same. Never used beyond that. */
  readonly standIn?: Pruned;
}

const pack = (wanted: Wanted): string => JSON.stringify(wanted);

/** One value. `parse` gives undefined for what it cannot read. */
export function leaf<T>(wanted: Wanted, parse: (text: string) => T | undefined) {
  const message = pack(wanted);
  return z.string({ error: () => message }).transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

export function whole(min: number, max: number, example: number, standIn: Pick<Wanted, 'standIn'> = {}) {
  return leaf({ what: `a whole number from ${min} to ${max}`, example: String(example), ...standIn }, (text) => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

export function text(what: string, example: string, pattern = /^.{1,200}$/u, standIn: Pick<Wanted, 'standIn'> = {}) {
  return leaf({ what, example, ...standIn }, (value) => (pattern.test(value) ? value : undefined));
}

export function secret(what: string, pattern: RegExp) {
  return leaf({ what, example: '', secret: true }, (value) => (pattern.test(value) ? value : undefined));
}

export function flag(example: boolean) {
  return leaf({ what: 'true or false', example: String(example) }, (value) =>
    value === 'true' ? true : value === 'false' ? false : undefined,
  );
}

export function choice<const T extends string>(...values: readonly [T, ...T[]]) {
  const what = values.length === 1 ? `'${values[0]}'` : `one of ${values.join(', ')}`;
  return leaf({ what, example: values[0] }, (value) => values.find((known) => known === value));
}

/** Known keys only; the others become findings of their own, and the rest is read all the same. */
export function block<const S extends z.core.$ZodLooseShape>(
  shape: S,
  example = `{ ${Object.keys(shape).slice(0, 3).join(': …, ')}: … }`,
  standIn: Pick<Wanted, 'standIn'> = {},
) {
  const keys = Object.keys(shape);
  const error: z.core.$ZodErrorMap = (issue) =>
    issue.code === 'unrecognized_keys' ? JSON.stringify(keys) : pack({ what: 'a block of keys', example, ...standIn });
  return z.strictObject(shape, { error });
}

/** Blocks of several kinds, told by the value of one key. Where that one is wrong the others are still known to be keys of some kind, or not. */
export function kinds<const K extends string, const B extends readonly [Kind<K>, ...Kind<K>[]]>(key: K, blocks: B) {
  const values = blocks.map((block) => [...block.shape[key].values].join());
  const keys = [...new Set(blocks.flatMap((block) => Object.keys(block.shape)))];
  const message = pack({ what: `one of ${values.join(', ')}`, example: values[0] ?? '', keys });
  return z.discriminatedUnion(key, blocks, { error: () => message });
}

type Kind<K extends string> = z.ZodObject<Record<K, z.ZodLiteral<string>>>;

/** A list; an entry that was unusable is null in it, so that the indices stay those of the file. */
export function list<S extends z.ZodType>(entry: S, what: string, example: string) {
  return z.array(z.nullable(entry), { error: () => pack({ what, example }) });
}

/** Names a person chose, to blocks. */
export function named<S extends z.ZodType>(entry: S, what: string, example: string) {
  return z.record(z.string(), entry, { error: () => pack({ what, example, standIn: {} }) });
}

/** What was read, with null where a list's entry was taken away. */
type Pruned = string | null | Pruned[] | { [key: string]: Pruned };

export interface Shaped<T> {
  /** Undefined: nothing usable was left. */
  readonly value: T | undefined;
  /** False: parts were left out because of errors, so what they would have supplied cannot be judged. */
  readonly complete: boolean;
  readonly findings: readonly Finding[];
}

/**
 * Reads the source by a schema. Every error of shape comes at once; what has one is left out, with as little around it as possible, so
 * that the rest can still be checked for what it means.
 */
export function readShape<T>(schema: z.ZodType<T>, source: YamlSource): Shaped<T> {
  if (source.root === undefined) return { value: undefined, complete: false, findings: [] };
  const first = schema.safeParse(source.root);
  if (first.success) return { value: first.data, complete: true, findings: [] };
  const findings = first.error.issues.flatMap((issue) => findingsOf(issue, source));
  const pruned: Pruned = structuredClone(source.root);
  let issues = first.error.issues;
  // Every round takes something away, so this ends; a file has few levels to climb.
  for (let round = 0; round < 20; round++) {
    for (const issue of issues) if (!prune(pruned, issue)) return { value: undefined, complete: false, findings };
    const again = schema.safeParse(pruned);
    if (again.success) return { value: again.data, complete: false, findings };
    issues = again.error.issues;
  }
  return { value: undefined, complete: false, findings };
}

function findingsOf(issue: z.core.$ZodIssue, source: YamlSource): Finding[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const known = JSON.parse(issue.message) as string[];
    return issue.keys.map((key) => unknownKey(source, path, key, known));
  }
  const wanted = wantedOf(issue);
  const around = valueAt(source.root, path.slice(0, -1));
  const { keys } = wanted;
  if (keys !== undefined && typeof around === 'object' && !Array.isArray(around)) {
    const unknown = Object.keys(around ?? {}).filter((key) => !keys.includes(key));
    return [wrongValue(source, path, wanted), ...unknown.map((key) => unknownKey(source, path.slice(0, -1), key, keys))];
  }
  return [wrongValue(source, path, wanted)];
}

function unknownKey(source: YamlSource, path: Path, key: string, known: readonly string[]): Finding {
  const near = nearest(key, known);
  const hint = near === undefined ? `take it away; known here: ${known.join(', ')}` : `did you mean '${near}'?`;
  return source.finding('error', [...path, key], `unknown key '${key}'`, hint, 'key');
}

function wrongValue(source: YamlSource, path: Path, wanted: Wanted): Finding {
  // `- norr.example` may stand for `- { name: norr.example }`: then the finding is about the text itself.
  const short = typeof valueAt(source.root, path.slice(0, -1)) === 'string';
  const place = short ? path.slice(0, -1) : path;
  const raw = valueAt(source.root, place);
  const key = place.at(-1);
  const name = typeof key === 'number' ? `entry ${key + 1}` : key === undefined ? 'the file' : `'${String(key)}'`;
  const example = wanted.example === '' || typeof key !== 'string' ? wanted.example : `${key}: ${wanted.example}`;
  const hint = `write ${wanted.what}${example === '' ? '' : `, for example '${example}'`}`;
  if (raw === undefined) return source.finding('error', path, `${name} is missing`, hint);
  if (raw === '') return source.finding('error', path, `${name} has no value`, hint);
  const kind = Array.isArray(raw)
    ? 'a list'
    : typeof raw === 'object'
      ? 'a block of keys'
      : wanted.secret
        ? 'an unusable value'
        : `'${shorten(raw)}'`;
  return source.finding('error', path, `${name} is ${kind}`, hint);
}

function wantedOf(issue: z.core.$ZodIssue): Wanted {
  return issue.message.startsWith('{') ? (JSON.parse(issue.message) as Wanted) : { what: 'something else', example: '' };
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(root: Pruned | undefined, path: Path): Pruned | undefined {
  let value: Pruned | undefined = root;
  for (const step of path) {
    if (Array.isArray(value)) value = value[Number(step)];
    else if (typeof value === 'object' && value !== null) value = Object.hasOwn(value, step) ? value[String(step)] : undefined;
    else return undefined;
  }
  return value;
}

/** Takes away what the issue is about, or puts its stand-in there: an unknown key, a value, or, where one is missing, what it is missing from. */
function prune(root: Pruned, issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'unrecognized_keys') {
    const holder = valueAt(root, issue.path);
    if (typeof holder === 'object' && holder !== null && !Array.isArray(holder)) for (const key of issue.keys) delete holder[key];
    return true;
  }
  const { standIn } = wantedOf(issue);
  const around = valueAt(root, issue.path.slice(0, -1));
  const name = issue.path.at(-1);
  if (standIn !== undefined && typeof name === 'string' && typeof around === 'object' && around !== null && !Array.isArray(around)) {
    around[name] = structuredClone(standIn);
    return true;
  }
  for (let depth = issue.path.length; depth > 0; depth--) {
    const key = issue.path[depth - 1];
    const holder = valueAt(root, issue.path.slice(0, depth - 1));
    // Another issue of this round took it away already.
    if (holder === undefined || holder === null) return true;
    if (Array.isArray(holder)) {
      holder[Number(key)] = null;
      return true;
    }
    if (typeof holder === 'object' && key !== undefined && Object.hasOwn(holder, key)) {
      delete holder[String(key)];
      return true;
    }
  }
  return false;
}
