import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where compiled benchmarks find their scenarios and configurations. */
export const benchFolder = fileURLToPath(new URL('..', import.meta.url));

/** Runs `work` with a folder of its own, which goes away whatever happens, after everything that was started there has stopped. */
export async function inWorkspace<T>(work: (workspace: Workspace) => Promise<T>): Promise<T> {
  const workspace = new Workspace(await mkdtemp(join(tmpdir(), 'portvakt-bench-')));
  try {
    return await work(workspace);
  } finally {
    await workspace.close();
  }
}

export class Workspace {
  readonly folder: string;
  readonly #running: { stop(): Promise<void> }[] = [];
  #names = 0;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A file name that nobody else here has. */
  file(name: string): string {
    return join(this.folder, `${++this.#names}-${name}`);
  }

  /** Is stopped when the workspace closes. */
  keep<T extends { stop(): Promise<void> }>(running: T): T {
    this.#running.unshift(running);
    return running;
  }

  async close(): Promise<void> {
    for (const each of this.#running) await each.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A UDP port that nobody has on this address now. */
export async function freePort(address: string): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}
