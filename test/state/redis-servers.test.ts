import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.js';
import type { RegistrationChange } from '../../src/gatekeeper/registry/registration.js';
import { type RedisConnection, RedisStore } from '../../src/state/redis.js';
import { makeCertificateAuthority } from '../support/certificates.js';
import { freePort } from '../support/free-port.js';
import { RedisSentinel, RedisServer } from '../support/redis.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

/* The ways Redis can be set up: Sentinel, Cluster, TLS. */

/** Reached in the middle of it. */
const LIMIT = 100;

const COMMANDS = ['+@read', '+@write', '+@scripting', '+@connection', '+time', '+info'];

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test('Sentinel promotes a replica while registrations and calls come in: none is lost, none is doubled', async () => {
  const master = await server();
  const replica = await server('--replicaof', '127.0.0.1', String(master.port), '--repl-diskless-sync-delay', '0');
  const sentinel = await RedisSentinel.start(master, 'portvakt', 300);
  closing.push(() => sentinel.remove());
  await sentinel.knowsReplica();
  const sentinels = [{ host: '127.0.0.1', port: sentinel.port }];
  const connection = { servers: { kind: 'sentinel', sentinels, name: 'portvakt' } } as const;
  const stores = [await open(connection), await open(connection)] as const;
  await until(
    () => stores.every(({ instances }) => instances === 2),
    () => 'both to know of each other',
  );
  let registered = 0;
  let calls = 0;
  const traffic = { on: true };
  const flow = (async () => {
    for (; traffic.on; registered++) {
      const store = stores[registered % 2 === 0 ? 0 : 1];
      const [result, call] = await Promise.all([
        store.registrations.apply(change(`4610${registered}`)),
        store.licences.takeCall({ organisations: [{ id: 'norr', limit: LIMIT }], total: 1000 }),
      ]);
      expect(result.ok).toBe(true);
      if (call.ok) calls++;
      // The rate at which the traffic comes.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  await until(
    () => registered > 50,
    () => '50 registrations',
  );
  await master.stop('SIGKILL');
  const killed = performance.now();
  await until(
    () => stores.every(({ status }) => status.state === 'away'),
    () => 'both to notice',
  );
  await until(
    () => stores.every(({ status }) => status.state === 'connected'),
    () => `both to be back: ${JSON.stringify(stores.map(({ status }) => status))}`,
    15_000,
  );
  console.log(`Sentinel: back ${((performance.now() - killed) / 1000).toFixed(1)} s after the master was killed`);
  traffic.on = false;
  await flow;
  const shown = () => stores.map(({ registrations, licences }) => [registrations.count(), licences.callsInUse('norr')]);
  await until(
    () => `${shown()}` === `${[registered, calls, registered, calls]}`,
    () => `${registered} registrations and ${calls} calls: ${JSON.stringify(shown())}`,
  );
  expect(calls).toBeLessThanOrEqual(LIMIT);
  expect(replica.pid).toBeGreaterThan(0);
});

test('in a Cluster every step finds its keys on one node', async () => {
  // Redis itself would take the port plus 10,000 for the bus, which there may not be.
  const bus = ['--cluster-port', String(await freePort())];
  const node = await server('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1', ...bus);
  const client = new Redis(node.port, '127.0.0.1');
  await client.cluster('ADDSLOTSRANGE', 0, 16_383);
  await until(
    async () => (await client.cluster('INFO')).includes('cluster_state:ok'),
    () => 'the cluster to be whole',
  );
  client.disconnect();
  const connection: RedisConnection = { servers: { kind: 'cluster', nodes: [{ host: '127.0.0.1', port: node.port }] } };
  const stores = [await open(connection), await open(connection)] as const;
  await everythingWorks(stores);
});

test('over TLS, as a user who may do what docs/redundancy.md says and no more', async () => {
  const authority = await makeCertificateAuthority();
  const issued = await authority.issue({ addresses: ['127.0.0.1'], dns: ['localhost'] });
  const directory = await temporaryDirectory();
  const files = { certificate: join(directory, 'certificate.pem'), key: join(directory, 'key.pem'), ca: join(directory, 'ca.pem') };
  await writeFile(files.certificate, issued.certificate);
  await writeFile(files.key, issued.key);
  await writeFile(files.ca, authority.certificate);
  const secured = await RedisServer.startTls(
    ...['--tls-cert-file', files.certificate, '--tls-key-file', files.key, '--tls-ca-cert-file', files.ca, '--tls-auth-clients', 'no'],
    ...['--user', 'portvakt', 'on', '>secret', '~{servers}:*', ...COMMANDS, '--user', 'default', 'off'],
  );
  closing.push(() => secured.remove());
  const connection = { ...secured.connection, username: 'portvakt', password: 'secret', tls: { ca: authority.certificate } };
  const stores = [await open(connection), await open(connection)] as const;
  await everythingWorks(stores);
  await expect(open({ ...connection, tls: {} }, 300)).rejects.toThrow(/certificate/);
});

async function everythingWorks([first, second]: readonly [RedisStore, RedisStore]): Promise<void> {
  const limits = { organisation: 2, total: 2 };
  expect((await first.registrations.apply(change('1', { limits }))).ok).toBe(true);
  expect((await second.registrations.apply(change('2', { limits }))).ok).toBe(true);
  expect((await second.registrations.apply(change('3', { limits }))).ok).toBe(false);
  await until(
    () => first.registrations.count() === 2 && second.registrations.count() === 2,
    () => 'both to have 2 registrations',
  );
  const take = (store: RedisStore) => store.licences.takeCall({ organisations: [{ id: 'norr', limit: 1 }], total: 10 });
  const call = await take(first);
  expect([call.ok, (await take(second)).ok]).toEqual([true, false]);
  if (call.ok) await call.lease.release();
  expect((await take(second)).ok).toBe(true);
  const [one, other] = [first.meetings, second.meetings];
  expect([await one.create('m', '{}', Date.now() + 60_000), await other.create('m', '{}', Date.now() + 60_000)]).toEqual([true, false]);
  expect([(await one.hold('m')).member, (await other.hold('m')).member]).toEqual(Array(2).fill(first.members.self));
  one.note('m', 'noted');
  await until(
    async () => (await other.notes('m')) === 'noted',
    () => 'the note to be read',
  );
  await one.letGo('m');
  expect((await other.hold('m')).member).toBe(second.members.self);
  const wrong = [await one.wrongPin('m', 60_000), await other.wrongPin('m', 60_000), await one.wrongPins('m', 60_000)];
  expect(wrong.map(({ count }) => count)).toEqual([1, 2, 2]);
  const port = (store: RedisStore) => store.licences.takePort({ organisation: { id: 'norr', limit: 1 }, total: 10 });
  expect([(await port(first)).ok, (await port(second)).ok]).toEqual([true, false]);
  expect([first.status.state, second.status.state]).toEqual(['connected', 'connected']);
}

async function server(...args: string[]): Promise<RedisServer> {
  const started = await RedisServer.start(...args);
  closing.push(() => started.remove());
  return started;
}

async function open(connection: RedisConnection, openTimeoutMs = 5000): Promise<RedisStore> {
  const instance = `instance-${closing.length}`;
  const store = await RedisStore.open({ clock: systemClock, instance, connection, keyPrefix: 'servers', beatMs: 50, openTimeoutMs });
  closing.push(() => store.close());
  return store;
}

function change(alias: string, more: Partial<RegistrationChange> = {}): RegistrationChange {
  const contact = { contact: 'sip:a@host', key: 'sip:a@host', expires: 600, q: 1000, instance: '', regId: 0, path: [], flow: 'udp-1' };
  return {
    alias,
    organisation: 'norr',
    zone: 'norr-zone',
    protocol: 'sip',
    callId: 'call-1',
    cseq: 1,
    contacts: [contact],
    removeAll: false,
    limits: { organisation: 10_000, total: 10_000 },
    ...more,
  };
}
