import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Child, startChild } from './child.js';
import { endpointAddress, numberOf, password, type Server, trunkAddress } from './servers.js';
import { benchFolder, freePort, type Workspace } from './workspace.js';

/** Endpoints that are registered and called in turn. */
export const endpoints = 1000;

export interface Load {
  readonly count: number;
  readonly perSecond: number;
  /** The first of the endpoints it is about. Default 0. */
  readonly from?: number;
  /** A round that takes longer than this (seconds) is given up. */
  readonly timeLimit?: number;
}

export interface LoadResult {
  readonly succeeded: number;
  readonly failed: number;
  readonly retransmissions: number;
}

/** The endpoints that are called: one SIPp for all of them. */
export async function startCallee(workspace: Workspace): Promise<{ readonly port: number }> {
  const port = await freePort(endpointAddress);
  const args = ['-sf', scenario('callee'), '-i', endpointAddress, '-mi', endpointAddress, '-p', String(port), '-nostdin'];
  workspace.keep(await startChild('sipp', args, workspace.file('callee')));
  return { port };
}

/** Registrations: each is a REGISTER that is challenged and one that is accepted. */
export async function register(workspace: Workspace, server: Server, contactPort: number, load: Load): Promise<LoadResult> {
  const lines = Array.from({ length: endpoints }, (_, index) => {
    const number = numberOf((load.from ?? 0) + index);
    return `${number};${endpointAddress}:${contactPort};[authentication username=${number} password=${password}]`;
  });
  return run(workspace, 'register', server, endpointAddress, lines, load);
}

/** Calls from the trunk to the endpoints: INVITE 100 180 200 ACK, 200 ms, BYE 200. */
export function call(workspace: Workspace, server: Server, load: Load): Promise<LoadResult> {
  const lines = Array.from({ length: endpoints }, (_, index) => numberOf((load.from ?? 0) + index));
  return run(workspace, 'caller', server, trunkAddress, lines, load);
}

function scenario(name: string): string {
  return join(benchFolder, 'sipp', `${name}.xml`);
}

async function run(
  workspace: Workspace,
  name: string,
  server: Server,
  address: string,
  lines: readonly string[],
  { count, perSecond, timeLimit = 60 + (2 * count) / perSecond }: Load,
): Promise<LoadResult> {
  const users = workspace.file('users.csv');
  const statistics = workspace.file('statistics.csv');
  await writeFile(users, `SEQUENTIAL\n${lines.join('\n')}\n`);
  const args = [
    `127.0.0.1:${server.port}`,
    ...['-sf', scenario(name), '-inf', users],
    ...['-i', address, '-mi', address, '-p', String(await freePort(address))],
    ...['-m', String(count), '-r', String(perSecond), '-l', String(Math.max(1000, perSecond * 4))],
    ...['-trace_stat', '-stf', statistics, '-fd', '1', '-nostdin', '-timeout', `${Math.ceil(timeLimit)}s`],
  ];
  const sipp: Child = workspace.keep(await startChild('sipp', args, workspace.file(`${name}-log`)));
  await sipp.exited;
  return result(await readFile(statistics, 'latin1'), count);
}

/** The last line of SIPp's statistics, by the names in the first. */
function result(statistics: string, count: number): LoadResult {
  const [head = '', ...rows] = statistics.trim().split('\n');
  const last = (rows.at(-1) ?? '').split(';');
  const names = head.split(';');
  const value = (name: string): number => {
    const read = Number(last[names.indexOf(name)]);
    return Number.isFinite(read) ? read : 0;
  };
  const succeeded = value('SuccessfulCall(C)');
  return { succeeded, failed: count - succeeded, retransmissions: value('Retransmissions(C)') };
}
