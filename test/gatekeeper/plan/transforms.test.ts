import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pattern } from '../../../src/gatekeeper/plan/pattern.js';
import { MAX_APPLICATIONS, type TransformRule, Transforms, transformAll } from '../../../src/gatekeeper/plan/transforms.js';

const prefix = (from: string, replace: string, stop = false): TransformRule => ({
  kind: 'prefix',
  prefix: from,
  replace,
  stop,
  comment: undefined,
});
const regex = (source: string, replace: string, stop = false): TransformRule => ({
  kind: 'pattern',
  pattern: Pattern.compile(source),
  replace,
  stop,
  comment: undefined,
});
const list = (...rules: TransformRule[]) => new Transforms(rules);
const steps = (result: { applied: readonly { before: string; after: string }[] }) =>
  result.applied.map(({ before, after }) => `${before} -> ${after}`);

describe('Transforms', () => {
  it('leaves alone what no rule matches', () => {
    const rules = list(prefix('9', ''), regex('0([1-9][0-9]{6,})', '46$1'));
    expect(rules.apply('461010001')).toEqual({ text: '461010001', applied: [], loop: false, stopped: false });
    expect(rules.touches('461010001')).toBe(false);
    expect(rules.touches('9461010001')).toBe(true);
    expect(Transforms.none.apply('x').text).toBe('x');
  });

  it('starts again at the top after every rewriting', () => {
    const result = list(prefix('47', '48'), prefix('9', '47')).apply('91');
    expect(result.text).toBe('481');
    expect(steps(result)).toEqual(['91 -> 471', '471 -> 481']);
  });

  it('stops where a rule says so', () => {
    expect(list(prefix('9', '', true)).apply('991')).toMatchObject({ text: '91', stopped: true });
    expect(list(prefix('9', '')).apply('991')).toMatchObject({ text: '1', stopped: false });
  });

  it('knows exceptions: a rule that matches, changes nothing and stops', () => {
    const rules = list(prefix('461', '461', true), prefix('46', '47'));
    expect(rules.apply('4610')).toMatchObject({ text: '4610', stopped: true });
    expect(rules.apply('4620')).toMatchObject({ text: '4720', stopped: false });
    expect(list(prefix('46', '46'), prefix('4', '5')).apply('46')).toMatchObject({ text: '56', loop: false });
  });

  it('fills in groups, and dollars', () => {
    expect(list(regex('(.+)-(video)?@(old)\\.example', '$1.$2$$@$3')).apply('anna-@old.example').text).toBe('anna.$@old');
  });

  it('notices a circle', () => {
    const circle = list(prefix('8', '9'), prefix('9', '8')).apply('81');
    expect(circle).toMatchObject({ loop: true });
    expect(steps(circle)).toEqual(['81 -> 91', '91 -> 81']);
    expect(list(prefix('8', '88')).apply('8')).toMatchObject({ loop: true });
    expect(list(regex('(.*)', '$1$1$1$1$1$1$1$1$1')).apply('8'.repeat(200)).loop).toBe(true);
  });

  it('always ends, within its bounds, and says what it did', () => {
    const text = fc.array(fc.constantFrom('4', '6', '9'), { maxLength: 4 }).map((all) => all.join(''));
    const rule = fc.oneof(
      fc.tuple(text, text, fc.boolean()).map(([from, to, stop]) => prefix(from, to, stop)),
      fc
        .tuple(fc.constantFrom('(4.*)', '9(.*)', '(.*)6', '(.)(.*)'), fc.constantFrom('$1', '6$1', '$1$1', '$1$$', ''), fc.boolean())
        .map(([source, to, stop]) => regex(source, to, stop)),
    );
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), fc.array(rule, { maxLength: 6 }), text, (own, global, dialled) => {
        const result = transformAll(dialled, list(...own), list(...global));
        expect(result.applied.length).toBeLessThanOrEqual(2 * (MAX_APPLICATIONS + 1));
        let at = dialled;
        for (const { before, after } of result.applied) {
          expect(before).toBe(at);
          at = after;
        }
        if (!result.loop) expect(result.text).toBe(at);
        if (!result.loop && !result.stopped) expect(list(...global).touches(result.text)).toBe(false);
      }),
    );
  });
});

describe('transformAll', () => {
  it("runs the organisation's rules before the global ones", () => {
    const result = transformAll('91', list(prefix('9', '8')), list(prefix('8', '7')));
    expect(result.text).toBe('71');
    expect(steps(result)).toEqual(['91 -> 81', '81 -> 71']);
    expect(transformAll('81', undefined, list(prefix('8', '7'))).text).toBe('71');
  });

  it("skips the global ones after a stop or a circle in the organisation's", () => {
    expect(transformAll('91', list(prefix('9', '8', true)), list(prefix('8', '7')))).toMatchObject({ text: '81', stopped: true });
    expect(transformAll('91', list(prefix('9', '99')), list(prefix('9', '7')))).toMatchObject({ loop: true });
  });
});
