/**
 * Gets mediasoup's worker, the program that forwards media: the one that the environment names, one from an earlier time, mediasoup's own
 * prebuilt one, or one built here from the sources in its npm package.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { setPriority } from 'node:os';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { cachedWorkerPath, packagedWorkerPath, workerCandidates } from '../../src/bridge/worker-location.mjs';
import { ensurePackages, workerBuildPackages } from './debian.mjs';
import { withLock } from './lock.mjs';
import { inRoot, readJson } from './paths.mjs';
import { SetupError, say } from './say.mjs';

/** @typedef {import('../../src/bridge/worker-location.mjs').WorkerHost} WorkerHost */
/** @typedef {import('../../src/bridge/worker-location.mjs').WorkerCandidate} WorkerCandidate */
/** @typedef {Readonly<Record<string, string | undefined>>} Environment */

const downloadLimitMs = 90_000;
const buildLimitMs = 60 * 60_000;

/** @returns {WorkerHost} */
export function installedHost() {
  const packageFolder = inRoot('node_modules', 'mediasoup');
  return { packageFolder, version: readJson(inRoot('node_modules', 'mediasoup', 'package.json')).version };
}

/**
 * The worker that is here already, as the service will find it.
 *
 * @param {Environment} env
 * @param {WorkerHost} host
 * @returns {WorkerCandidate | undefined}
 * @throws {SetupError} when the environment names one that is not there
 */
export function presentWorker(env, host) {
  const candidates = workerCandidates(env, host);
  const present = candidates.find(({ path }) => isExecutable(path));
  if (!present && candidates[0]?.source === 'environment') {
    throw new SetupError(`MEDIASOUP_WORKER_BIN names ${candidates[0].path}, which is not an executable file: correct it or unset it`);
  }
  return present;
}

/**
 * Does this file run here, and is it mediasoup's worker? Started without its library it must complain and exit with 41 (its main.cpp); a
 * binary for another processor or C library cannot.
 *
 * @param {string} path
 */
export function runsHere(path) {
  return spawnSync(path, [], { env: {}, stdio: 'ignore', timeout: 10_000 }).status === 41;
}

/**
 * Finds, fetches or builds the worker, telling its progress.
 *
 * @param {Environment} env
 * @param {WorkerHost} host
 * @returns {Promise<string>} its path
 * @throws {SetupError} when it cannot be had, with what to do about it
 */
export async function obtainWorker(env = process.env, host = installedHost()) {
  const present = presentWorker(env, host);
  if (present) return present.path;
  const target = cachedWorkerPath(env, host);
  const wait = () => say('worker: another process is getting it, waiting');
  return withLock(`mediasoup-worker ${target}`, wait, async () => {
    const since = presentWorker(env, host);
    if (since) return since.path;
    if (await download(env, host)) {
      keep(packagedWorkerPath(host.packageFolder), target);
      say(`worker: ready, prebuilt by mediasoup (${target})`);
    } else {
      await build(host, target);
    }
    return target;
  });
}

/** Lets everything that this process does from now on, and its children do, stand back behind the service. */
export function standBack() {
  setPriority(0, 10);
}

/**
 * mediasoup's own way to a prebuilt worker.
 *
 * @param {Environment} env
 * @param {WorkerHost} host
 * @returns {Promise<boolean>}
 */
async function download(env, host) {
  if (env.MEDIASOUP_SKIP_WORKER_PREBUILT_DOWNLOAD) return false;
  say(`worker: asking mediasoup for its prebuilt one (version ${host.version})`);
  // Where there is none, mediasoup's script goes on to build one with Python packages off the net: a Python that always fails keeps it from that.
  const settings = { ...env, PYTHON: 'false', MEDIASOUP_LOCAL_DEV: '', MEDIASOUP_WORKER_BIN: '' };
  const child = spawn(process.execPath, ['npm-scripts.mjs', 'postinstall'], {
    cwd: host.packageFolder,
    env: settings,
    stdio: 'ignore',
    timeout: downloadLimitMs,
    killSignal: 'SIGKILL',
  });
  await ended(child);
  return runsHere(packagedWorkerPath(host.packageFolder));
}

/**
 * @param {WorkerHost} host
 * @param {string} target
 */
async function build(host, target) {
  if (process.platform !== 'linux') {
    throw new SetupError(
      'worker: no prebuilt one for this system, and it is built here on Linux only: set MEDIASOUP_WORKER_BIN to one of yours',
    );
  }
  say('worker: no prebuilt one to be had, so it is built here (about 5 minutes on two cores)');
  await ensurePackages(workerBuildPackages, "Building mediasoup's worker needs");
  const started = Date.now();
  const child = spawn(inRoot('scripts', 'mediasoup-worker', 'build.sh'), [host.packageFolder, target], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: buildLimitMs,
  });
  /** @type {string[]} */
  const tail = [];
  const remember = (/** @type {string} */ line) => {
    tail.push(line);
    if (tail.length > 40) tail.shift();
  };
  const tell = progressTeller((percent) => say(`worker: ${percent} % built`));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!tell(line)) remember(line);
  });
  createInterface({ input: child.stderr }).on('line', remember);
  const code = await ended(child);
  if (code !== 0 || !runsHere(target)) {
    throw new SetupError(`worker: the build failed (exit code ${code}). Its last words:\n${tail.join('\n')}`);
  }
  say(`worker: ready, built in ${duration(Date.now() - started)} (${target})`);
}

/**
 * @param {(percent: number) => void} tell called at every tenth of the way
 * @returns {(line: string) => boolean} takes a line of build.sh; true when it was one of progress
 */
export function progressTeller(tell) {
  let told = 0;
  return (line) => {
    const match = /^progress (\d+) (\d+) /.exec(line);
    if (!match) return false;
    const tenth = Math.floor((Number(match[1]) / Number(match[2])) * 10);
    if (tenth > told) {
      told = tenth;
      tell(tenth * 10);
    }
    return true;
  };
}

/**
 * @param {number} ms
 * @returns {string} `4 min 40 s`
 */
export function duration(ms) {
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/**
 * Copies a file so that its new name shows it complete or not at all.
 *
 * @param {string} source
 * @param {string} target
 */
function keep(source, target) {
  mkdirSync(dirname(target), { recursive: true });
  const partial = `${target}.partial.${process.pid}`;
  copyFileSync(source, partial);
  chmodSync(partial, 0o755);
  renameSync(partial, target);
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number | null>} its exit code; null when a signal or the time limit ended it
 */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
