import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from './until.js';

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A real program under test or beside it: its output is collected, and it is ended by its pid. */
export class Program {
  readonly name: string;
  /** Settles when it has ended and all of its output is here. */
  readonly exit: Promise<Exit>;
  readonly #child: ChildProcess;
  #output = '';
  #ended: Exit | undefined;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk.toString('latin1');
      });
    }
    this.exit = once(child, 'close').then(([code, signal]) => {
      this.#ended = { code, signal };
      return this.#ended;
    });
  }

  static async start(command: string, args: readonly string[], options: ProgramOptions = {}): Promise<Program> {
    const child = spawn(command, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    await once(child, 'spawn');
    return new Program(command, child);
  }

  /** Everything it wrote so far, both streams as they came. */
  get output(): string {
    return this.#output;
  }

  get ended(): Exit | undefined {
    return this.#ended;
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${this.name} has no process id`);
    return pid;
  }

  /** Writes to its standard input. */
  type(text: string): void {
    this.#child.stdin?.write(text);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for output that matches; fails with what it wrote when it ends without. */
  async says(pattern: RegExp, ms = 15_000): Promise<RegExpExecArray> {
    const found = () => pattern.exec(this.#output) ?? undefined;
    return until(
      () => {
        const match = found();
        if (match === undefined && this.#ended) throw new Error(`${this.name} ended without ${pattern}:\n${this.#tail()}`);
        return match;
      },
      () => `${this.name} to say ${pattern}; it said:\n${this.#tail()}`,
      ms,
    );
  }

  /** Its exit code; fails with its output when that is not the wanted one. */
  async exits(wanted = 0, ms = 30_000): Promise<void> {
    const { code } = await until(
      () => this.#ended,
      () => `${this.name} to end; it said:\n${this.#tail()}`,
      ms,
    );
    if (code !== wanted) throw new Error(`${this.name} exited ${code}, not ${wanted}:\n${this.#tail()}`);
  }

  /** Asks it to end, and insists after five seconds. */
  async stop(): Promise<Exit> {
    this.#child.kill('SIGTERM');
    const insist = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    const exit = await this.exit;
    clearTimeout(insist);
    return exit;
  }

  #tail(): string {
    return this.#output.slice(-6000);
  }
}
