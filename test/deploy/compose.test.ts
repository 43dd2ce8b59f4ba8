import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatFinding } from '../../src/config/finding.js';
import { loadConfiguration } from '../../src/config/load.js';
import { type ComposeService, preparedDeploy, projectRoot, readCompose, readEnv } from '../support/deploy.js';
import { Program } from '../support/processes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const shipped = join(projectRoot, 'deploy');
const { services, networks, volumes } = await readCompose(shipped);
const named = (start: string): [string, ComposeService][] => Object.entries(services).filter(([name]) => name.startsWith(start));
const addressOf = ({ networks: where }: ComposeService) => (Array.isArray(where) ? undefined : where.state?.ipv4_address);

/** `192.0.2.10:15060:5060/udp` */
const published = ({ ports = [] }: ComposeService) =>
  ports.map((port) => {
    const [, host = '', outside = '', inside = '', protocol = ''] = /^(.+):([\d-]+):([\d-]+)\/(udp|tcp)$/.exec(port) ?? [];
    return { host, outside, inside, protocol };
  });

describe('compose.yaml', () => {
  it('has two instances, three Redis servers, three Sentinels, Prometheus and Grafana', () => {
    expect([named('portvakt-'), named('redis-'), named('sentinel-')].map((all) => all.length)).toEqual([2, 3, 3]);
    expect(Object.keys(services)).toEqual(expect.arrayContaining(['prometheus', 'grafana']));
  });

  it.each(Object.entries(services))('%s: pinned, watched, restarted, and without rights that it does not need', (name, service) => {
    expect(service.image).toMatch(/:v?\d+\.\d+(?:\.\d+)?$/);
    expect(service).toMatchObject({ restart: 'unless-stopped', read_only: true, cap_drop: ['ALL'] });
    expect(service.security_opt).toContain('no-new-privileges:true');
    expect(service).not.toHaveProperty('privileged');
    // The instances' stands in the Dockerfile.
    expect(service.healthcheck !== undefined || name.startsWith('portvakt-')).toBe(true);
  });

  it('mounts files that are there when prepare.sh has run, and volumes that it declares', async () => {
    const folder = await preparedDeploy();
    for (const [name, service] of Object.entries(services)) {
      for (const mount of service.volumes) {
        const [source = ''] = mount.split(':');
        expect([name, mount, source.startsWith('.') ? existsSync(join(folder, source)) : source in volumes]).toEqual([name, mount, true]);
      }
    }
    const copied = [...named('redis-'), ...named('sentinel-')].map(
      ([, { command }]) => /cp \/etc\/portvakt-redis\/(\S+)/.exec(command?.at(-1) ?? '')?.[1],
    );
    for (const file of copied) expect([file, existsSync(join(folder, 'local/redis', file ?? '?'))]).toEqual([file, true]);
  });

  it('asks for variables that .env has', async () => {
    const env = await readEnv(join(shipped, '.env.example'));
    const asked = [...(await readFile(join(shipped, 'compose.yaml'), 'utf8')).matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    expect(asked.length).toBeGreaterThan(10);
    expect([...new Set(asked)].filter((name) => !env.has(name ?? ''))).toEqual([]);
  });

  it('waits for things that exist, on networks that exist', () => {
    for (const { depends_on, networks: where } of Object.values(services)) {
      expect(Object.keys(depends_on ?? {}).filter((name) => !(name in services))).toEqual([]);
      expect((Array.isArray(where) ? where : Object.keys(where)).filter((name) => !(name in networks))).toEqual([]);
    }
    expect(networks.state).toMatchObject({ internal: true });
    for (const [, service] of [...named('redis-'), ...named('sentinel-')]) expect(service.ports).toBeUndefined();
  });

  it('shows operators their pages on this machine only', () => {
    for (const [name, service] of Object.entries(services)) {
      for (const { host, inside } of published(service)) {
        if (['8080', '9090', '3000'].includes(inside)) expect([name, host]).toEqual([name, '127.0.0.1']);
      }
    }
  });
});

describe.each([1, 2])('instance %i', (number) => {
  const service = services[`portvakt-${number}`];
  const other = services[`portvakt-${3 - number}`];

  it('has a configuration and a plan that `check` finds nothing wrong with, and that agree with compose.yaml', async () => {
    if (!service || !other) throw new Error('compose.yaml has no such service');
    const folder = await preparedDeploy();
    const file = (service.environment?.PORTVAKT_CONFIG ?? '').replace('/etc/portvakt/', 'local/portvakt/');
    const { service: config, findings } = await loadConfiguration(join(folder, file));
    expect(findings.map(formatFinding)).toEqual([]);
    if (!config) throw new Error('no configuration');

    const open = published(service).map(({ outside, inside, protocol }) => `${outside} ${inside} ${protocol}`);
    const protocolOf = (transport: string) => (transport === 'udp' ? 'udp' : 'tcp');
    const sip = config.sip.listen.map(({ transport, port, advertised }) => `${advertised?.port} ${port} ${protocolOf(transport)}`);
    const ras = config.h323.ras.map(({ port, advertised }) => `${advertised?.port} ${port} udp`);
    const signalling = config.h323.signalling.map(({ port, advertised }) => `${advertised?.port} ${port} tcp`);
    const { from, to } = config.h323.h245.ports ?? { from: 0, to: 0 };
    const http = open.find((port) => port.endsWith(` ${config.http.port} tcp`));
    expect([...open].sort()).toEqual([...sip, ...ras, ...signalling, `${from}-${to} ${from}-${to} tcp`, http].sort());
    for (const { advertised } of [...config.sip.listen, ...config.h323.ras, ...config.h323.signalling]) {
      expect(advertised?.host).toBe('192.0.2.10');
    }

    // What one gives as the alternate is where the other is.
    const othersRas = published(other).find(({ inside, protocol }) => inside === '1719' && protocol === 'udp')?.outside;
    expect(config.h323.alternates.map(({ ras: { host, port } }) => `${host}:${port}`)).toEqual([`192.0.2.10:${othersRas}`]);

    expect(config.instance).toBe(`portvakt-${number}`);
    expect(config.dataDirectory).toBe('/var/lib/portvakt');
    expect(service.volumes).toContain(`portvakt-${number}:/var/lib/portvakt`);
    expect(Number.parseInt(service.stop_grace_period ?? '', 10)).toBeGreaterThan(config.sip.timers.drainSeconds + 5);

    // Redis is where compose.yaml puts it, and its password is the one that Redis is given.
    if (config.state === 'memory' || config.state.redis.servers.kind !== 'sentinel') throw new Error('no Sentinel');
    const { servers, username, password } = config.state.redis;
    expect(servers.sentinels.map(({ host, port }) => `${host}:${port}`)).toEqual(
      named('sentinel-').map(([, sentinel]) => `${addressOf(sentinel)}:26379`),
    );
    const redis = await readFile(join(folder, 'local/redis/redis-1.conf'), 'utf8');
    expect(redis).toContain(`\nuser ${username} on >${password} ~{portvakt}:* `);
    const sentinel = await readFile(join(folder, 'local/redis/sentinel.conf'), 'utf8');
    expect(sentinel).toContain(`\nsentinel monitor ${servers.name} ${addressOf(services['redis-1'] ?? other)} 6379 2\n`);
  });
});

describe('prepare.sh', () => {
  it('draws passwords once, and leaves the plan that was changed alone', async () => {
    const folder = await preparedDeploy();
    const before = await readEnv(join(folder, '.env'));
    const secrets = [...before].filter(([name]) => name.endsWith('_PASSWORD')).map(([, value]) => value);
    expect(new Set(secrets).size).toBe(4);
    for (const secret of secrets) expect(secret).toMatch(/^[0-9a-f]{48}$/);
    await writeFile(join(folder, 'local/portvakt/e164-plan.yaml'), '# mine\n');
    await (await Program.start(join(folder, 'prepare.sh'), ['198.51.100.7'])).exits(0);
    const after = await readEnv(join(folder, '.env'));
    expect([...after]).toEqual([...before].map(([name, value]) => [name, name === 'PORTVAKT_ADDRESS' ? '198.51.100.7' : value]));
    expect(await readFile(join(folder, 'local/portvakt/e164-plan.yaml'), 'utf8')).toBe('# mine\n');
    expect(await readFile(join(folder, 'local/portvakt/portvakt-2.yaml'), 'utf8')).toContain("advertised: '198.51.100.7:15060'");
  });

  it('shows passwords to nobody else on the machine, and leaves nothing to fill in', async () => {
    const folder = await preparedDeploy();
    for (const path of ['.env', 'local']) expect([path, (await stat(join(folder, path))).mode & 0o077]).toEqual([path, 0]);
    for (const file of ['portvakt/portvakt-1.yaml', 'portvakt/e164-plan.yaml', 'redis/redis-2.conf', 'redis/sentinel.conf']) {
      const settings = (await readFile(join(folder, 'local', file), 'utf8')).replace(/#.*$/gm, '');
      expect([file, /@[A-Z_]+@/.exec(settings)]).toEqual([file, null]);
    }
  });

  it("takes a password with sed's own signs from .env", async () => {
    const folder = await preparedDeploy();
    const env = await readFile(join(folder, '.env'), 'utf8');
    await writeFile(join(folder, '.env'), env.replace(/^REDIS_PASSWORD=.*$/m, "REDIS_PASSWORD='a|b&c\\d'"));
    await (await Program.start(join(folder, 'prepare.sh'), [])).exits(0);
    expect(await readFile(join(folder, 'local/portvakt/portvakt-1.yaml'), 'utf8')).toContain("password: 'a|b&c\\d'");
  });

  it('says what it wants when it gets no address', async () => {
    for (const wrong of [[], ['phones.example'], ['::1']]) {
      const empty = join(await temporaryDirectory(), 'prepare.sh');
      await writeFile(empty, await readFile(join(shipped, 'prepare.sh')), { mode: 0o755 });
      const program = await Program.start(empty, wrong);
      await program.exits(2);
      expect(program.output).toContain('./prepare.sh 192.0.2.10');
    }
  });
});
