/**
 * One at a time, between processes on one machine. The lock is a listening local socket: the operating system takes it back when its holder
 * ends, however it ends, so there is no stale lock to clean up and no process id to mistake for another.
 */
import { createHash } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Does `work` while no other process holds the lock of that name.
 *
 * @template T
 * @param {string} name
 * @param {() => void} onWait called once if another process holds it now
 * @param {() => T | Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(name, onWait, work) {
  const address = addressOf(name);
  let release = await tryListen(address);
  if (!release) onWait();
  while (!release) {
    await holderGone(address);
    release = await tryListen(address);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/** @param {string} name */
function addressOf(name) {
  const id = `portvakt-${createHash('sha256').update(name).digest('hex').slice(0, 24)}`;
  if (process.platform === 'linux') return `\0${id}`;
  return process.platform === 'win32' ? `\\\\.\\pipe\\${id}` : join(tmpdir(), `${id}.lock`);
}

/**
 * @param {string} address
 * @returns {Promise<(() => Promise<void>) | undefined>} how to let go; undefined when another process holds it
 */
function tryListen(address) {
  return new Promise((resolve, reject) => {
    /** @type {Set<import('node:net').Socket>} */
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => waiting.delete(socket));
    });
    server.once('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => {
      resolve(
        () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of waiting) socket.destroy();
          }),
      );
    });
  });
}

/**
 * Resolves when the holder has let go: its end of the connection closes with it.
 *
 * @param {string} address
 */
async function holderGone(address) {
  /** @type {string | undefined} */
  const refusal = await new Promise((resolve) => {
    const socket = connect(address);
    socket.on('error', (/** @type {NodeJS.ErrnoException} */ error) => resolve(error.code));
    socket.on('close', () => resolve(undefined));
    socket.resume();
  });
  // Only a socket with a name in the file system outlives its holder.
  if (refusal === 'ECONNREFUSED' && !address.startsWith('\0')) unlinkSync(address);
  // Many may have waited: they should not all try at the same moment, nor in a tight loop.
  await pause(10 + Math.random() * 40);
}
