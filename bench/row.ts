/** One line of a benchmark's table. `ok` is absent where there is no target. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: string;
  readonly ok?: boolean;
}

export function atLeast(name: string, value: number, unit: string, target: number): Row {
  return { name, value: rounded(value), unit, target: `>= ${target}`, ok: value >= target };
}

export function atMost(name: string, value: number, unit: string, target: number): Row {
  return { name, value: rounded(value), unit, target: `<= ${target}`, ok: value <= target };
}

export function plain(name: string, value: number, unit: string): Row {
  return { name, value: rounded(value), unit };
}

/** Seconds of CPU time that `work` takes: what other processes do on the same cores does not count against it. */
export function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** One JSON object a line: for people's eyes and for the runner that makes the table. */
export function print(rows: readonly Row[]): void {
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
}

function rounded(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 1000) / 1000;
}
