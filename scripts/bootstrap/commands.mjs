import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { benchmarks, page, service } from './compile.mjs';
import { benchPackages, ensurePackages, testPackages, workerBuildPackages } from './debian.mjs';
import { inRoot } from './paths.mjs';
import { run } from './run.mjs';
import { sayProblem } from './say.mjs';
import { setUp } from './setup.mjs';
import { installedHost, obtainWorker, presentWorker, standBack } from './worker.mjs';

/**
 * Sets up what is missing and becomes the `portvakt` command.
 *
 * @param {readonly string[]} args
 */
export async function portvakt(args) {
  await setUp();
  // In this very process: signals, exit code and terminal are the command's own, and there is no second Node to wait for.
  const main = inRoot('dist', 'main.js');
  process.argv = [process.execPath, main, ...args];
  await import(pathToFileURL(main).href);
}

/**
 * `npm start`: the service, and mediasoup's worker on the side if it is not here yet.
 *
 * @param {readonly string[]} args
 */
export async function start(args) {
  await setUp();
  try {
    if (!presentWorker(process.env, installedHost())) obtainWorkerBeside();
  } catch (error) {
    // Calls need no worker: the service starts without it.
    sayProblem(error);
  }
  await portvakt(['serve', ...args]);
}

/** Gets the worker in a process of its own, which ends with this one. */
function obtainWorkerBeside() {
  // A group of its own, so that the compilers under it end with it.
  const child = spawn(process.execPath, [inRoot('scripts', 'bootstrap.mjs'), 'worker', '--stand-back'], {
    stdio: ['ignore', 2, 2],
    detached: true,
  });
  child.unref();
  child.once('error', sayProblem);
  let running = true;
  child.once('exit', () => {
    running = false;
  });
  process.once('exit', () => {
    if (!running || child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch (error) {
      // It ended while this process did.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
    }
  });
}

/**
 * `npm test`: everything that the tests need, then the tests.
 *
 * @param {readonly string[]} args
 */
export async function test(args) {
  await setUp();
  const soon = presentWorker(process.env, installedHost()) ? [] : workerBuildPackages;
  await ensurePackages(testPackages, 'The tests need', soon);
  await obtainWorker();
  process.exitCode = await run(process.execPath, [inRoot('node_modules', 'vitest', 'vitest.mjs'), 'run', ...args]);
}

/**
 * `npm run bench`: the benchmarks, with what they compare against.
 *
 * @param {readonly string[]} args
 */
export async function bench(args) {
  await setUp([service, page, benchmarks]);
  await ensurePackages(benchPackages, 'The benchmarks need');
  process.exitCode = await run(process.execPath, ['--expose-gc', inRoot('dist-bench', 'bench', 'run.js'), ...args]);
}

/** `npm run build`: packages and compiled code. */
export async function build() {
  await setUp();
}

/**
 * `npm run worker`: mediasoup's worker.
 *
 * @param {readonly string[]} args
 */
export async function worker(args) {
  if (args.includes('--stand-back')) standBack();
  await setUp();
  await obtainWorker();
}
