import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** A server or a client beside the benchmark. What it says goes to a file: nobody's pipe holds it up. */
export interface Child {
  readonly pid: number;
  /** Its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  output(): Promise<string>;
  stop(): Promise<void>;
}

export async function startChild(command: string, args: readonly string[], log: string, nice = 0): Promise<Child> {
  const file = openSync(log, 'w');
  const [program, programArgs] = nice === 0 ? [command, args] : ['nice', ['-n', String(nice), command, ...args]];
  const child = spawn(program, programArgs, { stdio: ['ignore', file, file], env: { ...process.env, TERM: 'dumb' } });
  closeSync(file);
  const exited = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null);
  await once(child, 'spawn');
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} has no process id`);
  return {
    pid,
    exited,
    output: () => readFile(log, 'latin1'),
    stop: async () => {
      child.kill('SIGTERM');
      const insist = setTimeout(() => child.kill('SIGKILL'), 5000);
      await exited;
      clearTimeout(insist);
    },
  };
}

/** Looks every few milliseconds until `look` finds something. Fails with `what` after `ms`. */
export async function until(look: () => boolean | Promise<boolean>, what: () => string, ms = 15_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await look())) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms for ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
