import { afterEach, expect, it } from 'vitest';
import { RedisServer } from '../support/redis.js';
import { metric, startService } from '../support/service.js';
import { SipClient } from '../support/sip-client.js';
import { until } from '../support/until.js';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

it('two instances share registrations on Redis, and say so when it is away', async () => {
  const redis = await RedisServer.start();
  ends.push(() => redis.remove());
  const instance = async (name: string) => {
    const service = await startService({ instance: name, state: { redis: { url: `redis://127.0.0.1:${redis.port}` } } });
    ends.push(() => service.stop());
    return service;
  };
  const [first, second] = [await instance('first'), await instance('second')];
  const client = await SipClient.open({ port: first.ports.udp, user: '461010001', domain: 'norr.example' });
  ends.push(() => client.close());
  expect((await client.register()).status).toBe(200);
  const aliases = async () => {
    const { registrations } = (await (await fetch(`${second.url}/api/v1/registrations`)).json()) as { registrations: { alias: string }[] };
    return registrations.map(({ alias }) => alias);
  };
  await until(
    async () => (await aliases()).includes('461010001'),
    () => 'the registration to show at the other instance',
  );
  expect(await metric(second, 'portvakt_state_up')).toBe(1);
  expect(await metric(second, 'portvakt_state_staleness_seconds_count')).toBe(1);
  expect(await metric(first, 'portvakt_state_commands_seconds_count')).toBeGreaterThan(0);
  expect((await fetch(`${second.url}/readyz`)).status).toBe(200);

  await redis.stop('SIGKILL');
  await until(
    async () => (await fetch(`${second.url}/readyz`)).status === 503,
    () => 'the instance not to be ready',
  );
  expect(second.service.problems).toEqual([expect.stringMatching(/^Redis is away since .*: this instance goes on alone/)]);
  expect(await metric(second, 'portvakt_state_up')).toBe(0);
  expect((await client.register()).status).toBe(200);

  await redis.startAgain();
  await until(
    async () => (await fetch(`${second.url}/readyz`)).status === 200 && (await fetch(`${first.url}/readyz`)).status === 200,
    () => 'both instances to be ready again',
  );
  expect(await aliases()).toEqual(['461010001']);
  expect(second.log()).toMatch(/Redis is away.*Redis is connected/s);
});

it('does not start when Redis cannot be reached, and says where it looked', async () => {
  const redis = await RedisServer.start();
  await redis.remove();
  const start = startService({ state: { redis: { url: `redis://127.0.0.1:${redis.port}` } } });
  await expect(start).rejects.toThrow(`Redis (127.0.0.1:${redis.port}) cannot be used: `);
});
