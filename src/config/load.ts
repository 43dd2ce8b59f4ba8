import { open, readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { type BuiltPlan, buildPlan } from '../gatekeeper/plan/build-plan.js';
import type { Plan } from '../gatekeeper/plan/plan.js';
import { checkTogether } from './check-together.js';
import { type Finding, hasErrors, sortFindings } from './finding.js';
import { type ReadService, readService, type ServiceConfig, type StateConfig } from './service-config.js';
import { readTlsFiles } from './tls-files.js';
import type { YamlSource } from './yaml-source.js';

/*
 * The edge between the readers, which are pure, and the disk. What `serve`, `check` and `route` begin with, and every reload.
 */

/** A plan of 10,000 series is 0.5 MB. Anything above this is another file. */
const MAX_FILE_BYTES = 16 * 1024 * 1024;

export interface Configuration {
  /** Absent when its file has an error. */
  readonly service: ServiceConfig | undefined;
  /** Absent when either file has an error. */
  readonly plan: Plan | undefined;
  /** Of both files, the service's first, each in the order of its text. */
  readonly findings: readonly Finding[];
}

/** Reads and checks both files. Never fails: what cannot be read is a finding. */
export async function loadConfiguration(servicePath: string): Promise<Configuration> {
  const { service: read, findings } = await loadService(servicePath);
  if (read?.plan === undefined) return { service: undefined, plan: undefined, findings };
  const loaded = await loadPlan(read.plan, read);
  const all = [...findings, ...loaded.findings];
  return {
    service: all.some((one) => one.severity === 'error' && one.file === servicePath) ? undefined : read.service,
    plan: read.service && loaded.plan,
    findings: all,
  };
}

/** Reads the plan again, as on SIGHUP, and checks it against the service that is running. Never fails. */
export async function loadPlan(
  path: string,
  service: ReadService | ServiceConfig,
): Promise<{ readonly plan: Plan | undefined; readonly findings: readonly Finding[] }> {
  const file = shown(path);
  const text = await readText(path, file);
  if (typeof text !== 'string') return { plan: undefined, findings: [text] };
  const built: BuiltPlan = buildPlan({ file, text });
  const read = 'source' in service ? service : asRead(service);
  const findings = sortFindings([...built.findings, ...checkTogether(read, built)]);
  return { plan: hasErrors(findings) ? undefined : built.plan, findings };
}

async function loadService(path: string): Promise<{ service: ReadService | undefined; findings: readonly Finding[] }> {
  const text = await readText(path, path);
  if (typeof text !== 'string') return { service: undefined, findings: [text] };
  const read = readService(path, text);
  if (read.service === undefined) return { service: read, findings: read.findings };
  const ofState = await stateProblem(read.service.state, read.source);
  const { sip, bridge } = read.service;
  const ofFiles = [
    ...(await tlsProblems(sip.tls, ['sip', 'tls'], read.source)),
    ...(bridge.enabled ? await tlsProblems({ ...bridge.web, ca: undefined }, ['bridge', 'web'], read.source) : []),
  ];
  return { service: read, findings: sortFindings([...read.findings, ...ofFiles, ...ofState]) };
}

async function tlsProblems(config: Parameters<typeof readTlsFiles>[0], path: readonly string[], source: YamlSource): Promise<Finding[]> {
  const { problems } = await readTlsFiles(config, shown);
  return problems.map(({ severity, key, message, hint }) => source.finding(severity, [...path, key], message, hint));
}

async function stateProblem(state: StateConfig, source: YamlSource): Promise<Finding[]> {
  const ca = state === 'memory' ? undefined : state.redis.ca;
  if (ca === undefined) return [];
  const path = ['state', 'redis', 'ca'];
  const hint = 'write the path of a PEM file with certificates, or take it away';
  try {
    const text = await readFile(ca, 'utf8');
    return text.includes('-----BEGIN CERTIFICATE-----')
      ? []
      : [source.finding('error', path, `the authorities' file ${shown(ca)} holds no certificates in PEM`, hint)];
  } catch (error) {
    return [
      source.finding('error', path, `the authorities' file ${shown(ca)} cannot be read: ${(error as NodeJS.ErrnoException).code}`, hint),
    ];
  }
}

async function readText(path: string, file: string): Promise<string | Finding> {
  const finding = (message: string, hint: string): Finding => ({ severity: 'error', file, line: 1, column: 1, message, hint });
  try {
    const handle = await open(path, 'r');
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) return finding('this is not a file', 'write the path of a YAML file');
      if (stat.size > MAX_FILE_BYTES) return finding(`the file has ${stat.size} bytes`, `write at most ${MAX_FILE_BYTES}`);
      return new TextDecoder('utf-8', { fatal: true }).decode(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof TypeError) return finding('the file is not UTF-8 text', 'save it as UTF-8');
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return finding('there is no such file', 'check the path, or copy the shipped file there');
    if (code === 'EACCES') return finding('this user may not read the file', 'give it read permission');
    return finding(`the file cannot be read (${code})`, 'check the path and its permissions');
  }
}

/** The path as a person would write it from here. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') || near === '' ? path : near;
}

/** A running service's file is not read again: findings about it could not be placed, and there is nothing new to say. */
function asRead(service: ServiceConfig): ReadService {
  const file = 'the running configuration';
  return {
    service,
    plan: service.plan,
    findings: [],
    source: {
      file,
      root: undefined,
      findings: [],
      finding: (severity, _path, message, hint) => ({ severity, file, line: 1, column: 1, message, hint }),
    },
  };
}
