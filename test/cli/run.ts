import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from '../support/processes.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const bin = fileURLToPath(new URL('../../bin/portvakt.mjs', import.meta.url));

/** A started `portvakt` command. Its output is on both streams together. */
export function portvakt(...args: string[]): Promise<Program> {
  return Program.start(process.execPath, [bin, ...args]);
}

/** The command's exit code and everything that it wrote. */
export async function run(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  const program = await portvakt(...args);
  const { code } = await program.exit;
  // Whoever is the first to run after a change of the sources compiles them, and says so.
  return { code, output: program.output.replace(/^portvakt: compiling .*\n/m, '') };
}

/** A folder with both files; gives the path of the service's. */
export async function configuration(plan: string, service = ''): Promise<string> {
  const folder = await temporaryDirectory();
  await writeFile(join(folder, 'plan.yaml'), plan);
  await writeFile(join(folder, 'portvakt.yaml'), `plan: plan.yaml\n${service}`);
  return join(folder, 'portvakt.yaml');
}
