import { RE2JS } from 're2js';

/** The longest regular expression a plan may hold: keeps the automaton, and so the time of a match, small. */
const MAX_PATTERN_LENGTH = 200;

/**
 * A regular expression of the plan, matched against the whole text.
 *
 * It runs on re2js (RE2's automata in JavaScript), whose time grows with the length of the text alone: no pattern, however it is
 * written, can hang the service. V8's own engine backtracks. Measured on Node 20 for four typical rules and aliases: V8 30 to 180 ns a
 * test, re2js 110 to 1040 ns. So a rule is asked first whether the text begins and ends with the literals that its pattern begins and
 * ends with (some 10 ns); hardly any text that does not match gets further than that.
 */
export class Pattern {
  private constructor(
    readonly source: string,
    private readonly compiled: RE2JS,
    private readonly literals: Literals,
  ) {}

  /** Throws an Error with the reason for a pattern that RE2 has no syntax for, e.g. a back-reference or a look-ahead. */
  static compile(source: string): Pattern {
    if (source.length > MAX_PATTERN_LENGTH) throw new Error(`longer than ${MAX_PATTERN_LENGTH} characters`);
    return new Pattern(source, RE2JS.compile(source), literalsOf(source));
  }

  get groups(): number {
    return this.compiled.groupCount();
  }

  /** Set: the pattern matches exactly the texts that begin so. */
  get prefixOnly(): string | undefined {
    return this.literals.restIsFree ? this.literals.prefix : undefined;
  }

  /** Every text that matches begins so. Often empty. */
  get literalPrefix(): string {
    return this.literals.prefix;
  }

  matches(text: string): boolean {
    return text.startsWith(this.literals.prefix) && text.endsWith(this.literals.suffix) && this.compiled.testExact(text);
  }

  /** The groups of a match of the whole text, the whole at 0; a group that took no part is empty. Undefined: no match. */
  exec(text: string): readonly string[] | undefined {
    if (!this.matches(text)) return undefined;
    const matcher = this.compiled.matcher(text);
    if (!matcher.matches()) return undefined;
    return Array.from({ length: this.groups + 1 }, (_, i) => matcher.group(i) ?? '');
  }
}

interface Literals {
  readonly prefix: string;
  readonly suffix: string;
  readonly restIsFree: boolean;
}

const NONE: Literals = { prefix: '', suffix: '', restIsFree: false };

/**
 * The literal text a pattern begins and ends with, read cautiously: what is not understood counts as not literal, so that the filter
 * can let too much through but never too little.
 */
function literalsOf(source: string): Literals {
  // (?i) would make literals match in another case, and \Q…\E quotes: neither is worth understanding here.
  if (/\(\?(?![:P<])|\\Q/.test(source)) return NONE;
  const body = source.replace(/^\^/, '').replace(/(?<!\\)\$$/, '');
  const parts = tokens(body);
  if (parts === undefined) return NONE;
  const firstOther = parts.findIndex((part) => part.literal === undefined);
  const head = firstOther < 0 ? parts : parts.slice(0, firstOther);
  const lastOther = parts.findLastIndex((part) => part.literal === undefined);
  const tail = parts.slice(lastOther + 1);
  const rest = parts.slice(head.length);
  const free = rest.length === 1 && /^(\.\*|\(\.\*\)|\(\?:\.\*\))$/.test(rest[0]?.text ?? '');
  return { prefix: join(head), suffix: join(tail), restIsFree: free };
}

interface Token {
  readonly text: string;
  /** Absent: anything but exactly one literal character. */
  readonly literal: string | undefined;
}

const join = (parts: readonly Token[]): string => parts.map((part) => part.literal ?? '').join('');

/** The pattern's parts at its outermost level, each with its quantifier. Undefined: a choice at that level, or a bracket left open. */
function tokens(body: string): Token[] | undefined {
  const parts: Token[] = [];
  let at = 0;
  while (at < body.length) {
    const start = at;
    const char = body.charAt(at);
    let literal: string | undefined;
    if (char === '|') return undefined;
    if (char === '\\') {
      const next = body.charAt(at + 1);
      literal = /^[^a-zA-Z0-9]$/.test(next) ? next : undefined;
      // \pL, \x41, \x{e5}, \p{Greek}: longer than two characters. What follows would be taken for a literal.
      if (/^[pPxu0-9]$/.test(next)) return undefined;
      at += 2;
    } else if (char === '[' || char === '(') {
      const end = char === '[' ? endOfClass(body, at) : endOfGroup(body, at);
      if (end < 0) return undefined;
      at = end;
    } else {
      literal = /^[a-z0-9@_+=/,:;&!~'"%<> -]$/i.test(char) && char !== '+' ? char : undefined;
      at += 1;
    }
    const quantifier = /^(?:[*+?]|\{[0-9,]+\})[?]?/.exec(body.slice(at))?.[0] ?? '';
    at += quantifier.length;
    if (quantifier !== '') literal = undefined;
    parts.push({ text: body.slice(start, at), literal });
  }
  return parts;
}

function endOfClass(body: string, open: number): number {
  // A ']' right after '[' or '[^' is a member, not the end.
  let at = open + 1;
  if (body.charAt(at) === '^') at++;
  if (body.charAt(at) === ']') at++;
  for (; at < body.length; at++) {
    if (body.charAt(at) === '\\') at++;
    else if (body.startsWith('[:', at)) {
      const end = body.indexOf(':]', at);
      if (end < 0) return -1;
      at = end + 1;
    } else if (body.charAt(at) === ']') return at + 1;
  }
  return -1;
}

function endOfGroup(body: string, open: number): number {
  let depth = 0;
  for (let at = open; at < body.length; at++) {
    const char = body.charAt(at);
    if (char === '\\') at++;
    else if (char === '[') {
      const end = endOfClass(body, at);
      if (end < 0) return -1;
      at = end - 1;
    } else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return at + 1;
  }
  return -1;
}
