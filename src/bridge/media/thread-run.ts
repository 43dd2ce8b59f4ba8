import { parentPort, workerData } from 'node:worker_threads';
import { loadMediasoup } from '../worker-binary.js';
import { portCarrier } from './rpc-port.js';
import { type MakePart, type ThreadData, ThreadHost } from './thread-host.js';

/** Said once the worker runs, and before anything is asked. */
export interface ThreadReady {
  readonly ready: number;
}

/**
 * Runs the thread: one mediasoup worker and its parts, until the main thread or the worker ends. Exit code 1: the worker died.
 * Rejects when mediasoup cannot be started; the thread's `error` event tells the main thread.
 */
export async function runThread(makePart: MakePart): Promise<void> {
  if (!parentPort) throw new Error('A media thread is started by the service, not by hand');
  const { settings } = workerData as ThreadData;
  const { createWorker } = await loadMediasoup();
  const worker = await createWorker({ logLevel: 'error' });
  // The parts cannot live without it, and what they would answer from now on is wrong: the main thread makes everything anew.
  worker.on('died', () => process.exit(1));
  worker.on('subprocessclose', () => process.exit(0));
  new ThreadHost(portCarrier(parentPort, 'close'), worker, settings, makePart);
  parentPort.postMessage({ ready: worker.pid } satisfies ThreadReady);
}
