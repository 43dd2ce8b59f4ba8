import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Benchmark, catalogue } from './catalogue.js';
import type { Row } from './row.js';
import { table } from './table.js';

const usage = `npm run bench -- [--only NAME]… [--quick] [--json FILE]
  --only NAME   only this one, several times for several: ${catalogue.map(({ name }) => name).join(', ')}
  --quick       shorter where it takes minutes, and without the soak: for a first look, not for figures to compare
  --json FILE   the rows as JSON, too`;

interface Measured extends Row {
  readonly bench: string;
}

/** Runs one benchmark to its end in a process of its own, so that neither heap nor compiled code is another one's. */
async function measure({ name, file, quick: shorter }: Benchmark, quick: boolean): Promise<{ rows: Measured[]; failed: boolean }> {
  process.stderr.write(`portvakt: measuring ${name}\n`);
  const script = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--expose-gc', script, ...(quick ? (shorter ?? []) : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const rows: Measured[] = [];
  const ended = once(child, 'close');
  for await (const line of createInterface({ input: child.stdout })) {
    // What is not a row is for people, as a fuzzer's seed.
    const row = line.startsWith('{') ? (JSON.parse(line) as Row) : undefined;
    if (row && typeof row.value === 'number') rows.push({ bench: name, ...row });
    else process.stderr.write(`${line}\n`);
  }
  const [code] = (await ended) as [number | null];
  return { rows, failed: code !== 0 };
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string', multiple: true }, quick: { type: 'boolean' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  const names = values.only ?? catalogue.map(({ name }) => name);
  const unknown = names.filter((name) => !catalogue.some((benchmark) => benchmark.name === name));
  if (values.help || unknown.length > 0) {
    process.stderr.write(unknown.length > 0 ? `There is no benchmark ${unknown.join(', ')}\n${usage}\n` : `${usage}\n`);
    return values.help ? 0 : 2;
  }
  const quick = values.quick ?? false;
  const chosen = catalogue.filter(({ name, quick: how }) => names.includes(name) && !(quick && how === undefined));
  const rows: Measured[] = [];
  const failures: string[] = [];
  for (const benchmark of chosen) {
    const result = await measure(benchmark, quick);
    rows.push(...result.rows);
    if (result.failed) failures.push(benchmark.name);
  }
  process.stdout.write(table(rows));
  const machine = { cores: cpus().length, node: process.version };
  if (values.json !== undefined) {
    await writeFile(
      values.json,
      `${JSON.stringify({ measured: new Date().toISOString(), quick, machine, failures, rows }, undefined, 1)}\n`,
    );
  }
  const missed = rows.filter(({ ok }) => ok === false);
  if (missed.length > 0) process.stderr.write(`portvakt: ${missed.length} of ${rows.length} are off their target\n`);
  if (failures.length > 0) process.stderr.write(`portvakt: did not finish: ${failures.join(', ')}\n`);
  return missed.length + failures.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  // An option that parseArgs does not know.
  process.stderr.write(`portvakt: ${error instanceof Error ? error.message : String(error)}\n${usage}\n`);
  process.exitCode = 2;
}
