import { expect, it } from 'vitest';
import { gateway, planText, testPlan } from '../support/plan.js';
import { configuration, run } from './run.js';

const open = () =>
  configuration(
    planText(
      testPlan((plan) => {
        plan.internet = { outbound: true };
      }),
    ),
  );

it('somewhere: 0, with each step and each route', async () => {
  const { code, output } = await run('route', '0002', '--from', 'norr', '--register', '461010002', '--config', await open());
  expect(code).toBe(0);
  expect(output).toContain('Inside norr, 0002 is short for 461010002.');
  expect(output).toContain('Result: 1 route, tried in this order:\n  1. to the endpoint registered as 461010002');
}, 60_000);

it('--protocol h323: as a caller over H.323 would get there, through a prefix as well', async () => {
  const plan = testPlan(({ organisations }) => {
    organisations.vik = gateway();
  });
  const config = await configuration(planText(plan));
  const ask = (...more: string[]) => run('route', '462010001', '--from', 'norr', '--register', '46201*', '--config', config, ...more);
  const { code, output } = await ask('--protocol', 'h323');
  expect(code).toBe(0);
  expect(output).toContain('1. to the gateway registered for the prefix 46201: h323:endpoint.invalid:1720 (zone vik)');
  expect((await ask()).output).toContain('Result: refused (interworkingUnavailable, SIP 488).');
  expect((await ask('--protocol', 'h324')).code).toBe(2);
}, 60_000);

it('--json: the explanation as data', async () => {
  const { code, output } = await run('route', '461020001', '--from', 'norr', '--json', '--config', await open());
  expect(code).toBe(1);
  expect(JSON.parse(output)).toMatchObject({ outcome: 'refused', refusal: { code: 'calleeNotRegistered', status: 480 } });
}, 60_000);

it.each([
  ['461020001', 'calleeNotRegistered, SIP 480'],
  ['47123', 'addressUnknown, SIP 404'],
  ['bob@127.0.0.1:9', 'addressUnknown, SIP 404'],
])(
  '%s is refused: 1',
  async (dialled, result) => {
    const { code, output } = await run('route', dialled, '--from', 'norr', '--config', await open());
    expect(code).toBe(1);
    expect(output).toContain(`Result: refused (${result}).`);
  },
  60_000,
);

it('into a meeting: 0, with what it asks of the call; over H.323 there is none', async () => {
  const ask = async (...more: string[]) => run('route', '4690012345', '--from', 'norr', '--config', await open(), ...more);
  const { code, output } = await ask();
  expect(code).toBe(0);
  expect(output).toContain('1. into meeting 4690012345');
  expect(output).toContain('zone meetings, mediaNotEncrypted');
  expect((await ask('--protocol', 'h323')).output).toContain('Result: refused (meetingsUnavailable, SIP 503).');
}, 60_000);

it('a caller that the plan does not have: 2, with the one that was probably meant', async () => {
  const config = await open();
  expect(await run('route', '0001', '--from', 'nor', '--config', config)).toEqual({
    code: 2,
    output: '--from nor: the plan has no such organisation; did you mean norr?\n',
  });
  expect(await run('route', '0001', '--from', 'lansstyrelsen', '--config', config)).toEqual({
    code: 2,
    output: '--from lansstyrelsen: the plan has no such organisation; it has: norr, syd, internet\n',
  });
  expect((await run('route', '0001', '--config', config)).code).toBe(2);
  expect((await run('route', '0001', '--from', 'norr', '--register', '4712', '--config', config)).code).toBe(2);
}, 60_000);

it('files with errors: 1, with the findings', async () => {
  const { code, output } = await run('route', '0001', '--from', 'norr', '--config', await configuration('organisations: 17\n'));
  expect(code).toBe(1);
  expect(output).toMatch(/plan\.yaml:1:16: error: 'organisations' is '17'; write /);
}, 60_000);
