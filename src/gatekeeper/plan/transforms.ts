import { MAX_DIALLED_LENGTH } from './dialled.js';
import type { Pattern } from './pattern.js';

/** One rule of the plan. A `prefix` is replaced and the rest stays; a `pattern` matches the whole text and all of it is replaced. */
export type TransformRule = PrefixRule | PatternRule;

interface RuleBase {
  /** A prefix rule: plain text. A pattern rule: `$1` to `$9` are the pattern's groups, `$$` is a dollar sign. */
  readonly replace: string;
  /** After this rule no other runs, neither an organisation's nor a global one. */
  readonly stop: boolean;
  /** Why the rule is there: shown by `portvakt route`. */
  readonly comment: string | undefined;
}

export interface PrefixRule extends RuleBase {
  readonly kind: 'prefix';
  readonly prefix: string;
}

export interface PatternRule extends RuleBase {
  readonly kind: 'pattern';
  readonly pattern: Pattern;
}

export interface AppliedTransform {
  readonly rule: TransformRule;
  readonly before: string;
  readonly after: string;
}

export interface TransformResult {
  /** What the rules made of it; the text itself when none matched. With `loop`, the last text before the circle was noticed. */
  readonly text: string;
  /** In the order in which they ran; an exception (`stop`, nothing changed) is among them. Empty: no rule matched. */
  readonly applied: readonly AppliedTransform[];
  /** The rules lead in a circle, or on and on: the call is refused with `transformLoop`. */
  readonly loop: boolean;
  /** A rule with `stop` ended it. */
  readonly stopped: boolean;
}

/** How many rewritings one list may do to one dialled text. A plan that needs more is in a circle. */
export const MAX_APPLICATIONS = 16;

const NOTHING: readonly AppliedTransform[] = [];

/**
 * An ordered list of rules over the canonical text of an alias (`aliasKey`: digits, `user@domain` or an H.323-ID, in lower case).
 *
 * The first rule that matches and changes the text is applied; then the list is read from its top again, until no rule changes
 * anything or one with `stop` was applied. It always ends: a text that was there before, or the 17th rewriting, is a `loop`.
 * Immutable and pure.
 */
export class Transforms {
  static readonly none = new Transforms([]);

  constructor(readonly rules: readonly TransformRule[]) {}

  get isEmpty(): boolean {
    return this.rules.length === 0;
  }

  apply(text: string): TransformResult {
    let current = text;
    let applied: AppliedTransform[] | undefined;
    for (;;) {
      const step = this.first(current);
      if (step === undefined) return { text: current, applied: applied ?? NOTHING, loop: false, stopped: false };
      applied ??= [];
      const seen = step.after === text || applied.some((earlier) => earlier.after === step.after);
      applied.push(step);
      if (!step.rule.stop && (seen || applied.length > MAX_APPLICATIONS || step.after.length > MAX_DIALLED_LENGTH)) {
        return { text: current, applied, loop: true, stopped: false };
      }
      current = step.after;
      if (step.rule.stop) return { text: current, applied, loop: false, stopped: true };
    }
  }

  /** Whether any rule would touch the text: what the resolver asks first, as most dialled texts are touched by none. */
  touches(text: string): boolean {
    return this.rules.length !== 0 && this.first(text) !== undefined;
  }

  /** A rule that matches without changing anything counts only if it says `stop`: that is how an exception is written. */
  private first(text: string): AppliedTransform | undefined {
    for (const rule of this.rules) {
      const after = rewrite(rule, text);
      if (after !== undefined && (after !== text || rule.stop)) return { rule, before: text, after };
    }
    return undefined;
  }
}

/** An organisation's rules, then the global ones, unless a rule with `stop` ended it or the rules go in a circle. */
export function transformAll(text: string, organisation: Transforms | undefined, global: Transforms): TransformResult {
  const own = organisation === undefined || organisation.isEmpty ? undefined : organisation.apply(text);
  if (own !== undefined && (own.loop || own.stopped)) return own;
  const shared = global.apply(own?.text ?? text);
  if (own === undefined || own.applied.length === 0) return shared;
  return { ...shared, applied: [...own.applied, ...shared.applied] };
}

function rewrite(rule: TransformRule, text: string): string | undefined {
  if (rule.kind === 'prefix') return text.startsWith(rule.prefix) ? rule.replace + text.slice(rule.prefix.length) : undefined;
  const groups = rule.pattern.exec(text);
  if (groups === undefined) return undefined;
  return rule.replace.replace(/\$(\$|[1-9])/g, (_, what: string) => (what === '$' ? '$' : (groups[Number(what)] ?? '')));
}
