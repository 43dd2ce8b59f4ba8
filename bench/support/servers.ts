import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { type Child, startChild, until } from './child.js';
import { cpuSecondsOf, processTree } from './cpu.js';
import { benchFolder, freePort, type Workspace } from './workspace.js';

/** A SIP server under measurement, on 127.0.0.1. */
export interface Server {
  readonly name: 'Portvakt' | 'Kamailio';
  /** UDP */
  readonly port: number;
  readonly pid: number;
  /** CPU time used since its start, all of its processes together. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}

/** What both servers know: as `kamailio/kamailio.cfg` has it. */
export const password = 'portvakt-demo';
export const trunkAddress = '127.0.0.2';
export const endpointAddress = '127.0.0.3';
/** Numbers 461020000 and up are registered. */
export const numberOf = (index: number) => String(461_020_000 + index);

/** H.323 endpoints have addresses in here; each its own, as in a real population. Their numbers: 46101000000 and up. */
const h323Endpoints = '127.16.0.0/12';
export const h323AddressOf = (index: number): string => `127.${16 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
export const h323NumberOf = (index: number): string => `46101${String(index).padStart(6, '0')}`;

const contact = { role: 'Video service desk', address: 'video@portvakt.example' };
const licences = { registrations: 1_000_000, calls: 100_000 };
const plan = {
  network: { prefix: 46 },
  licences,
  meetings: { prefix: 46900, digits: 5, domain: 'mote.portvakt.example' },
  organisations: {
    'region-norr': {
      name: 'Region Norr',
      contact,
      licences,
      series: [{ prefix: 46101, digits: 6 }],
      domains: ['norr.example'],
      zones: { norr: { kind: 'hosted', sources: { addresses: [h323Endpoints] } } },
    },
    'region-syd': {
      name: 'Region Syd',
      contact,
      licences,
      series: [{ prefix: 46102, digits: 4 }],
      domains: ['syd.example'],
      zones: { syd: { kind: 'hosted', signalling: 'any', accounts: { sharedPassword: password } } },
    },
    vardbolaget: {
      name: 'Vardbolaget',
      contact,
      licences,
      series: [{ prefix: 46301, digits: 4 }],
      domains: ['vardbolaget.example'],
      zones: {
        vardbolaget: {
          kind: 'sip-trunk',
          signalling: 'any',
          sources: { addresses: [trunkAddress] },
          peers: [{ host: trunkAddress, port: 5060, transport: 'udp' }],
          ping: { intervalSeconds: 0 },
        },
      },
    },
  },
};

/** Each its name: who shares state must not be taken for somebody else. */
let instances = 0;

const unlimited = { messagesPerSecondPerSource: 1_000_000, burst: 1_000_000 };

export interface Setting {
  readonly speaksH323?: boolean;
  /** Shares its state with every instance that has the same Redis, `redis://127.0.0.1:6379`. Absent: it is alone. */
  readonly redis?: string;
}

/** Writes a configuration with all that is measured switched on as it is shipped; only the limits per source are lifted: one client is all. */
export async function writeConfiguration(workspace: Workspace, { speaksH323 = false, redis }: Setting = {}): Promise<string> {
  const folder = workspace.file('portvakt');
  await mkdir(folder);
  const config = {
    instance: `bench-${++instances}`,
    plan: 'plan.yaml',
    dataDirectory: 'data',
    ...(redis === undefined ? {} : { state: { redis: { url: redis } } }),
    sip: {
      listen: [{ transport: 'udp', address: '127.0.0.1', port: 0 }],
      realm: 'portvakt.example',
      // One challenge, as Kamailio's: SIPp 3.6 knows MD5 alone.
      digestAlgorithms: ['MD5'],
      limits: unlimited,
    },
    h323: speaksH323
      ? {
          ras: [{ address: '127.0.0.1', port: 0 }],
          signalling: [{ transport: 'tcp', address: '127.0.0.1', port: 0 }],
          limits: unlimited,
        }
      : { enabled: false },
    http: { address: '127.0.0.1', port: 0 },
  };
  await writeFile(join(folder, 'plan.yaml'), stringify(plan, { aliasDuplicateObjects: false }));
  await writeFile(join(folder, 'portvakt.yaml'), stringify(config, { aliasDuplicateObjects: false }));
  return join(folder, 'portvakt.yaml');
}

/** `portvakt serve` in a process of its own, logging a line a call to a file. */
export async function startPortvakt(workspace: Workspace, nodeOptions: readonly string[] = [], setting: Setting = {}): Promise<Server> {
  const child = await serve(workspace, await writeConfiguration(workspace, setting), nodeOptions);
  const port = await listens(child, 'Portvakt', /sip:127\.0\.0\.1:(\d+);transport=udp/);
  return server('Portvakt', port, child);
}

/** The same service with H.323 beside SIP. */
export interface Gatekeeper extends Server {
  /** UDP, on 127.0.0.1. */
  readonly rasPort: number;
}

export async function startGatekeeper(workspace: Workspace, nodeOptions: readonly string[] = []): Promise<Gatekeeper> {
  const child = await serve(workspace, await writeConfiguration(workspace, { speaksH323: true }), nodeOptions);
  const port = await listens(child, 'Portvakt', /sip:127\.0\.0\.1:(\d+);transport=udp/);
  const rasPort = await listens(child, 'Portvakt', /ras:127\.0\.0\.1:(\d+)/);
  return { ...server('Portvakt', port, child), rasPort };
}

async function serve(workspace: Workspace, config: string, nodeOptions: readonly string[]): Promise<Child> {
  const main = fileURLToPath(new URL('../../src/main.js', import.meta.url));
  return workspace.keep(await startChild(process.execPath, [...nodeOptions, main, 'serve', '--config', config], workspace.file('log')));
}

export async function startKamailio(workspace: Workspace): Promise<Server> {
  const port = await freePort('127.0.0.1');
  const runtime = workspace.file('kamailio');
  await mkdir(runtime);
  const config = join(benchFolder, 'kamailio', 'kamailio.cfg');
  // -DD: stays our child, with its own children. -E: what it has to say goes to stderr.
  const args = ['-f', config, '-l', `udp:127.0.0.1:${port}`, '-DD', '-E', '-m', '512', '-M', '32', '-Y', runtime];
  // Debian puts daemons in sbin, which is on root's PATH only.
  const child = workspace.keep(await startChild('/usr/sbin/kamailio', args, workspace.file('kamailio-log')));
  await listens(child, 'Kamailio', /Listening on|udp: 127/);
  return server('Kamailio', port, child);
}

async function listens(child: Child, name: string, pattern: RegExp): Promise<number> {
  let port = 0;
  let said = '';
  await until(
    async () => {
      said = await child.output();
      const found = pattern.exec(said);
      port = Number(found?.[1] ?? 0);
      return found !== null;
    },
    () => `${name} to say that it listens; it said:\n${said}`,
    30_000,
  );
  return port;
}

function server(name: Server['name'], port: number, { pid, stop }: Child): Server {
  return { name, port, pid, stop, cpuSeconds: () => cpuSecondsOf(processTree(pid)) };
}
