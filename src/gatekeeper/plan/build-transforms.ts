import type { Path } from '../../config/yaml-source.js';
import { clean } from './dialled.js';
import { Pattern } from './pattern.js';
import type { RuleSource } from './plan-schema.js';
import { entriesOf, type Report } from './report.js';
import { type TransformRule, Transforms } from './transforms.js';

interface Placed {
  readonly rule: TransformRule;
  readonly path: Path;
}

/** Where each rule of a plan stands, and which of them have an error already. */
export class RulePlaces {
  readonly paths = new Map<TransformRule, Path>();
  readonly faulty = new Set<TransformRule>();
}

/** Makes one list of rules and says which of them cannot work: unreadable, unreachable, without effect, or in a circle. */
export function buildTransforms(
  list: readonly (RuleSource | null)[] | undefined,
  path: Path,
  places: RulePlaces,
  report: Report,
): Transforms {
  const placed: Placed[] = [];
  for (const [index, source] of entriesOf(list)) {
    const at = [...path, index];
    const rule = buildRule(source, at, report);
    if (rule === undefined) continue;
    placed.push({ rule, path: at });
    places.paths.set(rule, at);
  }
  if (placed.length === 0) return Transforms.none;
  const transforms = new Transforms(placed.map(({ rule }) => rule));
  for (const [index, one] of placed.entries()) {
    if (!reportUseless(one, report)) reportShadow(one, placed.slice(0, index), report);
    if (reportCircle(one, transforms, report)) places.faulty.add(one.rule);
  }
  return transforms;
}

function buildRule(source: RuleSource, path: Path, report: Report): TransformRule | undefined {
  const shared = { replace: source.replace, stop: source.stop ?? false, comment: source.comment };
  if (source.prefix !== undefined && source.regex === undefined) {
    checkLetters(source.prefix, [...path, 'prefix'], report);
    return { kind: 'prefix', prefix: source.prefix, ...shared };
  }
  if (source.regex === undefined || source.prefix !== undefined) {
    const what = source.regex === undefined ? 'neither a prefix nor a regex' : 'both a prefix and a regex';
    report.error(path, `this rule has ${what}`, "write one of them, for example 'prefix: 9'");
    return undefined;
  }
  const pattern = compile(source.regex, [...path, 'regex'], report);
  if (pattern === undefined) return undefined;
  checkLetters(source.regex.replace(/\\./g, ''), [...path, 'regex'], report);
  return checkReferences(source.replace, pattern, [...path, 'replace'], report) ? { kind: 'pattern', pattern, ...shared } : undefined;
}

function compile(regex: string, path: Path, report: Report): Pattern | undefined {
  try {
    return Pattern.compile(regex);
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/^error parsing regexp: /, '');
    if (reason.startsWith('invalid repeat count'))
      report.error(path, 'this regular expression repeats more than 1000 times', 'write a smaller count');
    else if (/^(invalid escape|invalid or unsupported)/.test(reason)) {
      const hint = 'write RE2 syntax: no back-references (\\1), no look-ahead or look-behind';
      report.error(path, `this regular expression cannot be used (${reason})`, hint);
    } else report.error(path, `this regular expression cannot be used (${reason})`, 'write a regular expression in RE2 syntax');
    return undefined;
  }
}

function checkReferences(replace: string, pattern: Pattern, path: Path, report: Report): boolean {
  for (const [, what = ''] of replace.matchAll(/\$(\$|[0-9]|.|$)/gu)) {
    if (what === '$') continue;
    if (!/^[1-9]$/.test(what)) {
      report.error(path, `'$${what}' means nothing here`, 'write $1 to $9 for a group of the regex, or $$ for a dollar sign');
      return false;
    }
    if (Number(what) > pattern.groups) {
      const groups = pattern.groups === 1 ? 'one group' : `${pattern.groups || 'no'} groups`;
      report.error(path, `'$${what}' stands for a group the regex does not have (it has ${groups})`, 'put ( ) around the part to keep');
      return false;
    }
  }
  return true;
}

function checkLetters(written: string, path: Path, report: Report): void {
  if (/\p{Lu}/u.test(written)) {
    report.error(path, 'this rule never matches: what was dialled is compared in lower case', 'write it in lower case');
  } else if (/^\\?\+/.test(written) && clean(written)?.includes('@') === false) {
    report.warning(path, 'numbers stand without + and 00 when rules see them', "write the digits alone, for example '46'");
  }
}

function reportUseless({ rule, path }: Placed, report: Report): boolean {
  if (rule.kind !== 'prefix' || rule.replace !== rule.prefix || rule.stop) return false;
  report.error(path, 'this rule changes nothing', "write 'stop: true' if it is an exception to the rules after it, or take it away");
  return true;
}

function reportShadow(one: Placed, earlier: readonly Placed[], report: Report): void {
  const shadow = earlier.find((other) => covers(other.rule, one.rule));
  if (shadow === undefined) return;
  report.error(
    one.path,
    `this rule is never reached: the rule on line ${report.line(shadow.path)} matches everything it would match`,
    'move the more exact rule up, or take this one away',
  );
}

/** Whether every text that `later` matches is matched by `earlier`. False where that cannot be told. */
function covers(earlier: TransformRule, later: TransformRule): boolean {
  if (earlier.kind === 'prefix' && earlier.replace === earlier.prefix && !earlier.stop) return false;
  if (earlier.kind === 'pattern' && later.kind === 'pattern' && earlier.pattern.source === later.pattern.source) return true;
  const free = earlier.kind === 'prefix' ? earlier.prefix : earlier.pattern.prefixOnly;
  const needed = later.kind === 'prefix' ? later.prefix : later.pattern.literalPrefix;
  return free !== undefined && needed.startsWith(free);
}

function reportCircle({ rule, path }: Placed, transforms: Transforms, report: Report): boolean {
  if (rule.kind !== 'prefix') return false;
  const result = transforms.apply(rule.prefix);
  if (!result.loop) return false;
  const way = [rule.prefix, ...result.applied.map((step) => step.after)].slice(0, 4).join(' -> ');
  report.error(path, `this rule leads in a circle (${way} …)`, "write 'stop: true' in the rule that should be the last");
  return true;
}
