import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Compiles files of `src/`, and what they import, into a directory, for a test that runs them in a process of its own: one to be killed.
 * `npm run typecheck` checks types; here only the code is wanted.
 */
export async function compile(into: string, ...sources: string[]): Promise<void> {
  const options = ['--ignoreConfig', '--noCheck', '--outDir', into, '--rootDir', 'src', '--target', 'ES2023', '--module', 'NodeNext'];
  await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), [...options, ...sources], { cwd: root });
  await writeFile(join(into, 'package.json'), '{"type":"module"}\n');
}
