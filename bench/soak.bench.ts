import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readRecords } from '../src/gatekeeper/calls/record-files.js';
import { atMost, plain, print, type Row } from './row.js';
import type { MemoryReport, Ready } from './soak-host.js';
import { until } from './support/child.js';
import { cpuSecondsOf } from './support/cpu.js';
import { type Server, writeConfiguration } from './support/servers.js';
import { call, register, startCallee } from './support/sipp.js';
import { inWorkspace } from './support/workspace.js';

/*
 * Half an hour of a busy day, as fast as the machine takes it: does anything stay in memory, is any record lost or written twice? SIPp calls
 * in two equal parts, and after each the heap is looked at when all transactions are over: what leaks grows from part to part.
 */
const quick = process.argv.includes('--quick');
const warmUp = quick ? 2000 : 6000;
const parts = quick ? [1000, 1000] : [50_000, 50_000];
const perSecond = 400;

interface Host {
  readonly ready: Ready;
  memory(): Promise<MemoryReport>;
  stop(): Promise<void>;
}

async function startHost(config: string, log: string): Promise<Host & { readonly server: Server }> {
  const script = fileURLToPath(new URL('soak-host.js', import.meta.url));
  const file = openSync(log, 'w');
  const child: ChildProcess = fork(script, [config], { execArgv: ['--expose-gc'], stdio: ['ignore', file, 'inherit', 'ipc'] });
  const [ready] = (await once(child, 'message')) as [Ready];
  const exited = once(child, 'exit');
  const { pid = 0 } = child;
  const stop = async () => {
    if (child.connected) child.disconnect();
    await exited;
  };
  return {
    ready,
    server: { name: 'Portvakt', port: ready.port, pid, cpuSeconds: () => cpuSecondsOf([pid]), stop },
    memory: async () => {
      child.send('memory');
      const [report] = (await once(child, 'message')) as [MemoryReport];
      return report;
    },
    stop,
  };
}

/** Waits until nothing is left of ended calls but what is meant to stay: transactions live on for 32 s. A call that SIPp gave up goes on. */
async function settle({ ready }: Host): Promise<void> {
  const isOver = async () => {
    const page = await (await fetch(`${ready.url}/metrics`)).text();
    const open = [...page.matchAll(/^portvakt_(?:sip_transactions\{.*\}|call_records_pending) (\d+)$/gm)];
    return open.length > 2 && open.every(([, count]) => count === '0');
  };
  await until(isOver, () => 'all transactions to end', 120_000);
}

async function countRecords(directory: string): Promise<{ total: number; doubled: number; notCompleted: number }> {
  const ids = new Set<string>();
  let total = 0;
  let notCompleted = 0;
  for await (const { signallingId, reason } of readRecords(directory)) {
    total++;
    ids.add(signallingId);
    if (reason !== 'completed') notCompleted++;
  }
  return { total, doubled: total - ids.size, notCompleted };
}

const rows = await inWorkspace(async (workspace): Promise<Row[]> => {
  const callee = await startCallee(workspace);
  const config = await writeConfiguration(workspace);
  const host = workspace.keep(await startHost(config, workspace.file('log')));
  const { server } = host;
  await register(workspace, server, callee.port, { count: 1000, perSecond: 500 });
  let failed = 0;
  let retransmissions = 0;
  const drive = async (count: number): Promise<MemoryReport> => {
    const result = await call(workspace, server, { count, perSecond });
    failed += result.failed;
    retransmissions += result.retransmissions;
    await settle(host);
    return host.memory();
  };
  const start = await drive(warmUp);
  let end = start;
  let peakRss = start.rssBytes;
  for (const part of parts) {
    end = await drive(part);
    peakRss = Math.max(peakRss, end.rssBytes);
    process.stderr.write(
      `portvakt: ${part} calls more, heap ${(end.heapBytes / 1e6).toFixed(2)} MB, RSS ${(end.rssBytes / 1e6).toFixed(0)} MB\n`,
    );
  }
  const calls = parts.reduce((sum, part) => sum + part, 0);
  await host.stop();
  const records = await countRecords(join(dirname(config), 'data', 'records'));
  return [
    plain('soak: calls', calls, 'calls'),
    plain('soak: calls that failed', failed, 'calls'),
    plain('soak: retransmissions', retransmissions, 'messages'),
    plain('soak: heap after the warm-up, collected', start.heapBytes / 1e6, 'MB'),
    plain('soak: heap at the end, collected', end.heapBytes / 1e6, 'MB'),
    atMost('soak: heap at the end to that after the warm-up', end.heapBytes / start.heapBytes, 'times', 1.05),
    plain('soak: resident memory at the end', end.rssBytes / 1e6, 'MB'),
    atMost('soak: records missing', calls + warmUp - records.total, 'records', 0),
    atMost('soak: records doubled', records.doubled, 'records', 0),
    plain('soak: records of calls that were not completed', records.notCompleted, 'records'),
  ];
});
print(rows);
