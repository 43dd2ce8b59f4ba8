/**
 * Where mediasoup's worker may lie. Shared by the service, which starts it, and by scripts/bootstrap, which gets it before anything is
 * compiled: so this one file is plain JavaScript.
 */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/**
 * @typedef {'environment' | 'cache' | 'package'} WorkerSource
 * `environment`: named by MEDIASOUP_WORKER_BIN. `cache`: built or fetched before, in the user's cache folder. `package`: where mediasoup's
 * own installation puts it.
 *
 * @typedef {{ path: string, source: WorkerSource }} WorkerCandidate
 *
 * @typedef {object} WorkerHost
 * @property {string} version mediasoup's version: a worker answers only the library it was built with
 * @property {string} packageFolder node_modules/mediasoup
 * @property {string} [platform] as `process.platform`
 * @property {string} [architecture] as `process.arch`
 * @property {string} [home] the user's home folder
 */

/** Raised when scripts/mediasoup-worker/build.sh builds something else than before: what it built until then is not used any more. */
const buildRevision = 2;

/**
 * The worker's file in the user's cache folder (XDG Base Directory Specification: a relative XDG_CACHE_HOME is ignored).
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {WorkerHost} host
 * @returns {string}
 */
export function cachedWorkerPath(env, host) {
  const { version, platform = process.platform, architecture = process.arch, home = homedir() } = host;
  const base = env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(home, '.cache');
  return join(base, 'portvakt', 'mediasoup-worker', `${version}-${platform}-${architecture}-${buildRevision}`, 'mediasoup-worker');
}

/**
 * The worker's file where mediasoup's own installation puts it.
 *
 * @param {string} packageFolder
 * @returns {string}
 */
export function packagedWorkerPath(packageFolder) {
  return join(packageFolder, 'worker', 'out', 'Release', 'mediasoup-worker');
}

/**
 * The places to look, best first. One that the operator named is the only one: a typing error there must be seen, not passed over.
 *
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {WorkerHost} host
 * @returns {WorkerCandidate[]}
 */
export function workerCandidates(env, host) {
  if (env.MEDIASOUP_WORKER_BIN) return [{ path: env.MEDIASOUP_WORKER_BIN, source: 'environment' }];
  return [
    { path: cachedWorkerPath(env, host), source: 'cache' },
    { path: packagedWorkerPath(host.packageFolder), source: 'package' },
  ];
}
