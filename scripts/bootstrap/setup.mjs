import { compile, isCompiled, page, service } from './compile.mjs';
import { install, isInstalled } from './install.mjs';
import { withLock } from './lock.mjs';
import { checkNodeVersion } from './node-version.mjs';
import { inRoot, readJson, root } from './paths.mjs';
import { say } from './say.mjs';

/**
 * Installs packages and compiles, as far as needed: nothing is done twice, nor by two at once.
 *
 * @param {readonly import('./compile.mjs').Target[]} [targets] what to compile
 */
export async function setUp(targets = [service, page]) {
  checkNodeVersion(readJson(inRoot('package.json')).engines.node);
  const isReady = () => isInstalled() && targets.every(isCompiled);
  if (isReady()) return;
  const wait = () => say('another process is setting Portvakt up, waiting');
  await withLock(`set up ${root}`, wait, async () => {
    if (!isInstalled()) await install();
    for (const target of targets) if (!isCompiled(target)) await compile(target);
  });
}
