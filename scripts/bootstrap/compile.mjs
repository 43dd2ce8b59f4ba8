import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inRoot, root } from './paths.mjs';
import { run } from './run.mjs';
import { SetupError, say } from './say.mjs';
import { digestOf, filesBelow, isStamped, stamp } from './stamp.mjs';

/**
 * @typedef {object} Target
 * @property {string} project the compiler's configuration
 * @property {string} output folder of the compiled code
 * @property {readonly string[]} sources folders and files
 * @property {string} [sourceRoot] what is cut off a source's path to get its path in `output`
 * @property {readonly string[]} [without] below `sources`, what is no part of it
 * @property {string} [keeps] a folder in `output` that another target makes
 * @property {string} [bundler] the bundler's configuration: the compiler only checks
 */

/** @type {Target} The service. */
export const service = {
  project: 'tsconfig.json',
  output: 'dist',
  sources: ['src'],
  sourceRoot: 'src/',
  without: ['src/web/'],
  keeps: 'web',
};

/** @type {Target} The meeting page, which the service serves. Of the service's code it uses the types of the protocol alone. */
export const page = {
  project: 'tsconfig.web.json',
  output: 'dist/web',
  sources: ['src/web', 'src/bridge/browser/protocol.ts', 'vite.config.ts', 'tsconfig.json'],
  bundler: 'vite.config.ts',
};

/** @type {Target} The benchmarks, with the service's code beside them, and the package.json that it reads its version from above it. */
export const benchmarks = {
  project: 'tsconfig.bench.json',
  output: 'dist-bench',
  sources: ['src', 'bench', 'test/gatekeeper/sip', 'test/support', 'package.json'],
  sourceRoot: '',
  without: ['src/web/'],
};

/** @param {Target} target */
const wanted = (target) =>
  digestOf(root, [...filesOf(root, target), ...filesBelow(root, ['tsconfig.json', target.project, 'package-lock.json'])]);

/** @param {Target} target */
const stampFile = (target) => inRoot(target.output, '.compiled');

/** @param {Target} target */
export const isCompiled = (target) => isStamped(stampFile(target), wanted(target));

/**
 * Compiles into a folder of its own, which takes the old one's place only when it is complete: a build that was broken off, or sources with
 * an error in them, leave what ran before.
 *
 * @param {Target} target
 */
export async function compile(target) {
  say(`compiling into ${target.output}`);
  const digest = wanted(target);
  const fresh = inRoot(`${target.output.replace('/', '-')}-new`);
  rmSync(fresh, { recursive: true, force: true });
  const how = target.bundler === undefined ? ['--noEmitOnError', '--outDir', fresh] : ['--noEmit'];
  await runOn('the compiler', 'typescript/bin/tsc', ['-p', inRoot(target.project), ...how]);
  if (target.bundler === undefined) copyAssets(root, filesOf(root, target), target.sourceRoot ?? '', fresh);
  else await runOn('the bundler', 'vite/bin/vite.js', ['build', '--config', inRoot(target.bundler), '--outDir', fresh]);
  stamp(join(fresh, '.compiled'), digest);
  const kept = target.keeps === undefined ? undefined : inRoot(target.output, target.keeps);
  if (kept !== undefined && existsSync(kept)) renameSync(kept, join(fresh, target.keeps ?? ''));
  rmSync(inRoot(target.output), { recursive: true, force: true });
  mkdirSync(dirname(inRoot(target.output)), { recursive: true });
  renameSync(fresh, inRoot(target.output));
}

/**
 * @param {string} who
 * @param {string} program below node_modules
 * @param {readonly string[]} args
 */
async function runOn(who, program, args) {
  const code = await run(process.execPath, [inRoot('node_modules', ...program.split('/')), ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (code !== 0) throw new SetupError(`the sources do not compile: correct what ${who} says above`);
}

/**
 * @param {string} base
 * @param {Pick<Target, 'sources' | 'without'>} target
 * @returns {string[]} its files, relative to `base`
 */
export function filesOf(base, { sources, without = [] }) {
  return filesBelow(base, sources).filter((file) => !without.some((folder) => file.startsWith(folder)));
}

/**
 * Copies what the compiler leaves behind: Lua scripts, JSON, HTML.
 *
 * @param {string} base
 * @param {readonly string[]} files relative to `base`
 * @param {string} sourceRoot
 * @param {string} output
 */
export function copyAssets(base, files, sourceRoot, output) {
  for (const file of files) {
    const target = join(output, file.slice(sourceRoot.length));
    if (/\.[cm]?tsx?$/.test(file) || existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(base, file), target);
  }
}
