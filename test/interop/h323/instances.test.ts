import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { H323Endpoint } from '../../../src/simulator/h323/endpoint.js';
import { RedisServer } from '../../support/redis.js';
import { type AsChild, type InProcess, metric, startChild } from '../../support/service.js';
import { until } from '../../support/until.js';
import { addressesOf, closing, endpoint, gatekeeper, rasOf, registered, talk } from './world.js';

/*
 * Two instances on a real Redis: one in a process of its own, so that it can be killed, and one in this process.
 */

let redis: RedisServer;
beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis.stop());

/** A process of its own may have to be compiled first. */
const SLOW_MS = 120_000;
const rasTimers = { timeoutMs: 300, attempts: 2 };
let prefixes = 0;

interface Both {
  readonly first: AsChild;
  readonly second: InProcess;
  readonly anna: H323Endpoint;
  readonly bo: H323Endpoint;
}

/** Anna is registered at the first, Bo at the second, and Anna has been told of the second. */
async function both(): Promise<Both> {
  const state = { redis: { url: `redis://127.0.0.1:${redis.port}`, keyPrefix: `h323-${++prefixes}` } };
  const first = closing(await startChild({ instance: 'one', state, h323: { gatekeeperId: 'gk-1' } }), (child) => child.stop());
  const second = await gatekeeper({ instance: 'two', state, h323: { gatekeeperId: 'gk-2' } });
  const listeners = [...first.program.output.matchAll(/(?:ras|h323):127\.0\.0\.1:\d+(?:;transport=\w+)?/g)].map(([uri]) => uri);
  const anna = await endpoint(addressesOf(listeners).ras, '461010001', { automatic: false, rasTimers });
  await until(
    async () => {
      await anna.register();
      return anna.registration.alternates.some(({ gatekeeperIdentifier }) => gatekeeperIdentifier === 'gk-2');
    },
    () => `Anna to be told of the second instance; she knows ${JSON.stringify(anna.registration.alternates)}`,
  );
  const bo = await registered(rasOf(second), '461020001', { automatic: false, rasTimers });
  // Each calls the other once that one's instance is known to be heard.
  for (const [instance, alias] of [
    [second, '461010001'],
    [first, '461020001'],
  ] as const) {
    await until(
      async () => (await (await fetch(`${instance.url}/api/v1/registrations`)).text()).includes(alias),
      () => `${alias} to be known at the other instance`,
    );
  }
  return { first, second, anna, bo };
}

describe('two instances', () => {
  it('lead calls to each other, and when one is killed its endpoint goes on at the other with a keep-alive', {
    timeout: SLOW_MS,
  }, async () => {
    const { first, second, anna, bo } = await both();
    const { full, light } = anna.registration.counts;
    const id = anna.endpointIdentifier;
    const across = await talk(bo, '461010001', anna);
    across.call.hangUp();
    await across.other.ended;
    const lost = await talk(anna, '461020001', bo);

    first.program.signal('SIGKILL');
    await first.program.exit;
    const since = performance.now();
    expect(await anna.keepAlive()).toEqual({ outcome: 'registered' });
    const seconds = (performance.now() - since) / 1000;
    expect(anna.registration.gatekeeperIdentifier).toBe('gk-2');
    expect(anna.endpointIdentifier).toBe(id);
    expect(anna.registration.counts).toEqual({ full, light: light + 2, failovers: 1 });
    console.info(
      `H.323 endpoint taken over ${seconds.toFixed(2)} s after its keep-alive, of which ${(2 * rasTimers.timeoutMs) / 1000} s waiting`,
    );

    const there = await talk(bo, '461010001', anna);
    there.call.hangUp();
    await there.other.ended;
    const back = await talk(anna, '461020001', bo);
    back.call.hangUp();
    await back.other.ended;
    expect(second.service.h323Listeners).not.toEqual([]);
    // The call that the killed instance led is over, as its connections are; the other writes its record.
    await Promise.all([lost.call.ended, lost.other.ended]);
    await until(
      async () => (await metric(second, 'portvakt_calls_moved_total{direction="in"}')) === 1,
      () => 'the call to come over',
      SLOW_MS,
    );
    const records = await second.records(4);
    expect(records.map(({ reason }) => reason)).toEqual(['completed', 'completed', 'completed', 'instanceLost']);
    expect(records.at(-1)).toMatchObject({ instance: 'one', detail: 'one was lost; two wrote this record' });
    await until(
      async () => (await metric(second, 'portvakt_service_licences_used{licence="calls"}')) === 0,
      () => 'its licences to go back',
    );
  });

  it('send endpoints to each other when one is stopped', { timeout: SLOW_MS }, async () => {
    const { first, anna, bo } = await both();
    const { full } = anna.registration.counts;
    const call = await talk(anna, '461020001', bo);
    // It waits for the call.
    first.program.signal('SIGTERM');
    await until(
      async () => {
        await anna.keepAlive();
        return anna.registration.gatekeeperIdentifier === 'gk-2';
      },
      () => 'Anna to be sent to the second instance',
    );
    expect(anna.registration.counts).toMatchObject({ full, failovers: 1 });
    call.call.hangUp();
    await call.other.ended;
    await first.program.exit;
  });
});
