import { expect, it } from 'vitest';
import { testPlan } from '../../../support/plan.js';
import { answering } from '../../../support/sip-client.js';
import { number, type Talk, useWorld } from './world.js';

// Three calls in all, two of norr, one of syd.
const world = useWorld(() => ({
  plan: testPlan((plan) => {
    plan.licences.calls = 3;
    plan.organisations.norr.licences.calls = 2;
    plan.organisations.syd.licences.calls = 1;
  }),
}));

async function refused(to: string, from = number('norr')) {
  const caller = await world.phone(from);
  const invite = await caller.invite(to);
  const response = await caller.response(invite);
  caller.acknowledge(invite, response);
  return { invite, response };
}

it('no licence is exceeded, the refusal says whose, and what is given back can be had again', async () => {
  const pair = async (from: string, to: string): Promise<Talk> => world.talk(await world.phone(from), await world.phone(to, answering()));
  const first = await pair(number('norr'), number('syd'));

  const callee = await refused(`${(await world.phone(number('syd'))).user}@norr.example`);
  expect(callee.response.status).toBe(486);
  expect(callee.response.get('reason')).toContain('callee_licences_exhausted');
  expect(await world.record(callee.invite)).toMatchObject({ reason: 'calleeLicencesExhausted', status: 486 });

  const second = await pair(number('norr'), number('norr'));
  const caller = await refused(`${(await world.phone(number('norr'))).user}@norr.example`);
  expect(caller.response.status).toBe(403);
  expect(caller.response.get('reason')).toContain('caller_licences_exhausted');
  expect(caller.response.get('warning')).toContain('call licences are in use');

  await world.hangUp(first.caller);
  await world.hangUp(second.callee.client === second.caller.client ? second.caller : second.caller);
  const again = await pair(number('norr'), number('syd'));
  await world.hangUp(again.caller);
  expect(world.service.service.activeCalls).toBe(0);
});

it('the total is a limit of its own: 503 with Retry-After', async () => {
  await world.service.writePlan(
    testPlan((plan) => {
      plan.licences.calls = 1;
    }),
  );
  expect(await world.service.service.reloadPlan()).toMatchObject({ applied: true });
  const talk = await world.talk(await world.phone(number('norr')), await world.phone(number('syd'), answering()));
  const more = await refused(`${(await world.phone(number('syd'))).user}@norr.example`);
  expect(more.response.status).toBe(503);
  expect(more.response.get('retry-after')).toBe('5');
  expect(more.response.get('reason')).toContain('total_licences_exhausted');
  await world.hangUp(talk.caller);
});
