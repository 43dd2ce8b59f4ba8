import { existsSync } from 'node:fs';
import { inRoot, root } from './paths.mjs';
import { run } from './run.mjs';
import { SetupError, say } from './say.mjs';
import { digestOf, isStamped, stamp } from './stamp.mjs';

const stampFile = inRoot('node_modules', '.portvakt-installed');

/** What the installed packages were made from. */
const wanted = () => digestOf(root, ['package-lock.json', '.npmrc'], [process.platform, process.arch]);

/** Are the packages of package-lock.json installed? */
export const isInstalled = () => isStamped(stampFile, wanted());

/** Installs the packages of package-lock.json. */
export async function install() {
  say(existsSync(inRoot('node_modules')) ? 'package-lock.json has changed: installing its packages' : 'installing packages');
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  // Under `npm start` the same npm is used; otherwise the one on the PATH.
  const npm = process.env.npm_execpath;
  const code = await (npm?.endsWith('.js') ? run(process.execPath, [npm, ...args], quiet) : run('npm', args, quiet));
  if (code !== 0) throw new SetupError(`npm could not install the packages (exit code ${code}): what it said stands above`);
  stamp(stampFile, wanted());
}

/** @type {import('node:child_process').SpawnOptions} */
const quiet = { cwd: root, stdio: ['ignore', 2, 2] };
