import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { Clock } from '../../src/clock.js';
import { formatFinding } from '../../src/config/finding.js';
import { loadConfiguration } from '../../src/config/load.js';
import type { CallRecord } from '../../src/gatekeeper/calls/call.js';
import { openLog } from '../../src/monitoring/log.js';
import { Service } from '../../src/service.js';
import { allRecords } from './calls.js';
import { buildMediaThread } from './media-thread.js';
import { planText, type TestPlan, testPlan } from './plan.js';
import { Program } from './processes.js';
import { until } from './until.js';

type Section = Readonly<Record<string, unknown>>;

export interface ServiceSettings {
  readonly plan?: TestPlan;
  /** Over what stands in `config/portvakt.yaml`, section by section. */
  readonly sip?: Section;
  readonly h323?: Section;
  /** Meetings: with these keys over free ports of loopback. Left out: none. */
  readonly bridge?: Section;
  readonly records?: Section;
  readonly logLevel?: string;
  readonly instance?: string;
  readonly state?: Section;
  /** Only in this process. */
  readonly clock?: Clock;
  /** Only in this process: folder of the built meeting page. */
  readonly page?: string;
}

export interface Ports {
  readonly udp: number;
  readonly tcp: number;
  readonly tls: number;
}

/** A service with files, ports and records of its own. */
export interface RunningService {
  /** On 127.0.0.1. */
  readonly ports: Ports;
  readonly url: string;
  readonly directory: string;
  /** PEM: what clients may trust. */
  readonly certificateFile: string;
  /** Records of ended calls, oldest first. Waits until there are so many, and fails when there are more. */
  records(count: number): Promise<CallRecord[]>;
  /** The one record of this call, once it is written; fails when there are several. */
  recordOf(callId: string): Promise<CallRecord>;
  writePlan(plan: TestPlan | string): Promise<void>;
  /** What it logged. */
  log(): string;
  stop(): Promise<void>;
}

export interface InProcess extends RunningService {
  readonly service: Service;
}

export interface AsChild extends RunningService {
  readonly program: Program;
  /** Another process on the same files, after the first has ended. */
  restart(): Promise<AsChild>;
}

/** The service in this process, the same parts as `portvakt serve` starts. */
export async function startService(settings: ServiceSettings = {}): Promise<InProcess> {
  const files = await writeFiles(settings);
  const { service: config, plan, findings } = await loadConfiguration(files.config);
  if (!config || !plan) throw new Error(findings.map(formatFinding).join('\n'));
  let logged = '';
  const log = openLog({
    level: config.log.level,
    instance: config.instance,
    destination: {
      write: (line) => {
        logged += line;
      },
    },
  });
  const thread = settings.bridge ? await buildMediaThread() : undefined;
  const service = await Service.start({
    config,
    plan,
    logger: log.logger,
    ...(settings.clock ? { clock: settings.clock } : {}),
    ...(thread ? { mediaThread: thread.entry } : {}),
    ...(settings.page === undefined ? {} : { pageDirectory: settings.page }),
  });
  return {
    ...common(files, service.listeners, service.url),
    service,
    log: () => logged,
    stop: async () => {
      await service.close();
      await thread?.remove();
      await log.close();
      await files.remove();
    },
  };
}

/** The service as operators run it: `portvakt serve` in a process of its own. */
export async function startChild(settings: ServiceSettings = {}): Promise<AsChild> {
  return serve(await writeFiles(settings));
}

async function serve(files: Files): Promise<AsChild> {
  const bin = fileURLToPath(new URL('../../bin/portvakt.mjs', import.meta.url));
  const program = await Program.start(process.execPath, [bin, 'serve', '--config', files.config]);
  await program.says(/kill -HUP/, 60_000).catch(async (error: unknown) => {
    await files.remove();
    throw error;
  });
  const listeners = [...program.output.matchAll(/sip:127\.0\.0\.1:\d+;transport=\w+/g)].map(([uri]) => uri);
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(program.output)?.[0] ?? '';
  return {
    ...common(files, listeners, url),
    program,
    restart: () => serve(files),
    log: () => program.output,
    stop: async () => {
      if (!program.ended) {
        // The first asks it to finish its calls, the second not to.
        program.signal('SIGTERM');
        await program.stop();
      }
      await files.remove();
    },
  };
}

interface Files {
  readonly directory: string;
  readonly config: string;
  readonly plan: string;
  readonly data: string;
  remove(): Promise<void>;
}

async function writeFiles(settings: ServiceSettings): Promise<Files> {
  const directory = await mkdtemp(join(tmpdir(), 'portvakt-service-'));
  const files = {
    directory,
    config: join(directory, 'portvakt.yaml'),
    plan: join(directory, 'plan.yaml'),
    data: join(directory, 'data'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
  await mkdir(files.data);
  await writeFile(files.plan, planText(settings.plan ?? testPlan()));
  const anyPort = { address: '127.0.0.1', port: 0 };
  const listen = (['udp', 'tcp', 'tls'] as const).map((transport) => ({ transport, ...anyPort }));
  const config = {
    instance: settings.instance ?? 'test-1',
    plan: 'plan.yaml',
    dataDirectory: 'data',
    sip: { listen, realm: 'test.example', ...settings.sip },
    h323: { ras: [anyPort], signalling: [{ transport: 'tcp', ...anyPort }], ...settings.h323 },
    http: { address: '127.0.0.1', port: 0 },
    bridge: settings.bridge
      ? { media: { addresses: [{ address: '127.0.0.1' }], ports: { from: 0, to: 0 }, workers: 1 }, web: anyPort, ...settings.bridge }
      : { enabled: false },
    ...(settings.records ? { records: settings.records } : {}),
    log: { level: settings.logLevel ?? 'info' },
    ...(settings.state ? { state: settings.state } : {}),
  };
  await writeFile(files.config, stringify(config, { aliasDuplicateObjects: false }));
  return files;
}

function common(files: Files, listeners: readonly string[], url: string): Omit<RunningService, 'log' | 'stop'> {
  const port = (transport: string) => {
    const uri = listeners.find((listener) => listener.startsWith('sip:127.') && listener.endsWith(`transport=${transport}`));
    return Number(/:(\d+);/.exec(uri ?? '')?.[1] ?? 0);
  };
  const directory = join(files.data, 'records');
  const read = async () => allRecords(directory);
  return {
    ports: { udp: port('udp'), tcp: port('tcp'), tls: port('tls') },
    url,
    directory: files.directory,
    certificateFile: join(files.data, 'tls', 'self-signed-certificate.pem'),
    async records(count) {
      let seen: CallRecord[] = [];
      await until(
        async () => {
          seen = await read();
          return seen.length >= count;
        },
        () => `${count} call records; there are ${JSON.stringify(seen, undefined, 1)}`,
      );
      if (seen.length > count) throw new Error(`${seen.length} call records instead of ${count}: ${JSON.stringify(seen, undefined, 1)}`);
      return seen;
    },
    async recordOf(callId) {
      const own = async () => (await read()).filter(({ signallingId }) => signallingId === callId);
      const [record, ...more] = await until(
        async () => {
          const seen = await own();
          return seen.length > 0 && seen;
        },
        () => `the record of the call ${callId}`,
      );
      if (!record || more.length > 0) throw new Error(`${more.length + 1} records of one call`);
      return record;
    },
    writePlan: (plan) => writeFile(files.plan, typeof plan === 'string' ? plan : planText(plan)),
  };
}

/** One number from the metrics page: `metric(service, 'portvakt_calls_active')`. */
export async function metric(service: RunningService, start: string): Promise<number> {
  const page = await (await fetch(`${service.url}/metrics`)).text();
  const line = page.split('\n').find((candidate) => candidate.startsWith(start));
  return Number(line?.slice(line.lastIndexOf(' ') + 1) ?? Number.NaN);
}

export function readText(file: string): Promise<string> {
  return readFile(file, 'latin1');
}
