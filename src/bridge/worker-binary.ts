import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type WorkerCandidate, type WorkerHost, workerCandidates } from './worker-location.mjs';

export type WorkerBinary = WorkerCandidate;

/** The environment names a worker that cannot be run. */
export class WorkerBinaryError extends Error {
  override readonly name = 'WorkerBinaryError';
}

/**
 * Finds mediasoup's worker on this machine, without fetching or building anything (`npm start` does that, see scripts/bootstrap).
 *
 * @param env the process's environment: `MEDIASOUP_WORKER_BIN`, `XDG_CACHE_HOME`
 * @param host whose worker: by default the mediasoup that is installed, on this platform
 * @returns the first of the known places that holds an executable file; undefined when none does (yet)
 * @throws WorkerBinaryError when `MEDIASOUP_WORKER_BIN` names something that cannot be run
 */
export function findWorkerBinary(env: NodeJS.ProcessEnv = process.env, host: WorkerHost = installedMediasoup()): WorkerBinary | undefined {
  const candidates = workerCandidates(env, host);
  const found = candidates.find((candidate) => isExecutable(candidate.path));
  const [first] = candidates;
  if (!found && first?.source === 'environment') {
    throw new WorkerBinaryError(`MEDIASOUP_WORKER_BIN names ${first.path}, which is not an executable file: correct it or unset it`);
  }
  return found;
}

/**
 * Loads mediasoup so that it starts the worker found by `findWorkerBinary`. mediasoup reads the worker's path once, when it is loaded, and
 * from the environment only: so nothing else may import it for its values.
 *
 * @throws WorkerBinaryError when this machine has no worker (yet)
 */
export async function loadMediasoup(env: NodeJS.ProcessEnv = process.env): Promise<typeof import('mediasoup')> {
  const binary = findWorkerBinary(env);
  if (!binary) throw new WorkerBinaryError('mediasoup has no worker on this machine yet: run `npm run worker`, which fetches or builds it');
  process.env.MEDIASOUP_WORKER_BIN = binary.path;
  return import('mediasoup');
}

function installedMediasoup(): WorkerHost {
  // mediasoup exports node/lib/index.js and hides its package.json from `resolve`.
  const packageFolder = join(dirname(createRequire(import.meta.url).resolve('mediasoup')), '..', '..');
  const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };
  return { version, packageFolder };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
