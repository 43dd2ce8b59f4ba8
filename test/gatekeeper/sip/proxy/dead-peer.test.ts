import { expect, it } from 'vitest';
import { freePort } from '../../../support/free-port.js';
import { testPlan, trunk } from '../../../support/plan.js';
import { number, useWorld } from './world.js';

/** Less than the 400 ms that are shipped, so that a busy machine's own delays don't decide. */
const huntMs = 300;
let peerPort = 0;
const world = useWorld(async () => {
  peerPort = await freePort();
  const plan = testPlan((all) => {
    all.organisations.trunk = trunk([{ port: peerPort }]);
  });
  return { plan, sip: { timers: { huntMs } } };
});

/** Milliseconds from sending the INVITE to its final response. */
async function waitOf(status: number): Promise<number> {
  const caller = await world.phone(number('norr'));
  const invite = await caller.invite('463010001@trunk.example');
  const sent = performance.now();
  const response = await caller.response(invite, status);
  const waited = performance.now() - sent;
  caller.acknowledge(invite, response);
  expect(response.get('warning')).toMatch(/^399 portvakt "/);
  expect(await world.record(invite)).toMatchObject({ reason: 'zoneUnreachable', status, answer: null });
  return waited;
}

it('the only peer is dead: the first caller hears 504 within half a second, the next one at once', async () => {
  // A listener that says nothing: no ICMP comes to our help.
  await world.peer(peerPort);
  expect(await waitOf(504)).toBeLessThan(500);
  expect(await waitOf(504)).toBeLessThan(100);
});
