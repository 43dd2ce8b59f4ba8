import type { RulePlaces } from './build-transforms.js';
import { expandExtension, normalise, numberAtDomain } from './normalise.js';
import type { NumberSeries, Organisation, Plan } from './plan.js';
import type { Report } from './report.js';
import { type TransformResult, type TransformRule, Transforms, transformAll } from './transforms.js';

/** So many numbers are sent through the rules at most: about 0.1 s of work. A plan with more of them is checked by every second, third, … */
const MAX_SAMPLES = 100_000;

/**
 * Sends a number of every series through the rules, as every organisation's callers would dial it, and each organisation's own short
 * forms. Finds what no look at one rule shows: a regex that feeds itself, and rules that take numbers of the plan out of it. Each rule is
 * named once.
 */
export function checkSamples(plan: Plan, places: RulePlaces, report: Report): void {
  const fit = [...plan.series].filter(({ prefix, digits }) => prefix.length + digits <= 15);
  // A rule is named with the first number that it harms: rather one of an organisation's.
  const series = [...fit.filter(({ meeting }) => !meeting), ...fit.filter(({ meeting }) => meeting)];
  const callers = [...plan.organisations.values()].filter(({ transforms }) => !transforms.isEmpty);
  const lists = callers.length + (plan.transforms.isEmpty ? 0 : 1);
  if (lists === 0) return;
  const step = Math.ceil((series.length * lists) / MAX_SAMPLES);
  const judge = new Judge(plan, places, report);
  for (let i = 0; i < series.length; i += step) {
    const one = series[i];
    if (one === undefined) continue;
    const number = one.prefix + sample(one);
    // Organisations without rules of their own all dial through the same list.
    judge.number(number, undefined);
    for (const caller of callers) judge.number(number, caller);
  }
  for (const organisation of plan.organisations.values()) {
    for (const digits of new Set(organisation.series.map((one) => one.digits))) judge.shortForm(sample({ digits }), organisation);
  }
}

/** The first number of a series, without its prefix: `0001`. */
function sample({ digits }: Pick<NumberSeries, 'digits'>): string {
  return digits === 0 ? '' : '1'.padStart(digits, '0');
}

class Judge {
  constructor(
    private readonly plan: Plan,
    private readonly places: RulePlaces,
    private readonly report: Report,
  ) {}

  number(number: string, caller: Organisation | undefined): void {
    this.judge(number, number, caller);
  }

  shortForm(digits: string, caller: Organisation): void {
    const whole = expandExtension(digits, caller);
    // Where it is a whole number of its own, or stands for several, nobody dials it as a short form.
    if (whole === undefined || whole === 'ambiguous' || this.plan.series.lookup(digits)?.exact) return;
    this.judge(digits, `${digits}, short for ${whole} inside ${caller.id},`, caller);
  }

  private judge(text: string, called: string, caller: Organisation | undefined): void {
    const rules = caller?.transforms ?? Transforms.none;
    if (!rules.touches(text) && !this.plan.transforms.touches(text)) return;
    const result = transformAll(text, rules, this.plan.transforms);
    const rule = result.applied.at(-1)?.rule;
    if (rule === undefined || result.applied.some((applied) => this.places.faulty.has(applied.rule))) return;
    if (result.loop) this.loop(rule, called, result);
    else if (this.report.complete && !this.leads(result.text, caller)) this.astray(rule, called, result.text);
  }

  private loop(rule: TransformRule, called: string, { applied }: TransformResult): void {
    const way = [applied[0]?.before ?? '', ...applied.map(({ after }) => after)].slice(0, 3).map(shorten).join(' -> ');
    const hint = "write 'stop: true' in the rule that should be the last, or a regex that does not match what it makes";
    this.report.error(this.placeOf(rule), `this rule leads in a circle: ${called} can never be called (${way} …)`, hint);
  }

  private astray(rule: TransformRule, called: string, text: string): void {
    const message = `this rule makes ${called} into ${shorten(text)}, which no series and no domain of the plan has`;
    this.report.warning(
      this.placeOf(rule),
      message,
      "write a rule that leaves such numbers alone, or an exception with 'stop: true' before it",
    );
  }

  /** To a number or domain of the plan, or out to the Internet where the plan lets calls out. */
  private leads(text: string, caller: Organisation | undefined): boolean {
    const alias = normalise(text);
    if (alias === undefined) return false;
    const number = alias.kind === 'number' ? alias.number : numberAtDomain(alias, this.plan);
    if (number !== undefined) {
      if (this.plan.series.lookup(number)?.exact) return true;
      return caller !== undefined && expandExtension(number, caller) !== undefined;
    }
    // Who registers which H.323-ID, and what listens at an address, the plan does not say.
    return alias.kind !== 'uri' || this.plan.domains.has(alias.domain) || this.plan.internet?.outbound === true;
  }

  private placeOf(rule: TransformRule) {
    this.places.faulty.add(rule);
    return this.places.paths.get(rule) ?? [];
  }
}

function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}…` : text;
}
