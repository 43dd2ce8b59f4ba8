import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { RedisConnection } from '../../src/state/redis.js';
import { freePort } from './free-port.js';
import { Program } from './processes.js';

/** A real redis-server on a free port of loopback, with a folder of its own. */
export class RedisServer {
  readonly port: number;
  readonly #directory: string;
  readonly #args: readonly string[];
  #program: Program;

  private constructor(port: number, directory: string, args: readonly string[], program: Program) {
    this.port = port;
    this.#directory = directory;
    this.#args = args;
    this.#program = program;
  }

  /** @param args more of its command line: `--requirepass secret` */
  static start(...args: string[]): Promise<RedisServer> {
    return RedisServer.#start((port) => ['--port', String(port)], args);
  }

  /** The same, where only TLS is spoken. */
  static startTls(...args: string[]): Promise<RedisServer> {
    return RedisServer.#start((port) => ['--port', '0', '--tls-port', String(port)], args);
  }

  static async #start(listening: (port: number) => string[], args: readonly string[]): Promise<RedisServer> {
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), 'portvakt-redis-'));
    const all = [...listening(port), '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'yes', ...args];
    return new RedisServer(port, directory, all, await run(all));
  }

  get connection(): RedisConnection {
    return { servers: { kind: 'single', host: '127.0.0.1', port: this.port, db: 0 } };
  }

  get directory(): string {
    return this.#directory;
  }

  get pid(): number {
    return this.#program.pid;
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  /** The names of what a store with this prefix keeps, without the prefix, sorted. */
  async keys(prefix: string): Promise<string[]> {
    const client = new Redis({ host: '127.0.0.1', port: this.port });
    const keys = await client.keys(`{${prefix}}:*`);
    client.disconnect();
    return keys.map((key) => key.slice(prefix.length + 3)).sort();
  }

  /** Ends it, in order or by SIGKILL. What it wrote to its disk stays. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#program.signal(signal);
    await this.#program.exit;
  }

  /** After `stop`: the same port and the same folder. */
  async startAgain(): Promise<void> {
    this.#program = await run(this.#args);
  }

  /** After `stop`: its disk is lost. */
  async forget(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    await mkdir(this.#directory);
  }

  /** Ends it and takes its folder away. */
  async remove(): Promise<void> {
    if (!this.#program.ended) await this.stop('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }
}

async function run(args: readonly string[]): Promise<Program> {
  const program = await Program.start('redis-server', args);
  await program.says(/Ready to accept connections/);
  return program;
}

/** A real redis-sentinel that watches `master`; it decides alone. */
export class RedisSentinel {
  readonly port: number;
  readonly #directory: string;
  readonly #program: Program;

  private constructor(port: number, directory: string, program: Program) {
    this.port = port;
    this.#directory = directory;
    this.#program = program;
  }

  /** `name` is what the master is called; it counts as down after `downMs`. */
  static async start(master: RedisServer, name: string, downMs: number): Promise<RedisSentinel> {
    const port = await freePort();
    const directory = await mkdtemp(join(tmpdir(), 'portvakt-sentinel-'));
    const file = join(directory, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${directory}`,
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${name} ${downMs}`,
      `sentinel failover-timeout ${name} 5000`,
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    const program = await Program.start('redis-sentinel', [file]);
    await program.says(/\+monitor master/);
    return new RedisSentinel(port, directory, program);
  }

  /** Waits until it knows a replica: before that nobody could be promoted. */
  async knowsReplica(): Promise<void> {
    await this.#program.says(/\+slave slave/);
  }

  async remove(): Promise<void> {
    this.#program.signal('SIGKILL');
    await this.#program.exit;
    await rm(this.#directory, { recursive: true, force: true });
  }
}
