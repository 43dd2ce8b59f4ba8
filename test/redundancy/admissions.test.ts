import { afterEach, expect, test } from 'vitest';
import { freePort } from '../support/free-port.js';
import { trunk } from '../support/plan.js';
import { metric } from '../support/service.js';
import { SipClient } from '../support/sip-client.js';
import { bigPlan, Cluster, each } from './cluster.js';
import { InviteLoad } from './invite-load.js';

const LIMIT = 500;
const EACH = 2000;

let cluster: Cluster;
const ends: (() => unknown)[] = [];
afterEach(async () => {
  await cluster.close();
  for (const end of ends.splice(0)) await end();
});

test('3 instances are asked for 2,000 calls each at the same moment, with a limit of 500: 500 ring, and never one more', async () => {
  const loads = [await InviteLoad.open(), await InviteLoad.open(), await InviteLoad.open()];
  const ringing = await SipClient.open({ localPort: await freePort(), user: 'ringing' });
  ends.push(() => ringing.close(), ...loads.map((load) => () => load.close()));
  ringing.behaviour = (request, client) => {
    if (request.method === 'INVITE') client.reply(request, 180);
    return true;
  };
  const plan = bigPlan((big) => {
    big.licences.calls = LIMIT;
    big.organisations.trunk = {
      ...trunk([{ port: ringing.port }]),
      licences: { registrations: 0, calls: 10_000 },
    };
    const callers = trunk(loads.map(({ port }) => ({ port })));
    big.organisations.callers = {
      ...callers,
      series: [{ prefix: 46302, digits: 4 }],
      domains: ['callers.example'],
      licences: { registrations: 0, calls: 10_000 },
      zones: { callers: callers.zones.trunk ?? { kind: 'sip-trunk' } },
    };
  });
  // The load and what rings are one process, which answers late when it is busy.
  cluster = await Cluster.start(['first', 'second', 'third'], { plan, sip: { timers: { huntMs: 8000 } } });
  let highest = 0;
  let isOver = false;
  const watch = (async () => {
    while (!isOver) {
      for (const one of cluster.instances)
        highest = Math.max(highest, await metric(one, 'portvakt_service_licences_used{licence="calls"}'));
    }
  })();
  const began = performance.now();
  const statuses = await Promise.all(
    loads.map((load, index) => each(EACH, 200, () => load.call(cluster.at(index).ports.udp, '463010001'))),
  );
  const took = performance.now() - began;
  isOver = true;
  await watch;
  const all = statuses.flat();
  const rang = all.filter((status) => status === 180).length;
  expect({
    rang,
    refused: all.filter((status) => status === 503).length,
    others: all.filter((status) => status !== 180 && status !== 503),
  }).toEqual({
    rang: LIMIT,
    refused: 3 * EACH - LIMIT,
    others: [],
  });
  expect(highest).toBe(LIMIT);
  console.log(
    `3 x ${EACH} admissions in ${(took / 1000).toFixed(1)} s against a limit of ${LIMIT}: ${rang} granted, never more than ${highest} in use`,
  );
}, 120_000);
