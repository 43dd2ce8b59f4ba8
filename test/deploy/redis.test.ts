import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { prepareDeploy, readEnv } from '../support/deploy.js';
import { freePort } from '../support/free-port.js';
import { Program } from '../support/processes.js';
import { type InProcess, startService } from '../support/service.js';
import { until } from '../support/until.js';

/*
 * The files that compose.yaml gives to Redis and Sentinel, with real servers: three and three on ports of loopback, and nothing else changed.
 * What comes after the first test stands on what it has done.
 */

interface Server {
  readonly port: number;
  readonly file: string;
  program: Program;
}

let redis: Server[] = [];
let sentinels: Server[] = [];
let service: InProcess | undefined;
let adminPassword = '';
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portvakt-deploy-'));
  const folder = await prepareDeploy(directory, '127.0.0.1');
  const env = await readEnv(join(folder, '.env'));
  adminPassword = env.get('REDIS_ADMIN_PASSWORD') ?? '';
  const ports = await Promise.all([1, 2, 3].map(() => freePort()));
  const here = (text: string, port: number, data: string) =>
    text
      .replace(/172\.30\.77\.1([123]) 6379/g, (_, number: string) => `127.0.0.1 ${ports[Number(number) - 1]}`)
      .replace(/^port \d+$/m, `port ${port}\nbind 127.0.0.1`)
      .replace(/^dir \/data$/m, `dir ${data}`);
  const start = async (command: string, source: string, name: string, port: number, ready: RegExp): Promise<Server> => {
    const data = join(folder, name);
    const file = join(data, 'server.conf');
    await mkdir(data);
    await writeFile(file, here(await readFile(join(folder, 'local/redis', source), 'utf8'), port, data));
    const program = await Program.start(command, [file]);
    await program.says(ready);
    return { port, file, program };
  };
  for (const [index, port] of ports.entries()) {
    redis.push(await start('redis-server', `redis-${index + 1}.conf`, `redis-${index + 1}`, port, /Ready to accept connections/));
  }
  for (const number of [1, 2, 3]) {
    sentinels.push(await start('redis-sentinel', 'sentinel.conf', `sentinel-${number}`, await freePort(), /\+monitor master/));
  }
  service = await startService({
    state: {
      redis: {
        sentinels: sentinels.map(({ port }) => `127.0.0.1:${port}`),
        name: 'portvakt',
        username: 'portvakt',
        password: env.get('REDIS_PASSWORD'),
      },
    },
  });
}, 120_000);

afterAll(async () => {
  await service?.stop();
  for (const { program } of [...sentinels, ...redis]) {
    program.signal('SIGKILL');
    await program.exit;
  }
  redis = [];
  sentinels = [];
  await rm(directory, { recursive: true, force: true });
});

async function asked<T>(port: number, ask: (client: Redis) => Promise<T>, password?: string): Promise<T> {
  const login = password === undefined ? {} : { password };
  const client = new Redis({ host: '127.0.0.1', port, ...login, lazyConnect: true, enableReadyCheck: false, retryStrategy: () => null });
  client.on('error', () => undefined); // `connect` and the commands say so, too
  try {
    await client.connect();
    return await ask(client);
  } finally {
    client.disconnect();
  }
}

const admin = <T>(port: number, ask: (client: Redis) => Promise<T>) => asked(port, ask, adminPassword);

/** What a Sentinel says of the master: field by field. */
async function masterBy({ port }: Server): Promise<ReadonlyMap<string, string>> {
  const reply = await asked(port, (client) => client.call('SENTINEL', 'MASTER', 'portvakt'));
  const words = Array.isArray(reply) ? reply.map(String) : [];
  return new Map(words.flatMap((word, index) => (index % 2 === 0 ? [[word, words[index + 1] ?? ''] as const] : [])));
}

/** Undefined while it cuts its clients off, as it does when it changes roles. */
const roleOf = ({ port }: Server) =>
  admin(port, async (client) => /role:(\w+)/.exec(await client.info('replication'))?.[1]).catch(() => undefined);

async function servers(): Promise<{ master: Server; replicas: Server[] }> {
  const roles = await Promise.all(redis.map(roleOf));
  const master = redis[roles.indexOf('master')];
  if (!master || roles.filter((role) => role === 'master').length !== 1) throw new Error(`not one master: ${roles.join(', ')}`);
  return { master, replicas: redis.filter((one) => one !== master) };
}

const readiness = async () => ((await (await fetch(`${service?.url}/readyz`)).json()) as { problems: string[] }).problems.join('\n');

it('three servers and three Sentinels find each other, and the instance uses them as its own user', async () => {
  for (const sentinel of sentinels) {
    const seen = async () => {
      const master = await masterBy(sentinel);
      return [master.get('num-slaves'), master.get('num-other-sentinels'), master.get('quorum'), master.get('flags')].join(' ');
    };
    await until(
      async () => (await seen()) === '2 2 2 master',
      () => 'a Sentinel to know two replicas and two other Sentinels',
      60_000,
    );
  }
  expect(await readiness()).toBe('');
  const { master } = await servers();
  const users = await admin(master.port, (client) => client.call('CLIENT', 'LIST'));
  expect(String(users)).toMatch(/ user=portvakt /);
  const stranger = await Program.start('redis-cli', ['-p', String(master.port), 'ping']);
  await stranger.says(/^NOAUTH/);
}, 120_000);

it('a master that is killed is replaced, and one that comes back is a replica', async () => {
  const { master, replicas } = await servers();
  const began = performance.now();
  master.program.signal('SIGKILL');
  await master.program.exit;
  await until(
    async () => (await readiness()) !== '',
    () => 'the instance to say that Redis is away',
    30_000,
  );
  const promoted = await until(
    async () => (await Promise.all(replicas.map(roleOf))).includes('master'),
    () => 'a replica to be promoted',
    60_000,
  );
  expect(promoted).toBe(true);
  const promotedMs = performance.now() - began;
  await until(
    async () => (await readiness()) === '',
    () => 'the instance to be ready again',
    60_000,
  );
  console.log(
    `promoted after ${(promotedMs / 1000).toFixed(1)} s, instance ready after ${((performance.now() - began) / 1000).toFixed(1)} s`,
  );

  master.program = await Program.start('redis-server', [master.file]);
  await master.program.says(/Ready to accept connections/);
  await until(
    async () => (await roleOf(master)) === 'slave',
    () => 'the old master to follow the new one',
    60_000,
  );
  // Sentinel has it written down, too: the next start begins as what it is now.
  await until(
    async () => /^replicaof 127\.0\.0\.1 \d+$/m.test(await readFile(master.file, 'utf8')),
    () => 'its file to say so',
    30_000,
  );
}, 180_000);

it('a master that no replica hears takes no writes, before Sentinel would have promoted another', async () => {
  const { master, replicas } = await servers();
  const write = () => admin(master.port, (client) => client.set('probe', '1')).catch((error: unknown) => String(error));
  await until(
    async () => (await write()) === 'OK',
    () => 'both replicas to follow',
    60_000,
  );
  const began = performance.now();
  for (const { program } of replicas) program.signal('SIGSTOP');
  try {
    const refused = await until(
      async () => {
        const said = await write();
        return said !== 'OK' && said;
      },
      () => 'the master to refuse',
      30_000,
    );
    const ms = performance.now() - began;
    console.log(`refused after ${(ms / 1000).toFixed(1)} s`);
    expect(refused).toContain('NOREPLICAS');
    const sentinel = await readFile(sentinels[0]?.file ?? '', 'utf8');
    expect(ms).toBeLessThan(Number(/^sentinel down-after-milliseconds portvakt (\d+)$/m.exec(sentinel)?.[1]));
    await until(
      async () => (await readiness()).includes('Redis is away'),
      () => 'the instance to go on within its share',
      30_000,
    );
  } finally {
    for (const { program } of replicas) program.signal('SIGCONT');
  }
  await until(
    async () => (await readiness()) === '',
    () => 'the instance to be ready again',
    60_000,
  );
}, 180_000);
