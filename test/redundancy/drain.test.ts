import { afterEach, expect, test } from 'vitest';
import { metric } from '../support/service.js';
import { until } from '../support/until.js';
import { Cluster, call, each, hangUp } from './cluster.js';

let cluster: Cluster;
afterEach(() => cluster.close());

test('SIGTERM under load: no call is lost, new ones go to the other instance, and each has one record', async () => {
  cluster = await Cluster.start(['first', 'second'], { sip: { timers: { drainSeconds: 1 } } });
  const [first, second] = [cluster.at(0), cluster.at(1)];
  const caller = await cluster.phone(0, '461010001');
  const callee = await cluster.phone(1, '461020001');
  const dialogs = await each(40, 4, () => call(caller, callee));
  // Load while it stops: calls that come and go, at the instance that is being stopped until it says no, then at the other.
  let made = 0;
  let refused = 0;
  const load = each(40, 4, async () => {
    for (;;) {
      const invite = await caller.invite('461020001@syd.example');
      const { status } = await caller.response(invite);
      if (status === 200) break;
      // 407: the answer to a challenge of the one came to the other.
      expect([503, 407]).toContain(status);
      if (status === 503) refused += 1;
      caller.turnTo(second.ports.udp);
    }
    made += 1;
  });
  await until(
    () => made >= 4,
    () => 'the load to begin',
  );
  first.program.signal('SIGTERM');
  const stopped = performance.now();
  await load;
  await until(
    () => first.program.ended !== undefined,
    () => 'the instance to end',
  );
  const took = performance.now() - stopped;
  expect(first.program.ended).toEqual({ code: 0, signal: null });
  caller.turnTo(second.ports.udp);
  const waits = await each(40, 10, async (index) => {
    const dialog = dialogs[index];
    if (!dialog) throw new Error('no such call');
    return hangUp(dialog);
  });
  expect(caller.has('BYE')).toBe(false);
  await until(
    async () => (await metric(second, 'portvakt_calls_active')) === 40,
    () => 'the 40 calls of the load to be left',
  );
  console.log(
    `SIGTERM: calls lost 0 of 80; BYEs of 40 answered by the other in ${Math.max(...waits).toFixed(0)} ms at most; ` +
      `${refused} calls sent on by 503; the instance ended after ${(took / 1000).toFixed(1)} s`,
  );
  const ended = await cluster.records(40 + refused);
  expect(ended.filter(({ reason }) => reason === 'completed')).toHaveLength(40);
}, 90_000);
