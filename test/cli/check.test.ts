import { basename, dirname } from 'node:path';
import { expect, it } from 'vitest';
import { planText, testPlan } from '../support/plan.js';
import { configuration, run } from './run.js';

const broken = () =>
  planText(
    testPlan((plan) => {
      plan.organisations.syd.series = [{ prefix: 46101, digits: 4 }];
      plan.organisations.syd.domains = ['norr.example'];
      plan.transforms = [{ regex: '([0-9]+)', replace: '$1$1' }];
    }),
  );

it('a good pair of files: 0, and one line that says so', async () => {
  const config = await configuration(planText(testPlan()));
  expect(await run('check', '--config', config)).toEqual({ code: 0, output: `${config}: good. 2 organisations, 0 warnings.\n` });
}, 60_000);

it('errors in both files: 1, with every finding on a line of its own', async () => {
  const config = await configuration(broken(), 'sip: { digestAlgorithms: [] }\n');
  const { code, output } = await run('check', '--config', config);
  expect(code).toBe(1);
  const findings = output.split('\n').filter((line) => line.includes(': error: '));
  expect(findings.map((line) => /(?:portvakt|plan)\.yaml:\d+:\d+: error: (\S+ \S+ \S+)/.exec(line)?.[1])).toEqual([
    'without an algorithm',
    'this rule leads',
    'the series 46101',
    'the domain norr.example',
  ]);
  expect(output).toMatch(/\n\n4 errors, 0 warnings: the service would not start with these files\.\n$/);
}, 60_000);

it('--json: the same findings as objects, and nothing else', async () => {
  const { code, output } = await run('check', '--json', '--config', await configuration(broken()));
  expect(code).toBe(1);
  const findings = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(findings).toHaveLength(3);
  for (const finding of findings) {
    expect(finding).toMatchObject({ severity: 'error', line: expect.any(Number), column: expect.any(Number), hint: expect.any(String) });
    expect(basename(finding.file)).toBe('plan.yaml');
  }
}, 60_000);

it('a file that is not there: 1; a command that is none: 2', async () => {
  const missing = `${dirname(await configuration(''))}/none.yaml`;
  expect(await run('check', '--config', missing)).toMatchObject({
    code: 1,
    output: expect.stringContaining(`${missing}:1:1: error: there is no such file; `),
  });
  expect((await run('chek')).code).toBe(2);
}, 60_000);
