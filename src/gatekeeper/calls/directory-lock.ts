import { createHash } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { errorCode } from './record-files.js';

export interface DirectoryLock {
  release(): Promise<void>;
}

/**
 * Takes a directory for this process alone; a second process is refused with an Error that says what to do.
 *
 * The lock is a listening socket in Linux's abstract namespace, named after the directory: the kernel frees it the moment its holder
 * dies, kill -9 included, so there is never a stale lock to judge, as there is with pid files. Elsewhere than on Linux nothing is locked.
 * It holds within one network namespace: containers that share a volume need a directory each.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await mkdir(directory, { recursive: true });
  if (process.platform !== 'linux') return { release: async () => undefined };
  const name = createHash('sha256')
    .update(await realpath(directory))
    .digest('hex');
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(errorCode(error) === 'EADDRINUSE' ? new Error(inUse(directory)) : error);
    });
    server.listen(`\0portvakt-records-${name}`, resolve);
  });
  server.unref();
  return {
    release: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

function inUse(directory: string): string {
  return `The directory ${directory} is in use by another Portvakt process: stop that one, or give this one a directory of its own`;
}
