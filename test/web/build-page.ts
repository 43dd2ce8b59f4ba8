import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compile, isCompiled, page } from '../../scripts/bootstrap/compile.mjs';
import { withLock } from '../../scripts/bootstrap/lock.mjs';
import { inRoot } from '../../scripts/bootstrap/paths.mjs';

/** The page as `npm run build` makes it, made anew only when its sources changed. */
export async function buildPage(): Promise<string> {
  await withLock(
    'the page for tests',
    () => undefined,
    async () => {
      if (!isCompiled(page)) await compile(page);
    },
  );
  const folder = inRoot(page.output);
  if (!existsSync(join(folder, 'index.html'))) throw new Error(`there is no page in ${folder}`);
  return folder;
}
