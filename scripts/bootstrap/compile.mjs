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
 * @property {string} sourceRoot what is cut off a source's path to get its path in `output`
 */

/** @type {Target} The service. */
export const service = { project: 'tsconfig.json', output: 'dist', sources: ['src'], sourceRoot: 'src/' };

/** @type {Target} The benchmarks, with the service's code beside them, and the package.json that it reads its version from above it. */
export const benchmarks = {
  project: 'tsconfig.bench.json',
  output: 'dist-bench',
  sources: ['src', 'bench', 'test/gatekeeper/sip', 'test/support', 'package.json'],
  sourceRoot: '',
};

/** @param {Target} target */
const wanted = (target) => digestOf(root, [...target.sources, 'tsconfig.json', target.project, 'package-lock.json']);

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
  const fresh = inRoot(`${target.output}-new`);
  rmSync(fresh, { recursive: true, force: true });
  const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');
  const code = await run(process.execPath, [tsc, '-p', inRoot(target.project), '--noEmitOnError', '--outDir', fresh], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (code !== 0) throw new SetupError('the sources do not compile: correct what the compiler says above');
  copyAssets(root, target.sources, target.sourceRoot, fresh);
  stamp(join(fresh, '.compiled'), digest);
  rmSync(inRoot(target.output), { recursive: true, force: true });
  renameSync(fresh, inRoot(target.output));
}

/**
 * Copies what the compiler leaves behind: Lua scripts, JSON, HTML.
 *
 * @param {string} base
 * @param {readonly string[]} sources
 * @param {string} sourceRoot
 * @param {string} output
 */
export function copyAssets(base, sources, sourceRoot, output) {
  for (const file of filesBelow(base, sources)) {
    const target = join(output, file.slice(sourceRoot.length));
    if (/\.[cm]?tsx?$/.test(file) || existsSync(target)) continue;
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(base, file), target);
  }
}
