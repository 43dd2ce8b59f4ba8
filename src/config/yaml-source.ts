import { type Document, isAlias, isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Finding } from './finding.js';

/** A place in the file by keys and list indices: `['organisations', 'region-norr', 'series', 0, 'prefix']`. */
export type Path = readonly PropertyKey[];

/** Every scalar is the text that stands in the file: `0046` is not 46 and `yes` is not true until a schema says so. */
export type Raw = string | Raw[] | { [key: string]: Raw };

export interface YamlSource {
  readonly file: string;
  /** Undefined: the text is not YAML, or has no mapping at its top. */
  readonly root: Raw | undefined;
  /** YAML's own errors, duplicate keys among them. */
  readonly findings: readonly Finding[];
  /** A finding about the value at the path, or the nearest thing around it that is there. `at: 'key'`: about the key. */
  finding(severity: Finding['severity'], path: Path, message: string, hint: string, at?: 'key' | 'value'): Finding;
}

/** No alias may make more than this out of a small file. Shipped plans have none. */
const MAX_ALIASES = 100;

/** Both files have seven levels. */
const MAX_DEPTH = 20;

/** Reads YAML 1.2 and keeps every position. Pure; never throws. */
export function readYaml(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  const document = parse(text, lines);
  const place = (offset: number): Pick<Finding, 'line' | 'column'> => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const findings: Finding[] = [];
  const report = (offset: number, message: string, hint: string): void => {
    findings.push({ severity: 'error', file, ...place(offset), message, hint });
  };
  for (const error of [...document.errors, ...document.warnings]) {
    const [message, hint] = explain(error.code, error.message, text.slice(error.pos[0], error.pos[0] + 100));
    report(error.pos[0], message, hint);
  }
  const usable = document.errors.every((error) => error.code === 'DUPLICATE_KEY');
  const root = usable ? toRaw(document, report) : undefined;
  return {
    file,
    root,
    findings,
    finding: (severity, path, message, hint, at = 'value') => ({ severity, file, ...place(offsetOf(document, path, at)), message, hint }),
  };
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed {
  // The failsafe schema leaves every scalar a string, so that what a person wrote is what gets checked.
  const options = { lineCounter, schema: 'failsafe', prettyErrors: false, uniqueKeys: true } as const;
  try {
    return parseDocument(text, options);
  } catch {
    // The parser calls itself for every level: thousands of brackets exhaust the stack.
    return parseDocument('[', options);
  }
}

function explain(code: string, message: string, text: string): [message: string, hint: string] {
  const first = message.split('\n')[0]?.replace(/[.:]?\s*$/, '') ?? message;
  switch (code) {
    case 'DUPLICATE_KEY':
      return [
        `the key '${
          text
            .split(/[:\n]/)[0]
            ?.trim()
            .replace(/^(['"])(.*)\1$/, '$2') ?? ''
        }' stands here twice`,
        'keep one of the two',
      ];
    case 'TAB_AS_INDENT':
      return ['a tab is used to indent', 'indent with spaces'];
    case 'BAD_INDENT':
      return [`this is indented otherwise than its neighbours (${first})`, 'give all keys of one mapping the same number of spaces'];
    case 'MISSING_CHAR':
      return [`a character is missing (${first})`, 'close every quote and bracket, and put a comma or a line break between entries'];
    default:
      return [`this is not YAML (${first})`, 'look for a missing colon, quote or space before this place'];
  }
}

function toRaw(document: Document.Parsed, report: (offset: number, message: string, hint: string) => void): Raw | undefined {
  let aliases = 0;
  const convert = (node: unknown, depth: number): Raw | undefined => {
    if (depth > MAX_DEPTH) {
      report(offsetOfNode(node), `this is nested more than ${MAX_DEPTH} levels deep`, 'close the brackets before it');
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(document);
      const offset = node.range?.[0] ?? 0;
      if (target === undefined || ++aliases > MAX_ALIASES) {
        report(offset, `the alias *${node.source} cannot be resolved`, 'write the value itself');
        return undefined;
      }
      if (isCollection(target)) {
        report(offset, 'an alias stands for a whole block here', 'write the block out: findings need a place of their own');
        return undefined;
      }
      return convert(target, depth);
    }
    if (isScalar(node)) return String(node.value ?? '');
    if (isSeq(node)) return node.items.map((item) => convert(item, depth + 1) ?? '');
    if (!isMap(node)) return undefined;
    const result: { [key: string]: Raw } = Object.create(null) as { [key: string]: Raw };
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value ?? '') : undefined;
      // The first of two equal keys stands; the second has its own finding.
      if (name === undefined) report(offsetOfNode(key), 'a key is not plain text', 'write a word as the key');
      else if (!Object.hasOwn(result, name)) result[name] = convert(value, depth + 1) ?? '';
    }
    return result;
  };
  // An empty file is a mapping without keys: what must be there is for the schema to say.
  const root = document.contents === null ? {} : convert(document.contents, 0);
  if (root === undefined || typeof root !== 'object') {
    if (root !== undefined && root !== '')
      report(offsetOfNode(document.contents), 'the file has no keys at its top', "write 'key: value' lines");
    return undefined;
  }
  return root;
}

function offsetOf(document: Document.Parsed, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = offsetOfNode(node);
  for (const [depth, step] of path.entries()) {
    let next: unknown;
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) return offset;
      next = pair.value;
      const last = depth === path.length - 1;
      // A whole block is found by its key: where a person looks for it. So is an empty value.
      const byKey = (last && at === 'key') || (isCollection(next) && !next.flow) || (isScalar(next) && next.range?.[0] === next.range?.[1]);
      offset = offsetOfNode(byKey ? pair.key : next);
    } else if (isSeq(node)) {
      next = node.items[Number(step)];
      if (next === undefined) return offset;
      offset = offsetOfNode(next);
    } else {
      return offset;
    }
    node = next;
  }
  return offset;
}

function offsetOfNode(node: unknown): number {
  return isCollection(node) || isScalar(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0;
}
