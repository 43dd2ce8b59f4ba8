import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../../src/config/finding.js';
import { buildPlan } from '../../../src/gatekeeper/plan/build-plan.js';
import { expandExtension, normalise, numberAtDomain } from '../../../src/gatekeeper/plan/normalise.js';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const document = read('docs/address-plan.md');
const shipped = read('config/e164-plan.yaml');
const examples = [...document.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, example = '']) => example);

/** The shipped plan with an example put where it belongs. */
function withExample(example: string) {
  const [key = ''] = example.split('\n');
  const text = key === 'organisations:' ? `${shipped}${example.slice(key.length)}` : shipped.replace(/^transforms:\n(?: .*\n)*/m, example);
  return buildPlan({ file: 'plan.yaml', text });
}

describe('docs/address-plan.md', () => {
  it('has examples that work', () => {
    expect(examples).toHaveLength(2);
    for (const example of examples) expect(withExample(example).findings.map(formatFinding)).toEqual([]);
    expect(withExample(examples[0] ?? '').plan?.series.lookup('461030001')?.series.organisation?.id).toBe('region-vast');
    expect(withExample(examples[1] ?? '').plan?.transforms.apply('anna@old.norr.example').text).toBe('anna@norr.example');
  });

  it('tells the truth about what may be dialled', () => {
    const { plan } = buildPlan({ file: 'plan.yaml', text: shipped });
    const norr = plan?.organisations.get('region-norr');
    if (plan === undefined || norr === undefined) throw new Error('the shipped plan is wrong');
    const table = document.slice(document.indexOf('Everything below is one number'), document.indexOf('\nAnd:\n'));
    const dialled = [...table.matchAll(/^\| (`.*?) \| /gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text),
    );
    expect(dialled.length).toBeGreaterThan(12);
    for (const text of dialled) {
      const first = normalise(text);
      const alias = first?.kind === 'number' ? normalise(plan.transforms.apply(first.number).text) : first;
      if (alias === undefined) throw new Error(`${text} is unreadable`);
      const number = alias.kind === 'number' ? (expandExtension(alias.number, norr) ?? alias.number) : numberAtDomain(alias, plan);
      expect([text, number]).toEqual([text, '461010001']);
    }
  });
});
